"""MISP events: each attribute meant for detection (`to_ids`) becomes one event.

It is of kind `enrichment`: what it names was seen elsewhere.

`threat_level_id` 1–3 gives the severity, the event's tags its techniques and its marking (TLP).

Reference: https://www.misp-standard.org/rfc/misp-standard-core.html (MISP core format)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import set_techniques
from collectors.parsers._common import load_object, text
from collectors.parsers._exchange import begun, dicts, ended, indicates, indicator, several
from taishi.event import Event

NAME: Final = "misp"
_THREATS: Final = {"1": 80, "2": 60, "3": 35, "4": 30}


def _misp(raw: dict[str, Any], received: Received) -> Iterator[Event]:
    whole = raw.get("Event") if isinstance(raw.get("Event"), dict) else raw
    assert isinstance(whole, dict)  # noqa: S101 - one of the two is
    maker = whole.get("Orgc") if isinstance(whole.get("Orgc"), dict) else {}
    attributes = dicts(whole.get("Attribute"))
    for thing in dicts(whole.get("Object")):
        attributes += dicts(thing.get("Attribute"))
    names = [str(tag.get("name", "")) for tag in dicts(whole.get("Tag"))]
    for one in attributes:
        if not one.get("to_ids"):
            continue
        event = begun("misp", text(maker.get("name") if maker else None))
        event["rule.name"] = (text(whole.get("info")) or "MISP event")[:512]
        event["rule.id"], event["rule.category"] = (
            str(whole.get("uuid") or whole.get("id") or "")[:128],
            str(one.get("category", "misp"))[:128],
        )
        event["event.severity"] = _THREATS.get(str(whole.get("threat_level_id")), 40)
        kind = str(one.get("type", ""))
        indicator(event, kind, str(one.get("value", "")), source="src" in kind)
        set_techniques(event, [name for name in names if "attack-pattern" in name])
        if tlp := next((name.partition(":")[2] for name in names if name.lower().startswith("tlp:")), ""):
            event["threat.indicator.marking.tlp"] = tlp.upper()
        event["message"] = (text(one.get("comment")) or event["rule.name"])[:2048]
        event["misp.attribute_uuid"] = str(one.get("uuid", ""))[:64]
        when = one.get("timestamp") or whole.get("timestamp") or whole.get("date")
        found = ended(event, when, received, finding=False)
        indicates(found)
        yield found


def parse(framed: Framed, received: Received) -> list[Event]:
    return several(framed, received, NAME, _misp(load_object(framed, NAME), received))


def sniff(framed: Framed) -> float:
    source = framed.text
    return 0.97 if '"Attribute"' in source and '"threat_level_id"' in source else 0.0


PARSER = Parser(
    name=NAME,
    product="MISP events",
    data_kind="third-party",
    reference="https://www.misp-standard.org/rfc/misp-standard-core.html",
    parse=parse,
    sniff=sniff,
    markers=('"threat_level_id"',),
)
