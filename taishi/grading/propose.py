"""A proposal for the two gradings of an incident, never a decision: pure functions of what is known.

Both schemes call their levels 特别重大, 重大, 较大, 一般 but test different things, so there are two fields:
GB/T 20986-2023 (category, and level from the importance of the object, the business loss and the harm to society), and
the reporting level of 国家网络安全事件报告管理办法, annex 网络安全事件分级指南 (people, loss, downtime, data).
Most tests are about facts that no log contains. A proposal says what it knew, what it hit and what is missing; each
level is a floor: another or a larger fact never lowers it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from taishi.grading.tables import (
    REPORTABLE,
    Criterion,
    Status,
    categories,
    criteria,
    limits,
    matrix,
    matrix_source,
    sign_of,
)

Facts = Mapping[str, float]
"""Human facts by name: those of `criteria.tsv`, and `business_loss`, `social_harm` (0–3), `cii` (0 or 1)."""

GRADED_FACTS: Final = frozenset({"business_loss", "social_harm"})
KNOWN_FACTS: Final = frozenset({row.fact for row in criteria()} | GRADED_FACTS)

ESPECIALLY_IMPORTANT: Final = 0.9
IMPORTANT: Final = 0.6
"""Criticality of the most critical asset (0.2–1) from which the object counts as (especially) important."""


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """What the platform knows: ATT&CK techniques, outcome (success | failure | unknown), criticality 0–1."""

    techniques: Sequence[str]
    outcome: str
    criticality: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A criterion that was met, or a step of the reasoning: in both languages, with its source and status."""

    text_zh: str
    text_en: str
    status: Status
    source: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """`category` and `level` after GB/T 20986; `reporting` after the CAC annex: 1–4, or 0 while nothing points to harm.
    `missing`: names of human facts that could raise a level, the most telling first."""

    category: str
    level: int
    reporting: int
    category_hits: list[Hit] = field(default_factory=list)
    level_hits: list[Hit] = field(default_factory=list)
    reporting_hits: list[Hit] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def propose(incident: IncidentFacts, enterprise_level: int, facts: Facts) -> Proposal:
    """`enterprise_level` 1–3 (工业互联网安全分类分级, 3 highest). Facts with unknown names are ignored."""
    category, category_hits = _category(incident)
    level, level_hits = _level(incident, enterprise_level, facts)
    reporting, reporting_hits = _reporting(incident, facts)
    missing = [name for name in dict.fromkeys(row.fact for row in criteria()) if name not in facts]
    missing += [name for name in ("business_loss", "social_harm") if name not in facts]
    return Proposal(category, level, reporting, category_hits, level_hits, reporting_hits, missing)


def _category(incident: IncidentFacts) -> tuple[str, list[Hit]]:
    known = categories()
    if not incident.techniques:
        row = known["anomaly"]
        return row.id, [Hit("没有可归类的攻击技术", "no technique to go by", row.status, row.source)]
    found = {technique: sign_of(technique) for technique in incident.techniques}
    best = max(known[sign.category].rank for sign in found.values())
    chosen = next(row for row in known.values() if row.rank == best)
    hits = [
        Hit(f"{technique} → {chosen.name_zh}", f"{technique} → {chosen.name_en}", sign.status, sign.source)
        for technique, sign in sorted(found.items())
        if sign.category == chosen.id
    ]
    return chosen.id, hits[:8]


def importance(criticality: float, enterprise_level: int) -> int:
    """影响对象重要程度: 3 especially important, 2 important, 1 ordinary (our mapping, to be confirmed by a person)."""
    by_asset = 3 if criticality >= ESPECIALLY_IMPORTANT else 2 if criticality >= IMPORTANT else 1
    by_enterprise = 2 if enterprise_level >= 3 else 1
    return max(by_asset, by_enterprise)


def _loss(incident: IncidentFacts) -> int:
    if incident.outcome != "success":
        return 0
    return max((sign_of(technique).loss for technique in incident.techniques), default=0)


LOSS_NAMES: Final = (("较小", "slight"), ("较大", "larger"), ("严重", "serious"), ("特别严重", "extraordinary"))
OBJECT_NAMES: Final = (("一般", "ordinary"), ("重要", "important"), ("特别重要", "especially important"))
HARM_NAMES: Final = (("一般", "general"), ("较大", "larger"), ("重大", "major"), ("特别重大", "especially major"))


def _level(incident: IncidentFacts, enterprise_level: int, facts: Facts) -> tuple[int, list[Hit]]:
    status, source = matrix_source()
    thing = importance(incident.criticality, enterprise_level)
    guessed = _loss(incident)
    loss = max(guessed, _clamped(facts.get("business_loss", 0.0)))
    harm = _clamped(facts.get("social_harm", 0.0))
    hits = [
        Hit(
            f"影响对象{OBJECT_NAMES[thing - 1][0]} × 业务损失{LOSS_NAMES[loss][0]}",
            f"object {OBJECT_NAMES[thing - 1][1]} × business loss {LOSS_NAMES[loss][1]}", status, source,
        )
    ]  # fmt: skip
    if harm:
        hits.append(Hit(f"社会危害{HARM_NAMES[harm][0]}", f"harm to society {HARM_NAMES[harm][1]}", status, source))
    return max(matrix()[thing, loss], harm + 1 if harm else 1), hits


def _clamped(value: float) -> int:
    return min(3, max(0, int(value)))


def _reporting(incident: IncidentFacts, facts: Facts) -> tuple[int, list[Hit]]:
    met = [row for row in criteria() if row.fact in facts and facts[row.fact] >= row.at_least]
    if not met:
        if incident.outcome != "success" and not any(facts.get(row.fact, 0) > 0 for row in criteria()):
            return 0, []
        rest = criteria()[0].source
        return 1, [Hit("有一定威胁或影响，未达到以上各级", "some threat or effect, below every line", "final", rest)]
    level = max(row.level for row in met)
    return level, [_hit(row, facts[row.fact]) for row in met if row.level == level]


def _hit(row: Criterion, value: float) -> Hit:
    return Hit(
        f"{row.name_zh} {value:,g} ≥ {row.at_least:,g}", f"{row.name_en} {value:,g} ≥ {row.at_least:,g}", row.status,
        row.source,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Countdown:
    """One time limit. `due` is None while the event that starts it has not happened; times in epoch seconds."""

    step: str
    seconds: float
    due: float | None
    done_at: float | None
    name_zh: str
    name_en: str
    status: Status
    source: str


def countdowns(
    track: str, reporting: int, determined_at: float | None, reported_at: float | None, handled_at: float | None
) -> list[Countdown]:
    """The limits that follow from a level on a track (cii | state | other); none below 较大."""
    if reporting < REPORTABLE:
        return []
    starts = {"determined": determined_at, "reported": reported_at, "handled": handled_at}
    found = []
    for limit in limits():
        if limit.track != track or limit.level > reporting:
            continue
        start = starts[limit.starts]
        found.append(
            Countdown(
                limit.step, limit.seconds, None if start is None else start + limit.seconds,
                reported_at if limit.step == "report" else None, limit.name_zh, limit.name_en, limit.status, limit.source,
            )
        )  # fmt: skip
    return found
