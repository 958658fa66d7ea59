"""Reading incidents: a page of the list and one incident with everything that explains it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from fastapi import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import paging
from api.campaigns import queries as campaigns
from api.common import EnterpriseRef, RegionRef, attack, severity_level
from api.dependencies import Caller
from api.grades.queries import grade
from api.incidents import schemas
from api.incidents.deadlines import deadlines, next_due
from api.incidents.filters import conditions
from api.incidents.schemas import Entity, IncidentDetail, IncidentPage, IncidentQuery, IncidentReason, RelatedIncident
from api.names import enterprise_refs, person_names, region_refs
from api.services import Services
from taishi.clock import now
from taishi.errors import NotFound
from taishi.feedback.priors import explain
from taishi.records.tables import Incident, MetaAlert

MAX_RELATED = 10
MAX_LESSONS = 10
RELATED_WINDOW = 200
"""How many of the enterprise's other incidents, newest first, are compared by shared entities."""

Key = tuple[Any, bool, type]


def sort_keys(sort: schemas.Sort) -> list[Key]:
    """(expression, descending, kind) of a sort order; the id makes it total."""
    found: dict[str, list[Key]] = {
        "-severity": [(Incident.severity, True, int), (Incident.score, True, float), (Incident.last_seen, True, float)],
        "-score": [(Incident.score, True, float), (Incident.last_seen, True, float)],
        "-last_seen": [(Incident.last_seen, True, float)],
        "last_seen": [(Incident.last_seen, False, float)],
        "-first_seen": [(Incident.first_seen, True, float)],
        "first_seen": [(Incident.first_seen, False, float)],
        "-alert_count": [(Incident.alert_count, True, int)],
        "due": [(next_due(), False, float)],
    }
    return [*found[sort], (Incident.id, False, str)]


def page(services: Services, caller: Caller, query: IncidentQuery) -> IncidentPage:
    """One page; `snapshot` is the newest creation time it can contain."""
    at = now()
    keys = sort_keys(query.sort)
    pairs = [(key, descending) for key, descending, _ in keys]
    statement = select(Incident, *[key for key, _ in pairs]).where(*conditions(query, caller.login, at).values())
    if query.cursor is not None:
        statement = statement.where(paging.after(pairs, paging.decode(query.cursor, [kind for _, _, kind in keys])))
    with services.records.read(caller.scope) as session:
        found = session.execute(statement.order_by(*paging.order(pairs)).limit(query.limit + 1)).all()
        shown = found[: query.limit]
        items = rows(session, [row[0] for row in shown], at)
    more = len(found) > query.limit
    return IncidentPage(items=items, next_cursor=paging.encode(tuple(shown[-1][1:])) if more else None, snapshot=at)


def _stages(incident: Incident) -> list[schemas.Stage]:
    return [
        schemas.Stage(
            order=int(stage.get("stage", 0)),
            **attack(str(stage.get("technique", "")), str(stage.get("tactic", ""))),
            first_seen=float(stage.get("first_seen", incident.first_seen)),
        )
        for stage in incident.stages
    ]


def _reasons(incident: Incident) -> list[IncidentReason]:
    return [
        IncidentReason(
            code=str(reason.get("code", "")),
            share=float(reason.get("share", 0.0)),
            value=float(reason.get("value", 0.0)),
            text_zh=str(reason.get("text_zh", "")),
            text_en=str(reason.get("text_en", "")),
            meta_id=str(reason.get("meta_id") or ""),
        )
        for reason in sorted(incident.reasons, key=lambda reason: -float(reason.get("share", 0.0)))
    ]


def _lessons(session: Session, incident: Incident) -> list[IncidentReason]:
    """What verdicts taught about the rules of its meta-alerts: a reason of its own, already inside their risk."""
    metas = select(MetaAlert.id, MetaAlert.learned).where(MetaAlert.incident_id == incident.id).order_by(MetaAlert.id)
    found: dict[str, IncidentReason] = {}
    for meta_id, learned in session.execute(metas):
        zh, en = explain(learned)
        if en and en not in found:
            found[en] = IncidentReason(
                code="lesson", share=0.0, value=float(learned["factor"]), text_zh=zh, text_en=en, meta_id=meta_id
            )
    return list(found.values())[:MAX_LESSONS]


def entities(raw: Iterable[dict[str, Any]]) -> list[Entity]:
    return [Entity(kind=str(entity.get("kind", "")), value=str(entity.get("value", ""))) for entity in raw]


def _fields(
    incident: Incident,
    enterprise: EnterpriseRef,
    region: RegionRef,
    owner_name: str,
    at: float,
) -> dict[str, Any]:
    """The members of `schemas.Incident`: columns as they are, and what is looked up or computed."""
    reasons = _reasons(incident)
    plain = {
        name: getattr(incident, name)
        for name in schemas.Incident.model_fields
        if name in Incident.__mapper__.columns and name != "stages"
    }
    return {
        **plain,
        "enterprise": enterprise,
        "region": region,
        "severity_level": severity_level(incident.severity),
        "owner_name": owner_name,
        "stages": _stages(incident),
        "reason_zh": reasons[0].text_zh if reasons else "",
        "reason_en": reasons[0].text_en if reasons else "",
        "deadlines": deadlines(incident, at),
    }


def rows(session: Session, incidents: Sequence[Incident], at: float) -> list[schemas.Incident]:
    """Incidents as list rows, names looked up once for all."""
    return [schemas.Incident(**fields) for fields in _all_fields(session, incidents, at)]


def _all_fields(session: Session, incidents: Sequence[Incident], at: float) -> list[dict[str, Any]]:
    enterprises = enterprise_refs(session, (incident.enterprise_id for incident in incidents))
    regions = region_refs(session, (incident.region for incident in incidents))
    people = person_names(session, (incident.owner for incident in incidents))
    return [
        _fields(
            incident,
            enterprises[incident.enterprise_id],
            regions[incident.region],
            people.get(incident.owner, ""),
            at,
        )
        for incident in incidents
    ]


def load(session: Session, incident_id: str, *, lock: bool = False) -> Incident:
    """The incident in the session's scope; raises NotFound. `lock` keeps other writers away until the commit."""
    statement = select(Incident).where(Incident.id == incident_id)
    found = session.scalars(statement.with_for_update() if lock else statement).first()
    if found is None:
        raise NotFound("there is no such incident, or it is outside your scope")
    return found


def _pairs(incident: Incident) -> set[tuple[str, str]]:
    return {(entity.kind, entity.value) for entity in entities(incident.entities)}


def _related(session: Session, incident: Incident) -> list[RelatedIncident]:
    """What the engine linked, and recent incidents of the same enterprise that share entities; most shared first."""
    named = session.scalars(select(Incident).where(Incident.id.in_(incident.related), Incident.id != incident.id))
    recent = session.scalars(
        select(Incident)
        .where(
            Incident.enterprise_id == incident.enterprise_id,
            Incident.id != incident.id,
            Incident.merged_into.is_(None),
        )
        .order_by(Incident.last_seen.desc())
        .limit(RELATED_WINDOW)
    )
    mine, linked = _pairs(incident), set(map(str, incident.related))
    candidates = {other.id: (other, mine & _pairs(other)) for other in [*named, *recent]}
    close = [(other, shared) for other, shared in candidates.values() if shared or other.id in linked]
    close.sort(key=lambda pair: (pair[0].id not in linked, -len(pair[1]), -pair[0].last_seen))
    return [_related_row(other, shared) for other, shared in close[:MAX_RELATED]]


def _related_row(incident: Incident, shared: set[tuple[str, str]]) -> RelatedIncident:
    return RelatedIncident(
        id=incident.id,
        title_zh=incident.title_zh,
        title_en=incident.title_en,
        status=incident.status,  # type: ignore[arg-type]  # the column holds only these, pydantic checks
        verdict=incident.verdict,  # type: ignore[arg-type]  # as above
        severity=incident.severity,
        severity_level=severity_level(incident.severity),
        last_seen=incident.last_seen,
        shared=[Entity(kind=kind, value=value) for kind, value in sorted(shared)],
    )


def full(session: Session, incident: Incident, bulk_id: str = "") -> IncidentDetail:
    merged = session.scalars(select(Incident.id).where(Incident.merged_into == incident.id).order_by(Incident.id))
    return IncidentDetail(
        **_all_fields(session, [incident], now())[0],
        reasons=_reasons(incident) + _lessons(session, incident),
        entities=entities(incident.entities),
        related=_related(session, incident),
        merged_from=list(merged),
        acknowledged_at=incident.acknowledged_at,
        resolved_at=incident.resolved_at,
        closed_at=incident.closed_at,
        grade=grade(session, incident),
        campaigns=campaigns.of_incident(session, incident.id),
        bulk_id=bulk_id,
    )


def detail(services: Services, caller: Caller, incident_id: str) -> IncidentDetail:
    with services.records.read(caller.scope) as session:
        return full(session, load(session, incident_id))


Versioned = TypeVar("Versioned", bound=schemas.IncidentDetail)


def with_etag(response: Response, incident: Versioned) -> Versioned:
    """Set the ETag header: the version that an edit must name."""
    response.headers["ETag"] = f'"{incident.version}"'
    return incident
