"""Reading the quarantine and asking for replays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from api import paging
from api.dependencies import Caller
from api.incidents.filters import in_region
from api.names import enterprise_refs
from api.problems import Invalid
from api.quarantine.schemas import (
    QuarantineDetail,
    QuarantineFilter,
    QuarantinePage,
    QuarantineQuery,
    QuarantineRow,
    ReplayRequest,
    ReplayResult,
)
from api.services import Services
from taishi.clock import now
from taishi.errors import NotFound
from taishi.records.tables import QuarantineRecord, Source
from taishi.security import audit

PREVIEW = 300
MAX_REPLAY = 10_000
CHUNK = 500
REPLAYABLE = ("new", "discarded")


def conditions(query: QuarantineFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.q:
        columns = (QuarantineRecord.original, QuarantineRecord.reason)
        found.append(or_(*[column.icontains(query.q, autoescape=True) for column in columns]))
    for name in ("source_id", "enterprise_id", "parser"):
        value = getattr(query, name)
        if value is not None:
            found.append(getattr(QuarantineRecord, name) == value)
    if query.region is not None:
        found.append(in_region(QuarantineRecord.region, query.region))
    if query.status:
        found.append(QuarantineRecord.status.in_(query.status))
    if query.since is not None:
        found.append(QuarantineRecord.received_at >= query.since)
    if query.until is not None:
        found.append(QuarantineRecord.received_at < query.until)
    return found


def _rows(session: Session, found: Sequence[QuarantineRecord]) -> list[dict[str, Any]]:
    enterprises = enterprise_refs(session, (row.enterprise_id for row in found))
    ids = {row.source_id for row in found}
    names = dict(session.execute(select(Source.id, Source.name).where(Source.id.in_(ids))).all())
    return [
        {
            "id": row.id,
            "source_id": row.source_id,
            "source_name": names.get(row.source_id, row.source_id),
            "enterprise": enterprises[row.enterprise_id],
            "received_at": row.received_at,
            "reason": row.reason,
            "parser": row.parser,
            "status": row.status,
            "size": len(row.original.encode("utf-8", "surrogatepass")),
            "preview": row.original[:PREVIEW],
        }
        for row in found
    ]


def page(services: Services, caller: Caller, query: QuarantineQuery) -> QuarantinePage:
    """Newest first."""
    keys: list[tuple[Any, bool]] = [(QuarantineRecord.received_at, True), (QuarantineRecord.id, False)]
    statement = select(QuarantineRecord).where(*conditions(query))
    if query.cursor is not None:
        statement = statement.where(paging.after(keys, paging.decode(query.cursor, [float, str])))
    with services.records.read(caller.scope) as session:
        found = session.scalars(statement.order_by(*paging.order(keys)).limit(query.limit + 1)).all()
        shown = found[: query.limit]
        items = [QuarantineRow(**row) for row in _rows(session, shown)]
    last = shown[-1] if len(found) > query.limit else None
    return QuarantinePage(items=items, next_cursor=paging.encode((last.received_at, last.id)) if last else None)


def detail(services: Services, caller: Caller, record_id: str) -> QuarantineDetail:
    with services.records.read(caller.scope) as session:
        found = session.scalar(select(QuarantineRecord).where(QuarantineRecord.id == record_id))
        if found is None:
            raise NotFound("there is no such record, or it is outside your scope")
        return QuarantineDetail(**_rows(session, [found])[0], original=found.original)


def _asked(session: Session, request: ReplayRequest) -> list[str]:
    if bool(request.ids) == (request.filter is not None):
        raise Invalid("give either ids or a filter", "selection")
    if request.filter is None:
        return list(dict.fromkeys(request.ids))
    statement = select(QuarantineRecord.id).where(*conditions(request.filter), QuarantineRecord.status.in_(REPLAYABLE))
    return list(session.scalars(statement.order_by(QuarantineRecord.received_at).limit(MAX_REPLAY)))


def replay(services: Services, caller: Caller, request: ReplayRequest) -> ReplayResult:
    """Mark records for the collector, which takes them from there."""
    with services.records.write(caller.scope) as session:
        ids = _asked(session, request)
        accepted: list[str] = []
        for start in range(0, len(ids), CHUNK):
            fit = (QuarantineRecord.id.in_(ids[start : start + CHUNK]), QuarantineRecord.status.in_(REPLAYABLE))
            chosen = session.scalars(select(QuarantineRecord.id).where(*fit).with_for_update()).all()
            session.execute(update(QuarantineRecord).where(QuarantineRecord.id.in_(chosen)).values(status="replay"))
            accepted.extend(chosen)
        if accepted:
            audit.append(
                session,
                at=now(),
                actor=caller.login,
                action="quarantine.replay",
                object_kind="quarantine",
                detail={"count": len(accepted), "ids": accepted[:CHUNK]},
            )
    return ReplayResult(accepted=len(accepted), skipped=len(ids) - len(accepted))
