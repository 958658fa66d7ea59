"""Small working engines in memory, and wrappers that fail at a chosen call: before it has its effect, or after.

A wrapper counts the calls that could fail. `Fault(at=n, how=…)` raises at the n-th: an engine's error, from which the
worker must find back by itself, or `Killed`, after which a new worker starts on what was durable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from taishi.errors import RecordsError, StoreError, StreamError, TaishiError
from taishi.event import Event
from taishi.findings import Finding
from taishi.records.port import Records
from taishi.scope import Scope
from taishi.store.port import IndexResult
from taishi.stream.port import Consumer, Message, Partition, PartitionsHandler, Record, partition_for


class Killed(BaseException):
    """kill −9: nobody catches it."""


@dataclass
class Fault:
    """`kill`: die; else raise the engine's own error. `after`: the call has had its effect when it fails."""

    at: int = -1
    kill: bool = False
    after: bool = False
    calls: int = 0

    def guard(self, error: type[TaishiError], effect: Callable[[], object] | None = None) -> object:
        self.calls += 1
        if self.calls != self.at:
            return effect() if effect else None
        if effect and self.after:
            effect()
        raise Killed if self.kill else error("injected")


class MemoryStream:
    """One topic; the newest consumer owns every partition, older ones keep their positions and do not know."""

    def __init__(self, fault: Fault | None = None) -> None:
        self.fault = fault or Fault()
        self.logs: dict[Partition, list[Message]] = {}

    def ensure_topic(self, topic: str, partitions: int) -> None:
        for number in range(partitions):
            self.logs.setdefault(Partition(topic, number), [])

    def partitions(self, topic: str) -> tuple[Partition, ...]:
        return tuple(sorted(p for p in self.logs if p.topic == topic))

    def publish(self, topic: str, messages: Sequence[Message]) -> list[tuple[Partition, int]]:
        places = []
        for message in messages:
            partition = Partition(topic, partition_for(message.key, len(self.partitions(topic))))
            self.logs[partition].append(message)
            places.append((partition, len(self.logs[partition]) - 1))
        return places

    def consumer(
        self,
        topics: Iterable[str],
        group: str,
        on_assigned: PartitionsHandler | None = None,
        on_revoked: PartitionsHandler | None = None,
    ) -> Consumer:
        return _MemoryConsumer(self, tuple(topics), on_assigned)

    def end_offsets(self, topic: str) -> dict[Partition, int]:
        return {p: len(log) for p, log in self.logs.items() if p.topic == topic}

    def trim(self, topic: str, before_seconds: float, consumed: Mapping[Partition, int]) -> int:
        return 0

    def examine(self) -> list[Finding]:
        return []

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class _MemoryConsumer:
    stream: MemoryStream
    topics: tuple[str, ...]
    on_assigned: PartitionsHandler | None
    positions: dict[Partition, int] = field(default_factory=dict)

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        self.stream.fault.guard(StreamError)
        if not self.positions:
            self.positions = dict.fromkeys([p for p in sorted(self.stream.logs) if p.topic in self.topics], 0)
            if self.on_assigned:
                self.on_assigned(frozenset(self.positions))
        found: list[Record] = []
        for partition, position in self.positions.items():
            some = self.stream.logs[partition][position : position + max_records - len(found)]
            found += [Record(partition, position + i, m.key, m.value, m.headers) for i, m in enumerate(some)]
            self.positions[partition] = position + len(some)
        return found

    def assignment(self) -> frozenset[Partition]:
        return frozenset(self.positions)

    def seek(self, partition: Partition, offset: int) -> None:
        self.stream.fault.guard(StreamError)
        self.positions[partition] = offset

    def close(self) -> None:
        self.positions = {}


class MemoryStore:
    """Events by id; what was not flushed is lost by `crash`. `refuse` names events that cannot be stored."""

    def __init__(self, fault: Fault | None = None, refuse: Callable[[Event], str] = lambda event: "") -> None:
        self.fault = fault or Fault()
        self.refuse = refuse
        self.durable: dict[str, Event] = {}
        self.fresh: dict[str, Event] = {}

    def index(self, events: Sequence[Event]) -> IndexResult:
        rejected = [(event["event.id"], reason) for event in events if (reason := self.refuse(event))]
        refused = {identity for identity, _ in rejected}
        good = {event["event.id"]: dict(event) for event in events if event["event.id"] not in refused}
        self.fault.guard(StoreError, lambda: self.fresh.update(good))
        return IndexResult(len(good), 0, rejected)

    def flush(self) -> None:
        self.fault.guard(StoreError, self._flush)

    def _flush(self) -> None:
        self.durable.update(self.fresh)
        self.fresh.clear()

    def crash(self) -> None:
        self.fresh.clear()

    def expire(self, before: float, kind: str = "all") -> int:
        return 0

    def examine(self) -> list[Finding]:
        return []

    def close(self) -> None:
        """Nothing is held."""


class FaultyRecords:
    """Real records behind a fault: reads fail before; writes before, half-way (rolled back), or after the commit."""

    def __init__(self, inner: Records, fault: Fault) -> None:
        self.inner = inner
        self.fault = fault

    @contextmanager
    def read(self, scope: Scope) -> Iterator[Session]:
        self.fault.guard(RecordsError)
        with self.inner.read(scope) as session:
            yield session

    @contextmanager
    def write(self, scope: Scope) -> Iterator[Session]:
        self.fault.guard(RecordsError)
        with self.inner.write(scope) as session:
            yield session
            self.fault.guard(RecordsError)  # half-way: everything executed, nothing committed
        self.fault.guard(RecordsError)  # committed, but nobody heard

    def migrate(self) -> None:
        self.inner.migrate()

    def close(self) -> None:
        """The inner records are the test's to close."""
