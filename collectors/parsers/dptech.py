"""DPtech (迪普): FW, IPS, WAF, UAG: JSON or key=value lines that name the vendor.

Keys may be English or Chinese; what has no field stays under `dptech.*`. Lines in CEF are read as CEF.

Reference: https://www.dptech.com/
"""

from __future__ import annotations

from typing import Final

from collectors.parsers._chinese import product
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import text

_FIELDS: Final = KEYS | {
    "attackname": ("rule.name", text), "AttackName": ("rule.name", text), "event": ("rule.name", text), "srcIP": KEYS["src_ip"],
    "dstIP": KEYS["dst_ip"], "sourceIP": KEYS["src_ip"], "destIP": KEYS["dst_ip"], "sourcePort": KEYS["src_port"],
    "devName": ("observer.name", text), "policyName": ("rule.name", text), "ruleName": ("rule.name", text),
}  # fmt: skip

PARSER = product(
    "dptech",
    "DPtech 迪普 (FW, IPS, WAF, UAG)",
    (("DPTECH",), ("DPtech",), ("dptech",), ("迪普",)),
    vendor="DPtech",
    title="DPtech",
    kind="firewall",
    prefix="dptech.",
    fields=_FIELDS,
    sure=0.9,
    reference="https://www.dptech.com/",
)
