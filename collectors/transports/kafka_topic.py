"""Records of an enterprise's own Kafka topic, each exactly once.

Before a range of a partition is published it is written down: as the metadata of the committed offset, where whoever owns the
partition next finds it. A collector that dies in between leaves the range to be sent again under the same delivery id, which the
processor counts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kafka import KafkaConsumer
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata, TopicPartition

from collectors.framing import Frame
from collectors.transports.documents import record_of_text
from collectors.transports.intake import Intake
from collectors.transports.pull import Puller, Stopped
from taishi.event import delivery_id
from taishi.settings import KafkaInputSettings

POLL_MS: Final = 500
MARK: Final = "taishi-until="


@dataclass(slots=True)
class Hand:
    """What of a partition is here and not yet delivered; `until` ends the range that was written down before us, if any."""

    until: int = 0
    records: list[Any] = field(default_factory=list)


class _Assigned(ConsumerRebalanceListener):  # type: ignore[misc]  # the client is untyped
    """Forgets what was in hand of partitions that others have now."""

    def __init__(self, hands: dict[TopicPartition, Hand]) -> None:
        self._hands = hands

    def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        for partition in revoked:
            self._hands.pop(partition, None)

    def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        for partition in assigned:
            self._hands.pop(partition, None)


class KafkaTopic(Puller):
    name = "kafka"
    failures = (KafkaError, OSError)

    def __init__(self, intake: Intake, section: KafkaInputSettings) -> None:
        super().__init__(intake, section.source)
        self._section = section
        self._most = intake.settings.collect.batch_records

    def fetch(self) -> None:
        hands: dict[TopicPartition, Hand] = {}
        consumer = KafkaConsumer(
            **self._section.client(),
            group_id=self._section.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=self._most,
            max_poll_interval_ms=900_000,
        )
        try:
            consumer.subscribe(list(self._section.topics), listener=_Assigned(hands))
            while not self.stopping.is_set():
                for partition, records in consumer.poll(timeout_ms=POLL_MS).items():
                    self._take(consumer, hands, partition, records)
        finally:
            consumer.close(autocommit=False)
        raise Stopped

    def _take(
        self, consumer: Any, hands: dict[TopicPartition, Hand], partition: TopicPartition, records: list[Any]
    ) -> None:
        hand = hands.get(partition)
        if hand is None:
            hand = hands[partition] = Hand(_until(consumer.committed(partition, metadata=True)))
        hand.records += records
        while hand.records:
            first, last = hand.records[0].offset, hand.records[-1].offset
            if hand.until > last + 1:
                return  # the rest of the range that was written down is still to come
            end = hand.until if first < hand.until else hand.records[min(len(hand.records), self._most) - 1].offset + 1
            self._publish(consumer, partition, [one for one in hand.records if one.offset < end], end)
            hand.records = [one for one in hand.records if one.offset >= end]
            hand.until = 0

    def _publish(self, consumer: Any, partition: TopicPartition, records: list[Any], end: int) -> None:
        start = records[0].offset
        consumer.commit({partition: OffsetAndMetadata(start, f"{MARK}{end}", -1)})
        frames = [frame for one in records if one.value for frame in frames_of(one.value)]
        if frames:
            self.deliver(frames, delivery_id(self._source, "kafka", partition.topic, partition.partition, start, end))
        consumer.commit({partition: OffsetAndMetadata(end, "", -1)})


def frames_of(value: bytes) -> list[Frame]:
    """The record of a message: a shipper's document gives the line it wraps."""
    return [record_of_text(value)]


def _until(committed: Any) -> int:
    """The end of the range that was in somebody's hand; 0 for none."""
    metadata = getattr(committed, "metadata", "") or ""
    return int(metadata[len(MARK) :]) if metadata.startswith(MARK) and metadata[len(MARK) :].isdecimal() else 0
