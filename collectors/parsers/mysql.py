"""MySQL, MariaDB and Percona: error log, slow query log (with its several lines), general log, audit (JSON, XML, CSV).

Refused logins ("Access denied for user 'a'@'b'") are authentication failures. A slow query is one record of `# ` lines and
the statement; single lines of one still say what they hold.
Reference: https://dev.mysql.com/doc/refman/8.4/en/server-logs.html
"""

from __future__ import annotations

import csv
import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import Fields, apply, integer, ip, keep, load_object, number, text
from collectors.parsers._documents import flatten
from collectors.parsers._service import at, close, level, login, opened, peer
from collectors.parsers._time import epoch, stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "mysql"
_ERROR: Final = re.compile(
    r"(\d{4}-\d\d-\d\d[T ] ?\d{1,2}:\d\d:\d\d(?:\.\d{1,6})?)(Z|[+-]\d\d:\d\d)? {1,3}(?:(\d{1,20}|0x[0-9a-f]{1,16}) )?"
    r"\[(System|Note|Warning|ERROR|Error|Info)\](?: \[([\w\-]{1,16})\])?(?: \[([\w\-]{1,24})\])? ?"
)
_OLD: Final = re.compile(r"(\d{6}) {1,2}(\d{1,2}:\d\d:\d\d) {1,2}\[(Note|Warning|ERROR)\] ")
_GENERAL: Final = re.compile(
    r"(?:(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?)(Z|[+-]\d\d:\d\d)?|(\d{6}) {1,2}(\d{1,2}:\d\d:\d\d))?\s{1,6}(\d{1,12}) "
    r"(Connect|Quit|Query|Init DB|Prepare|Execute|Close stmt|Field List|Statistics|Change user|Shutdown|Ping|Kill)(?:\s|$)"
)
_DENIED: Final = re.compile(r"Access denied for user '(?P<user>[^']{0,128})'@'(?P<host>[^']{0,255})'")
_CONNECT: Final = re.compile(r"(?P<user>[^\s@]{0,128})@(?P<host>\S{1,255}) (?:on|as)\b ?(?P<base>\S{0,64})")
_USER: Final = re.compile(
    r"# User@Host: (\S{0,128}?)\[([^\]]{0,128})\] @ {1,2}(\S{0,255}?) ?\[([^\]]{0,64})\](?: {1,3}Id: {1,8}(\d{1,20}))?"
)
_PAIR: Final = re.compile(r"([A-Za-z][\w]{1,40}): {1,2}([^\s]{1,64})")
_NAMES: Final = {
    "Thread_id": "mysql.thread_id", "Id": "mysql.thread_id", "Schema": "mysql.slowlog.schema",
    "Lock_time": "mysql.slowlog.lock_time.sec", "QC_hit": "mysql.slowlog.query_cache_hit",
    "QC_Hit": "mysql.slowlog.query_cache_hit",
}  # fmt: skip
AUDIT: Final[Fields] = {
    "user": ("user.name", text), "USER": ("user.name", text), "account.user": ("user.name", text),
    "login.user": ("user.name", text), "ip": ("source.ip", ip), "IP": ("source.ip", ip), "login.ip": ("source.ip", ip),
    "host": ("source.domain", text), "HOST": ("source.domain", text), "account.host": ("source.domain", text),
    "db": ("mysql.audit.database", text), "DB": ("mysql.audit.database", text),
    "sqltext": ("mysql.audit.query", text), "SQLTEXT": ("mysql.audit.query", text),
    "general_data.query": ("mysql.audit.query", text), "query": ("mysql.audit.query", text),
    "connection_id": ("mysql.thread_id", text), "CONNECTION_ID": ("mysql.thread_id", text),
    "command_class": ("event.action", text), "COMMAND_CLASS": ("event.action", text), "event": ("event.action", text),
    "name": ("event.action", text), "NAME": ("event.action", text),
    "os_user": ("mysql.audit.os_user", text), "OS_USER": ("mysql.audit.os_user", text),
}  # fmt: skip
_ATTRIBUTE: Final = re.compile(r'([A-Z_]{2,32})="([^"]*+)"|<([A-Z_]{2,32})>([^<]*+)</')
_MARIA: Final = re.compile(
    r"(\d{8} \d\d:\d\d:\d\d),([^,]{0,255}),([^,]{0,128}),([^,]{0,255}),(\d{1,20}),(\d{1,20}),([A-Z_]{1,16}),"
)


def _denied(event: Event, message: str) -> None:
    found = _DENIED.search(message, 0, 600)
    if found is not None:
        login(event, good=False, user=found["user"] or None, reason="Access denied", action="database-login")
        event["event.category"] = ["database", "authentication"]
        peer(event, found["host"])


def _error(event: Event, said: str, found: re.Match[str], received: Received) -> None:
    at(event, found[1].replace("T ", "T"), found[2] or "", received)
    if found[3]:
        event["mysql.thread_id"] = found[3]
    level(event, found[4])
    if found[5]:
        event["event.code"] = found[5]
    if found[6]:
        event["event.provider"] = found[6]
    event["message"] = said[found.end() :]
    if found[4].lower() == "error":
        event["event.type"] = ["error"]
    _denied(event, event["message"])


def _slow(event: Event, said: str, received: Received) -> None:
    event["event.dataset"], event["event.action"] = "mysql.slowlog", "slow-query"
    query: list[str] = []
    for line in said.split("\n")[:4000]:
        if line.startswith("# "):
            _slow_head(event, line, received)
        elif line.startswith("SET timestamp="):
            if (found := epoch(line[14:].rstrip(";").strip())) is not None:
                event["@timestamp"], event["taishi.time.quality"] = found, "exact"
        elif line[:4].lower() == "use " and line.endswith(";"):
            event["mysql.slowlog.schema"] = line[4:-1].strip("` ")
        elif line:
            query.append(line)
    if query:
        event["mysql.slowlog.query"] = "\n".join(query)
        event["message"] = event["mysql.slowlog.query"]


def _slow_head(event: Event, line: str, received: Received) -> None:
    if line.startswith("# Time:"):
        _slow_time(event, line[7:].strip(), received)
    elif line.startswith("# User@Host:"):
        _slow_user(event, line)
    else:
        _slow_pairs(event, line)


def _slow_time(event: Event, value: str, received: Received) -> None:
    if value[:6].isdecimal() and value[6:7] == " ":
        value = f"20{value[:2]}-{value[2:4]}-{value[4:6]} {value[6:].strip():0>8}"
    stamp(event, value, received)


def _slow_user(event: Event, line: str) -> None:
    found = _USER.match(line)
    if found is None:
        return
    event["user.name"] = found[1] or found[2]
    if found[2]:
        event["mysql.slowlog.current_user"] = found[2]
    if found[3]:
        peer(event, found[3])
    if found[4]:
        peer(event, found[4])
    if found[5]:
        event["mysql.thread_id"] = found[5]


def _slow_pairs(event: Event, line: str) -> None:
    for key, value in _PAIR.findall(line[:4000]):
        if key == "Query_time":
            seconds = number(value)
            if seconds is not None and 0 <= seconds < 1e9:
                event["event.duration"] = round(seconds * 1e9)
        elif key in {"Start", "End"}:
            event[f"mysql.slowlog.{key.lower()}"] = value
        else:
            event[_NAMES.get(key, f"mysql.slowlog.{key.lower()}")] = value


def _general(event: Event, said: str, found: re.Match[str], received: Received) -> None:
    event["event.dataset"] = "mysql.general"
    if found[1]:
        at(event, found[1], found[2] or "", received)
    elif found[3]:
        _slow_time(event, f"{found[3]} {found[4]}", received)
    event["mysql.thread_id"] = found[5]
    command, rest = found[6], said[found.end() :].strip()
    event["event.action"] = command.lower().replace(" ", "-")
    event["message"] = rest or command
    if command == "Connect":
        if "Access denied" in rest:
            _denied(event, rest)
        elif (who := _CONNECT.match(rest)) is not None:
            login(event, good=True, user=who["user"], action="database-login")
            event["event.category"] = ["database", "authentication"]
            peer(event, who["host"])
    elif rest:
        event["mysql.general.query"] = rest


def _audited(event: Event, values: dict[str, object], received: Received) -> None:
    event["event.dataset"] = "mysql.audit"
    apply(event, values, AUDIT)
    keep(event, "mysql.audit.", values, AUDIT)
    stamp(
        event, next((values[key] for key in ("timestamp", "TIMESTAMP", "ts", "date") if key in values), None), received
    )
    action = str(event.get("event.action", "")).lower()
    status = text(values.get("status") or values.get("STATUS") or values.get("connection_data.status"))
    good = status in {None, "0"}
    event["event.outcome"] = "success" if good else "failure"
    if "[" in event.get("user.name", ""):
        event["user.name"] = event["user.name"].partition("[")[0] or "-"
    if "connect" in action and "disconnect" not in action and "change" not in action:
        login(event, good=good, action="database-login")
        event["event.category"] = ["database", "authentication"]
    event.setdefault("event.action", "audit")
    event["message"] = str(event.get("mysql.audit.query") or event["event.action"])


def _maria(event: Event, said: str, found: re.Match[str], received: Received) -> None:
    """MariaDB's server_audit: time,serverhost,user,host,connection,query,operation,database,'object',retcode."""
    event["event.dataset"] = "mysql.audit"
    moment = found[1]
    stamp(event, f"{moment[:4]}-{moment[4:6]}-{moment[6:]}", received)
    event["host.name"] = found[2]
    event["user.name"] = found[3]
    peer(event, found[4])
    event["mysql.thread_id"] = found[5]
    event["event.action"] = found[7].lower()
    rest = said[found.end() :]
    try:
        row = next(csv.reader([rest.replace("\n", " ")], quotechar="'", escapechar="\\"))
    except (csv.Error, StopIteration):
        row = []
    code = integer(row[-1]) if row else None
    event["event.outcome"] = "failure" if code else "success"
    if row and row[0]:
        event["mysql.audit.database"] = row[0]
    if len(row) > 2:
        event["mysql.audit.query"] = ",".join(row[1:-1])
    if found[7] in {"CONNECT", "FAILED_CONNECT"}:
        login(event, good=not code and found[7] == "CONNECT", action="database-login")
        event["event.category"] = ["database", "authentication"]
    event["message"] = rest[:2000]
    if not event["user.name"]:
        del event["user.name"]


def _text(event: Event, said: str, received: Received) -> bool:
    if (found := _ERROR.match(said)) is not None:
        _error(event, said, found, received)
    elif said.startswith("# ") or "\n# User@Host:" in said[:4000]:
        _slow(event, said, received)
    elif (found := _MARIA.match(said)) is not None:
        _maria(event, said, found, received)
    elif said.startswith("<AUDIT_RECORD"):
        _audited(
            event,
            {key or name: value or inner for key, value, name, inner in _ATTRIBUTE.findall(said[:65536])},
            received,
        )
    elif (found := _OLD.match(said)) is not None:
        _slow_time(event, f"{found[1]} {found[2]}", received)
        level(event, found[3])
        event["message"] = said[found.end() :]
        _denied(event, event["message"])
    elif (found := _GENERAL.match(said)) is not None:
        _general(event, said, found, received)
    else:
        return False
    return True


def parse(framed: Framed, received: Received) -> list[Event]:
    body = framed.body or framed.text
    whole = (
        framed.text.startswith("# ")
        or _ERROR.match(framed.text)
        or _MARIA.match(framed.text)
        or _GENERAL.match(framed.text)
    )
    event, said = opened(NAME, "mysql.error", Framed(framed.text) if whole else framed, received, "database")
    if body[:1] == "{":
        _audited(event, flatten(_inner(framed)), received)
    elif not _text(event, said, received):
        if "Access denied for user" not in said and event.get("process.name") not in _PROGRAMS:
            raise ParseError("no form of MySQL's logs", NAME)
        event["message"] = said
        _denied(event, said)
    return close(event, received)


def _inner(framed: Framed) -> dict[str, object]:
    raw = load_object(framed, NAME)
    inner = raw.get("audit_record")
    return inner if isinstance(inner, dict) else raw


_PROGRAMS: Final = frozenset({"mysqld", "mysql", "mariadbd", "mysqld_safe", "mariadb"})


def sniff(framed: Framed) -> float:
    body = framed.text
    if body[:1] == "{":
        return (
            0.95
            if '"audit_record"' in body or ('"connection_id"' in body and '"account"' in body and '"event"' in body)
            else 0.0
        )
    if framed.syslog.get("process.name") in _PROGRAMS:
        return 0.95
    if (
        body.startswith(("# Time: ", "# User@Host: ", "# Query_time: ", "<AUDIT_RECORD"))
        or "\n# User@Host: " in body[:2000]
    ):
        return 0.97
    if _ERROR.match(body) or _OLD.match(body):
        return 0.9
    if _MARIA.match(body):
        return 0.93
    return 0.75 if _GENERAL.match(body) else 0.9 if "Access denied for user '" in body[:400] else 0.0


PARSER = Parser(
    name=NAME,
    product="MySQL, MariaDB, Percona Server",
    data_kind="platform",
    reference="https://dev.mysql.com/doc/refman/8.4/en/server-logs.html",
    parse=parse,
    sniff=sniff,
)
