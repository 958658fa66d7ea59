"""Legendsec SecFox bastion (网神 SecFox 运维安全管理): `SecFox baoleiji
logType=YAB_RESOURCE_LOGIN_LOG, user=…, sourceIP=…, targetIP=…`.

Logs are of logins, sessions, commands and files; `operation` and `result` say what was done. Also plain
sentences, kept as the message.
The rest is kept under `legendsec.*`.

Reference: https://www.qianxin.com/product/detail/pid/358 (网神 SecFox 运维安全管理与审计系统)
"""

from __future__ import annotations

from collectors.parsers._chinese import product
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import text

FIELDS = KEYS | {
    "operation": ("event.action", text), "resource": ("host.name", text), "account": ("destination.user.name", text),
    "protocol": ("network.protocol", text),
}  # fmt: skip

PARSER = product(
    "secfox", "Legendsec SecFox bastion 网神堡垒机", (("SecFox ",), ("logType=YAB_",)),
    vendor="Legendsec", title="SecFox", kind="bastion", prefix="legendsec.", fields=FIELDS, reference="https://www.qianxin.com/product/detail/pid/358",
)  # fmt: skip
