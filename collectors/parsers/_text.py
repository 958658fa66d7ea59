"""Tokenising text records in linear time: key=value in its dialects, and the syslog header where none was parsed.

Every expression is possessive or starts at a boundary, so no input makes it look at a character more than a constant
number of times.
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Received
from collectors.parsers._time import parse as parse_time
from taishi.event import Event

# key="quoted \" text" or key=word; FortiOS log reference.
_SPACED: Final = re.compile(
    r'(?<![\w.\-])([A-Za-z_][\w.\-]*+)=(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"|([^\s"]\S*+)|("\S*+)|)\s*+', re.DOTALL
)
# Windows names keep their backslash: only what FortiOS itself escapes is unescaped.
_ESCAPE: Final = re.compile(r'\\(["\\])')


def spaced_pairs(text: str) -> dict[str, str]:
    """`a=1 b="two words" c=` → dict; the last of a repeated key wins. `\\"` and `\\\\` inside quotes are unescaped."""
    pairs: dict[str, str] = {}
    for key, quoted, word, broken in _SPACED.findall(text):
        if quoted:
            pairs[key] = _ESCAPE.sub(r"\1", quoted) if "\\" in quoted else quoted
        else:
            pairs[key] = word or broken[1:]
    return pairs


def delimited_pairs(text: str) -> dict[str, str]:
    """`A=1, B="x, y", C d=2` → dict: split at commas or semicolons outside quotes; keys may hold single spaces."""
    pairs: dict[str, str] = {}
    key = ""
    for piece in split_outside_quotes(text):
        name, sign, value = piece.partition("=")
        name = name.strip()
        if sign and 0 < len(name) <= 64 and not name[0].isdecimal():
            key = name
            value = value.strip()
            pairs[key] = value.strip('"').strip() if '"' in value else value
        elif key and piece.strip():
            pairs[key] = f"{pairs[key]}, {piece.strip()}"
    return pairs


_PIECE: Final = re.compile(r'[^,;"]*+(?:"[^"]*+"?+[^,;"]*+)*+')


def split_outside_quotes(text: str) -> list[str]:
    """Split at commas and semicolons that are not inside double quotes."""
    pieces = _PIECE.findall(text) if '"' in text else text.replace(";", ",").split(",")
    return [piece for piece in pieces if piece]


# RFC 3164 and its many variants; used where the transport found no header.
_HEADER: Final = re.compile(
    r"(?:<(?P<pri>\d{1,3})>)?(?:1 (?=\d{4}-))?"
    r"(?P<time>[A-Z][a-z]{2} {1,2}\d{1,2}(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d{1,9})?(?: \d{4}(?= ))?"
    r"|\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?) {1,4}"
    r"(?:(?P<host>[^\s:\[\]=|]{1,255}) {1,4})?"
    r"(?:(?P<program>[A-Za-z0-9_./()=\-\]]{1,128}?)(?:\[(?P<pid>\d{1,10})\])?: ?)?"
)


# RFC 5424: <PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID SD MSG
_NEW_HEADER: Final = re.compile(
    r"<(\d{1,3})>1 (\S{1,40}) (\S{1,255}) (\S{1,128}) (\S{1,128}) (\S{1,64}) "
    r'(?:-|(?:\[(?:[^\]"\\]|\\.|"(?:[^"\\]|\\.)*+")*+\])++) ?',
    re.DOTALL,
)


def _new_header(text: str, received: Received) -> tuple[Event, str] | None:
    found = _NEW_HEADER.match(text)
    if found is None:
        return None
    priority, time, host, program, pid, _ = found.groups()
    event: Event = {"log.syslog.priority": int(priority)}
    event["log.syslog.facility.code"], event["log.syslog.severity.code"] = divmod(int(priority), 8)
    stamped = parse_time(time, received)
    if stamped:
        event["@timestamp"], event["taishi.time.quality"] = stamped
    if host != "-":
        event["host.hostname"] = host
    if program != "-":
        event["process.name"] = program.rstrip(":")
    if pid.isascii() and pid.isdecimal() and len(pid) < 10:
        event["process.pid"] = int(pid)
    return event, text[found.end() :].lstrip("\ufeff")


_PRIORITY: Final = re.compile(r"<(\d{1,3})>")


def priority_of(text: str) -> tuple[Event, str]:
    """A priority is all that can be read of the header."""
    found = _PRIORITY.match(text)
    if found is None or (priority := int(found[1])) > 191:
        return {}, text
    facility, severity = divmod(priority, 8)
    event: Event = {
        "log.syslog.priority": priority,
        "log.syslog.facility.code": facility,
        "log.syslog.severity.code": severity,
    }
    return event, text[found.end() :]


def header(framed: Framed, received: Received) -> tuple[Event, str]:
    """The header's fields as a new event, and the text after it. Uses the transport's header where there was one."""
    if framed.syslog:
        return dict(framed.syslog), framed.body or framed.text
    text = framed.body or framed.text
    if not text or (text[0] != "<" and not text[0].isdecimal() and not text[0].isupper()):
        return {}, text
    if text.startswith("<") and ">1 " in text[:8] and (new := _new_header(text, received)) is not None:
        return new
    found = _HEADER.match(text)
    if found is None:
        return priority_of(text)
    event: Event = {}
    stamped = parse_time(found["time"], received)
    if stamped:
        event["@timestamp"], event["taishi.time.quality"] = stamped
    if found["pri"]:
        priority = int(found["pri"])
        event["log.syslog.priority"] = priority
        event["log.syslog.facility.code"], event["log.syslog.severity.code"] = divmod(priority, 8)
    if found["host"]:
        event["host.hostname"] = found["host"]
    if found["program"]:
        event["process.name"] = found["program"]
    if found["pid"]:
        event["process.pid"] = int(found["pid"])
    return event, text[found.end() :]
