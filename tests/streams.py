"""Streams for tests: the embedded one, and Kafka where the environment names a server.

TAISHI_TEST_KAFKA is host:port of a broker where topics may be made; the contract then runs on it too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from taishi.stream.kafka import KafkaStream
from taishi.stream.kafka_client import KafkaOptions
from taishi.stream.port import Stream
from taishi.stream.sqlite import SqliteStream

ENGINES = ("sqlite", "kafka")

LEASE = {"sqlite": 1.0, "kafka": 6.0}
"""Seconds until a silent member loses its partitions; six are the least that a broker allows."""


def server() -> str:
    address = os.environ.get("TAISHI_TEST_KAFKA", "")
    if not address:
        pytest.skip("kafka: TAISHI_TEST_KAFKA names no server")
    return address


@dataclass
class Streams:
    """Opens the same stream again and again."""

    engine: str
    folder: Path
    made: list[Stream] = field(default_factory=list)

    def __call__(self) -> Stream:
        self.made.append(self._open())
        return self.made[-1]

    def _open(self) -> Stream:
        lease = LEASE[self.engine]
        if self.engine == "sqlite":
            return SqliteStream(self.folder / "stream.sqlite", lease=lease)
        milliseconds = int(lease * 1000)
        return KafkaStream(
            KafkaOptions((server(),), replication=1, session_ms=milliseconds, poll_interval_ms=milliseconds)
        )


@contextmanager
def opened(engine: str, folder: Path) -> Iterator[Streams]:
    streams = Streams(engine, folder)
    if engine == "kafka":
        server()
    yield streams
    for stream in streams.made:
        stream.close()
