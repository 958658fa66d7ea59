"""CSAF 2.0 security advisories: one event a vulnerability, with its CVE, its CVSS score and the maker's words.

Reference: https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html §3.2
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import load_object, number, text
from collectors.parsers._exchange import begun, deep, dicts, ended, several
from taishi.event import Event

NAME: Final = "csaf"


def _csaf(raw: dict[str, Any], received: Received) -> Iterator[Event]:
    document = raw["document"] if isinstance(raw.get("document"), dict) else {}
    tracking = document.get("tracking") if isinstance(document.get("tracking"), dict) else {}
    publisher = document.get("publisher") if isinstance(document.get("publisher"), dict) else {}
    for one in dicts(raw.get("vulnerabilities")) or [{}]:
        event = begun("csaf", text(publisher.get("name") if publisher else None))
        event["event.category"], event["event.type"] = ["vulnerability"], ["info"]
        title = text(document.get("title")) or "advisory"
        event["rule.name"] = (text(one.get("title")) or title)[:512]
        event["rule.id"] = str((tracking or {}).get("id", ""))[:128]
        if cve := text(one.get("cve")):
            event["vulnerability.id"] = [cve[:64]]
        scores = [
            number(deep(score, "cvss_v3", "baseScore")) or number(deep(score, "cvss_v4", "baseScore"))
            for score in dicts(one.get("scores"))
        ]
        best = max((score for score in scores if score is not None), default=None)
        if best is not None:
            event["event.severity"] = round(min(10.0, max(0.0, best)) * 10)
        event["vulnerability.severity"] = str(deep(document, "aggregate_severity", "text") or "")[:32] or "unknown"
        notes = [text(note.get("text")) for note in dicts(one.get("notes")) or dicts(document.get("notes"))]
        event["message"] = next((note for note in notes if note), title)[:4096]
        yield ended(event, (tracking or {}).get("current_release_date"), received, finding=False)


def parse(framed: Framed, received: Received) -> list[Event]:
    return several(framed, received, NAME, _csaf(load_object(framed, NAME), received))


def sniff(framed: Framed) -> float:
    return 0.98 if '"csaf_version"' in framed.text else 0.0


PARSER = Parser(
    name=NAME,
    product="CSAF 2.0 advisories",
    data_kind="third-party",
    reference="https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html",
    parse=parse,
    sniff=sniff,
    markers=('"csaf_version"',),
)
