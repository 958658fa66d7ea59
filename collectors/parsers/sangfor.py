"""Sangfor (深信服): AF and WAF (`fwlog: 日志类型:…, 源IP:…`), AC (`[log_type:login]
[usr_name:…]`), EDR, AD, DAS, cloud mirror (云镜), OSM.

AF writes Chinese keys with colons, commas between; AC brackets; EDR a name and a JSON list; DAS quoted `"key:value"` pairs;
AD plain sentences or `admin , address , action , object , detail`; the bastion (OSM) sentences after `<AUDIT_LOG>`.
What is left stays under `sangfor.*`.

Reference: https://support.sangfor.com.cn/ (深信服 AF/AC Syslog 日志格式说明)
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._chinese import LIMIT, begin, flat_json, pairs, record
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import integer, text
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "sangfor"
_MARKS: Final = ("日志类型:", "[log_type:", "EDR.[", "sangfor-ad", '"record_id:', "behavior: ", "fort i: ", "sangfor")
_AUDIT: Final = (
    ("user.name", re.compile(r"通过账号\[?([^\])\s]{1,64}?)\]?(?:登录|\])")),
    ("source.ip", re.compile(r"通过\[?([0-9A-Fa-f:.]{3,45}?)\]?(?:访问|做)")),
    ("destination.ip", re.compile(r"访问\[([0-9A-Fa-f:.]{3,45})\]")),
    ("destination.user.name", re.compile(r"用\[([^\]]{1,64})\]账号")),
    ("network.protocol", re.compile(r"通过\[([a-z0-9]{2,12})\]协议")),
    ("process.command_line", re.compile(r"越权命令：([^。]{1,256})")),
    ("time", re.compile(r"在\[?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")),
)  # fmt: skip
_FIELDS: Final = KEYS | {
    "usr_name": ("user.name", text), "IP地址": KEYS["源IP"], "操作对象": ("sangfor.object", text), "用户": ("user.name", text),
    "host_ip": KEYS["src_ip"], "hst_ip": KEYS["src_ip"], "serv": ("rule.category", text), "app": ("network.application", text),
    "r_rule0": ("rule.name", text), "r_type0": ("rule.category", text), "iplist": KEYS["ip"], "agent_id": ("agent.id", text),
    "应用名称": ("network.application", text), "应用类型": ("sangfor.app_type", text), "操作": ("event.action", text),
    "domain_name": ("url.domain", text), "patch_name": ("rule.name", text), "virus_name": ("rule.name", text),
    "att_times": ("sangfor.times", integer), "动作": ("event.action", text),
}  # fmt: skip


def audit(event: Event, body: str) -> dict[str, Any]:
    """The parts of a bastion's sentence: who, by which account, when, from where, to what."""
    head = body[:2048]
    found = {name: hit[1] for name, form in _AUDIT if (hit := form.search(head)) is not None}
    event["message"] = body.strip()[:512]
    if "成功" in body:
        event["event.outcome"] = "success"
    elif "失败" in body:
        event["event.outcome"] = "failure"
    # The header's severity is always alert; the sentence's own is what counts.
    event["event.severity"] = 75 if "[Alert]" in body or "越权" in body else 50 if "[WARN" in body else 10
    return found


def audit_kind(body: str) -> str:
    if "告警" in body[:1024] or "越权" in body[:1024]:
        return "detection"
    if "做登录" in body[:1024]:
        return "login"
    return "change" if "操作" in body[:1024] else "flow"


def _af(event: Event, body: str, received: Received) -> list[Event]:
    values: dict[str, Any] = {}
    for piece in body.split(", ")[:LIMIT]:
        key, sign, value = piece.partition(":")
        if sign and len(key) <= 24:
            values[key.rpartition(" ")[2]] = value.strip()
    what = str(values.pop("日志类型", ""))
    # NAT转换… and 流量 are connections, 服务控制 too; the protections (WAF, IPS, DOS, 病毒, 僵尸网络) are detections
    kind = (
        "detection"
        if any(word in what for word in ("防护", "攻击", "IPS", "WAF", "DOS", "病毒", "僵尸", "APT", "漏洞"))
        else ""
    )
    if kind:
        event["rule.name"] = (
            values.get("漏洞名称") or values.get("病毒名") or values.get("攻击类型") or values.get("威胁类型") or what
        )
    elif "认证" in what or "VPN" in what:
        action = f"{values.get('操作', '')}{values.get('操作对象', '')}"
        kind = "logout" if "注销" in action else "login" if "登录" in action or "认证" in what else ""
    event["event.code"], event["sangfor.log_type"] = what or "log", what or "log"
    return record(event, values, received, prefix="sangfor.", what=what, fields=_FIELDS, kind=kind)


def _das(event: Event, body: str, received: Received) -> list[Event]:
    event["observer.product"], event["observer.type"] = "DAS", "database-audit"
    values: dict[str, Any] = {}
    for piece in body[body.find('"record_id:') :].strip().strip('"').split('","')[:LIMIT]:
        key, _, value = piece.partition(":")
        values[key] = value
    day = str(values.pop("date", ""))
    if len(day) == 8 and "record_time" in values:
        values["record_time"] = f"{day[:4]}-{day[4:6]}-{day[6:]} {values['record_time']}"
    what = str(values.get("log_type", ""))
    return record(
        event,
        values,
        received,
        prefix="sangfor.",
        what=what,
        fields=_FIELDS,
        kind="detection" if "risk" in what else "",
    )


def _edr(event: Event, body: str, received: Received) -> list[Event]:
    event["observer.product"], event["observer.type"] = "EDR", "edr"
    event.pop("process.name", None)
    what = body[body.find("]:", body.find("EDR.[")) + 2 :].partition("[{")[0].strip(" :")[:64] or "alert"
    values = flat_json(body) or {}
    values["state"] = values.get("state", "")
    event["rule.name"] = next(
        (
            str(values[key])
            for key in ("threat_name", "threat_file", "patch_name", "virus_name", "event_type")
            if values.get(key)
        ),
        what,
    )
    event["event.code"] = what[:64]
    named = str(values.pop("host_name", ""))
    name, _, address = named.partition("(")
    if name:
        values["host_name"] = name
    if address:
        values.setdefault("ip", address.rstrip(")"))
    event["event.action"] = values.pop("state") or "alert"
    return record(event, values, received, prefix="sangfor.", what=what, fields=_FIELDS, kind="detection")


def _mirror(event: Event, body: str, received: Received) -> list[Event]:
    event["observer.product"], event["observer.type"] = "YJ", "vulnerability-scanner"
    values: dict[str, Any] = {}
    for piece in body.split(" - ")[:12]:
        key, sign, value = piece.replace("：", ":", 1).partition(":")
        if sign and key in {"user", "ip", "behavior", "object"}:
            values[key] = value.strip()
        elif "成功" in piece or "失败" in piece:
            event["message"] = piece.strip()
            event["event.outcome"] = "success" if "成功" in piece else "failure"
    values["src_ip"] = values.pop("ip", "")
    return record(event, values, received, prefix="sangfor.", what=str(values.get("behavior", "")), fields=_FIELDS)


def _delivery(event: Event, body: str, received: Received) -> list[Event]:
    event["observer.product"], event["observer.type"] = "AD", "load-balancer"
    rest = body.partition("sangfor-ad")[2].partition(": ")[2] or body
    parts = [part.strip() for part in rest.split(" , ")]
    values: dict[str, Any] = {}
    event["message"] = rest.strip()[:512]
    if len(parts) >= 4:
        values = {"user": parts[0], "src_ip": parts[1], "action": parts[2], "object": parts[3]}
    return record(
        event,
        values,
        received,
        prefix="sangfor.",
        what=rest[:200],
        fields=_FIELDS,
        kind="change" if values else "other",
    )


def parse(framed: Framed, received: Received) -> list[Event]:
    if sniff(framed) == 0:
        raise ParseError("no mark of a Sangfor product in the record", NAME)
    event, body = begin(framed, received, NAME, "Sangfor", "AF", "firewall")
    source = framed.text
    if "日志类型:" in source[:400]:
        return _af(event, body, received)
    if "[log_type:" in source[:400]:
        event["observer.product"], event["observer.type"] = "AC", "proxy"
        values: dict[str, Any] = dict(pairs(source))
        what = str(values.pop("log_type", ""))
        kind = what if what in {"login", "logout"} else "web" if "url" in values or "dst_ip" in values else ""
        return record(event, values, received, prefix="sangfor.", what=what, fields=_FIELDS, kind=kind)
    if "EDR.[" in source[:200]:
        return _edr(event, source, received)
    if '"record_id:' in source[:400]:
        return _das(event, source, received)
    if "behavior: " in source[:400]:
        return _mirror(event, source, received)
    if "sangfor-ad" in source[:200]:
        return _delivery(event, source, received)
    event["observer.product"], event["observer.type"] = "OSM", "bastion"
    return record(
        event, audit(event, body), received, prefix="sangfor.", what=body[:200], fields=_AUDITED, kind=audit_kind(body)
    )


_AUDITED: Final = {name: (name, KEYS["src_ip"][1] if name.endswith(".ip") else text) for name, _ in _AUDIT}


def sniff(framed: Framed) -> float:
    source = framed.text[:400]
    if "日志类型:" in source:
        return 0.96 if "log" in source or "源IP:" in source or "nat:" in source else 0.0
    if "[log_type:" in source:
        return 0.95 if "[record_time:" in source else 0.0
    if "EDR.[" in source or '"record_id:' in source:
        return 0.95 if "sangfor" in source or '"log_type:' in source else 0.0
    if "behavior: " in source:
        return 0.9 if " - object: " in source else 0.0
    if "fort i: " in source:
        return 0.95
    return 0.9 if "sangfor-ad" in source else 0.0


PARSER = Parser(
    name=NAME,
    product="Sangfor 深信服 (AF, WAF, AC, EDR, AD, DAS, OSM)",
    data_kind="security",
    reference="https://support.sangfor.com.cn/",
    parse=parse,
    sniff=sniff,
    markers=_MARKS[:-1],
)
