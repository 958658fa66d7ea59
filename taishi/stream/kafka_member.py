"""One member of a Kafka consumer group."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from kafka import ConsumerRebalanceListener, KafkaConsumer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.structs import TopicPartition

from taishi.errors import StreamError
from taishi.stream.kafka_client import REQUEST_MS, KafkaOptions, made, translated
from taishi.stream.port import Partition, PartitionsHandler, Record

POLL_BYTES: Final = 16 * 1024 * 1024
"""A poll stops after this many bytes of values, whatever their number: memory stays bounded with large batches."""

POLL_STEP: Final = 16

TIDY_SECONDS: Final = 30.0


class KafkaMember(ConsumerRebalanceListener):  # type: ignore[misc]  # the client has no types
    """One member of a group; see `taishi.stream.port.Consumer`.

    The client calls the listener on its own event loop, which must not wait for a commit. The listener therefore only
    notes what changed, and `poll` calls the handlers before it returns records."""

    def __init__(
        self,
        options: KafkaOptions,
        topics: tuple[str, ...],
        group: str,
        on_assigned: PartitionsHandler | None,
        on_revoked: PartitionsHandler | None,
    ) -> None:
        self._options = options
        self._topics = topics
        self._group = group
        self._on_assigned = on_assigned
        self._on_revoked = on_revoked
        self._client: Any = None
        """A KafkaConsumer, once it is needed. The client has no types of its own."""
        self._owned: frozenset[Partition] = frozenset()
        self._noted: list[tuple[bool, frozenset[Partition]]] = []
        self._tidied = time.monotonic()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._noted.append((True, _ours(assigned)))

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._noted.append((False, _ours(revoked)))

    def _connected(self) -> KafkaConsumer:
        if self._client is None:
            wanted = self._options.client() | {
                "group_id": self._group,
                "enable_auto_commit": False,
                "auto_offset_reset": "earliest",
                "partition_assignment_strategy": (CooperativeStickyAssignor,),
                "session_timeout_ms": self._options.session_ms,
                "heartbeat_interval_ms": self._options.session_ms // 5,
                "max_poll_interval_ms": self._options.poll_interval_ms,
                "max_partition_fetch_bytes": 4 * 1024 * 1024,
                "fetch_max_bytes": POLL_BYTES,
                "fetch_max_wait_ms": 250,
            }
            self._client = made(KafkaConsumer, wanted)
            self._client.subscribe(list(self._topics), listener=self)
        return self._client

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        found: list[Record] = []
        size = 0
        with translated("be read", self._options.servers):
            client = self._connected()
            while len(found) < max_records and size < POLL_BYTES:
                wait = 0 if found else int(timeout * 1000)
                polled = client.poll(wait, max_records=min(POLL_STEP, max_records - len(found)))
                self._tell(client, polled)
                if not polled:
                    self._tidy()
                    break
                for record in _records(polled):
                    found.append(record)
                    size += len(record.value)
        return [record for record in found if record.partition in self._owned]

    def _tell(self, client: KafkaConsumer, polled: dict[TopicPartition, list[Any]]) -> None:
        """Call the handlers for what changed during the poll. What was read already of a new partition is read again,
        since the handler may seek."""
        while self._noted:
            gained, partitions = self._noted.pop(0)
            if not gained:
                self._give_up(partitions)
                continue
            partitions &= _ours(client.assignment())
            self._owned |= partitions
            for place in [place for place in polled if Partition(place.topic, place.partition) in partitions]:
                client.seek(place, polled.pop(place)[0].offset)
            if partitions and self._on_assigned:
                self._on_assigned(partitions)

    def _tidy(self) -> None:
        """While the brokers are away the client tries again and again, and leaves each refused socket in a cycle. A worker
        lets its collector run seldom; without this an outage of an hour would take all its file descriptors."""
        if time.monotonic() - self._tidied > TIDY_SECONDS:
            self._tidied = time.monotonic()
            gc.collect(1)

    def _give_up(self, partitions: frozenset[Partition]) -> None:
        lost = partitions & self._owned
        self._owned -= lost
        if lost and self._on_revoked:
            self._on_revoked(lost)

    def assignment(self) -> frozenset[Partition]:
        return self._owned

    def seek(self, partition: Partition, offset: int) -> None:
        if self._client is None or partition not in self._owned:
            raise StreamError(f"{partition} is not assigned to this consumer; seek from the on_assigned handler")
        with translated("be read from another place", self._options.servers):
            self._client.seek(TopicPartition(partition.topic, partition.number), offset)

    def close(self) -> None:
        if self._client is None:
            return
        client, self._client = self._client, None
        with translated("let a member leave its group", self._options.servers):
            client.close(autocommit=False, timeout_ms=REQUEST_MS)


def _ours(places: Iterable[TopicPartition]) -> frozenset[Partition]:
    return frozenset(Partition(place.topic, place.partition) for place in places)


def _records(polled: dict[TopicPartition, list[Any]]) -> Iterator[Record]:
    for place, some in polled.items():
        partition = Partition(place.topic, place.partition)
        for record in some:
            yield Record(partition, record.offset, record.key.decode(), record.value, tuple(record.headers))
