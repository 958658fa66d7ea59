"""The syslog header, RFC 5424 and RFC 3164 with what devices really send: ISO times, missing hosts, years, no priority.

Times without a year take the one that puts them nearest to the receipt (a December line received in January is of last
year); times without a zone are in the source's. Reference: RFC 5424 §6, RFC 3164 §4.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from collectors.parser import Framed, Received
from taishi import clock
from taishi.event import Event

_PRIORITY = re.compile(r"<(\d{1,3})>")
_RFC5424 = re.compile(r"1 (\S{1,40}) (\S{1,255}) (\S{1,128}) (\S{1,128}) (\S{0,128}) ")
_BSD_TIME = re.compile(
    r"(?P<month>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2})(?: (?P<year>20\d\d))? "
    r"(?P<clock>\d\d:\d\d:\d\d(?:\.\d{1,6})?)(?: (?P<year2>20\d\d))?:? "
)
_ISO_TIME = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?):? ")
_HOST = re.compile(r"([A-Za-z0-9_.:-]{1,255}) ")
_TAG = re.compile(r"([A-Za-z0-9_./@-]{1,64})(?:\[(\d{1,10})\])?: ?")
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}
_SEVERITIES = ("emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug")
_FACILITIES = (
    "kernel", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", *(f"local{n}" for n in range(8)),
)  # fmt: skip


def read_header(text: str, received: Received) -> Framed:
    """Cut the header off. Text without a priority is taken as it is, with no fields. Linear, never raises."""
    found = _PRIORITY.match(text) if text[:1] == "<" else None
    if not found or (priority := int(found[1])) > 191:
        return Framed(text, {}, text)
    fields = _priority(priority).copy()
    start = found.end()
    modern = _RFC5424.match(text, start) if text.startswith("1 ", start) else None
    body = _modern(modern, text, fields) if modern else _legacy(text, start, fields, received)
    return Framed(text, fields, body)


@lru_cache(192)
def _priority(value: int) -> Event:
    """To be copied: every record of one priority begins with the same fields."""
    facility, severity = divmod(value, 8)
    return {
        "log.syslog.priority": value,
        "log.syslog.severity.code": severity,
        "log.syslog.severity.name": _SEVERITIES[severity],
        "log.syslog.facility.code": facility,
        "log.syslog.facility.name": _FACILITIES[facility],
    }


def _modern(found: re.Match[str], text: str, fields: Event) -> str:
    stamp, host, program, process, message_id = found.groups()
    if stamp != "-":
        _set_time(fields, stamp)
    fields["log.syslog.version"] = "1"
    if host != "-":
        fields["host.hostname"] = fields["log.syslog.hostname"] = host
    if program != "-":
        fields["process.name"] = fields["log.syslog.appname"] = program
    if process != "-":
        fields["log.syslog.procid"] = process
        if process.isdecimal() and len(process) < 11:
            fields["process.pid"] = int(process)
    if message_id not in {"-", ""}:
        fields["log.syslog.msgid"] = message_id
    return _after_structured_data(text[found.end() :], fields)


def _after_structured_data(rest: str, fields: Event) -> str:
    """Skip `[id name="value" …]` elements, quotes and escapes heeded; keep them as one field."""
    if rest.startswith("-"):
        return rest[1:].lstrip(" ").removeprefix("\ufeff")
    position = 0
    in_quotes = False
    while position < len(rest):
        character = rest[position]
        if in_quotes:
            if character == "\\":
                position += 1
            elif character == '"':
                in_quotes = False
        elif character == '"':
            in_quotes = True
        elif character == "]" and rest[position + 1 : position + 2] != "[":
            fields["log.syslog.structured_data"] = {"raw": rest[: position + 1]}
            return rest[position + 1 :].lstrip(" ").removeprefix("\ufeff")
        elif character != "[" and position == 0:
            break
        position += 1
    return rest


def _set_time(fields: Event, stamp: str) -> bool:
    try:
        moment = datetime.fromisoformat(stamp.replace(",", "."))
        if moment.tzinfo is None:
            return False
        fields["@timestamp"] = clock.to_text(moment.timestamp())
    except (ValueError, OverflowError):
        return False
    return True


def _legacy(text: str, start: int, fields: Event, received: Received) -> str:
    """Time, host and tag from `start` on, as far as they are there; returns what follows."""
    found = _BSD_TIME.match(text, start)
    iso = None if found else _ISO_TIME.match(text, start)
    if found:
        _set_bsd_time(fields, found, received)
        start = found.end()
    elif iso:
        if not _set_time(fields, iso[1]):
            _set_local(fields, iso[1], received)
        start = iso.end()
    else:
        return text[start:]
    host = _HOST.match(text, start)
    if host and not (name := host[1]).endswith(":") and "=" not in name:
        fields["host.hostname"] = fields["log.syslog.hostname"] = name
        start = host.end()
    tag = _TAG.match(text, start)
    if not tag:
        return text[start:]
    program, process = tag.groups()
    fields["process.name"] = fields["log.syslog.appname"] = program
    if process:
        fields["process.pid"] = int(process)
        fields["log.syslog.procid"] = process
    return text[tag.end() :]


@lru_cache(64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _set_local(fields: Event, stamp: str, received: Received) -> None:
    try:
        moment = datetime.fromisoformat(stamp.replace(",", ".")).replace(tzinfo=_zone(received.timezone))
        fields["@timestamp"] = clock.to_text(moment.timestamp())
    except (ValueError, OverflowError):
        return
    fields["taishi.time.quality"] = "no_zone"


def _set_bsd_time(fields: Event, found: re.Match[str], received: Received) -> None:
    name, day, early, time, late = found.groups()
    month = _MONTHS.get(name)
    if month is None:
        return
    named = early or late
    second = float(time[6:])
    this_year, latest = _now(received.received_at, received.timezone)
    stamp = (int(named) if named else this_year, month, int(day), int(time[:2]), int(time[3:5]))
    try:
        if not named and (*stamp, second) > latest:
            _minute(stamp, received.timezone)  # a day that this year lacks is no time, also when it is of last year
            stamp = (this_year - 1, *stamp[1:])
        if second >= 60:
            return
        # What lies under a microsecond is cut off, as a clock that counts in microseconds would.
        fields["@timestamp"] = clock.to_text(
            _minute(stamp, received.timezone) + int(second) + int(second % 1 * 1e6) / 1e6
        )
    except (ValueError, OverflowError):
        return
    fields["taishi.time.quality"] = "no_zone" if named else "no_year"


@lru_cache(1024)
def _now(received_at: float, timezone: str) -> tuple[int, tuple[float, ...]]:
    """(the year of the receipt, the latest time that is believed to be of this year) in the source's zone."""
    now = datetime.fromtimestamp(received_at, UTC).astimezone(_zone(timezone))
    late = now + timedelta(days=2)
    return now.year, (late.year, late.month, late.day, late.hour, late.minute, late.second + late.microsecond / 1e6)


@lru_cache(8192)
def _minute(stamp: tuple[int, int, int, int, int], timezone: str) -> float:
    """Epoch seconds of a minute on the source's clock: a source's lines share it. Raises ValueError."""
    return datetime(*stamp, tzinfo=_zone(timezone)).timestamp()
