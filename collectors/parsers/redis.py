"""Redis and Valkey server log: `pid:role day month time level message`, and slow-log or ACL lines that come with it.

Levels are `.` debug, `-` verbose, `*` notice, `#` warning. The year and zone are the source's.
Reference: https://redis.io/docs/latest/operate/oss_and_stack/management/config-file/
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import integer
from collectors.parsers._service import close, level, opened, peer
from collectors.parsers._time import epoch
from collectors.parsers._time import parse as parse_time
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "redis"
_LINE: Final = re.compile(
    r"\[?(\d{1,10})\]?(?::([XCSM]))? (\d{1,2}) ([A-Z][a-z]{2})(?: (\d{4}))? (\d\d:\d\d:\d\d(?:\.\d{1,3})?) ([.\-*#]) "
)
_SIGNAL: Final = re.compile(r"(\d{1,10}):signal-handler \((\d{1,12})\) ")
_ROLES: Final = {"X": "sentinel", "C": "RDB/AOF writing child", "S": "slave", "M": "master"}
_LEVELS: Final = {".": "debug", "-": "verbose", "*": "notice", "#": "warning"}
_PEER: Final = re.compile(
    r"(?<![\w.:])(\d{1,3}(?:\.\d{1,3}){3}|\[?[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{0,4}){3,7}\]?):(\d{1,5})(?!\d)"
)


def _meaning(event: Event, message: str) -> None:
    found = _PEER.search(message, 0, 400)
    if found is not None and "Accepted" not in message:
        peer(event, found[1].strip("[]"), found[2])
    if message.startswith("Accepted ") and found is not None:
        peer(event, found[1].strip("[]"), found[2])
        event["event.action"], event["event.category"] = "connection-accepted", ["database", "network"]
        event["event.type"] = ["connection", "start"]
    elif "SECURITY ATTACK" in message or "Possible SECURITY" in message:
        event["event.action"], event["event.type"] = "possible-security-attack", ["denied"]
        event["event.severity"] = 60
    elif "DENIED" in message or "protected mode" in message.lower() or "NOAUTH" in message or "WRONGPASS" in message:
        event["event.category"], event["event.type"] = ["database", "authentication"], ["denied"]
        event["event.outcome"] = "failure"


def parse(framed: Framed, received: Received) -> list[Event]:
    whole = framed if framed.syslog else Framed(framed.text)
    event, said = opened(NAME, "redis.log", whole, received, "database")
    found = _LINE.match(said)
    if found is not None:
        pid, role, day, month, year, time, mark = found.groups()
        stamped = parse_time(f"{month} {day} {f'{year} ' if year else ''}{time}", received)
        if stamped is not None:
            event["@timestamp"], event["taishi.time.quality"] = stamped
        level(event, _LEVELS[mark])
        if role:
            event["redis.log.role"] = _ROLES[role]
    else:
        found = _SIGNAL.match(said)
        if found is None:
            raise ParseError("no line of Redis", NAME)
        pid = found[1]
        if (moment := epoch(found[2])) is not None:
            event["@timestamp"], event["taishi.time.quality"] = moment, "exact"
    if (process := integer(pid)) is not None:
        event["process.pid"] = process
    event["process.name"] = "redis-server"
    event["message"] = said[found.end() :]
    _meaning(event, event["message"])
    return close(event, received)


def sniff(framed: Framed) -> float:
    head = (framed.body or framed.text)[:80] if framed.syslog else framed.text[:120]
    if "redis" in head:  # a syslog header that the transport did not read
        head = head[head.find(": ") + 2 :]
    if not head[:1].isdecimal() and head[:1] != "[":
        return 0.0
    found = _LINE.match(head)
    if found is not None:
        return 0.97 if found[2] else 0.85
    return 0.95 if _SIGNAL.match(head) else 0.0


PARSER = Parser(
    name=NAME,
    product="Redis, Valkey",
    data_kind="platform",
    reference="https://redis.io/docs/latest/operate/oss_and_stack/management/config-file/",
    parse=parse,
    sniff=sniff,
)
