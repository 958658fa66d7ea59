"""`taishi evaluate correlation`: labelled sets through the platform's own stages, and how well it did."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import orjson

from processor.inventory import Inventory
from taishi.errors import ConfigError
from taishi.evaluate import augmented, readers, simulated, steadiness
from taishi.evaluate.labelled import Scenario, event_of
from taishi.evaluate.measures import Figures, averages, figures, incident_of, pairwise
from taishi.evaluate.pairwise import Rates, area, by_time, macro, rates
from taishi.evaluate.play import Played, play

SCALES = tuple(2.0**power for power in range(-4, 5))
"""Factors on every gap that ends a session: the sweep that the area is taken over."""

DELTAS = tuple(sorted([2.0**power for power in range(-7, 13)] + [1.5 * 2.0**power for power in range(-7, 12)]))
"""Seconds; the sweep with which the time-delta baseline was published."""

SELF_CHECK = (0.93137, 0.0005)
"""Area of the time-delta baseline without noise on the test split of `original`, as published, and how far we may be off."""

MEASURED_SAMPLE = 20_000

Say = Callable[[str], None]


@dataclass(slots=True)
class Material:
    """`units`: name of a set → its scenarios; `plain` are those whose figures are printed one by one."""

    plain: list[Scenario] = field(default_factory=list)
    units: dict[str, list[Scenario]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    inventory: Inventory | None = None


def gather(folder: Path, split: str) -> Material:
    """Everything labelled below a folder. Raises ConfigError where there is nothing."""
    made = Material()
    tables: list[Scenario] = []
    segments: dict[str, Path] = {}
    recipes: list[tuple[Path, dict[str, Any]]] = []
    for path in readers.files_below(folder):
        if readers.is_alert_table(path):
            tables.append(readers.alert_table(path))
        elif readers.is_segment(path):
            segments[readers.stem(path)] = path
        elif found := readers.recipe(path):
            recipes.append((path, found))
        elif exported := readers.exported_alerts(path):
            made.plain.append(exported)
    _follow(made, recipes, segments, split)
    if tables:
        made.plain += tables
        tables = [augmented.in_bursts(table) for table in tables]
        made.units["scenarios"] = tables
        made.units.setdefault("simul-attacks (made here)", augmented.simultaneous(tables))
        made.units.setdefault("more-noise-1 (made here)", augmented.noisier(tables, 1))
    if not made.plain and not made.units:
        raise ConfigError(
            f"nothing labelled was found below {folder}: it reads AIT-ADS tables, AIT-ADS-A segments with configurations, "
            "and exported Suricata alerts (docs/evaluation.md)"
        )
    return made


def _follow(made: Material, recipes: list[tuple[Path, dict[str, Any]]], paths: dict[str, Path], split: str) -> None:
    class Lazy(dict[str, Any]):
        """Read a segment when a recipe first asks for it: the whole set is large."""

        def __missing__(self, name: str) -> Any:
            self[name] = readers.segment(paths[name])
            return self[name]

    segments = Lazy()
    for path, recipe in recipes:
        configuration = augmented.play(recipe, split, segments, paths.__contains__)
        if configuration.absent:
            some = ", ".join(sorted(configuration.absent)[:5])
            made.notes.append(f"{path.name}: {len(configuration.absent)} segments are absent ({some}, …)")
        if configuration.scenarios:
            made.units[configuration.name] = configuration.scenarios
    if paths and not recipes:
        made.notes.append(f"{len(paths)} segments, but no configuration that says how they are put together")


def of_simulator(seed: int, days: int, enterprises: int) -> Material:
    """The simulator's province instead of files."""
    plain, inventory = simulated.scenarios(seed, days, enterprises)
    return Material(plain=plain, inventory=inventory)


@dataclass(slots=True)
class Report:
    rows: list[Figures] = field(default_factory=list)
    average: dict[str, Any] = field(default_factory=dict)
    areas: dict[str, dict[str, float]] = field(default_factory=dict)
    self_check: dict[str, Any] = field(default_factory=dict)
    throughput: dict[str, float] = field(default_factory=dict)
    checks: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "scenarios": [row.row() for row in self.rows], "average": self.average, "area_under_curve": self.areas,
            "self_check": self.self_check, "throughput": self.throughput, "determinism": self.checks, "notes": self.notes,
        }  # fmt: skip


def evaluate(material: Material, dump: TextIO | None, say: Say, *, sweep: bool = True, checks: bool = True) -> Report:
    """All measures. `dump` gets a line an alert of every plain scenario, `say` what is being done."""
    report = Report(notes=material.notes)
    kept: list[tuple[Scenario, Played]] = []
    for scenario in material.plain or [one for unit in material.units.values() for one in unit]:
        say(f"{scenario.name}: {len(scenario.alerts)} alerts")
        played = play(scenario, inventory=material.inventory)
        report.rows.append(figures(scenario, played))
        kept.append((scenario, played))
        if dump:
            _dump(dump, scenario, played)
    report.average = averages(report.rows)
    report.throughput = _throughput(kept)
    if sweep:
        for name, scenarios in material.units.items():
            say(f"{name}: sweeps over {len(scenarios)} scenarios")
            report.areas[name] = _areas(scenarios)
        report.self_check = _self_check(report.areas)
    if checks and material.inventory is None and material.plain:
        say("determinism")
        report.checks = steadiness.check(material.plain[:8])
    return report


def _dump(out: TextIO, scenario: Scenario, played: Played) -> None:
    for alert in scenario.alerts:
        incident = incident_of(played, alert.index)
        row = played.incidents.get(incident, {})
        line = {
            "scenario": scenario.name, "alert_index": alert.index, "meta_id": played.meta.get(alert.index),
            "incident_id": incident or None, "escalated": bool(row.get("escalated")),
            "escalated_at": row.get("escalated_at"),
        }  # fmt: skip
        out.write(orjson.dumps(line).decode() + "\n")


def _throughput(kept: list[tuple[Scenario, Played]]) -> dict[str, float]:
    """Alerts a second through aggregate and correlate, beside orjson encode and decode of the same events in this run."""
    alerts = sum(len(scenario.alerts) for scenario, _ in kept)
    seconds = sum(played.seconds for _, played in kept)
    if not alerts or not seconds:
        return {}
    largest = max((scenario for scenario, _ in kept), key=lambda scenario: len(scenario.alerts))
    sample = [event_of(largest.name, alert) for alert in largest.alerts[:MEASURED_SAMPLE]]
    began = time.perf_counter()
    for event in sample:
        orjson.loads(orjson.dumps(event))
    yard = (time.perf_counter() - began) / len(sample)
    return {"alerts_per_second": alerts / seconds, "ratio_to_orjson": yard / (seconds / alerts)}


# ---------------------------------------------------------------- areas


def _areas(scenarios: list[Scenario]) -> dict[str, float]:
    swept = [_rates_of(scenarios, lambda one, scale=scale: _ours(one, scale)) for scale in SCALES]  # type: ignore[misc]
    baseline = [_rates_of(scenarios, lambda one, delta=delta: _by_time(one, delta)) for delta in DELTAS]  # type: ignore[misc]
    fixed = swept[SCALES.index(1.0)]
    return {
        "without_noise": _area(pair[0] for pair in swept),
        "with_noise": _area(pair[1] for pair in swept),
        "fixed_f1_without_noise": fixed[0].f1,
        "fixed_f1_with_noise": fixed[1].f1,
        "time_delta_without_noise": _area(pair[0] for pair in baseline),
        "time_delta_with_noise": _area(pair[1] for pair in baseline),
    }


Both = tuple[dict[str, Rates], dict[str, Rates]]


def _rates_of(scenarios: list[Scenario], grouped: Callable[[Scenario], Both]) -> tuple[Rates, Rates]:
    found = [grouped(scenario) for scenario in scenarios if any(alert.attack for alert in scenario.alerts)]
    return macro(pair[0] for pair in found), macro(pair[1] for pair in found)


def _ours(scenario: Scenario, scale: float) -> Both:
    played = play(scenario, scale)
    return pairwise(scenario, played, noise=False), pairwise(scenario, played, noise=True)


def _by_time(scenario: Scenario, delta: float) -> Both:
    groups = by_time([alert.t for alert in scenario.alerts], delta)
    labels = [alert.label for alert in scenario.alerts]
    return rates(labels, groups, noise=False), rates(labels, groups, noise=True)


def _area(points: Iterable[Rates]) -> float:
    return area((one.specificity, one.recall) for one in points if one.specificity is not None)


def _self_check(areas: dict[str, dict[str, float]]) -> dict[str, Any]:
    """The published evaluator's figure from our code, where the published test split is there."""
    wanted, tolerance = SELF_CHECK
    if "original" not in areas:
        return {"ran": False, "reason": "the configuration `original` of AIT-ADS-A with its test split is absent"}
    found = areas["original"]["time_delta_without_noise"]
    return {"ran": True, "found": found, "published": wanted, "agrees": abs(found - wanted) <= tolerance}
