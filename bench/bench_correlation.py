"""Aggregate and correlate alone, on alerts of one enterprise whose number grows tenfold: the cost of an alert must not."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.bench_stages import View
from bench.material import Clock, event_round_trip, peak_memory
from processor.inventory import EnterpriseFacts, Inventory
from processor.pipeline import stages
from processor.stage import Work
from taishi import clock
from taishi.event import Batch, Event
from taishi.settings import Settings

START = 1_790_000_000.0
DELIVERY = 200
MEASURED = ("aggregate", "correlate")
LARGEST = 10_000_000
"""From this on a third, tenfold run is made; it takes an hour and is asked for with `--events 10000000`."""

RULES = (
    ("T1046", "SCAN ssh", 30), ("", "POLICY cleartext", 20), ("", "Web server 404 error code", 25), ("T1110", "Failed sign-in", 35),
    ("", "New event type", 10), ("", "IDS event", 15), ("T1190", "EXPLOIT attempt", 50), ("", "Signature database update", 5),
)  # fmt: skip


INTRUSION = {21_000: ("T1505.003", "WEBSHELL", 85), 21_050: ("T1059", "Shell", 75), 21_100: ("T1003", "Dump", 85)}


def _alerts(count: int) -> Iterator[list[Event]]:
    """A day has 20,000: the noise of 60 hosts that mostly talk to the same few, floods, and now and then an intrusion."""
    dice = random.Random(1)
    at, some = START, list[Event]()
    for index in range(count):
        flood, place = index % 5000 < 400, index % 40_000
        at += 0.01 if flood else dice.expovariate(1 / 4.6)
        technique, rule, severity = INTRUSION.get(place) or (RULES[2] if flood else dice.choice(RULES))
        number = dice.randrange(60)
        attacker = "198.51.100.9" if flood else f"10.1.1.{(number * 7 + dice.randrange(3)) % 60}"
        if dice.random() < 0.03:
            attacker = f"198.51.100.{dice.randrange(250)}"
        some.append(_alert(index, at, technique, rule, severity, attacker, f"10.1.0.{number}"))
        if len(some) == DELIVERY or index == count - 1:
            yield some
            some = []


def _alert(index: int, at: float, technique: str, rule: str, severity: int, attacker: str, victim: str) -> Event:
    event: Event = {
        "@timestamp": clock.to_text(at), "event.id": f"bench-{index:09d}", "event.kind": "alert", "event.severity": severity,
        "event.category": ["intrusion_detection"], "rule.name": rule, "observer.product": "bench", "source.ip": attacker,
        "destination.ip": victim, "taishi.attacker.ip": attacker, "taishi.victim.ip": victim, "related.ip": [attacker, victim],
    }  # fmt: skip
    if technique:
        event["threat.technique.id"] = [technique]
    return event


def _measure(count: int) -> dict[str, Any]:
    facts = EnterpriseFacts(
        "e1", "bench", "", "330106", ("330000", "330100", "330106"), "C36", "industrial", 2, "", "miit", stamp={}
    )
    inventory = Inventory({"e1": facts})
    chosen = [stage for stage in stages(Settings(data_dir=Path("unused"))) if stage.name in MEASURED]
    views = {stage.name: View() for stage in chosen}
    spent, yard, state = Clock(), Clock(), 0
    for number, events in enumerate(_alerts(count)):
        received = clock.to_seconds(events[-1]["@timestamp"]) + 1.0
        work = Work(0, [Batch("s1", "e1", f"d{number}", received, len(events), events)], inventory)
        with yard:
            event_round_trip(events)
        with spent:
            for stage in chosen:
                stage.run(work, views[stage.name])
        if number % 500 == 0:
            state = max(state, _state(chosen, views))
    state = max(state, _state(chosen, views))
    return {
        "stage": "aggregate + correlate", "events": count, "alerts/s": count / spent.seconds,
        "µs/alert": spent.seconds / count * 1e6, "orjson µs/alert": yard.seconds / count * 1e6,
        "ratio": yard.seconds / spent.seconds, "state kB": state / 1000, "peak MB": peak_memory(),
    }  # fmt: skip


def _state(chosen: list[Any], views: dict[str, View]) -> int:
    return sum(len(stage.dump(value)) for stage in chosen if (value := views[stage.name].get("e1")) is not None)


def run(events: int = 1_000_000) -> list[dict[str, Any]]:
    """Rows at a tenth of `events` and at `events`; at ten million also at a hundredth."""
    sizes = [max(1, events // 10), events]
    return [_measure(size) for size in ([events // 100, *sizes] if events >= LARGEST else sizes)]
