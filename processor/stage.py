"""The stage contract. A stage is a plain function over a batch and explicit state: no I/O, no wall clock inside.

The worker polls a stretch of the stream, runs every stage over it in the order of `processor.pipeline.STAGES`, writes
events to the store, and commits state, records and offsets in one Records transaction. An uncommitted stretch may run
again after a crash, from the committed state: the same input and state must give the same output.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from taishi.event import Batch, Event


@dataclass(slots=True)
class Row:
    """An upsert of machine columns of one record: table name, primary key and columns. Human columns are not touched."""

    table: str
    key: dict[str, Any]
    values: dict[str, Any]


@dataclass(slots=True)
class Work:
    """One stretch of one partition on its way through the stages.

    `batches` are new deliveries only (repeats were counted as merged and dropped by the worker). `events` are theirs,
    in stream order; stages add fields in place. `rows` is what will be upserted at the checkpoint, keyed by
    (table, primary key), so that a later stage or batch overwrites an earlier one. `changes` feed the live view.
    """

    partition: int
    batches: list[Batch]
    events: list[Event]
    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)


class StateView(Protocol):
    """State of one stage on one partition, by key (enterprise id). Values are whatever the stage decodes."""

    def get(self, key: str) -> Any | None: ...
    def put(self, key: str, value: Any) -> None: ...


class Stage(Protocol):
    name: str

    def load(self, blob: bytes) -> Any:
        """Decode the state of one key."""

    def dump(self, value: Any) -> bytes:
        """Encode it; called once per changed key and checkpoint."""

    def run(self, work: Work, state: StateView) -> None: ...
