"""F5 BIG-IP: system messages with their numbers, Access Policy Manager, iRules, audit, ASM violations and AFM packets.

`notice apmd[1]: 01490500:5: /Common/ap:Common:sid: New session from client IP …` — the eight hexadecimal digits are the
message, the digit after it the severity. ASM writes `ASM:key="value",…`; AFM quoted, comma-separated columns or pairs.

Reference: https://techdocs.f5.com/en-us/bigip-16-1-0/external-monitoring-of-big-ip-systems-implementations.html
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._access import locate
from collectors.parsers._common import (
    SYSLOG_SEVERITY,
    UNSET,
    Fields,
    body_of,
    integer,
    ip,
    lower,
    port,
    text,
    transport,
    word_severity,
)
from collectors.parsers._device import begin, change, finish, login, observer, peer, plain
from collectors.parsers._pairs import detection, fill, flow
from collectors.parsers._sentence import read
from collectors.parsers._text import delimited_pairs
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "f5"
_NUMBERED: Final = re.compile(r"(?:^|[\s:\]])(0[0-9a-f]{7}):([0-7]): ?")
_SERVICE: Final = re.compile(
    r"(?:^|\s)(emerg|alert|crit|err|warning|notice|info|debug) ([A-Za-z][\w.\-]{1,32}?)(?:\d{0,2})\[(\d{1,10})\]: "
)
_ASM: Final = re.compile(r"ASM: ?(?=[A-Za-z_]{2,48}=|\")")
_SESSION: Final = re.compile(r"(/[^:\s]{1,128}):([A-Za-z0-9_\-]{1,64}):([0-9a-f]{8}): ?(.*)", re.DOTALL)
_CLIENT: Final = re.compile(r"(?:client IP|Client IP|IP:) ?([0-9A-Fa-f.:]{3,45}?)(?:%\d+)?(?= |$|\(|,)")
_VIRTUAL: Final = re.compile(r"VIP ([0-9A-Fa-f.:]{3,45}?)(?:%\d+)?(?= |$)")
_NAME: Final = re.compile(r"(?:Username|username|User name|user|Client(?= ')) ?'?=?'?([^\s',;]{1,256})'?")
_AUDIT: Final = re.compile(
    r"AUDIT - (?:user|pid=\d+ user=)\s?([^\s]{1,128}).{0,512}?(?:cmd_data=(.{1,1024}))?$", re.DOTALL
)
_PAM: Final = re.compile(
    r"user=([^\s(]{1,128})(?:\([^)]{0,128}\))? partition=.{0,512}?host=(\S{2,64}) attempts=(\d{1,6})(.{0,256})"
)
FIELDS: Final[Fields] = {
    "ip_client": ("source.ip", ip),
    "src_ip": ("source.ip", ip),
    "source_ip": ("source.ip", ip),
    "dest_ip": ("destination.ip", ip),
    "src_port": ("source.port", port),
    "source_port": ("source.port", port),
    "dest_port": ("destination.port", port),
    "method": ("http.request.method", text),
    "response_code": ("http.response.status_code", integer),
    "username": ("user.name", lambda value: value if value not in {"N/A", ""} else None),
    "unit_hostname": ("host.hostname", text),
    "hostname": ("host.hostname", text),
    "bigip_hostname": ("host.hostname", text),
    "x_forwarded_for_header_value": ("f5.forwarded_for", text),
    "geo_location": ("source.geo.country_iso_code", text),
    "geo_info": ("source.geo.country_iso_code", text),
    "support_id": ("event.reference", text),
    "policy_name": ("rule.ruleset", text),
    "http_class_name": ("rule.ruleset", text),
    "sig_ids": ("rule.id", lambda value: value.strip('"').partition(",")[0] or None),
    "protocol": ("network.protocol", lower),
    "ip_protocol": ("network.transport", transport),
    "acl_rule_name": ("rule.name", text),
    "action": ("event.action", lower),
    "management_ip_address": ("observer.ip", lambda value: [found] if (found := ip(value)) else None),
}
_AFM: Final = (
    "date", "mgmt_ip", "hostname", "context_type", "context_name", "geo", "src_ip", "dest_ip", "src_port", "dest_port", "vlan",
    "ip_protocol", "route_domain", "acl_rule_name", "action", "drop_reason",
)  # fmt: skip


def _asm(event: Event, body: str, received: Received) -> None:
    pairs = {key: value for key, value in delimited_pairs(body).items() if value not in UNSET}
    observer(event, "F5", "BIG-IP ASM", "waf")
    event["event.dataset"] = "f5.asm"
    stamp(event, pairs.get("date_time"), received)
    fill(event, pairs, FIELDS, "f5.", {"uri", "request", "date_time", "severity", "response"})
    if target := pairs.get("uri"):
        query = pairs.get("query_string")
        locate(event, f"{target}?{query}" if query else target, pairs.get("virtual_host", ""))
    severity = word_severity(pairs.get("severity"))
    event["event.severity"], event["taishi.severity_original"] = severity or 30, pairs.get("severity", "unknown")
    status = pairs.get("request_status", "").lower()
    name = (
        pairs.get("sig_names")
        or pairs.get("attack_type")
        or pairs.get("violations")
        or pairs.get("sub_violations")
        or ""
    )
    event["event.action"] = status or "logged"
    if name or status in {"blocked", "alerted"}:
        if kind := pairs.get("attack_type"):
            event["rule.category"] = kind
        detection(event, name.strip('"').partition(",")[0] or "ASM violation", "", "web",
                  denied={"blocked": True, "alerted": False, "passed": False}.get(status), swap=False)  # fmt: skip
    else:
        event["event.category"], event["event.type"] = ["web", "network"], ["access"]
        event["event.outcome"] = "failure" if status == "blocked" else "success"


def _afm(event: Event, cells: list[str], received: Received) -> None:
    observer(event, "F5", "BIG-IP AFM", "firewall")
    event["event.dataset"] = "f5.afm"
    raw = {key: value.strip().strip('"') for key, value in zip(_AFM, cells, strict=False)}
    stamp(event, raw.pop("date"), received)
    fill(event, {key: value for key, value in raw.items() if value}, FIELDS, "f5.")
    action = raw.get("action", "").lower()
    flow(
        event, "", "", {"accept": False, "drop": True, "reject": True, "closed": None, "established": False}.get(action)
    )
    event["event.action"] = action or "log"


def _access(event: Event, said: str) -> None:
    """APM: the profile, the session, and what happened in it."""
    found = _SESSION.match(said)
    if found is not None:
        event["f5.access_profile"], event["f5.session"] = found[1], found[3]
        said = found[4]
    if where := _CLIENT.search(said, 0, 1024):
        peer(event, "source", where[1])
    if virtual := _VIRTUAL.search(said, 0, 1024):
        peer(event, "destination", virtual[1])
    if who := _NAME.search(said, 0, 1024):
        event["user.name"] = who[1]
    words = said.lower()
    if "username" in words or "logon" in words or "authentication" in words or "auth module" in words:
        bad = any(sign in words for sign in ("fail", "denied", "incorrect", "invalid"))
        login(event, False if bad else True if any(sign in words for sign in ("success", "allow", "passed")) else None)
    elif "new session" in words or "session deleted" in words or "session statistics" in words:
        event["event.category"], event["event.type"] = ["session"], ["start" if "new" in words else "end"]
    else:
        plain(event)


def _message(event: Event, code: str, level: str, said: str) -> None:
    event["event.code"] = code
    event["event.severity"], event["taishi.severity_original"] = SYSLOG_SEVERITY[int(level)], level
    event["message"] = said
    if code.startswith("0149"):
        event["event.dataset"] = "f5.apm"
        _access(event, said)
    elif "AUDIT" in said[:64] and (found := _AUDIT.search(said, 0, 2048)):
        event["user.name"] = found[1].rstrip(",-")
        change(event)
        if found[2]:
            event["process.command_line"] = found[2].strip()
        event["event.action"] = "command-executed"
    elif found := _PAM.search(said, 0, 2048):
        event["user.name"] = found[1]
        peer(event, "source", found[2])
        login(event, "failed" not in said.lower(), out=" end=" in found[4])
    else:
        plain(event)
        read(event, said)
    event.setdefault("event.action", code)


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME, "f5.system")
    whole = framed.text
    observer(event, "F5", "BIG-IP", "load-balancer")
    if service := _SERVICE.search(whole, 0, 300):
        event["log.level"], event["process.name"], event["process.pid"] = service[1], service[2], int(service[3])
    if found := _ASM.search(whole, 0, 400):
        _asm(event, whole[found.end() :], received)
    elif found := _NUMBERED.search(whole, 0, 512):
        _message(event, found[1], found[2], whole[found.end() :].strip())
    elif body.startswith('"') and body.count('","') >= 14:
        _afm(event, body.strip().strip('"').split('","'), received)
    elif service or "Rule /Common/" in body:
        said = whole[service.end() :] if service else body
        event["message"] = said
        plain(event)
        read(event, said)
    else:
        raise ParseError("no BIG-IP message number, ASM or AFM record", NAME)
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = framed.text
    if "ASM:" in source[:300] and (
        'unit_hostname="' in source or "management_ip_address=" in source or "policy_name=" in source
    ):
        return 0.98
    if _NUMBERED.search(source, 0, 300):
        return 0.96
    if "Rule /Common/" in source[:300]:
        return 0.95
    body = body_of(framed)
    return 0.9 if body.startswith('"') and body.count('","') >= 14 and ',"/Common/' in body else 0.0


PARSER = Parser(
    name=NAME,
    product="F5 BIG-IP",
    data_kind="security",
    reference="https://techdocs.f5.com/en-us/bigip-16-1-0/external-monitoring-of-big-ip-systems-implementations.html",
    parse=parse,
    sniff=sniff,
    markers=("ASM:", "/Common/", *(f":{level}:" for level in range(8))),
)
