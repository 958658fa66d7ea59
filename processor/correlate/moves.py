"""Moving meta-alerts between incidents, for the engine and for people's decisions, and what a stretch changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from processor.correlate.state import Case, State


@dataclass(slots=True)
class Outcome:
    """What a stretch changed: incidents to write, where meta-alerts went and why, tombstones of merged incidents."""

    cases: set[str] = field(default_factory=set)
    joins: dict[str, dict[str, Any]] = field(default_factory=dict)
    tombstones: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    escalated: set[str] = field(default_factory=set)
    evicted: int = 0


def incident_id(meta_id: str) -> str:
    return blake2b(f"incident\x1f{meta_id}".encode(), digest_size=12).hexdigest()


def move(state: State, drop: Case, keep: Case) -> None:
    """All of one incident's meta-alerts into another; the dropped id leads to the kept one from now on."""
    state.unlink(drop)
    for member in state.of(drop):
        member.incident = keep.id
        if not member.context:
            state.link(keep, member.ties)
    keep.members.extend(drop.members)
    keep.first, keep.active = min(keep.first, drop.first), max(keep.active, drop.active)
    keep.related = [i for i in dict.fromkeys([*keep.related, *drop.related]) if i not in {keep.id, drop.id}][:16]
    keep.apart = [i for i in dict.fromkeys([*keep.apart, *drop.apart]) if i not in {keep.id, drop.id}]
    times = [at for at in (keep.escalated_at, drop.escalated_at) if at is not None]
    keep.escalated_at = min(times) if times else None
    del state.cases[drop.id]
    state.moved.pop(keep.id, None)  # it lives again: an undo gave it back, and ways must not lead in a circle
    state.moved[drop.id] = keep.id


def set_apart(one: Case, other: Case) -> None:
    for case, identity in ((one, other.id), (other, one.id)):
        if identity not in case.apart:
            case.apart.append(identity)
        if identity not in case.related:
            case.related.append(identity)


def carry(state: State, metas: list[str], target: str) -> None:
    """Move single meta-alerts to an incident, which is made where absent."""
    members = [state.members[meta] for meta in metas]
    case = state.cases.get(target)
    state.moved.pop(target, None)
    if case is None:
        case = state.cases[target] = Case(target, min(m.first for m in members), max(m.t for m in members))
    for member in members:
        old = state.cases.get(member.incident)
        if old is case:
            continue
        if old is not None:
            state.unlink(old)
            old.members.remove(member.id)
            state.relink(old)
        member.incident, member.context = target, False
        case.members.append(member.id)
        state.link(case, member.ties)
    case.first = min([case.first, *(m.first for m in members)])
    case.active = max([case.active, *(m.t for m in members)])


def relate(one: Case, other: Case) -> None:
    for case, identity in ((one, other.id), (other, one.id)):
        if identity not in case.related and len(case.related) < 16:
            case.related.append(identity)
