"""Campaigns on the simulator's province: at which enterprise each is recognised, and whether anything else is called one.

Sightings are replayed in order of their first alert, with the score that their incident had at the end of the day: an
incident that gathers weight slowly is recognised later in life, by as long as that takes. A pair is two enterprises in one
campaign; a true pair was hit by the same attack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from statistics import median
from typing import Any

from taishi.campaigns.find import Found, Indicator, Seen, campaigns
from taishi.campaigns.parameters import parameters
from taishi.evaluate import simulated
from taishi.evaluate.labelled import NOISE, Scenario
from taishi.evaluate.play import Pipeline, deliveries

SPREADING = ("worm", "supply_chain")
"""Kinds of simulated attacks that hit several enterprises."""

EVERYBODY = (("ip", "198.51.100.254"), ("domain", "portal.everybody.invalid"))
"""Popular values that are injected: into the incidents and alerts of a third of all enterprises."""

SCANNER = ("ip", "198.51.100.253")
"""A background scanner that is injected: it tried at every second enterprise, also where incidents of weight were."""


@dataclass(slots=True)
class Attack:
    """`recognised_at`: how many enterprises it had hit when a campaign first showed two of them; None where none did."""

    name: str
    enterprises: int
    recognised_at: int | None


@dataclass(slots=True)
class Report:
    seeds: list[int]
    enterprises: int
    attacks: list[Attack] = field(default_factory=list)
    true_pairs: int = 0
    found_pairs: int = 0
    right_pairs: int = 0
    false_campaigns: int = 0

    def as_json(self) -> dict[str, Any]:
        reached = [attack.recognised_at for attack in self.attacks if attack.recognised_at is not None]
        return {
            **asdict(self),
            "missed": len(self.attacks) - len(reached),
            "median_enterprise": median(reached) if reached else None,
            "pair_precision": self.right_pairs / self.found_pairs if self.found_pairs else None,
            "pair_recall": self.right_pairs / self.true_pairs if self.true_pairs else None,
        }


@dataclass(slots=True)
class Material:
    """What a played province left: sightings in order of time, enterprises that met each indicator, who was hit."""

    sightings: list[Seen]
    uses: dict[Indicator, set[str]]
    hit: dict[str, dict[str, float]]
    enterprises: int


def evaluate(seeds: Sequence[int], enterprises: int, *, injected: bool = True) -> Report:
    """One simulated day a seed."""
    report = Report(list(seeds), enterprises)
    for seed in seeds:
        material = _played(seed, enterprises)
        if injected:
            _inject(material)
        _judge(report, material, seed)
    return report


def _played(seed: int, enterprises: int) -> Material:
    scenarios, known = simulated.scenarios(seed, 1, enterprises)
    pipeline = Pipeline([scenario.name for scenario in scenarios], 1.0, known)
    for scenario in scenarios:
        for some, received_at in deliveries(scenario):
            pipeline.take(scenario.name, some, received_at)
    pipeline.end()
    incidents = pipeline.rows("incident")
    sightings = [
        Seen(
            row["kind"], row["value"], row["incident_id"], row["enterprise_id"], row["region"], row["industry"],
            row["first_seen"], row["last_seen"], row["score"], row["escalated"], tuple(row["techniques"]), row["attempt"],
        )
        for row in pipeline.rows("sighting").values()
        if row["score"] > 0 and not incidents[row["incident_id"]].get("merged_into")
    ]  # fmt: skip
    uses: dict[Indicator, set[str]] = {}
    for row in pipeline.rows("indicator_use").values():
        uses.setdefault((row["kind"], row["value"]), set()).add(row["enterprise_id"])
    sightings.sort(key=lambda seen: (seen.first, seen.incident, seen.indicator))
    return Material(sightings, uses, _hit(scenarios), enterprises)


def _hit(scenarios: Sequence[Scenario]) -> dict[str, dict[str, float]]:
    """Spreading attack → enterprise → the time of the first alert that it caused there."""
    found: dict[str, dict[str, float]] = {}
    for scenario in scenarios:
        for alert in scenario.alerts:
            _, _, name = alert.label.rpartition(".")
            if alert.label != NOISE and name.startswith(SPREADING):
                times = found.setdefault(name, {})
                times[scenario.name] = min(alert.t, times.get(scenario.name, alert.t))
    return found


def _inject(material: Material) -> None:
    """Popular values and a background scanner into incidents that are there, as strongly as can be."""
    by_incident = {seen.incident: seen for seen in material.sightings}
    names = sorted({seen.enterprise for seen in material.sightings})
    extra: list[Seen] = []
    for number, (incident, seen) in enumerate(sorted(by_incident.items())):
        if number % 3 == 0:
            extra.extend(_copy(seen, indicator, incident, attempt=False) for indicator in EVERYBODY)
        if number % 2 == 0:
            extra.append(_copy(seen, SCANNER, incident, attempt=True))
    for indicator in (*EVERYBODY, SCANNER):
        material.uses[indicator] = set(names) | {f"other-{n}" for n in range(material.enterprises // 3)}
    material.sightings = sorted([*material.sightings, *extra], key=lambda s: (s.first, s.incident, s.indicator))


def _copy(seen: Seen, indicator: Indicator, incident: str, *, attempt: bool) -> Seen:
    return Seen(
        *indicator, incident, seen.enterprise, seen.region, seen.industry, seen.first, seen.last, seen.score,
        seen.escalated, seen.techniques, attempt,
    )  # fmt: skip


def _find(material: Material, upto: float) -> list[Found]:
    """What the job finds at a time. Who has not met a value by then is not among those that met it."""
    seen = [one for one in material.sightings if one.first <= upto]
    later: dict[Indicator, set[str]] = {}
    for one in material.sightings:
        later.setdefault(one.indicator, set()).add(one.enterprise)
    for one in seen:
        later[one.indicator].discard(one.enterprise)
    uses = {indicator: len(names - later.get(indicator, set())) for indicator, names in material.uses.items()}
    return campaigns(parameters(), seen, uses, material.enterprises)


def _judge(report: Report, material: Material, seed: int) -> None:
    final = _find(material, float("inf"))
    truth = {pair for names in material.hit.values() for pair in combinations(sorted(names), 2)}
    found = {pair for one in final for pair in combinations(sorted(one.enterprises), 2)}
    report.true_pairs += len(truth)
    report.found_pairs += len(found)
    report.right_pairs += len(truth & found)
    report.false_campaigns += sum(
        not any(len(names.keys() & set(one.enterprises)) >= 2 for names in material.hit.values()) for one in final
    )
    for name, names in sorted(material.hit.items()):
        report.attacks.append(_attack(material, f"{seed}:{name}", names))


def _attack(material: Material, name: str, hit: dict[str, float]) -> Attack:
    """Replay: how many enterprises had been hit when two of them were first in one campaign."""
    begin = min(hit.values())
    own = [seen for seen in material.sightings if seen.enterprise in hit and seen.first >= begin]
    for at in sorted({seen.first for seen in own}):
        if any(len(hit.keys() & set(one.enterprises)) >= 2 for one in _find(material, at)):
            return Attack(name, len(hit), sum(first <= at for first in hit.values()))
    return Attack(name, len(hit), None)
