"""An enterprise's own Kafka topic, read exactly once through deaths between publishing and committing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from collectors.transports import kafka_topic
from taishi.records.sql import SqlRecords
from tests import databases
from tests.collectors.harness import collector, onboard, wait_for
from tests.integration.conftest import running
from tests.servers.kafka import Kafka


def create(address: str, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=[address])
    admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})
    admin.wait_for_topics([topic])
    admin.close()


def fill(address: str, topic: str, first: int, last: int) -> list[str]:
    lines = [f"record {number}" for number in range(first, last)]
    producer = KafkaProducer(bootstrap_servers=[address], acks="all")
    for line in lines:
        producer.send(topic, line.encode())
    producer.flush(60)
    producer.close()
    return lines


def test_a_topic_is_read_and_what_was_in_hand_keeps_its_name(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Kafka(folder / "kafka")
    with running(broker):
        data_dir = tmp_path / "data"
        data_dir.mkdir()
        records = SqlRecords(databases.records_url(data_dir))
        records.migrate()
        onboard(records)
        records.close()
        section = ({"servers": (broker.bootstrap,), "topics": ("enterprise.logs",), "source": "push"},)
        create(broker.bootstrap, "enterprise.logs")
        lines = fill(broker.bootstrap, "enterprise.logs", 0, 1300)
        with collector(data_dir, kafka_input=section) as first:
            wait_for(lambda: len(first.originals()) >= 1300, "the first records")
            assert first.originals() == lines

        commit = kafka_topic.KafkaTopic._publish

        def dies(self: Any, consumer: Any, partition: Any, own: list[Any], end: int) -> None:
            class Commits:
                def commit(self, offsets: Any) -> None:
                    (position,) = offsets.values()
                    if not position.metadata:
                        raise OSError("died before the end was committed")
                    consumer.commit(offsets)

            commit(self, Commits(), partition, own, end)

        more = fill(broker.bootstrap, "enterprise.logs", 1300, 1700)
        monkeypatch.setattr(kafka_topic.KafkaTopic, "_publish", dies)
        with collector(data_dir, kafka_input=section) as second:
            wait_for(lambda: len(second.originals()) > 1300, "a range that is published and not committed")
        monkeypatch.setattr(kafka_topic.KafkaTopic, "_publish", commit)
        more += fill(broker.bootstrap, "enterprise.logs", 1700, 2100)
        with collector(data_dir, kafka_input=section) as third:
            wait_for(lambda: "record 2099" in third.originals(), "the rest")
            once: dict[str, list[str]] = {}
            for batch in third.batches():
                own = [event["event.original"] for event in batch.events]
                assert once.setdefault(batch.delivery, own) == own, "one delivery, two contents"
        assert sorted(line for own in once.values() for line in own) == sorted(lines + more)
