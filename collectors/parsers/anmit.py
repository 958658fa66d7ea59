"""Anmit TopRules isolation gateway (安盟 网闸): `ID="TopIGap" FW="TopRules" TIME="…" MODULE="访问日志" SRC="…" DST="…" …`.

`MODULE` says in Chinese what the record is (访问日志, 攻击防护日志, 管理日志), `RESULT` and `ACTION` how it ended. The
rest stays under `cn.*`.

Reference: https://www.anmit.com/ (安盟华御 安全隔离与信息交换系统)
"""

from __future__ import annotations

from collectors.parsers._chinese import product

PARSER = product(
    "anmit",
    "Anmit TopRules gateway 安盟网闸",
    (('ID="TopIGap"',), ('ID="SU-GAP3000"',), ('ID="SU-GAP',)),
    vendor="Anmit",
    title="TopRules",
    kind="gateway",
    scale="syslog",
    reference="https://www.anmit.com/",
)
