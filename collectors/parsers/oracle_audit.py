"""Oracle Database: audit through syslog or files (`KEY:[length] "value"`), unified audit, XML audit files, listener log.

RETURNCODE 0 is success; 1017 a wrong password, 28000 a locked account. The listener's lines name program, host, user and
address of each connection.
Reference: https://docs.oracle.com/en/database/oracle/oracle-database/19/dbseg/administering-the-audit-trail.html
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import Fields, apply, integer, ip, keep, text
from collectors.parsers._service import close, login, opened, peer
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "oracle_audit"
_PAIR: Final = re.compile(r"""(?<![A-Z$])([A-Z][A-Z_$ ]{1,31})\s?:\s?\[\d{1,6}\]\s?(?:'([^']*+)'|"([^"]*+)")""")
_XML: Final = re.compile(r"<([A-Z][A-Za-z_]{1,40})>([^<]*+)</")
_LISTENER: Final = re.compile(
    r"(\d\d-[A-Z]{3}-\d{4} \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[+-]\d\d:\d\d)?) \* "
)
_PART: Final = re.compile(r"\((HOST|USER|PROGRAM|PORT|SERVICE_NAME|SID|PROTOCOL)=([^()]{0,255})\)")
FIELDS: Final[Fields] = {
    "DATABASE USER": ("user.name", text), "USERID": ("user.name", text), "DBUSER": ("user.name", text),
    "CURUSER": ("oracle.current_user", text), "DB_User": ("user.name", text), "CURRENT_USER": ("oracle.current_user", text),
    "CLIENT USER": ("oracle.client_user", text), "OS_User": ("oracle.client_user", text), "OSUSER": ("oracle.client_user", text),
    "OS$USERID": ("oracle.client_user", text), "USERHOST": ("source.domain", text), "Userhost": ("source.domain", text),
    "CLIENT TERMINAL": ("oracle.terminal", text), "TERMINAL": ("oracle.terminal", text), "Terminal": ("oracle.terminal", text),
    "ACTION": ("oracle.action", text), "Action": ("oracle.action", text), "ACTION_NAME": ("event.action", text),
    "SESSIONID": ("oracle.session_id", text), "Session_Id": ("oracle.session_id", text), "DBID": ("oracle.dbid", text),
    "OBJNAME": ("oracle.object", text), "OBJ$NAME": ("oracle.object", text), "Object_Name": ("oracle.object", text),
    "OBJ_NAME": ("oracle.object", text), "PRIVILEGE": ("oracle.privilege", text), "Sql_Text": ("oracle.query", text),
}  # fmt: skip
_ACTIONS: Final = {
    "100": "logon", "101": "logoff", "102": "logoff-by-cleanup", "1": "create-table", "2": "insert", "3": "select",
    "6": "update", "7": "delete", "12": "drop-table", "17": "grant", "18": "revoke", "42": "alter-session",
    "43": "alter-user", "47": "pl-sql", "49": "alter-system", "51": "create-user", "52": "create-role", "53": "drop-user",
    "104": "audit", "105": "noaudit",
}  # fmt: skip
_ADDRESS: Final = re.compile(r"\(HOST=([^()]{1,255})\)(?:\(PORT=(\d{1,5})\))?")


def _pairs(said: str) -> dict[str, str]:
    return {key.strip(): single or double for key, single, double in _PAIR.findall(said)}


def _record(event: Event, pairs: dict[str, str]) -> None:
    apply(event, pairs, FIELDS)
    keep(
        event,
        "oracle.",
        {key.lower().replace(" ", "_"): value for key, value in pairs.items() if key not in FIELDS},
        (),
    )
    number = pairs.get("ACTION NUMBER") or pairs.get("ACTION") or pairs.get("Action") or ""
    action = _ACTIONS.get(number) or number.split(" ")[0].lower() or "audit"
    event.setdefault("event.action", action)
    event["event.action"] = str(event["event.action"]).lower()
    code = integer(pairs.get("RETURNCODE") or pairs.get("STATUS") or pairs.get("Returncode") or "")
    if code is not None:
        event["event.outcome"] = "failure" if code else "success"
        event["event.code"] = f"ORA-{code:05d}"
    comment = pairs.get("COMMENT$TEXT") or pairs.get("Comment_Text") or pairs.get("AUTHENTICATION_TYPE") or ""
    if (found := _ADDRESS.search(comment[:2000])) is not None and ip(found[1]):
        peer(event, found[1], found[2])
    if "logon" in event["event.action"] or "connect" in event["event.action"]:
        login(event, good=not code, action="database-login")
    elif "logoff" in event["event.action"]:
        event["event.category"], event["event.type"] = ["authentication"], ["end"]
    elif any(word in event["event.action"] for word in ("user", "grant", "revoke", "role")):
        event["event.category"], event["event.type"] = ["iam"], ["change"]
    event["event.category"] = ["database", *[each for each in event["event.category"] if each != "database"]]


def _listener(event: Event, said: str, found: re.Match[str], received: Received) -> None:
    stamp(event, found[1].title() if found[1][2:3] == "-" else found[1], received)
    event["event.dataset"] = "oracle.listener"
    parts = [part.strip() for part in said[found.end() :].split(" * ")]
    values = dict(_PART.findall(parts[0][:4000]))
    if program := values.get("PROGRAM"):
        event["oracle.program"] = program
    if user := values.get("USER"):
        event["user.name"] = user
    if len(parts) > 1 and (place := _ADDRESS.search(parts[1][:400])) is not None:
        peer(event, place[1], place[2])
    if len(parts) > 2:
        event["event.action"] = parts[2][:64]
    code = integer(parts[-1])
    if code is not None:
        event["event.outcome"] = "failure" if code else "success"
        event["event.code"] = f"TNS-{code:05d}"
    event["event.category"], event["event.type"] = ["database", "network"], ["connection"]


def parse(framed: Framed, received: Received) -> list[Event]:
    listener = _LISTENER.match(framed.text)
    event, said = opened(NAME, "oracle.audit", Framed(framed.text) if listener else framed, received, "database")
    if listener is not None:
        _listener(event, framed.text, listener, received)
    elif said.lstrip().startswith("<AuditRecord"):
        pairs = dict(_XML.findall(said[:65536]))
        stamp(event, pairs.pop("Extended_Timestamp", None), received)
        _record(event, pairs)
    else:
        pairs = _pairs(said)
        if not pairs:
            raise ParseError('no KEY:[length] "value" of Oracle\'s audit', NAME)
        _record(event, pairs)
    event["message"] = said[:8192]
    return close(event, received)


def sniff(framed: Framed) -> float:
    body = framed.text
    if "Oracle Audit" in body[:300] or "Oracle Unified Audit" in body[:300]:
        return 0.97
    if ":[" in body[:600] and ("RETURNCODE" in body or "ACTION" in body) and _PAIR.search(body[:2000]):
        return 0.93
    if "<AuditRecord" in body[:300]:
        return 0.93
    return 0.9 if "CONNECT_DATA" in body[:400] and _LISTENER.match(body) else 0.0


PARSER = Parser(
    name=NAME,
    product="Oracle Database (audit, listener)",
    data_kind="platform",
    reference="https://docs.oracle.com/en/database/oracle/oracle-database/19/dbseg/administering-the-audit-trail.html",
    parse=parse,
    sniff=sniff,
    markers=("Oracle Audit", "Oracle Unified", "RETURNCODE", "ACTION", "<AuditRecord", "CONNECT_DATA"),
)
