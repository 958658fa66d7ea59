"""Times of log lines → the event timestamp text (RFC 3339, UTC, milliseconds).

Lines of one source repeat the same minute thousands of times, so the calendar work is done once a minute and cached;
a call costs a regular expression and two dictionary look-ups.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from collectors.parser import Received
from taishi.event import Event

_ISO = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T ]++(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?"
    r"(Z|z|UTC|GMT|[+-]\d\d:?\d\d)?"
)
# RFC 3164 ("Feb  3 04:05:06"), with an optional year before or after the time (Huawei, Cisco).
_MONTH = re.compile(
    r"(?:[A-Z][a-z]{2},? )?([A-Z][a-z]{2}) {1,2}(\d{1,2}),?(?: (\d{4}),?)? (\d\d):(\d\d):(\d\d)"
    r"(?:[.,](\d{1,9}))?(?: (\d{4})(?![\d:]))?(?: ?(Z|UTC|GMT|[+-]\d\d:?\d\d))?"
)
# Common Log Format and ArcSight's day-first form ("10/Oct/2000:13:55:36 -0700", "22 Jan 2024 10:00:00").
_CLF = re.compile(
    r"(\d{1,2})[/ -]([A-Z][a-z]{2})[/ -](\d{4})[: ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s?(Z|UTC|GMT|[+-]\d\d:?\d\d)?"
)
_US = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}),? (\d{1,2}):(\d\d):(\d\d) ?([AP]M)?")
_MONTHS = {
    name: index
    for index, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """The zone of an IANA name or an offset ("+0800", "+08:00", "Z"); UTC for what is neither."""
    if name in {"", "Z", "z", "UTC", "GMT"}:
        return UTC
    if name[0] in "+-":
        digits = name[1:].replace(":", "")
        delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4] or 0))
        return timezone(-delta if name[0] == "-" else delta) if delta < timedelta(hours=24) else UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


@lru_cache(maxsize=8192)
def _minute(year: int, month: int, day: int, hour: int, minute: int, where: str) -> str | None:
    try:
        moment = datetime(year, month, day, hour, minute, tzinfo=zone(where)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M}:"


def _text(date: tuple[int, int, int], hour: int, minute: int, second: str, part: str | None, where: str) -> str | None:
    if second > "60":
        return None
    head = _minute(*date, hour, minute, where)
    return head and f"{head}{second if second != '60' else '59'}.{(part or '000')[:3]:0<3}Z"


_OFFSETS: Final = frozenset({"", "Z", "+0000", "+00:00", "+0800", "+08:00", "-0500", "-05:00", "+0100", "+01:00"})


@lru_cache(maxsize=8192)
def _iso_minute(text: str, where: str) -> str | None:
    found = _ISO.match(f"{text}:00")
    if found is None or found.end() != 19:
        return None
    year, month, day, hour, minute = map(int, found.groups()[:5])
    return _minute(year, month, day, hour, minute, where)


def iso(text: str, where: str = "Asia/Shanghai") -> tuple[str, str] | None:
    """An ISO-like time → (timestamp, quality); None where it is none. `where` is used where the text has no zone."""
    if len(text) > 20 and text[19] == "." and text[10] == "T" and text[16] == ":":
        # The form of Suricata, Winlogbeat and most JSON: one cached look-up a minute, no expression.
        millis, second = text[20:23], text[17:19]
        offset = text[26:] if text[20:26].isdecimal() else text[23:]
        if millis.isdecimal() and second.isdecimal() and second < "60" and len(millis) == 3 and offset in _OFFSETS:
            head = _iso_minute(text[:16], offset or where)
            if head is not None:
                return f"{head}{second}.{millis}Z", "exact" if offset else "no_zone"
    found = _ISO.match(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, part, offset = found.groups()
    stamp = _text((int(year), int(month), int(day)), int(hour), int(minute), second, part, offset or where)
    return stamp and (stamp, "exact" if offset else "no_zone")  # type: ignore[return-value]


@lru_cache(maxsize=4096)
def _epoch_minute(minutes: int) -> str:
    moment = datetime.fromtimestamp(minutes * 60, UTC)
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M}:"


def epoch(value: Any) -> str | None:
    """Epoch seconds, milliseconds, microseconds or nanoseconds (told apart by size) → timestamp text."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    size = abs(number)
    if size >= 1e17:
        number /= 1e9
    elif size >= 1e14:
        number /= 1e6
    elif size >= 1e11:
        number /= 1e3
    if not 0 <= number < 253402300799:
        return None
    millis = round(number * 1000)
    minutes, rest = divmod(millis, 60000)
    return f"{_epoch_minute(minutes)}{rest // 1000:02d}.{rest % 1000:03d}Z"


def _year(month: int, day: int, received: Received) -> int:
    """The year a line omits: the one that puts it nearest before a day after its receipt."""
    try:
        now = datetime.fromtimestamp(received.received_at, UTC)
    except (ValueError, OverflowError, OSError):
        return 1970
    late = (now + timedelta(days=1)).timetuple()[1:3]
    return now.year - 1 if (month, day) > late and not (now.month == 12 and now.day == 31) else now.year


def _named(text: str, received: Received) -> tuple[str, str] | None:
    found = _MONTH.match(text)
    if found is not None:
        name, day, early, hour, minute, second, part, late, offset = found.groups()
        year = early or late
    else:
        found = _CLF.match(text)
        if found is None:
            return None
        day, name, year, hour, minute, second, part, offset = found.groups()
    month = _MONTHS.get(name)
    if month is None:
        return None
    number = int(year) if year else _year(month, int(day), received)
    stamp = _text((number, month, int(day)), int(hour), int(minute), second, part, offset or received.timezone)
    quality = "no_year" if not year else "exact" if offset else "no_zone"
    return stamp and (stamp, quality)  # type: ignore[return-value]


def _american(text: str, received: Received) -> tuple[str, str] | None:
    found = _US.match(text)
    if found is None:
        return None
    month, day, year, hour, minute, second, half = found.groups()
    number = int(hour) % 12 + (12 if half == "PM" else 0) if half else int(hour)
    stamp = _text((int(year), int(month), int(day)), number, int(minute), second, None, received.timezone)
    return stamp and (stamp, "no_zone")  # type: ignore[return-value]


def parse(value: Any, received: Received) -> tuple[str, str] | None:
    """Any of the forms logs use (ISO, RFC 3164 with or without year, CLF, US, epoch) → (timestamp, quality)."""
    if isinstance(value, str):
        text = value.strip()
        found = iso(text, received.timezone)
        if found is not None:
            return found
        if text[:1].isalpha() or not text.replace(".", "", 1).lstrip("-").isdecimal():
            return _named(text, received) or _american(text, received)
        value = text
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return None
    stamp = epoch(value)
    return (stamp, "exact") if stamp else None


def fallback(event: Event, received: Received) -> None:
    """Give an event without a readable time the time of its header, else of its receipt."""
    if "@timestamp" not in event:
        event["@timestamp"] = epoch(received.received_at) or "1970-01-01T00:00:00.000Z"
        event["taishi.time.quality"] = "received"
    else:
        event.setdefault("taishi.time.quality", "exact")


def stamp(event: Event, value: Any, received: Received) -> None:
    """Set `@timestamp` and `taishi.time.quality` from a product's own time; falls back to header, then receipt."""
    found = parse(value, received)
    if found is None:
        fallback(event, received)
    else:
        event["@timestamp"], event["taishi.time.quality"] = found
