"""What aggregate remembers of one enterprise: plain data, bounded, encoded as JSON once a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp
from typing import Any

import orjson

from processor.parameters import count, number
from processor.stage import restored

RESERVOIR = count("bounds.sample")
MAX_MARKS = count("bounds.marks")
MAX_RULES = count("bounds.rules")
MAX_PRODUCTS = count("bounds.products")
WAITING = "*"
"""No enterprise has this id."""

TICK_RELEASE = number("aggregate.tick")
"""Seconds after receipt at which a tick releases what waits although nothing newer has come."""


@dataclass(slots=True)
class Held:
    """An alert waiting for its turn in event time: what aggregation needs of it, no more. Ordered by when it is due;
    the id decides between equals, so that arrival never does. `spread` is the scope's kind (`Behaviour.scope`); `rare` is
    the rarity of its rule on its host, known when its turn comes, like `familiar`; `full` is the prior of its behaviour
    were its words certain, `unrated`: the product gave no severity."""

    due: float
    t: float
    id: str
    received_at: float
    key: str
    base: str
    behaviour: str
    technique: str
    tactic: str
    stage: int
    gap: float
    prior: float
    ambiguous: bool
    rule: str
    severity: int
    outcome: str
    attacker: str
    victim: str
    product: str
    criticality: float
    external: bool
    entities: list[str]
    late: bool
    novice: bool = False
    """Its source is still learning."""
    level: int = 2
    session: str = ""
    tool: str = ""
    spread: str = "host"
    rare: float = 0.0
    familiar: bool = False
    full: float = 0.0
    unrated: bool = False

    def __lt__(self, other: Held) -> bool:
        if self.due != other.due:
            return self.due < other.due
        return (self.t, self.id) < (other.t, other.id)


@dataclass(slots=True)
class Meta:
    """An open meta-alert. `own` is the last time of its own behaviour (companions do not keep it alive), `started` the
    first, `owned` how many; `session`: a login session belongs to it; `credit`: of a scan by nobody
    named, host → its own alerts there that no weak alert was explained by yet; `marks` are the events that changed what it says;
    `sample` holds [weight, event id], the smallest weights of all."""

    id: str
    key: str
    base: str
    behaviour: str
    technique: str
    tactic: str
    stage: int
    gap: float
    prior: float
    severity: int
    outcome: str
    first: float
    last: float
    own: float
    first_id: str
    last_id: str
    attacker: str
    victim: str
    criticality: float
    probability: float
    common: float
    external: bool
    spread: str = "host"
    level: int = 2
    tool: str = ""
    session: bool = False
    started: float = 0.0
    owned: int = 0
    credit: dict[str, int] = field(default_factory=dict)
    count: int = 0
    doubling: int = 1
    signalled: float = 0.0
    told: int = 0
    risk: float = 0.0
    surprise: float = 0.0
    rules: dict[str, int] = field(default_factory=dict)
    entities: list[str] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    talkers: dict[str, int] = field(default_factory=dict)
    """Of a background session: outside address → its alerts."""
    novice: bool = False
    """Only learning sources reported it."""
    learned: dict[str, Any] = field(default_factory=dict)
    """What verdicts taught about its rules, as JSON."""
    sample: list[list[Any]] = field(default_factory=list)

    def evidence(self) -> list[str]:
        """First, what changed it, a fixed sample of the rest, last."""
        ids = [self.first_id, *self.marks, *(identity for _, identity in self.sample), self.last_id]
        return list(dict.fromkeys(ids))

    def name(self) -> str:
        """The most frequent rule name; the first of equals."""
        if len(self.rules) == 1:
            return next(iter(self.rules))
        return max(self.rules, key=self.rules.__getitem__) if self.rules else self.behaviour


@dataclass(slots=True)
class State:
    """`base`: baseline key → [decayed openings, at, mean count]; `rules`: rule, and rule on a host → [decayed windows, at];
    `recent`: host → {meta key: last own time there} for companions; `start`: first event time, for exposure of the
    baselines."""

    start: float = 0.0
    newest: float = 0.0
    swept: float = 0.0
    received_at: float = 0.0
    held: list[Held] = field(default_factory=list)
    open: dict[str, Meta] = field(default_factory=dict)
    base: dict[str, list[float]] = field(default_factory=dict)
    rules: dict[str, list[float]] = field(default_factory=dict)
    recent: dict[str, dict[str, float]] = field(default_factory=dict)
    evicted: int = 0

    def decayed(self, key: str, t: float, memory: float) -> float:
        """Openings of a baseline key, decayed to `t` (exp(−Δ/memory))."""
        known = self.base.get(key)
        return known[0] * exp(-max(0.0, t - known[1]) / memory) if known else 0.0


@dataclass(slots=True)
class Waiting:
    """Of a whole partition, under the key `WAITING`: enterprise → receipt of its oldest waiting alert."""

    since: dict[str, float] = field(default_factory=dict)

    def due(self, at: float) -> list[str]:
        """Enterprises whose alerts have waited long enough for a tick; `at` is the wall clock."""
        return [enterprise for enterprise, since in self.since.items() if at - since >= TICK_RELEASE]


def load(blob: bytes) -> State | Waiting:
    raw = orjson.loads(blob)
    if "since" in raw:
        return Waiting(raw["since"])
    raw["held"] = [restored(Held, held) for held in raw["held"]]
    if any(isinstance(known, list) for known in raw.get("recent", {}).values()):
        raw["recent"] = {}  # as an older version wrote it: what it is for is over within seconds
    raw["open"] = {key: restored(Meta, meta) for key, meta in raw["open"].items()}
    return restored(State, raw)


def dump(state: State | Waiting) -> bytes:
    return orjson.dumps(state)
