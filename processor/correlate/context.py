"""What belongs to the picture of an escalated incident although nothing links it: reconnaissance that named nobody just
before, rare behaviour of the same enterprise around it, slow theft or stopped services days before.

Context is shown with its reason; it adds nothing to the score, keeps nothing alive and links nothing further.
"""

from __future__ import annotations

from math import exp

from processor.behaviours import table
from processor.correlate import score
from processor.correlate.state import Case, Member, State
from processor.parameters import count, number

RECON = number("context.recon")
LATE = number("context.late")
LATE_SURPRISE = number("context.late_surprise")
LATE_STAGES = frozenset({7, 8})
NEAR = number("context.near")
NEAR_SURPRISE = number("context.near_surprise")
SCANS = frozenset({"T1046", "T1018"})
SINGLE = number("context.single")
"""One alert alone is less than one that was repeated or that two rules agree on."""

FLEET = count("context.fleet")
FLEET_TIME = number("context.fleet_time")
MOST = count("context.most")
MOST_MET = count("context.most_met")
REMEMBERED = count("context.remembered")


def worthy(member: Member) -> bool:
    """Whether a meta-alert could be context at all: it names no outside attacker and means something."""
    if member.external or member.risen or member.outcome == "failure":
        return False
    if member.stage == 0:
        return bool(member.technique) and not member.attacker
    return member.surprise >= min(NEAR_SURPRISE, LATE_SURPRISE) and (bool(member.technique) or member.risk >= 0.1)


def remember(state: State, member: Member) -> None:
    """Keep a meta-alert of low risk for a while; over the cap the oldest goes."""
    if not worthy(member):
        return
    state.aside[member.id] = member
    if len(state.aside) > REMEMBERED:
        del state.aside[min(state.aside, key=lambda identity: (state.aside[identity].t, identity))]


def _kind(member: Member) -> str:
    if member.stage == 0 or (member.technique in SCANS and not member.attacker):
        return "recon"
    return "late" if member.stage in LATE_STAGES else "near"


def _place(member: Member, case: Case, attacked: set[str]) -> str:
    """Its kind; of reconnaissance also whether it met a host of the incident. "" for paths enumerated on another host
    and scans elsewhere after the beginning: that is not how this one was found."""
    kind = _kind(member)
    if kind != "recon" or attacked.intersection(member.entities):
        return kind
    row = table().get(member.behaviour)
    return "elsewhere" if row is not None and row.scope == "src" and member.first < case.first else ""


def _everywhere(state: State) -> set[str]:
    """Meta-alerts whose behaviour met so many hosts at about the same time that it was an update or a restart of
    everything, not somebody's deed."""
    by_behaviour: dict[str, list[Member]] = {}
    for member in [*state.aside.values(), *state.members.values()]:
        if member.stage > 0 and not member.attacker and member.risk < score.RISKY:
            by_behaviour.setdefault(member.behaviour, []).append(member)
    found: set[str] = set()
    for members in by_behaviour.values():
        for member in members if len(members) >= FLEET else ():
            hosts = {other.victim for other in members if abs(other.first - member.first) <= FLEET_TIME}
            if len(hosts) >= FLEET:
                found.add(member.id)
    return found


def nearness(member: Member, case: Case) -> float:
    """0 where a meta-alert is no context of an incident; else how near and how rare it is, up to 1."""
    away = max(0.0, case.first - member.t, member.first - case.active)
    if not worthy(member):
        return 0.0
    kind = _kind(member)
    if kind == "recon":
        near = away <= RECON and member.first - case.first <= RECON
        return exp(-away / RECON) * (1.0 if member.told > 1 else SINGLE) if near else 0.0
    if kind == "near" and (member.t < case.first or member.first < case.first - NEAR):
        return 0.0  # what has been going on for hours is not of this attack
    reach, least = (LATE, LATE_SURPRISE) if kind == "late" else (NEAR, NEAR_SURPRISE)
    if member.surprise < least or away > reach:
        return 0.0
    return member.surprise * exp(-away / reach) * (1.0 if member.told > 1 else SINGLE)


def candidates(state: State, case: Case, closed: frozenset[str]) -> list[tuple[float, Member]]:
    """Context of an incident, best first, as many of each kind as there is room for: from what is remembered and from
    incidents that nobody was told of."""
    everywhere = _everywhere(state)
    found = [(nearness(member, case), member) for member in state.aside.values()]
    for other in state.cases.values():
        free = (
            other.escalated_at is None and not other.foreign and other.id not in closed and other.id not in case.apart
        )
        if other is not case and free and case.id not in other.apart:
            found.extend((nearness(member, case), member) for member in state.of(other))
    attacked = score.hosts(state.telling(case))
    room = {"recon": MOST_MET, "elsewhere": MOST, "late": MOST, "near": MOST}
    for member in state.of(case):
        if member.context:
            place = _place(member, case, attacked)
            room[place] = room.get(place, 0) - 1
    chosen = []
    usable = [pair for pair in found if pair[0] > 0.0 and pair[1].id not in everywhere]
    for near, member in sorted(usable, key=lambda pair: (-pair[0], pair[1].id)):
        place = _place(member, case, attacked)
        if room.get(place, 0) > 0:
            room[place] -= 1
            chosen.append((near, member))
    return chosen
