"""The embedded stream: durable appends and reading back, beside appending the same bytes to a file with fsync."""

from __future__ import annotations

import os
from typing import Any

from bench.material import Clock, Normaliser, deliveries, folder, peak_memory
from taishi.event import TOPIC_EVENTS, decode_batch, encode_batch
from taishi.stream.port import Message
from taishi.stream.sqlite import SqliteStream

GROUP = 64
"""Messages of one append, as the collectors' publisher groups them under load."""


def _measure(events: int) -> list[dict[str, Any]]:
    normaliser = Normaliser()
    append, plain, read = Clock(), Clock(), Clock()
    count = size = 0
    with folder() as place, (place / "plain").open("ab", buffering=0) as file:
        stream = SqliteStream(place / "stream.sqlite")
        stream.ensure_topic(TOPIC_EVENTS, 12)
        group: list[Message] = []

        def take() -> None:
            with append:
                stream.publish(TOPIC_EVENTS, group)
            with plain:
                file.write(b"".join(message.value for message in group))
                os.fsync(file.fileno())

        for _, delivery in deliveries(events):
            batch = normaliser.batch(delivery)
            group.append(Message(batch.enterprise_id, encode_batch(batch)))
            count += batch.received
            size += len(group[-1].value)
            if len(group) == GROUP:
                take()
                group = []
        take()
        consumer = stream.consumer([TOPIC_EVENTS], "bench", lambda _: None, lambda _: None)
        seen = 0
        with read:
            while seen < count:
                for record in consumer.poll(GROUP, 1.0):
                    seen += decode_batch(record.value).received
        consumer.close()
        stream.close()
    return [
        {"what": "append, durable", "events": count, "µs/event": append.seconds / count * 1e6,
         "MB/s": size / append.seconds / 1e6, "ratio to file + fsync": plain.seconds / append.seconds,
         "peak MB": peak_memory()},
        {"what": "read and decode", "events": count, "µs/event": read.seconds / count * 1e6,
         "MB/s": size / read.seconds / 1e6, "ratio to file + fsync": plain.seconds / read.seconds,
         "peak MB": peak_memory()},
    ]  # fmt: skip


def run(events: int = 1_000_000) -> list[dict[str, Any]]:
    """Rows at a tenth of `events` and at `events`, at most 300,000: disk, not time, is the limit of a bench."""
    top = min(events, 300_000)
    return [row for size in (max(1, top // 10), top) for row in _measure(size)]
