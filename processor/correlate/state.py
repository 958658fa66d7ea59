"""What correlate remembers of one enterprise: its incidents, their meta-alerts and the entities that link them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from math import exp
from typing import Any

import orjson

from processor.compact import rows, table
from processor.parameters import count, number
from processor.stage import restored

WIDE = count("join.wide")
IMPACT = frozenset({8, 10})
"""Stages that hit many hosts at once because that is what they do."""

MAX_INCIDENTS = count("bounds.incidents")
MAX_MEMBERS = count("bounds.members")
MAX_ENTITIES = count("bounds.entities")
MAX_PER_ENTITY = count("bounds.incidents_per_entity")
MAX_JOURNAL = count("bounds.journal")
MAX_MOVED = count("bounds.moved")
INCIDENT_MEMORY = number("escalate.memory")
ENTITY_MEMORY = number("join.entity_memory")
FORGET_BELOW = number("escalate.forget")
STATE_BYTES = count("bounds.correlate_bytes")
ROOM = number("bounds.room")
NEARLY = 0.95
FEW = 8


@dataclass(slots=True)
class Member:
    """A meta-alert in an incident, as last signalled; `count` and `last` are for people, nothing is decided on them: they
    are those of the end of a stretch, `told` is the count of the last signal, wherever stretches are cut. `context`: shown
    with the incident, but no part of its score (`processor.correlate.context`)."""

    id: str
    incident: str
    t: float
    first: float
    last: float
    behaviour: str
    technique: str
    stage: int
    name: str
    severity: int
    outcome: str
    risk: float
    surprise: float
    criticality: float
    attacker: str
    victim: str
    count: int
    entities: list[str]
    external: bool
    told: int = 0
    context: bool = False
    risen: bool = False
    """It was context, became worse, and is evidence of its own since."""

    @property
    def ties(self) -> list[str]:
        """The entities by which it links. Whom a scan of many hosts met says nothing about what belongs together; who
        scanned does."""
        machines = [entity for entity in self.entities if entity.startswith(("host:", "internal:"))]
        if len(machines) <= WIDE or self.stage in IMPACT:
            return self.entities
        return [entity for entity in self.entities if entity == self.attacker or entity not in machines]

    @property
    def attempt(self) -> bool:
        """Somebody outside tries: scans and exploit attempts that nobody saw succeed."""
        return self.external and self.stage <= 1 and self.outcome != "success"

    @property
    def group(self) -> str:
        """What counts once in the score: a technique, or everything of one stage that no technique names."""
        return self.technique or f"stage:{self.stage}"


@dataclass(slots=True)
class Case:
    """An incident. `active` is the event time of its newest signal; `apart` are incidents that people separated
    from it; `foreign` marks one of which only a part is known here: its row is people's to keep."""

    id: str
    first: float
    active: float
    members: list[str] = field(default_factory=list)
    related: list[str] = field(default_factory=list)
    apart: list[str] = field(default_factory=list)
    score: float = 0.0
    chain: int = 0
    stage: int = 0
    slow: bool = False
    """Stages were reached where intruders take days."""
    escalated_at: float | None = None
    foreign: bool = False


@dataclass(slots=True)
class State:
    """`links`: entity → incidents that touched it, oldest first; `seen`: entity → [decayed meta-alerts, at];
    `moved`: merged incident → the one that has its meta-alerts; `journal`: what decisions did, for their undo;
    `aside`: meta-alerts of low risk that an escalation may want as context."""

    members: dict[str, Member] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    links: dict[str, list[str]] = field(default_factory=dict)
    seen: dict[str, list[float]] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    journal: list[dict[str, Any]] = field(default_factory=list)
    decided: list[int] = field(default_factory=list)
    aside: dict[str, Member] = field(default_factory=dict)
    hubs: list[str] = field(default_factory=list)
    """Entities that turned out to be everybody's: they link nothing."""
    newest: float = 0.0
    signals: int = 0
    evicted: int = 0
    measured: int = 0
    grown: int = 0
    """Bytes when they were last counted, and an upper bound of what came since."""

    def of(self, case: Case) -> list[Member]:
        return [self.members[identity] for identity in case.members]

    def telling(self, case: Case) -> list[Member]:
        """The meta-alerts that make the score; all of them where people left nothing but context."""
        members = self.of(case)
        return [member for member in members if not member.context] or members

    def commonness(self, entity: str, t: float) -> float:
        known = self.seen.get(entity)
        return known[0] * exp(-max(0.0, t - known[1]) / ENTITY_MEMORY) if known else 0.0

    def touch(self, entity: str, t: float) -> None:
        self.seen[entity] = [self.commonness(entity, t) + 1.0, t]

    def link(self, case: Case, entities: list[str]) -> None:
        for entity in entities:
            if entity in self.hubs:
                continue
            linked = self.links.setdefault(entity, [])
            if case.id not in linked:
                linked.append(case.id)
                if len(linked) > MAX_PER_ENTITY:
                    del linked[0]

    def unlink(self, case: Case) -> None:
        entities = {entity for member in self.of(case) if not member.context for entity in member.entities}
        for entity in sorted(entities):
            linked = self.links.get(entity, [])
            if case.id in linked:
                linked.remove(case.id)
                if not linked:
                    del self.links[entity]

    def relink(self, case: Case) -> None:
        """Its links anew: a meta-alert left it, or has become too wide to link by its hosts."""
        for member in self.of(case):
            if not member.context:
                self.link(case, member.ties)

    def resolve(self, identity: str) -> str:
        """The incident that an incident's meta-alerts went to."""
        hops = 0
        while identity in self.moved and hops < 32:
            identity, hops = self.moved[identity], hops + 1
        return identity

    def worth(self, case: Case) -> float:
        """What keeps an incident in memory: its score, fading over a week."""
        return case.score * exp(-max(0.0, self.newest - case.active) / INCIDENT_MEMORY)


TABLES: tuple[tuple[str, type[Any]], ...] = (("members", Member), ("cases", Case), ("aside", Member))


def load(blob: bytes) -> State:
    raw = orjson.loads(blob)
    for name, kind in TABLES:
        raw[name] = {record.id: record for record in rows(kind, raw.get(name, []))}
    return restored(State, raw)


def _parts(state: State) -> dict[str, Any]:
    return {one.name: getattr(state, one.name) for one in fields(State)} | {
        name: table(kind, getattr(state, name).values()) for name, kind in TABLES
    }


def dump(state: State) -> bytes:
    return orjson.dumps(_parts(state))


def forget(state: State) -> int:
    """Drop what has faded, then what is worth least, until the caps on numbers hold; returns how many incidents went."""
    gone = [case for case in state.cases.values() if state.worth(case) < FORGET_BELOW]
    rest = _by_worth(state, (case for case in state.cases.values() if state.worth(case) >= FORGET_BELOW))
    members = sum(len(case.members) for case in rest)
    while rest and (len(rest) > MAX_INCIDENTS or members > MAX_MEMBERS):
        case = rest.pop(0)
        members -= len(case.members)
        gone.append(case)
    _drop(state, gone)
    if len(state.seen) > MAX_ENTITIES:
        _forget_entities(state)
    for old in list(state.moved)[: max(0, len(state.moved) - MAX_MOVED)]:
        del state.moved[old]
    return len(gone)


def _by_worth(state: State, cases: Iterable[Case]) -> list[Case]:
    return sorted(cases, key=lambda case: (state.worth(case), case.id))


def _drop(state: State, gone: list[Case]) -> None:
    for case in gone:
        state.unlink(case)
        for identity in case.members:
            del state.members[identity]
        del state.cases[case.id]
    state.evicted += len(gone)


def _forget_entities(state: State) -> None:
    ranked = sorted(state.seen, key=lambda entity: (state.commonness(entity, state.newest), entity))
    for entity in ranked[: len(ranked) // 4 + 1]:
        del state.seen[entity]


def fit(state: State) -> int:
    """Keep what is written within `STATE_BYTES`; returns how many incidents went. In order: a quarter of the entities that
    are least common, of what was kept aside longest, of the oldest decisions and moves, whichever of these is largest, while
    one of them takes more than a tenth; then meta-alerts name only their first `FEW` entities; then the incident of least
    worth goes. Decided by signals and decisions alone, wherever stretches are cut."""
    if state.measured + state.grown <= STATE_BYTES:
        return 0
    went, size = 0, len(dump(state))
    limit = STATE_BYTES * ROOM if size > STATE_BYTES * NEARLY else STATE_BYTES
    while size > limit and _give_up_small(state):
        size = len(dump(state))
    if size > limit:
        _name_fewer(state)
        size = len(dump(state))
    while size > limit and state.cases:
        some = _by_worth(state, state.cases.values())[: max(1, len(state.cases) // 8)]
        _drop(state, some)
        went += len(some)
        size = len(dump(state))
    state.measured, state.grown = size, 0
    return went


def _give_up_small(state: State) -> bool:
    """A quarter of the largest of what is not incidents; False where none of it is large."""
    sizes = {
        name: len(orjson.dumps(getattr(state, name)))
        for name in ("seen", "moved", "journal", "decided", "aside", "hubs")
    }
    name = max(sizes, key=lambda one: (sizes[one], one))
    if sizes[name] <= STATE_BYTES // 10:
        return False
    if name == "seen":
        _forget_entities(state)
    elif name == "aside":
        ranked = sorted(state.aside, key=lambda identity: (state.aside[identity].t, identity))
        for identity in ranked[: len(ranked) // 4 + 1]:
            del state.aside[identity]
    elif name == "moved":
        for old in list(state.moved)[: len(state.moved) // 4 + 1]:
            del state.moved[old]
    else:
        part: list[Any] = getattr(state, name)
        del part[: len(part) // 4 + 1]
    return True


def _name_fewer(state: State) -> None:
    for case in state.cases.values():
        state.unlink(case)
    for member in state.members.values():
        first = [entity for entity in (member.attacker, member.victim) if entity]
        member.entities = list(dict.fromkeys([*first, *member.entities]))[:FEW]
    for case in state.cases.values():
        state.relink(case)
