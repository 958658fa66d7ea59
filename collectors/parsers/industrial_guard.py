"""Chinese industrial firewalls, audit devices and host guards that name their maker: 威努特, 天地和兴, 六方云, 长扬,
珞安, 圣博润, 安帝,
立思辰, 木链, 网藤, 和利时, 力控, 中电安科.

JSON or pairs in any of the usual dialects, keys English or Chinese; industrial keys (工控协议, 功能码, 寄存器地址,
单元标识, func_code …)
become `taishi.ics.*`. Lines in CEF are read as CEF. The rest stays under `cn.*`.

Reference: https://www.winicssec.com/ (工业防火墙、监测审计平台 Syslog 日志格式) and the others' manuals
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers import _ot
from collectors.parsers._attack import TACTICS
from collectors.parsers._chinese import begin, flat_json, pairs, record, words
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import lower, text
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "industrial_guard"
_MAKERS: Final = (
    ("威努特", "Winicssec"), ("Winicssec", "Winicssec"), ("winicssec", "Winicssec"), ("WINICSSEC", "Winicssec"),
    ("天地和兴", "TDHX"),
    ("六方云", "6Cloud"), ("6cloud", "6Cloud"), ("长扬", "Changyang"), ("珞安", "Luoan"), ("圣博润", "SBR"), ("安帝", "Andisec"),
    ("立思辰", "Lanxum"), ("木链", "Mulian"), ("网藤", "Wangteng"), ("和利时", "HollySys"), ("力控", "ForceControl"),
    ("中电安科", "CEC Anke"),
)  # fmt: skip
_OWN: Final = (
    ("network.protocol", lower, "工控协议 工业协议 ics_protocol industry_protocol app_protocol ics_proto 协议名称"),
    ("taishi.ics.function_code", text, "功能码 func_code funcCode function_code fc"),
    ("taishi.ics.function", lower, "功能 func_name function 操作指令 指令 ics_op"),
    ("taishi.ics.unit", text, "单元标识 unit_id unitId slave_id 从站地址"),
    ("taishi.ics.register", text, "寄存器地址 寄存器 register reg_addr 起始地址 点位"),
    ("taishi.ics.value", text, "写入值 值 reg_value set_value"),
    ("host.name", text, "资产名称"),
    ("observer.name", text, "devname 设备名称"),
)
_FIELDS: Final = KEYS | {key: (field, convert) for field, convert, keys in _OWN for key in keys.split()}


def _maker(source: str) -> str | None:
    head = source[:800]
    return next((vendor for sign, vendor in _MAKERS if sign in head), None)


def parse(framed: Framed, received: Received) -> list[Event]:
    vendor = _maker(framed.text)
    if vendor is None:
        raise ParseError("no known maker of industrial security products is named", NAME)
    event, body = begin(framed, received, NAME, vendor, "industrial guard", "firewall")
    values: dict[str, Any] = flat_json(body) or dict(pairs(body))
    if len(values) < 2:
        values = dict(pairs(framed.text))
    for key in ("product", "产品", "dev_type", "设备类型"):
        if said := text(values.pop(key, None)):
            event["observer.product"] = said
            event["observer.type"] = (
                "ids"
                if any(sign in said for sign in ("审计", "监测", "audit"))
                else "edr"
                if "主机" in said
                else "firewall"
            )
    event.setdefault("message", body[:512])
    made = record(event, values, received, prefix="cn.", what=words(values) or body[:200], fields=_FIELDS)
    for one in made:
        found = _ot.protocol(one.get("network.protocol"))
        if found is not None:
            one["taishi.ics.protocol"] = found
        if one["event.kind"] == "alert":
            known = _ot.technique(
                " ".join(
                    str(one.get(name, "")) for name in ("rule.name", "rule.category", "message", "taishi.ics.function")
                )
            )
            if known is not None:
                one["threat.technique.id"], one["threat.tactic.id"] = [known[0]], [known[1]]
                one["threat.tactic.name"] = [TACTICS[known[1]]]
    return made


def sniff(framed: Framed) -> float:
    head = framed.text[:400]
    return (
        0.92 if _maker(head) is not None and ("=" in head or "{" in head or ":" in head) and "CEF:" not in head else 0.0
    )


PARSER = Parser(
    name=NAME,
    product="工业防火墙、监测审计、主机卫士 (威努特, 天地和兴, 六方云, 长扬, 珞安, 圣博润, 安帝, 立思辰 …)",
    data_kind="security",
    reference="https://www.winicssec.com/",
    parse=parse,
    sniff=sniff,
    markers=tuple(dict.fromkeys(sign for sign, _ in _MAKERS)),
)
