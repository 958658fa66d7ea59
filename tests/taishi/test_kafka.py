"""The Kafka adapter where no broker answers: it says so, and leaves nothing behind however often it is asked."""

from __future__ import annotations

import gc
import logging
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from taishi.errors import StreamError
from taishi.stream.kafka import KafkaStream
from taishi.stream.kafka_client import KafkaOptions, servers_of


@pytest.fixture
def mute() -> Iterator[str]:
    """A server that takes connections and never says a word, like a frozen broker."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def _held() -> tuple[int, int]:
    gc.collect()  # the last attempt's error still held some
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def _ask(server: str, times: int) -> None:
    stream = KafkaStream(KafkaOptions((server,), replication=1))
    for _ in range(times):
        with pytest.raises(StreamError, match="taishi doctor"):
            stream.probe()
    stream.close()


@pytest.mark.parametrize("kind", ["refused", "mute"])
def test_an_outage_does_not_pile_up_threads_or_sockets(kind: str, mute: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "kafka")  # records that are kept hold the errors, and those the sockets
    server = mute if kind == "mute" else "127.0.0.1:9"
    _ask(server, 1)
    before = _held()
    _ask(server, 4)
    descriptors, threads = _held()
    assert descriptors <= before[0] + 2
    assert threads <= before[1]


def test_urls() -> None:
    assert servers_of("kafkas://a:1,b:2") == (("a:1", "b:2"), True)
    assert servers_of("kafka://a:1/") == (("a:1",), False)


def test_options_do_not_show_the_password() -> None:
    assert "hunter2" not in repr(KafkaOptions(("a:1",), username="u", password="hunter2"))
