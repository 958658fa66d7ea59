"""The stage an attack plays on: a clock, the enterprise's products, and the truth written beside every line."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b

from simulator.devices import Hosts, Sensor, Socket, Wall, high_port
from simulator.equipment import Asset, Feed
from simulator.line import Line, Truth
from simulator.province import Province, Site, country_of

Write = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Attack:
    """One script. `needs` are the roles of sources without which it would not be seen; `seconds` its natural length."""

    name: str
    title_zh: str
    title_en: str
    kinds: tuple[str, ...]
    needs: tuple[str, ...]
    seconds: float
    play: Callable[[Scene], None]
    fits: Callable[[Site], bool] = lambda _site: True
    """What else must hold of an enterprise."""


@dataclass
class Scene:
    """One performance of a script at one enterprise (the worm moves on to others).

    `pace` stretches all pauses: 1 is natural, below 1 quicker. Lines whose product the enterprise does not have are left
    out, as in life."""

    province: Province
    site: Site
    rng: random.Random
    identity: str
    kind: str
    at: float
    pace: float = 1.0
    lines: list[Line] = field(default_factory=list)
    _step: str = ""
    _technique: str = ""

    def __post_init__(self) -> None:
        self.country = country_of(self.rng)
        self.attacker = f"203.0.113.{self.rng.randint(2, 250)}"
        self.control = f"198.51.100.{self.rng.randint(2, 250)}"
        self.control_name = (
            f"{self.rng.choice(('cdn', 'api', 'sync', 'update', 'img'))}-{self.rng.randint(100, 999)}.invalid"
        )
        self.enter(self.site)

    def enter(self, site: Site) -> None:
        """Go on at another enterprise."""
        self.site = site
        self.sensor = Sensor(self.rng)
        self.hosts = Hosts(site, self.rng)
        self.wall = Wall(site.by_role["fw"], self.rng)

    def step(self, name: str, technique: str, after: float) -> None:
        """Begin the next step about `after` seconds (at pace 1) later."""
        self._step, self._technique = name, technique
        self.pause(after)

    def pause(self, seconds: float) -> None:
        self.at += seconds * self.pace * self.rng.uniform(0.7, 1.3)

    def write(self, role: str, make: Write, *, delay: float = 0.0) -> None:
        """A line of the enterprise's product of that role; `delay` is how much later than the step's clock it is."""
        feed = self.site.by_role.get(role)
        if feed is not None:
            at = self.at + delay * self.pace
            truth = Truth(self.identity, self.kind, self._step, self._technique)
            self.lines.append(Line(at, feed, make(at), truth))

    def repeat(self, role: str, times: int, over: float, make: Write) -> None:
        """`times` lines spread over `over` seconds from now on; the clock moves to their end."""
        feed = self.site.by_role.get(role)
        length = over * self.pace
        if feed is not None:
            truth = Truth(self.identity, self.kind, self._step, self._technique)
            for moment in sorted(self.at + self.rng.random() * length for _ in range(times)):
                self.lines.append(Line(moment, feed, make(moment), truth))
        self.at += length

    def asset(self, *kinds: str) -> Asset:
        """One of the enterprise's assets of the first kind that it has."""
        for kind in kinds:
            found = self.site.all_of(kind)
            if found:
                return self.rng.choice(found)
        return self.site.assets[0]

    def user(self) -> str:
        return self.rng.choice(self.site.users)

    def out(self) -> Socket:
        """A socket of the attacker."""
        return self.attacker, high_port(self.rng)

    def of(self, asset: Asset, port: int = 0) -> Socket:
        return asset.address, port or high_port(self.rng)

    def sha256(self, name: str) -> str:
        """The digest of a file of this attack: the same wherever it turns up."""
        return blake2b(f"{self.identity}:{name}".encode(), digest_size=32).hexdigest()

    def feed(self, role: str) -> Feed | None:
        return self.site.by_role.get(role)
