"""/intel: feeds, indicators, sightings and the lists that are never matched."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.dependencies import EvidenceReader, IfMatch, IntelKeeper, IntelReader, IntelWriter, ServicesDep
from api.intel import feeds, queries
from api.intel.schemas import (
    Feed,
    FeedChange,
    FeedCreate,
    FeedList,
    IncidentIndicatorList,
    IndicatorChange,
    IndicatorPage,
    IndicatorQuery,
    IntelIndicator,
    SightingPage,
    SightingQuery,
    WarningLists,
)

router = APIRouter(tags=["intelligence"])

FeedId = Annotated[str, Path(max_length=64)]
IndicatorId = Annotated[str, Path(max_length=64)]


@router.get("/intel/feeds")
def list_feeds(caller: IntelReader, services: ServicesDep) -> FeedList:
    """Feeds by name, with how the last pull ended."""
    return feeds.listed(services, caller)


@router.post("/intel/feeds", status_code=201)
def create_feed(request: FeedCreate, caller: IntelKeeper, services: ServicesDep, response: Response) -> Feed:
    """Enter a feed; it is pulled within a minute, then at its interval."""
    found = feeds.create(services, caller, request)
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.patch("/intel/feeds/{feed_id}")
def change_feed(
    feed_id: FeedId,
    request: FeedChange,
    *,
    if_match: IfMatch,
    caller: IntelKeeper,
    services: ServicesDep,
    response: Response,
) -> Feed:
    """Pause, start, pull now, or remove."""
    found = feeds.change(services, caller, feed_id, request, if_match)
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.get("/intel/indicators")
def list_indicators(
    query: Annotated[IndicatorQuery, Query()], caller: IntelReader, services: ServicesDep
) -> IndicatorPage:
    """The newest first; with a value those that it meets, else those whose text holds it."""
    return queries.indicators(services, caller, query)


@router.get("/intel/indicators/{indicator_id}")
def get_indicator(indicator_id: IndicatorId, caller: IntelReader, services: ServicesDep) -> IntelIndicator:
    return queries.detail(services, caller, indicator_id)


@router.patch("/intel/indicators/{indicator_id}")
def change_indicator(
    indicator_id: IndicatorId, request: IndicatorChange, caller: IntelWriter, services: ServicesDep
) -> IntelIndicator:
    """Take an indicator out of matching, or put it back; processors follow within seconds."""
    return queries.change(services, caller, indicator_id, request)


@router.get("/intel/sightings")
def list_sightings(
    query: Annotated[SightingQuery, Query()], caller: IntelReader, services: ServicesDep
) -> SightingPage:
    """Which enterprise met which indicator on which day, the newest first."""
    return queries.sightings(services, caller, query)


@router.get("/intel/warning-lists")
def list_warning_lists(caller: IntelReader, services: ServicesDep) -> WarningLists:
    """Values that are never matched, with the reasons."""
    return queries.warning_lists(services, caller)


@router.get("/incidents/{incident_id}/indicators")
def list_incident_indicators(
    incident_id: Annotated[str, Path(max_length=64)], caller: EvidenceReader, services: ServicesDep
) -> IncidentIndicatorList:
    """Indicators in the evidence of an incident."""
    return queries.of_incident(services, caller, incident_id)
