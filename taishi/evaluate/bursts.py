"""`taishi evaluate bursts`: false alarms and delay of burst detection on drawn counts.

Null: every cell's hourly count is Poisson with a gamma-distributed mean (county and hour: size 2.5; province and hour: size 20)
around a daily cycle: the clustering that measured alert streams show. Outbreaks add distinct enterprises on top. Drawn, so
that there is as much of it as is needed; it says how the statistic behaves, not how often provinces are attacked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import cos, exp, pi
from random import Random
from statistics import median
from typing import Final

from taishi.bursts.detect import Cell, Hour, Reporting, Window, levels, runs
from taishi.bursts.parameters import Parameters, parameters

DAYS: Final = 28
TESTED_HOURS: Final = 14 * 24
CITIES: Final = 11
COUNTIES: Final = 90
INDUSTRIES: Final = ("C26", "C30", "C34", "C36", "C39", "D44")
PROVINCE: Final = "330000"
RATES: Final = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
"""New occurrences an enterprise and hour."""
BEGIN: Final = TESTED_HOURS // 2
LONGEST: Final = 48

Counts = dict[int, dict[Cell, int]]


@dataclass(frozen=True, slots=True)
class Outbreak:
    """`first` enterprises in the first hour, `growth` times as many in each next, over so many counties."""

    name: str
    first: float
    growth: float
    counties: int


OUTBREAKS: Final = (
    Outbreak("6 an hour in 4 counties", 6, 1.0, 4),
    Outbreak("12 an hour over 20 counties", 12, 1.0, 20),
    Outbreak("1.5 an hour, growing by 35 %, 14 counties", 1.5, 1.35, 14),
    Outbreak("1 an hour, growing by 15 %, 8 counties", 1, 1.15, 8),
)


def province(enterprises: int = 900) -> dict[Cell, int]:
    """Enterprises of each cell, unevenly over cities as provinces are."""
    drawn = Random(7)
    cells: dict[Cell, int] = {}
    weights = [1.0 / (1 + number % CITIES) ** 0.5 for number in range(COUNTIES)]
    counties = [f"33{1 + number % CITIES:02d}{1 + number // CITIES:02d}" for number in range(COUNTIES)]
    for _ in range(enterprises):
        cell = (drawn.choices(counties, weights)[0], drawn.choice(INDUSTRIES))
        cells[cell] = cells.get(cell, 0) + 1
    return cells


def drawn_counts(inventory: Mapping[Cell, int], rate: float, seed: int) -> Counts:
    draw = Random(f"{seed} {rate}")
    by_county: dict[str, list[Cell]] = {}
    for cell in inventory:
        by_county.setdefault(cell[0], []).append(cell)
    counts: Counts = {}
    for hour in range(DAYS * 24):
        shared = rate * (1 + 0.6 * cos(2 * pi * (hour % 24 - 14) / 24)) * draw.gammavariate(20, 1 / 20)
        found = {}
        for cells in by_county.values():
            mean = shared * draw.gammavariate(2.5, 1 / 2.5)
            for cell in cells:
                number = _poisson(draw, mean * inventory[cell])
                if number:
                    found[cell] = min(number, inventory[cell])
        counts[hour] = found
    return counts


def _poisson(draw: Random, mean: float) -> int:
    if mean > 30:
        return max(0, round(draw.gauss(mean, mean**0.5)))
    limit, product, number = exp(-mean), draw.random(), 0
    while product > limit:
        product *= draw.random()
        number += 1
    return number


def _with(counts: Counts, inventory: Mapping[Cell, int], outbreak: Outbreak, seed: int) -> Counts:
    draw = Random(f"{seed} {outbreak.name}")
    begin = DAYS * 24 - TESTED_HOURS + BEGIN
    cities = sorted({county[:4] for county, _ in inventory})
    start = draw.randrange(len(cities))
    counties = sorted({county for county, _ in inventory}, key=lambda one: ((int(one[2:4]) - start) % CITIES, one))
    cells = [cell for cell in sorted(inventory) if cell[0] in counties[: outbreak.counties]]
    sick = {hour: dict(cells_) for hour, cells_ in counts.items()}
    strength = outbreak.first
    for hour in range(begin, min(begin + LONGEST, DAYS * 24)):
        for _ in range(_poisson(draw, min(strength, 200.0))):
            cell = draw.choice(cells)
            sick[hour][cell] = sick[hour].get(cell, 0) + 1
        strength *= outbreak.growth
    return sick


def _levels(given: Parameters, counts: Counts, reporting: Reporting) -> dict[Window, list[Hour]]:
    wide = replace(given, ewma={**given.ewma, "hours": TESTED_HOURS})
    return levels(wide, counts, reporting)


def _alarms(given: Parameters, found: Mapping[Window, list[Hour]], threshold: float) -> list[int]:
    """Hours at which something was called a burst, several windows of one hour and its neighbours once."""
    at = replace(given, alarm={**given.alarm, "threshold": threshold})
    hours = sorted(run.alarm for window, row in found.items() for run in runs(at, "T0000", window, row))
    return [hour for number, hour in enumerate(hours) if number == 0 or hour - hours[number - 1] > 3]


@dataclass(frozen=True, slots=True)
class Null:
    """False alarms in 14 days per technique, by threshold, for one rate; `worst` of the seeds."""

    rate: float
    mean: dict[float, float]
    worst: dict[float, int]


@dataclass(frozen=True, slots=True)
class Delay:
    """Hours from the first enterprise to the alarm at the threshold in use; detected within `LONGEST`."""

    outbreak: str
    rate: float
    median: float | None
    within_3: float
    detected: float


def nulls(seeds: Iterable[int], thresholds: Iterable[float], rates: Iterable[float] = RATES) -> list[Null]:
    given, inventory = parameters(), province()
    reporting = Reporting(0, DAYS * 24 - 1, {}, inventory, PROVINCE)
    seeds, thresholds = list(seeds), list(thresholds)
    found = []
    for rate in rates:
        rows = [_levels(given, drawn_counts(inventory, rate, seed), reporting) for seed in seeds]
        counted = {one: [len(_alarms(given, row, one)) for row in rows] for one in thresholds}
        found.append(
            Null(
                rate,
                {one: sum(some) / len(some) for one, some in counted.items()},
                {one: max(some) for one, some in counted.items()},
            )
        )
    return found


def delays(seeds: Iterable[int], rates: Iterable[float] = (0.0003, 0.003)) -> list[Delay]:
    given, inventory = parameters(), province()
    reporting = Reporting(0, DAYS * 24 - 1, {}, inventory, PROVINCE)
    seeds = list(seeds)
    begin = DAYS * 24 - TESTED_HOURS + BEGIN
    found = []
    for rate in rates:
        quiet = {seed: drawn_counts(inventory, rate, seed) for seed in seeds}
        for outbreak in OUTBREAKS:
            waited: list[int | None] = []
            for seed in seeds:
                row = _levels(given, _with(quiet[seed], inventory, outbreak, seed), reporting)
                after = [
                    hour for hour in _alarms(given, row, given.alarm["threshold"]) if begin <= hour < begin + LONGEST
                ]
                waited.append(after[0] - begin + 1 if after else None)
            heard = [one for one in waited if one is not None]
            found.append(
                Delay(
                    outbreak.name,
                    rate,
                    median(one if one is not None else float("inf") for one in waited)
                    if len(heard) * 2 > len(waited)
                    else None,
                    sum(one <= 3 for one in heard) / len(waited),
                    len(heard) / len(waited),
                )
            )
    return found
