"""Whether the outcome depends on what it must not depend on: arrival, restarts, partitions, others with the same names."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from processor.stages.aggregate import DISORDER
from taishi.evaluate.labelled import Labelled, Scenario
from taishi.evaluate.pairwise import adjusted_rand
from taishi.evaluate.play import Pipeline, Played, deliveries, play

LIMIT = 40_000
"""Alerts of a scenario that these checks take: its last ones, where published scenarios have their attack."""

JITTER = 0.9
"""Share of the permitted disorder by which arrivals are shuffled."""


def part_of(scenario: Scenario) -> Scenario:
    """The last alerts, with the rest of the attack's day before them."""
    ordered = sorted(scenario.alerts, key=lambda alert: (alert.t, alert.index))
    return replace(scenario, alerts=ordered[-LIMIT:])


def check(scenarios: list[Scenario], seed: int = 0) -> dict[str, Any]:
    """Name of the check → True, or how far it is from the undisturbed outcome (1 is equal)."""
    parts = [part_of(scenario) for scenario in scenarios]
    plain = {part.name: play(part) for part in parts}
    found: dict[str, Any] = {
        "jitter": min(_agreement(plain[part.name], _jittered(part, seed)) for part in parts),
        "restart": all(_same(plain[part.name], _restarted(part, seed)) for part in parts),
    }
    for count in (1, 2, 4):
        together = _partitioned(parts, count)
        found[f"{count} partitions"] = all(_same(plain[name], one) for name, one in together.items())
    if len(parts) > 1:
        disguised = [_disguised(part) for part in parts]
        alone = {part.name: play(part) for part in disguised}
        together = _partitioned(disguised, 1)
        found["same addresses"] = all(_same(alone[name], one) for name, one in together.items()) and _apart(together)
    return found


def _same(one: Played, other: Played) -> bool:
    return one.meta == other.meta and one.incident == other.incident and _judged(one) == _judged(other)


def _judged(played: Played) -> dict[str, tuple[Any, ...]]:
    return {
        identity: (row.get("escalated"), row.get("score"), row.get("meta_count"), row.get("alert_count"))
        for identity, row in played.incidents.items()
    }


def _agreement(one: Played, other: Played) -> float:
    """Adjusted Rand index of the two assignments to meta-alerts and to incidents, the smaller of both."""
    indices = sorted(one.meta)
    metas = adjusted_rand([one.meta[index] for index in indices], [other.meta.get(index, "") for index in indices])
    incidents = adjusted_rand(
        [one.incident.get(one.meta[index], "") for index in indices],
        [other.incident.get(other.meta.get(index, ""), "") for index in indices],
    )
    return min(metas, incidents)


def _jittered(scenario: Scenario, seed: int) -> Played:
    dice = random.Random(f"{seed}:{scenario.name}:jitter")
    arrivals = {alert.index: alert.t + dice.random() * DISORDER * JITTER for alert in scenario.alerts}

    def arrival(alert: Labelled) -> float:
        return arrivals[alert.index]

    pipeline = Pipeline([scenario.name])
    for some, received_at in deliveries(scenario, arrival):
        pipeline.take(scenario.name, some, received_at)
    return pipeline.end()[scenario.name]


def _restarted(scenario: Scenario, seed: int) -> Played:
    """State goes through its stored form at random deliveries."""
    dice = random.Random(f"{seed}:{scenario.name}:restart")
    pipeline = Pipeline([scenario.name])
    for some, received_at in deliveries(scenario):
        pipeline.take(scenario.name, some, received_at)
        if dice.random() < 0.3:
            pipeline.restart()
    return pipeline.end()[scenario.name]


def _partitioned(scenarios: list[Scenario], count: int) -> dict[str, Played]:
    """Enterprises spread over so many partitions, their deliveries interleaved."""
    found: dict[str, Played] = {}
    for number in range(count):
        mine = scenarios[number::count]
        if not mine:
            continue
        pipeline = Pipeline([scenario.name for scenario in mine])
        waiting = {scenario.name: deliveries(scenario) for scenario in mine}
        while waiting:
            for name in list(waiting):
                following = next(waiting[name], None)
                if following is None:
                    del waiting[name]
                else:
                    pipeline.take(name, *following)
        found |= pipeline.end()
    return found


def _disguised(scenario: Scenario) -> Scenario:
    """Its hosts under names and addresses that every other scenario has too."""
    hosts = _numbered(lambda alert: str(alert.fields.get("host.name", "")), scenario)
    alerts = []
    for alert in scenario.alerts:
        number = hosts[str(alert.fields.get("host.name", ""))]
        fields = {**alert.fields, "host.name": f"server-{number}", "host.ip": [f"192.168.0.{number % 250 + 1}"]}
        alerts.append(replace(alert, fields=fields))
    return replace(scenario, alerts=alerts)


def _numbered(key: Callable[[Labelled], str], scenario: Scenario) -> dict[str, int]:
    return {name: number for number, name in enumerate(sorted({key(alert) for alert in scenario.alerts}))}


def _apart(together: dict[str, Played]) -> bool:
    """No meta-alert and no incident belongs to two enterprises."""
    owners: dict[str, str] = {}
    return all(
        owners.setdefault(identity, name) == name
        for name, played in together.items()
        for identity in [*played.metas, *played.incidents]
    )
