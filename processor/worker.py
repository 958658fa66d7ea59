"""The processor's loop: poll → decode → drop repeats → stages → index → one commit.

Exactly once, without a cluster of our own: events are indexed under their ids, so that a repeat overwrites itself;
everything else commits in one Records transaction together with the position in the stream. Whatever fails, there is
one way back: forget what was not committed, read the committed positions, and go on from there.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable

import structlog

from processor import checkpoint, feedback, inventory, metrics
from processor.burst_job import BurstJob
from processor.campaigns.job import CampaignJob
from processor.housekeeping import Housekeeping
from processor.intel_loader import IntelLoader
from processor.inventory import Inventory
from processor.learn_job import LearnJob
from processor.pending import Pending
from processor.pipeline import stages
from processor.risk_job import RiskJob
from processor.rule_loader import RuleLoader
from processor.stage import Decided, Work
from processor.stages.aggregate_state import WAITING, Waiting
from processor.statecache import StateCache
from taishi import clock
from taishi.errors import Conflict, RecordsError, StoreError, StreamError
from taishi.event import TOPIC_EVENTS, Batch, Event, decode_batch, delivery_id, encode_batch
from taishi.intel import sightings
from taishi.records.port import Records
from taishi.scope import EVERYTHING
from taishi.settings import Settings
from taishi.store.port import EventStore
from taishi.stream.port import Consumer, Message, Partition, Record, Stream, partition_for

log = structlog.get_logger()

POLL_RECORDS = 64
"""Batches of one poll: some ten thousand events at 500 a batch, enough to share the cost of a commit."""

CHECKPOINT_EVENTS = 30_000
"""Events after which a checkpoint comes early, so that memory stays bounded while catching up."""

GC_THRESHOLDS = (50_000, 20, 100)
"""Event dicts are many and acyclic: early full collections find nothing."""

IDLE_POLL = 0.25
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
INVENTORY_SECONDS = 5.0
RISK_SECONDS = 5.0
READ_POISON = 4096


class Worker:
    """One member of the processor group; start several to share the partitions. `now` is the only clock."""

    def __init__(
        self,
        settings: Settings,
        stream: Stream,
        store: EventStore,
        records: Records,
        now: Callable[[], float] = clock.now,
        poll_records: int = POLL_RECORDS,
    ) -> None:
        self._poll_records = poll_records
        self._settings = settings
        self._stream = stream
        self._store = store
        self._records = records
        self._now = now
        pipeline = stages(settings)
        self._stages = pipeline
        self._cache = StateCache(TOPIC_EVENTS, {stage.name: stage for stage in pipeline})
        self._inventory = Inventory()
        self._inventory_at = 0.0
        self._consumer: Consumer | None = None
        self._offsets: dict[int, int | None] = {}
        """Committed positions of the partitions whose state we may touch; None where nothing was ever committed."""
        self._pending = Pending()
        self._decided = 0
        self._last_commit = 0.0
        self._poison: dict[tuple[int, int], str] = {}
        self._careful = False
        self._problem = "the worker has not started"
        self._risk = RiskJob(records)
        self._rules = RuleLoader(records)
        self._intel = IntelLoader(records, settings.data_dir / "intel")
        self._campaigns = CampaignJob(records)
        self._bursts = BurstJob(records, settings.region)
        self._risk_at = 0.0
        self._learn = LearnJob(records)
        self._housekeeping = Housekeeping(settings, stream, store, records)

    # ------------------------------------------------------------ the loop

    def problem(self) -> str:
        """For readiness: empty, or what keeps the worker from working."""
        return self._problem

    def run(self, stop: threading.Event) -> None:
        """Until `stop`: then what is in hand is committed and the partitions are given to others."""
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        pause = FIRST_PAUSE
        while not stop.is_set():
            if self.attempt():
                pause = FIRST_PAUSE
            else:
                stop.wait(pause)
                pause = min(LONGEST_PAUSE, pause * 2)
        self.close()

    def attempt(self) -> bool:
        """One step; when an engine fails, back to the last commit. False: wait before the next."""
        try:
            self.step()
        except (StreamError, StoreError, RecordsError, Conflict) as error:
            log.warning("The worker goes back to its last commit.", reason=str(error))
            metrics.FAILURES.labels(type(error).__name__).inc()
            self._problem = str(error)
            self._reset()
            return False
        self._problem = ""
        return True

    def close(self) -> None:
        """Commit what is in hand and leave the group; what fails now is done again by the next owner."""
        try:
            if self._pending:
                self._commit()
        except (StreamError, StoreError, RecordsError, Conflict) as error:
            log.warning("The last commit failed; its work will be done again.", reason=str(error))
        self._reset()
        if self._consumer is not None:
            try:
                self._consumer.close()
            except StreamError as error:
                log.warning("The worker could not leave its group.", reason=str(error))
            self._consumer = None
        self._rules.close()

    def step(self) -> None:
        """One poll and what follows from it. Raises StreamError, StoreError, RecordsError or Conflict."""
        if self._consumer is None:
            self._stream.ensure_topic(TOPIC_EVENTS, self._settings.stream.partitions)
            self._consumer = self._stream.consumer([TOPIC_EVENTS], checkpoint.GROUP, self._assigned, self._revoked)
        self._seek_missing()
        self._refresh_inventory()
        if not self._pending:
            self._rules.refresh()
            self._intel.refresh()
        wait = self._settings.process.checkpoint_seconds if not self._pending else 0.02
        polled = self._consumer.poll(self._poll_records, min(IDLE_POLL, wait))
        by_partition: dict[int, list[Record]] = {}
        for record in polled:
            if record.partition.number in self._offsets:
                by_partition.setdefault(record.partition.number, []).append(record)
        for partition, some in sorted(by_partition.items()):
            for stretch in [[record] for record in some] if self._careful else [some]:
                self._process(partition, stretch)
        if self._due(idle=not polled):
            self._commit()
        if not polled:
            self._tick()
        self._background()

    def _due(self, *, idle: bool) -> bool:
        elapsed = time.monotonic() - self._last_commit
        if self._pending:
            late = elapsed >= self._settings.process.checkpoint_seconds
            return late or self._pending.events >= CHECKPOINT_EVENTS
        return idle and elapsed >= self._settings.process.checkpoint_seconds and self._decisions_wait()

    # ------------------------------------------------------------ assignment and recovery

    def _assigned(self, gained: frozenset[Partition]) -> None:
        log.info("Partitions were assigned.", partitions=sorted(p.number for p in gained))
        for partition in gained:
            self._offsets.pop(partition.number, None)
        self._decided = 0
        self._seek_missing(gained)

    def _revoked(self, lost: frozenset[Partition]) -> None:
        numbers = {partition.number for partition in lost}
        log.info("Partitions were taken away.", partitions=sorted(numbers))
        if numbers & self._pending.positions.keys():
            try:
                self._commit()
            except (StreamError, StoreError, RecordsError, Conflict) as error:
                log.warning("Work on partitions that go away was not committed.", reason=str(error))
                self._reset()
        for number in numbers:
            self._offsets.pop(number, None)
        self._cache.drop(numbers)

    def _seek_missing(self, gained: frozenset[Partition] = frozenset()) -> None:
        """Seek every assigned partition whose committed position we do not hold."""
        consumer = self._consumer
        if consumer is None:
            return
        missing = {p for p in consumer.assignment() | gained if p.number not in self._offsets}
        if not missing:
            return
        with self._records.read(EVERYTHING) as session:
            known = checkpoint.read_offsets(session, TOPIC_EVENTS)
        for partition in sorted(missing):
            self._cache.drop([partition.number])
            consumer.seek(partition, known.get(partition.number, 0))
            self._offsets[partition.number] = known.get(partition.number)

    def _reset(self) -> None:
        """Forget everything that is not committed."""
        self._pending = Pending()
        self._cache.drop()
        self._offsets.clear()
        self._decided = 0
        self._inventory_at = 0.0

    def _refresh_inventory(self, *, now: bool = False) -> None:
        at = time.monotonic()
        if not now and self._inventory_at and at - self._inventory_at < INVENTORY_SECONDS:
            return
        with self._records.read(EVERYTHING) as session:
            if inventory.fingerprint(session) != self._inventory.fingerprint:
                self._inventory = inventory.load(session)
        self._inventory_at = at

    # ------------------------------------------------------------ one stretch

    def _process(self, partition: int, some: list[Record]) -> None:
        batches = [batch for record in some if (batch := self._decode(record)) is not None]
        fresh = self._fresh(batches)
        if fresh:
            self._run(partition, some, fresh)
        following = some[-1].offset + 1
        previous = self._pending.positions.get(partition, (self._offsets[partition], 0))[0]
        self._pending.positions[partition] = (previous, following)

    def _decode(self, record: Record) -> Batch | None:
        try:
            batch = decode_batch(record.value)
        except ValueError as error:
            reason = f"message {record.offset} of partition {record.partition.number}: {error}"
            log.warning("A message could not be read; it is in quarantine.", reason=reason)
            metrics.POISON.inc()
            text = record.value[:READ_POISON].decode("utf-8", "replace")
            identity = delivery_id(TOPIC_EVENTS, record.partition.number, record.offset)
            self._pending.set_aside(Batch("", record.key, identity, self._now(), 0), f"{identity}-0", text, reason, "")
            return None
        known = self._poison.get((record.partition.number, record.offset))
        if known is not None:
            metrics.POISON.inc()
            self._pending.refuse(batch, known)
            return None
        return batch

    def _fresh(self, batches: list[Batch]) -> list[Batch]:
        """New deliveries; repeats are counted and dropped."""
        wanted = [batch.delivery for batch in batches if batch.source_id or batch.events]
        known: set[str] = set(self._pending.seen)
        if wanted:
            with self._records.read(EVERYTHING) as session:
                known |= checkpoint.known_deliveries(session, wanted)
        fresh = []
        for batch in batches:
            if batch.source_id and batch.delivery in known:
                metrics.REPEATS.inc()
                self._pending.repeat(batch)
                continue
            if not batch.source_id and batch.delivery in known:
                metrics.REPEATS.inc()  # our own, found in stored days: no source sent it, so no balance counts it
                continue
            if batch.source_id or batch.events:
                known.add(batch.delivery)
            fresh.append(batch)
        return fresh

    def _run(self, partition: int, some: list[Record], batches: list[Batch]) -> None:
        if any(batch.enterprise_id and batch.enterprise_id not in self._inventory.enterprises for batch in batches):
            # Onboarded a moment ago: ownership is decided once, so it must not be decided without knowing the owner.
            self._refresh_inventory(now=True)
        keys = [WAITING, *(batch.enterprise_id for batch in batches)]
        closed: frozenset[str] = frozenset()
        with self._records.read(EVERYTHING) as session:
            self._cache.fetch(session, partition, keys)
            detecting = bool(self._rules.current) or self._intel.current is not None
            alerted = {
                b.enterprise_id for b in batches if detecting or any(e.get("event.kind") == "alert" for e in b.events)
            }
            if alerted:
                closed = inventory.closed_incidents(session, sorted(alerted))
        work = Work(partition, batches, self._inventory, closed, rows=self._pending.rows, changes=self._pending.changes)
        work.rules, work.figures = self._rules.current, self._pending.figures
        work.intel, work.sightings = self._intel.current, self._pending.sightings
        work.hits = self._pending.hits
        sent: dict[str, list[Event]] = {batch.delivery: list(batch.events) for batch in batches}
        self._run_stages(work, partition, some)
        refused = self._index(work)
        for batch in batches:
            if batch.source_id:
                self._pending.take(batch, sent[batch.delivery], refused, work)
            elif sent[batch.delivery]:
                self._pending.seen[batch.delivery] = None

    def _run_stages(self, work: Work, partition: int, some: list[Record]) -> None:
        for stage in self._stages:
            started = time.perf_counter()
            try:
                stage.run(work, self._cache.view(partition, stage.name))
            except Exception as error:  # a defect of ours must cost one delivery, not stop a province
                log.exception("A stage failed; the delivery that breaks it will go to quarantine.", stage=stage.name)
                if len(some) == 1:
                    reason = f"stage {stage.name} failed: {type(error).__name__}: {error}"
                    self._poison[partition, some[0].offset] = reason
                self._careful = True
                raise RecordsError(f"stage {stage.name} failed: {error}") from error
            metrics.STAGE_SECONDS.labels(stage.name).inc(time.perf_counter() - started)

    def _index(self, work: Work) -> dict[str, str]:
        """Events to the store; returns event id → reason of those that it or a stage refused."""
        events = work.events
        ingested = clock.to_text(self._now())
        for event in events:
            event["event.ingested"] = ingested
        started = time.perf_counter()
        result = self._store.index(events) if events else None
        metrics.STAGE_SECONDS.labels("index").inc(time.perf_counter() - started)
        metrics.EVENTS.inc(len(events))
        return {**work.rejected, **dict(result.rejected if result else ())}

    # ------------------------------------------------------------ the commit

    def _commit(self) -> None:
        started = time.perf_counter()
        self._store.flush()
        pending, at = self._pending, self._now()
        with self._records.write(EVERYTHING) as session:
            found = checkpoint.new_decisions(session, self._decided)
            mine = self._mine(found)
            for partition in mine:
                pending.positions.setdefault(partition, (self._offsets[partition], self._offsets[partition] or 0))
            checkpoint.decide(session, self._cache, pending, self._inventory, mine)
            feedback.refresh(session, self._cache, pending, self._offsets, self._partition_of)
            feedback.count_hits(session, pending.hits)
            checkpoint.commit(session, self._cache, pending, self._inventory, at)
            self._rules.record(session, pending.figures, at)
            sightings.write(session, pending.sightings, self._owners(pending))
        self._cache.committed()
        self._offsets.update({partition: offset for partition, (_, offset) in pending.positions.items()})
        self._pending = Pending()
        self._decided = found[-1].seq if found else self._decided
        self._last_commit = time.monotonic()
        self._careful = False
        metrics.COMMITS.inc()
        metrics.COMMIT_SECONDS.inc(time.perf_counter() - started)

    def _owners(self, pending: Pending) -> dict[str, tuple[str, str]]:
        """The scope columns of the enterprises that met indicators."""
        facts = {key[1]: self._inventory.enterprise(key[1]) for key in pending.sightings}
        return {name: (one.region, one.authority) for name, one in facts.items()}

    def _mine(self, decisions: list[Decided]) -> dict[int, list[Decided]]:
        """Decisions on enterprises of our partitions."""
        count = len(self._stream.partitions(TOPIC_EVENTS)) if decisions else 1
        found: dict[int, list[Decided]] = {}
        for decided in decisions:
            partition = partition_for(decided.enterprise_id, count)
            if partition in self._offsets:
                found.setdefault(partition, []).append(decided)
        return found

    def _partition_of(self, enterprise_id: str) -> int:
        return partition_for(enterprise_id, len(self._stream.partitions(TOPIC_EVENTS)))

    def _decisions_wait(self) -> bool:
        """Whether people decided or taught something that a checkpoint should apply although no event came."""
        self._last_commit = time.monotonic()
        with self._records.read(EVERYTHING) as session:
            found = checkpoint.new_decisions(session, self._decided)
            if feedback.stale(session, self._cache, self._offsets)[0]:
                return True
        if found and not self._mine(found):
            self._decided = found[-1].seq
            return False
        return bool(found)

    # ------------------------------------------------------------ beside the stream

    def _tick(self) -> None:
        """Publish a tick for enterprises that fell silent while alerts of theirs wait for later ones.

        The tick travels through the stream, so that a replay sees it where the first run saw it."""
        if self._pending:
            return
        at = self._now()
        messages = []
        for partition in sorted(self._offsets):
            if self._cache.missing(partition, [WAITING]):
                with self._records.read(EVERYTHING) as session:
                    self._cache.fetch(session, partition, [WAITING])
            waiting: Waiting | None = self._cache.view(partition, "aggregate").get(WAITING)
            for enterprise_id in waiting.due(at) if waiting else ():
                tick = Batch("", enterprise_id, delivery_id("tick", enterprise_id, repr(at)), at, 0)
                messages.append(Message(enterprise_id, encode_batch(tick)))
        if messages:
            self._stream.publish(TOPIC_EVENTS, messages)

    def _background(self) -> None:
        at = time.monotonic()
        if 0 in self._offsets and at - self._risk_at >= RISK_SECONDS:
            self._risk.run(self._inventory, self._now())
            self._campaigns.run(self._inventory, self._now())
            self._bursts.run(self._inventory, self._now())
            self._housekeeping.run(self._now())
            self._learn.run(self._now())
            self._risk_at = at
        ends = self._stream.end_offsets(TOPIC_EVENTS) if metrics.lag_due() else {}
        for partition, end in ends.items():
            if partition.number in self._offsets:
                metrics.LAG.labels(str(partition.number)).set(end - (self._offsets[partition.number] or 0))
