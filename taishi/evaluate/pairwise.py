"""How well alerts were grouped: pure functions of true labels and predicted groups.

`rates` and `area` are the pairwise measures with which AlertBERT (Landauer et al., 2026, arXiv 2602.06534) was published:
every ordered pair of alerts, each with itself included, whose first alert bears the label; macro means over the levels of the
hierarchical label; the area under the step function of recall over true negative rate. All are O(alerts + groups).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from taishi.evaluate.labelled import NOISE


@dataclass(frozen=True, slots=True)
class Rates:
    """Of one label, or a mean of several; `specificity` (true negative rate) is None where there is no negative pair."""

    recall: float
    precision: float
    f1: float
    specificity: float | None


def rates(labels: Sequence[str], groups: Sequence[Hashable], *, noise: bool) -> dict[str, Rates]:
    """By full label, without NOISE itself. With `noise` its alerts count as pairs, without it they are left out first."""
    kept = [place for place, label in enumerate(labels) if noise or label != NOISE]
    total = len(kept)
    of_label = Counter(labels[place] for place in kept)
    of_group = Counter(groups[place] for place in kept)
    joint = Counter((labels[place], groups[place]) for place in kept)
    true: Counter[str] = Counter()
    false: Counter[str] = Counter()
    for (label, group), count in joint.items():
        true[label] += count * count
        false[label] += count * (of_group[group] - count)
    return {
        label: _rates(true[label], false[label], count * count, count * (total - count))
        for label, count in sorted(of_label.items())
        if label != NOISE
    }


def _rates(true: int, false: int, positives: int, negatives: int) -> Rates:
    recall, precision = true / positives, true / (true + false)
    return Rates(
        recall, precision, 2 * recall * precision / (recall + precision), 1 - false / negatives if negatives else None
    )


def macro(scenarios: Iterable[Mapping[str, Rates]]) -> Rates:
    """Mean over scenarios of each full label, then over the labels of one stage, of one step, of all steps."""
    found: dict[str, list[Rates]] = defaultdict(list)
    for scenario in scenarios:
        for label, some in scenario.items():
            found[label].append(some)
    level = {label: mean(some) for label, some in found.items()}
    for depth in (2, 1):
        above: dict[str, list[Rates]] = defaultdict(list)
        for label, some_rates in level.items():
            above[".".join(label.split(".")[:depth])].append(some_rates)
        level = {label: mean(some) for label, some in above.items()}
    return mean(level.values())


def mean(some: Iterable[Rates]) -> Rates:
    all_of = list(some)
    specific = [one.specificity for one in all_of if one.specificity is not None]
    return Rates(
        fmean(one.recall for one in all_of),
        fmean(one.precision for one in all_of),
        fmean(one.f1 for one in all_of),
        fmean(specific) if specific else None,
    )


def area(points: Iterable[tuple[float, float]]) -> float:
    """∫ over x in [0, 1] of the best recall among points (specificity, recall) with specificity ≥ x."""
    total, best, right = 0.0, 0.0, None
    for specificity, recall in sorted(points, reverse=True):
        if right is not None:
            total += (right - specificity) * best
        best, right = max(best, recall), specificity
    return total + (right or 0.0) * best


def by_time(times: Sequence[float], delta: float) -> list[int]:
    """The baseline of the published tables (Landauer et al., TOPS 2022): a gap of `delta` seconds or more begins a group."""
    order = sorted(range(len(times)), key=lambda place: (times[place], place))
    groups = [0] * len(times)
    group, before = -1, 0.0
    for place in order:
        if group < 0 or times[place] - before >= delta:
            group += 1
        groups[place], before = group, times[place]
    return groups


def adjusted_rand(one: Sequence[Hashable], two: Sequence[Hashable]) -> float:
    """Adjusted Rand index (Hubert & Arabie 1985): 1 for equal partitions, 0 on average by chance."""

    def pairs(counts: Iterable[int]) -> float:
        return sum(count * (count - 1) / 2 for count in counts)

    together = pairs(Counter(zip(one, two, strict=True)).values())
    first, second = pairs(Counter(one).values()), pairs(Counter(two).values())
    everything = len(one) * (len(one) - 1) / 2
    expected = first * second / everything if everything else 0.0
    most = (first + second) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)
