"""Saving mappings, going back to an earlier version, removing one that no source uses."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from pydantic import ValidationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from api.dependencies import Caller
from api.mappings import queries, schemas
from api.problems import Invalid, PreconditionFailed
from api.services import Services
from taishi.clock import now
from taishi.errors import Conflict, NotFound
from taishi.mapping import PREFIX, Mapping, problems
from taishi.records.tables import ParserMapping, ParserMappingVersion, Source
from taishi.scope import EVERYTHING
from taishi.security import audit


def _checked(spec: dict[str, Any]) -> dict[str, Any]:
    try:
        return Mapping.model_validate(spec).model_dump(mode="json", exclude_defaults=True)
    except ValidationError as error:
        where, what = problems(error)[0]
        raise Invalid(f"{where}: {what}" if where else what, "mapping_refused") from error


def _written(session: Session, caller: Caller, row: ParserMapping, action: str, detail: dict[str, Any]) -> None:
    audit.append(
        session, at=now(), actor=caller.login, action=action, object_kind="mapping", object_id=row.id, detail=detail
    )


def _add_version(
    session: Session, caller: Caller, row: ParserMapping, wanted: schemas.MappingSave, spec: dict[str, Any]
) -> None:
    last = select(func.max(ParserMappingVersion.number)).where(ParserMappingVersion.mapping_id == row.id)
    row.current = (session.scalar(last) or 0) + 1
    session.add(
        ParserMappingVersion(
            mapping_id=row.id, number=row.current, spec=spec, sample=wanted.sample, note=wanted.note.strip(),
            added_at=row.changed_at, added_by=caller.login,
        )
    )  # fmt: skip


def create(services: Services, caller: Caller, wanted: schemas.MappingSave) -> schemas.MappingDetail:
    spec = _checked(wanted.spec)
    with services.records.write(caller.scope) as session:
        row = ParserMapping(
            id=uuid4().hex[:12], name=wanted.name.strip(), product=wanted.product.strip(), spec=spec,
            sample=wanted.sample, changed_at=now(), changed_by=caller.login, version=1,
        )  # fmt: skip
        session.add(row)
        session.flush()
        _add_version(session, caller, row, wanted, spec)
        _written(session, caller, row, "mapping.create", {"name": row.name, "note": wanted.note.strip()})
        session.flush()
        return queries.full(services, caller, session, row)


def save(
    services: Services, caller: Caller, mapping_id: str, wanted: schemas.MappingSave, version: int
) -> schemas.MappingDetail:
    """A new version, used at once by the sources that name the mapping. Raises Invalid, NotFound, PreconditionFailed."""
    spec = _checked(wanted.spec)
    with services.records.write(caller.scope) as session:
        row = _locked(session, mapping_id, version)
        row.name, row.product, row.sample = wanted.name.strip(), wanted.product.strip(), wanted.sample
        row.changed_at, row.changed_by = now(), caller.login
        if row.spec != spec:
            row.spec = spec
            _add_version(session, caller, row, wanted, spec)
        row.version += 1
        _written(session, caller, row, "mapping.save", {"version": row.current, "note": wanted.note.strip()})
        session.flush()
        return queries.full(services, caller, session, row)


def take_version(
    services: Services, caller: Caller, mapping_id: str, number: int, version: int
) -> schemas.MappingDetail:
    """Let an earlier version read again."""
    with services.records.write(caller.scope) as session:
        row = _locked(session, mapping_id, version)
        earlier = session.get(ParserMappingVersion, (mapping_id, number))
        if earlier is None:
            raise NotFound("the mapping has no such version")
        row.spec, row.sample, row.current = earlier.spec, earlier.sample, number
        row.changed_at, row.changed_by = now(), caller.login
        row.version += 1
        _written(session, caller, row, "mapping.version", {"version": number})
        session.flush()
        return queries.full(services, caller, session, row)


def remove(services: Services, caller: Caller, mapping_id: str, version: int) -> None:
    """Raises Conflict while a source names it: its records would go to quarantine."""
    with services.records.write(EVERYTHING) as session:  # a source out of sight would suffer as well
        row = _locked(session, mapping_id, version)
        using = session.scalar(select(func.count(Source.id)).where(Source.parser == PREFIX + mapping_id)) or 0
        if using:
            raise Conflict(f"{using} sources are read by this mapping; give them another parser first")
        _written(session, caller, row, "mapping.remove", {"name": row.name})
        session.execute(delete(ParserMappingVersion).where(ParserMappingVersion.mapping_id == mapping_id))
        session.delete(row)


def _locked(session: Session, mapping_id: str, version: int) -> ParserMapping:
    row = queries.load(session, mapping_id, lock=True)
    if row.version != version:
        raise PreconditionFailed("somebody changed the mapping first; load it again")
    return row
