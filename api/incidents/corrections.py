"""People correct the correlation: merge, split, and their undo. Each writes a Decision that the processor applies.

Meta-alerts move at once; a meta-alert remembers in its join reason who moved it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.dependencies import Caller
from api.incidents.aggregate import members, refresh
from api.incidents.changes import check_version, new_bulk_id, record
from api.incidents.queries import full, load
from api.incidents.schemas import BulkItem, IncidentDetail, MergeRequest, SplitRequest, SplitResult
from api.problems import Invalid
from api.services import Services
from taishi.clock import now
from taishi.errors import Conflict, NotFound
from taishi.records.tables import Decision, Incident, IncidentHistory, MetaAlert
from taishi.security import audit

ACTIONS: Final = frozenset({"merge", "split"})

Stamp = tuple[str, float, str]
"""Actor, time, bulk id."""


def _join(actor: str, text_zh: str, text_en: str) -> dict[str, Any]:
    return {
        "score": 1.0, "weight": 1.0, "stage_factor": 1.0, "risk_factor": 1.0, "entities": [],
        "text_zh": text_zh, "text_en": text_en, "by": actor,
    }  # fmt: skip


def _move(metas: Sequence[MetaAlert], target: str, join: dict[str, Any]) -> dict[str, Any]:
    """Move meta-alerts to an incident; returns their former joins by id, for the undo."""
    former = {meta.id: meta.join for meta in metas}
    for meta in metas:
        meta.incident_id, meta.join = target, join
    return former


def _decide(session: Session, incident: Incident, kind: str, payload: dict[str, Any], stamp: Stamp) -> int:
    actor, at, _ = stamp
    row = Decision(enterprise_id=incident.enterprise_id, kind=kind, payload=payload, actor=actor, at=at)
    session.add(row)
    session.flush()
    return row.seq


def _check_mergeable(target: Incident, other: Incident) -> None:
    if other.id == target.id:
        raise Invalid("an incident cannot be merged into itself", "same_incident")
    if other.enterprise_id != target.enterprise_id:
        raise Invalid("only incidents of one enterprise can be merged", "other_enterprise")
    for incident in (target, other):
        if incident.merged_into is not None:
            raise Conflict(f"{incident.id} was already merged into {incident.merged_into}")


def merge(
    services: Services, caller: Caller, incident_id: str, request: MergeRequest, version: int | None
) -> IncidentDetail:
    """Absorb others: their meta-alerts move here, they stay as tombstones that point here."""
    stamp = (caller.login, now(), new_bulk_id())
    with services.records.write(caller.scope) as session:
        target = load(session, incident_id, lock=True)
        check_version(target, version)
        reasons = list(target.reasons)
        for other_id in dict.fromkeys(request.incident_ids):
            other = load(session, other_id, lock=True)
            _check_mergeable(target, other)
            reasons.extend(other.reasons)
            _absorb(session, target, other, request.reason, stamp)
        refresh(session, target, reasons)
        target.version += 1
        record(
            session, target, actor=stamp[0], at=stamp[1], action="merge", bulk_id=stamp[2], note=request.reason,
            after={"absorbed": request.incident_ids},
        )  # fmt: skip
        _audit(session, stamp, "incident.merge", target.id, {"absorbed": request.incident_ids})
        session.flush()
        return full(session, target, stamp[2])


def _absorb(session: Session, target: Incident, other: Incident, reason: str, stamp: Stamp) -> None:
    actor, at, bulk_id = stamp
    join = _join(actor, f"{actor} 将事件 {other.id} 合并到此", f"{actor} merged incident {other.id} into this one")
    former = _move(members(session, other.id), target.id, join)
    other.merged_into = target.id
    target.escalated = target.escalated or other.escalated
    if target.escalated and target.escalated_at is None:
        target.escalated_at = other.escalated_at
    other.version += 1
    decision = _decide(session, target, "merge", {"into": target.id, "incident": other.id}, stamp)
    after = {"merged_into": target.id, "decision": decision}
    record(
        session, other, actor=actor, at=at, action="merge", before={"joins": former}, after=after, note=reason,
        bulk_id=bulk_id,
    )  # fmt: skip


def _audit(session: Session, stamp: Stamp, action: str, incident_id: str, detail: dict[str, Any]) -> None:
    actor, at, bulk_id = stamp
    audit.append(
        session,
        at=at,
        actor=actor,
        action=action,
        object_kind="incident",
        object_id=incident_id,
        detail={**detail, "bulk_id": bulk_id},
    )


def _chosen(session: Session, incident: Incident, ids: Sequence[str]) -> list[MetaAlert]:
    wanted = set(ids)
    chosen = list(
        session.scalars(select(MetaAlert).where(MetaAlert.id.in_(wanted), MetaAlert.incident_id == incident.id))
    )
    if len(chosen) != len(wanted):
        raise NotFound("not all of these meta-alerts are in this incident")
    if len(chosen) == len(members(session, incident.id)):
        raise Invalid("these are all its meta-alerts: nothing would stay behind", "nothing_left")
    return chosen


def _offspring(incident: Incident, chosen: Sequence[MetaAlert], stamp: Stamp) -> Incident:
    """The new incident; its id derives from what it is made of and when."""
    actor, at, _ = stamp
    parts = "\x1f".join([incident.id, repr(at), *sorted(meta.id for meta in chosen)])
    return Incident(
        id=blake2b(parts.encode(), digest_size=16).hexdigest(),
        enterprise_id=incident.enterprise_id,
        region=incident.region,
        authority=incident.authority,
        title_zh=f"{incident.title_zh}（拆分）",
        title_en=f"{incident.title_en} (split)",
        escalated=incident.escalated,
        escalated_at=incident.escalated_at,
        score=incident.score,
        severity=incident.severity,
        first_seen=incident.first_seen,
        last_seen=incident.last_seen,
        asset_criticality=incident.asset_criticality,
        related=[incident.id],
        updated_at=at,
        owner=actor,
        acknowledged_at=at,
        status="triaged",
    )


def split(
    services: Services, caller: Caller, incident_id: str, request: SplitRequest, version: int | None
) -> SplitResult:
    stamp = (caller.login, now(), new_bulk_id())
    actor, at, bulk_id = stamp
    with services.records.write(caller.scope) as session:
        incident = load(session, incident_id, lock=True)
        check_version(incident, version)
        if incident.merged_into is not None:
            raise Conflict(f"this incident was merged into {incident.merged_into}; work on that one")
        chosen = _chosen(session, incident, request.meta_ids)
        created = _offspring(incident, chosen, stamp)
        session.add(created)
        join = _join(actor, f"{actor} 从事件 {incident.id} 拆分而来", f"{actor} split it from incident {incident.id}")
        former = _move(chosen, created.id, join)
        reasons = list(incident.reasons)
        refresh(session, created, reasons)
        refresh(session, incident, reasons)
        incident.version += 1
        payload = {"incident": incident.id, "metas": sorted(former), "new_incident": created.id}
        decision = _decide(session, incident, "split", payload, stamp)
        after = {"new_incident": created.id, "decision": decision}
        record(
            session, incident, actor=actor, at=at, action="split", before={"joins": former}, after=after,
            note=request.reason, bulk_id=bulk_id,
        )  # fmt: skip
        record(session, created, actor=actor, at=at, action="change", after={"split_from": incident.id})
        _audit(session, stamp, "incident.split", incident.id, payload)
        session.flush()
        return SplitResult(incident=full(session, incident), new_incident=full(session, created), bulk_id=bulk_id)


# ---------------------------------------------------------------- undo


def _give_back(session: Session, entry: IncidentHistory, from_id: str, to_id: str) -> None:
    joins = entry.before.get("joins", {})
    metas = session.scalars(select(MetaAlert).where(MetaAlert.id.in_(list(joins)), MetaAlert.incident_id == from_id))
    for meta in metas:
        meta.incident_id, meta.join = to_id, joins[meta.id]
    session.flush()


def _undo_one(session: Session, entry: IncidentHistory, incident: Incident, stamp: Stamp) -> set[str]:
    """Reverse one recorded merge or split; returns the incidents whose members changed."""
    if "merged_into" in entry.after:
        target = str(entry.after["merged_into"])
        if incident.merged_into != target:
            raise Conflict("it was merged elsewhere since")
        _give_back(session, entry, target, incident.id)
        incident.merged_into = None
        return {target, incident.id}
    created = load(session, str(entry.after["new_incident"]), lock=True)
    if created.merged_into is not None or incident.merged_into is not None:
        raise Conflict("one of the two was merged since")
    _give_back(session, entry, created.id, incident.id)
    if not members(session, created.id):
        created.merged_into = incident.id
    return {incident.id, created.id}


def undo(
    session: Session, entries: Sequence[IncidentHistory], incidents: Mapping[str, Incident], stamp: Stamp
) -> list[BulkItem]:
    """Reverse the merges or the split that these history entries record."""
    actor, at, bulk_id = stamp
    touched: set[str] = set()
    for entry in entries:
        if "decision" not in entry.after:
            continue
        incident = incidents[entry.incident_id]
        touched |= _undo_one(session, entry, incident, stamp)
        seq = _decide(session, incident, "undo", {"decision": entry.after["decision"]}, stamp)
        session.get_one(Decision, entry.after["decision"]).undone_by = seq
    results = []
    for incident_id in sorted(touched):
        incident = load(session, incident_id)
        pool = [reason for other in sorted(touched) for reason in load(session, other).reasons]
        refresh(session, incident, _distinct([*incident.reasons, *pool]))
        incident.version += 1
        note = f"undo:{entries[0].bulk_id}"
        record(session, incident, actor=actor, at=at, action="undo", note=note, bulk_id=bulk_id)
        results.append(BulkItem(id=incident_id, result="changed", version=incident.version, detail=""))
    return results


def _distinct(reasons: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[tuple[Any, Any], dict[str, Any]] = {}
    for reason in reasons:
        found.setdefault((reason.get("code"), reason.get("meta_id")), reason)
    return list(found.values())
