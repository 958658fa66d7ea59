"""What an incident's columns say after people moved meta-alerts: counts and extents at once, from the meta-alerts.

The processor computes the score anew when it applies the decision; until then it is the noisy-or of the members' risk,
1 − ∏(1 − risk), which is the formula's own shape without its stage bonus.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from taishi.records.tables import Incident, MetaAlert

MAX_ENTITIES = 200

OUTCOMES = ("success", "failure", "unknown")


def members(session: Session, incident_id: str) -> list[MetaAlert]:
    session.flush()
    statement = select(MetaAlert).where(MetaAlert.incident_id == incident_id)
    return list(session.scalars(statement.order_by(MetaAlert.first_seen, MetaAlert.id)))


def _entities(metas: Iterable[MetaAlert]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for meta in metas:
        for entity in meta.entities:
            found.setdefault((str(entity.get("kind")), str(entity.get("value"))), entity)
    return list(found.values())[:MAX_ENTITIES]


def _stages(metas: Sequence[MetaAlert]) -> list[dict[str, Any]]:
    first: dict[tuple[int, str, str], float] = {}
    for meta in metas:
        if meta.technique:
            key = (meta.stage, meta.tactic, meta.technique)
            first[key] = min(first.get(key, meta.first_seen), meta.first_seen)
    return [
        {"stage": stage, "tactic": tactic, "technique": technique, "first_seen": seen}
        for (stage, tactic, technique), seen in sorted(first.items(), key=lambda item: (item[0][0], item[1]))
    ]


def _reasons(reasons: Sequence[dict[str, Any]], ids: set[str]) -> list[dict[str, Any]]:
    kept = [reason for reason in reasons if not reason.get("meta_id") or reason["meta_id"] in ids]
    total = sum(float(reason.get("share", 0.0)) for reason in kept)
    return [{**reason, "share": float(reason.get("share", 0.0)) / total} for reason in kept] if total else []


def refresh(session: Session, incident: Incident, reasons: Sequence[dict[str, Any]]) -> None:
    """Set the machine columns from the members; `reasons` are those to choose from. Without members only counts."""
    metas = members(session, incident.id)
    incident.meta_count = len(metas)
    incident.alert_count = sum(meta.count for meta in metas)
    if not metas:
        return
    incident.first_seen = min(meta.first_seen for meta in metas)
    incident.last_seen = max(meta.last_seen for meta in metas)
    incident.severity = max(meta.severity for meta in metas)
    incident.score = 1.0 - prod(1.0 - min(0.999, max(0.0, meta.risk)) for meta in metas)
    incident.outcome = next((word for word in OUTCOMES if any(meta.outcome == word for meta in metas)), "unknown")
    incident.stages = _stages(metas)
    incident.techniques = sorted({meta.technique for meta in metas if meta.technique})
    incident.entities = _entities(metas)
    incident.reasons = _reasons(reasons, {meta.id for meta in metas})
