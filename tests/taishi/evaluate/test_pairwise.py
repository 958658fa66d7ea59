"""The measures against what their definitions say, spelled out pair by pair."""

from __future__ import annotations

from itertools import product
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taishi.evaluate.labelled import NOISE
from taishi.evaluate.pairwise import Rates, adjusted_rand, area, by_time, macro, rates

LABELS = st.sampled_from(["-", "scan.0.1", "scan.0.2", "shell.0.3", "steal.1.4", "steal.2.5"])
ALERTS = st.lists(st.tuples(LABELS, st.integers(0, 4)), min_size=1, max_size=30)


def _naive(alerts: list[tuple[str, int]], wanted: str, *, noise: bool) -> tuple[int, int, int, int]:
    kept = [alert for alert in alerts if noise or alert[0] != NOISE]
    counts = {(same, together): 0 for same in (True, False) for together in (True, False)}
    for (label, group), (other, theirs) in product([alert for alert in kept if alert[0] == wanted], kept):
        counts[label == other, group == theirs] += 1
    return counts[True, True], counts[False, True], counts[True, False], counts[False, False]


@given(alerts=ALERTS, noise=st.booleans())
def test_rates_count_ordered_pairs(alerts: list[tuple[str, int]], noise: bool) -> None:
    found = rates([label for label, _ in alerts], [group for _, group in alerts], noise=noise)
    assert set(found) == {label for label, _ in alerts} - {NOISE}
    for label, one in found.items():
        true, false, missed, apart = _naive(alerts, label, noise=noise)
        assert one.recall == pytest.approx(true / (true + missed))
        assert one.precision == pytest.approx(true / (true + false))
        assert one.specificity == (pytest.approx(apart / (apart + false)) if apart + false else None)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=12))
def test_the_area_is_that_of_the_best_recall_at_each_specificity(points: list[tuple[float, float]]) -> None:
    steps = 4000
    naive = sum(
        max((recall for specificity, recall in points if specificity >= (step + 0.5) / steps), default=0.0)
        for step in range(steps)
    )
    assert area(points) == pytest.approx(naive / steps, abs=13 / steps)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=25))
def test_adjusted_rand_counts_pairs(pairs: list[tuple[int, int]]) -> None:
    one, two = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    both = only_one = only_two = neither = 0
    for left in range(len(pairs)):
        for right in range(left):
            same, alike = one[left] == one[right], two[left] == two[right]
            both, only_one = both + (same and alike), only_one + (same and not alike)
            only_two, neither = only_two + (alike and not same), neither + (not same and not alike)
    divisor = (both + only_one) * (only_one + neither) + (both + only_two) * (only_two + neither)
    wanted = 2.0 * (both * neither - only_one * only_two) / divisor if divisor else 1.0
    assert adjusted_rand(one, two) == pytest.approx(wanted)


def test_the_macro_mean_goes_up_level_by_level() -> None:
    """Two instances of one stage weigh as much as one instance of another."""

    def one(recall: float) -> Rates:
        return Rates(recall, 1.0, 1.0, None)

    found = macro([{"steal.1.1": one(0.0), "steal.1.2": one(1.0), "steal.2.3": one(1.0), "scan.0.4": one(0.25)}])
    assert found.recall == fmean([fmean([0.5, 1.0]), 0.25])
    assert found.specificity is None


def test_gaps_part_groups() -> None:
    assert by_time([10.0, 0.0, 1.9, 3.8, 20.0], 2.0) == [1, 0, 0, 0, 2]
    assert by_time([0.0, 2.0], 2.0) == [0, 1]
