"""Reading mappings, and asking the collectors what they would make of records."""

from __future__ import annotations

import difflib
import json
import zoneinfo
from collections import Counter
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.dependencies import Caller, whole
from api.mappings import schemas
from api.problems import Invalid
from api.services import Services
from taishi import fields
from taishi.errors import NotFound, Unavailable
from taishi.mapping import ALLOWED_OWN, PREFIX, Mapping, check_target, problems
from taishi.records.tables import ParserMapping, ParserMappingVersion, Source
from taishi.trial import Trial, Tried

MAX_SOURCES: Final = 200
MAX_VERSIONS: Final = 100


def trial_of(services: Services) -> Trial:
    if services.trial is None:
        raise Unavailable("this API was started without the collectors' parsers; start it through `taishi`")
    return services.trial


def parsers(services: Services) -> schemas.ParserList:
    found = trial_of(services).parsers()
    return schemas.ParserList(items=[schemas.ParserRef.model_validate(one) for one in found])


def targets() -> schemas.TargetList:
    """Fields that a mapping may write, in the table's order."""
    return schemas.TargetList(
        items=[
            schemas.TargetField(
                name=one.name, type=one.type, array=one.array, meaning_zh=one.meaning_zh, meaning_en=one.meaning_en
            )
            for one in fields.table().values()
            if _writable(one.name)
        ]
    )


def _writable(name: str) -> bool:
    try:
        check_target(name)
    except ValueError:
        return False
    return name in ALLOWED_OWN or not name.startswith("taishi.")


def _zone(name: str) -> str:
    if name not in zoneinfo.available_timezones():
        raise Invalid(f"{name} is not an IANA time zone", "timezone")
    return name


def _records(found: Tried) -> dict[str, Any]:
    return {
        "records": [schemas.TriedRecord.model_validate(one) for one in found.records],
        "parsed": sum(1 for one in found.records if one.events),
        "quarantined": sum(1 for one in found.records if one.reason),
    }


def try_records(services: Services, caller: Caller, wanted: schemas.TrialRequest) -> schemas.TrialResult:
    trial, zone = trial_of(services), _zone(wanted.timezone)
    if wanted.parser.startswith(PREFIX):
        with services.records.read(caller.scope) as session:
            spec = spec_of(load(session, wanted.parser.removeprefix(PREFIX)))
        return schemas.TrialResult(**_records(trial.read(wanted.sample, mapping=spec, timezone=zone)))
    if wanted.parser and wanted.parser not in {one.name for one in trial.parsers()}:
        raise Invalid(f"there is no parser {wanted.parser}", "parser")
    return schemas.TrialResult(**_records(trial.read(wanted.sample, parser=wanted.parser, timezone=zone)))


def try_mapping(services: Services, wanted: schemas.MappingTrialRequest) -> schemas.MappingTrial:
    zone = _zone(wanted.timezone)
    try:
        spec = Mapping.model_validate(wanted.spec)
    except ValidationError as error:
        found = [schemas.SpecProblem(location=where, message=what) for where, what in problems(error)]
        return schemas.MappingTrial(records=[], parsed=0, quarantined=0, problems=found, keys=[])
    tried = trial_of(services).read(wanted.sample, mapping=spec, timezone=zone)
    keys = [schemas.FoundKey.model_validate(one) for one in tried.keys]
    return schemas.MappingTrial(**_records(tried), problems=[], keys=keys)


def draft(services: Services, wanted: schemas.DraftRequest) -> schemas.MappingDraft:
    trial = trial_of(services)
    read = trial.read(wanted.sample[:8192].partition("\n")[0])
    parser = read.records[0].parser if read.records else ""
    return schemas.MappingDraft(spec=trial.draft(wanted.sample), parser="" if parser == "generic" else parser)


# ---------------------------------------------------------------- stored


def load(session: Session, mapping_id: str, *, lock: bool = False) -> ParserMapping:
    found = session.get(ParserMapping, mapping_id, with_for_update=lock or None)
    if found is None:
        raise NotFound("there is no such mapping")
    return found


def spec_of(row: ParserMapping) -> Mapping:
    try:
        return Mapping.model_validate(row.spec)
    except ValidationError as error:
        raise Invalid(f"the stored mapping cannot be read by this version: {error.error_count()} problems") from error


def listed(services: Services, caller: Caller) -> schemas.MappingList:
    with services.records.read(caller.scope) as session:
        rows = session.scalars(select(ParserMapping).order_by(ParserMapping.name, ParserMapping.id).limit(1000)).all()
        used = Counter(session.scalars(select(Source.parser).where(Source.parser.startswith(PREFIX))))
        return schemas.MappingList(items=[schemas.MappingBrief(**_brief(row, used[PREFIX + row.id])) for row in rows])


def _brief(row: ParserMapping, sources: int) -> dict[str, Any]:
    return {
        "id": row.id, "parser": PREFIX + row.id, "name": row.name, "product": row.product,
        "form": str(row.spec.get("form", "")), "fields": len(row.spec.get("fields", ())), "sources": sources,
        "changed_at": row.changed_at, "changed_by": row.changed_by, "version": row.version,
    }  # fmt: skip


def detail(services: Services, caller: Caller, mapping_id: str) -> schemas.MappingDetail:
    with services.records.read(caller.scope) as session:
        return full(services, caller, session, load(session, mapping_id))


def full(services: Services, caller: Caller, session: Session, row: ParserMapping) -> schemas.MappingDetail:
    """The records it was written against are somebody's: only who sees the whole platform sees them."""
    versions = session.scalars(
        select(ParserMappingVersion)
        .where(ParserMappingVersion.mapping_id == row.id)
        .order_by(ParserMappingVersion.number.desc())
        .limit(MAX_VERSIONS)
    ).all()
    using = select(Source).where(Source.parser == PREFIX + row.id).order_by(Source.name).limit(MAX_SOURCES)
    sources = [schemas.SourceRef(id=one.id, name=one.name) for one in session.scalars(using)]
    before = {one.number: one for one in versions}
    return schemas.MappingDetail(
        **_brief(row, len(sources)),
        spec=spec_of(row),
        sample=row.sample if whole(caller, services) else "",
        versions=[_version(one, before.get(one.number - 1), row.current) for one in versions],
        used_by=sources,
    )


def _version(one: ParserMappingVersion, before: ParserMappingVersion | None, current: int) -> schemas.MappingVersion:
    lines = difflib.unified_diff(_lines(before.spec if before else {}), _lines(one.spec), lineterm="", n=2)
    return schemas.MappingVersion(
        number=one.number, note=one.note, added_at=one.added_at, added_by=one.added_by,
        current=one.number == current, diff=list(lines)[2:],
    )  # fmt: skip


def _lines(spec: dict[str, Any]) -> list[str]:
    return json.dumps(spec, ensure_ascii=False, indent=1).splitlines() if spec else []
