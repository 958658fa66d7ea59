"""DBAPPSecurity (安恒): 明御 WAF (`DBAppWAF: 发生时间/…,威胁/高,事件/…,URL地址/…,动作/告警,…`), and key=value or JSON
lines that name the vendor.

The WAF parts key and value by a slash and pairs by commas; values hold commas and slashes themselves, so only documented
keys begin a
pair. APT, EDR and the database audit write JSON or CEF; those that say `dbappsecurity` or 安恒 are read here. The rest
stays under
`dbappsecurity.*`.

Reference: https://www.dbappsecurity.com.cn/ (明御 WEB 应用防火墙 Syslog 日志格式)
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._chinese import begin, flat_json, pairs, record, words
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import integer, text
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "dbappsecurity"
_WAF: Final = {
    "事件": ("rule.name", text), "URL地址": ("url.original", text), "服务器IP": KEYS["dst_ip"], "主机名": ("url.domain", text),
    "服务器端口": KEYS["dst_port"], "客户端IP": KEYS["src_ip"], "客户端端口": KEYS["src_port"], "客户端环境":
    ("user_agent.original", text),
    "标签": ("rule.category", text), "动作": ("event.action", text), "HTTP/S响应码": ("http.response.status_code", integer),
    "触发规则": ("rule.id", text), "请求方法": ("http.request.method", text), "国家": ("dbappsecurity.country", text),
    "访问唯一编号": ("dbappsecurity.id", text), "POST数据": ("dbappsecurity.post", text), "攻击特征串":
    ("dbappsecurity.match", text),
}  # fmt: skip
_FIELDS: Final = KEYS | _WAF
_KEYS: Final = (
    *_WAF,
    "发生时间",
    "威胁",
    "省",
    "市",
    "来源",
    "XFF",
    "客户端地理位置",
    "服务器地理位置",
    "协议",
    "方法",
    "网站名称",
)
_KEY: Final = re.compile(f"(?:^|,)({'|'.join(sorted(map(re.escape, _KEYS), key=len, reverse=True))})/")
_VENDOR: Final = ("DBAPPSecurity", "DBAppSecurity", "dbappsecurity", "DBAPP", "安恒")


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME, "DBAPPSecurity", "DBAppWAF", "waf")
    source = framed.text
    at = source.find("发生时间/")
    if at >= 0:
        found = list(_KEY.finditer(source[at:]))
        ends = [one.start() for one in found[1:]] + [len(source) - at]
        values: dict[str, Any] = {
            one[1]: source[at + one.end() : at + end].strip() for one, end in zip(found, ends, strict=True)
        }
        values["time"], values["level"] = values.pop("发生时间", None), values.pop("威胁", None)
        event.setdefault("message", source[at:][:512])
        return record(event, values, received, prefix="dbappsecurity.", what="waf", fields=_FIELDS, kind="detection")
    if not any(name in source[:1500] for name in _VENDOR):
        raise ParseError("neither 发生时间/ nor the vendor's name", NAME)
    values = flat_json(body) or dict(pairs(body))
    event["observer.product"], event["observer.type"] = str(values.get("product") or "DBAPPSecurity")[:64], "ids"
    event.setdefault("message", body[:512])
    return record(event, values, received, prefix="dbappsecurity.", what=words(values) or body[:200], fields=KEYS)


def sniff(framed: Framed) -> float:
    head = framed.text[:600]
    if "发生时间/" in head:
        return 0.97 if "DBAppWAF" in head else 0.92 if "威胁/" in head and "事件/" in head else 0.0
    return (
        0.9
        if any(name in head[:300] for name in _VENDOR) and ("=" in head or "{" in head) and "CEF:" not in head
        else 0.0
    )


PARSER = Parser(
    name=NAME,
    product="DBAPPSecurity 安恒 (明御 WAF, APT, EDR, audit)",
    data_kind="security",
    reference="https://www.dbappsecurity.com.cn/",
    parse=parse,
    sniff=sniff,
    markers=("发生时间/", *_VENDOR),
)
