"""IDEA0 (Intrusion Detection Extensible Alert), as Warden and CESNET's tools share it: one JSON document a detection.

`Source[]` and `Target[]` hold lists of addresses, ports, hosts; `Category` words such as `Recon.Scanning`, `Attempt.Login`,
`Intrusion.Botnet`; `Node[]` the detector. The first of each list is taken, all addresses are in `related.ip`. The rest
stays under `idea.*`.

Reference: https://idea.cesnet.cz/en/definition
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import TACTICS
from collectors.parsers._common import integer, ip, keep, load_object, lower, mac, port, relate, text, transport
from collectors.parsers._documents import Product, opened, says
from collectors.parsers._firewall import network
from collectors.parsers._ids import alert
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "idea"
PRODUCT: Final = Product(NAME, "", "", "ids", "idea.", {}, ())
_CATEGORIES: Final = (
    ("Recon.Scanning", "T1595", "TA0043", 40), ("Recon.Sniffing", "T1040", "TA0007", 50), ("Recon", "T1595", "TA0043", 40),
    ("Attempt.Login", "T1110", "TA0006", 50), ("Attempt.Exploit", "T1190", "TA0001", 60), ("Attempt.NewSignature", "T1190",
    "TA0001", 50),
    ("Attempt", "T1190", "TA0001", 50), ("Intrusion.AdminCompromise", "T1078", "TA0001", 90), ("Intrusion.UserCompromise",
    "T1078", "TA0001", 85),
    ("Intrusion.AppCompromise", "T1190", "TA0001", 85), ("Intrusion.Botnet", "T1071", "TA0011", 80), ("Intrusion", "T1190",
    "TA0001", 80),
    ("Availability.DDoS", "T1498", "TA0040", 75), ("Availability.DoS", "T1498", "TA0040", 70), ("Availability", "T1498",
    "TA0040", 60),
    ("Malware.Ransomware", "T1486", "TA0040", 90), ("Malware", "T1204", "TA0002", 75), ("Fraud.Phishing", "T1566", "TA0001", 60),
    ("Abusive.Spam", "T1566", "TA0001", 30), ("Information.UnauthorizedAccess", "T1078", "TA0001", 75),
    ("Anomaly.Traffic", "", "", 30), ("Anomaly", "", "", 30), ("Vulnerable", "", "", 40), ("Suspicious", "", "", 40),
)  # fmt: skip


def _first(part: Any) -> dict[str, Any]:
    found = part[0] if isinstance(part, list) and part else part
    return found if isinstance(found, dict) else {}


def _one(part: dict[str, Any], *names: str) -> Any:
    for name in names:
        value = part.get(name)
        if isinstance(value, list) and value:
            return value[0]
        if value not in (None, [], ""):
            return value
    return None


def _end(event: Event, side: str, part: dict[str, Any]) -> None:
    address = text(_one(part, "IP4", "IP6"))
    address = ip((address or "").partition("/")[0].partition("-")[0])
    named = (
        (f"{side}.ip", address), (f"{side}.port", port(_one(part, "Port"))), (f"{side}.mac", mac(_one(part, "MAC"))),
        (f"{side}.domain", text(_one(part, "Hostname"))), (f"{side}.bytes",
        integer(part.get("InByteCount") or part.get("OutByteCount"))),
    )  # fmt: skip
    for name, value in named:
        if value is not None:
            event[name] = value
    protocols = (
        [lower(one) for one in part.get("Proto", []) if type(one) is str] if isinstance(part.get("Proto"), list) else []
    )
    for protocol in protocols:
        if protocol is None:
            continue
        layer = "network.transport" if protocol in {"tcp", "udp", "icmp", "sctp"} else "network.protocol"
        event.setdefault(layer, transport(protocol) if layer == "network.transport" else protocol)


def parse(framed: Framed, received: Received) -> list[Event]:
    raw = load_object(framed, NAME)
    categories = raw.get("Category")
    if not isinstance(categories, list) or not categories:
        raise ParseError("an IDEA document has a list under Category", NAME)
    event = opened(PRODUCT, framed, received)
    node = _first(raw.get("Node"))
    for name, value in (("observer.name", text(node.get("Name"))), ("observer.product", text(_one(node, "SW")))):
        if value:
            event[name] = value
        else:
            event.pop(name, None)
    event.pop("observer.vendor", None)
    _end(event, "source", _first(raw.get("Source")))
    _end(event, "destination", _first(raw.get("Target")))
    stamp(event, raw.get("DetectTime") or raw.get("EventTime") or raw.get("CreateTime"), received)
    first = str(categories[0])[:200]
    known = next((row for row in _CATEGORIES if first.startswith(row[0])), ("", "", "", 40))
    event["event.severity"], event["rule.category"] = known[3], first
    event["rule.name"] = (text(raw.get("Description")) or first)[:512]
    event["message"] = (text(raw.get("Note")) or event["rule.name"])[:2048]
    if known[1]:
        event["threat.technique.id"], event["threat.tactic.id"], event["threat.tactic.name"] = (
            [known[1]],
            [known[2]],
            [TACTICS[known[2]]],
        )
    if (count := integer(raw.get("ConnCount") or raw.get("FlowCount"))) is not None:
        event["idea.count"] = str(count)
    keep(event, "idea.", raw, {"Source", "Target", "Node", "Description", "Note", "DetectTime", "Attach"})
    if text(raw.get("Ref")):
        event["event.reference"] = str(raw["Ref"])[:1000]
    network(event)
    alert(event, blocked=None, swap=False if "source.ip" in event else None)
    return [relate(event)]


def sniff(framed: Framed) -> float:
    source = framed.text
    if '"Format"' in source and '"IDEA' in source:
        return 0.98
    return 0.9 if says(framed, ("Category", "DetectTime"), ("Source", "Target", "Node")) else 0.0


PARSER = Parser(
    name=NAME,
    product="IDEA alerts (Warden, CESNET)",
    data_kind="third-party",
    reference="https://idea.cesnet.cz/en/definition",
    parse=parse,
    sniff=sniff,
    markers=('"IDEA', '"DetectTime"'),
)
