"""What an evaluation prints of one scenario, from what was played. Definitions: `docs/evaluation.md`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import Any

from taishi.evaluate.labelled import NOISE, Scenario
from taishi.evaluate.pairwise import Rates, adjusted_rand, rates
from taishi.evaluate.play import Played

WARM = 86_400.0
"""Seconds after a scenario's beginning in which escalations are not yet counted: nothing is known to be rare before."""

SLOW_STEP = "dnsteal"
"""A step of AIT-ADS whose CSV labels are partly wrong (about 72,000 noise alerts in two scenarios bear it), so that the
grouping of attack alerts is measured without it. It counts everywhere else."""

WHOLE = 0.5
"""A step is in an incident when more than this share of its alerts are."""


@dataclass(slots=True)
class Figures:
    """None where a measure makes no sense: no labels, no attack, no day after the warm-up."""

    scenario: str
    unit: str
    alerts: int
    metas: int
    incidents: int
    escalated: int
    reduction: float
    meta_ari: float | None = None
    attack_found: bool | None = None
    false_escalations: int | None = None
    warm_days: float = 0.0
    false_per_day: float | None = None
    noise_fpr: float | None = None
    step_recall: float | None = None
    step_capture: float | None = None
    captures: dict[str, float] = field(default_factory=dict)
    main_purity: float | None = None
    delay_minutes: float | None = None
    f1_without_noise: float | None = None
    f1_with_noise: float | None = None
    state_bytes: int = 0
    alerts_per_second: float = 0.0

    def row(self) -> dict[str, Any]:
        return asdict(self)


def figures(scenario: Scenario, played: Played) -> Figures:
    """O(alerts + meta-alerts)."""
    found = Figures(
        scenario.name, scenario.unit, len(scenario.alerts), len(played.metas),
        sum(not row.get("merged_into") for row in played.incidents.values()),
        sum(bool(row.get("escalated")) and not row.get("merged_into") for row in played.incidents.values()),
        1 - len(played.metas) / len(scenario.alerts), state_bytes=played.state,
        alerts_per_second=len(scenario.alerts) / played.seconds if played.seconds else 0.0,
    )  # fmt: skip
    found.warm_days = max(0.0, scenario.days - WARM / 86_400.0)
    if scenario.labelled:
        _against_truth(found, scenario, played)
    return found


def incident_of(played: Played, index: int) -> str:
    return played.incident.get(played.meta.get(index, ""), "")


def _against_truth(found: Figures, scenario: Scenario, played: Played) -> None:
    warm = scenario.start + WARM
    attacked: Counter[str] = Counter()
    for alert in scenario.alerts:
        if alert.attack:
            attacked[incident_of(played, alert.index)] += 1
    escalated = [identity for identity in played.incidents if played.escalated(identity) and _stands(played, identity)]
    late = [identity for identity in escalated if (played.incidents[identity]["escalated_at"] or 0.0) >= warm]
    noise = [alert for alert in scenario.alerts if alert.label == NOISE and alert.t >= warm]
    wrong = sum(played.escalated(incident_of(played, alert.index)) for alert in noise)
    found.noise_fpr = wrong / len(noise) if noise else None
    found.false_escalations = sum(not attacked[identity] for identity in late)
    found.false_per_day = found.false_escalations / found.warm_days if found.warm_days else None
    _grouping(found, scenario, played)
    if any(alert.attack for alert in scenario.alerts):
        _attack(found, scenario, played, [identity for identity in escalated if attacked[identity]])


def _stands(played: Played, identity: str) -> bool:
    return not played.incidents[identity].get("merged_into")


def _grouping(found: Figures, scenario: Scenario, played: Played) -> None:
    attack = [alert for alert in scenario.alerts if alert.attack and alert.step != SLOW_STEP]
    if attack:
        metas = [played.meta.get(alert.index, "") for alert in attack]
        found.meta_ari = adjusted_rand([alert.label for alert in attack], metas)
    for noise in (False, True):
        by_label = pairwise(scenario, played, noise=noise)
        if by_label:
            value = fmean(one.f1 for one in by_label.values())
            found.f1_with_noise, found.f1_without_noise = (
                (value, found.f1_without_noise) if noise else (found.f1_with_noise, value)
            )


def pairwise(scenario: Scenario, played: Played, *, noise: bool) -> dict[str, Rates]:
    labels = [alert.label for alert in scenario.alerts]
    return rates(labels, [played.meta.get(alert.index, "") for alert in scenario.alerts], noise=noise)


def _attack(found: Figures, scenario: Scenario, played: Played, true: list[str]) -> None:
    """`true`: escalated incidents with attack alerts in them."""
    steps: dict[str, list[str]] = defaultdict(list)
    for alert in scenario.alerts:
        if alert.attack:
            steps[alert.step].append(incident_of(played, alert.index))
    found.attack_found = bool(true)
    found.captures = {
        step: sum(map(played.escalated, incidents)) / len(incidents) for step, incidents in sorted(steps.items())
    }
    found.step_capture = fmean(found.captures.values())
    main = _main(steps, true)
    found.step_recall = fmean(_share(incidents, main) > WHOLE for incidents in steps.values())
    if main:
        found.main_purity = _purity(scenario, played, main)
        first = min(alert.t for alert in scenario.alerts if alert.attack)
        found.delay_minutes = (played.incidents[main]["escalated_at"] - first) / 60.0


def _share(incidents: Iterable[str], wanted: str) -> float:
    seen = list(incidents)
    return seen.count(wanted) / len(seen) if wanted else 0.0


def _main(steps: dict[str, list[str]], true: list[str]) -> str:
    """The escalated incident that holds most steps, then most alerts of the attack."""

    def rank(identity: str) -> tuple[int, int, str]:
        held = [incidents.count(identity) for incidents in steps.values()]
        return sum(count > 0 for count in held), sum(held), identity

    return max(true, key=rank, default="")


def _purity(scenario: Scenario, played: Played, main: str) -> float:
    """Share of the incident's meta-alerts of whose alerts at least half belong to the attack."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for alert in scenario.alerts:
        meta = played.meta.get(alert.index, "")
        if played.incident.get(meta) == main:
            counts[meta][alert.attack] += 1
    return fmean(attack >= noise for noise, attack in counts.values())


AVERAGED = (
    "reduction", "meta_ari", "false_per_day", "noise_fpr", "step_recall", "step_capture", "main_purity", "delay_minutes",
    "f1_without_noise", "f1_with_noise", "alerts_per_second",
)  # fmt: skip


def averages(rows: list[Figures]) -> dict[str, Any]:
    """Macro averages over scenarios of what each has; state is the largest; attacks are counted."""
    found: dict[str, Any] = {}
    for name in AVERAGED:
        values = [value for row in rows if (value := getattr(row, name)) is not None]
        found[name] = fmean(values) if values else None
    days = sum(row.warm_days for row in rows if row.false_escalations is not None)
    wrong = sum(row.false_escalations or 0 for row in rows)
    with_attack = [row for row in rows if row.attack_found is not None]
    return found | {
        "false_per_day": wrong / days if days else None,
        "attacks": len(with_attack),
        "attacks_found": sum(bool(row.attack_found) for row in with_attack),
        "state_bytes": max((row.state_bytes for row in rows), default=0),
        "worst_ari": min((row.meta_ari for row in rows if row.meta_ari is not None), default=None),
    }
