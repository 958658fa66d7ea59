"""End to end: raw lines to the durable log, and on to the search index, beside orjson decode + encode of the lines.

The first two rows run the collector's and the processor's own code in this process without the records' commits; the
third is the real worker, with its checkpoints, reading from a stream that was filled before.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from sqlalchemy import func, select

from bench.bench_stages import Pipeline
from bench.material import (
    ANCHOR,
    STRETCH,
    Clock,
    Delivery,
    Normaliser,
    copies,
    deliveries,
    facts,
    folder,
    peak_memory,
    round_trip,
)
from processor.worker import Worker
from taishi.event import TOPIC_EVENTS, Batch, encode_batch
from taishi.records.sql import SqlRecords
from taishi.records.tables import Ledger
from taishi.scope import EVERYTHING
from taishi.settings import Settings
from taishi.store.embedded import TantivyStore
from taishi.stream.port import Message
from taishi.stream.sqlite import SqliteStream

FLUSH_EVENTS = 30_000


def _row(what: str, count: int, own: Clock, yard: Clock) -> dict[str, Any]:
    return {
        "what": what, "events": count, "events/s": int(count / own.seconds), "µs/event": own.seconds / count * 1e6,
        "orjson µs/event": yard.seconds / count * 1e6, "ratio": yard.seconds / own.seconds, "peak MB": peak_memory(),
    }  # fmt: skip


def _in_process(events: int, *, indexed: bool) -> dict[str, Any]:
    pipeline, normaliser = Pipeline(facts(copies(events))), Normaliser()
    own, yard = Clock(), Clock()
    count = since = 0
    with folder() as place:
        stream = SqliteStream(place / "stream.sqlite")
        stream.ensure_topic(TOPIC_EVENTS, 12)
        store = TantivyStore(place / "events", writable=True)
        waiting: list[Delivery] = []

        def take() -> None:
            nonlocal count, since
            with yard:
                for delivery in waiting:
                    round_trip(delivery.lines)
            with own:
                batches = [normaliser.batch(delivery) for delivery in waiting]
                found = pipeline.run(batches).events
                stream.publish(TOPIC_EVENTS, [Message(batch.enterprise_id, encode_batch(batch)) for batch in batches])
                if indexed:
                    store.index(found)
                    since += len(found)
                    if since >= FLUSH_EVENTS:
                        store.flush()
                        since = 0
            count += len(found)

        for _, delivery in deliveries(events):
            waiting.append(delivery)
            if len(waiting) == STRETCH:
                take()
                waiting = []
        take()
        with own:
            store.flush()
        store.close()
        stream.close()
    return _row("lines → stages → durable log" + (" → search index" if indexed else ""), count, own, yard)


def _worker(events: int) -> dict[str, Any]:
    """Everything the platform does after the stream: search index, state, meta-alerts, incidents, ledger, risk."""
    normaliser, own, yard = Normaliser(), Clock(), Clock()
    with folder() as place:
        stream = SqliteStream(place / "stream.sqlite")
        stream.ensure_topic(TOPIC_EVENTS, 12)
        records = SqlRecords(f"sqlite:///{place / 'records.sqlite'}")
        records.migrate()
        group: list[Batch] = []
        expected = 0
        for _, delivery in deliveries(events):
            with yard:
                round_trip(delivery.lines)
            group.append(normaliser.batch(delivery))
            expected += group[-1].received
            if len(group) == STRETCH:
                stream.publish(TOPIC_EVENTS, [Message(batch.enterprise_id, encode_batch(batch)) for batch in group])
                group = []
        stream.publish(TOPIC_EVENTS, [Message(batch.enterprise_id, encode_batch(batch)) for batch in group])
        store = TantivyStore(place / "events", writable=True)
        worker = Worker(Settings(data_dir=place), stream, store, records, now=lambda: ANCHOR + 90_000.0)
        stop = threading.Event()
        thread = threading.Thread(target=worker.run, args=(stop,))
        with own:
            thread.start()
            while _accounted(records) < expected:
                time.sleep(0.1)
        stop.set()
        thread.join()
        store.close()
        records.close()
        stream.close()
    return _row("the real worker, from the stream", expected, own, yard)


def _accounted(records: SqlRecords) -> int:
    with records.read(EVERYTHING) as session:
        return int(session.scalar(select(func.sum(Ledger.received))) or 0)


def run(events: int = 1_000_000) -> list[dict[str, Any]]:
    """At a tenth of `events` and at `events`."""
    rows = []
    for size in (max(1, events // 10), events):
        rows.append(_in_process(size, indexed=False))
        rows.append(_in_process(size, indexed=True))
        rows.append(_worker(size))
    return rows
