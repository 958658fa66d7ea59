"""A sample province for any region code: enterprises of the three types, their assets, people and sources.

Everything follows from the region, the seed and the number of enterprises; nothing is random at run time. Addresses are
private inside and from ranges that the Internet does not route outside (RFC 2544 198.18.0.0/15, RFC 5737), domains end
in `.example` (RFC 2606). Plain syslog senders are told apart by loopback addresses of 127.0.0.0/8.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Final

from simulator.equipment import Asset, Feed, equip, feeds
from simulator.names import CONTINUOUS, COUNTRIES, GIVEN, STEMS, SURNAMES, WORKS
from taishi.reference import divisions

ENTERPRISES: Final = 300
SCANNERS: Final = 48
"""Background scanners that every enterprise sees."""


@dataclass(frozen=True, slots=True)
class Park:
    id: str
    region: str
    name: str
    name_en: str


@dataclass(frozen=True)
class Site:
    """An enterprise with everything it owns. `weight` scales its background noise (1 is the mean)."""

    index: int
    id: str
    name: str
    name_en: str
    region: str
    park: Park | None
    industry: str
    kind: str
    level: int
    authority: str
    contact: str
    phone: str
    network: str
    """First two octets of its inside addresses, such as "10.23"."""
    public: str
    domain: str
    weight: float
    users: tuple[str, ...]
    assets: tuple[Asset, ...]
    feeds: tuple[Feed, ...]

    @cached_property
    def by_role(self) -> dict[str, Feed]:
        return {feed.role: feed for feed in self.feeds}

    def asset(self, kind: str) -> Asset | None:
        return next((asset for asset in self.assets if asset.kind == kind), None)

    def all_of(self, *kinds: str) -> list[Asset]:
        return [asset for asset in self.assets if asset.kind in kinds]


@dataclass(frozen=True)
class Province:
    region: str
    name: str
    name_en: str
    seed: int
    parks: tuple[Park, ...]
    sites: tuple[Site, ...]
    scanners: tuple[tuple[str, str], ...]
    """(address, country) of background scanners."""
    noisy: str
    """The city whose share of scanning is out of all proportion."""

    @cached_property
    def by_id(self) -> dict[str, Site]:
        return {site.id: site for site in self.sites}

    @property
    def feeds(self) -> list[Feed]:
        return [feed for site in self.sites for feed in site.feeds]


def outside(number: int) -> str:
    """The n-th address of the simulated outside, 198.18.0.0/16 (RFC 2544: never routed)."""
    return f"198.18.{number // 250 % 250}.{number % 250 + 1}"


def country_of(rng: random.Random) -> str:
    names, weights = zip(*COUNTRIES, strict=True)
    return str(rng.choices(names, weights)[0])


def city_of(region: str, root: str) -> str:
    """The division directly below the province that holds `region` (a district in a municipality)."""
    path = divisions.path(region)
    at = path.index(root)
    return path[min(at + 1, len(path) - 1)]


def build(region: str = "330000", seed: int = 1, enterprises: int = ENTERPRISES) -> Province:
    """The sample province; raises NotFound for a region that does not exist."""
    rng = random.Random(f"{seed}:{region}:province")
    root = divisions.get(region)
    counties = divisions.leaves(root.code)
    below = divisions.children(root.code) or counties
    noisy = below[min(1, len(below) - 1)].code
    weights = {county.code: rng.lognormvariate(0, 0.5) for county in counties}
    parks = _parks(rng, [county.code for county in counties])
    names = _names(rng)
    places = _places(rng, counties, weights, enterprises)
    taken: set[str] = set()
    sites = tuple(_site(rng, index, place, parks, names, seed, taken) for index, place in enumerate(places))
    scanners = tuple((outside(number), country_of(rng)) for number in range(SCANNERS))
    return Province(root.code, root.name, root.name_en, seed, tuple(parks.values()), sites, scanners, noisy)


def _places(
    rng: random.Random, counties: tuple[divisions.Division, ...], weights: dict[str, float], enterprises: int
) -> list[divisions.Division]:
    """One enterprise in every county as far as they reach, the rest by weight."""
    first = list(counties[:enterprises])
    rest = rng.choices(counties, [weights[county.code] for county in counties], k=enterprises - len(first))
    return sorted(first + rest, key=lambda county: county.code)


def _parks(rng: random.Random, counties: list[str]) -> dict[str, Park]:
    """An industrial park in about a third of the counties."""
    parks: dict[str, Park] = {}
    for code in counties:
        if rng.random() < 0.35 or not parks:
            division = divisions.get(code)
            stem = division.name_en.split(" ")[0]
            parks[code] = Park(f"park-{code}", code, f"{division.name}演示工业园", f"{stem} Demo Industrial Park")
    return parks


def _names(rng: random.Random) -> list[tuple[tuple[str, str], str]]:
    """Pairs of a creature and an industry, each once, shuffled."""
    pairs = list(product(STEMS, WORKS))
    rng.shuffle(pairs)
    return pairs


def _kind(rng: random.Random, index: int) -> tuple[str, int]:
    """85 % connected enterprises, 10 % platforms, 5 % identifier nodes; about a sixth of level three."""
    kind = "identifier" if index % 20 == 19 else "platform" if index % 20 >= 17 else "industrial"
    share = rng.random()
    level = 3 if share < 0.16 else 2 if share < 0.46 else 1
    return kind, max(level, 2) if kind != "industrial" else level


def _label(kind: str, place: divisions.Division, stem: tuple[str, str], industry: str) -> tuple[str, str]:
    short = place.name[: -1 if len(place.name) > 2 else None].removesuffix("畲族自治")
    english = place.name_en.split(" ")[0]
    if kind == "platform":
        return f"{short}{stem[0]}工业互联网演示平台", f"{english} {stem[1]} Demo Industrial Platform"
    if kind == "identifier":
        return f"{short}{stem[0]}标识解析演示节点", f"{english} {stem[1]} Demo Identifier Node"
    works = WORKS[industry]
    return f"{short}{stem[0]}{works[0]}演示厂", f"{english} {stem[1]} Demo {works[1]} Works"


def _site(
    rng: random.Random, index: int, place: divisions.Division, parks: dict[str, Park],
    names: list[tuple[tuple[str, str], str]], seed: int, taken: set[str],
) -> Site:  # fmt: skip
    stem, industry = names[index % len(names)]
    kind, level = _kind(rng, index)
    if kind != "industrial":
        industry = "I64" if kind == "platform" else "I65"
    if industry in CONTINUOUS:
        level = min(3, level + (rng.random() < 0.3))
    name, name_en = _label(kind, place, stem, industry)
    if name in taken:
        stem = next(other for other in STEMS if _label(kind, place, other, industry)[0] not in taken)
        name, name_en = _label(kind, place, stem, industry)
    taken.add(name)
    park = parks.get(place.code)
    network = f"10.{16 + index % 220}"
    identity = f"ent-{place.code}-{index:03d}"
    surname, given = rng.choice(SURNAMES), rng.choice(GIVEN)
    users = tuple(dict.fromkeys(f"{rng.choice(GIVEN)[1]}.{rng.choice(SURNAMES)[1].lower()}" for _ in range(8)))
    assets = equip(rng, identity, network, kind, level, industry)
    return Site(
        index=index,
        id=identity,
        name=name,
        name_en=name_en,
        region=place.code,
        park=park if park and rng.random() < 0.6 else None,
        industry=industry,
        kind=kind,
        level=level,
        authority="miit" if kind == "industrial" else "ca",
        contact=surname[0] + given[0],
        phone=f"000-0000{index:04d}",
        network=network,
        public=f"198.19.{index // 250}.{index % 250 + 1}",
        domain=f"{stem[1].lower().replace('-', '')}{index}.example",
        weight=rng.lognormvariate(-0.2, 0.65),
        users=users,
        assets=assets,
        feeds=feeds(rng, identity, index, kind, level, seed),
    )
