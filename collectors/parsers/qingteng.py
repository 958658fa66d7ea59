"""Qingteng (青藤): HIDS 万相, 蜂巢: JSON or key=value lines that name the vendor.

Keys may be English or Chinese; what has no field stays under `qingteng.*`. Lines in CEF are read as CEF.

Reference: https://www.qingteng.cn/
"""

from __future__ import annotations

from typing import Final

from collectors.parsers._chinese import product
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import text

_FIELDS: Final = KEYS | {
    "agentId": ("agent.id", text), "internalIp": KEYS["ip"], "displayIp": KEYS["ip"], "hostname": ("host.name", text),
    "eventName": ("rule.name", text), "attackIp": KEYS["src_ip"], "loginIp": KEYS["src_ip"], "sourceIp": KEYS["src_ip"],
    "processName": ("process.name", text), "processPath": ("process.executable", text), "cmd": ("process.command_line", text),
    "filePath": ("file.path", text), "uname": ("user.name", text), "loginUser": ("user.name", text),
}  # fmt: skip

PARSER = product(
    "qingteng",
    "Qingteng 青藤 (HIDS 万相, 蜂巢)",
    (("qingteng",), ("Qingteng",), ("青藤",), ('"agentId"', '"internalIp"', '"displayIp"')),
    vendor="Qingteng",
    title="Qingteng",
    kind="edr",
    prefix="qingteng.",
    fields=_FIELDS,
    known="detection",
    sure=0.9,
    reference="https://www.qingteng.cn/",
)
