"""Campaigns out of sightings: a pure function, whatever the order of its input and however often it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import combinations

from taishi.campaigns import formula
from taishi.campaigns.parameters import Parameters
from taishi.campaigns.warning_list import listed

Indicator = tuple[str, str]
"""(kind, value)."""

MAX_COMPARED = 24
"""Incidents of one campaign whose technique sequences are compared, earliest first."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One sighting: an indicator in one incident of one enterprise."""

    kind: str
    value: str
    incident: str
    enterprise: str
    region: str
    industry: str
    first: float
    last: float
    score: float
    escalated: bool
    techniques: tuple[str, ...]
    attempt: bool

    @property
    def indicator(self) -> Indicator:
        return self.kind, self.value


@dataclass(frozen=True, slots=True)
class Evidence:
    """An indicator as evidence. `background`: enterprises that met it without an incident of weight."""

    kind: str
    value: str
    rarity: float
    background: int
    enterprises: int
    effective: float
    attempt: bool
    hazard: float
    sightings: tuple[Seen, ...]

    @property
    def indicator(self) -> Indicator:
        return self.kind, self.value


@dataclass(frozen=True, slots=True)
class Found:
    """A campaign. `sightings` are all of its indicators in all of its incidents; `hazards`: what the score is made of."""

    id: str
    kind: str
    criterion: str
    score: float
    hazards: tuple[tuple[str, Evidence | None, float], ...]
    """(code, evidence, amount); codes are indicator and techniques."""
    evidence: tuple[Evidence, ...]
    techniques: tuple[str, ...]

    @property
    def sightings(self) -> list[Seen]:
        return [seen for evidence in self.evidence for seen in evidence.sightings]

    @property
    def enterprises(self) -> list[str]:
        """In the order in which they were hit."""
        return list(dict.fromkeys(seen.enterprise for seen in sorted(self.sightings, key=_age)))


def _age(seen: Seen) -> tuple[float, str, str, str]:
    return seen.first, seen.incident, seen.kind, seen.value


def campaigns(
    given: Parameters, sightings: Iterable[Seen], uses: Mapping[Indicator, int], enterprises: int
) -> list[Found]:
    """All campaigns, oldest first. `uses`: how many enterprises met each indicator; `enterprises`: how many there are."""
    by_indicator: dict[Indicator, list[Seen]] = {}
    for seen in sightings:
        by_indicator.setdefault(seen.indicator, []).append(seen)
    evidence = []
    for indicator in sorted(by_indicator):
        found = weigh(given, by_indicator[indicator], uses.get(indicator, 0), enterprises)
        if found is not None and found.rarity >= given.rarity["join"]:
            evidence.append(found)
    opened = [_judge(given, group) for group in _components(evidence)]
    return sorted((found for found in opened if found is not None), key=lambda found: (_first(found), found.id))


def _first(found: Found) -> float:
    return min(seen.first for seen in found.sightings)


def weigh(given: Parameters, sightings: Sequence[Seen], uses: int, enterprises: int) -> Evidence | None:
    """What an indicator is worth; None where it is popular, listed, or seen at one enterprise only."""
    kind, value = sightings[0].indicator
    weighty = [
        seen
        for seen in sorted(sightings, key=_age)
        if seen.score >= given.sighting["min_score"] and (seen.escalated or not seen.attempt)
    ]
    hit: dict[str, tuple[float, float]] = {}
    for seen in weighty:
        at, score = hit.get(seen.enterprise, (seen.first, 0.0))
        hit[seen.enterprise] = min(at, seen.first), max(score, seen.score)
    popular = len(hit) > max(given.rarity["degree_floor"], given.rarity["degree_share"] * enterprises)
    if len(hit) < 2 or popular or listed(kind, value):
        return None
    background = max(0, uses - len(hit))
    attempt = all(seen.attempt for seen in weighty)
    rare = formula.rarity(given, background, enterprises)
    effective = formula.effective(list(hit.values()), given.open["tau_hours"] * formula.HOUR)
    amount = formula.hazard(given, kind, attempt, rare, effective)
    return Evidence(kind, value, rare, background, len(hit), effective, attempt, amount, tuple(weighty))


def _components(evidence: Sequence[Evidence]) -> list[list[Evidence]]:
    """Indicators whose incidents overlap belong together."""
    leader: dict[str, str] = {}

    def find(node: str) -> str:
        while leader.setdefault(node, node) != node:
            leader[node] = leader[leader[node]]
            node = leader[node]
        return node

    for one in evidence:
        first = find(one.sightings[0].incident)
        for seen in one.sightings[1:]:
            leader[find(seen.incident)] = first
            first = find(first)
    groups: dict[str, list[Evidence]] = {}
    for one in evidence:
        groups.setdefault(find(one.sightings[0].incident), []).append(one)
    return list(groups.values())


def _judge(given: Parameters, group: list[Evidence]) -> Found | None:
    ranked = sorted(group, key=lambda one: (-one.hazard, one.indicator))
    amounts: list[tuple[str, Evidence | None, float]] = [("indicator", ranked[0], ranked[0].hazard)]
    further = ranked[1 : 1 + int(given.open["max_further"])]
    amounts.extend(("indicator", one, given.open["further"] * one.hazard) for one in further)
    alike = _alike(ranked)
    if alike > 0:
        amounts.append(("techniques", None, given.open["technique_support"] * alike))
    score = formula.score(sum(amount for _, _, amount in amounts))
    sightings = sorted((seen for one in ranked for seen in one.sightings), key=_age)
    hit = {seen.enterprise for seen in sightings}
    if not any(seen.escalated or (seen.score >= given.open["alone"] and not seen.attempt) for seen in sightings):
        return None
    three = len(hit) >= given.open["enterprises"] and score >= given.open["score"]
    if not three and not any(strong_pair(given, one) for one in ranked):
        return None
    techniques = tuple(dict.fromkeys(t for seen in sightings for t in seen.techniques))
    return Found(
        identity(sightings[0].indicator), _kind(given, techniques, ranked[0]), "three" if three else "two", score,
        tuple(amounts), tuple(ranked), techniques,
    )  # fmt: skip


def identity(indicator: Indicator) -> str:
    """A campaign's id, from the indicator of its oldest sighting."""
    return blake2b("\x1f".join(("campaign", *indicator)).encode(), digest_size=12).hexdigest()


def _pairs(one: Evidence) -> Iterable[tuple[Seen, Seen]]:
    """Sightings of two enterprises, earliest first, bounded."""
    return (
        (left, right)
        for left, right in combinations(one.sightings[:MAX_COMPARED], 2)
        if left.enterprise != right.enterprise
    )


def _alike(ranked: Sequence[Evidence]) -> float:
    """The closest technique sequences that two enterprises with a common indicator show."""
    return max(
        (formula.similarity(left.techniques, right.techniques) for one in ranked[:4] for left, right in _pairs(one)),
        default=0.0,
    )


def strong_pair(given: Parameters, one: Evidence) -> bool:
    """Whether two enterprises are enough: nothing but this explains why both show the same value so soon."""
    if one.rarity < given.two["rarity"] or one.attempt:
        return False
    return any(_strong(given, left, right) for left, right in _pairs(one))


def _strong(given: Parameters, left: Seen, right: Seen) -> bool:
    if min(left.score, right.score) < given.two["score"] or left.attempt or right.attempt:
        return False
    apart = abs(left.first - right.first) / formula.HOUR
    if left.kind == "hash":
        return apart <= given.two["hash_hours"]
    return (
        apart <= given.two["other_hours"]
        and formula.common_steps(left.techniques, right.techniques) >= given.two["common_techniques"]
        and formula.similarity(left.techniques, right.techniques) >= given.two["similarity"]
    )


def _kind(given: Parameters, techniques: Sequence[str], strongest: Evidence) -> str:
    parents = {formula.parent(technique) for technique in techniques}
    for kind, marks in given.kinds.items():
        if parents & set(marks):
            return kind
    return "malware" if strongest.kind == "hash" else "infrastructure"
