"""Microsoft SQL Server: ERRORLOG text, and its messages as the event log or syslog forwards them.

`2026-03-02 08:15:30.12 Logon  Login failed for user 'sa'. Reason: … [CLIENT: 10.0.0.5]`; the line before it carries error,
severity and state.
Reference: https://learn.microsoft.com/sql/relational-databases/logs/view-offline-log-files
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import integer
from collectors.parsers._service import at, close, login, opened, peer
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "mssql"
_LINE: Final = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{2,3}) (spid\d{1,6}s?|Logon|Server|Backup|Recovery|Error|登录|服务器|备份) {1,12}"
)
_FAILED: Final = re.compile(r"(?:Login failed for user|用户) ?['“\"](?P<user>[^'”\"]{0,128})['”\"](?:\.| ?登录失败。?)")
_DONE: Final = re.compile(r"Login succeeded for user '(?P<user>[^']{0,128})'")
_CLIENT: Final = re.compile(r"\[(?:CLIENT|客户端): ?([^\]]{1,64})\]")
_REASON: Final = re.compile(r"(?:Reason|原因): ?([^\[]{1,300})")
_ERROR: Final = re.compile(
    r"(?:Error|错误): ?(\d{1,6})[,，] ?(?:Severity|严重性): ?(\d{1,2})[,，] ?(?:State|状态): ?(\d{1,3})"
)


def _meaning(event: Event, message: str) -> None:
    client = _CLIENT.search(message, 0, 2000)
    if client is not None and client[1] not in {"<local machine>", "<named pipe>", "<本地计算机>"}:
        peer(event, client[1])
    if (failed := _FAILED.search(message, 0, 400)) is not None:
        reason = _REASON.search(message, 0, 1000)
        login(
            event,
            good=False,
            user=failed["user"] or None,
            reason=reason[1].strip() if reason else None,
            action="database-login",
        )
    elif (done := _DONE.search(message, 0, 400)) is not None:
        login(event, good=True, user=done["user"], action="database-login")
    elif (error := _ERROR.match(message)) is not None:
        event["event.code"] = error[1]
        event["taishi.severity_original"] = error[2]
        event["mssql.state"] = error[3]
        event["event.type"] = ["error"]
        event["event.severity"] = min(90, 10 + 4 * (integer(error[2]) or 0))
    if "event.outcome" in event:
        event["event.category"] = ["database", "authentication"]
        domain, slash, name = str(event.get("user.name", "")).partition("\\")
        if slash and name:
            event["user.domain"], event["user.name"] = domain, name
    elif "xp_cmdshell" in message or "Configuration option" in message or "配置选项" in message:
        event["event.category"], event["event.type"] = ["database", "configuration"], ["change"]
        event["event.action"] = "configuration-change"
        event["event.severity"] = 40


def parse(framed: Framed, received: Received) -> list[Event]:
    whole = _LINE.match(framed.text) is not None
    event, said = opened(NAME, "mssql.log", Framed(framed.text) if whole else framed, received, "database")
    found = _LINE.match(said)
    if found is None:
        raise ParseError("no line of SQL Server's ERRORLOG", NAME)
    at(event, found[1], "", received)
    event["mssql.source"] = found[2]
    event["message"] = said[found.end() :].strip()
    event["process.name"] = "sqlservr"
    _meaning(event, event["message"])
    return close(event, received)


def sniff(framed: Framed) -> float:
    return 0.93 if _LINE.match(framed.text) or (framed.syslog and _LINE.match(framed.body)) else 0.0


PARSER = Parser(
    name=NAME,
    product="Microsoft SQL Server",
    data_kind="platform",
    reference="https://learn.microsoft.com/sql/relational-databases/logs/view-offline-log-files",
    parse=parse,
    sniff=sniff,
)
