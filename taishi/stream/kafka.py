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
import gc
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import structlog
from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import IllegalStateError, KafkaError, TopicAlreadyExistsError
from kafka.net.compat import KafkaNetClient
from kafka.structs import TopicPartition

from taishi.errors import ConfigError, StreamError
from taishi.findings import Finding, judged
from taishi.stream.port import Message, Partition, PartitionsHandler, Record, partition_for

log = structlog.get_logger()

SCHEME: Final = "kafka"
TLS_SCHEME: Final = "kafkas"

MAX_MESSAGE: Final = 16 * 1024 * 1024
"""Bytes of one message before compression. Collectors cut batches at a sixteenth of it, before the event's own fields."""

POLL_BYTES: Final = 16 * 1024 * 1024
"""A poll stops after this many bytes of values, whatever their number: memory stays bounded with large batches."""

POLL_STEP: Final = 16
REQUEST_MS: Final = 5_000
DELIVERY_MS: Final = 15_000
"""After which a publish gives up and the collector turns to its spool."""

TIDY_SECONDS: Final = 30.0
PROBE_MS: Final = 1_000
SESSION_MS: Final = 10_000
"""How long a silent member keeps its partitions: as long as with the embedded stream."""

POLL_INTERVAL_MS: Final = 300_000
OWN_TOPICS: Final = "taishi."
KEEP_FOR_EVER: Final = "-1"

Codec = Literal["none", "gzip", "zstd"]


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """How the brokers are reached. `replication` is of topics that we create. Secrets are not part of the
    representation, which may be logged."""

    servers: tuple[str, ...]
    tls: bool = False
    ca: Path | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    mechanism: str = "SCRAM-SHA-512"
    username: str = ""
    password: str = ""
    replication: int = 3
    compression: Codec = "zstd"
    session_ms: int = SESSION_MS
    poll_interval_ms: int = POLL_INTERVAL_MS

    def __repr__(self) -> str:
        return f"KafkaOptions({', '.join(self.servers)})"

    def client(self) -> dict[str, Any]:
        """Settings that all kafka-python clients share."""
        shared: dict[str, Any] = {
            "bootstrap_servers": list(self.servers),
            "security_protocol": ("SASL_" if self.username else "") + ("SSL" if self.tls else "PLAINTEXT"),
            "request_timeout_ms": REQUEST_MS,
            "bootstrap_timeout_ms": REQUEST_MS,
            "reconnect_backoff_max_ms": 2_000,
        }
        if self.tls:
            files = {"ssl_cafile": self.ca, "ssl_certfile": self.certificate, "ssl_keyfile": self.private_key}
            shared |= {name: str(path) for name, path in files.items() if path}
        if self.username:
            shared |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return shared


def servers_of(url: str) -> tuple[tuple[str, ...], bool]:
    """`kafka://h1:9092,h2:9092` → the servers, and whether they speak TLS (`kafkas`). Raises ConfigError."""
    parts = urlsplit(url)
    servers = tuple(server for server in parts.netloc.split(",") if server)
    if parts.scheme not in {SCHEME, TLS_SCHEME} or not servers or "@" in parts.netloc or parts.path.strip("/"):
        raise ConfigError("stream.url is kafka://host:port,host:port, or kafkas:// for TLS, without a password in it")
    return servers, parts.scheme == TLS_SCHEME


@contextmanager
def _translated(what: str, servers: Sequence[str]) -> Iterator[None]:
    """The client's errors as ours. Its texts hold addresses and reasons, never the password."""
    try:
        yield
    except (KafkaError, IllegalStateError, OSError) as error:
        reason = str(error) or type(error).__name__
        raise StreamError(
            f"Kafka at {', '.join(servers)} could not {what}: {reason}. Look at the brokers, then at `taishi doctor`"
        ) from error


def _made(make: Callable[..., Any], settings: Mapping[str, Any]) -> Any:
    """A client of kafka-python. Where its constructor gives up it leaves a thread and sockets behind, which an outage of
    hours would pile up: they are closed here, and so are the sockets of refused connections, which hang in cycles."""
    held: list[KafkaNetClient] = []

    def remember(**given: Any) -> KafkaNetClient:
        held.append(KafkaNetClient(**given))
        return held[-1]

    try:
        return make(**settings, kafka_client=remember)
    except (KafkaError, OSError):
        for client in held:
            client.close()
            client._net.stop()
        held.clear()
        gc.collect()
        raise


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
        return _made(KafkaAdminClient, wanted)

    def _translated(self, what: str) -> contextlib.AbstractContextManager[None]:
        return _translated(what, self._options.servers)

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
                        topic, message.value, message.key.encode(), list(message.headers), partition_for(message.key, count)
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
                self._producer = _made(KafkaProducer, wanted)
            return self._producer

    def probe(self) -> None:
        """Whether the brokers answer, within seconds. Raises StreamError."""
        with self._translated("be reached"), contextlib.closing(self._admin(PROBE_MS)) as admin:
            admin.describe_cluster()

    def _drop_producer(self) -> None:
        with self._lock:
            producer, self._producer, self._suspect = self._producer, None, True
        if producer is not None:
            _close_quietly(producer)

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
                self._looker = _made(KafkaConsumer, self._options.client() | {"enable_auto_commit": False})
            try:
                yield self._looker
            except KafkaError:
                looker, self._looker = self._looker, None
                _close_quietly(looker)
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
                behind = [p["partition_index"] for p in topic["partitions"] if len(p["isr_nodes"]) < len(p["replica_nodes"])]
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
            _close_quietly(client)


def _close_quietly(client: KafkaProducer | KafkaConsumer) -> None:
    """Free its sockets and threads now. What it could not send was reported to the caller before."""
    try:
        if isinstance(client, KafkaConsumer):
            client.close(autocommit=False, timeout_ms=PROBE_MS)
        else:
            client.close(timeout=0)
    except (KafkaError, OSError) as error:
        log.debug("A Kafka client did not close in order.", reason=str(error))


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
            self._client = _made(KafkaConsumer, wanted)
            self._client.subscribe(list(self._topics), listener=self)
        return self._client

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        found: list[Record] = []
        size = 0
        with _translated("be read", self._options.servers):
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
        with _translated("be read from another place", self._options.servers):
            self._client.seek(TopicPartition(partition.topic, partition.number), offset)

    def close(self) -> None:
        if self._client is None:
            return
        client, self._client = self._client, None
        with _translated("let a member leave its group", self._options.servers):
            client.close(autocommit=False, timeout_ms=REQUEST_MS)


def _ours(places: Iterable[TopicPartition]) -> frozenset[Partition]:
    return frozenset(Partition(place.topic, place.partition) for place in places)


def _records(polled: dict[TopicPartition, list[Any]]) -> Iterator[Record]:
    for place, some in polled.items():
        partition = Partition(place.topic, place.partition)
        for record in some:
            yield Record(partition, record.offset, record.key.decode(), record.value, tuple(record.headers))
