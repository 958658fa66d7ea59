"""Zscaler: Nanolog (NSS) web, firewall and tunnel logs as tab-separated pairs, and Private Access (LSS) logs as JSON.

NSS lines begin with a time and carry `vendor=Zscaler`; LSS records have `LogTimestamp` with ZPA's keys, the audit log
`AuditOperationType`. `action=Blocked` is a denial, a `threatname` an alert.

Reference: https://help.zscaler.com/zia/nss-feed-output-format-web-logs
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._access import access, agent, locate
from collectors.parsers._common import Fields, body_of, integer, ip, keep, load_object, lower, port, text, transport
from collectors.parsers._device import begin, change, finish, login, observer, plain
from collectors.parsers._ids import blocked
from collectors.parsers._pairs import addresses, detection, fill, flow
from collectors.parsers._time import parse as parse_time
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "zscaler"
_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)\t|([A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d \d{4})"
)
FIELDS: Final[Fields] = {
    "ClientIP": ("source.ip", ip),
    "clientip": ("source.ip", ip),
    "cip": ("source.ip", ip),
    "csip": ("source.ip", ip),
    "sourceip": ("source.ip", ip),
    "clientpublicIP": ("source.nat.ip", ip),
    "serverip": ("destination.ip", ip),
    "destinationip": ("destination.ip", ip),
    "cdip": ("destination.ip", ip),
    "csport": ("source.port", port),
    "sourceport": ("source.port", port),
    "cdport": ("destination.port", port),
    "protocol": ("network.protocol", lower),
    "ipproto": ("network.transport", transport),
    "user": ("user.name", text),
    "login": ("user.name", text),
    "requestmethod": ("http.request.method", text),
    "status": ("http.response.status_code", integer),
    "requestsize": ("http.request.bytes", integer),
    "responsesize": ("http.response.bytes", integer),
    "txbytes": ("source.bytes", integer),
    "rxbytes": ("destination.bytes", integer),
    "hostname": ("url.domain", text),
    "appname": ("network.application", lower),
    "md5": ("file.hash.md5", lower),
    "filetype": ("file.type", text),
    "rulelabel": ("rule.name", text),
    "rule": ("rule.name", text),
    "reason": ("event.reason", text),
    "urlcategory": ("rule.category", text),
    "devicehostname": ("host.hostname", text),
    "host": ("host.hostname", text),
    "devicename": ("host.hostname", text),
}
_PRIVATE: Final[Fields] = {
    "ClientPublicIP": ("source.ip", ip),
    "PublicIP": ("source.ip", ip),
    "ClientIP": ("source.ip", ip),
    "PrivateIP": ("source.nat.ip", ip),
    "ClientPrivateIP": ("source.nat.ip", ip),
    "ServerIP": ("destination.ip", ip),
    "ServerPort": ("destination.port", port),
    "ServicePort": ("destination.port", port),
    "IPProtocol": ("network.transport", transport),
    "Username": ("user.name", text),
    "User": ("user.name", text),
    "Host": ("url.domain", text),
    "Method": ("http.request.method", text),
    "StatusCode": ("http.response.status_code", integer),
    "UserAgent": ("user_agent.original", text),
    "Application": ("network.application", text),
    "Policy": ("rule.name", text),
    "Hostname": ("host.hostname", text),
    "CountryCode": ("source.geo.country_iso_code", text),
    "ClientCountryCode": ("source.geo.country_iso_code", text),
    "InternalReason": ("event.reason", text),
    "CertificateCN": ("tls.client.subject", text),
    "SessionID": ("zscaler.session_id", text),
}


def _web(event: Event, body: str, received: Received) -> None:
    found = _TIME.search(body, 0, 64)
    if found is not None and (stamped := parse_time(found[1] or found[2][4:], received)):
        event["@timestamp"], event["taishi.time.quality"] = stamped
    pairs: dict[str, str] = {}
    for cell in body.split("\t")[:128]:
        key, sign, value = cell.partition("=")
        if sign and len(key) <= 64:
            value = value.strip().strip('"')
            if value not in {"None", ""}:
                pairs[key.strip()] = value
    fill(
        event, pairs, FIELDS, "zscaler.", {"url", "action", "useragent", "refererURL", "vendor", "product", "event_id"}
    )
    observer(event, "Zscaler", pairs.get("product", "NSS"), "proxy")
    if identity := pairs.get("event_id"):
        event["event.reference"] = identity
    action = pairs.get("action", "")
    denied = blocked(action.lower())
    if target := pairs.get("url"):
        access(event, pairs.get("status"))
        locate(event, target if "://" in target else f"{pairs.get('protocol', 'http').lower()}://{target}")
        event["url.original"] = target
        agent(event, pairs.get("refererURL", ""), pairs.get("useragent", ""))
        event["event.category"], event["event.type"] = ["web", "network"], ["access", "denied" if denied else "allowed"]
        event["event.outcome"] = "failure" if denied else "success"
        event["event.action"] = action.lower() or "access"
    elif "source.ip" in event:
        flow(event, action)
    else:
        plain(event)
    if threat := pairs.get("threatname"):
        event["rule.category"] = pairs.get("threatcategory", "threat")
        detection(event, threat, action, "malware", severity=60, denied=denied)
    addresses(event)


def _private(event: Event, raw: dict[str, Any], received: Received) -> None:
    observer(event, "Zscaler", "ZPA", "proxy")
    stamp(event, raw.get("LogTimestamp") or raw.get("CreationTime") or raw.get("ModifiedTime"), received)
    if (named := str(raw.get("LogTimestamp") or ""))[3:4] == " " and (
        stamped := parse_time(f"{named[4:]} UTC".strip(), received)
    ):
        event["@timestamp"], event["taishi.time.quality"] = stamped
    known = {
        key: str(value) if isinstance(value, int | float) else value
        for key, value in raw.items()
        if not isinstance(value, dict | list)
    }
    fill(event, known, _PRIVATE, "zscaler.", {"LogTimestamp", "CreationTime", "URL"})
    keep(event, "zscaler.", {key: value for key, value in raw.items() if isinstance(value, dict | list)}, {})
    status = str(raw.get("SessionStatus") or raw.get("ConnectionStatus") or "")
    if operation := text(raw.get("AuditOperationType")):
        event["event.action"] = operation.lower().replace(" ", "-")
        if "sign" in operation.lower():
            login(event, "fail" not in operation.lower(), out="out" in operation.lower())
        else:
            change(event)
    elif "AUTHENTICATED" in status and "Username" in raw:
        login(event, "UNAUTHENTICATED" not in status and "FAIL" not in status)
    elif "StatusCode" in raw or "URL" in raw:
        if target := text(raw.get("URL")):
            locate(event, target, text(raw.get("Host")) or "")
        access(event, raw.get("StatusCode"))
    elif "source.ip" in event and "destination.ip" in event:
        flow(event, "", {"active": "start", "open": "start", "close": "end"}.get(status.lower(), ""),
             True if "BLOCK" in str(raw.get("InternalReason") or "").upper() else False if raw.get("Policy") else None)  # fmt: skip
    else:
        plain(event)
    event.setdefault("event.action", status.lower() or "zpa-log")
    addresses(event)


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME, "zscaler.log")
    whole = body_of(framed)
    if "LogTimestamp" in whole[:64] or '"AuditOperationType"' in whole:
        _private(event, load_object(framed, NAME), received)
    elif "\t" in whole and "=" in whole:
        event.pop("host.hostname", None)
        _web(event, whole, received)
    elif "ZscalerNSS" in framed.text[:256]:
        observer(event, "Zscaler", "NSS", "proxy")
        plain(event)
        event["message"] = body
    else:
        raise ParseError("neither NSS pairs nor a ZPA record", NAME)
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    if ("vendor=Zscaler" in source and "\t" in source) or "ZscalerNSS: " in framed.text[:256]:
        return 0.98
    if '"LogTimestamp"' in source[:32] and (
        "Connector" in source or "ZEN" in source or "Exporter" in source or "Customer" in source
    ):
        return 0.97
    return 0.97 if '"AuditOperationType"' in source and '"CustomerID"' in source else 0.0


PARSER = Parser(
    name=NAME,
    product="Zscaler Internet Access and Private Access",
    data_kind="security",
    reference="https://help.zscaler.com/zia/nss-feed-output-format-web-logs",
    parse=parse,
    sniff=sniff,
    markers=("vendor=Zscaler", "ZscalerNSS: ", '"LogTimestamp"', '"AuditOperationType"'),
)
