"""VRV (北信源) endpoint management: fields parted by `*|`: kind, number, subject, time, addresses, MACs, host, unit,
person, company, …, text.

`AUD` is an audit record, `WAR` a warning, `EVT` an event, `STA` counters. A host may have several addresses, parted by
semicolons.
The rest stays under `cn.vrv.*`.

Reference: https://www.vrv.com.cn/ (VRVEDP 报警接口说明)
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._chinese import begin, record
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import text
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "vrv"
_KINDS: Final = ("AUD*|", "WAR*|", "EVT*|", "ALM*|", "LOG*|", "STA*|")
_KEYS: Final = (
    "kind",
    "number",
    "subject",
    "time",
    "ip",
    "mac",
    "computer",
    "unit",
    "person",
    "company",
    "department",
    "phone",
)
_FIELDS: Final = KEYS | {"subject": ("event.action", text), "text": ("message", text)}


def parse(framed: Framed, received: Received) -> list[Event]:
    body = framed.text
    start = min((at for mark in _KINDS if (at := body.find(mark)) >= 0), default=-1)
    parts = body[start:].split("*|") if start >= 0 else []
    if len(parts) < 8:
        raise ParseError("fewer than eight fields between *|", NAME)
    event, _ = begin(framed, received, NAME, "VRV", "VRVEDP", "edr")
    kind = parts[0]
    event["event.code"] = kind
    if kind == "STA":
        event["message"] = body[start:][:512]
        return record(
            event,
            {f"sta{at}": part for at, part in enumerate(parts[1:40], 1)},
            received,
            prefix="cn.vrv.",
            what="",
            kind="other",
        )
    values: dict[str, Any] = dict(zip(_KEYS, parts, strict=False))
    for key in ("kind", "number", "phone", "person"):
        values.pop(key, None)
    addresses = str(values.get("ip", "")).split(";")
    values["src_ip"] = addresses[0]
    values["user_name"] = parts[8].rpartition(":")[2] if len(parts) > 8 else ""
    values["text"] = max(parts[14:] or parts[-1:], key=len).strip(" ,;")
    if kind in {"WAR", "ALM"}:
        event["rule.name"], values["level"] = parts[2] or "alert", "中"
    what = "detection" if kind in {"WAR", "ALM"} else "other"
    return record(event, values, received, prefix="cn.vrv.", what=parts[2], fields=_FIELDS, kind=what)


def sniff(framed: Framed) -> float:
    head = framed.text[:200]
    return 0.95 if "*|" in head and any(mark in head for mark in _KINDS) else 0.0


PARSER = Parser(
    name=NAME,
    product="VRV VRVEDP 北信源",
    data_kind="security",
    reference="https://www.vrv.com.cn/",
    parse=parse,
    sniff=sniff,
    markers=_KINDS,
)
