"""Leadsec (网御星云) and Venustech (启明星辰) sensors: JSON with `"dt":"LEADSEC_IDS_…"` or `"VENUS_…"`, and
6000 IPS `SerialNum=… GenTime=…`.

The JSON tells alerts, malicious files, URLs and sessions; the IPS writes `EventName=`, `SecurityType=`,
`EventLevel=`. Names of files and
mails are Base64 there and stay as they are. The rest is kept under `leadsec.*`.

Reference: https://www.leadsec.com.cn/ (网御入侵检测系统 Syslog 接口说明)
"""

from __future__ import annotations

from collectors.parsers._chinese import product
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import text

FIELDS = KEYS | {
    "name": ("rule.name", text), "content": ("leadsec.content", text), "character": ("url.original", text),
    "type": ("leadsec.type", text), "SecurityType": ("rule.category", text), "dt": ("observer.name", text),
}  # fmt: skip

PARSER = product(
    "leadsec", "Leadsec 网御星云 / Venustech 启明星辰 IDS, IPS", (('"dt":"VENUS_',), ('"dt":"LEADSEC',),
    ("SerialNum=", "GenTime="), ('"dt": "VENUS_',)),
    vendor="Leadsec", title="IDS/IPS", kind="ids", prefix="leadsec.", fields=FIELDS, scale="up", known="detection",
    quiet=(" RUN_INFO:", "SYS_INFO:", "CpuUsage="),
    reference="https://www.leadsec.com.cn/",
)  # fmt: skip
