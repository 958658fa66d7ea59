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
_RFC5424 = re.compile(r"1 (\S{1,40}) (\S{1,255}) (\S{1,128}) (\S{1,128}) (\S{1,128}) ")
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
    found = _PRIORITY.match(text)
    if not found or int(found.group(1)) > 191:
        return Framed(text, {}, text)
    fields = _priority(int(found.group(1)))
    rest = text[found.end() :]
    modern = _RFC5424.match(rest)
    body = _modern(modern, rest, fields) if modern else _legacy(rest, fields, received)
    return Framed(text, fields, body)


@lru_cache(192)
def _priority_fields(value: int) -> tuple[tuple[str, str | int], ...]:
    facility, severity = divmod(value, 8)
    return (
        ("log.syslog.priority", value),
        ("log.syslog.severity.code", severity),
        ("log.syslog.severity.name", _SEVERITIES[severity]),
        ("log.syslog.facility.code", facility),
        ("log.syslog.facility.name", _FACILITIES[facility]),
    )


def _priority(value: int) -> Event:
    return dict(_priority_fields(value))


def _modern(found: re.Match[str], rest: str, fields: Event) -> str:
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
        if process.isdigit() and len(process) < 11:
            fields["process.pid"] = int(process)
    if message_id != "-":
        fields["log.syslog.msgid"] = message_id
    return _after_structured_data(rest[found.end() :], fields)


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


def _legacy(rest: str, fields: Event, received: Received) -> str:
    found = _BSD_TIME.match(rest)
    iso = None if found else _ISO_TIME.match(rest)
    if found:
        _set_bsd_time(fields, found, received)
        rest = rest[found.end() :]
    elif iso:
        if not _set_time(fields, iso.group(1)):
            _set_local(fields, iso.group(1), received)
        rest = rest[iso.end() :]
    else:
        return rest
    host = _HOST.match(rest)
    if host and not host.group(1).endswith(":") and "=" not in host.group(1):
        fields["host.hostname"] = fields["log.syslog.hostname"] = host.group(1)
        rest = rest[host.end() :]
    tag = _TAG.match(rest)
    if not tag:
        return rest
    fields["process.name"] = fields["log.syslog.appname"] = tag.group(1)
    if tag.group(2):
        fields["process.pid"] = int(tag.group(2))
        fields["log.syslog.procid"] = tag.group(2)
    return rest[tag.end() :]


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
    month = _MONTHS.get(found["month"])
    if month is None:
        return
    zone = _zone(received.timezone)
    now = datetime.fromtimestamp(received.received_at, UTC).astimezone(zone)
    named = found["year"] or found["year2"]
    hour, minute, second = found["clock"].split(":")
    try:
        moment = datetime(
            int(named) if named else now.year, month, int(found["day"]), int(hour), int(minute),
            int(float(second)), int(float(second) % 1 * 1e6), zone,
        )  # fmt: skip
        if not named and moment - now > timedelta(days=2):
            moment = moment.replace(year=now.year - 1)
        fields["@timestamp"] = clock.to_text(moment.timestamp())
    except (ValueError, OverflowError):
        return
    fields["taishi.time.quality"] = "no_zone" if named else "no_year"
