"""Reading and deciding grades. The proposal is computed from the incident, the enterprise and the human facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from api.dependencies import Caller
from api.grades import schemas
from api.grades.schemas import GradeChange
from api.names import person_names
from api.problems import Invalid
from taishi.clock import now
from taishi.grading.propose import Countdown, Hit, IncidentFacts, countdowns, propose
from taishi.grading.tables import LEVEL_OF, LEVELS, categories, criteria
from taishi.records.tables import Enterprise, Grade, Incident

OTHER_FACTS = {
    "business_loss": ("业务损失严重程度（0–3）", "Severity of the business loss (0–3)"),
    "social_harm": ("社会危害严重程度（0–3）", "Severity of the harm to society (0–3)"),
}

FUTURE = 300.0
"""Seconds that a clock of a person's computer may be ahead."""


def _level(level: int) -> schemas.Named:
    key, name_zh, name_en = LEVELS.get(level, ("", "", ""))
    return schemas.Named(key=key, name_zh=name_zh, name_en=name_en)


def _category(identity: str) -> schemas.Named:
    found = categories().get(identity)
    return schemas.Named(
        key=identity, name_zh=found.name_zh if found else "", name_en=found.name_en if found else ""
    )  # fmt: skip


def _hits(hits: Sequence[Hit]) -> list[schemas.Hit]:
    return [schemas.Hit.model_validate(hit) for hit in hits]


def _fact_names() -> dict[str, tuple[str, str]]:
    return {**{row.fact: (row.name_zh, row.name_en) for row in criteria()}, **OTHER_FACTS}


def _countdown(one: Countdown, at: float) -> schemas.Countdown:
    late = one.due is not None and (at if one.done_at is None else one.done_at) > one.due
    return schemas.Countdown(
        step=one.step,  # type: ignore[arg-type]  # the table's word, which pydantic checks
        seconds=one.seconds, due=one.due, done_at=one.done_at, breached=late, name_zh=one.name_zh,
        name_en=one.name_en, status=one.status, source=one.source,
    )  # fmt: skip


def facts_of(row: Grade | None) -> dict[str, float]:
    return {name: float(value) for name, value in (row.facts if row else {}).items()}


def _techniques(incident: Incident) -> list[str]:
    return [str(technique) for technique in incident.techniques if technique]


def grade(session: Session, incident: Incident) -> schemas.Grade:
    """The grade of a loaded incident."""
    row = session.get(Grade, incident.id)
    enterprise = session.get(Enterprise, incident.enterprise_id)
    facts = facts_of(row)
    seen = IncidentFacts(_techniques(incident), incident.outcome, incident.asset_criticality)
    found = propose(seen, enterprise.level if enterprise else 1, facts)
    names = _fact_names()
    at = now()
    track = row.track if row else "other"
    limits = _started(row, track, incident)
    would = countdowns(track, found.reporting, None, None, None) if not limits else []
    return schemas.Grade(
        proposal=schemas.Proposal(
            category=_category(found.category),
            category_hits=_hits(found.category_hits),
            level=_level(found.level),
            level_hits=_hits(found.level_hits),
            reporting=_level(found.reporting),
            reporting_hits=_hits(found.reporting_hits),
            missing=[
                schemas.Missing(fact=name, name_zh=names[name][0], name_en=names[name][1])  # type: ignore[arg-type]  # as above
                for name in found.missing
            ],
        ),
        facts=facts,
        fact_names={name: schemas.FactNames(name_zh=names[name][0], name_en=names[name][1]) for name in facts},
        decision=_decision(session, row, track),
        countdowns=[_countdown(one, at) for one in limits],
        would_follow=[_countdown(one, at) for one in would],
    )


def _started(row: Grade | None, track: str, incident: Incident) -> list[Countdown]:
    if row is None:
        return []
    handled = incident.resolved_at or incident.closed_at
    return countdowns(track, row.reporting, row.determined_at, row.reported_at, handled)


def _decision(session: Session, row: Grade | None, track: str) -> schemas.Decision:
    by = row.decided_by if row else ""
    return schemas.Decision(
        category=_category(row.category if row else ""),
        level=_level(row.level if row else 0),
        reporting=_level(row.reporting if row else 0),
        track=track,  # type: ignore[arg-type]  # the column holds only these
        determined_at=row.determined_at if row else None,
        reported_at=row.reported_at if row else None,
        decided_by=by,
        decided_by_name=person_names(session, [by]).get(by, by) if by else "",
        decided_at=row.decided_at if row else None,
        reason=row.reason if row else "",
    )


def apply(
    session: Session, caller: Caller, incident: Incident, wanted: GradeChange
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Change the grade of a loaded incident; (before, after) of what changed, both empty for nothing. Raises Invalid."""
    row = session.get(Grade, incident.id)
    if row is None:
        row = Grade(
            incident_id=incident.id, enterprise_id=incident.enterprise_id, region=incident.region,
            authority=incident.authority, facts={}, category="", level=0, reporting=0, track="other",
            determined_at=None, reported_at=None, decided_by="", decided_at=None, reason="",
        )  # fmt: skip
        session.add(row)
    values = _values(row, wanted, incident)
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if not changed:
        return {}, {}
    decides = changed.keys() & {"category", "level", "reporting"}
    if decides and not wanted.reason.strip():
        raise Invalid("deciding a category or level needs a reason", "reason_required")
    if decides:
        changed |= {"decided_by": caller.login, "decided_at": now(), "reason": wanted.reason.strip()}
    before = {name: getattr(row, name) for name in changed}
    for name, value in changed.items():
        setattr(row, name, value)
    return before, changed


def _values(row: Grade, wanted: GradeChange, incident: Incident) -> dict[str, Any]:
    facts = facts_of(row) | {name: value for name, value in wanted.facts.items() if value is not None}
    for name, value in wanted.facts.items():
        if value is None:
            facts.pop(name, None)
    given: dict[str, Any] = {
        "category": wanted.category,
        "level": LEVEL_OF[wanted.level] if wanted.level else None,
        "reporting": LEVEL_OF[wanted.reporting] if wanted.reporting else None,
        "track": wanted.track,
        "determined_at": wanted.determined_at,
        "reported_at": wanted.reported_at,
    }
    values = {name: value for name, value in given.items() if value is not None}
    if values.get("reporting") and row.determined_at is None and "determined_at" not in values:
        values["determined_at"] = now()  # who decides the level has determined the event
    determined = values.get("determined_at", row.determined_at)
    _check_times(determined, values.get("reported_at", row.reported_at), incident)
    return {"facts": facts, **values}


def _check_times(determined: float | None, reported: float | None, incident: Incident) -> None:
    limit = now() + FUTURE
    if any(time is not None and time > limit for time in (determined, reported)):
        raise Invalid("a time lies in the future", "time")
    if determined is not None and determined < incident.first_seen:
        raise Invalid("the event cannot have been determined before it began", "determined_at")
    if reported is not None and (determined is None or reported < determined):
        raise Invalid("a report follows the determination", "reported_at")
