"""/incidents/{id}/grade: deciding the grade of an incident; reading it is part of the incident."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.dependencies import IfMatch, IncidentWriter, ServicesDep
from api.grades import queries
from api.grades.schemas import GradeChange
from api.incidents.changes import check_version, record
from api.incidents.queries import full, load, with_etag
from api.incidents.schemas import IncidentDetail
from taishi.clock import now
from taishi.errors import Conflict
from taishi.security import audit

router = APIRouter(prefix="/incidents", tags=["incidents"])


@router.patch("/{incident_id}/grade")
def grade_incident(
    incident_id: Annotated[str, Path(max_length=64)],
    change: GradeChange,
    *,
    if_match: IfMatch,
    caller: IncidentWriter,
    services: ServicesDep,
    response: Response,
) -> IncidentDetail:
    """Add human facts, decide category and levels, say when the event was determined and reported. The ETag is the
    incident's. The platform proposes; only this decides."""
    with services.records.write(caller.scope) as session:
        incident = load(session, incident_id, lock=True)
        check_version(incident, if_match)
        if incident.merged_into is not None:
            raise Conflict(f"this incident was merged into {incident.merged_into}; work on that one")
        before, after = queries.apply(session, caller, incident, change)
        if after:
            at = now()
            incident.version += 1
            record(
                session, incident, actor=caller.login, at=at, action="grade", before=before, after=after,
                note=change.reason,
            )  # fmt: skip
            audit.append(
                session, at=at, actor=caller.login, action="incident.grade", object_kind="incident",
                object_id=incident.id, detail={"before": before, "after": after, "version": incident.version},
            )  # fmt: skip
        session.flush()
        return with_etag(response, full(session, incident))
