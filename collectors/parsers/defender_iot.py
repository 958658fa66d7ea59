"""Microsoft Defender for IoT (formerly CyberX): alerts as a syslog text message; CEF and LEEF forms are read as such.

`CyberX platform name: sensor, Microsoft Defender for IoT Alert: title, Type: Protocol Violation, Severity: Major, Source: plc-1,
Source IP: 10.1.1.1, Destination: …, Message: …, Alert group: …, UUID: …`; documented keys begin a pair, separators vary.
The rest stays under `defender_iot.*`.

Reference: https://learn.microsoft.com/azure/defender-for-iot/organizations/alert-engine-messages (syslog text message
output fields)
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers import _ot
from collectors.parsers._common import Fields, apply, ip, keep, lower, text, transport
from collectors.parsers._documents import Product, close, opened
from collectors.parsers._documents import severity as rate
from collectors.parsers._ids import alert
from collectors.parsers._text import header
from collectors.parsers._time import fallback
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "defender_iot"
_KEYS: Final = (
    "CyberX platform name", "Platform name", "Microsoft Defender for IoT Alert", "Defender for IoT Alert", "Type",
    "Severity", "Source IP",
    "Source", "Destination IP", "Destination", "Protocol", "Address", "Message", "Alert group", "UUID", "Title",
    "Engine", "Source Address",
    "Destination Address", "Rule", "Sensor", "Zone", "Site",
)  # fmt: skip
_KEY: Final = re.compile(rf"(?:^|[,;|\n\t]\s{{0,4}}|\s{{1,4}})({'|'.join(_KEYS)})\s?[:=]\s?")
FIELDS: Final[Fields] = {
    "CyberX platform name": ("observer.name", text), "Platform name": ("observer.name", text), "Sensor": ("observer.name", text),
    "Microsoft Defender for IoT Alert": ("rule.name", text), "Defender for IoT Alert": ("rule.name", text), "Title":
    ("rule.name", text),
    "Type": ("rule.category", text), "Source IP": ("source.ip", ip), "Destination IP": ("destination.ip", ip),
    "Source": ("source.domain", text), "Destination": ("destination.domain", text), "Protocol": ("network.protocol", lower),
    "Message": ("message", text), "Alert group": ("defender_iot.group", text), "UUID": ("defender_iot.uuid", text),
    "Source Address": ("source.ip", ip), "Destination Address": ("destination.ip", ip),
}  # fmt: skip
PRODUCT: Final = Product(NAME, "Microsoft", "Defender for IoT", "ids", "defender_iot.", FIELDS, ())
_SCORES: Final = {"critical": 95, "major": 75, "minor": 50, "warning": 25}
_SIGNS: Final = ("CyberX platform name", "Defender for IoT Alert")


def parse(framed: Framed, received: Received) -> list[Event]:
    source = framed.text[:16384]
    found = list(_KEY.finditer(source))
    if len(found) < 3 or not any(sign in source for sign in _SIGNS):
        raise ParseError("fewer than three of the documented keys", NAME)
    event, _ = header(framed, received)
    relay = {name: event[name] for name in event if name.startswith(("log.", "@", "taishi.time"))}
    event = {**opened(PRODUCT, Framed("{", {}, "{"), received), **relay}
    ends = [one.start() for one in found[1:]] + [len(source)]
    values: dict[str, Any] = {}
    for one, end in zip(found, ends, strict=True):
        values.setdefault(one[1], source[one.end() : end].strip(" ,;|\r\n\t"))
    apply(event, values, FIELDS)
    keep(event, "defender_iot.", values, {*FIELDS, "Severity"})
    if (named := transport(event.get("network.protocol"))) in {"tcp", "udp", "icmp"}:
        event["network.transport"] = named
    for side in ("source", "destination"):
        if f"{side}.ip" not in event and (address := ip(event.get(f"{side}.domain"))):
            event[f"{side}.ip"] = address
    rate(event, values.get("Severity") or "minor", _SCORES)
    fallback(event, received)
    event.setdefault("rule.name", event.get("message") or event.get("rule.category") or "alert")
    if str(values.get("Type", "")).lower() == "operational" and "source.ip" not in event:
        event["event.category"], event["event.type"] = ["host"], ["info"]
        return close(event)
    _ot.enrich(event, event.get("rule.name"), event.get("message"))
    alert(event, blocked=None)
    return close(event)


def sniff(framed: Framed) -> float:
    head = framed.text[:600]
    return (
        0.95
        if any(sign in head for sign in _SIGNS) and "CEF:" not in head and "LEEF:" not in head and head[:1] != "{"
        else 0.0
    )


PARSER = Parser(
    name=NAME,
    product="Microsoft Defender for IoT, CyberX (syslog text)",
    data_kind="security",
    reference="https://learn.microsoft.com/azure/defender-for-iot/organizations/alert-engine-messages",
    parse=parse,
    sniff=sniff,
    markers=_SIGNS,
)
