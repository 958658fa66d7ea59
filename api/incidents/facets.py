"""Counts beside the list of incidents: one grouped query a facet, over a fixed set of facets."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from api.common import SEVERITY_FLOORS
from api.dependencies import Caller
from api.incidents.filters import Conditions, conditions
from api.incidents.schemas import Facet, IncidentFacets, IncidentFilter
from api.names import enterprise_refs, person_names, region_refs
from api.services import Services
from taishi.clock import now
from taishi.records.tables import Incident, MetaAlert
from taishi.reference.attack import label

MAX_VALUES = 30
"""Values of the open-ended facets (enterprise, technique, region, owner), most frequent first."""


def _without(found: Conditions, name: str) -> list[ColumnElement[bool]]:
    return [condition for key, condition in found.items() if key != name]


def _grouped(session: Session, column: Any, found: Conditions, name: str) -> list[tuple[str, int]]:
    amount = func.count()
    statement = select(column, amount).select_from(Incident).where(*_without(found, name)).group_by(column)
    rows = session.execute(statement.order_by(amount.desc(), column).limit(MAX_VALUES))
    return [(value, count) for value, count in rows]


def _plain(session: Session, column: Any, found: Conditions, name: str) -> list[Facet]:
    counts = _grouped(session, column, found, name)
    return [Facet(value=value, count=count, label_zh="", label_en="") for value, count in counts]


def _severity(session: Session, found: Conditions) -> list[Facet]:
    statement = select(Incident.severity, func.count()).where(*_without(found, "severity"))
    counts = dict(session.execute(statement.group_by(Incident.severity)).all())
    items, ceiling = [], 101
    for floor, level in SEVERITY_FLOORS:
        count = sum(count for severity, count in counts.items() if floor <= severity < ceiling)
        items.append(Facet(value=level, count=count, label_zh="", label_en=""))
        ceiling = floor
    return items


def _techniques(session: Session, found: Conditions) -> list[Facet]:
    inside = select(Incident.id).where(*_without(found, "technique"))
    amount = func.count(MetaAlert.incident_id.distinct())
    statement = (
        select(MetaAlert.technique, amount)
        .where(MetaAlert.incident_id.in_(inside), MetaAlert.technique != "")
        .group_by(MetaAlert.technique)
        .order_by(amount.desc(), MetaAlert.technique)
        .limit(MAX_VALUES)
    )
    return [
        Facet(value=technique, count=count, label_zh=label(technique)[0], label_en=label(technique)[1])
        for technique, count in session.execute(statement)
    ]


def _enterprises(session: Session, found: Conditions) -> list[Facet]:
    counts = _grouped(session, Incident.enterprise_id, found, "enterprise")
    names = enterprise_refs(session, (value for value, _ in counts))
    return [
        Facet(value=value, count=count, label_zh=names[value].name, label_en=names[value].name_en)
        for value, count in counts
    ]


def _regions(session: Session, found: Conditions) -> list[Facet]:
    counts = _grouped(session, Incident.region, found, "region")
    names = region_refs(session, (value for value, _ in counts))
    return [
        Facet(value=value, count=count, label_zh=names[value].name, label_en=names[value].name_en)
        for value, count in counts
    ]


def _owners(session: Session, found: Conditions) -> list[Facet]:
    counts = _grouped(session, Incident.owner, found, "owner")
    names = person_names(session, (value for value, _ in counts))
    return [
        Facet(value=value or "none", count=count, label_zh=names.get(value, ""), label_en=names.get(value, ""))
        for value, count in counts
    ]


def count(services: Services, caller: Caller, filters: IncidentFilter) -> IncidentFacets:
    found = conditions(filters, caller.login, now())
    with services.records.read(caller.scope) as session:
        return IncidentFacets(
            total=session.scalar(select(func.count()).select_from(Incident).where(*found.values())) or 0,
            status=_plain(session, Incident.status, found, "status"),
            verdict=_plain(session, Incident.verdict, found, "verdict"),
            severity=_severity(session, found),
            outcome=_plain(session, Incident.outcome, found, "outcome"),
            owner=_owners(session, found),
            region=_regions(session, found),
            enterprise=_enterprises(session, found),
            technique=_techniques(session, found),
        )
