"""Suricata EVE JSON: alerts, anomalies, flows and the protocol transactions, IT and industrial.

Reads plain EVE lines, lines behind a syslog header, Filebeat's nesting (`suricata.eve`) and Splunk exports that hold
the line in `result._raw`. What is not mapped to ECS is kept under `suricata.eve.*`. Timestamps carry their zone.

Reference: https://docs.suricata.io/en/latest/output/eve/eve-json-format.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import orjson

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import set_tactics, set_techniques
from collectors.parsers._common import (
    LONG_MAX,
    Fields,
    holds_object,
    integer,
    ip,
    keep,
    load_object,
    port,
    relate,
    text,
    texts,
)
from collectors.parsers._firewall import network
from collectors.parsers._ids import alert
from collectors.parsers._suricata_apps import APPS, MAPPED
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "suricata"
_SEVERITY: Final = {1: 75, 2: 50, 3: 30, 4: 10, 255: 10}
"""EVE severity is the classification's priority: 1 high, 2 medium, 3 low, 4 informational."""
_TOP: Final = frozenset(
    {
        "timestamp", "event_type", "src_ip", "src_port", "dest_ip", "dest_port", "proto", "app_proto", "in_iface",
        "flow_id", "community_id", "vlan", "packet", "payload", "payload_printable", "packet_info", "alert", "flow",
        "ether", "host", "icmp_type", "icmp_code", "stats", *MAPPED,
    }
)  # fmt: skip
_CATEGORY: Final = {
    "alert": ["intrusion_detection"], "anomaly": ["network"], "fileinfo": ["network", "file"],
    "http": ["network", "web"],
    "http2": ["network", "web"], "smtp": ["network", "email"], "stats": ["process"], "engine": ["process"],
}  # fmt: skip


_ACTIONS: Final = {"allowed": False, "blocked": True}


def _mitre(event: Event, metadata: dict[str, Any]) -> None:
    """ET metadata tags `mitre_technique_id`, `mitre_tactic_id`; attack_target says who the victim is."""
    for key, value in metadata.items():
        if key.startswith("mitre_technique_id"):
            set_techniques(event, texts(value) or [])
        elif key == "mitre_tactic_id":
            set_tactics(event, texts(value) or [])
        elif key == "cve" and (found := texts(value)):
            event["vulnerability.id"] = [name.replace("_", "-").upper() for name in found]
        elif key in {"signature_severity", "confidence", "malware_family", "affected_product", "tag"}:
            event[f"suricata.eve.alert.metadata.{key}"] = texts(value) or []


def _swap(event: Event, detail: dict[str, Any], metadata: dict[str, Any]) -> bool | None:
    """Whether the packet's sender is the victim, where the rule's `target` keyword or metadata says so."""
    target = detail.get("target")
    if type(target) is dict:
        found = ip(target.get("ip"))
        return None if found is None else found == event.get("source.ip")
    aims = metadata.get("attack_target")
    if aims is not None and "Client_Endpoint" in aims and event.get("suricata.eve.direction") == "to_client":
        return False
    return None


def _alert(event: Event, raw: dict[str, Any]) -> None:
    detail = raw.get("alert")
    if type(detail) is not dict:
        raise ParseError("an EVE alert without its `alert` object", NAME)
    name = text(detail.get("signature"))
    if name:
        event["rule.name"] = name
        event["message"] = name
    identity = detail.get("signature_id")
    if identity is not None:
        event["rule.id"] = str(identity)
    if category := text(detail.get("category")):
        event["rule.category"] = category
    revision = detail.get("rev")
    if revision is not None:
        event["rule.version"] = str(revision)
    if detail.get("gid") is not None:
        event["suricata.eve.alert.gid"] = integer(detail["gid"]) or 0
    if rule := text(detail.get("rule")):
        event["suricata.eve.alert.rule"] = rule
    severity = integer(detail.get("severity"))
    if severity is not None:
        event["event.severity"] = _SEVERITY.get(severity, 10)
        event["taishi.severity_original"] = str(severity)
    metadata = detail.get("metadata")
    metadata = metadata if type(metadata) is dict else {}
    if metadata:
        _mitre(event, metadata)
    action = detail.get("action")
    event["event.action"] = text(action) or "alert"
    blocked = _ACTIONS.get(action) if type(action) is str else None
    alert(event, blocked=blocked, swap=_swap(event, detail, metadata))


def _anomaly(event: Event, raw: dict[str, Any]) -> None:
    detail = raw.get("anomaly")
    if type(detail) is dict:
        keep(event, "suricata.eve.anomaly.", detail, {})
        name = text(detail.get("event"))
        if name:
            event["event.reason"] = name
            event["message"] = f"anomaly: {name}"
    event["event.severity"] = 20


_FLOW: Final = (
    ("pkts_toserver", "source.packets"), ("pkts_toclient", "destination.packets"),
    ("bytes_toserver", "source.bytes"), ("bytes_toclient", "destination.bytes"),
)  # fmt: skip


def _flow(event: Event, flow: dict[str, Any], received: Received) -> None:
    for key, name in _FLOW:
        value = flow.get(key)
        if type(value) is int and 0 <= value <= LONG_MAX:
            event[name] = value
    start: Event = {}
    if flow.get("start"):
        stamp(start, flow["start"], received)
        event["event.start"] = start["@timestamp"]
    if flow.get("end"):
        stamp(start, flow["end"], received)
        event["event.end"] = start["@timestamp"]
    for key in ("state", "reason", "alerted", "age", "action"):
        value = flow.get(key)
        if type(value) in {str, int, bool}:
            event[f"suricata.eve.flow.{key}"] = value


def _stats(event: Event, raw: dict[str, Any]) -> None:
    """Engine counters: those that tell of loss become fields, the rest stays in the original."""
    event["event.kind"] = "metric"
    detail = raw.get("stats")
    if type(detail) is not dict:
        return
    for section in ("capture", "decoder", "detect"):
        part = detail.get(section)
        if type(part) is dict:
            for key in ("kernel_packets", "kernel_drops", "errors", "pkts", "bytes", "invalid", "alert"):
                if type(part.get(key)) is int:
                    event[f"suricata.eve.stats.{section}.{key}"] = part[key]


_KINDS: Final[dict[str, Callable[[Event, dict[str, Any]], None]]] = {
    "alert": _alert,
    "anomaly": _anomaly,
    "stats": _stats,
}


def _unwrap(raw: dict[str, Any]) -> dict[str, Any]:
    """The EVE object inside Splunk's export, Filebeat's nesting, or the line itself."""
    inner = raw.get("result")
    if type(inner) is dict and type(inner.get("_raw")) is str:
        try:
            raw = orjson.loads(inner["_raw"])
        except orjson.JSONDecodeError as error:
            raise ParseError(f"broken JSON in result._raw: {error}", NAME) from error
    nested = raw.get("suricata") if type(raw) is dict else None
    if type(nested) is dict and type(nested.get("eve")) is dict:
        raw = nested["eve"]
    if type(raw) is not dict or type(raw.get("event_type")) is not str:
        raise ParseError("EVE JSON names its `event_type`; this record has none", NAME)
    return raw


def _port(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= 65535 else port(value)


def _proto(value: Any) -> str | None:
    return (_PROTO.get(value) or value.lower()) if type(value) is str else None


def _app(value: Any) -> str | None:
    return value if type(value) is str and value != "failed" else None


def _name(value: Any) -> str | None:
    return value if type(value) is str and value else None


def _vlan(value: Any) -> str | None:
    return text(value[0] if type(value) is list and value else value)


_PROTO: Final = {"TCP": "tcp", "UDP": "udp", "ICMP": "icmp", "IPv6-ICMP": "ipv6-icmp", "SCTP": "sctp"}
_BASE: Final[Fields] = {
    "src_ip": ("source.ip", ip), "src_port": ("source.port", _port), "dest_ip": ("destination.ip", ip),
    "dest_port": ("destination.port", _port), "proto": ("network.transport", _proto),
    "app_proto": ("network.protocol", _app),
    "flow_id": ("suricata.eve.flow_id", text), "in_iface": ("observer.ingress.interface.name", _name),
    "community_id": ("network.community_id", _name), "host": ("observer.name", _name),
    "vlan": ("network.vlan.id", _vlan),
    "direction": ("suricata.eve.direction", _name),
}  # fmt: skip


def parse(framed: Framed, received: Received) -> list[Event]:
    raw = _unwrap(load_object(framed, NAME))
    kind = raw["event_type"]
    event: Event = {
        **framed.syslog,
        "event.module": NAME,
        "event.dataset": "suricata.eve",
        "observer.vendor": "OISF",
        "observer.product": "Suricata",
        "observer.type": "ids",
        "event.kind": "event",
        "event.category": list(_CATEGORY.get(kind) or ("network",)),
        "event.type": ["connection", "end"] if kind in {"flow", "netflow"} else ["info"],
        "event.action": kind,
        "suricata.eve.event_type": kind,
    }
    stamp(event, raw.get("timestamp"), received)
    for key, (name, convert) in _BASE.items():
        value = raw.get(key)
        if value is not None and (value := convert(value)) is not None:
            event[name] = value
    flow = raw.get("flow") or raw.get("netflow")
    if type(flow) is dict:
        _flow(event, flow, received)
    rest: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in _TOP:
            rest[key] = value
        elif type(value) is dict and (reader := APPS.get(key)) is not None:
            reader(event, value)
    if rest:
        keep(event, "suricata.eve.", rest, {})
    reader_of_kind = _KINDS.get(kind)
    if reader_of_kind is not None:
        reader_of_kind(event, raw)
    if "source.ip" in event:
        network(event)
    return [relate(event)]


_ALONE: Final = re.compile(r'"event_type"\s?:\s?"(?:stats|engine|alert|http|dns|tls|flow|fileinfo|ssh|drop|anomaly)"')
"""Kinds that may come without addresses, so that other services' `event_type` is not taken for Suricata's."""


def sniff(framed: Framed) -> float:
    source = framed.body or framed.text
    if not holds_object(source):
        return 0.0
    if '"event_type"' not in source:
        return 0.9 if '"_raw"' in source and '\\"event_type\\"' in source else 0.0
    if '"flow_id"' in source or '"src_ip"' in source:
        return 0.95
    return 0.9 if '"timestamp"' in source and _ALONE.search(source) else 0.3


PARSER = Parser(
    name=NAME,
    product="Suricata (EVE JSON)",
    data_kind="network",
    reference="https://docs.suricata.io/en/latest/output/eve/eve-json-format.html",
    parse=parse,
    sniff=sniff,
    markers=("event_type",),
)
