"""Dragos Platform: notifications as JSON (syslog, API); the CEF form is read as CEF.

Notifications carry `type` (Communication, Asset, System …), `summary` or `content`, `severity` 0–5, `src_asset_ip`,
`dest_asset_ip`,
`detection_quad` and the ICS techniques. The rest stays under `dragos.*`.

Reference: https://portal.dragos.com/ (Dragos Platform: syslog notification fields)
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers import _ot
from collectors.parsers._attack import set_techniques
from collectors.parsers._common import Fields, integer, ip, lower, mac, port, text
from collectors.parsers._documents import Product, begin, close, fill, says
from collectors.parsers._ids import alert
from taishi.event import Event

NAME: Final = "dragos"
FIELDS: Final[Fields] = {
    "src_asset_ip": ("source.ip", ip), "src_ip": ("source.ip", ip), "sourceIp": ("source.ip", ip), "dst_asset_ip":
    ("destination.ip", ip),
    "dest_asset_ip": ("destination.ip", ip), "dest_ip": ("destination.ip", ip), "dst_ip": ("destination.ip", ip),
    "destinationIp": ("destination.ip", ip), "asset_ip": ("source.ip", ip), "src_asset_mac": ("source.mac", mac),
    "dst_asset_mac": ("destination.mac", mac), "src_asset_hostname": ("source.domain", text), "asset_hostname":
    ("source.domain", text),
    "dst_asset_hostname": ("destination.domain", text), "dest_asset_hostname": ("destination.domain", text),
    "src_port": ("source.port", port), "dst_port": ("destination.port", port), "dest_port": ("destination.port", port),
    "protocol": ("network.protocol", lower), "summary": ("rule.name", text), "title": ("rule.name", text), "content":
    ("message", text),
    "details": ("message", text), "type": ("rule.category", text), "detector_id": ("rule.id", text), "matched_rule.name":
    ("rule.name", text),
    "id": ("dragos.id", text), "source": ("dragos.source", text), "asset_id": ("dragos.asset_id", text),
    "detection_quad": ("dragos.detection_quad", text), "sensor": ("observer.name", text), "collector": ("observer.name", text),
}  # fmt: skip
PRODUCT: Final = Product(
    NAME, "Dragos", "Platform", "ids", "dragos.", FIELDS,
    ("occurredAt", "occurred_at", "createdAt", "created_at", "firstSeenAt", "timestamp", "lastSeenAt"),
)  # fmt: skip
_SCORES: Final = (10, 25, 40, 60, 80, 95)


def parse(framed: Framed, received: Received) -> list[Event]:
    event, flat = begin(PRODUCT, framed, received)
    fill(event, PRODUCT, flat, received)
    level = integer(flat.get("severity"))
    event["taishi.severity_original"] = str(flat.get("severity", ""))
    event["event.severity"] = _SCORES[min(5, max(0, level))] if level is not None else 50
    said: list[Any] = []
    for key, value in flat.items():
        if "technique" in key.lower() or "mitre" in key.lower():
            said += value if isinstance(value, list) else [value]
    set_techniques(event, [str(one) for one in said])
    event.setdefault("rule.name", event.get("message") or event.get("rule.category") or "notification")
    if str(flat.get("type", "")).lower() in {"system", "baseline"} and (level or 0) <= 1:
        event["event.category"], event["event.type"] = ["host"], ["info"]
    else:
        _ot.enrich(event, event.get("rule.name"), event.get("message"))
        alert(event, blocked=None)
    return close(event)


def sniff(framed: Framed) -> float:
    if says(framed, ("severity",), ("detection_quad", "detection_quads", "src_asset_ip", "dest_asset_ip")):
        return 0.93
    head = framed.text[:1500]
    return 0.93 if ("dragos" in head or "Dragos" in head) and "{" in head[:300] and "CEF:" not in head[:300] else 0.0


PARSER = Parser(
    name=NAME,
    product="Dragos Platform (JSON)",
    data_kind="security",
    reference="https://portal.dragos.com/",
    parse=parse,
    sniff=sniff,
    markers=('"detection_quad', '"src_asset_ip"', '"dest_asset_ip"', "dragos", "Dragos"),
)
