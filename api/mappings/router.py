"""/parsers and /parser-mappings: what reads which records, tried before it is used."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.dependencies import IfMatch, MappingReader, MappingWriter, ServicesDep, SourceWriter
from api.mappings import changes, queries
from api.mappings.schemas import (
    DraftRequest,
    MappingDetail,
    MappingDraft,
    MappingList,
    MappingSave,
    MappingTrial,
    MappingTrialRequest,
    ParserList,
    TargetList,
    TrialRequest,
    TrialResult,
)

router = APIRouter(tags=["sources"])

MappingId = Annotated[str, Path(max_length=60)]
Number = Annotated[int, Path(ge=1, le=1_000_000)]


def _with_etag(response: Response, found: MappingDetail) -> MappingDetail:
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.get("/parsers")
def list_parsers(caller: SourceWriter, services: ServicesDep) -> ParserList:
    """Every log format that the collectors know by themselves."""
    return queries.parsers(services)


@router.post("/parsers/trial")
def try_parser(wanted: TrialRequest, caller: SourceWriter, services: ServicesDep) -> TrialResult:
    """What would become of these records; nothing is stored."""
    return queries.try_records(services, caller, wanted)


@router.get("/parser-mappings")
def list_mappings(caller: MappingReader, services: ServicesDep) -> MappingList:
    return queries.listed(services, caller)


@router.get("/parser-mappings/targets")
def list_mapping_targets(caller: MappingReader, services: ServicesDep) -> TargetList:
    """The fields that a mapping may write. Names under a vendor prefix such as `generic.` are free."""
    return queries.targets()


@router.post("/parser-mappings/draft")
def draft_mapping(wanted: DraftRequest, caller: MappingReader, services: ServicesDep) -> MappingDraft:
    """A first mapping of pasted records: their form, and the fields that their keys' names stand for."""
    return queries.draft(services, wanted)


@router.post("/parser-mappings/trial")
def try_mapping(wanted: MappingTrialRequest, caller: MappingReader, services: ServicesDep) -> MappingTrial:
    """What a mapping makes of pasted records, by the collectors' own code; nothing is stored."""
    return queries.try_mapping(services, wanted)


@router.post("/parser-mappings", status_code=201)
def create_mapping(
    wanted: MappingSave, caller: MappingWriter, services: ServicesDep, response: Response
) -> MappingDetail:
    """Keep a mapping. A source is read by it once it names it as its parser."""
    return _with_etag(response, changes.create(services, caller, wanted))


@router.get("/parser-mappings/{mapping_id}")
def get_mapping(
    mapping_id: MappingId, caller: MappingReader, services: ServicesDep, response: Response
) -> MappingDetail:
    return _with_etag(response, queries.detail(services, caller, mapping_id))


@router.put("/parser-mappings/{mapping_id}")
def save_mapping(
    mapping_id: MappingId, wanted: MappingSave, *, if_match: IfMatch, caller: MappingWriter, services: ServicesDep,
    response: Response,
) -> MappingDetail:  # fmt: skip
    """A new version; collectors take it within seconds."""
    return _with_etag(response, changes.save(services, caller, mapping_id, wanted, if_match))


@router.post("/parser-mappings/{mapping_id}/versions/{number}/run")
def run_mapping_version(
    mapping_id: MappingId, number: Number, *, if_match: IfMatch, caller: MappingWriter, services: ServicesDep,
    response: Response,
) -> MappingDetail:  # fmt: skip
    """Go back to an earlier version."""
    return _with_etag(response, changes.take_version(services, caller, mapping_id, number, if_match))


@router.delete("/parser-mappings/{mapping_id}", status_code=204)
def remove_mapping(mapping_id: MappingId, *, if_match: IfMatch, caller: MappingWriter, services: ServicesDep) -> None:
    """Only one that no source names."""
    changes.remove(services, caller, mapping_id, if_match)
