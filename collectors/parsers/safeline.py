"""Changting SafeLine (长亭雷池) web application firewall: one JSON object a detection.

`attack_type` and `module` come as names or as the product's numbers; `risk_level` 0–3; `action` deny, allow or its number.
The rest stays under `chaitin.*`.

Reference: https://docs.waf.chaitin.com/ (SafeLine Syslog: detect log fields)
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._chinese import begin, flat_json, record
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import integer, text
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "safeline"
_FIELDS: Final = KEYS | {
    "dest_ip": KEYS["dst_ip"], "dest_port": KEYS["dst_port"], "host": ("url.domain", text), "urlpath": ("url.path", text),
    "url_path": ("url.path", text), "website": ("url.original", text), "method": ("http.request.method", text),
    "attack_type": ("rule.category", text), "user_agent": ("user_agent.original", text), "reason": ("message", text),
    "event_id": ("chaitin.event_id", text), "rule_id": ("rule.id", text),
    "resp_status_code": ("http.response.status_code", integer), "status_code": ("http.response.status_code", integer),
}  # fmt: skip
_TYPES: Final = {
    "0": "SQL injection", "1": "cross-site scripting", "2": "cross-site request forgery", "3": "server-side request forgery",
    "4": "denial of service", "5": "backdoor", "6": "deserialization", "7": "code execution", "8": "code injection",
    "9": "command injection", "10": "file upload", "11": "file inclusion", "12": "redirect", "13": "weak permission",
    "14": "information leak", "15": "unauthorized access", "16": "unsafe configuration", "17": "XXE", "18": "XPath injection",
    "19": "LDAP injection", "20": "directory traversal", "21": "scanner", "22": "permission bypass", "23": "ACL bypass",
    "24": "file write", "25": "file download", "26": "file delete", "27": "logic error", "28": "CRLF injection",
    "29": "template injection", "30": "click hijacking", "31": "buffer overflow", "32": "integer overflow", "33": "format string",
    "34": "race condition", "61": "timeout", "62": "unknown",
}  # fmt: skip
_OWN: Final = ("risk_level", "event_id", "decode_path", "payload", "req_header_raw", "urlpath", "module", "site_uuid")


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME, "Chaitin", "SafeLine", "waf")
    values: dict[str, Any] | None = flat_json(framed.text) or flat_json(body)
    if not values or "attack_type" not in values:
        raise ParseError("no JSON object with attack_type", NAME)
    kind = str(values["attack_type"])
    values["attack_type"] = _TYPES.get(kind, kind.replace("_", " ") or "attack")
    values["action"] = {"0": "allow", "1": "deny"}.get(str(values.get("action")), values.get("action"))
    values["level"] = {"0": "info", "1": "low", "2": "medium", "3": "high"}.get(
        str(values.get("risk_level")), values.pop("risk_level", None)
    )
    event["rule.name"] = values["attack_type"]
    event.setdefault("message", str(values.get("reason") or values["attack_type"])[:512])
    return record(event, values, received, prefix="chaitin.", what="waf attack", fields=_FIELDS, kind="detection")


def sniff(framed: Framed) -> float:
    source = framed.text
    if '"attack_type"' not in source or "{" not in source[:300]:
        return 0.0
    if "safeline" in source[:2000].lower() or "chaitin" in source[:2000].lower():
        return 0.97
    return 0.92 if sum(f'"{key}"' in source for key in _OWN) >= 4 else 0.0


PARSER = Parser(
    name=NAME,
    product="Changting SafeLine 长亭雷池",
    data_kind="security",
    reference="https://docs.waf.chaitin.com/",
    parse=parse,
    sniff=sniff,
    markers=('"attack_type"',),
)
