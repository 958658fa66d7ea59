"""Drilling down the division tree, within what the caller's scope covers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api import figures
from api.common import RiskBrief
from api.dependencies import Caller
from api.enterprises.queries import riskiest, visible_path
from api.figures import Place, Window
from api.incidents.filters import in_region
from api.measures import grouped
from api.names import division_ref
from api.numbers import numbers
from api.regions.schemas import ParkRow, RegionDetail, RegionRow
from api.risk.queries import briefs
from api.services import Services
from taishi.clock import now
from taishi.errors import NotFound
from taishi.records.tables import Division, Enterprise, Park, Risk
from taishi.scope import region_prefix

MAX_ENTERPRISES: Final = 50
MAX_REGIONS: Final = 1000
"""More divisions than any province has, those of old codes included."""


def visible_division(services: Services, session: Session, caller: Caller, code: str) -> Division:
    """The division, if it lies in the platform's tree and in the caller's scope; else NotFound, as if it were not."""
    inside = code.startswith(region_prefix(services.settings.region))
    covered = not caller.scope.regions or any(code.startswith(prefix) for prefix in caller.scope.prefixes)
    division = session.get(Division, code) if inside and covered and not caller.scope.nothing else None
    if division is None or not _with_members(session, caller, [division]):
        raise NotFound("there is no such region, or it is outside your scope")
    return division


def _with_members(session: Session, caller: Caller, divisions: Sequence[Division]) -> list[Division]:
    """For somebody bound to enterprises: only divisions that have one of theirs; for others all."""
    if not caller.scope.enterprises:
        return list(divisions)
    counties = session.scalars(select(Enterprise.region).distinct()).all()
    return [
        division
        for division in divisions
        if any(county.startswith(region_prefix(division.code)) for county in counties)
    ]


def children(session: Session, caller: Caller, code: str) -> list[Division]:
    found = session.scalars(select(Division).where(Division.parent == code).order_by(Division.code)).all()
    return _with_members(session, caller, found)


def _alert_counts(services: Services, caller: Caller, place: Place, window: Window) -> dict[str, int]:
    """Alerts by every division code on their path, in one count."""
    top = services.store.top(
        figures.alert_query(place), caller.scope, "taishi.region_path", MAX_REGIONS, window.start, window.end
    )
    return {value.value: value.count for value in top}


def _inside(counties: Iterable[str], code: str) -> list[str]:
    prefix = region_prefix(code)
    return [county for county in counties if county.startswith(prefix)]


def ranking(
    services: Services, caller: Caller, session: Session, division: Division, window: Window
) -> list[RegionRow]:
    """The children, riskiest first; those without an index last, by code."""
    below = children(session, caller, division.code)
    if not below:
        return []
    counted = grouped(session, Enterprise.region, Place(region=division.code), window, now())
    alerts = _alert_counts(services, caller, Place(region=division.code), window)
    risks = briefs(session, below[0].level, (child.code for child in below))
    rows = [
        RegionRow(
            **counted.of(_inside(counted.groups, child.code)).model_dump(),
            region=division_ref(child),
            risk=risks.get(child.code),
            alerts=alerts.get(child.code, 0),
        )
        for child in below
    ]
    return sorted(rows, key=lambda row: (-(row.risk.mid if row.risk else -1.0), row.region.code))


def region_risk(session: Session, division: Division) -> RiskBrief | None:
    return briefs(session, division.level, [division.code]).get(division.code)


def _parks(session: Session, code: str, window: Window) -> list[ParkRow]:
    statement = (
        select(Park)
        .outerjoin(Risk, (Risk.kind == "park") & (Risk.key == Park.id))
        .where(in_region(Park.region, code))
        .order_by(func.coalesce(Risk.mid, -1.0).desc(), Park.id)
        .limit(MAX_ENTERPRISES)
    )
    found = session.scalars(statement).all()
    risks = briefs(session, "park", (park.id for park in found))
    counted = grouped(session, Enterprise.park_id, Place(region=code), window, now())
    return [
        ParkRow(
            **counted.of([park.id]).model_dump(),
            id=park.id,
            name=park.name,
            name_en=park.name_en,
            region=park.region,
            risk=risks.get(park.id),
        )
        for park in found
    ]


def region(services: Services, caller: Caller, code: str, hours: int) -> RegionDetail:
    at = now()
    window = figures.last_hours(hours, at)
    with services.records.read(caller.scope) as session:
        division = visible_division(services, session, caller, code)
        place = Place(region=code)
        return RegionDetail(
            region=division_ref(division),
            path=visible_path(session, caller.scope, code),
            hours=hours,
            at=at,
            risk=region_risk(session, division),
            numbers=numbers(services, caller, session, place, window),
            children=ranking(services, caller, session, division, window),
            parks=_parks(session, code, window),
            enterprises=riskiest(session, place, MAX_ENTERPRISES),
        )
