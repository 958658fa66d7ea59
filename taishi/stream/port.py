"""The `Stream` port: an ordered, durable, partitioned log with consumer groups (Kafka's contract).

* Messages of one key keep their order; the key (an enterprise id) alone chooses the partition.
* `publish` returns only when the messages are durable. Raising means "maybe": the caller may publish again under the
  same delivery id, and the processor recognises the repeat.
* Delivery to a group is at least once. The processor does not use the group's own committed offset: it keeps offsets
  in Records and seeks to them when a partition is assigned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

from taishi.findings import Finding


@dataclass(frozen=True, slots=True)
class Message:
    key: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Record:
    partition: Partition
    offset: int
    key: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


PartitionsHandler = Callable[[frozenset[Partition]], None]


def partition_for(key: str, count: int) -> int:
    """The same partition for the same key in every process and adapter."""
    return crc32(key.encode()) % count


class Consumer(Protocol):
    """One member of a group. Not thread-safe. Assignment changes only inside `poll`."""

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        """Up to `max_records` next records of the assigned partitions, in order within each; waits up to `timeout`
        seconds for the first. Calls the handlers given to `Stream.consumer` before returning records of a newly
        assigned partition. Raises StreamError when the engine is down (call again later)."""
        ...

    def assignment(self) -> frozenset[Partition]: ...

    def seek(self, partition: Partition, offset: int) -> None:
        """The next poll of `partition` begins at `offset`. Raises StreamError when it is not assigned."""

    def close(self) -> None:
        """Leave the group, so that others take over at once."""


class Stream(Protocol):
    def ensure_topic(self, topic: str, partitions: int) -> None:
        """Create the topic where absent. An existing topic keeps its partition count."""

    def partitions(self, topic: str) -> tuple[Partition, ...]: ...

    def publish(self, topic: str, messages: Sequence[Message]) -> list[tuple[Partition, int]]:
        """Append durably, in order, and return each message's partition and offset. Thread-safe. When it raises
        StreamError, some of the messages may be there."""
        ...

    def consumer(
        self,
        topics: Iterable[str],
        group: str,
        on_assigned: PartitionsHandler | None = None,
        on_revoked: PartitionsHandler | None = None,
    ) -> Consumer: ...

    def end_offsets(self, topic: str) -> dict[Partition, int]:
        """The offset after the last record of each partition: lag = end - position."""
        ...

    def trim(self, topic: str, before_seconds: float, consumed: Mapping[Partition, int]) -> int:
        """Delete records appended before the epoch time, of each partition only those below its consumed offset; returns
        how many. Partitions that `consumed` does not name stay whole."""
        ...

    def examine(self) -> list[Finding]:
        """For `taishi doctor`: can it be reached, what is it, may we? Raises StreamError where it is down."""
        ...

    def close(self) -> None: ...
