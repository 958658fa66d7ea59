"""What Cisco's devices share: the many prefixes before `%FACILITY-severity-…`, and the `Key: value, …` of Firepower."""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Received
from collectors.parsers._common import ip
from collectors.parsers._time import parse as parse_time
from taishi.event import Event

_TIME: Final = re.compile(
    r"[*.:]?((?:[A-Z][a-z]{2} {1,2}\d{1,2}(?: \d{4})?|\d{4} [A-Z][a-z]{2} {1,2}\d{1,2}) "
    r"\d\d:\d\d:\d\d(?:\.\d{1,9})?(?: \d{4}(?= |:))?"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)(?: ([A-Z]{2,5}|[+-]\d\d:?\d\d))?:?(?= |$|:)"
)
_YEAR_FIRST: Final = re.compile(r"(\d{4}) ([A-Z][a-z]{2} {1,2}\d{1,2}) ")
_HOST: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:\-]{0,254}")
_ZONES: Final = {"UTC": "Z", "GMT": "Z", "Z": "Z", "CST": None}


def prefix(event: Event, framed: Framed, text: str, received: Received) -> None:
    """Time and host from what stands before the message. A device's own time, the last one there, wins over a relay's."""
    found = list(_TIME.finditer(text[:512]))
    rest = text[:512]
    for one in reversed(found):
        rest = f"{rest[: one.start()]} {rest[one.end() :]}"
    best = found[-1] if found else None
    if best is not None and not (
        best[1][0].isalpha() and event.get("taishi.time.quality") is None and "@timestamp" in event
    ):
        value = _YEAR_FIRST.sub(r"\2 \1 ", best[1])
        offset = best[2] or ""
        value += _ZONES.get(offset) or (offset if offset[:1] in {"+", "-"} else "")
        stamped = parse_time(value, received)
        if stamped:
            event["@timestamp"], event["taishi.time.quality"] = stamped
    if "host.hostname" not in event or (ip(event["host.hostname"]) is None and event["host.hostname"].isdecimal()):
        event.pop("host.hostname", None)
        _host(event, rest)
    event.pop("process.name", None)


def _host(event: Event, rest: str) -> None:
    for token in rest.replace("<", " <").split():
        name = token.strip(":,")
        if (
            token[0] in "<%[*"
            or not name
            or name.isdecimal()
            or (name.isupper() and name in {"UTC", "GMT", "CST", "EST"})
        ):
            continue
        if "[" in name or name.startswith(("RP/", "LC/", "last", "message")) or not _HOST.fullmatch(name):
            continue
        if any(char.isalpha() for char in name) or ip(name):
            event["host.hostname"] = name
            return


_PAIR: Final = re.compile(r"(?:^|, ?|; ?)([A-Z][A-Za-z0-9_ ]{1,40}): ?")


def colon_pairs(text: str) -> dict[str, str]:
    """`Key: value, Other Key: value with, commas, …` → dict; the first of a repeated key wins."""
    parts = _PAIR.split(text)
    pairs: dict[str, str] = {}
    for key, value in zip(parts[1::2], parts[2::2], strict=False):
        pairs.setdefault(key, value.strip().strip('"'))
    return pairs
