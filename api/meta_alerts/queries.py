"""Reading meta-alerts, why they joined, and the events behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, or_, select
from sqlalchemy.orm import Session

from api import paging
from api.common import attack, severity_level
from api.dependencies import Caller
from api.incidents.filters import in_region
from api.incidents.queries import load as load_incident
from api.meta_alerts import schemas
from api.meta_alerts.schemas import EvidenceList, JoinReason, MetaAlertList, MetaAlertPage, MetaAlertQuery, RuleCount
from api.names import enterprise_refs
from api.services import Services
from taishi.errors import NotFound
from taishi.records.tables import MetaAlert

MAX_OF_INCIDENT = 1000

SORTS: dict[str, list[tuple[Any, bool, type]]] = {
    "-last_seen": [(MetaAlert.last_seen, True, float), (MetaAlert.id, False, str)],
    "-severity": [(MetaAlert.severity, True, int), (MetaAlert.last_seen, True, float), (MetaAlert.id, False, str)],
    "-count": [(MetaAlert.count, True, int), (MetaAlert.id, False, str)],
}


def _word(word: str) -> ColumnElement[bool]:
    return or_(
        MetaAlert.id == word,
        MetaAlert.name.icontains(word, autoescape=True),
        MetaAlert.technique.istartswith(word, autoescape=True),
        MetaAlert.attacker == word,
        MetaAlert.victim == word,
        cast(MetaAlert.entities, Text).icontains(word, autoescape=True),
    )


def conditions(query: MetaAlertQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [_word(word) for word in query.q.split()[:8]]
    if query.incident_id is not None:
        found.append(MetaAlert.incident_id == query.incident_id)
    if query.enterprise_id is not None:
        found.append(MetaAlert.enterprise_id == query.enterprise_id)
    if query.region is not None:
        found.append(in_region(MetaAlert.region, query.region))
    if query.technique is not None:
        found.append(MetaAlert.technique == query.technique)
    if query.severity_min > 0:
        found.append(MetaAlert.severity >= query.severity_min)
    if query.since is not None:
        found.append(MetaAlert.last_seen >= query.since)
    if query.until is not None:
        found.append(MetaAlert.last_seen < query.until)
    return found


def _join(raw: dict[str, Any]) -> JoinReason | None:
    if not raw:
        return None
    return JoinReason(
        score=float(raw.get("score", 0.0)),
        weight=float(raw.get("weight", 0.0)),
        stage_factor=float(raw.get("stage_factor", 1.0)),
        risk_factor=float(raw.get("risk_factor", 1.0)),
        entities=[
            schemas.JoinEntity(
                kind=str(entity.get("kind", "")),
                value=str(entity.get("value", "")),
                weight=float(entity.get("weight", 0.0)),
            )
            for entity in raw.get("entities", [])
        ],
        text_zh=str(raw.get("text_zh", "")),
        text_en=str(raw.get("text_en", "")),
        by=str(raw.get("by", "engine")),
    )


def _changes(raw: dict[str, Any]) -> schemas.MetaChanges:
    return schemas.MetaChanges(**{name: int(raw.get(name, 0)) for name in schemas.MetaChanges.model_fields})


LOOKED_UP = frozenset({"changes", "entities", "rules", "products", "join", "technique", "tactic"})


def rows(session: Session, metas: Sequence[MetaAlert]) -> list[schemas.MetaAlert]:
    """Meta-alerts as the API shows them, enterprise names looked up once for all."""
    enterprises = enterprise_refs(session, (meta.enterprise_id for meta in metas))
    plain = (schemas.MetaAlert.model_fields.keys() & set(MetaAlert.__mapper__.columns.keys())) - LOOKED_UP
    return [
        schemas.MetaAlert(
            **{name: getattr(meta, name) for name in plain},
            enterprise=enterprises[meta.enterprise_id],
            **attack(meta.technique, meta.tactic),
            severity_level=severity_level(meta.severity),
            entities=[
                schemas.MetaEntity(kind=str(entity.get("kind", "")), value=str(entity.get("value", "")))
                for entity in meta.entities
            ],
            rules=[
                RuleCount(name=name, count=int(count))
                for name, count in sorted(meta.rules.items(), key=lambda item: (-int(item[1]), item[0]))
            ],
            products=[str(product) for product in meta.products],
            evidence_count=len(meta.evidence),
            mode="changed" if meta.changes else "identical",
            changes=_changes(meta.changes),
            join=_join(meta.join),
        )
        for meta in metas
    ]


def page(services: Services, caller: Caller, query: MetaAlertQuery) -> MetaAlertPage:
    keys = SORTS[query.sort]
    pairs = [(key, descending) for key, descending, _ in keys]
    statement = select(MetaAlert, *[key for key, _ in pairs]).where(*conditions(query))
    if query.cursor is not None:
        statement = statement.where(paging.after(pairs, paging.decode(query.cursor, [kind for _, _, kind in keys])))
    with services.records.read(caller.scope) as session:
        found = session.execute(statement.order_by(*paging.order(pairs)).limit(query.limit + 1)).all()
        shown = found[: query.limit]
        items = rows(session, [row[0] for row in shown])
    more = len(found) > query.limit
    return MetaAlertPage(items=items, next_cursor=paging.encode(tuple(shown[-1][1:])) if more else None)


def _load(session: Session, meta_id: str) -> MetaAlert:
    found = session.scalars(select(MetaAlert).where(MetaAlert.id == meta_id)).first()
    if found is None:
        raise NotFound("there is no such meta-alert, or it is outside your scope")
    return found


def detail(services: Services, caller: Caller, meta_id: str) -> schemas.MetaAlert:
    with services.records.read(caller.scope) as session:
        return rows(session, [_load(session, meta_id)])[0]


def of_incident(services: Services, caller: Caller, incident_id: str) -> MetaAlertList:
    """Oldest first: the order in which the incident grew."""
    with services.records.read(caller.scope) as session:
        load_incident(session, incident_id)
        statement = select(MetaAlert).where(MetaAlert.incident_id == incident_id)
        found = session.scalars(statement.order_by(MetaAlert.first_seen, MetaAlert.id).limit(MAX_OF_INCIDENT)).all()
        return MetaAlertList(items=rows(session, found))


def evidence(services: Services, caller: Caller, meta_id: str) -> EvidenceList:
    with services.records.read(caller.scope) as session:
        ids = list(map(str, _load(session, meta_id).evidence))
    events = services.store.get(ids, caller.scope)
    events.sort(key=lambda event: (str(event.get("@timestamp", "")), str(event.get("event.id", ""))))
    return EvidenceList(items=events, missing=len(set(ids)) - len(events))
