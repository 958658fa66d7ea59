"""Infogo (盈高) ASM access control: `processor_server: classid:200, level:3, devid:8010, devip:10.1.1.1, devname:…, content:…`.

The rest stays under `cn.*`.

Reference: https://www.infogo.com.cn/ (ASM6000 Syslog 报警)
"""

from __future__ import annotations

from typing import Final

from collectors.parsers._chinese import product
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import text

_FIELDS: Final = KEYS | {
    "classid": ("event.code", text), "content": ("rule.name", text), "devip": KEYS["src_ip"], "devname": ("host.name",
    text), "username": ("user.name", text),
}  # fmt: skip

PARSER = product(
    "infogo",
    "Infogo ASM 盈高网络准入",
    (("classid:", "devip:"),),
    vendor="Infogo",
    title="ASM",
    kind="nac",
    scale="up",
    fields=_FIELDS,
    reference="https://www.infogo.com.cn/",
)
