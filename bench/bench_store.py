"""The embedded event store: ingest beside an orjson round trip, then queries on the full index."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.bench_stages import Pipeline
from bench.material import (
    ANCHOR,
    STRETCH,
    Clock,
    Normaliser,
    copies,
    deliveries,
    event_round_trip,
    facts,
    folder,
    peak_memory,
)
from simulator.schedule import DAY
from taishi.event import Batch
from taishi.scope import EVERYTHING, Scope
from taishi.store.embedded import TantivyStore
from taishi.store.port import EventStore, Search

FLUSH_EVENTS = 30_000
REPEAT = 15


def _ingest(store: TantivyStore, events: int) -> dict[str, Any]:
    pipeline, normaliser = Pipeline(facts(copies(events))), Normaliser()
    index, yard = Clock(), Clock()
    count = since = 0
    waiting: list[Batch] = []

    def take() -> None:
        nonlocal count, since
        some = pipeline.run(waiting).events
        with yard:
            event_round_trip(some)
        with index:
            store.index(some)
            since += len(some)
            if since >= FLUSH_EVENTS:
                store.flush()
                since = 0
        count += len(some)

    for _, delivery in deliveries(events):
        waiting.append(normaliser.batch(delivery))
        if len(waiting) == STRETCH:
            take()
            waiting = []
    take()
    with index:
        store.flush()
    return {
        "what": "ingest with flush", "events": count, "µs/event": index.seconds / count * 1e6,
        "orjson µs/event": yard.seconds / count * 1e6, "ratio": yard.seconds / index.seconds, "peak MB": peak_memory(),
    }  # fmt: skip


def _queries(store: EventStore) -> list[tuple[str, Callable[[], object]]]:
    start, end = ANCHOR, ANCHOR + DAY
    city = Scope(regions=("330200",))
    return [
        ("one address", lambda: store.search(Search("source.ip:198.18.0.13"), EVERYTHING)),
        (
            "CIDR and severity",
            lambda: store.search(Search("source.ip:198.18.0.0/16 AND event.severity:[60 TO 100]"), EVERYTHING),
        ),
        ("words in full text", lambda: store.search(Search("message:password"), EVERYTHING)),
        ("Chinese words", lambda: store.search(Search("organization.name:演示厂"), EVERYTHING)),
        ("wildcard", lambda: store.search(Search("rule.name:SCAN*"), EVERYTHING)),
        ("newest page", lambda: store.search(Search(""), EVERYTHING)),
        ("newest page in one city", lambda: store.search(Search(""), city)),
        (
            "histogram of alerts, a day by hours",
            lambda: store.histogram("event.kind:alert", EVERYTHING, start, end, 3600.0),
        ),
        ("histogram in one city", lambda: store.histogram("event.kind:alert", city, start, end, 3600.0)),
        ("top rules", lambda: store.top("event.kind:alert", EVERYTHING, "rule.name")),
        ("top sources", lambda: store.top("", EVERYTHING, "source.ip")),
        ("count", lambda: store.count("event.kind:alert", EVERYTHING)),
    ]


def latencies(store: EventStore, events: int) -> list[dict[str, Any]]:
    """Each query some times over; `events` is how many there are."""
    rows = []
    for name, query in _queries(store):
        times = []
        for _ in range(REPEAT):
            begin = time.perf_counter()
            query()
            times.append((time.perf_counter() - begin) * 1e3)
        ordered = sorted(times)
        rows.append({"query": name, "events": events, "p50 ms": statistics.median(times), "p95 ms": ordered[int(REPEAT * 0.95)],
                     "first ms": times[0]})  # fmt: skip
    return rows


def run(events: int = 1_000_000) -> list[dict[str, Any]]:
    """Ingest at a tenth of `events` and at `events`; query latencies on the larger."""
    rows = []
    for size in (max(1, events // 10), events):
        with folder() as place:
            store = TantivyStore(place / "events", writable=True)
            row = _ingest(store, size)
            store.close()
            bytes_on_disk = sum(path.stat().st_size for path in (place / "events").rglob("*") if path.is_file())
            rows.append({**row, "disk bytes/event": bytes_on_disk // row["events"]})
            if size == events:
                store = TantivyStore(place / "events", writable=False)
                rows += latencies(store, row["events"])
                store.close()
    return rows
