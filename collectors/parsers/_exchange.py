"""What the formats for exchange share: an event of a report, where an indicator goes, and the bounds of a report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from collectors.parser import Framed, Received
from collectors.parsers._common import ip, port, relate
from collectors.parsers._firewall import network
from collectors.parsers._ids import alert
from collectors.parsers._text import header
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

MAX_EVENTS: Final = 5_000
"""Events of one report; a larger one is broken or hostile."""


def begun(kind: str, producer: str | None) -> Event:
    """An event of a report; `kind` is its data set."""
    event: Event = {
        "event.module": kind.partition(".")[0],
        "event.dataset": kind,
        "event.kind": "event",
        "event.severity": 40,
    }
    if producer:
        event["observer.name"] = producer[:256]
    return event


def ended(event: Event, moment: Any, received: Received, *, finding: bool = True) -> Event:
    """Time, roles and related values; `finding` says whether somebody saw something happen."""
    stamp(event, moment, received)
    event.setdefault("message", event.get("rule.name", ""))
    network(event) if "source.ip" in event else None
    seen = any(name in event for name in ("source.ip", "destination.ip", "url.domain", "host.name", "user.name"))
    if finding and seen:
        event.setdefault("rule.category", event["event.dataset"])
        alert(event, blocked=None)
        if not any(name.startswith(("taishi.attacker.", "taishi.victim.")) for name in event):
            event["taishi.attacker.host"] = str(event.get("url.domain") or event.get("user.name"))[:256]
    elif finding:  # a file or a technique that nobody's host is named with: knowledge, not somebody's alert
        indicates(event)
    else:
        event.setdefault("event.category", ["vulnerability"])
        event.setdefault("event.type", ["info"])
    return relate(event)


def indicates(event: Event) -> None:
    """What others found elsewhere, for comparison: ECS kind `enrichment`, category `threat`, type `indicator`."""
    event["event.kind"], event["event.category"], event["event.type"] = "enrichment", ["threat"], ["indicator"]


_HASH: Final = {32: "file.hash.md5", 40: "file.hash.sha1", 64: "file.hash.sha256"}


def indicator(event: Event, kind: str, value: str, *, source: bool) -> None:
    """Put an indicator where it belongs; `kind` is MISP's or STIX's word."""
    value = value.strip()
    side = "source" if source else "destination"
    address, _, number_ = value.partition("|")
    if (found := ip(address)) is not None:
        event[f"{side}.ip"] = found
        if (found_port := port(number_)) is not None:
            event[f"{side}.port"] = found_port
    elif "url" in kind or "uri" in kind or value[:8].lower().startswith(("http://", "https://")):
        event["url.original"] = value[:2048]
    elif len(value) in _HASH and all(char in "0123456789abcdefABCDEF" for char in value):
        event[_HASH[len(value)]] = value.lower()
    elif "domain" in kind or "hostname" in kind:
        event["url.domain"] = address.lower()[:512]
    elif "filename" in kind or kind == "file":
        event["file.name"] = address[:512]
    elif "email" in kind or "mail" in kind:
        event["email.from.address"] = [value[:512]]
    elif "vulnerability" in kind or value.startswith("CVE-"):
        event["vulnerability.id"] = [value[:64]]
    else:
        event["labels.indicator"] = value[:1024]


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; nothing where it is none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def deep(value: Any, *names: str) -> Any:
    """What stands below these keys, or None."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def several(framed: Framed, received: Received, name: str, found: Iterable[Event]) -> list[Event]:
    """The events of one report with the relay's own header, bounded; none is an error that says so."""
    relay = header(framed, received)[0] if framed.text.strip("\ufeff \r\n")[:1] not in {"{", "<"} else {}
    extra = {key: value for key, value in relay.items() if key.startswith("log.syslog.")}
    events: list[Event] = []
    for event in found:
        if len(events) >= MAX_EVENTS:
            raise ParseError(f"the report makes more than {MAX_EVENTS} events", name)
        events.append({**extra, **event})
    if not events:
        raise ParseError("the report holds nothing that was seen", name)
    return events
