"""Reading and verifying the audit trail."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from api import paging
from api.audit.schemas import AuditEntry, AuditPage, AuditQuery, AuditVerification
from api.services import Services
from taishi.records.tables import Audit
from taishi.scope import EVERYTHING
from taishi.security import audit


def _conditions(query: AuditQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for name in ("actor", "action", "object_kind", "object_id"):
        value = getattr(query, name)
        if value is not None:
            found.append(getattr(Audit, name) == value)
    if query.since is not None:
        found.append(Audit.at >= query.since)
    if query.until is not None:
        found.append(Audit.at < query.until)
    return found


def page(services: Services, query: AuditQuery) -> AuditPage:
    statement = select(Audit).where(*_conditions(query))
    if query.cursor is not None:
        statement = statement.where(Audit.seq < paging.decode(query.cursor, [int])[0])
    with services.records.read(EVERYTHING) as session:
        found = session.scalars(statement.order_by(Audit.seq.desc()).limit(query.limit + 1)).all()
    shown = found[: query.limit]
    return AuditPage(
        items=[AuditEntry.model_validate(row) for row in shown],
        next_cursor=paging.encode([shown[-1].seq]) if len(found) > query.limit else None,
    )


def verify(services: Services) -> AuditVerification:
    with services.records.read(EVERYTHING) as session:
        found = audit.verify(session)
    return AuditVerification(
        ok=found.ok, checked=found.checked, first_bad=found.first_bad, reason=found.reason, head=found.head
    )
