"""Claroty CTD and xDome: alerts as JSON (webhook, API, syslog); the CEF form is read as CEF.

CTD: `type`, `description`, `severity`, `category`, `src_ip`…; xDome: `alert_id`, `alert_type_name`, `alert_name`,
`mitre_technique_ics_ids`,
devices in lists. The rest stays under `claroty.*`.

Reference: https://docs.claroty.com/ (CTD Syslog Integration; xDome Alerts API)
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers import _ot
from collectors.parsers._attack import set_techniques
from collectors.parsers._common import Fields, ip, lower, mac, port, text, transport
from collectors.parsers._documents import Product, begin, close, fill, says
from collectors.parsers._documents import severity as rate
from collectors.parsers._ids import alert
from taishi.event import Event

NAME: Final = "claroty"
FIELDS: Final[Fields] = {
    "src_ip": ("source.ip", ip), "source_ip": ("source.ip", ip), "primary_asset_ip": ("source.ip", ip), "dst_ip":
    ("destination.ip", ip),
    "dest_ip": ("destination.ip", ip), "destination_ip": ("destination.ip", ip), "non_primary_asset_ip": ("destination.ip", ip),
    "src_mac": ("source.mac", mac), "dst_mac": ("destination.mac", mac), "src_port": ("source.port", port),
    "dst_port": ("destination.port", port), "dest_port": ("destination.port", port), "src_host": ("source.domain", text),
    "dest_host": ("destination.domain", text), "protocol": ("network.protocol", lower), "transport":
    ("network.transport", transport),
    "alert_name": ("rule.name", text), "alert_type_name": ("rule.category", text), "type": ("rule.name", text),
    "category": ("rule.category", text), "alert_class": ("rule.category", text), "description": ("message", text),
    "message": ("message", text),
    "alert_id": ("claroty.alert_id", text), "id": ("claroty.id", text), "resolved_as": ("event.action", text),
    "username": ("user.name", text),
    "site_name": ("observer.name", text), "devices.0.ip_list": ("claroty.device_ips", text), "device_name": ("host.name", text),
}  # fmt: skip
PRODUCT: Final = Product(
    NAME, "Claroty", "CTD", "ids", "claroty.", FIELDS,
    ("detected_time", "timestamp", "time", "alert_time", "updated_time", "start", "created_at"),
)  # fmt: skip
_SCORES: Final = {"critical": 95, "high": 75, "medium": 50, "low": 25, "3": 95, "2": 75, "1": 50, "0": 25}


def parse(framed: Framed, received: Received) -> list[Event]:
    event, flat = begin(PRODUCT, framed, received)
    if "alert_type_name" in flat:
        event["observer.product"] = "xDome"
    fill(event, PRODUCT, flat, received)
    rate(event, flat.get("severity") or flat.get("alert_severity") or "medium", _SCORES)
    said: list[Any] = []
    for key, value in flat.items():
        if "mitre" in key and ("id" in key or "technique" in key):
            said += value if isinstance(value, list) else [value]
    set_techniques(event, [str(one) for one in said])
    event.setdefault("rule.name", event.get("rule.category") or event.get("message") or "alert")
    _ot.enrich(event, event.get("rule.name"), event.get("rule.category"), event.get("message"))
    alert(event, blocked=None)
    return close(event)


def sniff(framed: Framed) -> float:
    if says(framed, ("alert_type_name",), ("alert_id", "alert_class", "devices_count", "mitre_technique_ics_ids")):
        return 0.93
    head = framed.text[:1500]
    return 0.93 if ("claroty" in head or "Claroty" in head) and "{" in head[:300] and "CEF:" not in head[:300] else 0.0


PARSER = Parser(
    name=NAME,
    product="Claroty CTD, xDome (JSON)",
    data_kind="security",
    reference="https://docs.claroty.com/",
    parse=parse,
    sniff=sniff,
    markers=('"alert_type_name"', "claroty", "Claroty"),
)
