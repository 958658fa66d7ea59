"""PostgreSQL server log: stderr text with any usual `log_line_prefix`, csvlog, jsonlog (15 on), and through syslog.

The prefix is free; what stands in it is told by its form: time, process, user@database, host(port). Failed logins, refused
hosts, connections and statements with their duration are told apart.
Reference: https://www.postgresql.org/docs/current/runtime-config-logging.html
"""

from __future__ import annotations

import csv
import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import Fields, apply, integer, ip, keep, load_object, number, port, text
from collectors.parsers._service import at, close, level, login, opened, peer
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "postgresql"
_LEVEL: Final = re.compile(
    r"(?:^|[\s:])(DEBUG[1-5]?|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC|DETAIL|HINT|QUERY|CONTEXT|LOCATION|STATEMENT)"
    r":\s{1,2}"
)
_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?) ([A-Z]{2,5}|[+-]\d\d(?::?\d\d)?)(?=[\s:\],]|$)"
)
_PID: Final = re.compile(r"\[(\d{1,10})(?:-\d{1,10})?\]|(?<=[:\s])(\d{2,10})(?=[:\s])")
_WHO: Final = re.compile(r"(?<![\w@])\[?([\w.\-$]{1,63})\]?@\[?([\w.\-$]{1,63})\]?(?![\w@])")
_NAMED: Final = re.compile(r"\b(user|db|database|app|application|client|host)=([^\s,]{0,255})")
_HOST: Final = re.compile(
    r"(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7})(?:\((\d{1,5})\))?(?![\w.])"
)
_CODE: Final = re.compile(r"([0-9A-Z]{5}): ")
_DURATION: Final = re.compile(
    r"duration: (\d{1,12}(?:\.\d{1,6})?) ms(?:  (statement|parse|bind|execute|fetch)(?: ([^:]{1,128}))?: )?"
)
_LOGIN_FAILED: Final = re.compile(
    r'(?:[\w\- ]{1,40} authentication failed for (?:user|role)|role|no pg_hba\.conf entry for host "(?P<host>[^"]{1,255})", user|'
    r'(?P<reject>pg_hba\.conf rejects connection) for host "(?P<from>[^"]{1,255})", user|'
    r'Peer authentication failed for user) "(?P<user>[^"]{1,63})"'
)
_RECEIVED: Final = re.compile(r"connection received: host=(\S{1,255})(?: port=(\d{1,5}))?")
_AUTHORIZED: Final = re.compile(
    r"(?:replication )?connection authorized: user=(\S{1,63})(?: database=(\S{1,63}))?(?: application_name=(\S{1,63}))?"
)
_CLOSED: Final = re.compile(
    r"disconnection: session time: (\S{1,32}) user=(\S{0,63}) database=(\S{0,63}) host=(\S{1,255})(?: port=(\d{1,5}))?"
)
_COLUMNS: Final = (
    "time", "user", "dbname", "pid", "connection", "session_id", "line_num", "ps", "session_start", "vxid", "txid",
    "error_severity", "state_code", "message", "detail", "hint", "internal_query", "internal_position", "context",
    "statement", "cursor_position", "func_location", "application_name", "backend_type", "leader_pid", "query_id",
)  # fmt: skip
FIELDS: Final[Fields] = {
    "user": ("user.name", text),
    "pid": ("process.pid", integer),
    "remote_host": ("source.ip", ip),
    "remote_port": ("source.port", port),
    "dbname": ("postgresql.log.database", text),
    "state_code": ("postgresql.log.sql_state_code", text),
    "session_id": ("postgresql.log.session_id", text),
    "application_name": ("postgresql.log.application_name", text),
    "backend_type": ("postgresql.log.backend_type", text),
    "ps": ("postgresql.log.command_tag", text),
    "detail": ("postgresql.log.detail", text),
    "hint": ("postgresql.log.hint", text),
    "statement": ("postgresql.log.query", text),
    "query_id": ("postgresql.log.query_id", text),
    "vxid": ("postgresql.log.virtual_transaction_id", text),
    "txid": ("postgresql.log.transaction_id", text),
}
_SKIP: Final = frozenset(
    {*FIELDS, "time", "timestamp", "error_severity", "message", "connection", "session_start", "line_num"}
)


def _said(event: Event, message: str, severity: str) -> None:
    code = _CODE.match(message)
    if code is not None:
        event["postgresql.log.sql_state_code"] = code[1]
        message = message[code.end() :]
    event["message"] = message
    level(event, severity)
    if severity in {"ERROR", "FATAL", "PANIC"}:
        event["event.type"] = ["error"]
    if (found := _LOGIN_FAILED.match(message)) is not None and (
        severity == "FATAL" or found["host"] or found["reject"]
    ):
        _refused(event, found, message)
    elif (took := _DURATION.match(message)) is not None:
        _took(event, took, message)
    elif message.startswith(("statement: ", "execute ")):
        event["postgresql.log.query"] = event["message"] = message.partition(": ")[2]
        event["postgresql.log.query_step"] = message.partition(":")[0].partition(" ")[0]
    elif message.startswith("AUDIT: "):
        _audit(event, message)
    elif message.startswith(("connection ", "replication connection ", "disconnection: ")):
        _session(event, message)


def _refused(event: Event, found: re.Match[str], message: str) -> None:
    kinds = event["event.type"]
    login(event, good=False, user=found["user"], reason=message[:200], action="database-login")
    event["event.category"], event["event.type"] = ["database", "authentication"], [*kinds, "start"]
    peer(event, found["host"] or found["from"])


def _session(event: Event, message: str) -> None:
    """A connection was received, let in, or ended."""
    if (received := _RECEIVED.match(message)) is not None:
        peer(event, None if received[1] == "[local]" else received[1], received[2])
        _kind(event, "database-connection", "connection", "start")
    elif (allowed := _AUTHORIZED.match(message)) is not None:
        login(event, good=True, user=allowed[1], action="database-login")
        event["event.category"], event["event.type"] = ["database", "authentication"], ["info", "start"]
        if allowed[2]:
            event["postgresql.log.database"] = allowed[2]
    elif (closed := _CLOSED.match(message)) is not None:
        peer(event, None if closed[4] == "[local]" else closed[4], closed[5])
        _kind(event, "database-disconnection", "connection", "end")
        if closed[2]:
            event["user.name"] = closed[2]


def _took(event: Event, found: re.Match[str], message: str) -> None:
    """`duration: 12.3 ms  statement: SELECT …`"""
    seconds = number(found[1])
    if seconds is not None:
        event["event.duration"] = round(seconds * 1_000_000)
    if found[2]:
        event["postgresql.log.query_step"] = found[2]
        event["postgresql.log.query"] = event["message"] = message[found.end() :]
    if found[3]:
        event["postgresql.log.query_name"] = found[3]


def _kind(event: Event, action: str, *types: str) -> None:
    event["event.action"], event["event.category"], event["event.type"] = (
        action,
        ["database", "network"],
        ["info", *types],
    )


def _audit(event: Event, message: str) -> None:
    """pgAudit: `AUDIT: SESSION,1,1,READ,SELECT,,,select …,<none>`."""
    try:
        row = next(csv.reader([message.removeprefix("AUDIT: ").replace("\n", " ")]))
    except (csv.Error, StopIteration):
        return
    if len(row) >= 8:
        event["event.action"] = row[4].lower() or row[3].lower()
        event["event.type"] = [
            {"READ": "access", "WRITE": "change", "DDL": "change", "ROLE": "admin"}.get(row[3], "info")
        ]
        event["postgresql.log.query"] = row[7]
        if row[6]:
            event["postgresql.log.object"] = row[6]


def _prefix(event: Event, head: str, received: Received) -> None:
    """What the free prefix holds, by form."""
    time = _TIME.search(head, 0, 300)
    if time is not None:
        at(event, time[1], time[2], received)
        head = head[: time.start()] + head[time.end() :]
    for key, value in _NAMED.findall(head[:400]):
        if value and value not in {"[unknown]", "[local]"}:
            if key == "user":
                event["user.name"] = value
            elif key in {"db", "database"}:
                event["postgresql.log.database"] = value
            elif key in {"client", "host"}:
                peer(event, value.partition("(")[0])
            else:
                event["postgresql.log.application_name"] = value
    pid = _PID.search(head, 0, 400)
    if pid is not None and (found := integer(pid[1] or pid[2])) is not None:
        event.setdefault("process.pid", found)
    host = _HOST.search(head, 0, 400)
    if host is not None:
        peer(event, host[1], host[2])
    who = _WHO.search(head, 0, 400)
    if who is not None:
        event["user.name"], event["postgresql.log.database"] = who[1], who[2]


def _object(framed: Framed, received: Received) -> Event:
    event, _ = opened(NAME, "postgresql.log", framed, received, "database")
    raw = load_object(framed, NAME)
    apply(event, raw, FIELDS)
    _timed(event, text(raw.get("timestamp")) or "", received)
    keep(event, "postgresql.log.", raw, _SKIP)
    _said(event, text(raw.get("message")) or "", text(raw.get("error_severity")) or "LOG")
    return event


def _timed(event: Event, value: str, received: Received) -> None:
    stamp, _, zone = value.rpartition(" ")
    at(event, stamp, zone, received)


def _csv(body: str, framed: Framed, received: Received) -> Event:
    event, _ = opened(NAME, "postgresql.log", framed, received, "database")
    try:
        row = (
            next(csv.reader([body], strict=False))
            if "\n" not in body
            else next(csv.reader(body.splitlines(keepends=True)))
        )
    except (csv.Error, StopIteration) as error:
        raise ParseError(f"broken csvlog: {error}", NAME) from error
    raw: dict[str, Any] = {key: value for key, value in zip(_COLUMNS, row, strict=False) if value}
    if len(row) < 14:
        raise ParseError(f"csvlog with {len(row)} columns", NAME)
    host, _, number_ = str(raw.get("connection", "")).rpartition(":")
    if host and host != "[local]":
        peer(event, host, number_)
    apply(event, raw, FIELDS)
    _timed(event, str(raw.get("time", "")), received)
    _said(event, str(raw.get("message", "")), str(raw.get("error_severity", "LOG")))
    return event


_CSV: Final = re.compile(
    r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})? [A-Z+\-0-9:]{1,8},(?:"[^"]{0,63}")?,(?:"[^"]{0,63}")?,\d{1,10},'
)


def parse(framed: Framed, received: Received) -> list[Event]:
    body = framed.body or framed.text
    if body[:1] == "{":
        return close(_object(framed, received), received)
    if _CSV.match(body) or (not framed.syslog and _CSV.match(framed.text)):
        return close(_csv(body if _CSV.match(body) else framed.text, framed, received), received)
    if _TIME.match(framed.text):
        framed = Framed(framed.text)  # the time with its zone is PostgreSQL's own, no syslog header
    event, said = opened(NAME, "postgresql.log", framed, received, "database")
    found = _LEVEL.search(said, 0, 600)
    if found is None:
        raise ParseError("no PostgreSQL severity in the line", NAME)
    _prefix(event, said[: found.start() + 1], received)
    _said(event, said[found.end() :], found[1])
    return close(event, received)


def sniff(framed: Framed) -> float:
    body = framed.text
    if body[:1] == "{":
        return 0.97 if '"error_severity"' in body and '"backend_type"' in body else 0.0
    if _CSV.match(body):
        return 0.97
    if framed.syslog.get("process.name") in {"postgres", "postgresql"}:
        return 0.95
    head = body[:300]
    if ":  " not in head:
        return 0.0
    found = _LEVEL.search(head)
    if found is None or not found[0].endswith(":  "):
        return 0.0
    return 0.9 if _TIME.search(head, 0, found.start() + 1) else 0.7 if "postgres[" in head else 0.0


PARSER = Parser(
    name=NAME,
    product="PostgreSQL",
    data_kind="platform",
    reference="https://www.postgresql.org/docs/current/runtime-config-logging.html",
    parse=parse,
    sniff=sniff,
)
