"""Indicators and sightings as people read them; dismissing one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from api import paging
from api.dependencies import Caller
from api.incidents.queries import load as load_incident
from api.intel import schemas
from api.intel.schemas import (
    IncidentIndicator,
    IncidentIndicatorList,
    IndicatorChange,
    IndicatorPage,
    IndicatorQuery,
    SightingPage,
    SightingQuery,
    WarningListGroup,
    WarningLists,
)
from api.names import enterprise_refs, region_refs
from api.problems import Invalid
from api.services import Services
from taishi.campaigns.warning_list import groups
from taishi.clock import now, to_seconds
from taishi.errors import NotFound
from taishi.event import Event
from taishi.intel import book, find
from taishi.intel.alert import MARK
from taishi.intel.indicator import shown_id
from taishi.intel.warned import OWN
from taishi.records.tables import Feed, Indicator, IndicatorSighting, MetaAlert
from taishi.security import audit

DAY = 86_400.0
LEAST_TEXT = 3
"""Characters of a text that is looked for anywhere in values."""

EVIDENCE = 400
"""Events of an incident that are looked at for indicators."""


def _rows(session: Session, found: Sequence[Indicator], at: float) -> list[schemas.IntelIndicator]:
    names = {row[0]: row[1] for row in session.execute(select(Feed.id, Feed.name))}
    plain = ("kind", "value", "feed_id", "confidence", "tlp", "name", "purpose", "source_id", "valid_from", "valid_until",
             "warned", "added_at", "seen_at", "dismissed_by", "reason")  # fmt: skip
    return [
        schemas.IntelIndicator(
            **{name: getattr(row, name) for name in plain}, id=shown_id(row.id), labels=[str(label) for label in row.labels],
            feed_name=names.get(row.feed_id, row.feed_id), state=find.state_of(row, at), searched_back=row.retro_at is not None,
        )
        for row in found
    ]  # fmt: skip


def _in_state(state: str, at: float) -> ColumnElement[bool]:
    alive = and_(Indicator.dismissed_at.is_(None), Indicator.revoked.is_(False), Indicator.warned == "")
    ended = and_(Indicator.valid_until.is_not(None), Indicator.valid_until <= at)
    waits = and_(Indicator.valid_from.is_not(None), Indicator.valid_from > at)
    open_ = or_(Indicator.valid_until.is_(None), Indicator.valid_until > at)
    return {
        "dismissed": Indicator.dismissed_at.is_not(None),
        "withdrawn": and_(Indicator.dismissed_at.is_(None), Indicator.revoked.is_(True)),
        "warned": and_(Indicator.dismissed_at.is_(None), Indicator.revoked.is_(False), Indicator.warned != ""),
        "expired": and_(alive, ended),
        "waiting": and_(alive, open_, waits),
        "active": and_(alive, open_, or_(Indicator.valid_from.is_(None), Indicator.valid_from <= at)),
    }[state]


def indicators(services: Services, caller: Caller, query: IndicatorQuery) -> IndicatorPage:
    at = now()
    keys: list[tuple[Any, bool]] = [(Indicator.added_at, True), (Indicator.id, False)]
    statement = select(Indicator)
    if query.kind is not None:
        statement = statement.where(Indicator.kind == query.kind)
    if query.feed_id is not None:
        statement = statement.where(Indicator.feed_id == query.feed_id)
    if query.state is not None:
        statement = statement.where(_in_state(query.state, at))
    if query.cursor is not None:
        statement = statement.where(paging.after(keys, paging.decode(query.cursor, [float, int])))
    text = query.value.strip()
    with services.records.read(caller.scope) as session:
        if text:
            met = find.covering(session, text)
            if met:
                statement = statement.where(Indicator.id.in_([row.id for row in met]))
            elif len(text) >= LEAST_TEXT:
                statement = statement.where(Indicator.value.contains(text.lower(), autoescape=True))
            else:
                raise Invalid(f"give at least {LEAST_TEXT} characters of a value", "value")
        found = list(session.scalars(statement.order_by(*paging.order(keys)).limit(query.limit + 1)))
        shown = found[: query.limit]
        items = _rows(session, shown, at)
    last = shown[-1] if len(found) > query.limit else None
    return IndicatorPage(items=items, next_cursor=paging.encode([last.added_at, last.id]) if last else None)


def _load(session: Session, text: str) -> Indicator:
    row = None
    if len(text) == 16 and all(digit in "0123456789abcdef" for digit in text):
        row = session.scalar(select(Indicator).where(Indicator.id == int(text, 16) & (2**63 - 1)))
    if row is None:
        raise NotFound("there is no such indicator, or it is not yours to see")
    return row


def detail(services: Services, caller: Caller, indicator_id: str) -> schemas.IntelIndicator:
    with services.records.read(caller.scope) as session:
        return _rows(session, [_load(session, indicator_id)], now())[0]


def change(services: Services, caller: Caller, indicator_id: str, wanted: IndicatorChange) -> schemas.IntelIndicator:
    at = now()
    if wanted.action == "dismiss" and len(wanted.reason.strip()) < 3:
        raise Invalid("say why: others will ask", "reason")
    with services.records.write(caller.scope) as session:
        row = _load(session, indicator_id)
        dismissing = wanted.action == "dismiss"
        row.dismissed_at, row.dismissed_by = (at, caller.login) if dismissing else (None, "")
        row.reason, row.change = wanted.reason.strip(), book.bump(session)
        audit.append(
            session, at=at, actor=caller.login, action=f"indicator.{wanted.action}", object_kind="indicator",
            object_id=shown_id(row.id), detail={"feed": row.feed_id, "kind": row.kind, "reason": row.reason},
        )  # fmt: skip
        session.flush()
        return _rows(session, [row], at)[0]


def sightings(services: Services, caller: Caller, query: SightingQuery) -> SightingPage:
    table = IndicatorSighting
    keys: list[tuple[Any, bool]] = [(table.last_seen, True), (table.id, False)]
    statement = select(table)
    if query.indicator_id is not None:
        statement = statement.where(table.indicator_id == int(query.indicator_id, 16) & (2**63 - 1))
    if query.enterprise_id is not None:
        statement = statement.where(table.enterprise_id == query.enterprise_id)
    if query.feed_id is not None:
        statement = statement.where(table.feed_id == query.feed_id)
    if query.cursor is not None:
        statement = statement.where(paging.after(keys, paging.decode(query.cursor, [float, str])))
    with services.records.read(caller.scope) as session:
        found = list(session.scalars(statement.order_by(*paging.order(keys)).limit(query.limit + 1)))
        shown = found[: query.limit]
        enterprises = enterprise_refs(session, (row.enterprise_id for row in shown))
        regions = region_refs(session, (row.region for row in shown))
        plain = (
            "id",
            "kind",
            "value",
            "feed_id",
            "tlp",
            "confidence",
            "retro",
            "count",
            "alerts",
            "first_seen",
            "last_seen",
        )
        items = [
            schemas.IndicatorSighting(
                **{name: getattr(row, name) for name in plain}, indicator_id=shown_id(row.indicator_id), day=row.day * DAY,
                enterprise=enterprises.get(row.enterprise_id), region=regions[row.region], events=list(map(str, row.events)),
            )
            for row in shown
        ]  # fmt: skip
    last = shown[-1] if len(found) > query.limit else None
    return SightingPage(items=items, next_cursor=paging.encode([last.last_seen, last.id]) if last else None)


def warning_lists(services: Services, caller: Caller) -> WarningLists:
    with services.records.read(caller.scope) as session:
        counts = {row[0]: row[1] for row in session.execute(
                select(Indicator.warned, func.count()).where(Indicator.warned != "").group_by(Indicator.warned)
            )}  # fmt: skip
    items = [
        WarningListGroup(
            key=group.key, reason_zh=group.reason_zh, reason_en=group.reason_en, networks=[str(one) for one in group.networks],
            domains=sorted(group.domains), hashes=sorted(group.hashes), indicators=counts.get(group.key, 0),
        )
        for group in groups()
    ]  # fmt: skip
    own = WarningListGroup(
        key=OWN, reason_zh="本平台企业自己的资产地址与主机名", reason_en="addresses and host names of the enterprises' own assets",
        networks=[], domains=[], hashes=[], indicators=counts.get(OWN, 0),
    )  # fmt: skip
    return WarningLists(items=[*items, own])


# ---------------------------------------------------------------- of an incident


def of_incident(services: Services, caller: Caller, incident_id: str) -> IncidentIndicatorList:
    """From the marks on its evidence: what the caller may read of the events, they may read of these."""
    with services.records.read(caller.scope) as session:
        load_incident(session, incident_id)
        rows = session.scalars(select(MetaAlert.evidence).where(MetaAlert.incident_id == incident_id).limit(200))
        ids = list(dict.fromkeys(str(one) for evidence in rows for one in evidence))[:EVIDENCE]
        found: dict[str, IncidentIndicator] = {}
        for event in services.store.get(ids, caller.scope):
            _collect(event, found)
        states = _states(session, list(found))
    for one in found.values():
        one.state = states.get(one.id)
    return IncidentIndicatorList(items=sorted(found.values(), key=lambda one: (-one.confidence, one.value)))


def _collect(event: Event, found: dict[str, IncidentIndicator]) -> None:
    """The surest indicator of an event is told in full; the others by their value."""
    marked = event.get(MARK)
    values = event.get("threat.enrichments.matched.atomic")
    if not isinstance(marked, list) or not isinstance(values, list):
        return
    for number, (identity, value) in enumerate(zip(marked, values, strict=False)):
        known = found.get(str(identity))
        if known is not None:
            known.events += 1
            known.retro = known.retro or bool(event.get("taishi.intel.retro"))
            continue
        told = event if number == 0 else {}
        until = told.get("taishi.intel.valid_until")
        found[str(identity)] = IncidentIndicator(
            id=str(identity), value=str(value), kind=str(told.get("threat.indicator.type", "")),
            feed_name=str(told.get("threat.feed.name", "")), confidence=int(told.get("taishi.intel.confidence", 0)),
            tlp=str(told.get("threat.indicator.marking.tlp", "")), purpose=str(told.get("taishi.intel.purpose", "")),
            description=str(told.get("threat.indicator.description", "")),
            valid_until=to_seconds(until) if isinstance(until, str) else None, state=None, events=1,
            retro=bool(event.get("taishi.intel.retro")),
        )  # fmt: skip


def _states(session: Session, ids: list[str]) -> dict[str, find.State]:
    at = now()
    numbers = [int(one, 16) for one in ids]
    rows = session.scalars(select(Indicator).where(Indicator.id.in_(numbers)))
    return {shown_id(row.id): find.state_of(row, at) for row in rows}
