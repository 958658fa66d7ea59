"""How strongly a meta-alert belongs to an incident, and how much an incident deserves a person.

Pure functions; symbols as in `docs/spec/correlation.md`, numbers with their reasons in `data/correlation.toml`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, log1p

from processor.correlate.state import Case, Member, State
from processor.entities import KIND_WEIGHT
from processor.parameters import count, number

TAU = number("join.tau")
"""Links fade with this time constant in seconds."""

TAU_OT = number("join.tau_ot")
"""The same where industrial stages are involved: intruders dwell there (proposal)."""

SLOW = frozenset({5, 6, 7, 9, 10})
"""Industrial stages, and theft: what takes days. Stopping services and wiping disks takes minutes."""

THETA = number("join.theta")
"""Join at this link score."""

BRIDGE = number("join.bridge")
"""Two incidents become one when one meta-alert is linked to both at least this strongly."""

BRIDGE_RISK = number("join.bridge_risk")
LINK_RISK = number("join.link_risk")
"""Meta-alerts below this risk open no incident: counted, searchable noise."""

COMMON = number("join.common")
DAMPED = number("join.damped")
BACK, FAR_BACK = number("join.back"), number("join.far_back")
RISKLESS = number("join.riskless")
RISKY = number("join.risky")
WEAK = number("join.weak")
CONTINUATION = number("join.continuation")
"""A highly surprising meta-alert of the same enterprise soon after an escalated incident, without a shared entity."""

CONTINUATION_SURPRISE = number("join.continuation_surprise")
STAGE_RISK = number("escalate.stage_risk")
STAGES = number("escalate.stages")
ESCALATE = number("escalate.score")
ESCALATE_CHAIN = count("escalate.chain")
SURE = number("escalate.sure")
SURE_TECHNIQUES = count("escalate.sure_techniques")
ALONE_RISK = number("escalate.alone")
MAX_HOSTS = count("bounds.incident_hosts")
MAX_METAS = count("bounds.incident_metas")


@dataclass(slots=True)
class Link:
    """Why a meta-alert would join an incident. `entities` are (entity, weight), strongest first."""

    score: float
    weight: float
    stage_factor: float
    risk_factor: float
    age: float
    entities: list[tuple[str, float]]


def damping(common: float) -> float:
    """idf: what many meta-alerts share says little."""
    return 1.0 / (1.0 + DAMPED * log1p(common / COMMON))


def entity_weight(state: State, entity: str, t: float) -> float:
    kind = entity.partition(":")[0]
    return KIND_WEIGHT.get(kind, 0.3) * damping(state.commonness(entity, t))


def stage_factor(stage: int, reached: int) -> float:
    """Attacks go forward; a step back of two is still plausible."""
    return 1.0 if stage >= reached else BACK if stage >= reached - 2 else FAR_BACK


def links(state: State, member: Member, t: float, frozen: frozenset[str]) -> dict[str, Link]:
    """Every incident that shares an entity with the meta-alert, by id; `frozen` ones are left out by the caller."""
    found: dict[str, list[tuple[str, float]]] = {}
    for entity in member.ties:
        weight = entity_weight(state, entity, t) if entity not in state.hubs else 0.0
        for identity in state.links.get(entity, ()) if weight > WEAK else ():
            case = state.cases[identity]
            found.setdefault(identity, []).append((entity, weight * _fading(member, case, t)))
    if member.surprise >= CONTINUATION_SURPRISE:
        for case in state.cases.values():
            if case.escalated_at is not None and case.id not in found and case.id not in frozen:
                weight = CONTINUATION * exp(-max(0.0, t - case.active) / TAU)
                if weight > WEAK:
                    found[case.id] = [("enterprise:", weight)]
    return {identity: _link(state.cases[identity], member, t, parts) for identity, parts in found.items()}


def _fading(member: Member, case: Case, t: float) -> float:
    slow = member.stage in SLOW or case.slow
    return exp(-max(0.0, t - case.active) / (TAU_OT if slow else TAU))


def _link(case: Case, member: Member, t: float, parts: list[tuple[str, float]]) -> Link:
    rest = 1.0
    for _, weight in parts:
        rest *= 1.0 - weight
    order, risk = stage_factor(member.stage, case.stage), RISKLESS + (1.0 - RISKLESS) * min(1.0, member.risk / RISKY)
    ranked = sorted(parts, key=lambda part: (-part[1], part[0]))[:8]
    return Link((1.0 - rest) * order * risk, 1.0 - rest, order, risk, max(0.0, t - case.active), ranked)


def hosts(members: Sequence[Member]) -> set[str]:
    return {entity for member in members for entity in member.entities if entity.startswith(("host:", "internal:"))}


def strongest(members: Sequence[Member]) -> dict[str, Member]:
    """By scoring group, the riskiest member; the earliest of equals."""
    best: dict[str, Member] = {}
    for member in members:
        known = best.get(member.group)
        if known is None or (-member.risk, member.first, member.id) < (-known.risk, known.first, known.id):
            best[member.group] = member
    return best


def chain_length(members: Sequence[Member]) -> int:
    """Distinct stages on the longest non-decreasing chain in order of time, of members that weigh enough.

    Knocking and trying from outside are one stage: the Internet does both to everybody all day, and a person is needed
    when something inside follows."""
    steps = sorted((m.first, 0 if m.attempt else m.stage, m.id) for m in members if m.risk >= STAGE_RISK)
    tails: list[int] = []  # of strictly increasing chains: distinct stages are what counts
    for _, stage, _ in steps:
        place = bisect_right(tails, stage - 1)
        if place < len(tails):
            tails[place] = stage
        else:
            tails.append(stage)
    return len(tails)


def rescore(state: State, case: Case, at: float) -> bool:
    """Set score, stage and chain; True when it just became worth a person's time. `at` stamps the escalation."""
    members = state.telling(case)
    best = strongest(members)
    case.chain = max(1, chain_length(members))
    hazard = -sum(log(1.0 - min(0.999, member.risk)) for member in best.values())
    case.score = 1.0 - exp(-hazard * (1.0 + STAGES * (case.chain - 1)))
    case.slow = any(m.stage in SLOW and m.risk >= STAGE_RISK for m in members)
    case.stage = max((m.stage for m in members if m.risk >= STAGE_RISK), default=0)
    grave = sum(not member.attempt and member.risk >= STAGE_RISK for member in best.values())
    sure = case.score >= SURE and grave >= SURE_TECHNIQUES
    alone = any(member.risk >= ALONE_RISK for member in members)
    if case.escalated_at is None and ((case.score >= ESCALATE and case.chain >= ESCALATE_CHAIN) or sure or alone):
        case.escalated_at = at
        return True
    return False


def shares(members: Sequence[Member]) -> list[tuple[Member, float]]:
    """Each scoring group's riskiest member with its exact share of the incident's hazard, largest first."""
    best = strongest(members)
    hazards = {group: -log(1.0 - min(0.999, member.risk)) for group, member in best.items()}
    total = sum(hazards.values())
    ranked = sorted(best, key=lambda group: (-hazards[group], best[group].first, group))
    return [(best[group], hazards[group] / total if total > 0 else 0.0) for group in ranked]
