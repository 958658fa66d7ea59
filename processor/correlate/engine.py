"""The correlation of one enterprise: join, open, bridge, escalate. All on plain state, in order of the signals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from processor.correlate import context, hubs, score, text
from processor.correlate.moves import Outcome, incident_id, move, relate
from processor.correlate.score import Link
from processor.correlate.state import MAX_MEMBERS, Case, Member, State, fit, forget
from processor.entities import shown
from processor.stage import Extent, Signal

SWEEP_EVERY = 64
"""Signals between two looks at what can be forgotten: often enough for the caps, too rare to cost."""


SIGNAL_BYTES = 2600
"""Most that a signal adds besides entities: a record with a rule's name, an incident, places where they are named."""


@dataclass(slots=True)
class Engine:
    """`closed`: incidents that people are done with. Results are collected in `outcome`."""

    state: State
    closed: frozenset[str]
    outcome: Outcome = field(default_factory=Outcome)

    def take(self, signal: Signal, fresh: list[str]) -> None:
        """One signal; `fresh` are entities of the meta-alert that earlier signals did not have."""
        state = self.state
        state.newest = max(state.newest, signal.t)
        if known := hubs.recognised(state, fresh, signal.t):
            hubs.separate(state, known, self.closed, signal, self.outcome)
        state.grown += 4 * len(orjson.dumps(signal.entities)) + SIGNAL_BYTES
        for entity in fresh:
            state.touch(entity, signal.t)
        member = self._known(signal)
        if member is None:
            self.fit()
            return
        found = score.links(state, member, signal.t, self.closed)
        first_time = not member.incident
        if first_time:
            self._attach(member, signal, found)
        case = state.cases[member.incident]
        case.active = max(case.active, signal.t)
        state.link(case, member.ties)
        case = self._bridge(case, member, signal, found)
        if score.rescore(state, case, signal.received_at):
            self.outcome.escalated.add(case.id)
            self._surround(case)
        elif first_time and case.escalated_at is None and context.worthy(member):
            self._offer()
        self.outcome.cases.add(member.incident)
        state.signals += 1
        if state.signals % SWEEP_EVERY == 0 or len(state.members) > MAX_MEMBERS:
            self.outcome.evicted += forget(state)
        self.fit()

    def fit(self) -> None:
        """Within its bytes; after everything that lets the state grow."""
        self.outcome.evicted += fit(self.state)
        self.outcome.cases &= self.state.cases.keys()

    def _known(self, signal: Signal) -> Member | None:
        """The meta-alert as it is now, if it is to be linked: neither too weak nor context that stayed what it was."""
        state = self.state
        member = state.members.get(signal.meta_id)
        if member is None:
            member = _member(signal)
            if signal.risk < score.LINK_RISK:
                self._beside(member)
                return None
            state.aside.pop(member.id, None)
            return member
        tied, worse = len(member.ties), _worse(member, signal)
        _update(member, signal)
        if member.context:
            self.outcome.cases.add(member.incident)
            grown = worse and signal.risk >= score.LINK_RISK
            if not grown and signal.risk < score.ALONE_RISK:
                return None
            self._let_go(member)
        elif len(member.ties) < tied:
            state.unlink(state.cases[member.incident])
            state.relink(state.cases[member.incident])
        return member

    def _beside(self, member: Member) -> None:
        """A meta-alert of low risk: context of an incident that people already know of, else remembered for one."""
        state = self.state
        context.remember(state, member)
        if member.id in state.aside:
            self._offer()

    def _offer(self) -> None:
        """Look whether incidents that people know of get new context."""
        known = [
            case for case in self.state.cases.values() if case.escalated_at is not None and case.id not in self.closed
        ]
        for case in sorted(known, key=lambda case: case.id):
            self._surround(case)

    def _surround(self, case: Case) -> None:
        """Give an escalated incident its context."""
        state = self.state
        for nearness, member in context.candidates(state, case, self.closed):
            reason = text.context(member, case, nearness)
            if member.incident:
                self._take_out(member, case)
            state.aside.pop(member.id, None)
            member.incident, member.context = case.id, True
            case.members.append(member.id)
            state.members[member.id] = member
            self.outcome.joins[member.id] = reason
            self.outcome.cases.add(case.id)

    def _let_go(self, member: Member) -> None:
        """Context that has become worse is evidence of its own: it is placed as if it were new."""
        case = self.state.cases[member.incident]
        case.members.remove(member.id)
        member.incident, member.context, member.risen = "", False, True
        self.outcome.cases.add(case.id)

    def _take_out(self, member: Member, case: Case) -> None:
        """Take a meta-alert out of an incident that nobody was told of; one left empty leads to where it went."""
        state = self.state
        old = state.cases[member.incident]
        alone = len(old.members) == 1
        if alone:
            score.rescore(state, old, old.active)
            self.outcome.tombstones[old.id] = (case.id, case_row(state, old, tombstone=True))
        state.unlink(old)
        old.members.remove(member.id)
        if alone:
            del state.cases[old.id]
            state.moved[old.id] = case.id
            self.outcome.cases.discard(old.id)
            return
        state.relink(old)
        score.rescore(state, old, old.active)
        self.outcome.cases.add(old.id)

    def _attach(self, member: Member, signal: Signal, found: dict[str, Link]) -> None:
        state = self.state
        best = max(
            (identity for identity, link in found.items() if link.score >= score.THETA),
            key=lambda identity: (found[identity].score, identity),
            default=None,
        )
        open_ones = [i for i, link in found.items() if link.score >= score.THETA and i not in self.closed]
        target = max(open_ones, key=lambda identity: (found[identity].score, identity), default=None)
        if target is not None and self._has_room(state.cases[target], member):
            case = state.cases[target]
            self.outcome.joins[member.id] = text.join(found[target], member, state.of(case))
        else:
            case = Case(incident_id(member.id), signal.first, signal.t)
            if best is not None:  # full, or closed by people: say that they belong together, change nothing there
                case.related.append(best)
            state.cases[case.id] = case
            self.outcome.joins[member.id] = text.opening()
        member.incident = case.id
        case.first = min(case.first, member.first)
        case.members.append(member.id)
        state.members[member.id] = member

    def _has_room(self, case: Case, member: Member) -> bool:
        members = [*self.state.of(case), member]
        return len(members) <= score.MAX_METAS and len(score.hosts(members)) <= score.MAX_HOSTS

    def _bridge(self, case: Case, member: Member, signal: Signal, found: dict[str, Link]) -> Case:
        """Merge what this meta-alert links as strongly as its own incident; the older incident keeps its id."""
        state = self.state
        if member.risk < score.BRIDGE_RISK:
            return case
        for identity in sorted(found):
            other = state.cases.get(identity)
            strong = found[identity].weight >= score.BRIDGE and found[identity].entities[0][0] != "enterprise:"
            if other is None or other.id == case.id or not strong or {other.id, case.id} & self.closed:
                continue
            if other.id in case.apart or case.id in other.apart:
                continue
            members = state.of(case) + state.of(other)
            if len(members) > score.MAX_METAS or len(score.hosts(members)) > score.MAX_HOSTS:
                relate(case, other)
                self.outcome.cases.add(other.id)
                continue
            case = self._absorb(case, other, found[identity], signal)
        return case

    def _absorb(self, one: Case, other: Case, link: Link, signal: Signal) -> Case:
        state = self.state
        keep, drop = sorted((one, other), key=lambda case: (case.first, case.id))
        score.rescore(state, drop, signal.received_at)
        self.outcome.tombstones[drop.id] = (keep.id, case_row(state, drop, tombstone=True))
        reason = text.bridged(link, drop.id)
        for identity in drop.members:
            self.outcome.joins[identity] = reason
        move(state, drop, keep)
        self.outcome.cases.discard(drop.id)
        return keep

    def extend(self, extents: dict[str, Extent]) -> None:
        """Counts and last times at the end of a stretch."""
        for identity, extent in extents.items():
            member = self.state.members.get(identity) or self.state.aside.get(identity)
            if member is not None:
                member.count, member.last = extent.count, extent.last
                if member.incident:
                    self.outcome.cases.add(member.incident)


def _member(signal: Signal) -> Member:
    return Member(
        id=signal.meta_id, incident="", t=signal.t, first=signal.first, last=signal.t, behaviour=signal.behaviour,
        technique=signal.technique, stage=signal.stage, name=signal.name, severity=signal.severity,
        outcome=signal.outcome, risk=signal.risk, surprise=signal.surprise, criticality=signal.criticality,
        attacker=signal.attacker, victim=signal.victim, count=signal.count, entities=signal.entities,
        external=signal.external, told=signal.count,
    )  # fmt: skip


def _update(member: Member, signal: Signal) -> None:
    member.t, member.first, member.last = max(member.t, signal.t), min(member.first, signal.first), signal.t
    member.name, member.severity, member.outcome = signal.name, signal.severity, signal.outcome
    member.risk, member.surprise, member.criticality = signal.risk, signal.surprise, signal.criticality
    member.entities, member.count, member.told = signal.entities, signal.count, signal.count


def _worse(member: Member, signal: Signal) -> bool:
    return signal.severity > member.severity or OUTCOMES.index(signal.outcome) < OUTCOMES.index(member.outcome)


OUTCOMES = ("success", "unknown", "failure")


def case_row(state: State, case: Case, *, tombstone: bool = False) -> dict[str, Any]:
    """The machine columns of an incident."""
    members, everything = state.telling(case), state.of(case)
    title_zh, title_en = text.title(state, case)
    techniques = {m.technique: m for m in sorted(members, key=lambda m: (m.first, m.id), reverse=True) if m.technique}
    ordered = sorted(techniques.values(), key=lambda m: (m.stage, m.first, m.id))
    entities = list(dict.fromkeys(entity for member in members for entity in member.entities))
    criticality = max(member.criticality for member in members)
    outcome = next(word for word in OUTCOMES if any(member.outcome == word for member in members) or word == "failure")
    return {
        "title_zh": title_zh, "title_en": title_en, "escalated": case.escalated_at is not None,
        "escalated_at": case.escalated_at, "score": case.score,
        "severity": _severity(members, criticality, outcome),
        "stages": [
            {"stage": m.stage, "tactic": text.STAGES[min(m.stage, 10)][1], "technique": m.technique,
             "first_seen": m.first} for m in ordered
        ],
        "techniques": sorted(techniques), "reasons": text.reasons(state, case, signalled=tombstone),
        "entities": [shown(entity) for entity in entities[:200]],
        "alert_count": 0 if tombstone else sum(member.count for member in everything),
        "meta_count": 0 if tombstone else len(everything), "first_seen": case.first,
        "last_seen": case.active if tombstone else max(case.active, *(member.last for member in members)),
        "outcome": outcome, "asset_criticality": criticality, "related": list(case.related),
    }  # fmt: skip


def _severity(members: list[Member], criticality: float, outcome: str) -> int:
    """The worst member's; ten more each where the asset is critical and where the attack succeeded."""
    worst = max(member.severity for member in members)
    return min(100, worst + (10 if criticality >= 0.8 else 0) + (10 if outcome == "success" else 0))
