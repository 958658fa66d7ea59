"""NSFOCUS (绿盟): WAF (`tag:waf_log_websec site_id:… dst_ip:…`), NIPS/NIDS
(`time:…;danger_degree:2;event:[id]name;src_addr:…`), and the
JSON or key=value lines of UTS, NF, RSAS, ESP and BSA that name the vendor.

WAF parts key and value by a colon and pairs by spaces, values may hold spaces; NIPS parts pairs by semicolons, its
`danger_degree` rises from 1. The rest stays under `nsfocus.*`.

Reference: https://www.nsfocus.com.cn/ (绿盟 WAF、NIPS Syslog 日志格式)
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

NAME: Final = "nsfocus"
_FIELDS: Final = KEYS | {
    "event_type": ("rule.name", text), "domain": ("url.domain", text), "alertinfo": ("message", text), "src_addr": KEYS["src_ip"],
    "dst_addr": KEYS["dst_ip"], "account": ("user.name", text), "policy_id": ("nsfocus.policy_id", text), "ip": KEYS["src_ip"],
    "site_name": ("nsfocus.site", text), "rule_id": ("rule.id", text),
}  # fmt: skip
_KEY: Final = re.compile(r"(?<!\S)([a-z][a-z_]{1,30}):")
_EVENT: Final = re.compile(r"\[(\d{1,8})\]\s?(.*)", re.DOTALL)
_NONE: Final = frozenset({"None", "null", ""})
_KINDS: Final = (
    ("webaccess", "web"), ("login", "login"), ("audit", "change"), ("config", "change"), ("running", "other"), ("status",
    "other"),
)  # fmt: skip
_VENDOR: Final = ("NSFOCUS", "nsfocus", "绿盟")


def _waf(event: Event, body: str) -> tuple[dict[str, Any], str, str]:
    found = list(_KEY.finditer(body))
    if len(found) < 3:
        raise ParseError("fewer than three key:value pairs", NAME)
    ends = [one.start() for one in found[1:]] + [len(body)]
    values: dict[str, Any] = {}
    for one, end in zip(found, ends, strict=True):
        value = body[one.end() : end].strip()
        if value not in _NONE:
            values.setdefault(one[1], value)
    tag = str(values.pop("tag", ""))
    event["event.code"] = tag
    values["time"] = values.pop("stat_time", None) or values.get("time")
    values["level"] = values.pop("alertlevel", None) or values.get("level")
    return values, next((kind for sign, kind in _KINDS if sign in tag), "detection"), tag


def _nips(event: Event, body: str) -> tuple[dict[str, Any], str, str]:
    values: dict[str, Any] = {}
    for piece in body.split(";")[:200]:
        name, sign, value = piece.strip().partition(":")
        if sign:
            values.setdefault(name, value.strip())
    named = _EVENT.match(str(values.pop("event", "")))
    if named is not None:
        values["rule_id"], values["event_type"] = named[1], named[2]
    values["level"] = values.pop("danger_degree", None)
    if any(values.pop(key, "0") == "1" for key in ("breaking_sighn", "breaking_sign")):
        values["action"] = "block"
    event["observer.product"], event["observer.type"] = "NIPS", "ids"
    return values, "detection", "ips"


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME, "NSFOCUS", "WAF", "waf")
    source = framed.text
    event.pop("process.name", None)  # the header reader takes the first key for a program
    if (at := source.find("tag:waf_log")) >= 0:
        values, kind, what = _waf(event, source[at:])
    elif "danger_degree:" in source:
        values, kind, what = _nips(event, source[max(0, source.find("time:")) :])
    elif any(name in source[:1500] for name in _VENDOR):
        values = flat_json(body) or dict(pairs(body))
        kind, what = "", words(values) or body[:200]
        event["observer.product"] = str(values.get("product") or values.get("dev_type") or "NSFOCUS")
        event["observer.type"] = "ids"
    else:
        raise ParseError("neither the WAF's tag, nor the NIPS' danger_degree, nor the vendor's name", NAME)
    event.setdefault("message", str(values.get("alertinfo") or values.get("desc") or body)[:512])
    return record(event, values, received, prefix="nsfocus.", what=what, fields=_FIELDS, kind=kind)


def sniff(framed: Framed) -> float:
    head = framed.text[:600]
    if "tag:waf_log" in head:
        return 0.97
    if "danger_degree:" in head and ("src_addr:" in head or "breaking_sig" in head):
        return 0.95
    return (
        0.9
        if any(name in head[:300] for name in _VENDOR) and ("=" in head or "{" in head) and "CEF:" not in head
        else 0.0
    )


PARSER = Parser(
    name=NAME,
    product="NSFOCUS 绿盟 (WAF, NIPS, NIDS, UTS …)",
    data_kind="security",
    reference="https://www.nsfocus.com.cn/",
    parse=parse,
    sniff=sniff,
    markers=("tag:waf_log", "danger_degree:", *_VENDOR),
)
