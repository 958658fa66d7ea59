"""Venustech (启明星辰): 天清汉马, 天清 WAF, 天阗 IDS and APT, 天珣: JSON or key=value lines that name the vendor.

USG lines with `SerialNum=… GenTime=…` are Leadsec's grammar, products sold with `name;serial;ipv4;3;` the audit gateways': both are
read there. The rest stays under `venustech.*`.

Reference: https://www.venustech.com.cn/ (天阗、天清 Syslog 日志格式说明)
"""

from __future__ import annotations

from typing import Final

from collectors.parsers._chinese import product
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import text

_FIELDS: Final = KEYS | {
    "Content": ("message", text), "EventName": ("rule.name", text), "SecurityID": ("rule.id", text), "EvtName": ("rule.name", text),
    "UserName": ("user.name", text), "eventName": ("rule.name", text), "LogType": ("event.code", text),
}  # fmt: skip

PARSER = product(
    "venustech",
    "Venustech 启明星辰 (WAF, IDS, APT)",
    (("启明星辰",), ("天清汉马",), ("天阗",), ("天清WAF",), ("Venustech",), ("venustech",)),
    vendor="Venustech",
    title="Venustech",
    kind="ids",
    prefix="venustech.",
    fields=_FIELDS,
    sure=0.9,
    reference="https://www.venustech.com.cn/",
)
