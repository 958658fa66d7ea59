"""/incidents: the queue, one incident, and what people do to them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.dependencies import IfMatch, IncidentReader, IncidentWriter, NoteWriter, OptionalIfMatch, ServicesDep
from api.incidents import bulk, changes, corrections, facets, queries, timeline
from api.incidents.schemas import (
    BulkRequest,
    BulkResult,
    HistoryEntry,
    HistoryList,
    IncidentChange,
    IncidentDetail,
    IncidentFacets,
    IncidentFilter,
    IncidentPage,
    IncidentQuery,
    MergeRequest,
    NoteCreate,
    SplitRequest,
    SplitResult,
    Timeline,
    UndoRequest,
)
from api.meta_alerts import queries as meta_alerts
from api.meta_alerts.schemas import MetaAlertList

router = APIRouter(prefix="/incidents", tags=["incidents"])

IncidentId = Annotated[str, Path(max_length=64)]


@router.get("")
def list_incidents(
    query: Annotated[IncidentQuery, Query()], caller: IncidentReader, services: ServicesDep
) -> IncidentPage:
    """One page. Without parameters: the caller's queue."""
    return queries.page(services, caller, query)


@router.get("/facets")
def count_incidents(
    filters: Annotated[IncidentFilter, Query()], caller: IncidentReader, services: ServicesDep
) -> IncidentFacets:
    """Counts beside the list; loaded apart, so that rows come first."""
    return facets.count(services, caller, filters)


@router.post("/bulk")
def change_incidents(request: BulkRequest, caller: IncidentWriter, services: ServicesDep) -> BulkResult:
    """The same change on many: on ids or on a whole query. Each item succeeds or fails for itself."""
    return bulk.change(services, caller, request)


@router.post("/undo")
def undo_change(request: UndoRequest, caller: IncidentWriter, services: ServicesDep) -> BulkResult:
    """Take back one change, bulk change, merge or split of the caller. What others changed since is a conflict."""
    return bulk.undo(services, caller, request.bulk_id)


@router.get("/{incident_id}")
def get_incident(
    incident_id: IncidentId, caller: IncidentReader, services: ServicesDep, response: Response
) -> IncidentDetail:
    """One incident. The ETag header is needed for changing it."""
    return queries.with_etag(response, queries.detail(services, caller, incident_id))


@router.patch("/{incident_id}")
def change_incident(
    incident_id: IncidentId,
    change: IncidentChange,
    *,
    if_match: IfMatch,
    caller: IncidentWriter,
    services: ServicesDep,
    response: Response,
) -> IncidentDetail:
    """Change status, verdict or owner. 428 without If-Match; 412 when somebody changed it first."""
    return queries.with_etag(response, changes.change(services, caller, incident_id, change, if_match))


@router.get("/{incident_id}/meta-alerts")
def list_incident_meta_alerts(incident_id: IncidentId, caller: IncidentReader, services: ServicesDep) -> MetaAlertList:
    """All meta-alerts of the incident, each with why it joined."""
    return meta_alerts.of_incident(services, caller, incident_id)


@router.get("/{incident_id}/timeline")
def get_incident_timeline(incident_id: IncidentId, caller: IncidentReader, services: ServicesDep) -> Timeline:
    """What happened, oldest first: the attack and the work on it."""
    return timeline.timeline(services, caller, incident_id)


@router.get("/{incident_id}/history")
def get_incident_history(incident_id: IncidentId, caller: IncidentReader, services: ServicesDep) -> HistoryList:
    """Who changed what, when and why, newest first."""
    return timeline.history(services, caller, incident_id)


@router.post("/{incident_id}/notes", status_code=201)
def add_incident_note(
    incident_id: IncidentId, note: NoteCreate, caller: NoteWriter, services: ServicesDep
) -> HistoryEntry:
    return changes.add_note(services, caller, incident_id, note)


@router.post("/{incident_id}/merge")
def merge_incidents(
    incident_id: IncidentId,
    request: MergeRequest,
    *,
    caller: IncidentWriter,
    services: ServicesDep,
    response: Response,
    if_match: OptionalIfMatch = None,
) -> IncidentDetail:
    """Put other incidents of the same enterprise into this one."""
    return queries.with_etag(response, corrections.merge(services, caller, incident_id, request, if_match))


@router.post("/{incident_id}/split")
def split_incident(
    incident_id: IncidentId,
    request: SplitRequest,
    caller: IncidentWriter,
    services: ServicesDep,
    if_match: OptionalIfMatch = None,
) -> SplitResult:
    """Take meta-alerts out into an incident of their own."""
    return corrections.split(services, caller, incident_id, request, if_match)
