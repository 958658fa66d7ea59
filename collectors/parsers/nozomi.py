"""Nozomi Networks Guardian, CMC and Vantage: alerts, audit and health as JSON (syslog, webhook, Open API).

`type_id` names the kind (SIGN:PROGRAM:DOWNLOAD, INCIDENT:…, VI:NEW-NODE), `risk` is 0–10, `mitre_attack_techniques` may
be set; the CEF
form is read as CEF. Vantage wraps the same keys in `attributes`. The rest stays under `nozomi.*`.

Reference: https://technicaldocs.nozominetworks.com/ (N2OS User Manual, Data Integration: JSON, Alerts Dictionary)
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers import _ot
from collectors.parsers._attack import set_techniques
from collectors.parsers._common import (
    Fields,
    integer,
    ip,
    load_object,
    lower,
    mac,
    number,
    port,
    text,
    texts,
    transport,
)
from collectors.parsers._documents import Product, close, fill, flatten, opened, says
from collectors.parsers._ids import alert
from taishi.event import Event

NAME: Final = "nozomi"
FIELDS: Final[Fields] = {
    "ip_src": ("source.ip", ip), "ip_dst": ("destination.ip", ip), "mac_src": ("source.mac", mac), "mac_dst":
    ("destination.mac", mac),
    "port_src": ("source.port", port), "port_dst": ("destination.port", port), "protocol": ("network.protocol", lower),
    "transport_protocol": ("network.transport", transport), "type_id": ("rule.id", text), "type_name": ("rule.name", text),
    "name": ("rule.name", text), "description": ("message", text), "id": ("nozomi.id", text), "label_src":
    ("source.domain", text),
    "label_dst": ("destination.domain", text), "zone_src": ("observer.ingress.zone", text), "zone_dst":
    ("observer.egress.zone", text),
    "appliance_host": ("observer.name", text), "sensor_host": ("observer.name", text), "appliance_ip": ("observer.ip", texts),
    "username": ("user.name", text), "user_name": ("user.name", text), "ip": ("source.ip", ip), "action": ("event.action", text),
    "threat_name": ("threat.software.name", text), "bpf_filter": ("nozomi.bpf_filter", text),
    "node_id": ("nozomi.node_id", text), "cve": ("vulnerability.id", texts), "size": ("network.bytes", integer),
}  # fmt: skip
PRODUCT: Final = Product(
    NAME,
    "Nozomi Networks",
    "Guardian",
    "ids",
    "nozomi.",
    FIELDS,
    ("time", "created_time", "record_created_at", "created_at", "timestamp"),
)


def _alert(event: Event, flat: dict[str, Any]) -> None:
    risk = number(flat.get("risk")) or number(flat.get("severity")) or 5.0
    event["event.severity"] = round(min(10.0, max(0.0, risk)) * 10)
    event["taishi.severity_original"] = str(flat.get("risk", flat.get("severity", "")))
    event["rule.category"] = str(flat.get("type_id", "")).partition(":")[0].lower() or "alert"
    found = [str(value) for key, value in flat.items() if "mitre" in key and "technique" in key]
    set_techniques(event, [part for value in found for part in value.replace("[", "").split(",")])
    _ot.enrich(
        event,
        str(flat.get("type_id", "")).replace(":", " ").replace("-", " "),
        event.get("rule.name"),
        event.get("message"),
    )
    alert(event, blocked=None)


def parse(framed: Framed, received: Received) -> list[Event]:
    raw = load_object(framed, NAME)
    inner = raw.get("attributes") or raw.get("alert")
    flat = flatten({**raw, **inner} if isinstance(inner, dict) else raw)
    event = opened(PRODUCT, framed, received)
    fill(event, PRODUCT, flat, received)
    if "type_id" in flat:
        _alert(event, flat)
    else:
        event["event.category"], event["event.type"] = ["configuration"], ["info"]
    return close(event)


def sniff(framed: Framed) -> float:
    if says(
        framed,
        ("type_id",),
        ("ip_src", "appliance_host", "sensor_host", "mac_src", "trace_status", "sec_profile_visible"),
    ):
        return 0.93
    return (
        0.95
        if "nozomi" in framed.text[:2000].lower() and "{" in framed.text[:300] and "CEF:" not in framed.text[:300]
        else 0.0
    )


PARSER = Parser(
    name=NAME,
    product="Nozomi Networks Guardian, CMC, Vantage (JSON)",
    data_kind="security",
    reference="https://technicaldocs.nozominetworks.com/",
    parse=parse,
    sniff=sniff,
    markers=('"type_id"', "nozomi", "Nozomi"),
)
