"""The rules that fired in the evidence of an incident, as the alerts say it: what made them fire, and what to do."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from api.dependencies import Caller
from api.incidents.queries import load as load_incident
from api.rules.schemas import FiredField, IncidentRule, IncidentRuleList
from api.services import Services
from taishi.event import Event
from taishi.records.tables import MetaAlert

EVIDENCE = 400
"""Events of an incident that are looked at."""
FIELDS = 16


def rules(services: Services, caller: Caller, incident_id: str) -> IncidentRuleList:
    """The gravest first. Who may read the evidence may read these."""
    with services.records.read(caller.scope) as session:
        load_incident(session, incident_id)
        rows = session.scalars(select(MetaAlert.evidence).where(MetaAlert.incident_id == incident_id).limit(200))
        ids = list(dict.fromkeys(str(one) for evidence in rows for one in evidence))[:EVIDENCE]
    found: dict[str, IncidentRule] = {}
    events = services.store.get(ids, caller.scope)
    for event in sorted(events, key=lambda one: (str(one["@timestamp"]), str(one["event.id"])), reverse=True):
        if "taishi.detection.event" in event and event.get("rule.id"):
            _collect(event, found)
    return IncidentRuleList(items=sorted(found.values(), key=lambda one: (-one.severity, one.name, one.id)))


def _collect(event: Event, found: dict[str, IncidentRule]) -> None:
    """The newest alert of a rule is told in full; the others are counted."""
    identity = str(event["rule.id"])
    known = found.get(identity)
    if known is not None:
        known.alerts += 1
        return
    found[identity] = IncidentRule(
        id=identity, name=str(event.get("rule.name") or identity), description=str(event.get("rule.description") or ""),
        severity=int(event.get("event.severity") or 0), alerts=1,
        advice_zh=str(event.get("taishi.detection.advice") or ""),
        advice_en=str(event.get("taishi.detection.advice_en") or ""), fired=fired(event),
    )  # fmt: skip


def fired(event: Event) -> list[FiredField]:
    """The fields that made an alert's rule fire."""
    names: list[Any] = _listed(event.get("taishi.detection.fields"))
    values: list[Any] = _listed(event.get("taishi.detection.values"))
    pairs = zip(names, values, strict=False)  # a store may have cut one of them
    return [FiredField(field=str(name), value=str(value)) for name, value in pairs][:FIELDS]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
