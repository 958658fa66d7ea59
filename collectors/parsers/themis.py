"""Power V and SecGate firewalls of the Themis line (网御 Leadsec, 网神 Legendsec): `devid=1 date="…"
dname=themis logtype=1 pri=5 …`.

Two companies sold it under both names and the lines do not say which: the vendor is given as both. `mod` says what the record is:
pf (packet filter), nat, http_proxy, ips, uids, antiscan, antispam, vq (virus), scan, webui. `result=0` is success. The rest stays
under `leadsec.*`. Chinese words read in the wrong encoding (鐧诲綍 for 登录) are left as they came.

Reference: https://www.leadsec.com.cn/ (网御 Power V 日志格式手册)
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

NAME: Final = "themis"
_HEAD: Final = re.compile(r'(?:(\w[\w\-]{0,31}): )?devid=\d{1,10} date="')
_FIELDS: Final = KEYS | {
    "from": KEYS["src_ip"], "hostip": KEYS["dst_ip"], "policy": ("event.action", text), "act": ("event.action", text),
    "eventname": ("rule.name", text), "dsp_msg": ("message", text), "eventtype": ("rule.category", text),
    "type": ("leadsec.icmp_type", text),
    "code": ("leadsec.icmp_code", text), "user": ("user.name", text), "agent": ("user_agent.original", text),
    "admin": ("user.name", text),
    "summary": ("rule.name", text), "family": ("rule.category", text), "pluginid": ("rule.id", text),
}  # fmt: skip
_KINDS: Final = {
    "pf": "flow", "nat": "flow", "http_proxy": "web", "ips": "detection", "uids": "detection", "antiscan": "detection",
    "antispam": "detection", "vq": "detection", "av": "detection", "scan": "detection", "antiddos": "detection", "ids": "detection",
    "url": "web", "urlfilter": "web", "webfilter": "web", "session": "flow", "auth": "login",
}  # fmt: skip


def parse(framed: Framed, received: Received) -> list[Event]:
    found = _HEAD.search(framed.text, 0, 300)
    if found is None:
        raise ParseError('no devid=… date="…" in the record', NAME)
    head = framed.text[: found.start()]
    event, _ = begin(
        Framed(head or " ", framed.syslog, head or " "), received, NAME, "Leadsec / Legendsec", "Power V", "firewall"
    )
    if found[1]:
        event["process.name"] = found[1]
    values: dict[str, Any] = dict(pairs(framed.text[found.start() :]))
    module = str(values.get("mod", ""))
    result = str(values.pop("result", ""))
    if result in {"0", "1", "-1"}:
        event["event.outcome"] = "success" if result == "0" else "failure"
    action = str(values.get("policy", ""))
    if action.startswith("POLICY_"):
        values["policy"] = action[7:].lower()
    proto = str(values.get("proto", ""))
    values["proto"] = proto.removeprefix("IPPROTO_")
    if str(values.get("url", "")).partition(" ")[0] in {"GET", "POST", "HEAD", "PUT"}:
        method, target = str(values["url"]).split(" ", 2)[:2] if str(values["url"]).count(" ") else ("", values["url"])
        values["url"], event["http.request.method"] = target, method
    event["event.code"] = f"{values.get('logtype', '')}/{module}"
    values["severity"] = values.get("severity") or values.get("risk") or values.get("pri", "")
    scale = "down" if values.get("severity") != values.get("pri") else "syslog"
    kind = _KINDS.get(module, "")
    if module == "webui":
        kind = (
            "login"
            if "登录" in framed.text or "鐧诲綍" in framed.text
            else "logout"
            if "退出" in framed.text
            else "change"
        )
    rest = {key: value for key, value in values.items() if key not in {"mod", "logtype", "devid", "fwlog", "rule_name"}}
    if values.get("rule_name"):
        event["rule.name"] = values["rule_name"]
    return record(
        event,
        rest,
        received,
        prefix="leadsec.",
        what=f"{module} {values.get('eventtype', '')}",
        fields=_FIELDS,
        scale=scale,
        kind=kind,
    )


def sniff(framed: Framed) -> float:
    source = framed.text[:400]
    return (
        0.97 if "devid=" in source and ("dname=" in source and "logtype=" in source) and _HEAD.search(source) else 0.0
    )


PARSER = Parser(
    name=NAME,
    product="Leadsec 网御 / Legendsec 网神 Power V, SecGate (Themis)",
    data_kind="security",
    reference="https://www.leadsec.com.cn/",
    parse=parse,
    sniff=sniff,
    markers=("devid=",),
)
