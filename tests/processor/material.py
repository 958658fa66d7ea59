"""A small world of events for the processor's tests: an enterprise, noise, and an intrusion from scan to controller."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from taishi import clock
from taishi.event import TOPIC_EVENTS, Batch, Event, Quarantined, delivery_id, encode_batch, event_id
from taishi.records.tables import Asset, Division, Enterprise, Park, Source
from taishi.stream.port import Message

START = 1_790_000_000.0
ENTERPRISES = {"e1": "330106", "e2": "330203"}
ATTACKER = "203.0.113.9"

INTRUSION = (
    ("T1595", "SCAN web directories", 30, ATTACKER, "10.1.0.20", 0.0),
    ("T1190", "EXPLOIT remote code execution", 75, ATTACKER, "10.1.0.20", 600.0),
    ("T1505.003", "WEBSHELL uploaded", 85, ATTACKER, "10.1.0.20", 900.0),
    ("T1021.002", "SMB admin share", 65, "10.1.0.20", "10.1.0.30", 1800.0),
    ("T0843", "S7 program download", 80, "10.1.0.30", "10.1.0.40", 3600.0),
)
"""Technique, rule, severity, attacker, victim, seconds after its start."""


def alert(at: float, technique: str, rule: str, severity: int, attacker: str, victim: str, **more: Any) -> Event:
    return {
        "@timestamp": clock.to_text(at), "event.kind": "alert", "event.category": ["intrusion_detection"],
        "event.severity": severity, "event.module": "suricata", "observer.product": "Suricata", "rule.name": rule,
        "rule.id": str(sum(rule.encode())), "threat.technique.id": [technique] if technique else [],
        "source.ip": attacker, "destination.ip": victim, "taishi.attacker.ip": attacker, "taishi.victim.ip": victim,
        "related.ip": [attacker, victim], "event.original": f"{at} {rule}", **more,
    }  # fmt: skip


def flow(at: float, source: str, target: str) -> Event:
    return {
        "@timestamp": clock.to_text(at), "event.kind": "event", "event.category": ["network"],
        "event.severity": 0, "event.module": "zeek", "source.ip": source, "destination.ip": target,
        "event.original": f"{at} flow",
    }  # fmt: skip


def intrusion(start: float) -> list[Event]:
    return [
        alert(start + after, technique, rule, severity, attacker, victim)
        for technique, rule, severity, attacker, victim, after in INTRUSION
    ]


def noise(start: float, count: int, seed: int = 1, step: float = 20.0) -> list[Event]:
    """Scans, policy alerts and flows, in order of time."""
    dice = random.Random(seed)
    found = []
    for index in range(count):
        at = start + index * step + dice.random()
        victim = f"10.1.0.{dice.randrange(20, 45)}"
        kind = dice.random()
        if kind < 0.4:
            found.append(alert(at, "T1046", "SCAN ssh", 30, f"198.51.100.{dice.randrange(6)}", victim))
        elif kind < 0.6:
            found.append(alert(at, "", "POLICY cleartext", 25, f"10.1.0.{dice.randrange(20, 45)}", victim))
        else:
            found.append(flow(at, victim, "192.0.2.10"))
    return found


def batches(
    events: Sequence[Event], size: int = 10, enterprise: str = "e1", bad_every: int = 3, name: str = "b"
) -> list[Batch]:
    """Cut into deliveries, received when their newest event happened; every few carry an unreadable record."""
    found = []
    for number, start in enumerate(range(0, len(events), size)):
        some = [dict(event) for event in events[start : start + size]]
        delivery = delivery_id(f"s-{enterprise}", name, number)
        for index, event in enumerate(some):
            event.setdefault("event.id", event_id(delivery, index))
            event["organization.id"], event["taishi.source_id"] = enterprise, f"s-{enterprise}"
        received = max(clock.to_seconds(event["@timestamp"]) for event in some) + 1.0
        bad = [Quarantined(len(some), f"garbage {number}", "no parser", "sniffed")] if number % bad_every == 0 else []
        found.append(
            Batch(f"s-{enterprise}", enterprise, delivery, received, len(some) + len(bad) + 1, some, bad, suppressed=1)
        )
    return found


def message(batch: Batch) -> Message:
    return Message(batch.enterprise_id, encode_batch(batch), (("delivery", batch.delivery.encode()),))


def copy(batch: Batch) -> Batch:
    return replace(batch, events=[dict(event) for event in batch.events])


def onboard(session: Session) -> None:
    """Two enterprises with assets and sources in a tree of divisions."""
    for code, parent, level in (
        ("330000", "", "province"), ("330100", "330000", "city"), ("330200", "330000", "city"),
        ("330106", "330100", "county"), ("330203", "330200", "county"),
    ):  # fmt: skip
        session.add(Division(code=code, parent=parent, level=level, name=code))
    session.add(Park(id="park", region="330106", name="园区"))
    for identity, region in ENTERPRISES.items():
        session.add(
            Enterprise(
                id=identity, name=f"企业 {identity}", region=region, industry="C36", kind="industrial", level=2,
                park_id="park" if identity == "e1" else None,
            )
        )  # fmt: skip
        session.add(
            Source(
                id=f"s-{identity}", name="IDS", transport="http", enterprise_id=identity, region=region,
                authority="miit",
            )
        )  # fmt: skip
    for address, name, kind, criticality in (
        ("10.1.0.20", "web1", "server", 0.5), ("10.1.0.30", "eng1", "engineering", 0.8),
        ("10.1.0.40", "plc1", "plc", 1.0),
    ):  # fmt: skip
        session.add(
            Asset(
                id=f"a-{name}", name=name, kind=kind, address=address, hostname=name, criticality=criticality,
                enterprise_id="e1", region="330106",
            )
        )  # fmt: skip


__all__ = [
    "ATTACKER", "ENTERPRISES", "INTRUSION", "START", "TOPIC_EVENTS", "alert", "batches", "copy", "flow", "intrusion",
    "message", "noise", "onboard",
]  # fmt: skip
