"""/events, /fields: search over what machines said."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from api.dependencies import EventReader, ServicesDep
from api.events import queries
from api.events.schemas import (
    EventPage,
    EventQuery,
    FieldList,
    FieldQuery,
    Histogram,
    HistogramQuery,
    TopQuery,
    TopValues,
)

router = APIRouter(tags=["events"])


@router.get("/events")
def search_events(query: Annotated[EventQuery, Query()], caller: EventReader, services: ServicesDep) -> EventPage:
    """One page, newest first. A query that cannot be understood answers 400 with the position."""
    return queries.search(services, caller, query)


@router.get("/events/histogram")
def count_events_over_time(
    query: Annotated[HistogramQuery, Query()], caller: EventReader, services: ServicesDep
) -> Histogram:
    return queries.histogram(services, caller, query)


@router.get("/events/top")
def top_event_values(query: Annotated[TopQuery, Query()], caller: EventReader, services: ServicesDep) -> TopValues:
    """Most frequent values of a countable field (see /fields)."""
    return queries.top(services, caller, query)


@router.get("/events/{event_id}")
def get_event(
    event_id: Annotated[str, Path(max_length=200)], caller: EventReader, services: ServicesDep
) -> dict[str, Any]:
    return queries.get(services, caller, event_id)


@router.get("/fields")
def list_fields(query: Annotated[FieldQuery, Query()], caller: EventReader, services: ServicesDep) -> FieldList:
    """The documented fields, for completion and explanation."""
    return queries.fields(query)
