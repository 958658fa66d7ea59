"""Days put together from segments, as the augmented AIT-ADS describes it: noise of one or more days, attacks at given times.

Where recipes are there they are followed. Where only whole scenarios are there, recipes of the same spirit are made by code:
`simul-attacks` lets scans collide with scans and with exploits, `more-noise` lays other scenarios' noise over each day.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import Any

from taishi import clock
from taishi.errors import ConfigError
from taishi.evaluate.labelled import NOISE, Labelled, Scenario, sensor_alert

DAY = 86_400.0
BURST = 60.0
"""Seconds of silence that part the bursts of a slow attack step."""

Rows = list[dict[str, Any]]
Segments = dict[str, Rows]
"""Segment name → rows with `raw_time` seconds since its beginning."""


@dataclass(slots=True)
class Configuration:
    """A recipe played: its scenarios and the segments it named that are absent (its scenarios are then left out)."""

    name: str
    scenarios: list[Scenario] = field(default_factory=list)
    absent: set[str] = field(default_factory=set)


def play(recipe: dict[str, Any], split: str, segments: Segments, known: Callable[[str], bool]) -> Configuration:
    """The scenarios of a split. Raises ConfigError where the recipe does not have the form."""
    made = Configuration(str(recipe.get("name", "unnamed")))
    try:
        start = clock.to_seconds(str(recipe["start_time"]))
        for number, days in enumerate(recipe.get(split, [])):
            wanted = {name for day in days for name in [*day["noise"], *(attack[0] for attack in day["attacks"])]}
            absent = {name for name in wanted if not known(_bare(name))}
            made.absent |= absent
            if not absent:
                rows = _sorted(_days(days, start, segments))
                made.scenarios.append(Scenario(f"{made.name}-{split}-{number}", rows, made.name))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ConfigError(f"configuration {made.name}: {error!r} does not fit the form of AIT-ADS-A") from error
    return made


def _bare(name: str) -> str:
    return name.removesuffix(".json")


def _days(days: list[dict[str, Any]], start: float, segments: Segments) -> Iterator[tuple[float, str, dict[str, Any]]]:
    instance = 0
    for number, day in enumerate(days):
        begin = start + number * DAY
        for name in day["noise"]:
            for row in segments[_bare(name)]:
                yield begin + row["raw_time"], NOISE, row
        for name, at in day["attacks"]:
            instance += 1
            for row in segments[_bare(name)]:
                label = str(row.get("hierarchical_event_label") or f"{row['event_label']}.0.")
                yield begin + _seconds(at) + row["raw_time"], f"{label}{instance}", row


def _seconds(at: str) -> float:
    """A time of day, alone or in a date, as seconds since midnight."""
    try:
        found = time.fromisoformat(at)
    except ValueError:
        found = datetime.fromisoformat(at).time()
    return found.hour * 3600.0 + found.minute * 60.0 + found.second + found.microsecond / 1e6


def _sorted(rows: Iterator[tuple[float, str, dict[str, Any]]]) -> list[Labelled]:
    ordered = sorted(rows, key=lambda row: row[0])
    return [
        Labelled(index, t, label, sensor_alert(row["name"], row["host"], ""))
        for index, (t, label, row) in enumerate(ordered)
    ]


# ---------------------------------------------------------------- made by code


@dataclass(frozen=True, slots=True)
class Piece:
    """A burst of one attack step cut out of a scenario: (seconds since its beginning, what the sensor knew)."""

    step: str
    alerts: tuple[tuple[float, dict[str, Any]], ...]


def pieces(scenario: Scenario) -> list[Piece]:
    """Its attack steps. A step that goes on for days with long pauses is as many pieces as it has bursts."""
    by_step: dict[str, list[Labelled]] = defaultdict(list)
    for alert in sorted(scenario.alerts, key=lambda alert: alert.t):
        if alert.attack:
            by_step[alert.step].append(alert)
    found = []
    for step, alerts in by_step.items():
        slow = alerts[-1].t - alerts[0].t > DAY / 2
        burst: list[Labelled] = []
        for alert in alerts:
            if slow and burst and alert.t - burst[-1].t > BURST:
                found.append(_piece(step, burst))
                burst = []
            burst.append(alert)
        found.append(_piece(step, burst))
    return found


def in_bursts(scenario: Scenario) -> Scenario:
    """With the bursts of a slow step as instances of their own, as the augmented set labels them: days lie between."""
    labels: dict[int, str] = {}
    ordered = sorted((alert for alert in scenario.alerts if alert.attack), key=lambda alert: alert.t)
    for step in sorted({alert.step for alert in ordered}):
        mine = [alert for alert in ordered if alert.step == step]
        slow, number = mine[-1].t - mine[0].t > DAY / 2, 0
        for before, alert in zip([mine[0], *mine], mine, strict=False):
            number += slow and alert.t - before.t > BURST
            labels[alert.index] = f"{step}.0.{number}"
    alerts = [replace(alert, label=labels.get(alert.index, alert.label)) for alert in scenario.alerts]
    return replace(scenario, alerts=alerts)


def _piece(step: str, burst: list[Labelled]) -> Piece:
    return Piece(step, tuple((alert.t - burst[0].t, alert.fields) for alert in burst))


BIG = 20
"""Alerts from which a piece counts as a scan: what others collide with."""

COLLIDING = 0.85
"""Share of the small pieces that fall into a scan; the others come by themselves."""

OVERLAP = 12.0
"""Most seconds by which a scan begins before the one before it is over."""


def simultaneous(scenarios: list[Scenario], seed: int = 0) -> list[Scenario]:
    """Each scenario's own attack pieces rearranged on its noise, as the published configuration does: scans that overlap by
    some seconds, and the other steps within them, in any order."""
    return [_collided(scenario, seed) for scenario in scenarios if any(alert.attack for alert in scenario.alerts)]


def _collided(scenario: Scenario, seed: int) -> Scenario:
    dice = random.Random(f"{seed}:{scenario.name}:simultaneous")
    begin = scenario.start + DAY * dice.uniform(1.0, 1.5)
    every = sorted(pieces(scenario), key=lambda piece: -len(piece.alerts))
    big = [piece for piece in every if len(piece.alerts) >= BIG] or every[:1]
    placed: list[tuple[float, Piece]] = []
    end = begin
    for piece in dice.sample(big, len(big)):
        at = max(begin, end - dice.uniform(0.0, OVERLAP))
        placed.append((at, piece))
        end = max(end, at + piece.alerts[-1][0])
    for number, piece in enumerate(piece for piece in every if piece not in big):
        collides = dice.random() < COLLIDING
        placed.append((dice.uniform(begin, end) if collides else end + (number + 1) * 1800.0, piece))
    return _laid(scenario, f"simul-{scenario.name}", "simul-attacks", placed)


def noisier(scenarios: list[Scenario], level: int, seed: int = 0) -> list[Scenario]:
    """Each scenario with the noise of `level` further days of any scenario laid over each of its days, at the same time of
    day."""
    made = []
    for scenario in scenarios:
        dice = random.Random(f"{seed}:{scenario.name}:{level}")
        days = [day for one in scenarios for day in _noise_days(one)]
        rows = [(alert.t, alert.label, alert.fields) for alert in scenario.alerts]
        first = scenario.start // DAY * DAY
        for number in range(int(scenario.days) + 1):
            for _ in range(level):
                rows += [(first + number * DAY + at, NOISE, fields) for at, fields in dice.choice(days)]
        name = f"more-noise-{level}-{scenario.name}"
        made.append(Scenario(name, _indexed(rows), f"more-noise-{level}"))
    return made


def _noise_days(scenario: Scenario) -> list[list[tuple[float, dict[str, Any]]]]:
    """Noise by day, seconds since midnight; the first and last day are cut short and left out where there are others."""
    found: dict[int, list[tuple[float, dict[str, Any]]]] = defaultdict(list)
    for alert in scenario.alerts:
        if alert.label == NOISE:
            found[int(alert.t // DAY)].append((alert.t % DAY, alert.fields))
    days = [found[day] for day in sorted(found)]
    return days[1:-1] or days


def _laid(scenario: Scenario, name: str, unit: str, placed: list[tuple[float, Piece]]) -> Scenario:
    rows = [(alert.t, NOISE, alert.fields) for alert in scenario.alerts if alert.label == NOISE]
    for number, (at, piece) in enumerate(placed):
        rows += [(at + after, f"{piece.step}.0.{number}", fields) for after, fields in piece.alerts]
    return Scenario(name, _indexed(rows), unit)


def _indexed(rows: list[tuple[float, str, dict[str, Any]]]) -> list[Labelled]:
    ordered = sorted(rows, key=lambda row: row[0])
    return [Labelled(index, t, label, fields) for index, (t, label, fields) in enumerate(ordered)]
