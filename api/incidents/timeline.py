"""What happened to an incident: the attack's steps and the work on it, on one line of time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.common import attack
from api.dependencies import Caller
from api.incidents.queries import load
from api.incidents.schemas import HistoryEntry, HistoryList, Timeline, TimelineEntry
from api.names import person_names
from api.services import Services
from taishi.records.tables import Incident, IncidentHistory, MetaAlert

MAX_ENTRIES = 2000

ACTIONS: Final[dict[str, tuple[str, str]]] = {
    "change": ("{who} 更新了事件", "{who} changed the incident"),
    "note": ("{who} 添加了备注", "{who} added a note"),
    "merge": ("{who} 合并了事件", "{who} merged incidents"),
    "split": ("{who} 拆分了事件", "{who} split the incident"),
    "grade": ("{who} 更新了事件定级", "{who} graded the incident"),
    "undo": ("{who} 撤销了操作", "{who} undid a change"),
}


def history_entry(entry: IncidentHistory, names: Mapping[str, str]) -> HistoryEntry:
    return HistoryEntry(
        seq=entry.seq,
        incident_id=entry.incident_id,
        at=entry.at,
        actor=entry.actor,
        actor_name=names.get(entry.actor, entry.actor),
        action=entry.action,
        before=entry.before,
        after=entry.after,
        note=entry.note,
        bulk_id=entry.bulk_id,
    )


def _entries(session: Session, incident_id: str) -> list[IncidentHistory]:
    statement = select(IncidentHistory).where(IncidentHistory.incident_id == incident_id)
    return list(session.scalars(statement.order_by(IncidentHistory.seq.desc()).limit(MAX_ENTRIES)))


def history(services: Services, caller: Caller, incident_id: str) -> HistoryList:
    with services.records.read(caller.scope) as session:
        load(session, incident_id)
        entries = _entries(session, incident_id)
        names = person_names(session, (entry.actor for entry in entries))
        return HistoryList(items=[history_entry(entry, names) for entry in entries])


def _entry(**given: Any) -> TimelineEntry:
    empty: dict[str, Any] = {
        "until": None, "meta_id": "", "stage": 0, "severity": 0, "outcome": "unknown",
        "count": 0, "attacker": "", "victim": "", "actor": "", **attack("", ""),
    }  # fmt: skip
    return TimelineEntry(**{**empty, **given})


def _alert(meta: MetaAlert) -> TimelineEntry:
    return _entry(
        at=meta.first_seen,
        until=meta.last_seen,
        kind="alert",
        title_zh=meta.name,
        title_en=meta.name,
        meta_id=meta.id,
        **attack(meta.technique, meta.tactic),
        stage=meta.stage,
        severity=meta.severity,
        outcome=meta.outcome,
        count=meta.count,
        attacker=meta.attacker,
        victim=meta.victim,
    )


def _work(entry: IncidentHistory, names: Mapping[str, str]) -> TimelineEntry:
    kind = entry.action if entry.action in ACTIONS else "change"
    zh, en = ACTIONS[kind]
    who = names.get(entry.actor, entry.actor)
    note_zh, note_en = (f"：{entry.note}", f": {entry.note}") if entry.note else ("", "")
    return _entry(
        at=entry.at,
        kind=kind,
        title_zh=zh.replace("{who}", who) + note_zh,
        title_en=en.replace("{who}", who) + note_en,
        actor=entry.actor,
    )


def _escalated(incident: Incident) -> list[TimelineEntry]:
    if incident.escalated_at is None:
        return []
    return [
        _entry(
            at=incident.escalated_at,
            kind="escalated",
            title_zh="系统判定需要研判",
            title_en="The engine decided that a person should look",
            severity=incident.severity,
        )
    ]


def timeline(services: Services, caller: Caller, incident_id: str) -> Timeline:
    with services.records.read(caller.scope) as session:
        incident = load(session, incident_id)
        metas = session.scalars(
            select(MetaAlert)
            .where(MetaAlert.incident_id == incident_id)
            .order_by(MetaAlert.first_seen)
            .limit(MAX_ENTRIES)
        ).all()
        entries = _entries(session, incident_id)
        names = person_names(session, (entry.actor for entry in entries))
        items = [*map(_alert, metas), *_escalated(incident), *(_work(entry, names) for entry in entries)]
    return Timeline(items=sorted(items, key=lambda item: item.at))
