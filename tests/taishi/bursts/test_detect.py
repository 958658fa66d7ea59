"""Bursts: what is one, what is not, and that the arithmetic is what it says."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from math import exp, lgamma, log
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taishi.bursts.detect import Cell, Found, Reporting, bursts, levels, windows_of
from taishi.bursts.parameters import parameters
from taishi.bursts.surprise import deviate
from taishi.evaluate.bursts import PROVINCE, delays, drawn_counts, nulls, province

GIVEN = parameters()
HOURS = 20 * 24
COUNTIES = ("330106", "330109", "330203", "330212", "330282", "330902")
INVENTORY: dict[Cell, int] = {(county, industry): 10 for county in COUNTIES for industry in ("C26", "C36")}


def reporting(hours: int = HOURS, heard: dict[int, dict[Cell, int]] | None = None) -> Reporting:
    return Reporting(0, hours - 1, heard or {}, INVENTORY, PROVINCE)


def quiet(every: int = 40) -> dict[int, dict[Cell, int]]:
    """One new occurrence every so many hours, going round the cells."""
    cells = sorted(INVENTORY)
    return {hour: {cells[hour // every % len(cells)]: 1} for hour in range(0, HOURS, every)}


def with_burst(
    counts: dict[int, dict[Cell, int]], cells: list[Cell], each: int, last: int = 3
) -> dict[int, dict[Cell, int]]:
    sick = {hour: dict(found) for hour, found in counts.items()}
    for hour in range(HOURS - last, HOURS):
        for cell in cells:
            sick.setdefault(hour, {})[cell] = each
    return sick


def found_in(counts: dict[int, dict[Cell, int]], heard: dict[int, dict[Cell, int]] | None = None) -> list[Found]:
    return bursts(GIVEN, "T1210", counts, reporting(heard=heard))


def test_quiet_is_no_burst() -> None:
    assert found_in(quiet()) == []


def test_a_burst_is_named_by_its_narrowest_place() -> None:
    (one,) = found_in(with_burst(quiet(), [("330203", "C36")], 4))
    assert one.window == ("330203", "C36")
    assert (one.start, one.last, one.over) == (HOURS - 3, HOURS - 1, False)
    assert one.observed == 12
    assert one.expected < 1


def test_what_hits_a_whole_city_is_the_citys() -> None:
    cells = [(county, industry) for county in ("330203", "330212", "330282") for industry in ("C26", "C36")]
    (one,) = found_in(with_burst(quiet(), cells, 1))
    assert one.window == ("330200", "")


def test_two_enterprises_are_cases_and_not_a_burst() -> None:
    assert found_in(with_burst(quiet(), [("330203", "C36")], 2, last=1)) == []


def test_everyday_noise_is_no_burst_however_much_there_is() -> None:
    loud = {
        hour: {cell: 3 + (hour * 7 + number) % 3 for number, cell in enumerate(sorted(INVENTORY))}
        for hour in range(HOURS)
    }
    assert found_in(loud) == []


def test_new_sensors_are_no_burst() -> None:
    """Twice as many enterprises report from now on, and each is as it always was."""
    half: dict[Cell, int] = dict.fromkeys(INVENTORY, 5)
    heard = {hour: half if hour < HOURS - 12 else INVENTORY for hour in range(HOURS)}
    counts = {
        hour: dict.fromkeys(INVENTORY, 1 if hour < HOURS - 12 else 2)
        for hour in range(HOURS)
        if hour % 2 or hour >= HOURS - 12
    }
    assert found_in(counts, heard) == []
    sudden = {hour: dict.fromkeys(INVENTORY, 1 if hour < HOURS - 12 else 9) for hour in range(HOURS)}
    assert found_in(sudden, heard), "the test can fail: nine times as much is one"


def test_nothing_is_a_burst_before_there_is_a_past() -> None:
    short = Reporting(0, int(GIVEN.baseline["least_hours"]) - 1, {}, INVENTORY, PROVINCE)
    assert bursts(GIVEN, "T1210", {1: {("330203", "C36"): 9}, 2: {("330203", "C36"): 9}}, short) == []


def test_yesterdays_burst_is_not_todays_baseline() -> None:
    sick = with_burst(quiet(), [("330203", "C36")], 4, last=20)
    (one,) = found_in(sick)
    assert not one.over
    assert one.start < HOURS - 12


def test_two_places_are_two_bursts_and_nested_ones_are_one() -> None:
    both = with_burst(quiet(), [("330106", "C26"), ("330902", "C36")], 6)
    found = found_in(both)
    assert {one.window[0][:4] for one in found} >= {"3301", "3309"} or {one.window for one in found} == {("330000", "")}
    for number, one in enumerate(found):
        for other in found[number + 1 :]:
            assert not other.window[0].startswith(one.window[0].rstrip("0")) or one.window[1] != other.window[1]


@settings(max_examples=60, deadline=None)
@given(
    noise=st.dictionaries(
        st.integers(HOURS - 60, HOURS - 1),
        st.dictionaries(st.sampled_from(sorted(INVENTORY)), st.integers(1, 10), max_size=4),
        max_size=30,
    )
)
def test_any_counts_give_bursts_that_are_what_they_say(noise: dict[int, dict[Cell, int]]) -> None:
    counts = {**quiet(), **noise}
    for one in found_in(counts):
        own = [hour for hour in one.hours if one.start <= hour.hour <= one.last]
        assert one.start <= one.alarm
        assert one.observed == sum(
            number
            for hour in own
            for cell, number in counts.get(hour.hour, {}).items()
            if one.window in windows_of(cell, PROVINCE)
        )
        assert one.peak >= GIVEN.alarm["threshold"]
        assert one.observed >= GIVEN.alarm["enterprises"]
        assert all(hour.expected > 0 and hour.spread > 0 for hour in one.hours)
    reordered = {hour: dict(reversed(list(cells.items()))) for hour, cells in reversed(list(counts.items()))}
    assert found_in(reordered) == found_in(counts)


@given(count=st.integers(0, 200), mean=st.floats(1e-6, 150), size=st.floats(0.5, 50))
def test_the_deviate_is_the_mid_p_of_a_negative_binomial(count: int, mean: float, size: float) -> None:
    mean, size = float(f"{mean:.3g}"), float(f"{size:.3g}")

    def log_probability(x: int) -> float:
        ratio = log(mean) - log(size + mean)
        return lgamma(x + size) - lgamma(size) - lgamma(x + 1) + size * (log(size) - log(size + mean)) + x * ratio

    below = list(accumulate(exp(log_probability(x)) for x in range(count + 1)))
    middle = below[-1] - 0.5 * exp(log_probability(count))
    found = deviate(count, mean, size, -3.0, 6.0)
    if 1e-4 < middle < 1 - 1e-4:
        assert found == pytest.approx(max(-3.0, NormalDist().inv_cdf(middle)), abs=1e-5)
    assert -3.0 <= found <= 6.0
    assert deviate(count + 1, mean, size, -3.0, 6.0) >= found - 1e-9


def test_levels_do_not_depend_on_how_far_back_one_looks() -> None:
    counts = drawn_counts(province(200), 0.01, 3)
    last = 27 * 24
    part = {hour: cells for hour, cells in counts.items() if hour <= last}
    near = levels(GIVEN, part, Reporting(0, last, {}, province(200), PROVINCE))
    far = levels(
        replace(GIVEN, ewma={**GIVEN.ewma, "hours": 200}), part, Reporting(0, last, {}, province(200), PROVINCE)
    )
    assert near
    for window, hours in near.items():
        assert hours[-1].level == pytest.approx(far[window][-1].level, abs=1e-4)


def test_the_evaluation_finds_what_it_plants_and_little_else() -> None:
    """One seed of the command's measure; docs/evaluation.md has all of them."""
    (row,) = nulls([901], [GIVEN.alarm["threshold"]], rates=[0.003])
    assert row.mean[GIVEN.alarm["threshold"]] <= 2
    found = delays([902], rates=[0.0003])
    assert found[0].detected == 1.0
    assert found[0].median is not None
    assert found[0].median <= 4
