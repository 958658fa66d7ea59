"""One change on many incidents, and taking a change back. One transaction; each item succeeds or fails for itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.dependencies import Caller
from api.incidents import corrections
from api.incidents.changes import HUMAN, apply, new_bulk_id, record
from api.incidents.filters import conditions
from api.incidents.schemas import BulkItem, BulkRequest, BulkResult, ById, ByQuery, IncidentChange
from api.problems import Invalid
from api.services import Services
from taishi.clock import now
from taishi.errors import Conflict, NotFound
from taishi.records.tables import Incident, IncidentHistory
from taishi.security import audit

MAX_ITEMS: Final = 5000
"""Incidents of one bulk change. One transaction holds the write lock, so it must end within seconds."""

CHUNK: Final = 500
"""Ids in one IN (…): below the parameter limits of every engine."""

Result = Literal["changed", "unchanged", "conflict", "not_found", "invalid"]

OTHERS_FIRST = "somebody else changed it first"


def _item(incident_id: str, result: Result, version: int | None = None, detail: str = "") -> BulkItem:
    return BulkItem(id=incident_id, result=result, version=version, detail=detail)


def _chunks(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def _by_id(session: Session, ids: Sequence[str]) -> dict[str, Incident]:
    found: dict[str, Incident] = {}
    for chunk in _chunks(ids):
        rows = session.scalars(select(Incident).where(Incident.id.in_(chunk)).with_for_update())
        found.update((row.id, row) for row in rows)
    return found


def selected(session: Session, selection: ById | ByQuery, login: str) -> list[str]:
    """The ids a selection means, in stable order; raises Invalid where there are too many."""
    if isinstance(selection, ById):
        return list(dict.fromkeys(selection.ids))
    if "cursor" in selection.filter.model_fields_set:
        raise Invalid("a bulk change takes the filter without paging", "cursor")
    found = conditions(selection.filter, login, selection.snapshot)
    statement = select(Incident.id).where(*found.values(), Incident.created_at <= selection.snapshot)
    exclude = set(selection.exclude)
    ids = [row for row in session.scalars(statement.order_by(Incident.id)) if row not in exclude]
    if len(ids) > MAX_ITEMS:
        raise Invalid(f"this query finds {len(ids)} incidents; at most {MAX_ITEMS} at once, so narrow it", "too_many")
    return ids


def _touched_by_others(session: Session, selection: ById | ByQuery, ids: Sequence[str], login: str) -> set[str]:
    """Incidents that another person changed after the caller saw the list."""
    if isinstance(selection, ById):
        return set()
    found: set[str] = set()
    for chunk in _chunks(ids):
        statement = select(IncidentHistory.incident_id).where(
            IncidentHistory.incident_id.in_(chunk),
            IncidentHistory.at > selection.snapshot,
            IncidentHistory.actor != login,
            IncidentHistory.action != "note",
        )
        found.update(session.scalars(statement))
    return found


def _check(change: IncidentChange) -> None:
    if not change.model_dump(exclude_none=True):
        raise Invalid("the change is empty: give a status, verdict, owner or note", "empty_change")
    if change.status == "closed" and not (change.verdict and change.verdict_reason):
        raise Invalid("closing in bulk needs a verdict and a reason", "reason_required")


def change(services: Services, caller: Caller, request: BulkRequest) -> BulkResult:
    _check(request.change)
    if request.preview:
        return _preview(services, caller, request)
    bulk_id = new_bulk_id()
    stamp = (caller.login, now(), bulk_id)
    with services.records.write(caller.scope) as session:
        ids = selected(session, request.selection, caller.login)
        foreign = _touched_by_others(session, request.selection, ids, caller.login)
        incidents = _by_id(session, ids)
        versions = request.selection.versions if isinstance(request.selection, ById) else {}
        results = []
        for incident_id in ids:
            incident = incidents.get(incident_id)
            stale = incident_id in foreign or (
                incident is not None and versions.get(incident_id, incident.version) != incident.version
            )
            results.append(
                _item(incident_id, "conflict", None if incident is None else incident.version, OTHERS_FIRST)
                if stale
                else _change_one(session, incident_id, incident, request.change, stamp)
            )
        changed = [item.id for item in results if item.result == "changed"]
        detail = {"change": request.change.model_dump(exclude_none=True), "ids": changed}
        _audit(session, stamp, "incident.bulk", detail)
    return _result(bulk_id, results)


def _audit(session: Session, stamp: tuple[str, float, str], action: str, detail: dict[str, Any]) -> None:
    actor, at, bulk_id = stamp
    if detail["ids"]:
        audit.append(session, at=at, actor=actor, action=action, object_kind="bulk", object_id=bulk_id, detail=detail)


def _preview(services: Services, caller: Caller, request: BulkRequest) -> BulkResult:
    with services.records.read(caller.scope) as session:
        ids = selected(session, request.selection, caller.login)
        there = sum(
            session.scalar(select(func.count()).select_from(Incident).where(Incident.id.in_(chunk))) or 0
            for chunk in _chunks(ids)
        )
    return BulkResult(bulk_id="", preview=True, matched=there, changed=0, unchanged=0, failed=0, results=[])


def _change_one(
    session: Session, incident_id: str, incident: Incident | None, wanted: IncidentChange, stamp: tuple[str, float, str]
) -> BulkItem:
    if incident is None:
        return _item(incident_id, "not_found", detail="there is no such incident, or it is outside your scope")
    actor, at, bulk_id = stamp
    try:
        changed = apply(session, incident, wanted, actor=actor, at=at, bulk_id=bulk_id)
    except Conflict as error:
        return _item(incident_id, "conflict", incident.version, str(error))
    except Invalid as error:
        return _item(incident_id, "invalid", incident.version, str(error))
    return _item(incident_id, "changed" if changed else "unchanged", incident.version)


def _result(bulk_id: str, results: list[BulkItem]) -> BulkResult:
    changed = sum(item.result == "changed" for item in results)
    unchanged = sum(item.result == "unchanged" for item in results)
    return BulkResult(
        bulk_id=bulk_id if changed else "",
        preview=False,
        matched=len(results),
        changed=changed,
        unchanged=unchanged,
        failed=len(results) - changed - unchanged,
        results=results,
    )


# ---------------------------------------------------------------- undo


def _undone(session: Session, bulk_id: str) -> bool:
    statement = select(IncidentHistory.seq).where(
        IncidentHistory.action == "undo", IncidentHistory.note == f"undo:{bulk_id}"
    )
    return session.scalars(statement.limit(1)).first() is not None


def _restore(session: Session, entry: IncidentHistory, incident: Incident, stamp: tuple[str, float, str]) -> BulkItem:
    """Give back what the entry changed, unless somebody changed the same columns since."""
    actor, at, bulk_id = stamp
    before = {name: value for name, value in entry.before.items() if name in HUMAN}
    if any(getattr(incident, name) != entry.after.get(name) for name in before):
        return _item(incident.id, "conflict", incident.version, OTHERS_FIRST)
    for name, value in before.items():
        setattr(incident, name, value)
    incident.version += 1
    after = {name: entry.before[name] for name in before}
    record(
        session, incident, actor=actor, at=at, action="undo", before=entry.after, after=after,
        note=f"undo:{entry.bulk_id}", bulk_id=bulk_id,
    )  # fmt: skip
    return _item(incident.id, "changed", incident.version)


def undo(services: Services, caller: Caller, bulk_id: str) -> BulkResult:
    """Take back what the caller did under this id; the undo has an id of its own and can be undone likewise."""
    at, undo_id = now(), new_bulk_id()
    with services.records.write(caller.scope) as session:
        statement = select(IncidentHistory).where(
            IncidentHistory.bulk_id == bulk_id, IncidentHistory.actor == caller.login
        )
        entries = session.scalars(statement.order_by(IncidentHistory.seq)).all()
        if not entries:
            raise NotFound("there is no change of yours with this id")
        if _undone(session, bulk_id):
            raise Conflict("this was already undone")
        incidents = _by_id(session, list({entry.incident_id for entry in entries}))
        stamp = (caller.login, at, undo_id)
        if any(entry.action in corrections.ACTIONS for entry in entries):
            results = corrections.undo(session, entries, incidents, stamp)
        else:
            results = [_restore(session, entry, incidents[entry.incident_id], stamp) for entry in entries]
        changed = [item.id for item in results if item.result == "changed"]
        _audit(session, stamp, "incident.undo", {"undone": bulk_id, "ids": changed})
    return _result(undo_id, results)
