"""The shape of a server program's own log: databases, brokers, directories, mail and file servers.

A line says when, how bad and what; a login or its refusal is the part that matters to security. The same words about
logins give the same fields whoever writes them.
"""

from __future__ import annotations

from typing import Final

from collectors.parser import Framed, Received
from collectors.parsers._common import SYSLOG_SEVERITY, ip, port, relate, word_severity
from collectors.parsers._firewall import network
from collectors.parsers._text import header
from collectors.parsers._time import fallback, parse
from taishi.event import Event

ZONES: Final = {
    "CET": "+0100", "CEST": "+0200", "EET": "+0200", "EEST": "+0300", "MSK": "+0300", "IST": "+0530", "JST": "+0900",
    "KST": "+0900", "HKT": "+0800", "SGT": "+0800", "EST": "-0500", "EDT": "-0400", "PST": "-0800", "PDT": "-0700",
    "MST": "-0700", "MDT": "-0600", "CDT": "-0500", "BST": "+0100", "WET": "+0000", "WEST": "+0100", "AEST": "+1000",
    "AEDT": "+1100", "BRT": "-0300", "UTC": "Z", "GMT": "Z",
}  # fmt: skip
"""Abbreviations that mean one zone only; CST means China's as often as America's, so the source's zone decides."""


def opened(
    name: str, dataset: str, framed: Framed, received: Received, category: str = "", *, iso: bool = False
) -> tuple[Event, str]:
    """The header's fields and the text after it, as an event of this service.

    `iso` also reads a header with an ISO time that the transport left; elsewhere such a time is the service's own.
    """
    event: Event = {}
    text = framed.body or framed.text
    if framed.syslog or text[:1] == "<" or text[:3] in _MONTHS or (iso and text[:4].isdecimal()):
        event, text = header(framed, received)
        if host := event.get("host.hostname"):
            event["host.name"] = host
        code = event.get("log.syslog.severity.code")
        if type(code) is int and 0 <= code < 8:
            event["event.severity"] = SYSLOG_SEVERITY[code]
    event["event.module"], event["event.dataset"], event["event.kind"] = name, dataset, "event"
    if category:
        event["event.category"], event["event.type"] = [category], ["info"]
    return event, text


_MONTHS: Final = frozenset({"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"})


def level(event: Event, word: str) -> None:
    """`log.level` and, where the header says nothing, the severity of a level's word."""
    event["log.level"] = word
    severity = word_severity(_LEVELS.get(word.lower(), word))
    if severity is not None:
        event["event.severity"] = severity


_LEVELS: Final = {
    "log": "info", "note": "notice", "system": "info", "warning": "warning", "trace": "debug", "inf": "info",
    "dbg": "debug", "trc": "debug", "wrn": "warning", "err": "error", "ftl": "fatal", "i": "info", "w": "warning",
    "e": "error", "f": "fatal", "d": "debug", "detail": "info", "statement": "info", "hint": "info", "context": "info",
    "location": "info", "information": "info", "severe": "error", "fine": "debug",
}  # fmt: skip


def at(event: Event, value: str, zone: str, received: Received) -> None:
    """Set the time from the service's own, `zone` being an offset, a name of `ZONES` or nothing."""
    found = parse(f"{value} {ZONES.get(zone, zone if zone[:1] in '+-Zz' else '')}".strip(), received)
    if found is not None:
        event["@timestamp"], event["taishi.time.quality"] = found


def login(
    event: Event, *, good: bool, user: str | None = None, reason: str | None = None, action: str = "login"
) -> None:
    """An authentication and its outcome."""
    event["event.action"] = action
    event["event.category"], event["event.type"] = ["authentication"], ["start"]
    event["event.outcome"] = "success" if good else "failure"
    if user:
        event["user.name"] = user
    if reason:
        event["event.reason"] = reason
    if not good:
        event["event.severity"] = max(event.get("event.severity", 0), 25)


def peer(event: Event, host: str | None, number: str | int | None = None, side: str = "source") -> None:
    """`<side>.ip` or, for a name, `<side>.domain`, and the port."""
    if not host:
        return
    address = ip(host)
    if address is not None:
        event[f"{side}.ip"] = address
    else:
        event[f"{side}.domain"] = host[:255]
    if number is not None and (found := port(number)) is not None:
        event[f"{side}.port"] = found


def close(event: Event, received: Received) -> list[Event]:
    event.setdefault("event.severity", 10)
    fallback(event, received)
    if "source.ip" in event or "destination.ip" in event:
        network(event)
    return [relate(event)]
