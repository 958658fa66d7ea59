"""Topsec (天融信): firewalls (TOS, NGTOS), IDS/IPS, TopAPT, TopADS, TopAPP, VPN, TopSAG, audit, TopDesk, TopEDR, TopHPP, TopACM.

Nearly all write `key="value"` after `id=tos`, `id="NGTOS"` or `vendor="topsec"`; `type` and `recorder` say what the record is,
older TOS leaves quotes out. TopAPT separates by semicolons, TopHPP by commas, TopDesk also writes XML. Words may be Chinese
(`pri="信息"`, `action="允许"`). The rest stays under `topsec.*`.

Reference: https://www.topsec.com.cn/ (天融信 NGTOS 系统日志手册)
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._chinese import begin, pairs, record
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import integer, text
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "topsec"
_MARKS: Final = (
    'id=tos ', 'id="ngtos"', 'id="NGTOS"', 'id="tos"', 'vendor="topsec"', 'vendor="Topsec"', 'vendor="天融信"', 'vendor="TOPSEC"',
    "tdsvr.topdesk", "type=alert_collect,", "attacklog-",
    'LogType="', "Show Name=", "Byte_recve=", 'detail_virus_', "detail_montype=",
    'agentid="', "id=TOS ", "topdesk eventinfo",
)  # fmt: skip
_TAGS: Final = re.compile(r"<([A-Za-z_一-鿿]{1,32})(?: type=\"([^\"<>]{0,64})\")?>([^<>]{1,2000})</")
_LOG: Final = re.compile(r'<Log type="([A-Za-z_]{1,32})"')
_TYPES: Final = (
    ("tad", "TopAPP", "load-balancer"), ("ads", "TopADS", "ddos"), ("tvs", "TopVAS", "vulnerability-scanner"),
    ("ics", "TopScanner", "vulnerability-scanner"), ("vone", "TopVPN", "vpn"), ("ngvone", "TopVPN", "vpn"),
    ("sag", "TopSAG", "bastion"),
    ("ida", "TopIDA", "ids"), ("_net", "TopAudit", "audit"), ("waf", "TopWAF", "waf"), ("idp", "TopIDP", "ids"),
)  # fmt: skip
_FIELDS: Final = KEYS | {"type": ("event.category_original", text)}
_SKIP: Final = frozenset({"id", "vendor", "recorder", "vsid", "dev_type", "index", "type"})
_KINDS: Final = {
    "ac": "flow", "session": "flow", "nat": "flow", "pf": "flow", "conn": "flow", "admin": "login", "config": "change",
    "ips": "detection", "attack": "detection", "streamav": "detection", "avse": "detection", "av": "detection",
    "waf": "detection", "ddos": "detection", "antiddos": "detection", "url": "web", "audit_http": "web", "ipsec negotiate": "other",
    "datafilter": "detection", "pf_rule": "flow", "topvas": "detection", "taw": "flow", "user_auth": "login", "mgmt": "change",
    "firmware": "change", "license": "change", "rules_update": "change",
}  # fmt: skip
_SUBTYPES: Final = {"FW-NAT": "flow", "IPSURL": "detection", "vrcd": "other"}


_PROTOCOLS: Final = {"1": "ip", "2": "tcp", "3": "udp", "4": "icmp"}
_OPERATIONS: Final = {
    "1": "alert", "2": "block", "3": "alert", "4": "block", "5": "block", "6": "block", "7": "redirect", "8": "limit",
}  # fmt: skip
"""TopIDP: 1 告警 2 阻断 3 发送 4 防火墙联动 5 ip黑名单 6 url黑名单 7 URL重定向 8 限制连接."""


def _words(values: dict[str, Any]) -> str:
    keys = ("type", "recorder", "LogType", "logtype", "logType", "Type", "subtype", "s_protocol", "action")
    return " ".join(str(values[key]) for key in keys if values.get(key))


def _kind(values: dict[str, Any]) -> str:
    """What the record is, by its type and recorder; empty where the words must decide."""
    if values.get("type") == "mgmt" and values.get("op") in {"login", "logout"}:
        return str(values["op"])
    for key in ("recorder", "type"):
        word = str(values.get(key, "")).lower()
        if word in _KINDS:
            return _KINDS[word]
        if "monitor" in word:
            return "other"
    if "LogType" in values or "detail_virus_name" in values or values.get("type") == "alert_collect":
        return "detection"
    if "Catevalue" in values or "Byte_recve" in values:
        return "web" if "URL" in values else "flow"
    return ""


def _product(event: Event, values: dict[str, Any], whole: str) -> None:
    version = str(values.get("version", "")).lower()
    for sign, product, kind in _TYPES:
        if sign in version:
            event["observer.product"], event["observer.type"] = product, kind
            return
    if str(values.get("vendor", "")):
        event["observer.product"], event["observer.type"] = "TopIDP", "ids"
    elif "topdesk" in whole[:400] or "agentid" in values:
        event["observer.product"], event["observer.type"] = "TopDesk", "edr"
    elif "detail_virus_name" in values or "detail_montype" in values:
        event["observer.product"], event["observer.type"] = "TopEDR", "edr"
    elif ("Show" in whole[:400] and "Catevalue" in values) or "Byte_recve" in values:
        event["observer.product"], event["observer.type"] = "TopACM", "proxy"
    elif "LogType" in values:
        event["observer.product"], event["observer.type"] = "TopAPT", "sandbox"
    elif values.get("type") == "alert_collect":
        event["observer.product"], event["observer.type"] = "TopHPP", "honeypot"


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME, "Topsec", "NGFW", "firewall")
    if not any(mark in framed.text for mark in _MARKS):
        raise ParseError('no id="ngtos", vendor="topsec" or other mark of a Topsec product', NAME)
    values: dict[str, Any]
    if "<Log type=" in body:
        values = {tag: value for tag, _, value in _TAGS.findall(body[:65536])}
        found = _LOG.search(body)
        values["logtype"] = found[1] if found else ""
    else:
        # A header reader takes `id=…` for a host or program: the whole line holds every pair.
        values = dict(
            pairs(framed.text if "=" in event.get("process.name", "") else body.replace("; Show Name=", "; ShowName="))
        )
    _product(event, values, framed.text)
    words, kind = _words(values), _kind(values)
    if code := text(values.get("index")) or text(values.get("recorder")):
        event["event.code"] = code
    if (rule := text(values.get("rule"))) and integer(rule) is None:
        event["event.action"] = rule.lower()
    if values.get("vendor") and kind == "detection":
        values["proto"] = _PROTOCOLS.get(str(values.get("proto")), values.get("proto"))
        values["op"] = _OPERATIONS.get(str(values.get("op")), values.get("op"))
        # Here sid is the session's, rule the signature's.
        event["rule.id"] = str(values.pop("rule", "")) or str(values.get("sid", ""))
    _result(event, values, kind)
    if kind == "detection":
        name = values.get("msg") if values.get("vendor") or values.get("type") == "ips" else None
        if values.get("virus_name") or name:
            event["rule.name"] = values.get("virus_name") or name
    rest = {key: value for key, value in values.items() if key not in _SKIP}
    return record(event, rest, received, prefix="topsec.", what=words, kind=kind, fields=_KEYS,
                  scale="up" if values.get("vendor") or "LogType" in values else "syslog")  # fmt: skip


_KEYS: Final = {key: known for key, known in _FIELDS.items() if key not in {"type", "rule"}} | {
    "vname": ("rule.name", text), "port": ("destination.port", KEYS["dport"][1]),
    "op": ("event.action", text), "object_name": ("rule.name", text), "subject_name": ("host.name", text),
}  # fmt: skip


def _result(event: Event, values: dict[str, Any], kind: str) -> None:
    """`result` is 0 for success on TOS and NGTOS, 1 on TopSAG; the message decides where it speaks."""
    words = f"{values.get('msg', '')} {values.get('description', '')}".lower()
    result = str(values.get("result", ""))
    if "fail" in words or "失败" in words or "incorrect" in words or "error" in words:
        event["event.outcome"] = "failure"
    elif "success" in words or "成功" in words or result in {"0", "success", "成功"}:
        event["event.outcome"] = "success"
    elif result.lstrip("-").isdecimal() and kind in {"login", "change"}:
        event["event.outcome"] = "failure" if result.startswith("-") else "success"


def sniff(framed: Framed) -> float:
    source = framed.text[:400]
    at = next((mark for mark in _MARKS if mark in source), None)
    if at is None:
        return 0.97 if 'vsys_name="' in source and 'recorder="' in source else _later(framed.text)
    if at in {'LogType="', 'agentid="'}:
        return 0.9 if ("AttackerIP=" in framed.text or 'object_class="' in source or 'RVal="' in framed.text) else 0.0
    if at == "attacklog-":
        return 0.9 if " SRC=" in source else 0.0
    return 0.97


def _later(text: str) -> float:
    return 0.95 if "detail_" in text[:200] and ("detail_virus_" in text or "detail_montype=" in text) else 0.0


PARSER = Parser(
    name=NAME,
    product="Topsec 天融信 (NGTOS, TOS, TopIDP, TopAPT, TopADS, TopSAG, TopDesk, TopEDR …)",
    data_kind="security",
    reference="https://www.topsec.com.cn/",
    parse=parse,
    sniff=sniff,
    markers=(*_MARKS, 'recorder="'),
)
