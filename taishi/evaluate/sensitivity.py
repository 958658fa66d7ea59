"""How much the outcome depends on each number of the correlation: one changed at a time, on scenarios and their variants.

Modules read their numbers when they are imported, so every setting is measured in a process of its own, and nothing
here imports the stages at its top. What a good number looks like: a plateau around it, on every variant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from typing import Any

from processor import parameters

FACTORS = (0.5, 0.75, 1.33, 2.0)
STUDIED = ("plain", "other noise", "late start", "noise x3", "fewer rules", "reworded", "slower attacker")
"""Variants that a study of the numbers plays: where outcomes are not the same everywhere, and not hopeless."""

AIMS = {"found": 1.0, "false_per_day": 0.1, "noise_fpr": 0.0015, "meta_ari": 0.96, "reduction": 0.996, "step_capture": 0.9,
        "step_recall": 0.85, "main_purity": 0.85}  # fmt: skip
LOWER_IS_BETTER = frozenset({"false_per_day", "noise_fpr"})
UNIT = {"found": 1.0, "false_per_day": 0.5, "noise_fpr": 0.02, "meta_ari": 0.2, "reduction": 0.02, "step_capture": 1.0,
        "step_recall": 1.0, "main_purity": 1.0}  # fmt: skip
"""A miss of an aim by this much costs one: by it misses of different measures are added up."""


@dataclass(frozen=True, slots=True)
class Task:
    """`changes`: parameter → value. Picklable, because a fresh process does it."""

    data: Path
    changes: tuple[tuple[str, float], ...]
    variants: tuple[str, ...]
    seeds: int


@dataclass(slots=True)
class Outcome:
    """Means over all plays; `by_variant` the same for each variant; `shortfall`: mean miss of the aims, 0 where all are met."""

    changes: dict[str, float]
    means: dict[str, float] = field(default_factory=dict)
    by_variant: dict[str, dict[str, float]] = field(default_factory=dict)
    shortfall: float = 0.0

    def row(self) -> dict[str, Any]:
        return asdict(self)


def measure(task: Task) -> Outcome:
    """One setting on all variants. To be called in a process that has imported none of the stages."""
    parameters.change(dict(task.changes))
    rows: dict[str, list[dict[str, Any]]] = import_module("taishi.evaluate.varied").rows(
        task.data, task.variants, task.seeds
    )
    found = Outcome(dict(task.changes))
    found.by_variant = {name: _means(some) for name, some in rows.items()}
    every = [row for some in rows.values() for row in some]
    found.means = _means(every)
    found.shortfall = fmean(shortfall(row) for row in every)
    return found


def _means(rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    kept = list(rows)
    found = {name: [float(row[name]) for row in kept if row[name] is not None] for name in AIMS}
    return {name: fmean(values) for name, values in found.items() if values}


def shortfall(row: Mapping[str, Any]) -> float:
    """Σ of misses, each in its unit; a measure that makes no sense for a play (no incident: no purity) counts as missed
    by its full unit only through `found`."""
    missed = 0.0
    for name, aim in AIMS.items():
        value = row[name]
        if value is not None:
            by = value - aim if name in LOWER_IS_BETTER else aim - value
            missed += max(0.0, by) / UNIT[name]
    return missed


def settings(names: Iterable[str], factors: Iterable[float] = FACTORS) -> Iterator[tuple[tuple[str, float], ...]]:
    """The present numbers, then each with one changed. Whole numbers stay whole; shares stay at most 1."""
    yield ()
    tables = parameters.values()
    for name in names:
        value = tables[name]
        wanted = {value * factor for factor in factors}
        if value == int(value) and value >= 1:
            wanted = {float(max(1, round(one))) for one in wanted}
        elif value <= 1:
            wanted = {min(1.0, one) for one in wanted}
        for one in sorted(wanted - {value}):
            yield ((name, one),)


def study(
    data: Path, names: Iterable[str], seeds: int, processes: int, *, variants: tuple[str, ...] = STUDIED,
    factors: Iterable[float] = FACTORS,
) -> Iterator[Outcome]:  # fmt: skip
    """Outcomes as they are ready, the present numbers among them (empty `changes`)."""
    tasks = [Task(data, changes, variants, seeds) for changes in settings(names, factors)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        for done in as_completed([pool.submit(measure, task) for task in tasks]):
            yield done.result()
