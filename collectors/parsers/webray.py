"""Webray (盛邦): RayWAF JSON (`{"syslog":{"r_time_s":…,"r_sip_s":…}}`), ATD (JSON after
`notice`), RayTRAP, RaySAS, firewalls of the APW1 line.

RayWAF leaves words unquoted (`"r_severity_name":HIGH`): what is not JSON is read pair by pair. Severity 0 low,
1 medium, 2 high. The ATD
says kill_chain, attacker and victim; the firewall writes FortiOS-like pairs with `device_id=APW1…` and is sold by EasyNetworks too.
The rest is kept under `webray.*`.

Reference: https://www.webray.com.cn/ (盛邦安全 Syslog 日志格式)
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._chinese import begin, flat_json, pairs, record, words
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import text
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "webray"
_PAIR: Final = re.compile(r'"([\w.]{1,64})": ?(?:"((?:[^"\\]|\\.){0,4096})"|([^",{}\[\]]{1,256}))')
_TRAFFIC: Final = re.compile(
    r"SmartCenter\[\d{1,10}\]: traffic (\d{9,13}) (\d{1,3}) (\S{2,45}) (\d{1,5}) (\S{2,45}) (\d{1,5}) (\w{1,16})"
)
_SIGNS: Final = (
    ('"r_time_s"', "RayWAF", "waf", "detection"), ('"r_operator"', "RayWAF", "waf", "change"), ("RayTRAP/",
    "RayTRAP", "honeypot", "detection"),
    ('"kill_chain"', "RayEye ATD", "ids", "detection"), ('"functionuuid"', "RaySAS", "bastion", ""),
    ('"ubegintime"', "RaySAS", "database-audit", ""), ('"msgtype": "systemlog"', "RaySAS", "database-audit", ""),
    ("SmartCenter[", "RayGuard", "edr", "flow"), ("device_id=RAY", "NGFW", "firewall", ""), ("device_id=APW1",
    "NGFW", "firewall", ""),
    (" FW 1 ", "NGFW", "firewall", "other"),
)  # fmt: skip
_FIELDS: Final = KEYS | {
    "r_operator": ("user.name", text), "r_sip": KEYS["src_ip"], "r_xip": ("client.ip", KEYS["src_ip"][1]),
    "r_match": ("webray.match", text),
    "r_host": ("url.domain", text), "r_method": ("http.request.method", text), "loginname": ("user.name",
    text), "ip": KEYS["src_ip"],
    "functionname": ("event.code", text), "label": ("rule.name", text), "name": ("rule.name", text), "rid": ("rule.id", text),
    "hostname": ("observer.name", text), "hostip": KEYS["dev_ip"], "service": ("network.protocol", text), "ui": ("webray.ui", text),
    "content.srcip": KEYS["src_ip"], "content.dstip": KEYS["dst_ip"], "content.sp": KEYS["sp"], "content.dp": KEYS["dp"],
    "content.sql": ("webray.sql", text), "content.username": ("user.name", text),
    "content.content": ("message", text), "content.level": ("event.action", text),
    "status": ("event.action", text), "type": ("webray.type", text), "content.devip": KEYS["dev_ip"],
    "category": ("rule.category", text),
    "content.dbuser": ("user.name", text), "attacker": ("webray.attacker", text), "victim": ("webray.victim", text),
}  # fmt: skip
_DOWN: Final = {"LOW": "低", "MID": "中", "MEDIUM": "中", "HIGH": "高"}


def _loose(body: str) -> dict[str, Any]:
    return {key: quoted or bare.strip() for key, quoted, bare in _PAIR.findall(body[:65536])[:400]}


def _sign(source: str) -> tuple[str, str, str, str] | None:
    head = source[:12000] if "{" in source[:200] else source[:400]
    return next((sign for sign in _SIGNS if sign[0] in head), None)


def parse(framed: Framed, received: Received) -> list[Event]:
    source = framed.text
    sign = _sign(source)
    if sign is None or sniff(framed) == 0:
        raise ParseError("no mark of a Webray product in the record", NAME)
    event, body = begin(framed, received, NAME, "Webray", sign[1], sign[2])
    if sign[1] == "NGFW" and "APW1" in source[:400]:
        event["observer.vendor"] = "Webray / EasyNetworks"
    values: dict[str, Any]
    if (traffic := _TRAFFIC.search(source, 0, 400)) is not None:
        values = dict(
            zip(("time", "proto", "src_ip", "src_port", "dst_ip", "dst_port", "action"), traffic.groups(), strict=True)
        )
    elif "{" in source:
        at = source.find("{")
        values = flat_json(source[at:]) or _loose(source[at:])
        values = {key.removeprefix("syslog."): value for key, value in values.items()}
        values["r_severity_name"] = _DOWN.get(
            str(values.get("r_severity_name", "")).upper(), values.get("r_severity_name")
        )
    else:
        values = dict(pairs(source.replace(",", " ") if "date=" in source and ",time=" in source else source))
        values["time"] = f"{values.pop('date', '')} {values.get('time', '')}"
        event["event.code"] = str(values.pop("log_id", "")) or sign[1]
    kind = sign[3] or (
        "login"
        if values.get("action") in {"login", "logout"}
        else "web"
        if "webfilter" in str(values.get("type"))
        else ""
    )
    if kind == "login" and values.get("action") == "logout":
        kind = "logout"
    event.setdefault("message", (source[source.find("{") :] if "{" in source else body)[:512])
    if kind == "detection":
        event["rule.name"] = next(
            (str(values[key]) for key in ("r_type_name", "rule_name", "name", "label", "desc") if values.get(key)),
            sign[1],
        )
    return record(event, values, received, prefix="webray.", what=words(values), fields=_FIELDS, kind=kind)


def sniff(framed: Framed) -> float:
    source = framed.text
    head = source[:400]
    if "device_id=APW1" in head or "device_id=RAY" in head or "RayTRAP/" in head:
        return 0.97
    if '"r_time_s"' in head or '"r_operator"' in head:
        return 0.96
    if '"kill_chain"' in source[:12000]:
        return 0.93 if "notice" in head and '"hostip"' in source else 0.0
    if (
        "SmartCenter[" in head
        or '"functionuuid"' in source
        or '"ubegintime"' in source
        or '{"msgtype": "systemlog"' in head
    ):
        return 0.9
    return 0.7 if " FW 1 " in head and " APW1" in head else 0.0


PARSER = Parser(
    name=NAME,
    product="Webray 盛邦 (RayWAF, RayEye ATD, RayTRAP, RaySAS, RayGuard, firewall)",
    data_kind="security",
    reference="https://www.webray.com.cn/",
    parse=parse,
    sniff=sniff,
    markers=("device_id=APW1", "device_id=RAY", "RayTRAP/", '"r_time_s"', '"r_operator"', '"kill_chain"', "SmartCenter[",
        '"functionuuid"', '"ubegintime"', '{"msgtype": "systemlog"', " FW 1 "),
)  # fmt: skip
