"""Bursts in hourly counts: a pure function of the counts, of who reported, and of the hour.

A *cell* is a county and an industry; a *window* a county, city or the province, with one industry or all. Counted are
distinct enterprises at which a technique occurred anew in the hour, never alerts: loud is not widespread. Every window is
compared with its own past, per enterprise that reported, so neither a new sensor nor a silent one looks like an attack.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from taishi.bursts.parameters import Parameters
from taishi.bursts.surprise import deviate
from taishi.scope import region_prefix

Cell = tuple[str, str]
"""County code and industry; "" for unknown."""

Window = tuple[str, str]
"""Division code of any level and industry, "" for all of them."""

Hours = Mapping[int, Mapping[Cell, int]]
"""Epoch hour → cell → distinct enterprises."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of a window: what was seen, what its past made likely, how many enterprises reported."""

    hour: int
    observed: int
    expected: float
    spread: float
    """Standard deviation of the expectation."""
    reporting: int
    z: float
    level: float
    """E, the smoothed deviate that is compared with the threshold."""


@dataclass(frozen=True, slots=True)
class Found:
    """A burst: where, from when to when, and its hours with those before it. `over`: E has fallen again."""

    technique: str
    window: Window
    start: int
    last: int
    alarm: int
    peak: float
    over: bool
    hours: tuple[Hour, ...]

    @property
    def observed(self) -> int:
        return sum(one.observed for one in self._own)

    @property
    def expected(self) -> float:
        return sum(one.expected for one in self._own)

    @property
    def _own(self) -> list[Hour]:
        return [one for one in self.hours if self.start <= one.hour <= self.last]


def windows_of(cell: Cell, province: str) -> tuple[Window, ...]:
    """The windows that a cell is part of: county, city and province, each for its industry and for all."""
    county, industry = cell
    regions = dict.fromkeys((county, county[:4] + "00" if len(county) == 6 else county, province))
    names = ("", industry) if industry else ("",)
    return tuple((region, name) for region in regions for name in names)


def _parent(window: Window, province: str) -> Window | None:
    """What a window's past is mixed with: all industries of its region, else the region above."""
    region, industry = window
    if industry:
        return region, ""
    if region == province:
        return None
    return (province, "") if region.endswith("00") else (region[:4] + "00", "")


class Reporting:
    """How many enterprises of each window reported, hour by hour, over [first, last]. Made once, used by all techniques.

    Hours that nobody reported in (before the platform was there, or a day that was loaded afterwards) count as if all of
    the inventory had.
    """

    def __init__(self, first: int, last: int, heard: Hours, inventory: Mapping[Cell, int], province: str) -> None:
        self.first, self.last, self.province = first, last, province
        self._heard = heard
        self._inventory = inventory
        self._series: dict[Window, list[int]] = {}

    def of(self, window: Window) -> list[int]:
        found = self._series.get(window)
        if found is None:
            found = self._series[window] = self._made(window)
        return found

    def _made(self, window: Window) -> list[int]:
        everyone = _sum(self._inventory, window)
        hours = range(self.first, self.last + 1)
        return [_sum(self._heard[hour], window) if self._heard.get(hour) else everyone for hour in hours]


def _sum(cells: Mapping[Cell, int], window: Window) -> int:
    prefix, industry = region_prefix(window[0]), window[1]
    return sum(n for (county, own), n in cells.items() if county.startswith(prefix) and industry in ("", own))


class _Series:
    """A technique over [first, last] in all windows that it touched."""

    def __init__(self, given: Parameters, counts: Hours, reporting: Reporting) -> None:
        self._given = given
        self._reporting = reporting
        self._first = reporting.first
        length = reporting.last - reporting.first + 1
        self.counts: dict[Window, list[int]] = {(reporting.province, ""): [0] * length}
        for hour, cells in counts.items():
            if not reporting.first <= hour <= reporting.last:
                continue
            for cell, number in cells.items():
                for window in windows_of(cell, reporting.province):
                    self.counts.setdefault(window, [0] * length)[hour - self._first] += number
        self._sums = {window: [0, *accumulate(row)] for window, row in self.counts.items()}
        self._squares = {window: [0, *accumulate(n * n for n in row)] for window, row in self.counts.items()}
        self._exposures: dict[Window, list[int]] = {}
        self._profiles: dict[int, list[float]] = {}
        self._rates: dict[tuple[Window, int], float] = {}

    def _exposed(self, window: Window) -> list[int]:
        found = self._exposures.get(window)
        if found is None:
            found = self._exposures[window] = [0, *accumulate(self._reporting.of(window))]
        return found

    def past(self, at: int) -> tuple[int, int]:
        """Indices [from, to) of the hours that are the past of the hour at index `at`."""
        baseline = self._given.baseline
        guard = min(int(baseline["guard_hours"]), max(1, at // 4))
        end = at - guard
        return max(0, end - int(baseline["days"]) * 24), max(0, end)

    def rate(self, window: Window, at: int) -> float:
        """New occurrences an enterprise and hour, by the window's past mixed with that of the wider one."""
        start, end = self.past(at)
        key = (window, end)
        found = self._rates.get(key)
        if found is None:
            baseline, parent = self._given.baseline, _parent(window, self._reporting.province)
            if parent is None:
                weight, supposed = baseline["prior_weight"], baseline["prior_rate"]
            else:
                weight, supposed = baseline["shrink"], self.rate(parent, at)
            sums, exposed = self._sums.get(window), self._exposed(window)
            number = sums[end] - sums[start] if sums else 0
            found = (number + weight * supposed) / (exposed[end] - exposed[start] + weight)
            self._rates[key] = found
        return found

    def profile(self, at: int) -> float:
        """How the hour of the day differs from the mean of the day, over the whole province; 1 on average."""
        start, end = self.past(at)
        if end - start < 48:
            return 1.0
        found = self._profiles.get(end)
        if found is None:
            found = self._profiles[end] = self._profile(start, end)
        return found[(self._first + at) % 24]

    def _profile(self, start: int, end: int) -> list[float]:
        row = self.counts[(self._reporting.province, "")]
        seen = [0.0] * 24
        for index in range(start, end):
            seen[(self._first + index) % 24] += row[index]
        days = (end - start) / 24
        mean = sum(seen) / 24
        flat = mean * self._given.baseline["flat_days"] / days + 1e-9
        smooth = [(seen[hour - 1] + 2 * seen[hour] + seen[(hour + 1) % 24]) / 4 + flat for hour in range(24)]
        whole = sum(smooth) / 24
        return [value / whole for value in smooth]

    def size(self, window: Window, at: int) -> float:
        """By moments of the window's past, no wilder than the prior size and no steadier than the limit."""
        baseline = self._given.baseline
        start, end = self.past(at)
        number = end - start
        if number < baseline["spread_hours"]:
            return baseline["size"]
        mean = (self._sums[window][end] - self._sums[window][start]) / number
        variance = (self._squares[window][end] - self._squares[window][start]) / number - mean * mean
        if mean <= 0 or variance <= mean:
            return baseline["steady"] if mean >= 1 else baseline["size"]
        return max(baseline["size"], min(baseline["steady"], mean * mean / (variance - mean)))

    def hours(self, window: Window, start: int) -> list[Hour]:
        """From index `start` to the end, with E from nothing."""
        given, reporting = self._given, self._reporting.of(window)
        keep, least, most = given.ewma["keep"], given.ewma["least"], given.ewma["most"]
        level, found = 0.0, []
        for at in range(start, len(reporting)):
            expected = max(1e-6, reporting[at] * self.rate(window, at) * self.profile(at))
            size = self.size(window, at)
            z = deviate(self.counts[window][at], expected, size, least, most)
            level = keep * level + (1 - keep) * z
            spread = (expected + expected * expected / size) ** 0.5
            found.append(Hour(self._first + at, self.counts[window][at], expected, spread, reporting[at], z, level))
        return found


def levels(given: Parameters, counts: Hours, reporting: Reporting) -> dict[Window, list[Hour]]:
    """Every window that the technique touched lately, hour by hour: what `bursts` judges, and what calibration reads."""
    series = _Series(given, counts, reporting)
    length = reporting.last - reporting.first + 1
    start = max(int(given.baseline["least_hours"]), length - int(given.ewma["hours"]))
    if start >= length:
        return {}
    touched = [window for window, row in series.counts.items() if any(row[start:])]
    return {window: series.hours(window, start) for window in touched}


def bursts(given: Parameters, technique: str, counts: Hours, reporting: Reporting) -> list[Found]:
    """The bursts of one technique that touch the last `ewma.hours` hours, strongest first, none within another."""
    candidates = [
        one
        for window, hours in levels(given, counts, reporting).items()
        for one in runs(given, technique, window, hours)
    ]
    candidates.sort(key=lambda one: (-one.peak, len(region_prefix(one.window[0])), one.window, one.start))
    chosen: list[Found] = []
    for one in candidates:
        if not any(_overlap(one, other) for other in chosen):
            chosen.append(one)
    return chosen[: int(given.alarm["most_at_once"])]


def _overlap(one: Found, other: Found) -> bool:
    """Both speak of the same enterprises at the same time."""
    if one.last < other.start or other.last < one.start:
        return False
    mine, theirs = region_prefix(one.window[0]), region_prefix(other.window[0])
    industries = {one.window[1], other.window[1]}
    return (mine.startswith(theirs) or theirs.startswith(mine)) and ("" in industries or len(industries) == 1)


def runs(given: Parameters, technique: str, window: Window, hours: Sequence[Hour]) -> Iterable[Found]:
    """Stretches of a window's hours over the threshold, each from where E became positive to where it fell again."""
    threshold, over = given.alarm["threshold"], given.alarm["threshold"] * given.alarm["over"]
    at = 0
    while at < len(hours):
        if hours[at].level < threshold or not _many(given, hours, at):
            at += 1
            continue
        start = at
        while (
            start > 0
            and at - start < given.alarm["lead_hours"]
            and hours[start - 1].z > 0
            and hours[start - 1].observed
        ):
            start -= 1
        end = at
        while end + 1 < len(hours) and hours[end + 1].level >= over:
            end += 1
        last = max(index for index in range(start, end + 1) if hours[index].observed)
        yield Found(
            technique, window, hours[start].hour, hours[last].hour, hours[at].hour,
            max(one.level for one in hours[at : end + 1]), end + 1 < len(hours), tuple(hours),
        )  # fmt: skip
        at = end + 1


def _many(given: Parameters, hours: Sequence[Hour], at: int) -> bool:
    """Enough enterprises within the last hours, and enough more than expected."""
    lately = hours[max(0, at + 1 - int(given.alarm["within_hours"])) : at + 1]
    observed = sum(one.observed for one in lately)
    return observed >= max(given.alarm["enterprises"], given.alarm["times"] * sum(one.expected for one in lately))
