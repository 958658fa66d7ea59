"""What aggregate remembers of one enterprise: plain data, bounded, encoded as JSON once a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import exp
from typing import Any

import orjson

from processor.compact import rows, table
from processor.parameters import count, number
from processor.stage import restored
from processor.stages.held import Held, Queue

RESERVOIR = count("bounds.sample")
MAX_MARKS = count("bounds.marks")
MAX_RULES = count("bounds.rules")
MAX_PRODUCTS = count("bounds.products")
STATE_BYTES = count("bounds.aggregate_bytes")
ROOM = number("bounds.room")
OVERHEAD = 600
"""Bytes of the single numbers and of names."""

PLAIN = ("start", "newest", "swept", "received_at", "evicted", "measured", "grown")
WAITING = "*"
"""No enterprise has this id."""

TICK_RELEASE = number("aggregate.tick")
"""Seconds after receipt at which a tick releases what waits although nothing newer has come."""


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
    changes: dict[str, int] = field(default_factory=dict)
    """How often something about it changed after its first alert: "severity", "outcome", "rule", "entity"."""
    grave: dict[str, str] = field(default_factory=dict)
    """Events by which it became what it is: "severity", "outcome". They are always evidence, however much else changed."""

    def evidence(self) -> list[str]:
        """First, what changed it, a fixed sample of the rest, last."""
        ids = [
            self.first_id,
            *self.grave.values(),
            *self.marks,
            *(identity for _, identity in self.sample),
            self.last_id,
        ]
        return list(dict.fromkeys(ids))

    def name(self) -> str:
        """The most frequent rule name; the first of equals."""
        if len(self.rules) == 1:
            return next(iter(self.rules))
        return max(self.rules, key=self.rules.__getitem__) if self.rules else self.behaviour


Evicted = Callable[["Meta"], None]


@dataclass(slots=True)
class State:
    """`base`: baseline key → [decayed openings, at, mean count]; `rules`: rule, and rule on a host → [decayed windows, at];
    `recent`: host → {meta key: last own time there} for companions; `start`: first event time, for exposure of the
    baselines; `measured`: bytes without what is held when they were last counted, `grown`: an upper bound of what came since."""

    start: float = 0.0
    newest: float = 0.0
    swept: float = 0.0
    received_at: float = 0.0
    held: Queue = field(default_factory=Queue)
    open: dict[str, Meta] = field(default_factory=dict)
    base: dict[str, list[float]] = field(default_factory=dict)
    rules: dict[str, list[float]] = field(default_factory=dict)
    recent: dict[str, dict[str, float]] = field(default_factory=dict)
    evicted: int = 0
    measured: int = 0
    grown: int = 0

    def decayed(self, key: str, t: float, memory: float) -> float:
        """Openings of a baseline key, decayed to `t` (exp(−Δ/memory))."""
        known = self.base.get(key)
        return known[0] * exp(-max(0.0, t - known[1]) / memory) if known else 0.0

    def parts(self) -> dict[str, Any]:
        """What the byte limit is about, as it is written."""
        return {"open": table(Meta, self.open.values()), "base": self.base, "rules": self.rules, "recent": self.recent}

    def fit(self, memory: float, close: Evicted) -> None:
        """Keep what is written within `STATE_BYTES`: the largest part gives up a quarter, what is least decayed-often of
        baselines and rules, what was longest silent of open meta-alerts and hosts, until it fits with room to grow.
        Counted exactly only when the bound could be reached, and decided by events alone, wherever stretches are cut."""
        if self.measured + self.grown <= STATE_BYTES:
            return
        sizes = {name: len(orjson.dumps(part)) for name, part in self.parts().items()}
        if sum(sizes.values()) + OVERHEAD > STATE_BYTES:
            while sum(sizes.values()) + OVERHEAD > STATE_BYTES * ROOM:
                name = max(sizes, key=lambda part: (sizes[part], part))
                self._give_up(name, memory, close)
                sizes[name] = len(orjson.dumps(self.parts()[name]))
        self.measured, self.grown = sum(sizes.values()) + OVERHEAD, 0

    def _give_up(self, name: str, memory: float, close: Evicted) -> None:
        if name == "open":
            for meta in sorted(self.open.values(), key=lambda meta: (meta.last, meta.id))[: len(self.open) // 4 + 1]:
                close(meta)
            return
        part: dict[str, Any] = getattr(self, name)
        if name == "recent":
            ranked = sorted(part, key=lambda host: (max(part[host].values()), host))
        else:
            ranked = sorted(
                part, key=lambda key: (part[key][0] * exp(-max(0.0, self.newest - part[key][1]) / memory), key)
            )
        for key in ranked[: len(part) // 4 + 1]:
            del part[key]


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
    held = raw["held"]
    raw["held"] = Queue.of_json(held) if isinstance(held, dict) else _older(held)
    if any(isinstance(known, list) for known in raw.get("recent", {}).values()):
        raw["recent"] = {}  # as an older version wrote it: what it is for is over within seconds
    raw["open"] = {meta.key: meta for meta in rows(Meta, raw["open"])}
    return restored(State, raw)


def _older(held: list[dict[str, Any]]) -> Queue:
    """As a version before wrote them, one object each with the time it was due."""
    queue = Queue()
    for one in held:
        queue.push(restored(Held, {**one, "vague": one["due"] > one["t"]}))
    return queue


def dump(state: State | Waiting) -> bytes:
    if isinstance(state, Waiting):
        return orjson.dumps(state)
    plain = {name: getattr(state, name) for name in PLAIN}
    return orjson.dumps({**plain, **state.parts(), "held": state.held.as_json()})
