"""Suppressions as people keep them: the list, making, extending, withdrawing, accepting and declining."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from api import paging
from api.dependencies import Caller
from api.names import enterprise_refs, person_names, region_refs
from api.problems import Invalid, PreconditionFailed
from api.services import Services
from api.suppressions import schemas
from api.suppressions.drafts import jsonable, planned
from api.suppressions.schemas import SuppressionChange, SuppressionCreate, SuppressionPage, SuppressionQuery
from taishi.clock import now
from taishi.errors import Conflict, NotFound
from taishi.feedback.parameters import parameters
from taishi.records.tables import Asset, Suppression
from taishi.scope import EVERYTHING
from taishi.security import audit

DAY = 86_400.0
MAX_HISTORY = 100


def _status(row: Suppression, at: float) -> schemas.Status:
    return cast("schemas.Status", "expired" if row.status == "active" and row.expires_at <= at else row.status)


def rows(session: Session, found: Sequence[Suppression], at: float) -> list[schemas.Suppression]:
    enterprises = enterprise_refs(session, (row.enterprise_id for row in found if row.enterprise_id))
    regions = region_refs(session, (row.region for row in found))
    logins = [row.owner for row in found] + [str(entry.get("actor", "")) for row in found for entry in row.history]
    people = person_names(session, logins)
    wanted = [row.asset_id for row in found if row.asset_id]
    assets = {asset.id: asset.name for asset in session.scalars(select(Asset).where(Asset.id.in_(wanted)))}
    plain = ("id", "extent", "asset_id", "seen_severity", "origin", "reason", "owner", "created_at", "expires_at", "hits",
             "last_hit", "version")  # fmt: skip
    return [
        schemas.Suppression(
            **{name: getattr(row, name) for name in plain},
            enterprise=enterprises.get(row.enterprise_id),
            region=regions[row.region],
            asset_name=assets.get(row.asset_id, ""),
            condition=cast("dict[schemas.ConditionField, str]", jsonable(row.condition)),
            status=_status(row, at),
            owner_name=people.get(row.owner, row.owner),
            remaining=max(0.0, row.expires_at - at) if row.status == "active" else 0.0,
            history=[_event(entry, people) for entry in row.history],
        )
        for row in found
    ]


def _event(entry: dict[str, Any], people: dict[str, str]) -> schemas.SuppressionEvent:
    actor = str(entry.get("actor", ""))
    return schemas.SuppressionEvent(
        at=float(entry.get("at", 0.0)), actor=actor, actor_name=people.get(actor, actor),
        action=str(entry.get("action", "")), note=str(entry.get("note", "")),
    )  # fmt: skip


def _view(view: str, at: float) -> ColumnElement[bool] | None:
    active = and_(Suppression.status == "active", Suppression.expires_at > at)
    over = or_(
        Suppression.status.in_(("withdrawn", "declined")),
        and_(Suppression.status == "active", Suppression.expires_at <= at),
    )
    return {"active": active, "proposed": Suppression.status == "proposed", "over": over}.get(view)


def page(services: Services, caller: Caller, query: SuppressionQuery) -> SuppressionPage:
    at = now()
    keys = [(Suppression.created_at, True), (Suppression.id, False)]
    statement = select(Suppression)
    chosen = _view(query.view, at)
    if chosen is not None:
        statement = statement.where(chosen)
    if query.enterprise_id is not None:
        statement = statement.where(Suppression.enterprise_id == query.enterprise_id)
    if query.cursor is not None:
        statement = statement.where(paging.after(keys, paging.decode(query.cursor, [float, str])))
    with services.records.read(caller.scope) as session:
        found = list(session.scalars(statement.order_by(*paging.order(keys)).limit(query.limit + 1)))
        shown = found[: query.limit]
        items = rows(session, shown, at)
    more = len(found) > query.limit
    last = shown[-1] if more else None
    return SuppressionPage(items=items, next_cursor=paging.encode([last.created_at, last.id]) if last else None)


def _check_expiry(expires_at: float, at: float) -> None:
    longest = parameters()["suppression"]["longest_days"]
    if not at < expires_at <= at + longest * DAY + 60.0:
        raise Invalid(f"a suppression ends in the future and within {longest:.0f} days", "expires_at")


def _check_room(services: Services) -> None:
    """The limit is the platform's, so all are counted, and nothing but the number is told."""
    most = int(parameters()["suppression"]["most"])
    with services.records.read(EVERYTHING) as session:
        active = select(func.count()).where(Suppression.status == "active", Suppression.expires_at > now())
        if (session.scalar(active) or 0) >= most:
            raise Conflict(f"there are {most} suppressions in force, the most there may be: withdraw some first")


def create(services: Services, caller: Caller, wanted: SuppressionCreate) -> schemas.Suppression:
    at = now()
    _check_expiry(wanted.expires_at, at)
    _check_room(services)
    with services.records.write(caller.scope) as session:
        meta, made = planned(session, services, caller, wanted, wanted.expires_at)
        row = Suppression(
            id=f"sup-{uuid4().hex[:20]}", extent=made.extent, enterprise_id=made.enterprise_id, region=made.region,
            authority=made.authority, asset_id=made.asset_id, condition=dict(made.condition),
            seen_severity=made.seen_severity, status="active", origin="person", reason=wanted.reason.strip(),
            owner=caller.login, created_at=at, expires_at=wanted.expires_at, meta_id=meta.id, history=[], hits=0,
            version=1,
        )  # fmt: skip
        session.add(row)
        _written(session, caller, row, "create", wanted.reason, at)
        session.flush()
        return rows(session, [row], at)[0]


def _written(session: Session, caller: Caller, row: Suppression, action: str, note: str, at: float) -> None:
    """History and audit of a change, in its transaction."""
    entry = {"at": at, "actor": caller.login, "action": action, "note": note.strip()}
    row.history = [*row.history[-MAX_HISTORY + 1 :], entry]
    detail = {
        "extent": row.extent, "enterprise": row.enterprise_id, "region": row.region, "condition": dict(row.condition),
        "expires_at": row.expires_at, "reason": note.strip(), "version": row.version,
    }  # fmt: skip
    audit.append(
        session, at=at, actor=caller.login, action=f"suppression.{action}", object_kind="suppression", object_id=row.id,
        detail=detail,
    )  # fmt: skip


def load(session: Session, suppression_id: str, *, lock: bool = False) -> Suppression:
    statement = select(Suppression).where(Suppression.id == suppression_id)
    found = session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotFound("there is no such suppression, or it is outside your scope")
    return found


def detail(services: Services, caller: Caller, suppression_id: str) -> schemas.Suppression:
    with services.records.read(caller.scope) as session:
        return rows(session, [load(session, suppression_id)], now())[0]


NEEDED: dict[str, tuple[schemas.Status, ...]] = {
    "extend": ("active", "expired"),
    "withdraw": ("active",),
    "accept": ("proposed",),
    "decline": ("proposed",),
}
"""What must be the status for an action."""

BECOMES = {"extend": "active", "withdraw": "withdrawn", "accept": "active", "decline": "declined"}


def change(
    services: Services, caller: Caller, suppression_id: str, wanted: SuppressionChange, version: int
) -> schemas.Suppression:
    at = now()
    if wanted.action == "accept":
        _check_room(services)
    with services.records.write(caller.scope) as session:
        row = load(session, suppression_id, lock=True)
        if row.version != version:
            raise PreconditionFailed("somebody changed this suppression first; load it again and repeat your change")
        status = _status(row, at)
        if status not in NEEDED[wanted.action]:
            raise Conflict(f"a suppression that is {status} cannot be changed by “{wanted.action}”")
        expires_at = wanted.expires_at if wanted.expires_at is not None else row.expires_at
        if wanted.action in {"extend", "accept"}:
            _check_expiry(expires_at, at)
            row.expires_at = expires_at
        row.status = BECOMES[wanted.action]
        row.owner = caller.login if wanted.action == "accept" else row.owner
        row.version += 1
        _written(session, caller, row, wanted.action, wanted.reason, at)
        session.flush()
        return rows(session, [row], at)[0]
