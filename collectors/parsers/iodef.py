"""IODEF v2 incident reports, XML (RFC 7970) and JSON (RFC 8727): one event for each flow of an incident.

XML with a document type is refused, so no entity is ever expanded.

Reference: RFC 7970, RFC 8727
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from xml.etree import ElementTree

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import infer
from collectors.parsers._common import load_object, port, text
from collectors.parsers._exchange import MAX_EVENTS, begun, deep, dicts, ended, indicator, several
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "iodef"


def _local(tag: Any) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _find(element: ElementTree.Element, *names: str) -> list[ElementTree.Element]:
    """All below, in order, whose local name is one of these; bounded."""
    wanted = frozenset(names)
    return [one for one in element.iter() if _local(one.tag) in wanted][:MAX_EVENTS]


def _said(element: ElementTree.Element, name: str) -> str:
    return next(((one.text or "").strip() for one in _find(element, name) if (one.text or "").strip()), "")


def _iodef_xml(source: str, received: Received) -> Iterator[Event]:
    if "<!DOCTYPE" in source or "<!ENTITY" in source:
        raise ParseError("XML with a document type is refused", NAME)
    try:
        root = ElementTree.fromstring(source)  # noqa: S314 - no document type, so no entities
    except (ElementTree.ParseError, ValueError) as error:
        raise ParseError(f"not XML: {error}", NAME) from error
    for incident in _find(root, "Incident"):
        base = begun("iodef", _said(incident, "ContactName") or None)
        base["rule.id"] = _said(incident, "IncidentID")[:128]
        impacts = _find(incident, "SystemImpact", "BusinessImpact", "IntendedImpact", "Impact")
        kind = impacts[0].get("type", "") if impacts else ""
        base["rule.name"] = (_said(incident, "Description") or kind or "IODEF incident")[:512]
        base["rule.category"] = (kind or incident.get("purpose", "") or "iodef")[:64]
        base["event.severity"] = {"low": 30, "medium": 50, "high": 75}.get(
            impacts[0].get("severity", "") if impacts else "", 50
        )
        moment = (
            _said(incident, "DetectTime")
            or _said(incident, "StartTime")
            or _said(incident, "ReportTime")
            or _said(incident, "GenerationTime")
        )
        infer(base, base["rule.name"], kind)
        for flow in _find(incident, "Flow") or [incident]:
            event = dict(base)
            for system in _find(flow, "System"):
                side = "source" if system.get("category") == "source" else "destination"
                for address in _find(system, "Address"):
                    indicator(
                        event,
                        address.get("category", ""),
                        (address.text or "").partition("/")[0],
                        source=side == "source",
                    )
                if (found := port(_said(system, "Port"))) is not None:
                    event[f"{side}.port"] = found
                if name := _said(system, "DomainName") or _said(system, "NodeName"):
                    event[f"{side}.domain"] = name[:512]
            yield ended(event, moment, received)


def _iodef_json(raw: dict[str, Any], received: Received) -> Iterator[Event]:
    for incident in dicts(raw.get("Incident")):
        event = begun("iodef", None)
        event["rule.id"] = str(deep(incident, "IncidentID", "id") or "")[:128]
        descriptions = incident.get("Description")
        first = descriptions[0] if isinstance(descriptions, list) and descriptions else descriptions
        event["rule.name"] = (text(first) or "IODEF incident")[:512]
        event["rule.category"] = str(incident.get("purpose", "iodef"))[:64]
        event["event.severity"] = 50
        for data in dicts(incident.get("EventData")):
            for system in dicts(data.get("System")):
                for address in dicts(deep(system, "Node", "Address")):
                    indicator(
                        event,
                        str(address.get("category", "")),
                        str(address.get("value", "")),
                        source=system.get("category") == "source",
                    )
        infer(event, event["rule.name"])
        yield ended(
            event, incident.get("DetectTime") or incident.get("GenerationTime") or incident.get("ReportTime"), received
        )


def _read(framed: Framed, received: Received) -> Iterator[Event]:
    source = framed.text.strip("\ufeff \r\n")
    at = source.find("<IODEF-Document")
    if at < 0:
        return _iodef_json(load_object(framed, NAME), received)
    return _iodef_xml(source[source.find("<") :] if source.startswith("<?xml") else source[at:], received)


def parse(framed: Framed, received: Received) -> list[Event]:
    return several(framed, received, NAME, _read(framed, received))


def sniff(framed: Framed) -> float:
    head = framed.text[:4096]
    if "<IODEF-Document" in head:
        return 0.99
    return 0.96 if '"IncidentID"' in head and '"Incident"' in head else 0.0


PARSER = Parser(
    name=NAME,
    product="IODEF v2 incident reports",
    data_kind="third-party",
    reference="https://www.rfc-editor.org/rfc/rfc7970",
    parse=parse,
    sniff=sniff,
    markers=("<IODEF-Document", '"IncidentID"'),
)
