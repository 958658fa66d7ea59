"""A small labelled set: three days of one enterprise's noise and an attack in five steps on the third."""

from __future__ import annotations

import csv
import gzip
import random
from pathlib import Path

START = 1_700_006_400.0
"""A midnight, UTC."""

Row = tuple[float, str, str, str, str]
"""Time, name, host, address, label."""

STEPS = (
    ("scan", "Suricata: ET SCAN Nmap port scan detected", "edge", 40, 0.2),
    ("dirb", "Wazuh: Web server 400 error code.", "web", 120, 0.05),
    ("webshell", "Suricata: ET WEB_SERVER Web shell command execution", "web", 4, 5.0),
    ("sudo", "Wazuh: Successful sudo to root executed.", "web", 3, 2.0),
    ("exfil", "Suricata: ET TROJAN DNS tunnel data exfiltration", "web", 12, 30.0),
)


def rows(seed: int = 1, hosts: str = "") -> list[Row]:
    """In order of time; `hosts` is put before every host's name."""
    dice = random.Random(seed)
    found: list[Row] = []
    for number in range(900):
        at = START + number * 288.0 + dice.random() * 200
        name, host = dice.choice(
            (("Wazuh: Dovecot Authentication Success.", "mail"), ("Wazuh: PAM: Login session opened.", "desk"))
        )
        found.append((at, name, f"{hosts}{host}", "10.0.0.9", "-"))
    at = START + 2.4 * 86_400
    for step, name, host, count, gap in STEPS:
        at += 300
        for _ in range(count):
            at += gap
            found.append((at, name, f"{hosts}{host}", "10.0.0.5", step))
    return sorted(found)


def write(folder: Path, scenario: str = "harbour", seed: int = 1, hosts: str = "") -> Path:
    """As a table of AIT-ADS, compressed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{scenario}_alerts.txt.gz"
    with gzip.open(path, "wt", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["time", "name", "ip", "host", "short", "time_label", "event_label"])
        for at, name, host, address, label in rows(seed, hosts):
            writer.writerow([f"{at:.0f}", name, address, host, "x", "false_positive", label])
    return path
