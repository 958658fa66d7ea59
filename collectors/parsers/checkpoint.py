"""Check Point gateways, management and Harmony through Log Exporter: syslog `[key:"value"; …]`, generic `key=value|…`, JSON.

`product` or `blade` says who writes: firewall, VPN, IPS, Anti-Bot, Anti-Virus, Threat Emulation, URL filtering, SmartDefense,
administration. `time` is epoch seconds. Log Exporter's CEF and LEEF are read by those parsers.

Reference: https://sc1.checkpoint.com/documents/R81/WebAdminGuides/EN/CP_R81_LoggingAndMonitoring_AdminGuide/Topics-LMG/Log-Exporter.htm
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import (
    Fields,
    integer,
    ip,
    load_object,
    lower,
    mac,
    port,
    text,
    transport,
    word_severity,
)
from collectors.parsers._device import begin, change, finish, login, observer, plain
from collectors.parsers._endpoint import file
from collectors.parsers._ids import blocked
from collectors.parsers._pairs import detection, fill, flow
from collectors.parsers._time import stamp
from collectors.parsers._verdict import outcome
from collectors.parsers._web import url
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "checkpoint"
_PAIR: Final = re.compile(r'(?<![\w"])([A-Za-z_][\w.\-]{0,63}):"([^"\\]*+(?:\\.[^"\\]*+)*+)";? ?')
_PIPED: Final = re.compile(r"(?:^|[|\s])(?:time|loc|hostname|loguid|action|product)=")
FIELDS: Final[Fields] = {
    "src": ("source.ip", ip),
    "dst": ("destination.ip", ip),
    "s_port": ("source.port", port),
    "service": ("destination.port", port),
    "proto": ("network.transport", transport),
    "xlatesrc": ("source.nat.ip", ip),
    "xlatedst": ("destination.nat.ip", ip),
    "xlatesport": ("source.nat.port", port),
    "xlatedport": ("destination.nat.port", port),
    "src_user_name": ("user.name", text),
    "user": ("user.name", text),
    "administrator": ("user.name", text),
    "src_machine_name": ("source.domain", text),
    "dst_machine_name": ("destination.domain", text),
    "dst_user_name": ("destination.user.name", text),
    "rule_name": ("rule.name", text),
    "rule_uid": ("rule.id", text),
    "layer_name": ("rule.ruleset", text),
    "policy_name": ("rule.ruleset", text),
    "service_id": ("network.protocol", lower),
    "appi_name": ("network.application", lower),
    "method": ("http.request.method", text),
    "user_agent": ("user_agent.original", text),
    "http_status": ("http.response.status_code", integer),
    "referrer": ("http.request.referrer", text),
    "client_outbound_bytes": ("source.bytes", integer),
    "server_outbound_bytes": ("destination.bytes", integer),
    "client_outbound_packets": ("source.packets", integer),
    "server_outbound_packets": ("destination.packets", integer),
    "bytes": ("network.bytes", integer),
    "packets": ("network.packets", integer),
    "inzone": ("observer.ingress.zone", text),
    "outzone": ("observer.egress.zone", text),
    "origin": ("observer.ip", lambda value: [found] if (found := ip(value)) else None),
    "originsicname": ("observer.name", text),
    "file_name": ("file.name", text),
    "file_size": ("file.size", integer),
    "file_md5": ("file.hash.md5", lower),
    "file_sha1": ("file.hash.sha1", lower),
    "file_sha256": ("file.hash.sha256", lower),
    "file_type": ("file.type", text),
    "process_name": ("process.name", text),
    "dns_query": ("dns.question.name", text),
    "dns_type": ("dns.question.type", text),
    "email_subject": ("email.subject", text),
    "from": ("email.from.address", lambda value: [value] if value else None),
    "to": ("email.to.address", lambda value: [value] if value else None),
    "mac_source_address": ("source.mac", mac),
    "mac_destination_address": ("destination.mac", mac),
    "loguid": ("event.reference", text),
    "sequencenum": ("event.sequence", integer),
    "reason": ("event.reason", text),
    "malware_family": ("threat.software.name", text),
    "endpoint_ip": ("host.ip", lambda value: [found] if (found := ip(value)) else None),
    "src_country": ("source.geo.country_name", text),
    "dst_country": ("destination.geo.country_name", text),
}
_SKIP: Final = frozenset({"time", "flags", "version", "product", "action", "resource", "severity"})
_MALWARE: Final = ("anti-virus", "anti-bot", "anti-malware", "threat emulation", "new anti virus", "forensics", "anti-ransomware",
                   "threat extraction", "zero-phishing")  # fmt: skip
_INTRUSION: Final = ("ips", "smartdefense", "anti-exploit", "ddos", "waf", "cloudguard waf")
_SCALE: Final = {"0": 10, "1": 30, "2": 50, "3": 75, "4": 90}


def _pairs(framed: Framed) -> dict[str, Any]:
    whole = framed.text
    found = {
        key: value.replace('\\"', '"').replace("\\]", "]").replace("\\\\", "\\") for key, value in _PAIR.findall(whole)
    }
    if len(found) > 2:
        return found
    if (framed.body or whole).lstrip()[:1] == "{":
        return load_object(framed, NAME)
    at = _PIPED.search(whole)
    if at is None:
        raise ParseError('no key:"value"; pairs in the record', NAME)
    cells = (cell.partition("=") for cell in whole[at.start() :].strip("| ").split("|"))
    return {key.strip(): value for key, sign, value in cells if sign and len(key) <= 64}


def _severity(event: Event, raw: dict[str, Any]) -> None:
    value = str(raw.get("severity") or "")
    if value:
        event["taishi.severity_original"] = value
        found = _SCALE.get(value, word_severity(value))
        event["event.severity"] = 50 if found is None else found


def _decide(event: Event, raw: dict[str, Any]) -> None:
    product = str(raw.get("product") or raw.get("blade") or "").lower()
    action = str(raw.get("action") or raw.get("rule_action") or "")
    name = str(raw.get("protection_name") or raw.get("attack") or raw.get("malware_action") or raw.get("malware_family")
               or raw.get("attack_info") or "")  # fmt: skip
    if (
        "attack" in raw
        or "protection_name" in raw
        or product in _INTRUSION
        or any(kind in product for kind in _MALWARE)
    ):
        if raw.get("protection_type"):
            event["rule.category"] = str(raw["protection_type"])
        malware = any(kind in product for kind in _MALWARE)
        if policy := event.get("rule.name"):
            event["rule.ruleset"] = policy
        detection(event, name, action, "malware" if malware else "intrusion_detection",
                  denied=True if action.lower() in {"prevent", "drop", "block", "reject", "quarantine"} else None)  # fmt: skip
        return
    words = action.lower()
    operation = str(raw.get("operation") or raw.get("auth_status") or raw.get("subject") or "")
    if words in {"log in", "log out", "failed log in", "failed login", "login"} or "log in" in operation.lower():
        said = outcome(str(raw.get("status") or raw.get("auth_status") or ""), words)
        login(event, False if "fail" in words else {"success": True, "failure": False}.get(said or "", "log in" in words or None),
              out=words == "log out")  # fmt: skip
    elif "administrator" in raw or (product in {"smartconsole", "system monitor", "smartupdate"} and operation):
        change(event)
        event.setdefault("event.action", operation.lower() or words)
    elif "src" in raw or "dst" in raw:
        flow(event, action, "", {"accept": False, "allow": False, "encrypt": False, "decrypt": False, "bypass": False,
                                 "inspect": False, "redirect": True, "key install": None}.get(words, blocked(words)))  # fmt: skip
        if product.startswith(("url filtering", "application control")):
            event["event.category"] = ["web", "network"]
    else:
        plain(event)
    event.setdefault("event.action", words or "log")


def parse(framed: Framed, received: Received) -> list[Event]:
    raw = _pairs(framed)
    event, _ = begin(framed, received, NAME, "checkpoint.firewall")
    event.pop("process.name", None)
    product = text(raw.get("product")) or text(raw.get("blade"))
    observer(event, "Check Point", product or "", "firewall")
    stamp(event, raw.get("time") or event.get("@timestamp"), received)
    _severity(event, raw)
    kind = str(raw.get("ifdir") or "")
    if (interface := text(raw.get("ifname"))) is not None:
        event[f"observer.{'egress' if kind == 'outbound' else 'ingress'}.interface.name"] = interface
    fill(event, raw, FIELDS, "checkpoint.", _SKIP)
    if target := text(raw.get("resource")):
        url(event, target)
    if "file.name" in event and "/" in event["file.name"]:
        file(event, event["file.name"])
    for side in ("source", "destination"):
        for name in (f"{side}.nat.ip", f"{side}.nat.port"):
            if event.get(name) in _UNTRANSLATED:
                del event[name]
    _decide(event, raw)
    return finish(event, received)


_UNTRANSLATED: Final = frozenset({"0.0.0.0", "::", 0})  # noqa: S104 - written where nothing was translated


def sniff(framed: Framed) -> float:
    source = framed.text
    if '"; ' not in source and '";' not in source:
        return 0.9 if "|product=" in source and "|loguid={" in source else 0.0
    if " CheckPoint " in source[:200]:
        return 0.98
    return 0.95 if 'loguid:"' in source or 'originsicname:"' in source or 'product:"VPN-1' in source else 0.0


PARSER = Parser(
    name=NAME,
    product="Check Point",
    data_kind="security",
    reference="https://sc1.checkpoint.com/documents/R81/WebAdminGuides/EN/CP_R81_LoggingAndMonitoring_AdminGuide/",
    parse=parse,
    sniff=sniff,
    markers=(" CheckPoint ", 'loguid:"', 'originsicname:"', 'product:"VPN-1', "|loguid={"),
)
