"""/quarantine: what no parser could read, and trying again after a fix."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.dependencies import QuarantineReader, QuarantineReplayer, ServicesDep
from api.quarantine import queries
from api.quarantine.schemas import (
    QuarantineDetail,
    QuarantinePage,
    QuarantineQuery,
    ReplayRequest,
    ReplayResult,
)

router = APIRouter(prefix="/quarantine", tags=["quarantine"])


@router.get("")
def list_quarantine(
    query: Annotated[QuarantineQuery, Query()], caller: QuarantineReader, services: ServicesDep
) -> QuarantinePage:
    return queries.page(services, caller, query)


@router.post("/replay", status_code=202)
def replay_quarantine(request: ReplayRequest, caller: QuarantineReplayer, services: ServicesDep) -> ReplayResult:
    """Ask the collector to parse records again with the source's present parser."""
    return queries.replay(services, caller, request)


@router.get("/{record_id}")
def get_quarantined(
    record_id: Annotated[str, Path(max_length=96)], caller: QuarantineReader, services: ServicesDep
) -> QuarantineDetail:
    return queries.detail(services, caller, record_id)
