"""Feeding a platform over its real HTTP listener, the way a careful shipper does: same batch id until it hears 200."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx

from taishi.records.tables import Asset, Enterprise, Source
from taishi.scope import EVERYTHING
from tests.scenarios.platform import Platform

REGIONS = ["330106", "330203", "330302", "330502"]
START = 1_780_000_000.0  # 2026-05-28: any fixed moment, so that two runs see the same day


@dataclass
class Feed:
    """One enterprise with one source, and the batches it will send. Every 40th record is one that nobody can read."""

    name: str
    region: str
    key: str
    batches: list[list[bytes]] = field(default_factory=list)

    @property
    def records(self) -> int:
        return sum(map(len, self.batches))

    @property
    def unreadable(self) -> int:
        return sum(record.startswith(b"{broken") for batch in self.batches for record in batch)


def make_feeds(count: int, batches: int, size: int, seed: int = 7) -> list[Feed]:
    feeds = []
    for number in range(count):
        dice = random.Random(f"{seed}/{number}")
        lines = _lines(dice, number, batches * size)
        feed = Feed(f"ent-{number}", REGIONS[number % len(REGIONS)], f"tsk_test-{number}")
        feed.batches = [[next(lines) for _ in range(size)] for _ in range(batches)]
        feeds.append(feed)
    return feeds


INTRUSION = [
    ("ET SCAN Nmap Scripting Engine User-Agent", "Web Application Attack", "T1595", "reconnaissance", 3),
    ("ET EXPLOIT Remote Code Execution Attempt", "Attempted Admin Privilege Gain", "T1190", "initial-access", 1),
    ("ET MALWARE Cobalt Strike Beacon", "A Network Trojan was detected", "T1071.001", "command-and-control", 1),
    ("ET POLICY SMB2 Admin Share Access", "Potentially Bad Traffic", "T1021.002", "lateral-movement", 2),
    ("ET SCADA Modbus Write Multiple Registers From New Master", "Misc Attack", "T0831", "impact", 1),
]


def _lines(dice: random.Random, number: int, total: int) -> Iterator[bytes]:
    """EVE lines in time order: scans and flows all day, an intrusion spread over its middle, and unreadable records."""
    steps = {total * (4 + index) // 10: step for index, step in enumerate(INTRUSION)}
    for index in range(total):
        moment = START + index * 30 + dice.random()
        if index % 40 == 39:
            yield f"{{broken {number} {index}".encode()
        elif index in steps:
            yield _alert(moment, steps[index], "203.0.113.9", f"10.{number}.1.20")
        elif dice.random() < 0.6:
            source = f"198.51.100.{dice.randrange(200)}"
            scan = ("ET SCAN Potential SSH Scan", "Attempted Information Leak", "T1046", "discovery", 3)
            yield _alert(moment, scan, source, f"10.{number}.1.{dice.randrange(30)}")
        else:
            yield _flow(moment, f"10.{number}.1.{dice.randrange(30)}")


def _stamp(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1e6):06d}+0000"


def _alert(moment: float, step: tuple[str, str, str, str, int], source: str, target: str) -> bytes:
    name, category, technique, tactic, severity = step
    return json.dumps({
        "timestamp": _stamp(moment), "event_type": "alert", "flow_id": int(moment * 1000), "in_iface": "eth0",
        "src_ip": source, "src_port": 44000, "dest_ip": target, "dest_port": 445, "proto": "TCP",
        "alert": {
            "action": "allowed", "gid": 1, "signature_id": 2_000_000 + len(name), "rev": 1, "signature": name,
            "category": category, "severity": severity,
            "metadata": {"mitre_technique_id": [technique], "mitre_tactic_name": [tactic]},
        },
    }).encode()  # fmt: skip


def _flow(moment: float, source: str) -> bytes:
    return json.dumps({
        "timestamp": _stamp(moment), "event_type": "flow", "flow_id": int(moment * 1000), "src_ip": source,
        "src_port": 50123, "dest_ip": "192.0.2.10", "dest_port": 443, "proto": "TCP",
        "flow": {"pkts_toserver": 9, "pkts_toclient": 8, "bytes_toserver": 1200, "bytes_toclient": 5400},
    }).encode()  # fmt: skip


def onboard(platform: Platform, feeds: list[Feed]) -> None:
    with platform.records.write(EVERYTHING) as session:
        for number, feed in enumerate(feeds):
            session.add(Enterprise(id=feed.name, name=feed.name, region=feed.region, industry="C36", kind="industrial"))
            session.add(
                Asset(
                    id=f"asset-{feed.name}",
                    name="PLC",
                    kind="plc",
                    address=f"10.{number}.1.20",
                    criticality=1.0,
                    purdue=1.0,
                    enterprise_id=feed.name,
                    region=feed.region,
                )
            )
            session.add(
                Source(
                    id=f"src-{feed.name}",
                    name="IDS",
                    parser="suricata",
                    transport="http",
                    enterprise_id=feed.name,
                    region=feed.region,
                    key_hash=hashlib.sha256(feed.key.encode()).hexdigest(),
                    quota_per_second=1e9,
                )
            )


def send(platform: Platform, feed: Feed, number: int, patience: float = 180.0) -> None:
    """Send one batch until it is acknowledged."""
    body = b"\n".join(feed.batches[number])
    headers = {"Authorization": f"Bearer {feed.key}", "X-Batch-Id": f"b{number}"}
    headers["Content-Type"] = "application/x-ndjson"
    deadline = time.monotonic() + patience
    answer = "nothing"
    while time.monotonic() < deadline:
        try:
            response = httpx.post(
                platform.url("http", "/v1/ingest"), content=body, headers=headers, timeout=20, trust_env=False
            )
            if response.status_code == 200:
                return
            answer = f"{response.status_code} {response.text[:200]}"
        except httpx.TransportError as error:
            answer = repr(error)
        time.sleep(0.05)
    raise AssertionError(f"batch {number} of {feed.name} was never acknowledged: {answer}")
