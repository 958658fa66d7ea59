"""What the benchmarks read: the simulator's sample province, as raw lines in its products' own formats.

Larger runs are further provinces beside the first: new enterprises with their own state, the same day. So a growing cost
per event would show, and time stays in order.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import orjson

from collectors.framing import Frame
from collectors.normalise import Reader
from collectors.sources import SourceInfo
from processor import inventory
from processor.inventory import Inventory
from simulator.noise import Noise
from simulator.onboard import onboard
from simulator.province import Province, build
from simulator.schedule import DAY, timeline
from simulator.state import Installation
from taishi.event import Batch, Event
from taishi.records.sql import SqlRecords
from taishi.scope import EVERYTHING

ANCHOR = 1_780_000_000.0
BATCH = 100
"""Records of one delivery: what a shipper sends at once."""

STRETCH = 40
"""Deliveries that the processor takes at once."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Raw lines of one source, in order of time."""

    source: str
    enterprise: str
    parser: str
    at: float
    lines: tuple[bytes, ...]


@cache
def province() -> Province:
    return build()


@cache
def day() -> tuple[Delivery, ...]:
    """One day of the sample province, cut into deliveries in the order of their last line."""
    found: list[Delivery] = []
    waiting: dict[str, list[bytes]] = {}
    noise = Noise(province())
    last = ANCHOR
    for line in timeline(province(), noise, ANCHOR, ANCHOR + DAY, ANCHOR, None):
        some = waiting.setdefault(line.feed.id, [])
        some.append(line.text.encode())
        last = line.at
        if len(some) == BATCH:
            found.append(
                Delivery(line.feed.id, line.feed.site_id, line.feed.parser, line.at, tuple(waiting.pop(line.feed.id)))
            )
    feeds = {feed.id: feed for feed in province().feeds}
    found += [
        Delivery(source, feeds[source].site_id, feeds[source].parser, last, tuple(lines))
        for source, lines in waiting.items()
    ]
    return tuple(found)


def deliveries(events: int) -> Iterator[tuple[int, Delivery]]:
    """(number of the province, delivery) until about so many lines are given."""
    given = 0
    copy = 0
    while True:
        for delivery in day():
            if given >= events:
                return
            given += len(delivery.lines)
            yield (
                copy,
                replace(delivery, source=f"{delivery.source}~{copy}", enterprise=f"{delivery.enterprise}~{copy}"),
            )
        copy += 1


class Normaliser:
    """Deliveries to batches, one reader a source as the collectors have it."""

    def __init__(self) -> None:
        self._readers: dict[str, Reader] = {}
        self._number = 0

    def batch(self, delivery: Delivery) -> Batch:
        reader = self._readers.get(delivery.source)
        if reader is None:
            info = SourceInfo(
                delivery.source, delivery.enterprise, delivery.parser, "Asia/Shanghai", "", "", "active", 1e9
            )
            reader = self._readers[delivery.source] = Reader(info)
        self._number += 1
        frames = [Frame(line) for line in delivery.lines]
        return reader.batch(frames, f"{self._number:032x}", delivery.at + 1.0)


def facts(copies: int) -> Inventory:
    """The inventory of so many provinces side by side."""
    with tempfile.TemporaryDirectory() as folder:
        records = SqlRecords(f"sqlite:///{Path(folder) / 'records.sqlite'}")
        records.migrate()
        onboard(records, province(), Installation("330000", 1, len(province().sites), ANCHOR), [])
        with records.read(EVERYTHING) as session:
            loaded = inventory.load(session)
        records.close()
    enterprises = {}
    for copy in range(copies):
        for identity, known in loaded.enterprises.items():
            fresh = f"{identity}~{copy}"
            enterprises[fresh] = replace(known, id=fresh, stamp={**known.stamp, "organization.id": fresh})
    return replace(loaded, enterprises=enterprises)


def copies(events: int) -> int:
    """How many provinces a run of so many events needs."""
    return -(-events // sum(len(delivery.lines) for delivery in day()))


def round_trip(lines: tuple[bytes, ...] | list[bytes]) -> None:
    """The yardstick: orjson decode + encode of the lines; a line that is no JSON is carried as a JSON string."""
    for line in lines:
        try:
            orjson.dumps(orjson.loads(line))
        except orjson.JSONDecodeError:
            orjson.loads(orjson.dumps(line.decode("utf-8", "replace")))


def event_round_trip(events: list[Event]) -> None:
    """The yardstick of what comes after parsing: orjson encode + decode of the events themselves."""
    for event in events:
        orjson.loads(orjson.dumps(event))


class Clock:
    """Sums the seconds spent inside `with clock:`."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._start = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._start


def peak_memory() -> int:
    """Peak resident size of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="taishi-bench-") as name:
        yield Path(name)
