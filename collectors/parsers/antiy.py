"""Antiy (安天): IEP, PTD, Persistent Threat: JSON or key=value lines that name the vendor.

Keys may be English or Chinese; what has no field stays under `cn.antiy.*`. Lines in CEF are read as CEF.

Reference: https://www.antiy.cn/
"""

from __future__ import annotations

from typing import Final

from collectors.parsers._chinese import product
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import text

_FIELDS: Final = KEYS | {
    "virusName": ("rule.name", text), "threatName": ("rule.name", text), "malName": ("rule.name", text), "hostName":
    ("host.name", text),
    "clientName": ("host.name", text), "filePath": ("file.path", text), "dealResult": ("event.action", text),
    "processPath": ("process.executable", text), "clientIp": KEYS["ip"],
}  # fmt: skip

PARSER = product(
    "antiy",
    "Antiy 安天 (IEP, PTD, Persistent Threat)",
    (('"Antiy"',), ("Antiy IEP",), ("Antiy PTD",), ("vendor=Antiy",), ("antiy_",), ("安天",)),
    vendor="Antiy",
    title="Antiy",
    kind="edr",
    prefix="cn.antiy.",
    fields=_FIELDS,
    sure=0.9,
    reference="https://www.antiy.cn/",
)
