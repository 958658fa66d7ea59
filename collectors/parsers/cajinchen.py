"""Cajinchen HG7500 antivirus gateway (铸盾金辰 防毒墙): `id=mdg:flow time='…' fw=mdgav pri=0 src=10.1.1.1:80 dst=…
rule=… action=alert msg='…'`.

`mdg:flow` are network detections, `mdg:app` files and mails with their MD5. Addresses carry their ports. The rest stays
under `cn.*`.

Reference: https://www.cajinchen.com/ (金辰 HG7500 日志格式)
"""

from __future__ import annotations

from collectors.parsers._chinese import product

PARSER = product(
    "cajinchen",
    "Cajinchen HG7500 antivirus gateway",
    (("id=mdg:",),),
    vendor="Cajinchen",
    title="HG7500",
    kind="ids",
    scale="syslog",
    known="detection",
    reference="https://www.cajinchen.com/",
)
