"""V-Secure (景云) network antivirus: `devid=”…” time=… virus_name=”…” virus_path=”…” op_result=”已清除” dev_name=”…” ip=”…”`.

Quotes are the typographic ones. Virus records, scans, patches and console logins share the keys. The rest stays under `cn.*`.

Reference: https://www.v-secure.cn/ (景云网络防病毒系统 Syslog)
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._chinese import begin, pairs, record
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import text
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "vsecure"
_FIELDS: Final = KEYS | {
    "dev_name": ("host.name", text), "op_result": ("event.action", text), "event_type": ("cn.vsecure.event_type", text),
    "kbid": ("package.name", text), "event_id": ("event.code", text), "file_origin": ("cn.vsecure.file_origin", text),
}  # fmt: skip
_MARKS: Final = ("devid=”", "devid=“", "user_type=”", "user_type=“", "fangbingdu")


def parse(framed: Framed, received: Received) -> list[Event]:
    values: dict[str, Any] = dict(pairs(framed.text))
    if not any(key in values for key in ("devid", "user_type")):
        raise ParseError("neither devid= nor user_type=", NAME)
    event, _ = begin(framed, received, NAME, "V-Secure", "Jingyun", "antivirus")
    event.pop("process.name", None)
    event.pop("process.pid", None)
    virus = bool(values.get("virus_name"))
    login = "登录" in str(values.get("action", ""))
    if "user_type" in values:
        values["src_ip"] = values.pop("ip", None)
    level = values.pop("level", None)
    if virus:
        event["event.severity"] = 75
        event["taishi.severity_original"] = str(level or "")
    event["message"] = " ".join(
        str(values[key]) for key in ("virus_name", "action", "op_result", "kbid") if values.get(key)
    )[:512]
    kind = "detection" if virus else "login" if login else "other"
    return record(
        event, values, received, prefix="cn.vsecure.", what="病毒" if virus else "", fields=_FIELDS, kind=kind
    )


def sniff(framed: Framed) -> float:
    source = framed.text[:400]
    return 0.95 if any(mark in source for mark in _MARKS[:4]) else 0.0


PARSER = Parser(
    name=NAME,
    product="V-Secure Jingyun 景云防病毒",
    data_kind="security",
    reference="https://www.v-secure.cn/",
    parse=parse,
    sniff=sniff,
    markers=_MARKS[:4],
)
