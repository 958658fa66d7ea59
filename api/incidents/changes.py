"""What people change on one incident: the rules, and the rows that record it. Bulk changes use the same functions."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.dependencies import Caller
from api.incidents.filters import DONE
from api.incidents.queries import full, load
from api.incidents.schemas import HistoryEntry, IncidentChange, IncidentDetail, NoteCreate
from api.incidents.timeline import history_entry
from api.problems import Invalid, PreconditionFailed
from api.services import Services
from taishi.clock import now
from taishi.errors import Conflict
from taishi.records.tables import Change, Incident, IncidentHistory, Person
from taishi.security import audit
from taishi.security.sessions import scope_of

HUMAN = ("status", "verdict", "verdict_reason", "owner", "acknowledged_at", "resolved_at", "closed_at")
"""Columns that a change may touch and an undo gives back."""


def new_bulk_id() -> str:
    return uuid4().hex


def check_version(incident: Incident, expected: int | None) -> None:
    if expected is not None and incident.version != expected:
        raise PreconditionFailed("somebody changed this incident first; load it again and repeat your change")


def check_owner(session: Session, login: str, incident: Incident) -> None:
    """Raises Invalid unless the login is an analyst who can see the incident."""
    person = session.scalar(select(Person).where(Person.login == login, Person.disabled.is_(False)))
    fits = person is not None and person.role == "analyst"
    if person is None or not fits or not _sees(person, incident):
        raise Invalid("the owner must be an analyst whose scope covers the incident; see /api/v1/people", "owner")


def _sees(person: Person, incident: Incident) -> bool:
    return scope_of(person).allows(incident.region, incident.enterprise_id, incident.authority)


def _status_values(incident: Incident, change: IncidentChange, at: float) -> dict[str, Any]:
    """Status, its clocks, and the verdict that goes when work is opened again."""
    values: dict[str, Any] = {}
    target = change.status or incident.status
    if target != incident.status:
        values["status"] = target
    if incident.acknowledged_at is None:
        values["acknowledged_at"] = at
    if target in DONE and incident.resolved_at is None:
        values["resolved_at"] = at
    if target == "closed" and incident.closed_at is None:
        values["closed_at"] = at
    if incident.status in DONE and target not in DONE:
        values |= {"verdict": "", "verdict_reason": "", "resolved_at": None, "closed_at": None}
    if incident.status == "closed" and target == "resolved":
        values["closed_at"] = None
    return values


def plan(incident: Incident, change: IncidentChange, login: str, at: float) -> dict[str, Any]:
    """The new values of the columns that change; empty where nothing does. Raises Invalid against the rules."""
    wanted: dict[str, Any] = {}
    if change.verdict is not None:
        wanted["verdict"] = change.verdict
    if change.verdict_reason is not None:
        wanted["verdict_reason"] = change.verdict_reason
    if change.owner is not None:
        wanted["owner"] = login if change.owner == "me" else change.owner
    touched = change.status not in {None, incident.status} or any(
        value != getattr(incident, name) for name, value in wanted.items()
    )
    if not touched:
        return {}
    if not incident.owner and "owner" not in wanted:
        wanted["owner"] = login  # who acts first has it
    values = {**_status_values(incident, change, at), **wanted}
    status, verdict = values.get("status", incident.status), values.get("verdict", incident.verdict)
    if status == "closed" and not verdict:
        raise Invalid("closing needs a verdict", "verdict_required")
    return {name: value for name, value in values.items() if value != getattr(incident, name)}


def record(
    session: Session,
    incident: Incident,
    *,
    actor: str,
    at: float,
    action: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    note: str = "",
    bulk_id: str = "",
) -> IncidentHistory:
    """History and live view of one change, in its transaction."""
    entry = IncidentHistory(
        incident_id=incident.id,
        enterprise_id=incident.enterprise_id,
        region=incident.region,
        authority=incident.authority,
        at=at,
        actor=actor,
        action=action,
        before=before or {},
        after=after or {},
        note=note,
        bulk_id=bulk_id,
    )
    session.add_all([entry, changed_row(incident, at)])
    return entry


def changed_row(incident: Incident, at: float) -> Change:
    return Change(
        at=at,
        kind="incident",
        object_id=incident.id,
        enterprise_id=incident.enterprise_id,
        region=incident.region,
        authority=incident.authority,
    )


def apply(
    session: Session,
    incident: Incident,
    change: IncidentChange,
    *,
    actor: str,
    at: float,
    bulk_id: str,
) -> bool:
    """Make the change on a loaded incident; False where there is nothing to change. Raises Invalid, Conflict."""
    if incident.merged_into is not None:
        raise Conflict(f"this incident was merged into {incident.merged_into}; work on that one")
    values = plan(incident, change, actor, at)
    if values.get("owner") and values["owner"] != actor:
        check_owner(session, values["owner"], incident)
    note = change.note or ""
    if not values and not note:
        return False
    before = {name: getattr(incident, name) for name in values}
    for name, value in values.items():
        setattr(incident, name, value)
    incident.version += 1
    action = "change" if values else "note"
    record(
        session, incident, actor=actor, at=at, action=action, before=before, after=values, note=note, bulk_id=bulk_id
    )
    return True


def change(
    services: Services, caller: Caller, incident_id: str, wanted: IncidentChange, version: int
) -> IncidentDetail:
    """One change on one incident whose version the caller has seen."""
    at, bulk_id = now(), new_bulk_id()
    with services.records.write(caller.scope) as session:
        incident = load(session, incident_id, lock=True)
        check_version(incident, version)
        changed = apply(session, incident, wanted, actor=caller.login, at=at, bulk_id=bulk_id)
        if changed:
            audit.append(
                session,
                at=at,
                actor=caller.login,
                action="incident.change",
                object_kind="incident",
                object_id=incident.id,
                detail={"change": wanted.model_dump(exclude_none=True), "version": incident.version},
            )
        session.flush()
        return full(session, incident, bulk_id if changed else "")


def add_note(services: Services, caller: Caller, incident_id: str, note: NoteCreate) -> HistoryEntry:
    """A note does not change the version: two people may write at once."""
    at = now()
    with services.records.write(caller.scope) as session:
        incident = load(session, incident_id)
        entry = record(session, incident, actor=caller.login, at=at, action="note", note=note.text)
        audit.append(
            session, at=at, actor=caller.login, action="incident.note", object_kind="incident", object_id=incident.id
        )
        return history_entry(entry, {caller.login: caller.name})
