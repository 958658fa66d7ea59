"""Campaigns, recomputed every few seconds from the records: a pure function of them and of the time.

Whichever worker holds the duty runs it; running it twice, or on two workers at once, writes the same rows. People's
columns are never written. What people decided about an incident counts at once: a false positive is no evidence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from processor.campaigns import exposed, write
from processor.inventory import Inventory
from taishi.campaigns.find import Found, Indicator, Seen, campaigns
from taishi.campaigns.parameters import parameters
from taishi.records.port import Records
from taishi.records.tables import Campaign, Incident, IndicatorUse, Sighting
from taishi.scope import EVERYTHING

DAY = 86_400.0
PERIOD = 10.0
"""Seconds between two looks: a campaign is hours old when its second enterprise is hit."""

HARMLESS = ("benign_positive", "false_positive", "automated")
MAX_INDICATORS = 4000
"""Indicators seen at two enterprises that one run looks at, newest first."""

CHUNK = 400


@dataclass(slots=True)
class CampaignJob:
    """`written` remembers what the last run wrote, so that unchanged campaigns cost nothing."""

    records: Records
    written: dict[str, Any] = field(default_factory=dict)
    last: float = 0.0
    read: tuple[Any, ...] = ()

    def run(self, inventory: Inventory, at: float) -> int:
        """Recompute at the wall clock `at`; returns how many campaigns changed. Raises RecordsError."""
        if not inventory.enterprises or 0 <= at - self.last < PERIOD:
            return 0
        self.last = at
        with self.records.read(EVERYTHING) as session:
            state = (*_fingerprint(session, at), inventory.fingerprint)
            if state == self.read:
                return 0
            known = _known(session)
            found = _distinct(
                [(_identity(one, known), one) for one in discover(session, at, len(inventory.enterprises))]
            )
            exposures = {name: exposed.exposures(session, inventory, one) for name, one in found.items()}
        changed = write.write(self.records, inventory, found, exposures, self.written, at)
        self.read = state
        return changed


def _distinct(found: list[tuple[str, Found]]) -> dict[str, Found]:
    """One campaign an id: where two claim the same, the stronger has it and the other its own."""
    chosen: dict[str, Found] = {}
    for name, one in sorted(found, key=lambda pair: (-pair[1].score, pair[1].id)):
        chosen.setdefault(name if name not in chosen else one.id, one)
    return chosen


def _fingerprint(session: Session, at: float) -> tuple[Any, ...]:
    """Changes when a sighting, a use or a decision about an incident was written; the day, because old ones leave."""
    sightings = select(func.count(), func.sum(Sighting.last_seen), func.sum(Sighting.score)).select_from(Sighting)
    uses = select(func.count()).select_from(IndicatorUse)
    judged = select(func.count(), func.max(Incident.updated_at)).where(
        or_(Incident.verdict.in_(HARMLESS), Incident.merged_into.is_not(None))
    )
    answers: list[Any] = [int(at // 3600)]
    for statement in (sightings, uses, judged):
        answers.extend(session.execute(statement).one())
    return tuple(answers)


def discover(session: Session, at: float, enterprises: int) -> list[Found]:
    """The campaigns that the records show at a time."""
    given = parameters()
    since = at - given.sighting["days"] * DAY
    shared = _shared(session, since)
    return campaigns(given, _sightings(session, shared, since), _uses(session, shared, since), enterprises)


def _shared(session: Session, since: float) -> list[Indicator]:
    """Indicators in incidents of at least two enterprises, newest first."""
    newest = func.max(Sighting.last_seen)
    query = (
        select(Sighting.kind, Sighting.value)
        .where(Sighting.last_seen >= since, Sighting.score > 0)
        .group_by(Sighting.kind, Sighting.value)
        .having(func.count(func.distinct(Sighting.enterprise_id)) >= 2)
        .order_by(newest.desc(), Sighting.kind, Sighting.value)
        .limit(MAX_INDICATORS)
    )
    return [(kind, value) for kind, value in session.execute(query)]


def _chunks(shared: list[Indicator]) -> Iterable[tuple[str, list[str]]]:
    by_kind: dict[str, list[str]] = {}
    for kind, value in shared:
        by_kind.setdefault(kind, []).append(value)
    for kind, values in sorted(by_kind.items()):
        for start in range(0, len(values), CHUNK):
            yield kind, values[start : start + CHUNK]


def _sightings(session: Session, shared: list[Indicator], since: float) -> list[Seen]:
    """Sightings that their incident still confirms: neither merged nor judged harmless, nor taken out of it."""
    found = []
    for kind, values in _chunks(shared):
        query = (
            select(Sighting, Incident.entities)
            .join(Incident, Incident.id == Sighting.incident_id)
            .where(
                Sighting.kind == kind, Sighting.value.in_(values), Sighting.last_seen >= since, Sighting.score > 0,
                Incident.merged_into.is_(None), Incident.verdict.not_in(HARMLESS),
            )
        )  # fmt: skip
        for row, entities in session.execute(query):
            if {"kind": kind, "value": row.value} in entities:
                found.append(
                    Seen(
                        kind, row.value, row.incident_id, row.enterprise_id, row.region, row.industry, row.first_seen,
                        row.last_seen, row.score, row.escalated, tuple(map(str, row.techniques)), row.attempt,
                    )
                )  # fmt: skip
    return found


def _uses(session: Session, shared: list[Indicator], since: float) -> dict[Indicator, int]:
    """How many enterprises met each indicator."""
    found: dict[Indicator, int] = {}
    for kind, values in _chunks(shared):
        query = (
            select(IndicatorUse.value, func.count(func.distinct(IndicatorUse.enterprise_id)))
            .where(IndicatorUse.kind == kind, IndicatorUse.value.in_(values), IndicatorUse.last_seen >= since)
            .group_by(IndicatorUse.value)
        )
        found.update({(kind, value): count for value, count in session.execute(query)})
    return found


def _known(session: Session) -> dict[Indicator, str]:
    """Indicator → the oldest campaign that has it."""
    found: dict[Indicator, str] = {}
    rows = session.execute(select(Campaign.id, Campaign.indicators).order_by(Campaign.created_at, Campaign.id))
    for name, indicators in rows:
        for one in indicators:
            found.setdefault((str(one["kind"]), str(one["value"])), name)
    return found


def _identity(found: Found, known: dict[Indicator, str]) -> str:
    """A campaign keeps the id under which people know it, whatever older sightings turn up later."""
    if found.id in known.values():
        return found.id
    ranked = sorted(found.evidence, key=lambda one: (-one.hazard, one.indicator))
    return next((known[one.indicator] for one in ranked if one.indicator in known), found.id)
