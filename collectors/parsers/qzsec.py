"""Qizhi (齐治) bastion hosts (RIS, Shterm):
`node1:login(WEB)(INFORMATIONAL)(service=native,identity=admin,from=10.0.0.1,login …)`.

Kinds: login, access, cmd, session, tui, gui, and configuration changes. `identity` is the person, `account` that of the target.
The rest stays under `cn.qzsec.*`.

Reference: https://www.qizhigroup.com/ (RIS Syslog 接口)
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._chinese import begin, record
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import ip, text
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "qzsec"
_LEVELS: Final = {
    "EMERGENCY": "0", "ALERT": "1", "CRITICAL": "2", "ERROR": "3", "WARNING": "4", "NOTICE": "5", "INFORMATIONAL": "6",
    "INFO": "6",
    "DEBUG": "7",
}  # fmt: skip
_HEAD: Final = re.compile(rf"(\w{{1,32}}):(\w{{2,32}})(?:\((\w{{1,20}})\))?\(({'|'.join(_LEVELS)})\)\(")
_NAMED: Final = re.compile(r"([^()]{0,64})\(([^()]{1,64})\)")
_FIELDS: Final = KEYS | {
    "account": ("destination.user.name", text), "command": ("process.command_line", text), "service": ("cn.qzsec.service", text),
}  # fmt: skip
_KINDS: Final = {"login": "login", "logout": "logout", "cmd": "command", "session": "other", "access": "other"}
_PIECE: Final = re.compile(r",\s?(?=[A-Za-z_]{2,24}=)")


def parse(framed: Framed, received: Received) -> list[Event]:
    source = framed.text
    found = _HEAD.search(source, 0, 300)
    if found is None:
        raise ParseError("no node:kind(LEVEL)( head", NAME)
    event, _ = begin(framed, received, NAME, "Qizhi", "RIS", "bastion")
    event.pop("process.name", None)  # the node's name
    _, kind, way, level = found.groups()
    content = source[found.end() :].rstrip().removesuffix(")")
    values: dict[str, Any] = {}
    for piece in _PIECE.split(content)[:100]:
        name, sign, value = piece.partition("=")
        if sign and len(name) <= 32:
            values[name.strip()] = value.partition(",")[0].strip() if name != "command" else value
    server = _NAMED.match(str(values.pop("server", "")))
    if server is not None and (address := ip(server[2])):
        values["dst_ip"], values["hostname"] = address, server[1]
    person = _NAMED.match(str(values.get("identity", "")))
    if person is not None:
        values["identity"] = person[1]
    event["event.code"], event["message"] = kind, content[:512]
    values["level"] = _LEVELS[level]
    if way:
        event["cn.qzsec.way"] = way
    made = record(event, values, received, prefix="cn.qzsec.", what=kind, fields=_FIELDS, scale="syslog",
                  kind="change" if "changeType" in values else _KINDS.get(kind.lower(), "other"))  # fmt: skip
    if kind in {"login", "access", "session"}:
        low = content.lower()
        made[0]["event.outcome"] = (
            "failure" if any(word in low for word in ("fail", "deny", "denied", "reject")) else "success"
        )
    return made


def sniff(framed: Framed) -> float:
    return 0.93 if _HEAD.search(framed.text, 0, 300) else 0.0


PARSER = Parser(
    name=NAME,
    product="Qizhi RIS, Shterm 齐治堡垒机",
    data_kind="security",
    reference="https://www.qizhigroup.com/",
    parse=parse,
    sniff=sniff,
    markers=tuple(f"({level})(" for level in _LEVELS),
)
