"""From an alert to a suppression: what it may name, how far it may reach, and what it would have hidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.dependencies import Caller
from api.incidents.queries import load as load_incident
from api.names import enterprise_refs, region_path
from api.problems import Invalid
from api.services import Services
from api.suppressions import schemas
from api.suppressions.schemas import Draft, DraftQuery, ExtentChoice, Preview, PreviewRequest
from taishi.clock import now, to_seconds
from taishi.errors import NotFound
from taishi.event import Event
from taishi.feedback.parameters import parameters
from taishi.feedback.priors import protected
from taishi.feedback.suppress import Matcher, Suppression, common_condition, narrowing_query
from taishi.records.tables import Asset, MetaAlert
from taishi.store.port import Search

DAY = 86_400.0
PAGE = 1000
MAX_METAS = 5000
MAX_EVIDENCE = 5000
SUGGESTED: tuple[schemas.ConditionField, ...] = ("rule", "attacker", "victim")


def meta_of(session: Session, meta_id: str) -> MetaAlert:
    found = session.scalar(select(MetaAlert).where(MetaAlert.id == meta_id))
    if found is None:
        raise NotFound("there is no such meta-alert, or it is outside your scope")
    return found


def _metas(session: Session, query: DraftQuery) -> list[MetaAlert]:
    """The meta-alerts to choose from, the best to hide first."""
    if query.meta_id is not None:
        return [meta_of(session, query.meta_id)]
    if query.incident_id is None:
        raise Invalid("name a meta-alert or an incident", "meta_id")
    load_incident(session, query.incident_id)
    wanted = select(MetaAlert).where(MetaAlert.incident_id == query.incident_id).order_by(MetaAlert.id).limit(200)
    found = list(session.scalars(wanted))
    if not found:
        raise NotFound("this incident has no meta-alert that could be suppressed")
    return sorted(found, key=lambda meta: (protected(meta.severity, meta.outcome), -meta.count, meta.id))


def seen_severity(meta: MetaAlert) -> int:
    """The severity up to which a suppression made from it hides: never a critical."""
    return min(meta.severity, int(parameters()["suppression"]["critical"]) - 1)


def evidence(services: Services, caller: Caller, meta: MetaAlert) -> list[Event]:
    return services.store.get([str(identity) for identity in meta.evidence], caller.scope)


def draft(services: Services, caller: Caller, query: DraftQuery) -> Draft:
    with services.records.read(caller.scope) as session:
        metas = _metas(session, query)
        meta = metas[0]
        events = evidence(services, caller, meta)
        condition = _condition(events, meta)
        return Draft(
            meta_id=meta.id,
            metas=[
                schemas.DraftMeta(
                    id=one.id, name=one.name, severity=one.severity, count=one.count,
                    hideable=not protected(one.severity, one.outcome),
                )
                for one in metas
            ],
            enterprise=enterprise_refs(session, [meta.enterprise_id])[meta.enterprise_id],
            condition=condition,
            suggested=[name for name in SUGGESTED if name in condition],
            extents=extents(session, caller, meta, events),
            seen_severity=seen_severity(meta),
            longest_days=int(parameters()["suppression"]["longest_days"]),
        )  # fmt: skip


def _condition(events: Sequence[Event], meta: MetaAlert) -> dict[schemas.ConditionField, str]:
    """What the evidence has in common; where it has expired, the rule alone."""
    found = common_condition(events)
    if not events and len(meta.rules) == 1:
        found = {"rule": next(iter(meta.rules))}
    return cast("dict[schemas.ConditionField, str]", found)


def extents(session: Session, caller: Caller, meta: MetaAlert, events: Sequence[Event]) -> list[ExtentChoice]:
    """From the narrowest. A region is offered where all of it lies within the caller's scope."""
    found: list[ExtentChoice] = []
    assets = {str(event.get("taishi.asset.id") or "") for event in events}
    asset = session.get(Asset, next(iter(assets))) if len(assets) == 1 else None
    if asset is not None and asset.enterprise_id == meta.enterprise_id:
        found.append(_choice("asset", meta.region, f"资产 {asset.name}", f"Asset {asset.name}", asset.id))
    enterprise = enterprise_refs(session, [meta.enterprise_id])[meta.enterprise_id]
    found.append(_choice("enterprise", meta.region, enterprise.name, enterprise.name_en or enterprise.name))
    path = region_path(session, meta.region)
    for place in reversed(path):
        if authority_for(caller, place.code) is not None:
            extent: schemas.Extent = "all" if place is path[0] else "region"
            found.append(_choice(extent, place.code, place.name, place.name_en or place.name))
    return found


def _choice(extent: schemas.Extent, region: str, zh: str, en: str, asset_id: str = "") -> ExtentChoice:
    return ExtentChoice(extent=extent, region=region, asset_id=asset_id, name_zh=zh, name_en=en)


def authority_for(caller: Caller, region: str) -> str | None:
    """The authority that a suppression of a whole region is bound to ("" for none), or None where the caller's scope does
    not cover that region."""
    scope = caller.scope
    if scope.nothing or scope.enterprises or len(scope.authorities) > 1:
        return None
    authority = scope.authorities[0] if scope.authorities else ""
    return authority if scope.allows(region, "", authority) else None


def planned(
    session: Session, services: Services, caller: Caller, wanted: PreviewRequest, expires_at: float
) -> tuple[MetaAlert, Suppression]:
    """The suppression as asked for, checked against the meta-alert and the caller's scope. Raises Invalid, NotFound."""
    meta = meta_of(session, wanted.meta_id)
    events = evidence(services, caller, meta)
    possible = _condition(events, meta)
    if not dict(wanted.condition).items() <= possible.items():
        raise Invalid("a condition must hold for every piece of evidence of the alert; see the draft", "condition")
    chosen = next(
        (
            one
            for one in extents(session, caller, meta, events)
            if one.extent == wanted.extent and (wanted.extent != "region" or one.region == wanted.region)
        ),
        None,
    )
    if chosen is None:
        raise Invalid("this extent is not within your scope, or does not contain the alert; see the draft", "extent")
    inside = wanted.extent in {"asset", "enterprise"}
    return meta, Suppression(
        "preview", wanted.extent, meta.enterprise_id if inside else "", chosen.region,
        meta.authority if inside else authority_for(caller, chosen.region) or "", chosen.asset_id,
        {str(name): value for name, value in wanted.condition.items()}, seen_severity(meta), expires_at,
    )  # fmt: skip


def preview(services: Services, caller: Caller, wanted: PreviewRequest) -> Preview:
    """What it would have hidden in the last days, by the matcher that the stream uses."""
    with services.records.read(caller.scope) as session:
        _, suppression = planned(session, services, caller, wanted, now() + DAY)
        return measure(session, services, caller, suppression)


def measure(session: Session, services: Services, caller: Caller, suppression: Suppression) -> Preview:
    days = parameters()["suppression"]["preview_days"]
    at = now()
    since = at - days * DAY
    hidden, complete = _hidden(services, caller, suppression, since, at)
    metas = _hidden_metas(session, services, caller, suppression, hidden, since)
    return Preview(
        days=int(days), alerts=len(hidden), meta_alerts=len(metas), incidents=_hidden_incidents(session, metas),
        complete=complete,
    )  # fmt: skip


def _hidden(
    services: Services, caller: Caller, suppression: Suppression, since: float, at: float
) -> tuple[set[str], bool]:
    """Ids of the alerts it would have hidden, and whether all were looked at."""
    matcher = Matcher.of([suppression])
    most = int(parameters()["suppression"]["preview_alerts"])
    found: set[str] = set()
    cursor, seen = None, 0
    while True:
        page = services.store.search(
            Search(narrowing_query(suppression), since, at + DAY, PAGE, cursor), caller.scope
        )  # fmt: skip
        found.update(str(event["event.id"]) for event in page.events if matcher.find(event, at) is not None)
        seen, cursor = seen + len(page.events), page.cursor
        if cursor is None:
            return found, True
        if seen >= most:
            return found, False


def _hidden_metas(
    session: Session, services: Services, caller: Caller, suppression: Suppression, hidden: set[str], since: float
) -> dict[str, str]:
    """Meta-alert → incident ("" for none) of those of which nothing in the period would have been left."""
    query = select(MetaAlert).where(MetaAlert.last_seen >= since).order_by(MetaAlert.last_seen.desc(), MetaAlert.id)
    if suppression.enterprise_id:
        query = query.where(MetaAlert.enterprise_id == suppression.enterprise_id)
    touched = [meta for meta in session.scalars(query.limit(MAX_METAS)) if hidden & set(map(str, meta.evidence))]
    doubtful = [str(identity) for meta in touched for identity in meta.evidence if str(identity) not in hidden]
    left = {
        str(event["event.id"])
        for event in services.store.get(doubtful[:MAX_EVIDENCE], caller.scope)
        if to_seconds(str(event["@timestamp"])) >= since
    }
    unknown = set(doubtful[MAX_EVIDENCE:])
    return {
        meta.id: meta.incident_id or ""
        for meta in touched
        if not (left | unknown) & set(map(str, meta.evidence))
    }  # fmt: skip


def _hidden_incidents(session: Session, metas: dict[str, str]) -> int:
    """Incidents whose meta-alerts would all have been hidden."""
    wanted = sorted({incident for incident in metas.values() if incident})
    members: dict[str, set[str]] = {}
    for start in range(0, len(wanted), 400):
        query = select(MetaAlert.id, MetaAlert.incident_id).where(
            MetaAlert.incident_id.in_(wanted[start : start + 400])
        )
        for meta_id, incident_id in session.execute(query):
            members.setdefault(str(incident_id), set()).add(meta_id)
    return sum(1 for some in members.values() if some <= metas.keys())


def jsonable(condition: dict[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in condition.items()}
