"""Background noise of a province: scanning from everywhere, clumsy exploits, office life, and the plant's own polling.

Proportions follow published provincial bulletins: scanning and sniffing are half to four fifths of all attacks, three
quarters come from overseas, and one city has a share out of all proportion. Noise of an enterprise and hour follows from
the seed alone, so any hour can be made again, and memory holds one hour of one enterprise at a time.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from simulator.devices import Hosts, Sensor, Wall
from simulator.equipment import Feed
from simulator.formats.moments import local
from simulator.line import Line, Truth
from simulator.noise_kinds import KINDS, Context
from simulator.province import Province, Site, city_of, country_of, outside

RATE: Final = 0.48
"""Scales everything: the default province makes about 80,000 lines a day."""
NOISY_FACTOR: Final = 5.0
HOUR: Final = 3600
DRIFT: Final = 420.0
"""Seconds by which a drifting clock is ahead."""

_QUIET: Final = frozenset({"benign", "process"})


def office_hours(at: float) -> float:
    """How lively an office is, 0.25–1.6, by the local hour and weekday."""
    moment = local(at)
    level = 0.25 if moment.hour < 7 or moment.hour >= 21 else 0.7 if moment.hour in {7, 12, 18, 19, 20} else 1.6
    return level * (0.4 if moment.weekday() >= 5 else 1.0)


@dataclass(frozen=True, slots=True)
class Weather:
    """What the whole province sees in one hour: which scanners are about, and which ports they knock at."""

    scanners: tuple[tuple[str, str], ...]
    ports: tuple[int, ...]


@dataclass
class Noise:
    """The noise of one province. `silent_after`: when the sources that are to fall silent do so (epoch seconds)."""

    province: Province
    silent_after: float = float("inf")
    rate: float = RATE
    _noisy: dict[str, bool] = field(default_factory=dict)

    def weather(self, hour: int) -> Weather:
        return _weather(self.province.seed, self.province.scanners, hour)

    def hour(self, site: Site, hour: int) -> list[Line]:
        """The lines of one enterprise in one epoch hour, in order of time."""
        rng = random.Random(f"{self.province.seed}:{site.id}:{hour}")
        weather = self.weather(hour)
        context = Context(site, rng, Sensor(rng), Hosts(site, rng), weather.scanners, weather.ports)
        lines: list[Line] = []
        for feed in site.feeds:
            lines += self._feed(context, feed, hour)
        lines.sort(key=lambda line: line.at)
        return lines

    def _feed(self, context: Context, feed: Feed, hour: int) -> list[Line]:
        rng, begin = context.rng, hour * HOUR
        context.wall = Wall(feed, rng) if feed.role == "fw" else context.wall
        lines: list[Line] = []
        for kind in KINDS[feed.role]:
            expected = kind.rate * self.rate * context.site.weight
            expected *= office_hours(begin) if kind.office else 1.0
            if kind.noise not in _QUIET and self._is_noisy(context.site):
                expected *= NOISY_FACTOR
            for _ in range(_poisson(rng, expected)):
                lines += self._line(context, feed, kind.write, kind.noise, begin + rng.random() * HOUR)
        if not lines:  # a source that says nothing for an hour would count as silent
            first = KINDS[feed.role][0]
            lines += self._line(context, feed, first.write, first.noise, begin + rng.random() * HOUR)
        return lines

    def _line(
        self, context: Context, feed: Feed, write: Callable[[Context, Feed, float], str], noise: str, at: float
    ) -> list[Line]:
        if feed.flaw == "silent" and at > self.silent_after:
            return []
        text = write(context, feed, at + DRIFT if feed.flaw == "drift" else at)
        if feed.flaw == "garbled" and context.rng.random() < 0.25:
            return [Line(at, feed, text[: len(text) * 2 // 3], Truth(noise="garbled"))]
        return [Line(at, feed, text, Truth(noise=noise))]

    def _is_noisy(self, site: Site) -> bool:
        known = self._noisy.get(site.region)
        if known is None:
            known = self._noisy[site.region] = city_of(site.region, self.province.region) == self.province.noisy
        return known

    def site(self, site: Site, start: float, end: float) -> Iterator[Line]:
        """The lines of one enterprise in [start, end), hour by hour."""
        hour = int(start // HOUR)
        while hour * HOUR < end:
            for line in self.hour(site, hour):
                if start <= line.at < end:
                    yield line
            hour += 1


@lru_cache(maxsize=4)
def _weather(seed: int, scanners: tuple[tuple[str, str], ...], hour: int) -> Weather:
    rng = random.Random(f"{seed}:weather:{hour}")
    about = rng.sample(scanners, min(6, len(scanners)))
    fresh = tuple((outside(1000 + rng.randrange(12_000)), country_of(rng)) for _ in range(10))
    ports = tuple(
        rng.sample((22, 23, 80, 443, 445, 502, 102, 1433, 3306, 3389, 5900, 6379, 8080, 44818, 20000, 2404), 5)
    )
    return Weather(tuple(about) + fresh, ports)


def _poisson(rng: random.Random, mean: float) -> int:
    """Knuth's method; a normal approximation above 30, where exp(−mean) loses its meaning."""
    if mean > 30:
        return max(0, round(rng.gauss(mean, mean**0.5)))
    limit, count, product = 2.718281828459045**-mean, 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count
