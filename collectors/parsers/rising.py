"""Rising (瑞星) ESM antivirus: `node AV 0 Trojan.X 木马 删除成功 自定义查杀 file path 2026-03-02 11:13:35 host 10.1.1.1 00-0C-…`.

Words parted by blanks; the path may hold blanks itself, so the line is read from both ends.

Reference: https://www.rising.com.cn/ (瑞星 ESM 日志外发)
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._chinese import begin, record
from collectors.parsers._chinese_names import KEYS
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "rising"
_KINDS: Final = "木马|病毒|蠕虫|后门|广告|恶意软件|可疑|风险|勒索|壳|脚本|未知"
_HEAD: Final = re.compile(rf"\bAV (\d{{1,3}}) (\S{{1,200}}) ({_KINDS})\S{{0,12}} (\S{{1,40}}) (\S{{1,40}}) ")
_TAIL: Final = re.compile(
    r" (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (\S{1,128}) ([0-9A-Fa-f.:]{2,45}) ([0-9A-Fa-f]{2}(?:[-:][0-9A-Fa-f]{2}){5})"
)


def parse(framed: Framed, received: Received) -> list[Event]:
    source = framed.text[:8192]
    head = _HEAD.search(source, 0, 512)
    tail = _TAIL.search(source, head.end() - 1) if head else None
    if head is None or tail is None:
        raise ParseError("no AV record with virus, kind, result and host", NAME)
    event, _ = begin(framed, received, NAME, "Rising", "ESM", "antivirus")
    where = source[head.end() : tail.start()].strip()
    name, blank, folder = where.partition(" ")
    values: dict[str, Any] = {
        "virus_name": head[2], "virus_type": head[3], "action": head[4], "file_path": f"{folder}\\{name}" if blank else where,
        "time": tail[1], "hostname": tail[2], "ip": tail[3], "mac": tail[4], "scan": head[5],
    }  # fmt: skip
    event["event.severity"], event["message"] = 75, f"{head[2]} {head[4]}"
    event["taishi.victim.host"] = tail[2]
    return record(event, values, received, prefix="cn.rising.", what="病毒", fields=KEYS, kind="detection")


def sniff(framed: Framed) -> float:
    return 0.93 if " AV " in framed.text[:200] and _HEAD.search(framed.text, 0, 512) else 0.0


PARSER = Parser(
    name=NAME,
    product="Rising ESM 瑞星",
    data_kind="security",
    reference="https://www.rising.com.cn/",
    parse=parse,
    sniff=sniff,
    markers=(" AV ",),
)
