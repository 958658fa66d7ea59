"""Jiang'an (江南信安) JH-OAM bastion: `globalSid=… protocol=ssh personUid=… personUip=… resName=… resIp=… acc=…` for sessions,
`log_type=1 username=… remoteIP=… op=Login module=Authentication result=1` for its own audit. `result` 1 is success.

The rest stays under `cn.jhsec.*`.

Reference: https://www.jnaqsec.com/ (JH-OAM 日志外发格式)
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._chinese import begin, pairs, record
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import text
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "jhsec"
_FIELDS: Final = KEYS | {
    "protocol": ("network.protocol", text), "resName": ("host.name", text), "acc": ("destination.user.name", text),
    "module": ("cn.jhsec.module", text), "log_type": ("event.code", text),
}  # fmt: skip


def parse(framed: Framed, received: Received) -> list[Event]:
    values: dict[str, Any] = dict(pairs(framed.text))
    event, _ = begin(framed, received, NAME, "JHSec", "JH-OAM", "bastion")
    if "globalSid" in values:
        kind = "command" if values.get("command") or values.get("cmd") else "other"
        values["time"] = values.pop("beginTime", None) or values.pop("time", None)
        event["event.action"] = "session"
    elif "log_type" in values and "remoteIP" in values:
        login = "login" in str(values.get("op", "")).lower() or values.get("module") == "Authentication"
        out = "logout" in str(values.get("op", "")).lower()
        kind = "logout" if out else "login" if login else "change"
        values["time"] = values.pop("timestamp", None)
        result = values.pop("result", None)
        if result is not None:
            values["result"] = "success" if result == "1" else "failure"
    else:
        raise ParseError("neither a session (globalSid=) nor an audit record (log_type= remoteIP=)", NAME)
    return record(
        event, values, received, prefix="cn.jhsec.", what=str(values.get("op", "")), fields=_FIELDS, kind=kind
    )


def sniff(framed: Framed) -> float:
    source = framed.text[:600]
    if "globalSid=" in source and "personUid=" in source:
        return 0.95
    return (
        0.93
        if "log_type=" in source and "remoteIP=" in source and ("instanceid=" in source or "uin=" in source)
        else 0.0
    )


PARSER = Parser(
    name=NAME,
    product="JHSec JH-OAM 堡垒机",
    data_kind="security",
    reference="https://www.jnaqsec.com/",
    parse=parse,
    sniff=sniff,
    markers=("globalSid=", "remoteIP="),
)
