"""The `Stream` on Apache Kafka, through kafka-python.

Publishing waits for all in-sync replicas and is idempotent, so that what the client itself sends again is there once. One
message is one batch of events, compressed by the producer. Groups hand partitions over cooperatively: who keeps its
partitions goes on reading while others move.

Positions are not kept in Kafka: consumers commit them with their own state and seek when a partition is assigned. The
client may therefore rebalance at any moment; what a former owner still does fails at its compare-and-set.

Every client is made when it is first needed, so that a process starts while the brokers are away, and made again after a
failure: an idempotent producer that gave up on a message accepts no further ones.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError, TopicAlreadyExistsError
from kafka.structs import TopicPartition

from taishi.errors import StreamError
from taishi.findings import Finding, judged
from taishi.stream.kafka_client import PROBE_MS, REQUEST_MS, KafkaOptions, close_quietly, made, translated
from taishi.stream.kafka_member import KafkaMember
from taishi.stream.port import Message, Partition, PartitionsHandler, partition_for

MAX_MESSAGE: Final = 16 * 1024 * 1024
"""Bytes of one message before compression. Collectors cut batches at a sixteenth of it, before the event's own fields."""

DELIVERY_MS: Final = 15_000
"""After which a publish gives up and the collector turns to its spool."""

OWN_TOPICS: Final = "taishi."

KEEP_FOR_EVER: Final = "-1"


class KafkaStream:
    """`options` say where. Thread-safe; connects when first used."""

    def __init__(self, options: KafkaOptions) -> None:
        self._options = options
        self._lock = threading.RLock()
        self._producer: Any = None
        self._looker: Any = None
        self._counts: dict[str, int] = {}
        self._suspect = False

    # ------------------------------------------------------------ topics

    def ensure_topic(self, topic: str, partitions: int) -> None:
        if self._count(topic):
            return
        replication = self._options.replication
        configs = {
            "max.message.bytes": str(MAX_MESSAGE),
            "min.insync.replicas": str(max(1, replication - 1)),
            # What is unread must not vanish by age; `trim` deletes what is consumed and old.
            "retention.ms": KEEP_FOR_EVER,
        }
        wanted = {"num_partitions": partitions, "replication_factor": replication, "configs": configs}
        with self._translated("create a topic"), contextlib.closing(self._admin()) as admin:
            with contextlib.suppress(TopicAlreadyExistsError):
                admin.create_topics({topic: wanted})
            admin.wait_for_topics([topic])
        self._counts.pop(topic, None)

    def partitions(self, topic: str) -> tuple[Partition, ...]:
        return tuple(Partition(topic, number) for number in range(self._count(topic)))

    def _count(self, topic: str) -> int:
        """Partitions of the topic, 0 where there is none. Asked once: topics of ours never change their number."""
        known = self._counts.get(topic)
        if known:
            return known
        with self._lock, self._translated("describe a topic"), contextlib.closing(self._admin()) as admin:
            found = {entry["name"]: entry for entry in admin.describe_topics([topic]) if not entry["error_code"]}
        count = len(found[topic]["partitions"]) if topic in found else 0
        if count:
            self._counts[topic] = count
        return count

    def _admin(self, timeout_ms: int = REQUEST_MS) -> Any:
        wanted = {**self._options.client(), "request_timeout_ms": timeout_ms, "bootstrap_timeout_ms": timeout_ms}
        return made(KafkaAdminClient, wanted)

    def _translated(self, what: str) -> contextlib.AbstractContextManager[None]:
        return translated(what, self._options.servers)

    # ------------------------------------------------------------ publishing

    def publish(self, topic: str, messages: Sequence[Message]) -> list[tuple[Partition, int]]:
        count = self._count(topic)
        if not count:
            raise StreamError(f"topic {topic!r} does not exist: run `taishi topics` or start a processor")
        try:
            with self._translated("take messages"):
                producer = self._ready_producer()
                sent = [
                    producer.send(
                        topic,
                        message.value,
                        message.key.encode(),
                        list(message.headers),
                        partition_for(message.key, count),
                    )
                    for message in messages
                ]
                done = [future.get(timeout=DELIVERY_MS / 1000) for future in sent]
        except StreamError:
            self._drop_producer()
            raise
        self._suspect = False
        return [(Partition(topic, place.partition), place.offset) for place in done]

    def _ready_producer(self) -> KafkaProducer:
        """After a failure the brokers are asked first, with little patience: who publishes has a spool to turn to."""
        with self._lock:
            if self._suspect:
                self.probe()
            if self._producer is None:
                wanted = self._options.client() | {
                    "acks": "all",
                    "enable_idempotence": True,
                    "compression_type": None if self._options.compression == "none" else self._options.compression,
                    "batch_size": 1024 * 1024,
                    "max_request_size": MAX_MESSAGE,
                    "max_block_ms": REQUEST_MS,
                    "delivery_timeout_ms": DELIVERY_MS,
                }
                self._producer = made(KafkaProducer, wanted)
            return self._producer

    def probe(self) -> None:
        """Whether the brokers answer, within seconds. Raises StreamError."""
        with self._translated("be reached"), contextlib.closing(self._admin(PROBE_MS)) as admin:
            admin.describe_cluster()

    def _drop_producer(self) -> None:
        with self._lock:
            producer, self._producer, self._suspect = self._producer, None, True
        if producer is not None:
            close_quietly(producer)

    # ------------------------------------------------------------ reading

    def consumer(
        self,
        topics: Iterable[str],
        group: str,
        on_assigned: PartitionsHandler | None = None,
        on_revoked: PartitionsHandler | None = None,
    ) -> KafkaMember:
        return KafkaMember(self._options, tuple(topics), group, on_assigned, on_revoked)

    def end_offsets(self, topic: str) -> dict[Partition, int]:
        wanted = [TopicPartition(topic, number) for number in range(self._count(topic))]
        with self._looking("tell the end of a topic") as looker:
            found = looker.end_offsets(wanted) if wanted else {}
        return {Partition(topic, place.partition): offset for place, offset in found.items()}

    def trim(self, topic: str, before_seconds: float, consumed: Mapping[Partition, int]) -> int:
        wanted = {TopicPartition(topic, p.number): offset for p, offset in consumed.items() if p.topic == topic}
        if not wanted:
            return 0
        with self._looking("tell what is old") as looker:
            first = looker.beginning_offsets(list(wanted))
            ends = looker.end_offsets(list(wanted))
            found = looker.offsets_for_times(dict.fromkeys(wanted, int(before_seconds * 1000)))
        young = {place: entry.offset for place, entry in found.items() if entry is not None}
        until = {place: min(young.get(place, ends[place]), offset) for place, offset in wanted.items()}
        until = {place: offset for place, offset in until.items() if offset > first[place]}
        if until:
            with self._translated("delete old messages"), contextlib.closing(self._admin()) as admin:
                admin.delete_records(until)
        return sum(offset - first[place] for place, offset in until.items())

    @contextmanager
    def _looking(self, what: str) -> Iterator[KafkaConsumer]:
        """The consumer without a group that only asks for offsets."""
        with self._lock, self._translated(what):
            if self._looker is None:
                self._looker = made(KafkaConsumer, self._options.client() | {"enable_auto_commit": False})
            try:
                yield self._looker
            except KafkaError:
                looker, self._looker = self._looker, None
                close_quietly(looker)
                raise

    def examine(self) -> list[Finding]:
        with self._translated("be examined"), contextlib.closing(self._admin()) as admin:
            cluster = admin.describe_cluster()
            topics = admin.describe_topics(None)
        brokers = len(cluster["brokers"])
        found = [
            judged(
                "stream", f"Kafka at {', '.join(self._options.servers)} with {brokers} brokers",
                good=brokers >= self._options.replication,
                advice=f"stream.replication is {self._options.replication}: add brokers, or lower it.",
            )
        ]  # fmt: skip
        for topic in topics:
            if topic["name"].startswith(OWN_TOPICS):
                behind = [
                    p["partition_index"] for p in topic["partitions"] if len(p["isr_nodes"]) < len(p["replica_nodes"])
                ]
                found.append(
                    judged(
                        "stream", f"topic {topic['name']}: {len(behind)} partitions with replicas behind", good=not behind,
                        otherwise="warn", advice="A broker is down or slow; publishing stops when too few are left.",
                    )
                )  # fmt: skip
        return found

    def close(self) -> None:
        with self._lock:
            clients = [client for client in (self._producer, self._looker) if client is not None]
            self._producer = self._looker = None
        for client in clients:
            close_quietly(client)
