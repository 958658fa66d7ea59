"""A filter as SQL conditions by name: lists, facets, bulk changes and every figure of the overview use the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, and_, cast, or_, select

from api.incidents.deadlines import overdue
from api.incidents.schemas import IncidentFilter
from taishi.records.tables import Enterprise, Incident
from taishi.scope import region_prefix

OPEN: Final = ("new", "triaged", "in_progress", "contained")
DONE: Final = ("resolved", "closed")

Conditions = dict[str, ColumnElement[bool]]


def in_region(column: Any, code: str) -> ColumnElement[bool]:
    """The division and everything below it."""
    prefix = region_prefix(code)
    found: ColumnElement[bool] = column.between(prefix.ljust(6, "0"), prefix.ljust(6, "9"))
    return found


def _word(word: str) -> ColumnElement[bool]:
    named = select(Enterprise.id).where(
        or_(Enterprise.name.icontains(word, autoescape=True), Enterprise.name_en.icontains(word, autoescape=True))
    )
    return or_(
        Incident.id == word,
        Incident.title_zh.icontains(word, autoescape=True),
        Incident.title_en.icontains(word, autoescape=True),
        Incident.enterprise_id.in_(named),
        cast(Incident.techniques, Text).icontains(word, autoescape=True),
        cast(Incident.entities, Text).icontains(word, autoescape=True),
    )


def _statuses(filters: IncidentFilter) -> Iterable[str]:
    if filters.status:
        return filters.status
    return {"queue": OPEN, "open": OPEN, "closed": DONE, "all": ()}[filters.view]


def _owner(filters: IncidentFilter, login: str) -> ColumnElement[bool] | None:
    owners = filters.owner or (["me", "none"] if filters.view == "queue" else [])
    if not owners:
        return None
    return Incident.owner.in_([{"me": login, "none": ""}.get(owner, owner) for owner in owners])


def _members(filters: IncidentFilter) -> Conditions:
    """Conditions on the enterprise behind the incident."""
    found: Conditions = {}
    if filters.enterprise_id is not None:
        found["enterprise"] = Incident.enterprise_id == filters.enterprise_id
    if filters.park_id is not None:
        found["park"] = Incident.enterprise_id.in_(select(Enterprise.id).where(Enterprise.park_id == filters.park_id))
    if filters.industry is not None:
        inside = Enterprise.industry.startswith(filters.industry, autoescape=True)
        found["industry"] = Incident.enterprise_id.in_(select(Enterprise.id).where(inside))
    if filters.region is not None:
        found["region"] = in_region(Incident.region, filters.region)
    return found


def _machine(filters: IncidentFilter) -> Conditions:
    """Conditions on what the engine found."""
    found: Conditions = {"merged": Incident.merged_into.is_(None)}
    if filters.escalated != "any":
        found["escalated"] = Incident.escalated.is_(filters.escalated == "true")
    if filters.severity_min > 0 or filters.severity_max < 100:
        found["severity"] = Incident.severity.between(filters.severity_min, filters.severity_max)
    if filters.outcome:
        found["outcome"] = Incident.outcome.in_(filters.outcome)
    if filters.technique is not None:
        found["technique"] = cast(Incident.techniques, Text).contains(f'"{filters.technique}"', autoescape=True)
    if filters.since is not None:
        found["since"] = Incident.last_seen >= filters.since
    if filters.until is not None:
        found["until"] = Incident.last_seen < filters.until
    return found


def conditions(filters: IncidentFilter, login: str, at: float) -> Conditions:
    """Every condition by the name of its facet; `login` is who "me" is, `at` the time for deadlines."""
    found = {**_machine(filters), **_members(filters)}
    if statuses := _statuses(filters):
        found["status"] = Incident.status.in_(list(statuses))
    if filters.verdict:
        found["verdict"] = Incident.verdict.in_(filters.verdict)
    owner = _owner(filters, login)
    if owner is not None:
        found["owner"] = owner
    if filters.overdue is not None:
        found["overdue"] = overdue(at) if filters.overdue else ~overdue(at)
    if words := filters.q.split():
        found["q"] = and_(*[_word(word) for word in words[:8]])
    return found
