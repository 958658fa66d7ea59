"""Entities that turn out to be everybody's: a scanner, a resolver, a gateway that the inventory learns of later, or one that
far too many meta-alerts share. From then on they link nothing, and what they alone held together comes apart.

An incident that people know of, closed, merged or split is left whole: its doubtful joins are marked instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log

from processor.correlate import score, text
from processor.correlate.moves import Outcome, carry, incident_id, relate
from processor.correlate.state import Case, Member, State
from processor.parameters import count, number
from processor.stage import Signal

HUB = number("join.hub")
MAX_HUBS = count("bounds.hubs")
ONCE = ("host", "internal", "ip")
"""What an entity was called before it was known to be a hub."""


def recognised(state: State, fresh: Iterable[str], t: float) -> list[str]:
    """Entities that are hubs from now on; they are remembered, the latest `MAX_HUBS`."""
    found = []
    for entity in fresh:
        kind, _, value = entity.partition(":")
        once = [f"{former}:{value}" for former in ONCE] if kind == "hub" else []
        if kind != "hub" and state.commonness(entity, t) >= HUB:
            once = [entity]
        found += [one for one in once if one in state.links and one not in state.hubs]
    for entity in found:
        state.hubs.append(entity)
        state.grown += len(entity) + 8
    del state.hubs[:-MAX_HUBS]
    return found


def separate(state: State, hubs: list[str], closed: frozenset[str], signal: Signal, outcome: Outcome) -> None:
    """Take apart what only these hubs held together."""
    glued = {identity for hub in hubs for identity in state.links.pop(hub, [])}
    for identity in sorted(glued):
        case = state.cases[identity]
        groups = _groups([member for member in state.of(case) if not member.context], frozenset(state.hubs))
        if len(groups) < 2:
            continue
        groups.sort(key=lambda group: (-sum(-log(1.0 - min(0.999, one.risk)) for one in group), group[0].id))
        named = next(hub for hub in hubs if any(hub in member.entities for member in state.of(case)))
        known = case.escalated_at is not None or case.foreign or identity in closed or _decided(state, identity)
        for group in groups[1:]:
            _part(state, case, group, named, outcome, signal, marked=known)
        outcome.cases.add(identity)
        score.rescore(state, case, signal.received_at)


def _part(
    state: State, case: Case, group: list[Member], hub: str, outcome: Outcome, signal: Signal, *, marked: bool
) -> None:
    reason = text.shared(hub, marked=marked)
    for member in group:
        outcome.joins[member.id] = reason
    if marked:
        return
    new_id = incident_id(f"{group[0].id}\x1f{hub}")
    carry(state, [member.id for member in group], new_id)
    new = state.cases[new_id]
    relate(case, new)
    if score.rescore(state, new, signal.received_at):
        outcome.escalated.add(new_id)
    outcome.cases.add(new_id)


def _decided(state: State, identity: str) -> bool:
    """People merged, split or undid something here."""
    return any(identity in {entry["from"], entry["to"]} for entry in state.journal)


def _groups(members: list[Member], without: frozenset[str]) -> list[list[Member]]:
    """Components of meta-alerts that share something else."""
    place: dict[str, int] = {}
    groups: dict[int, list[Member]] = {}
    for number_, member in enumerate(members):
        mine = [member]
        near = {place[entity] for entity in member.ties if entity in place and entity not in without}
        for other in sorted(near):
            mine += groups.pop(other)
        groups[number_] = mine
        for one in mine:
            place.update({entity: number_ for entity in one.ties if entity not in without})
    return [sorted(group, key=lambda member: (member.first, member.id)) for group in groups.values()]
