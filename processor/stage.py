"""The stage contract. A stage is a plain function over a batch and explicit state: no I/O, no wall clock inside.

The worker polls a stretch of the stream, runs every stage over it in the order of `processor.pipeline.STAGES`, writes
events to the store, and commits state, records and offsets in one Records transaction. An uncommitted stretch may run
again after a crash, from the committed state: the same input and state must give the same output. Stretches are cut
anywhere, so a stage decides per delivery (`Work.batches`), never per stretch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Protocol, TypeVar, cast

from processor.inventory import Inventory
from taishi.event import Batch, Event
from taishi.feedback.taught import NOTHING, Feedback
from taishi.intel.match import Matcher
from taishi.intel.sightings import Sightings
from taishi.sigma.ruleset import Ruleset

Built = TypeVar("Built")


@cache
def _names(kind: Any) -> frozenset[str]:
    return frozenset(one.name for one in fields(kind))


def restored(kind: type[Built], raw: dict[str, Any]) -> Built:
    """A dataclass of stage state from its JSON object. What a newer version of us wrote beside is left out: during a
    rolling upgrade a partition may go back to the old version, which must not stumble over it."""
    known = _names(cast("Any", kind))  # to one of the type checkers a class is not hashable
    return kind(**{name: value for name, value in raw.items() if name in known})


@dataclass(slots=True)
class Row:
    """An upsert of machine columns of one record: table name, primary key and columns. Human columns are not touched.

    A row that lacks columns without a default only updates what exists.
    """

    table: str
    key: dict[str, Any]
    values: dict[str, Any]


@dataclass(slots=True)
class Decided:
    """A person's decision as the correlation applies it: the columns of `taishi.records.tables.Decision`."""

    seq: int
    enterprise_id: str
    kind: str
    payload: dict[str, Any]
    actor: str


@dataclass(slots=True)
class Signal:
    """A meta-alert as it was when something about it became worth correlating: opened, doubled, grew worse, met a new
    entity.

    `entities` are "kind:value", `fresh` those that no earlier signal had; `external`: the attacker is outside; `t` is
    event time, `received_at` the receipt of the delivery that caused it.
    """

    enterprise_id: str
    meta_id: str
    t: float
    received_at: float
    behaviour: str
    technique: str
    stage: int
    name: str
    severity: int
    outcome: str
    risk: float
    surprise: float
    criticality: float
    first: float
    entities: list[str]
    fresh: list[str]
    attacker: str
    victim: str
    count: int
    external: bool


@dataclass(slots=True)
class Extent:
    """What a meta-alert has become at the end of a stretch: its count and last time only, nothing to decide on."""

    count: int
    last: float


@dataclass(slots=True)
class Work:
    """One stretch of one partition on its way through the stages.

    `batches` are new deliveries only (repeats were counted as merged and dropped by the worker), in stream order; a
    batch without source is a tick, whose `received_at` says how far the clock has come. `rows` is what will be upserted
    at the checkpoint, keyed by (table, primary key), so that a later stage or batch adds to an earlier one. `changes`
    feed the live view. `signals` and `extents` go from aggregate to correlate.
    """

    partition: int
    batches: list[Batch]
    inventory: Inventory
    closed: frozenset[str] = frozenset()
    """Incidents that people have resolved or closed: nothing new joins them."""
    feedback: Feedback = NOTHING
    """What people taught, as it was at the last checkpoint; set by the suppress stage."""
    hits: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Suppression → (alerts hidden, receipt of the last, seconds)."""
    newest: dict[str, float] = field(default_factory=dict)
    """Delivery → newest believable event time in it, seconds."""
    rejected: dict[str, str] = field(default_factory=dict)
    """Event id → why it cannot be stored; such events go to quarantine."""
    delays: dict[str, float] = field(default_factory=dict)
    """Delivery → Σ (received_at − @timestamp) of its events, seconds."""
    skews: dict[str, float] = field(default_factory=dict)
    """Source → newest event time minus receipt, seconds, of its last delivery."""
    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    changes: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    signals: list[Signal] = field(default_factory=list)
    extents: dict[str, dict[str, Extent]] = field(default_factory=dict)
    """Enterprise → meta-alert id → extent."""
    rules: Ruleset | None = None
    """Detection rules, the same for every stretch of a checkpoint."""
    intel: Matcher | None = None
    """Indicators, the same for every stretch of a checkpoint."""
    sightings: Sightings = field(default_factory=dict)
    """What events held of them, by indicator, enterprise and day."""
    figures: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """(rule, enterprise, hits | excepted | dropped) → how often."""

    @property
    def events(self) -> list[Event]:
        return [event for batch in self.batches for event in batch.events]

    def upsert(self, table: str, identity: str, values: dict[str, Any]) -> None:
        """Add columns to the row of a table whose primary key is `id`."""
        row = self.rows.get((table, identity))
        if row is None:
            self.rows[table, identity] = Row(table, {"id": identity}, values)
        else:
            row.values.update(values)

    def changed(self, kind: str, identity: str, enterprise_id: str, region: str, authority: str) -> None:
        """Tell the live view, once per thing and checkpoint."""
        self.changes[kind, identity] = {
            "kind": kind, "object_id": identity, "enterprise_id": enterprise_id, "region": region,
            "authority": authority,
        }  # fmt: skip


class StateView(Protocol):
    """State of one stage on one partition, by key (enterprise id). Values are whatever the stage decodes."""

    def get(self, key: str) -> Any | None: ...
    def put(self, key: str, value: Any) -> None:
        """Mark it changed; the value itself may have been changed in place."""


class Stage(Protocol):
    name: str

    def load(self, blob: bytes) -> Any:
        """Decode the state of one key."""
        ...

    def dump(self, value: Any) -> bytes:
        """Encode it; called once per changed key and checkpoint."""
        ...

    def run(self, work: Work, state: StateView) -> None: ...
