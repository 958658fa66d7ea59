"""Huorong (火绒): Endpoint Security 企业版: JSON or key=value lines that name the vendor.

Keys may be English or Chinese; what has no field stays under `cn.huorong.*`. Lines in CEF are read as CEF.

Reference: https://www.huorong.cn/
"""

from __future__ import annotations

from typing import Final

from collectors.parsers._chinese import product
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import text

_FIELDS: Final = KEYS | {
    "hostname": ("host.name", text), "computer": ("host.name", text), "virus": ("rule.name", text), "vname": ("rule.name", text),
    "fpath": ("file.path", text), "objname": ("file.path", text), "fn": ("file.path", text), "hr_type": ("event.action", text),
    "treatment": ("event.action", text), "local_ip": KEYS["ip"], "client_ip": KEYS["ip"], "det": ("rule.name", text),
}  # fmt: skip

PARSER = product(
    "huorong",
    "Huorong 火绒 (Endpoint Security 企业版)",
    (("Huorong",), ("huorong",), ("HUORONG",), ("火绒",)),
    vendor="Huorong",
    title="Huorong",
    kind="edr",
    prefix="cn.huorong.",
    fields=_FIELDS,
    sure=0.9,
    reference="https://www.huorong.cn/",
)
