"""The inventory with risk beside it: enterprises, assets, parks, industries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from api import figures, paging
from api.common import Number, RiskBrief
from api.dependencies import Caller
from api.enterprises import schemas
from api.enterprises.schemas import (
    AssetPage,
    AssetQuery,
    AssetRow,
    EnterpriseDetail,
    EnterprisePage,
    EnterpriseQuery,
    EnterpriseRow,
    IndustryList,
    IndustryQuery,
    IndustryRow,
    ParkDetail,
)
from api.figures import Place
from api.measures import grouped
from api.names import region_path, region_refs
from api.numbers import numbers
from api.risk.queries import briefs, pooled
from api.services import Services
from taishi.clock import now
from taishi.errors import NotFound
from taishi.records.tables import Asset, Enterprise, Park, Risk
from taishi.reference.industries import label
from taishi.scope import Scope

CALLERS = frozenset({"analyst", "operator", "contact"})
"""Roles that call enterprises and so see the whole telephone number."""

MAX_OF_PARK = 200


def conditions(query: EnterpriseQuery) -> list[ColumnElement[bool]]:
    found = figures.enterprise_conditions(Place(region=query.region, park_id=query.park_id))
    for word in query.q.split()[:8]:
        found.append(
            or_(
                Enterprise.id == word,
                Enterprise.name.icontains(word, autoescape=True),
                Enterprise.name_en.icontains(word, autoescape=True),
            )
        )
    if query.industry is not None:
        found.append(Enterprise.industry.startswith(query.industry, autoescape=True))
    if query.kind:
        found.append(Enterprise.kind.in_(query.kind))
    if query.level:
        found.append(Enterprise.level.in_(query.level))
    if query.monitored is not None:
        monitored = Enterprise.id.in_(figures.monitored_ids())
        found.append(monitored if query.monitored else ~monitored)
    if query.hit_since is not None:
        found.append(Enterprise.id.in_(figures.hit_ids(query.hit_since)))
    return found


Columns = tuple[Any, ...]

SORTS: dict[str, tuple[int, bool, type]] = {
    "-risk": (0, True, float),
    "name": (1, False, str),
    "-open_incidents": (2, True, int),
}
"""Sort order → place among the columns of `statement`, descending, kind."""


def statement() -> tuple[Select[Enterprise, Any, Any, Any], Columns]:
    """Enterprises with their open incidents, sources and newest record; and what they can be sorted by."""
    still_open, sources = figures.open_incidents(), figures.source_counts()
    amount = func.coalesce(still_open.c.amount, 0)
    found = (
        select(Enterprise, amount, func.coalesce(sources.c.amount, 0), sources.c.newest)
        .select_from(Enterprise)
        .outerjoin(Risk, and_(Risk.kind == "enterprise", Risk.key == Enterprise.id))
        .outerjoin(still_open, still_open.c.enterprise_id == Enterprise.id)
        .outerjoin(sources, sources.c.enterprise_id == Enterprise.id)
    )
    return found, (func.coalesce(Risk.mid, -1.0), Enterprise.name, amount)


def rows(session: Session, found: Sequence[Any]) -> list[EnterpriseRow]:
    """Rows of `statement` as the API shows them."""
    risks = briefs(session, "enterprise", (row[0].id for row in found))
    regions = region_refs(session, (row[0].region for row in found))
    return [_row(row[0], regions[row[0].region], risks.get(row[0].id), row[1:4]) for row in found]


def _row(enterprise: Enterprise, region: Any, risk: RiskBrief | None, counts: Sequence[Any]) -> EnterpriseRow:
    industry_zh, industry_en = label(enterprise.industry)
    open_incidents, sources, last_seen = counts
    return EnterpriseRow(
        id=enterprise.id,
        name=enterprise.name,
        name_en=enterprise.name_en,
        region=region,
        park_id=enterprise.park_id,
        industry=enterprise.industry,
        industry_zh=industry_zh,
        industry_en=industry_en,
        kind=enterprise.kind,  # type: ignore[arg-type]  # the column holds only these, pydantic checks
        level=enterprise.level,
        authority=enterprise.authority,
        risk=risk,
        open_incidents=open_incidents,
        sources=sources,
        last_seen=last_seen,
    )


def page(services: Services, caller: Caller, query: EnterpriseQuery) -> EnterprisePage:
    place, descending, kind = SORTS[query.sort]
    select_page, columns = statement()
    pairs = [(columns[place], descending), (Enterprise.id, False)]
    select_page = select_page.add_columns(*[key for key, _ in pairs]).where(*conditions(query))
    if query.cursor is not None:
        select_page = select_page.where(paging.after(pairs, paging.decode(query.cursor, [kind, str])))
    with services.records.read(caller.scope) as session:
        found = session.execute(select_page.order_by(*paging.order(pairs)).limit(query.limit + 1)).all()
        shown = found[: query.limit]
        items = rows(session, shown)
    more = len(found) > query.limit
    return EnterprisePage(items=items, next_cursor=paging.encode(tuple(shown[-1][4:])) if more else None)


def riskiest(session: Session, place: Place, limit: int) -> list[EnterpriseRow]:
    chosen, (risk, *_) = statement()
    chosen = chosen.where(*figures.enterprise_conditions(place)).order_by(risk.desc(), Enterprise.id)
    return rows(session, session.execute(chosen.limit(limit)).all())


def load(session: Session, enterprise_id: str) -> Enterprise:
    found = session.scalar(select(Enterprise).where(Enterprise.id == enterprise_id))
    if found is None:
        raise NotFound("there is no such enterprise, or it is outside your scope")
    return found


def masked(phone: str) -> str:
    """Keeps the first three and last two digits: enough to recognise, too little to call."""
    return phone if len(phone) < 6 else phone[:3] + "*" * (len(phone) - 5) + phone[-2:]


def detail(services: Services, caller: Caller, enterprise_id: str) -> EnterpriseDetail:
    with services.records.read(caller.scope) as session:
        enterprise = load(session, enterprise_id)
        row = rows(session, session.execute(statement()[0].where(Enterprise.id == enterprise_id)).all())[0]
        park = session.scalar(select(Park).where(Park.id == enterprise.park_id))
        assets_count = session.scalar(
            select(func.count()).select_from(Asset).where(Asset.enterprise_id == enterprise_id)
        )
        return EnterpriseDetail(
            **row.model_dump(),
            path=visible_path(session, caller.scope, enterprise.region),
            park_name=park.name if park else "",
            park_name_en=park.name_en if park else "",
            contact=enterprise.contact,
            contact_phone=enterprise.contact_phone if caller.role in CALLERS else masked(enterprise.contact_phone),
            assets=assets_count or 0,
            numbers=_numbers(services, caller, session, Place(enterprise_id=enterprise_id)),
            version=enterprise.version,
        )


def _numbers(services: Services, caller: Caller, session: Session, place: Place) -> list[Number]:
    return numbers(services, caller, session, place, figures.last_hours(24, now()))


def visible_path(session: Session, scope: Scope, code: str) -> list[Any]:
    """The path to a division, from the topmost one the scope covers."""
    path = region_path(session, code)
    return [region for region in path if not scope.regions or any(region.code.startswith(p) for p in scope.prefixes)]


def assets(services: Services, caller: Caller, enterprise_id: str, query: AssetQuery) -> AssetPage:
    keys: list[tuple[Any, bool]] = [(Asset.criticality, True), (Asset.id, False)]
    chosen = select(Asset).where(Asset.enterprise_id == enterprise_id)
    for word in query.q.split()[:8]:
        columns = (Asset.name, Asset.kind, Asset.address, Asset.hostname, Asset.vendor, Asset.model)
        chosen = chosen.where(or_(*[column.icontains(word, autoescape=True) for column in columns]))
    if query.cursor is not None:
        chosen = chosen.where(paging.after(keys, paging.decode(query.cursor, [float, str])))
    with services.records.read(caller.scope) as session:
        load(session, enterprise_id)
        found = session.scalars(chosen.order_by(*paging.order(keys)).limit(query.limit + 1)).all()
        shown = found[: query.limit]
        risks = briefs(session, "asset", (asset.id for asset in shown))
        items = [_asset(asset, risks.get(asset.id)) for asset in shown]
    last = shown[-1] if len(found) > query.limit else None
    return AssetPage(items=items, next_cursor=paging.encode((last.criticality, last.id)) if last else None)


def _asset(asset: Asset, risk: RiskBrief | None) -> AssetRow:
    plain = schemas.AssetRow.model_fields.keys() - {"risk", "exposed_protocols"}
    return AssetRow(
        **{name: getattr(asset, name) for name in plain},
        exposed_protocols=[str(protocol) for protocol in asset.exposed_protocols],
        risk=risk,
    )


def park(services: Services, caller: Caller, park_id: str) -> ParkDetail:
    with services.records.read(caller.scope) as session:
        found = session.scalar(select(Park).where(Park.id == park_id))
        if found is None:
            raise NotFound("there is no such park, or it is outside your scope")
        place = Place(park_id=park_id)
        return ParkDetail(
            id=found.id,
            name=found.name,
            name_en=found.name_en,
            region=region_refs(session, [found.region])[found.region],
            path=visible_path(session, caller.scope, found.region),
            risk=briefs(session, "park", [park_id]).get(park_id),
            numbers=_numbers(services, caller, session, place),
            enterprises=riskiest(session, place, MAX_OF_PARK),
        )


def industries(services: Services, caller: Caller, query: IndustryQuery) -> IndustryList:
    """Grouped by division of GB/T 4754, with the index over exactly the enterprises that the caller sees."""
    at = now()
    division = func.substr(Enterprise.industry, 1, 3)
    chosen = (
        select(division, Enterprise.level, Risk.low, Risk.mid, Risk.coverage)
        .select_from(Enterprise)
        .outerjoin(Risk, and_(Risk.kind == "enterprise", Risk.key == Enterprise.id))
    )
    members: dict[str, list[tuple[int, float | None, float | None, float | None]]] = {}
    with services.records.read(caller.scope) as session:
        for code, level, low, mid, heard in session.execute(chosen):
            members.setdefault(str(code), []).append((level, low, mid, heard))
        counted = grouped(session, division, Place(), figures.last_hours(query.hours, at), at)
    return IndustryList(
        items=[
            IndustryRow(
                **counted.of([code]).model_dump(),
                code=code,
                name_zh=label(code)[0],
                name_en=label(code)[1],
                risk=pooled(members[code]),
            )
            for code in sorted(members)
        ]
    )
