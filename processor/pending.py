"""What a checkpoint will commit, collected in memory: increments, rows, positions. Nothing here touches an engine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from processor.inventory import Inventory
from processor.stage import Row, Work
from taishi.event import Batch, Event, event_id
from taishi.intel.sightings import Sightings

COUNTERS = ("received", "stored", "merged", "suppressed", "quarantined", "rejected", "delay_sum")
MAX_ORIGINAL = 1_000_000
"""Characters of a quarantined original; longer ones were already cut by their collector."""


@dataclass(slots=True)
class Heard:
    """What one source's deliveries of a checkpoint say of it; seconds."""

    first: float
    last: float
    skew: float | None = None


@dataclass(slots=True)
class Pending:
    """`positions`: partition → (committed offset or None, offset to commit)."""

    positions: dict[int, tuple[int | None, int]] = field(default_factory=dict)
    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    changes: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    ledger: dict[tuple[str, int], Counter[str]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    """Source → enterprise, for ledger rows."""
    delays: dict[tuple[str, int], float] = field(default_factory=dict)
    quarantine: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: dict[str, None] = field(default_factory=dict)
    heard: dict[str, Heard] = field(default_factory=dict)
    hits: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Suppression → (alerts hidden, receipt of the last, seconds)."""
    replays: list[tuple[str, int, str]] = field(default_factory=list)
    """(quarantine id, events stored, reason where they could not be)."""
    events: int = 0
    figures: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """(rule, enterprise, what) → how often."""
    sightings: Sightings = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.positions)

    def count(self, batch: Batch, **amounts: int) -> None:
        key = (batch.source_id, int(batch.received_at // 3600))
        self.owners[batch.source_id] = batch.enterprise_id
        self.ledger.setdefault(key, Counter()).update(amounts)

    def repeat(self, batch: Batch) -> None:
        """A delivery that was already taken: what it brings was received once more and merged."""
        if batch.received:
            self.count(batch, received=batch.received, merged=batch.received)

    def take(self, batch: Batch, sent: list[Event], refused: dict[str, str], work: Work) -> None:
        """A new delivery after its events were indexed. `refused`: event id → reason, of those not stored."""
        lost = [event for event in sent if str(event.get("event.id")) in refused]
        if batch.replay:
            self._replay(batch, sent, lost, refused)
            return
        self.seen[batch.delivery] = None
        stored = len(sent) - len(lost)
        self.count(
            batch, received=batch.received, stored=stored, suppressed=batch.suppressed,
            quarantined=len(batch.quarantined) + len(lost),
        )  # fmt: skip
        hour = (batch.source_id, int(batch.received_at // 3600))
        self.delays[hour] = self.delays.get(hour, 0.0) + work.delays.get(batch.delivery, 0.0)
        for item in batch.quarantined:
            self.set_aside(batch, event_id(batch.delivery, item.index), item.original, item.reason, item.parser)
        for number, event in enumerate(lost):
            identity = str(event.get("event.id") or f"{batch.delivery}-lost-{number}")
            original = str(event.get("event.original") or event)
            reason = refused[str(event.get("event.id"))]
            self.set_aside(batch, identity, original, reason, str(event.get("taishi.parser", "")))
        self.events += stored
        self._hear(batch, work)

    def refuse(self, batch: Batch, reason: str) -> None:
        """A delivery that no stage can digest: all of it goes to quarantine."""
        refused = {str(event.get("event.id")): reason for event in batch.events}
        self.take(batch, batch.events, refused, Work(0, [], Inventory()))

    def set_aside(self, batch: Batch, identity: str, original: str, reason: str, parser: str) -> None:
        self.quarantine[identity[:96]] = {
            "id": identity[:96], "source_id": batch.source_id, "enterprise_id": batch.enterprise_id,
            "received_at": batch.received_at, "original": original[:MAX_ORIGINAL], "reason": reason,
            "parser": parser[:64], "status": "new",
        }  # fmt: skip

    def _replay(self, batch: Batch, sent: list[Event], lost: list[Event], refused: dict[str, str]) -> None:
        """Records from quarantine: `<id>` and its further events `<id>.1`, `<id>.2` … are one record."""
        stored: Counter[str] = Counter()
        reasons: dict[str, str] = {}
        for event in sent:
            stored[_record_of(str(event.get("event.id")))] += 1
        for event in lost:
            reasons[_record_of(str(event.get("event.id")))] = refused[str(event.get("event.id"))]
        self.replays.extend((identity, number, reasons.get(identity, "")) for identity, number in stored.items())
        if not reasons:
            self.seen[batch.delivery] = None  # one that failed may come again
        self.events += len(sent) - len(lost)

    def _hear(self, batch: Batch, work: Work) -> None:
        heard = self.heard.setdefault(batch.source_id, Heard(batch.received_at, batch.received_at))
        heard.first = min(heard.first, batch.received_at)
        heard.last = max(heard.last, batch.received_at)
        heard.skew = work.skews.get(batch.source_id, heard.skew)


def _record_of(identity: str) -> str:
    """The quarantine row's id of an event: ids are `<delivery>-<index>`, then `.n` for further events of a record."""
    head, dash, index = identity.rpartition("-")
    return f"{head}{dash}{index.partition('.')[0]}"
