"""360 Skylar (天擎): syslog carrying JSON, `{"version":"天擎…","log_name":"漏洞管理",…,"content":{…}}`; 10.0:
`syn_user_log {"NUM_ID":…}`.

`log_name` says what the record is (漏洞管理, 插件, XP 盾甲, 病毒, 主动防御 …) and `content` holds its parts;
`ip` and `mac` are the host's.
The rest is kept under `qihoo.*`.

Reference: https://360.net/product-center/Endpoint-Security/ (360 终端安全管理系统)
"""

from __future__ import annotations

from collectors.parsers._chinese import product
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import text

FIELDS = KEYS | {
    "content.name": ("rule.name", text), "content.type": ("rule.category", text), "content.action": ("event.action", text),
    "content.desc": ("message", text), "content.detail": ("message", text), "log_id": ("event.id", text),
    "content.path": ("file.path", text),
    "content.file_path": ("file.path", text), "content.md5": KEYS["md5"], "content.opt": ("event.reason",
    text), "content.virus": ("rule.name", text),
    "report_ip": ("observer.ip", KEYS["dev_ip"][1]), "log_name": ("event.code", text), "content.result": ("event.action", text),
}  # fmt: skip

PARSER = product(
    "qihoo360", "360 Skylar 天擎", (('"version":"\\u5929\\u64ce',), ('"version":"天擎',), ('"log_name":',
    '"report_ip":'), ('_log {"NUM_ID":',)),
    vendor="360", title="Skylar", kind="edr", prefix="qihoo.", fields=FIELDS, reference="https://360.net/product-center/Endpoint-Security/",
)  # fmt: skip
