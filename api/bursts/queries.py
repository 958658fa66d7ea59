"""Reading bursts. What was counted comes from the meta-alerts, through the caller's scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import distinct, func, or_, select
from sqlalchemy.orm import Session

from api import paging
from api.bursts import schemas
from api.bursts.schemas import BurstDetail, BurstPage, BurstQuery
from api.common import Attack, attack
from api.dependencies import Caller
from api.incidents.filters import in_region
from api.names import enterprise_refs, region_refs
from api.services import Services
from taishi.bursts.parameters import parameters
from taishi.errors import NotFound
from taishi.records.tables import Burst, BurstCount, Enterprise, MetaAlert
from taishi.reference import industries
from taishi.reference.attack import technique

KEYS = [(Burst.last_at, True), (Burst.id, False)]
MAX_ENTERPRISES: Final = 200
MAX_OCCURRENCES: Final = 20
HOUR: Final = 3600.0
_SAME: Final = (
    "id", "title_zh", "title_en", "started_at", "alarm_at", "last_at", "peak", "threshold", "observed", "expected", "over",
    "active",
)  # fmt: skip


def page(services: Services, caller: Caller, query: BurstQuery) -> BurstPage:
    statement = select(Burst).where(*_conditions(query)).order_by(*paging.order(KEYS)).limit(query.limit + 1)
    if query.cursor is not None:
        statement = statement.where(paging.after(KEYS, paging.decode(query.cursor, [float, str])))
    with services.records.read(caller.scope) as session:
        found = session.scalars(statement).all()
        shown = found[: query.limit]
        items = _rows(session, shown)
        baseline = _baseline(session)
    more = len(found) > query.limit
    return BurstPage(
        items=items, baseline=baseline, next_cursor=paging.encode((shown[-1].last_at, shown[-1].id)) if more else None
    )


def _baseline(session: Session) -> schemas.Baseline:
    """How much past there is. Of the whole province for everybody: a number of hours tells nothing about an enterprise."""
    hours, newest = session.execute(
        select(func.count(distinct(BurstCount.hour)), func.max(BurstCount.hour)).where(BurstCount.technique == "")
    ).one()
    return schemas.Baseline(
        hours=hours,
        days_wanted=int(parameters().baseline["days"]),
        judged_until=None if newest is None else (newest + 1) * HOUR,
    )


def _conditions(query: BurstQuery) -> list[Any]:
    found: list[Any] = []
    if query.region:
        found.append(in_region(Burst.region, query.region))
    if query.technique:
        found.append(Burst.technique == query.technique.partition(".")[0])
    if query.running != "any":
        found.append(Burst.over.is_(query.running == "false"))
    if query.active != "any":
        found.append(Burst.active.is_(query.active == "true"))
    return found


def _rows(session: Session, bursts: Sequence[Burst]) -> list[schemas.Burst]:
    regions = region_refs(session, (one.region for one in bursts))
    return [
        schemas.Burst(
            **{name: getattr(one, name) for name in _SAME},
            attack=_attack(one.technique),
            region=regions[one.region],
            industry=_industry(one.industry),
        )
        for one in bursts
    ]


def _attack(name: str) -> Attack:
    known = technique(name)
    return Attack(**attack(name, known.tactics[0] if known else ""))


def _industry(code: str) -> schemas.IndustryRef | None:
    zh, en = industries.label(code)
    return schemas.IndustryRef(code=code, name=zh, name_en=en) if code else None


def detail(services: Services, caller: Caller, burst_id: str) -> BurstDetail:
    with services.records.read(caller.scope) as session:
        found = session.scalars(select(Burst).where(Burst.id == burst_id)).first()
        if found is None:
            raise NotFound("there is no such burst, or its region is not wholly within your scope")
        (row,) = _rows(session, [found])
        enterprises, more = _enterprises(session, found)
    return BurstDetail(
        **row.model_dump(),
        hours=[_hour(found, hour) for hour in found.hours],
        enterprises=enterprises,
        enterprises_elsewhere=more,
    )


def _hour(burst: Burst, hour: dict[str, Any]) -> schemas.BurstHour:
    at = hour["hour"] * HOUR
    kept = {name: hour[name] for name in ("observed", "expected", "spread", "reporting", "z", "level")}
    return schemas.BurstHour(at=at, within=burst.started_at <= at < burst.last_at, **kept)


def _enterprises(session: Session, burst: Burst) -> tuple[list[schemas.BurstEnterprise], int]:
    """In the order in which they were hit; the number of further ones."""
    metas = (
        select(MetaAlert)
        .where(
            or_(MetaAlert.technique == burst.technique, MetaAlert.technique.startswith(f"{burst.technique}.")),
            MetaAlert.last_seen >= burst.started_at,
            MetaAlert.first_seen >= burst.started_at,
            MetaAlert.first_seen < burst.last_at,
            in_region(MetaAlert.region, burst.region),
        )
        .order_by(MetaAlert.first_seen, MetaAlert.id)
    )
    if burst.industry:
        mine = select(Enterprise.id).where(Enterprise.industry.startswith(burst.industry))
        metas = metas.where(MetaAlert.enterprise_id.in_(mine))
    hit: dict[str, list[MetaAlert]] = {}
    for meta in session.scalars(metas):
        hit.setdefault(meta.enterprise_id, []).append(meta)
    shown = list(hit)[:MAX_ENTERPRISES]
    names = enterprise_refs(session, shown)
    regions = region_refs(session, (hit[one][0].region for one in shown))
    rows = [
        schemas.BurstEnterprise(
            enterprise=names[one],
            region=regions[hit[one][0].region],
            first_at=hit[one][0].first_seen,
            occurrences=[
                schemas.BurstOccurrence(
                    meta_id=meta.id, name=meta.name, incident_id=meta.incident_id, at=meta.first_seen
                )
                for meta in hit[one][:MAX_OCCURRENCES]
            ],
        )
        for one in shown
    ]
    return rows, len(hit) - len(shown)
