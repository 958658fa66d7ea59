"""ThreatBook (微步在线) TDP: one JSON object with `threat`, `net`, `machine`, `attacker`, `victim`, `direction`.

`threat.result` says whether it succeeded, `threat.severity` 0–4 how bad it is. OneDNS and OneSEC lines that name the
vendor are read
with the usual names. The rest stays under `threatbook.*`.

Reference: https://threatbook.cn/ (TDP syslog 与 Kafka 外发日志说明)
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._chinese import begin, flat_json, pairs, record, words
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import integer, ip, lower, text
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "threatbook"
_FIELDS: Final = KEYS | {
    "threat.name": ("rule.name", text), "threat.msg": ("message", text), "threat.type": ("rule.category", text),
    "threat.id": ("rule.id", text), "net.src_ip": KEYS["src_ip"], "net.dest_ip": KEYS["dst_ip"], "net.src_port": KEYS["src_port"],
    "net.dest_port": KEYS["dst_port"], "net.proto": KEYS["proto"], "net.app_proto": ("network.protocol", lower),
    "net.http.url": ("url.original", text), "net.http.host": ("url.domain", text), "net.http.method":
    ("http.request.method", text),
    "net.http.status": ("http.response.status_code", integer), "net.http.ua": ("user_agent.original", text),
    "net.domain": ("dns.question.name", text), "device_name": ("observer.name", text), "attacker": ("taishi.attacker.ip", ip),
    "victim": ("taishi.victim.ip", ip), "machine": ("threatbook.machine", text), "direction": ("threatbook.direction", text),
}  # fmt: skip
_SEVERITIES: Final = {"0": "info", "1": "low", "2": "medium", "3": "high", "4": "critical"}
_VENDOR: Final = ("ThreatBook", "threatbook", "微步")


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME, "ThreatBook", "TDP", "ids")
    values: dict[str, Any] = flat_json(framed.text) or flat_json(body) or {}
    if "threat.name" not in values and not any(name in framed.text[:1500] for name in _VENDOR):
        raise ParseError("neither an object under threat nor the vendor's name", NAME)
    if "threat.name" not in values:
        values = values or dict(pairs(body))
        event.setdefault("message", body[:512])
        return record(event, values, received, prefix="threatbook.", what=words(values) or body[:200], fields=_FIELDS)
    level = values.pop("threat.severity", "")
    values["level"] = _SEVERITIES.get(str(level), level)
    event.setdefault("message", str(values.get("threat.msg") or values["threat.name"])[:512])
    result = str(values.get("threat.result", "")).lower()
    made = record(event, values, received, prefix="threatbook.", what="threat", fields=_FIELDS, kind="detection")
    if result == "success":
        made[0]["taishi.outcome"] = "success"
    return made


def sniff(framed: Framed) -> float:
    source = framed.text
    if '"threat"' in source and '"net"' in source:
        return 0.93 if '"machine"' in source or '"attacker"' in source else 0.0
    head = source[:600]
    return (
        0.9
        if any(name in head[:300] for name in _VENDOR) and ("=" in head or "{" in head) and "CEF:" not in head
        else 0.0
    )


PARSER = Parser(
    name=NAME,
    product="ThreatBook 微步在线 (TDP, OneSEC, OneDNS)",
    data_kind="security",
    reference="https://threatbook.cn/",
    parse=parse,
    sniff=sniff,
    markers=('"threat"', *_VENDOR),
)
