"""One checkpoint, one Records transaction: state, records, ledger, quarantine, decisions, positions — all or nothing.

Positions are compared and set: a worker that lost its partition without knowing finds another's number there, and
nothing of what it did is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from processor.inventory import Inventory
from processor.pending import COUNTERS, Heard, Pending
from processor.stage import Decided, Work
from processor.stages.correlate import Correlate
from processor.statecache import StateCache
from processor.upsert import add, upsert, write_rows
from taishi.errors import Conflict
from taishi.records.tables import (
    Base,
    Change,
    Decision,
    IndicatorUse,
    Ledger,
    QuarantineRecord,
    SeenDelivery,
    Sighting,
    Source,
    StageState,
    StreamOffset,
)

GROUP: Final = "taishi.processor"
"""The consumer group of all workers."""

SKEW_WEIGHT = 0.1
"""Share of the newest delivery in a source's smoothed clock skew."""

SILENT_PERIODS = 3.0
SEEN_DAYS = 7.0
"""Days a delivery is remembered: longer than any sender or spool tries again."""

CHANGE_DAYS = 2.0
SIGHTING_DAYS = 90.0
USE_DAYS = 30.0


class Lost(Conflict):
    """Another worker has committed this partition: what was done here is void."""


def read_offsets(session: Session, topic: str, group: str = GROUP) -> dict[int, int]:
    rows = session.execute(
        select(StreamOffset.partition, StreamOffset.offset).where(
            StreamOffset.group == group, StreamOffset.topic == topic
        )
    )
    return {row.partition: row.offset for row in rows}


def known_deliveries(session: Session, deliveries: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(deliveries), 400):
        some = deliveries[start : start + 400]
        found.update(session.scalars(select(SeenDelivery.delivery).where(SeenDelivery.delivery.in_(some))))
    return found


def new_decisions(session: Session, after: int) -> list[Decided]:
    rows = session.scalars(select(Decision).where(Decision.seq > after).order_by(Decision.seq))
    return [Decided(row.seq, row.enterprise_id, row.kind, dict(row.payload), row.actor) for row in rows]


def commit(
    session: Session, cache: StateCache, pending: Pending, inventory: Inventory, at: float, group: str = GROUP
) -> None:
    """Write everything; raises Lost where a position is not what we think. `at` is the wall clock, seconds."""
    _positions(session, group, cache.topic, pending)
    _ledger(session, pending, inventory)
    _quarantine(session, pending, inventory)
    _replays(session, pending, inventory)
    _sources(session, pending, inventory)
    upsert(session, SeenDelivery, [{"delivery": delivery, "at": at} for delivery in pending.seen])
    upsert(session, StageState, cache.changed())
    write_rows(session, pending.rows.values(), at)
    if pending.changes:
        session.execute(insert(Change), [{**change, "at": at} for change in pending.changes.values()])


def decide(
    session: Session, cache: StateCache, pending: Pending, inventory: Inventory, decisions: dict[int, list[Decided]]
) -> None:
    """Apply people's decisions, by partition, to state and prepared rows, before those are written."""
    stage = cache.stages["correlate"]
    if not isinstance(stage, Correlate):
        return
    for partition, some in decisions.items():
        cache.fetch(session, partition, [decided.enterprise_id for decided in some])
        work = Work(partition, [], inventory, rows=pending.rows, changes=pending.changes)
        stage.decide(work, cache.view(partition, stage.name), some)


def _positions(session: Session, group: str, topic: str, pending: Pending) -> None:
    for partition, (previous, following) in sorted(pending.positions.items()):
        here = {"consumer_group": group, "topic": topic, "partition": partition}
        if previous is None:
            known = session.get(StreamOffset, (group, topic, partition))
            if known is not None:
                raise Lost(f"partition {partition} was committed by another worker")
            upsert(session, StreamOffset, [{**here, "position": following}])
            continue
        done = session.execute(
            update(StreamOffset)
            .where(
                StreamOffset.group == group, StreamOffset.topic == topic, StreamOffset.partition == partition,
                StreamOffset.offset == previous,
            )
            .values(offset=following)
            .execution_options(synchronize_session=False)
        )  # fmt: skip
        if done.rowcount != 1:  # type: ignore[attr-defined]  # a CursorResult, which the Session's type hides
            raise Lost(f"partition {partition} was committed by another worker")


def _ledger(session: Session, pending: Pending, inventory: Inventory) -> None:
    rows = []
    for (source_id, hour), counts in pending.ledger.items():
        owner = owner_of(inventory, source_id, pending.owners[source_id])
        amounts: dict[str, float] = {name: counts.get(name, 0) for name in COUNTERS}
        amounts["delay_sum"] = pending.delays.get((source_id, hour), 0.0)
        rows.append({"source_id": source_id, "hour": hour, **owner, **amounts})
    add(session, Ledger, COUNTERS, rows)


def owner_of(inventory: Inventory, source_id: str, enterprise_id: str) -> dict[str, str]:
    """The scope columns of what a source sent."""
    source = inventory.sources.get(source_id)
    if source is not None:
        return {"enterprise_id": source.enterprise_id, "region": source.region, "authority": source.authority}
    facts = inventory.enterprise(enterprise_id)
    return {"enterprise_id": enterprise_id, "region": facts.region, "authority": facts.authority}


def _quarantine(session: Session, pending: Pending, inventory: Inventory) -> None:
    rows = [
        {**row, **owner_of(inventory, row["source_id"], row["enterprise_id"])} for row in pending.quarantine.values()
    ]
    upsert(session, QuarantineRecord, rows)


def _replays(session: Session, pending: Pending, inventory: Inventory) -> None:
    """Move replayed records from quarantined to stored, in the hour of their first receipt."""
    rows = []
    for identity, number, reason in sorted(pending.replays):
        record = session.get(QuarantineRecord, identity)
        if record is None or record.status == "replayed":
            continue
        if reason:
            record.status, record.reason = "new", reason
            continue
        record.status = "replayed"
        owner = owner_of(inventory, record.source_id, record.enterprise_id)
        zero: dict[str, float] = dict.fromkeys(COUNTERS, 0)
        # A record of several events counts as several, as it would have had it been read the first time.
        moved = {"received": number - 1, "stored": number, "quarantined": -1}
        hour = int(record.received_at // 3600)
        rows.append({"source_id": record.source_id, "hour": hour, **owner, **zero, **moved})
    session.flush()
    for row in sorted(rows, key=lambda row: (row["source_id"], row["hour"])):
        add(session, Ledger, COUNTERS, [row])


def _sources(session: Session, pending: Pending, inventory: Inventory) -> None:
    if not pending.heard:
        return
    columns = (Source.id, Source.first_seen, Source.last_seen, Source.clock_skew, Source.expected_period)
    known = session.execute(select(*columns).where(Source.id.in_(list(pending.heard))))
    for identity, first, last, skew, period in sorted(known.all(), key=lambda row: str(row.id)):
        heard = pending.heard[identity]
        session.execute(
            update(Source)
            .where(Source.id == identity)
            .values(
                first_seen=heard.first if first is None else min(first, heard.first),
                last_seen=heard.last if last is None else max(last, heard.last),
                clock_skew=_smoothed(skew, heard, fresh=first is None),
            )
            .execution_options(synchronize_session=False)
        )
        if last is None or heard.last - last > SILENT_PERIODS * period:
            change = {"kind": "source", "object_id": identity, **owner_of(inventory, identity, "")}
            pending.changes["source", identity] = change


def _smoothed(skew: float, heard: Heard, *, fresh: bool) -> float:
    if heard.skew is None:
        return skew
    return heard.skew if fresh else (1.0 - SKEW_WEIGHT) * skew + SKEW_WEIGHT * heard.skew


def prune(session: Session, at: float) -> None:
    """Forget deliveries that nobody repeats any more, news that everybody has read, sightings of long ago."""
    kept: tuple[tuple[type[Base], Any, float], ...] = (
        (SeenDelivery, SeenDelivery.at, SEEN_DAYS), (Change, Change.at, CHANGE_DAYS),
        (Sighting, Sighting.last_seen, SIGHTING_DAYS), (IndicatorUse, IndicatorUse.last_seen, USE_DAYS),
    )  # fmt: skip
    for model, column, days in kept:
        session.execute(delete(model).where(column < at - days * 86_400.0).execution_options(synchronize_session=False))
