"""What belongs to the picture of an escalated incident although nothing links it: reconnaissance that named nobody just
before, rare behaviour of the same enterprise around it, slow theft or stopped services days before.

Context is shown with its reason; it adds nothing to the score, keeps nothing alive and links nothing further.
"""

from __future__ import annotations

from math import exp

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

MOST = count("context.most")
REMEMBERED = count("context.remembered")


def worthy(member: Member) -> bool:
    """Whether a meta-alert could be context at all: it names no outside attacker and means something."""
    if member.external or member.outcome == "failure":
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


def nearness(member: Member, case: Case) -> float:
    """0 where a meta-alert is no context of an incident; else how near and how rare it is, up to 1."""
    away = max(0.0, case.first - member.t, member.first - case.active)
    if not worthy(member):
        return 0.0
    kind = _kind(member)
    if kind == "recon":
        return exp(-away / RECON) if away <= RECON and member.t < case.first else 0.0
    if kind == "near" and member.t < case.first:
        return 0.0
    reach, least = (LATE, LATE_SURPRISE) if kind == "late" else (NEAR, NEAR_SURPRISE)
    if member.surprise < least or away > reach:
        return 0.0
    return member.surprise * exp(-away / reach) * (1.0 if member.told > 1 else SINGLE)


def candidates(state: State, case: Case, closed: frozenset[str]) -> list[tuple[float, Member]]:
    """Context of an incident, best first, as many of each kind as there is room for: from what is remembered and from
    incidents that nobody was told of."""
    found = [(nearness(member, case), member) for member in state.aside.values()]
    for other in state.cases.values():
        free = (
            other.escalated_at is None and not other.foreign and other.id not in closed and other.id not in case.apart
        )
        if other is not case and free and case.id not in other.apart:
            found.extend((nearness(member, case), member) for member in state.of(other))
    room = {"recon": MOST, "late": MOST, "near": MOST}
    for member in state.of(case):
        if member.context:
            room[_kind(member)] -= 1
    chosen = []
    for near, member in sorted((pair for pair in found if pair[0] > 0.0), key=lambda pair: (-pair[0], pair[1].id)):
        if room[_kind(member)] > 0:
            room[_kind(member)] -= 1
            chosen.append((near, member))
    return chosen
