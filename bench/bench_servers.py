"""Kafka and Elasticsearch behind our ports, beside the client libraries' own raw speed on the same servers.

Needs running servers (`make servers`): TAISHI_TEST_KAFKA is host:port of the broker, TAISHI_TEST_ELASTICSEARCH the URL of a
node. The overhead is what the port costs on top of the library: 1.0 would be none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import orjson
from elasticsearch import Elasticsearch
from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import TopicPartition

from bench.bench_stages import Pipeline
from bench.bench_store import latencies
from bench.material import STRETCH, Clock, Normaliser, copies, deliveries, facts
from taishi.errors import ConfigError
from taishi.event import Batch, Event, encode_batch
from taishi.store.elastic import ElasticStore
from taishi.store.elastic_client import ElasticOptions
from taishi.store.elastic_document import build
from taishi.stream.kafka import MAX_MESSAGE, KafkaStream
from taishi.stream.kafka_client import KafkaOptions
from taishi.stream.port import Message, partition_for

GROUP = 64
"""Messages of one publish, as the collectors' publisher groups them under load."""

PARTITIONS = 12
CHUNK = 2000
"""Events of one indexing call, on both sides."""


def _address(name: str) -> str:
    found = os.environ.get(name, "")
    if not found:
        raise ConfigError(f"{name} names no server: run `make servers`, and set it")
    return found


def groups(events: int) -> Iterator[tuple[list[Message], int]]:
    """Messages as the collectors publish them, and how many events they hold."""
    normaliser = Normaliser()
    group: list[Message] = []
    count = 0
    for _, delivery in deliveries(events):
        batch = normaliser.batch(delivery)
        group.append(Message(batch.enterprise_id, encode_batch(batch)))
        count += batch.received
        if len(group) == GROUP:
            yield group, count
            group, count = [], 0
    if group:
        yield group, count


def _kafka(events: int) -> list[dict[str, Any]]:
    server, topics = _address("TAISHI_TEST_KAFKA"), [f"bench.{uuid4().hex}" for _ in range(2)]
    stream = KafkaStream(KafkaOptions((server,), replication=1))
    for topic in topics:
        stream.ensure_topic(topic, PARTITIONS)
    producer = KafkaProducer(
        bootstrap_servers=[server], acks="all", enable_idempotence=True, compression_type="zstd",
        batch_size=1024 * 1024, max_request_size=MAX_MESSAGE,
    )  # fmt: skip
    ours, raw, count, size = Clock(), Clock(), 0, 0
    for topic in topics:  # connections and producer ids are made before the clocks start
        stream.publish(topic, [Message("warm", b"")])
    producer.send(topics[1], b"", b"warm", partition=0).get(30)
    stream.publish(topics[0], [Message("warm", b"")])
    for group, held in groups(events):
        count += held
        size += sum(len(message.value) for message in group)
        with ours:
            stream.publish(topics[0], group)
        with raw:
            sent = [
                producer.send(topics[1], m.value, m.key.encode(), partition=partition_for(m.key, PARTITIONS))
                for m in group
            ]
            for future in sent:
                future.get(30)
    producer.close()
    messages = sum(stream.end_offsets(topics[0]).values())
    read_ours, read_raw = _consume(stream, server, topics, messages)
    stream.close()
    return [_stream_row("publish", count, size, ours, raw), _stream_row("consume", count, size, read_ours, read_raw)]


def _stream_row(what: str, count: int, size: int, ours: Clock, raw: Clock) -> dict[str, Any]:
    return {
        "what": what, "events": count, "µs/event": ours.seconds / count * 1e6, "MB/s": size / ours.seconds / 1e6,
        "ratio to kafka-python": raw.seconds / ours.seconds,
    }  # fmt: skip


def _consume(stream: KafkaStream, server: str, topics: list[str], messages: int) -> tuple[Clock, Clock]:
    """Both sides know their partitions before the clock starts."""
    ours, raw = Clock(), Clock()
    member = stream.consumer([topics[0]], topics[0], lambda _: None, lambda _: None)
    seen = 0
    while len(member.assignment()) < PARTITIONS:
        seen += len(member.poll(1, 0.1))
    with ours:
        while seen < messages:
            seen += len(member.poll(GROUP, 1.0))
    member.close()
    plain = KafkaConsumer(
        bootstrap_servers=[server], enable_auto_commit=False, auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024 * 1024, fetch_max_bytes=16 * 1024 * 1024,
    )  # fmt: skip
    plain.assign([TopicPartition(topics[1], number) for number in range(PARTITIONS)])
    seen = 0
    while not seen:  # so that both have fetched once before the clock starts
        seen = sum(map(len, plain.poll(1000, max_records=1).values()))
    with raw:
        while seen < messages:
            seen += sum(map(len, plain.poll(1000, max_records=GROUP).values()))
    plain.close(autocommit=False)
    return ours, raw


def _stretches(events: int) -> Iterator[list[Event]]:
    """Events after all stages, in calls of CHUNK."""
    pipeline, normaliser = Pipeline(facts(copies(events))), Normaliser()
    waiting: list[Batch] = []
    held: list[Event] = []
    for _, delivery in deliveries(events):
        waiting.append(normaliser.batch(delivery))
        if len(waiting) == STRETCH:
            held += pipeline.run(waiting).events
            waiting = []
            while len(held) >= CHUNK:
                yield held[:CHUNK]
                held = held[CHUNK:]
    yield held + pipeline.run(waiting).events


def _operations(events: list[Event], prefix: str, index: str) -> list[dict[str, Any]]:
    """What the raw client is given: the same documents, ready as dicts."""
    operations: list[dict[str, Any]] = []
    for event in events:
        operations += (
            {"index": {"_index": index, "_id": event["event.id"]}},
            orjson.loads(build(event, prefix).line),
        )
    return operations


def _elasticsearch(events: int) -> list[dict[str, Any]]:
    url, prefix = _address("TAISHI_TEST_ELASTICSEARCH"), f"bench-{uuid4().hex[:10]}"
    store = ElasticStore(ElasticOptions([url], prefix=prefix, replicas=0), writable=True)
    ours, raw, count = Clock(), Clock(), 0
    plain = f"{prefix}-events-raw"
    with Elasticsearch(url, request_timeout=60) as client:
        for number, some in enumerate(_stretches(events)):
            if number == 0:  # indices and connections are made before the clocks start
                store.index(some)
                store.flush()
                client.bulk(operations=_operations(some, prefix, plain))
                continue
            operations = _operations(some, prefix, plain)
            with ours:
                store.index(some)
            with raw:
                client.bulk(operations=operations)
            count += len(some)
        with ours:
            store.flush()
        with raw:
            client.indices.refresh(index=plain)
        client.indices.delete(index=plain)
        rows = [
            {
                "what": "index", "events": count, "µs/event": ours.seconds / count * 1e6,
                "ratio to client.bulk": raw.seconds / ours.seconds,
            },
            *latencies(store, count),
        ]  # fmt: skip
        store.close()
        found = list(client.indices.get(index=f"{prefix}-*").body)
        for start in range(0, len(found), 50):
            client.indices.delete(index=found[start : start + 50])
    return rows


def run(events: int = 1_000_000) -> list[dict[str, Any]]:
    """Stream rows at most at 300,000 events, as for the embedded stream; the index and its queries at `events`."""
    return [*_kafka(min(events, 300_000)), *_elasticsearch(events)]
