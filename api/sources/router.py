"""/sources: senders, their health and their keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.dependencies import IfMatch, ServicesDep, SourceReader, SourceWriter
from api.sources import changes, queries
from api.sources.schemas import (
    BalanceList,
    BalanceQuery,
    KeyCreate,
    Source,
    SourceChange,
    SourceCreate,
    SourceCreated,
    SourceKey,
    SourcePage,
    SourceQuery,
)

router = APIRouter(prefix="/sources", tags=["sources"])

SourceId = Annotated[str, Path(max_length=64)]


@router.get("")
def list_sources(query: Annotated[SourceQuery, Query()], caller: SourceReader, services: ServicesDep) -> SourcePage:
    """Sources with the balance of a period, worst first."""
    return queries.page(services, caller, query)


@router.post("", status_code=201)
def create_source(source: SourceCreate, caller: SourceWriter, services: ServicesDep) -> SourceCreated:
    """Register a sender. It begins in `learning`."""
    return changes.create(services, caller, source)


@router.get("/{source_id}")
def get_source(
    source_id: SourceId,
    period: Annotated[BalanceQuery, Query()],
    caller: SourceReader,
    services: ServicesDep,
    response: Response,
) -> Source:
    return queries.with_etag(response, queries.detail(services, caller, source_id, period))


@router.patch("/{source_id}")
def change_source(
    source_id: SourceId,
    change: SourceChange,
    *,
    if_match: IfMatch,
    caller: SourceWriter,
    services: ServicesDep,
    response: Response,
) -> Source:
    return queries.with_etag(response, changes.change(services, caller, source_id, change, if_match))


@router.get("/{source_id}/balance")
def get_source_balance(
    source_id: SourceId, period: Annotated[BalanceQuery, Query()], caller: SourceReader, services: ServicesDep
) -> BalanceList:
    """The balance hour by hour."""
    return queries.hourly(services, caller, source_id, period)


@router.post("/{source_id}/key")
def rotate_source_key(source_id: SourceId, body: KeyCreate, caller: SourceWriter, services: ServicesDep) -> SourceKey:
    """Make a new key; the old one stops working at once."""
    return changes.rotate_key(services, caller, source_id, body)
