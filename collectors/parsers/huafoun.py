"""Huafoun (画方) NAM network access control: `NAM2000…: event=设备接入网络（上线） eventid=67108864 term=name(MAC/IP)
user=- vlan=… nas=… msg=…`.

`term` holds the terminal's name, MAC and address. The rest stays under `cn.huafoun.*`.

Reference: https://www.huafangtech.com/ (NAM 10.5 Syslog 告警)
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._chinese import begin, pairs, record
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import text
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "huafoun"
_TERMINAL: Final = re.compile(r"(.{0,128})\(([0-9A-Fa-f:.\-]{12,17})/([0-9A-Fa-f.:]{2,45})\)$")
_FIELDS: Final = KEYS | {"event": ("event.action", text), "eventid": ("event.code", text), "msg": ("message", text)}
_LOUD: Final = ("非法", "违规", "仿冒", "冒用", "攻击", "异常", "入侵", "阻断", "冲突")


def parse(framed: Framed, received: Received) -> list[Event]:
    source = framed.text
    values: dict[str, Any] = dict(pairs(source[max(0, source.find("event=")) :]))
    if "eventid" not in values or "term" not in values:
        raise ParseError("no event=, eventid= and term=", NAME)
    event, _ = begin(framed, received, NAME, "Huafoun", "NAM", "nac")
    found = _TERMINAL.match(str(values.pop("term")))
    if found is not None:
        values["hostname"], values["mac"], values["src_ip"] = found[1], found[2], found[3]
        values["ip"] = found[3]
    what = str(values.get("event", ""))
    loud = any(word in what for word in _LOUD)
    if loud:
        event["rule.name"] = what
    return record(
        event, values, received, prefix="cn.huafoun.", what=what, fields=_FIELDS, kind="detection" if loud else "other"
    )


def sniff(framed: Framed) -> float:
    source = framed.text[:600]
    return 0.93 if "eventid=" in source and " term=" in source and " nas=" in source else 0.0


PARSER = Parser(
    name=NAME,
    product="Huafoun NAM 画方网络准入",
    data_kind="security",
    reference="https://www.huafangtech.com/",
    parse=parse,
    sniff=sniff,
    markers=(" term=",),
)
