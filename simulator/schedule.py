"""Which attacks happen when, and everything that happens in order of time.

A day of attacks, one of each kind, is spread over every 24 hours from the anchor; in live play further ones follow
every couple of minutes, quicker than in life. All of it follows from seed, anchor and number.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from simulator.attacks import scripts
from simulator.line import Line
from simulator.noise import Noise
from simulator.province import Province, Site
from simulator.scene import Attack, Scene

DAY: Final = 86_400.0
LIVE_EVERY: Final = 120.0
"""Seconds between two attacks in live play."""
LIVE_LENGTH: Final = 300.0
"""How long an attack takes in live play: the pauses of its script are shortened to fit."""


@dataclass(frozen=True, slots=True)
class Planned:
    """An attack that is going to happen."""

    identity: str
    attack: Attack
    site: Site
    start: float
    pace: float

    @property
    def end(self) -> float:
        """When it is over, with room for chance in its pauses."""
        return self.start + self.attack.seconds * self.pace * 1.6 + 60

    def play(self, province: Province) -> list[Line]:
        """The lines, in order of time."""
        rng = random.Random(f"{province.seed}:{self.identity}")
        scene = Scene(province, self.site, rng, self.identity, self.attack.name, self.start, self.pace)
        self.attack.play(scene)
        return sorted(scene.lines, key=lambda line: line.at)


def able(province: Province, attack: Attack) -> list[Site]:
    """The enterprises at which an attack makes sense and would be seen."""
    fit = [
        site for site in province.sites
        if site.kind in attack.kinds and all(role in site.by_role for role in attack.needs) and attack.fits(site)
    ]  # fmt: skip
    return [site for site in fit if not any(feed.flaw == "silent" for feed in site.feeds)]


def day(province: Province, anchor: float, number: int) -> list[Planned]:
    """The attacks that begin in the 24 hours from `anchor + number · 24 h`, one of each kind where the province can."""
    rng = random.Random(f"{province.seed}:day:{number}")
    kinds = list(scripts())
    rng.shuffle(kinds)
    found: list[Planned] = []
    used: set[str] = set()
    for slot, attack in enumerate(kinds):
        sites = [site for site in able(province, attack) if site.id not in used]
        if not sites:
            continue
        site = rng.choice(sites)
        used.add(site.id)
        # The last begins early enough to be over within the day, so that a demo's history holds all of it.
        start = anchor + number * DAY + (slot + rng.random() * 0.8) * (DAY - 14_400) / len(kinds)
        found.append(Planned(f"{attack.name}-d{number}", attack, site, start, 1.0))
    return found


def live(province: Province, session: float, number: int) -> Planned | None:
    """The n-th attack of a live session that began at `session`; None where the province has nobody to attack."""
    rng = random.Random(f"{province.seed}:{session:.0f}:live:{number}")
    kinds = list(scripts())
    attack = kinds[(number * 4 + int(session)) % len(kinds)]
    sites = able(province, attack)
    if not sites:
        return None
    start = session + number * LIVE_EVERY + rng.random() * 30
    pace = LIVE_LENGTH / attack.seconds
    return Planned(f"{attack.name}-{session:.0f}-{number}", attack, rng.choice(sites), start, pace)


def planned(province: Province, anchor: float, start: float, end: float) -> list[Planned]:
    """The daily attacks that may say something in [start, end)."""
    first, last = max(0, int((start - DAY - anchor) // DAY)), int((end - anchor) // DAY)
    found = [attack for number in range(first, last + 1) for attack in day(province, anchor, number)]
    return [attack for attack in found if attack.start < end and attack.end > start]


def live_attacks(province: Province, session: float, start: float) -> Iterator[Planned]:
    """The attacks of a live session in order, those that are over before `start` left out. Endless."""
    number = max(0, int((start - session) // LIVE_EVERY) - 10)
    while True:
        attack = live(province, session, number)
        if attack is not None and attack.end > start:
            yield attack
        number += 1


def _attack_lines(province: Province, attacks: Iterable[Planned]) -> Iterator[Line]:
    """Lines of attacks that overlap, merged; an attack is made when its time has come."""
    waiting: list[tuple[float, int, Line]] = []
    order = 0
    for attack in attacks:
        while waiting and waiting[0][0] < attack.start:
            yield heapq.heappop(waiting)[2]
        for line in attack.play(province):
            heapq.heappush(waiting, (line.at, order, line))
            order += 1
    while waiting:
        yield heapq.heappop(waiting)[2]


def _between(lines: Iterable[Line], start: float, end: float) -> Iterator[Line]:
    for line in lines:
        if line.at >= end:
            return
        if line.at >= start:
            yield line


def timeline(
    province: Province, noise: Noise, start: float, end: float, anchor: float, session: float | None = None
) -> Iterator[Line]:
    """Everything in [start, end) in order of time. `anchor` is where the daily attacks count from; with `session` the
    attacks of live play join. Memory: an hour of noise of each enterprise."""
    streams: list[Iterable[Line]] = [noise.site(site, start, end) for site in province.sites]
    daily = sorted(planned(province, anchor, start, min(end, start + 30 * DAY)), key=lambda attack: attack.start)
    streams.append(_between(_attack_lines(province, daily), start, end))
    if session is not None:
        streams.append(_between(_attack_lines(province, live_attacks(province, session, start)), start, end))
    return heapq.merge(*streams, key=lambda line: line.at)
