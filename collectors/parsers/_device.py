"""The shape of what any device says of itself: logins, commands, configuration, a plain notice.

`begin` reads the syslog header, `finish` closes the event; between them a parser fills in what its lines say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from collectors.parser import Framed, Received
from collectors.parsers._common import SYSLOG_SEVERITY, integer, ip, port, relate
from collectors.parsers._firewall import network
from collectors.parsers._text import header
from collectors.parsers._time import fallback
from taishi.event import Event


def begin(framed: Framed, received: Received, module: str, dataset: str = "") -> tuple[Event, str]:
    """The header's fields with module and dataset set, and the text after the header."""
    event, body = header(framed, received)
    event["event.module"] = module
    event["event.dataset"] = dataset or module
    event["event.kind"] = "event"
    return event, body


def observer(event: Event, vendor: str, product: str = "", kind: str = "") -> None:
    """Name the product; only where the line itself does."""
    event["observer.vendor"] = vendor
    if product:
        event["observer.product"] = product
    if kind:
        event["observer.type"] = kind


def finish(event: Event, received: Received) -> list[Event]:
    """Fill what follows from the fields (time, severity of the header, network, related) and return the one event."""
    fallback(event, received)
    event.setdefault("event.kind", "event")
    code = event.get("log.syslog.severity.code")
    if type(code) is int and 0 <= code < 8:
        event.setdefault("event.severity", SYSLOG_SEVERITY[code])
    if "event.category" not in event:
        event["event.category"] = ["network"] if "source.ip" in event and "destination.ip" in event else ["host"]
        event.setdefault("event.type", ["info"])
    if "source.ip" in event:
        network(event)
    return [relate(event)]


def login(event: Event, ok: bool | None, *, out: bool = False) -> None:
    """A person or machine signing in (or out): success, failure, or not said."""
    event["event.category"] = ["authentication"]
    event["event.type"] = ["end" if out else "start"]
    event["event.outcome"] = "success" if out or ok else "unknown" if ok is None else "failure"
    event.setdefault("event.action", "logout" if out else "login")


def change(event: Event, ok: bool = True) -> None:
    """Somebody changed the configuration."""
    event["event.category"], event["event.type"] = ["configuration"], ["change"]
    event["event.outcome"] = "success" if ok else "failure"


def plain(event: Event, category: str = "host", kind: str = "info") -> None:
    """A notice without a verdict."""
    event["event.category"], event["event.type"] = [category], [kind]


_CLOSING: Final = str.maketrans("", "", "[]()<>\"'")


def peer(event: Event, side: str, address: str, number: Any = None) -> None:
    """Set `side`.ip/port from `10.1.1.1`, `10.1.1.1:80`, `10.1.1.1/80`, `[fd00::1]:80`, or a name with its port."""
    where, at = split_peer(address)
    if not where:
        return
    found = ip(where)
    if found is not None:
        event[f"{side}.ip"] = found
    elif not any(char.isspace() for char in where) and len(where) < 256:
        event[f"{side}.domain"] = where
    else:
        return
    event.setdefault(f"{side}.address", found or where)
    value = at if number is None or number == "" else port(number)
    if value is not None:
        event[f"{side}.port"] = value


def split_peer(text: str) -> tuple[str, int | None]:
    """`host:port`, `host/port`, `[v6]:port`, bare IPv6 → (host, port or None); `-` and empty give ""."""
    text = text.strip()
    if text in {"", "-", "unix:", "unknown"}:
        return "", None
    if text[0] == "[":
        where, _, rest = text[1:].partition("]")
        return where, port(rest.lstrip(":/")) if rest[1:].isdecimal() else None
    if "/" in text:
        where, _, rest = text.rpartition("/")
        if rest.isdecimal() and where:
            return where.translate(_CLOSING), port(rest)
    if text.count(":") == 1:
        where, _, rest = text.partition(":")
        if rest.isdecimal():
            return where, port(rest)
    return text, None


def numbers(event: Event, pairs: Iterable[tuple[str, Any]]) -> None:
    """Set the fields whose values are integers that a column can hold."""
    for name, value in pairs:
        found = integer(value)
        if found is not None and found >= 0:
            event[name] = found


def duration(event: Event, seconds: float | None) -> None:
    """Seconds → `event.duration` in nanoseconds; negative and absurd ones are left out."""
    if seconds is not None and 0 <= seconds < 10**9:
        event["event.duration"] = round(seconds * 10**9)


def names(text: str) -> frozenset[str]:
    """Words parted by spaces, as a set: the keys that a parser takes itself."""
    return frozenset(text.split())
