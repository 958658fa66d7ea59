"""Exceptions of rules: alerts that are not wanted somewhere for a time. Who may see an enterprise may except for it."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.dependencies import Caller
from api.names import enterprise_refs, region_refs
from api.problems import Invalid, PreconditionFailed
from api.rules import schemas
from api.rules.queries import alerts_of, load
from api.rules.schemas import (
    ExceptionChange,
    ExceptionCreate,
    ExceptionDraft,
    ExceptionPreview,
    RuleExceptionList,
)
from api.services import Services
from taishi.clock import now
from taishi.errors import Conflict, NotFound, QueryError
from taishi.event import Event
from taishi.records.tables import Enterprise, RuleException
from taishi.rules import exceptions
from taishi.scope import EVERYTHING
from taishi.security import audit
from taishi.sigma.ruleset import Exemption
from taishi.store.port import Search

DAY: Final = 86_400.0
PREVIEW_DAYS: Final = 7
LONGEST_DAYS: Final = 366
MOST: Final = 2_000
"""Exceptions in force on the platform; each is asked on every hit of its rule."""
MAX_ALERTS: Final = 5_000
PAGE: Final = 500
SAMPLES: Final = 20


def _shown(session: Session, rows: list[RuleException], at: float) -> list[schemas.RuleException]:
    enterprises = enterprise_refs(session, (row.enterprise_id for row in rows))
    regions = region_refs(session, (row.region for row in rows))
    plain = ("id", "rule_id", "query", "reason", "owner", "created_at", "expires_at", "withdrawn_at", "version")
    return [
        schemas.RuleException(
            **{name: getattr(row, name) for name in plain}, enterprise=enterprises.get(row.enterprise_id),
            region=regions[row.region], fields={str(name): str(value) for name, value in row.fields.items()},
            in_force=row.withdrawn_at is None and at < row.expires_at,
        )
        for row in rows
    ]  # fmt: skip


def listed(services: Services, caller: Caller, rule_id: str) -> RuleExceptionList:
    """Newest first, those that ended included."""
    with services.records.read(caller.scope) as session:
        load(session, rule_id)
        rows = session.scalars(
            select(RuleException)
            .where(RuleException.rule_id == rule_id)
            .order_by(RuleException.created_at.desc(), RuleException.id)
            .limit(500)
        )
        return RuleExceptionList(items=_shown(session, list(rows), now()))


def _owner(session: Session, services: Services, caller: Caller, wanted: ExceptionDraft) -> tuple[str, str, str]:
    """(enterprise, region, authority) of an exception within the caller's scope. Raises NotFound, Invalid."""
    if wanted.enterprise_id is not None:
        found = session.scalar(select(Enterprise).where(Enterprise.id == wanted.enterprise_id))
        if found is None:
            raise NotFound("there is no such enterprise, or it is outside your scope")
        return found.id, found.region, found.authority
    region, scope = wanted.region or services.settings.region, caller.scope
    if scope.nothing or scope.enterprises or len(scope.authorities) > 1:
        raise Invalid("name an enterprise: your scope holds no whole region", "enterprise_id")
    authority = scope.authorities[0] if scope.authorities else ""
    if not scope.allows(region, "", authority):
        raise Invalid("this region is not within your scope", "region")
    return "", region, authority


def _planned(
    session: Session, services: Services, caller: Caller, rule_id: str, wanted: ExceptionDraft, expires_at: float
) -> RuleException:
    load(session, rule_id)
    at = now()
    try:
        exceptions.check(wanted.fields, wanted.query, at)
    except QueryError as error:
        raise Invalid(str(error), "condition") from error
    enterprise_id, region, authority = _owner(session, services, caller, wanted)
    return RuleException(
        id=f"exc-{uuid4().hex[:20]}", rule_id=rule_id, enterprise_id=enterprise_id, region=region, authority=authority,
        fields=dict(wanted.fields), query=wanted.query.strip(), reason="", owner=caller.login, created_at=at,
        expires_at=expires_at, withdrawn_at=None, history=[], version=1,
    )  # fmt: skip


class _Owner:
    """The enterprise of a stored event, as the engine asks for it."""

    def __init__(self, event: Event) -> None:
        self.id = str(event.get("organization.id") or "")
        self.region = str(event.get("taishi.region") or "")
        self.authority = str(event.get("taishi.authority") or "")


def preview(services: Services, caller: Caller, rule_id: str, wanted: ExceptionDraft) -> ExceptionPreview:
    """The rule's alerts of the last days, asked by the test that the stream uses, on the events they were made of."""
    at = now()
    with services.records.read(caller.scope) as session:
        row = _planned(session, services, caller, rule_id, wanted, at + DAY)
        exemption = Exemption.of(exceptions.exempt(row))
    alerts = hidden = 0
    samples: list[dict[str, Any]] = []
    cursor = None
    while True:
        search = Search(alerts_of(rule_id), at - PREVIEW_DAYS * DAY, at + DAY, PAGE, cursor)
        page = services.store.search(search, caller.scope)
        made_of = _sources(services, caller, page.events)
        for one in page.events:
            alerts += 1
            event = made_of.get(str(one.get("taishi.detection.event")), one)
            if exemption.covers(_Owner(one)) and exemption.applies(event):
                hidden += 1
                if len(samples) < SAMPLES:
                    samples.append(_sample(one))
        cursor = page.cursor
        if cursor is None or alerts >= MAX_ALERTS:
            return ExceptionPreview(
                days=PREVIEW_DAYS, alerts=alerts, hidden=hidden, samples=samples, complete=cursor is None
            )


def _sources(services: Services, caller: Caller, alerts: list[Event]) -> dict[str, Event]:
    ids = {str(one["taishi.detection.event"]) for one in alerts if one.get("taishi.detection.event")}
    return {str(event["event.id"]): event for event in services.store.get(sorted(ids), caller.scope)}


def _sample(alert: Event) -> dict[str, Any]:
    names = ("event.id", "@timestamp", "organization.name", "source.ip", "destination.ip", "host.name", "user.name",
             "taishi.detection.fields", "taishi.detection.values")  # fmt: skip
    return {name: alert[name] for name in names if name in alert}


def create(services: Services, caller: Caller, rule_id: str, wanted: ExceptionCreate) -> schemas.RuleException:
    at = now()
    if not at < wanted.expires_at <= at + LONGEST_DAYS * DAY + 60.0:
        raise Invalid(f"an exception ends in the future and within {LONGEST_DAYS} days", "expires_at")
    with services.records.read(EVERYTHING) as session:  # the limit is the platform's: only the number is told
        open_ = select(RuleException.id).where(RuleException.withdrawn_at.is_(None), RuleException.expires_at > at)
        if len(session.scalars(open_.limit(MOST)).all()) >= MOST:
            raise Conflict(f"there are {MOST} exceptions in force, the most there may be: withdraw some first")
    with services.records.write(caller.scope) as session:
        row = _planned(session, services, caller, rule_id, wanted, wanted.expires_at)
        row.reason = wanted.reason.strip()
        session.add(row)
        _written(session, caller, row, "create", wanted.reason, at)
        session.flush()
        return _shown(session, [row], at)[0]


def _load(session: Session, exception_id: str) -> RuleException:
    row = session.scalar(select(RuleException).where(RuleException.id == exception_id).with_for_update())
    if row is None:
        raise NotFound("there is no such exception, or it is outside your scope")
    return row


def change(
    services: Services, caller: Caller, exception_id: str, wanted: ExceptionChange, version: int
) -> schemas.RuleException:
    at = now()
    with services.records.write(caller.scope) as session:
        row = _load(session, exception_id)
        if row.version != version:
            raise PreconditionFailed("somebody changed the exception first; load it again")
        if row.withdrawn_at is not None or row.expires_at <= at:
            raise Conflict("the exception has ended already")
        row.withdrawn_at, row.version = at, row.version + 1
        _written(session, caller, row, "withdraw", wanted.reason, at)
        session.flush()
        return _shown(session, [row], at)[0]


def _written(session: Session, caller: Caller, row: RuleException, action: str, note: str, at: float) -> None:
    row.history = [*row.history, {"at": at, "actor": caller.login, "action": action, "note": note.strip()}]
    audit.append(
        session, at=at, actor=caller.login, action=f"rule_exception.{action}", object_kind="rule_exception",
        object_id=row.id,
        detail={
            "rule": row.rule_id, "enterprise": row.enterprise_id, "region": row.region, "fields": dict(row.fields),
            "query": row.query, "expires_at": row.expires_at, "reason": note.strip(),
        },
    )  # fmt: skip
