"""TrapBox honeypots (江南信安): JSON with `logtype` TRAPBOX_… and sessions as `sensor-ipv4-tcp-source-port-target-port`
in the message.

Reference: https://www.jnaqsec.com/ (TrapBox 蜜罐 Syslog)
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._chinese import begin, flat_json, record
from collectors.parsers._chinese_names import KEYS
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "trapbox"
_SESSION: Final = re.compile(
    r"([\w.]{1,64})-ipv[46]-(\w{2,8})-([0-9A-Fa-f.:]{2,45})-(\d{1,5})-([0-9A-Fa-f.:]{2,45})-(\d{1,5})"
)


def parse(framed: Framed, received: Received) -> list[Event]:
    values: dict[str, Any] | None = flat_json(framed.text)
    if not values or not str(values.get("logtype", "")).startswith("TRAPBOX"):
        raise ParseError("no JSON with a TRAPBOX logtype", NAME)
    event, _ = begin(framed, received, NAME, "JNSec", "TrapBox", "honeypot")
    found = _SESSION.search(str(values.get("message", "")), 0, 2048)
    if found is not None:
        names = ("devname", "proto", "src_ip", "src_port", "dst_ip", "dst_port")
        values |= dict(zip(names, found.groups(), strict=True))
    event["event.code"] = str(values.pop("logtype"))
    values.pop("loglevel", None)
    event["rule.name"] = "honeypot session" if found is not None else "honeypot event"
    return record(event, values, received, prefix="cn.trapbox.", what="honeypot", fields=KEYS,
                  kind="detection" if found is not None or "src_ip" in values else "other")  # fmt: skip


def sniff(framed: Framed) -> float:
    return 0.97 if "TRAPBOX_" in framed.text[:400] else 0.0


PARSER = Parser(
    name=NAME,
    product="JNSec TrapBox 蜜罐",
    data_kind="security",
    reference="https://www.jnaqsec.com/",
    parse=parse,
    sniff=sniff,
    markers=("TRAPBOX_",),
)
