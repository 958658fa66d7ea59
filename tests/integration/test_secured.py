"""Kafka over TLS: with a password, with a certificate, and what a wrong one is told."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from taishi.errors import StreamError
from taishi.stream.kafka import KafkaStream
from taishi.stream.kafka_client import KafkaOptions
from taishi.stream.port import Message
from tests import certificates
from tests.servers.kafka import PASSWORD, USER, Kafka

TOPIC = "taishi.secured"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("whole-platform"),
    pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning"),
]


@pytest.fixture(autouse=True)
def _collected(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """kafka-python leaves the sockets of failed handshakes to the garbage collector."""
    caplog.set_level(logging.CRITICAL, "kafka")  # records that are kept hold the errors, and those the sockets
    yield
    gc.collect()


def _with_password(broker: Kafka, password: str = PASSWORD) -> KafkaOptions:
    return KafkaOptions(
        (broker.with_password,), tls=True, ca=broker.folder / "ca.pem", username=USER, password=password, replication=1
    )


def _with_certificate(broker: Kafka, folder: Path, name: str = "client") -> KafkaOptions:
    return KafkaOptions(
        (broker.with_certificate,), tls=True, ca=broker.folder / "ca.pem", certificate=folder / f"{name}.pem",
        private_key=folder / f"{name}.key", replication=1,
    )  # fmt: skip


def _carries(options: KafkaOptions) -> None:
    """A record goes there and comes back, through a group."""
    stream = KafkaStream(options)
    try:
        stream.ensure_topic(TOPIC, 2)
        stream.publish(TOPIC, [Message("enterprise", b"over TLS")])
        member = stream.consumer([TOPIC], "readers", lambda _: None, lambda _: None)
        read: list[bytes] = []
        for _ in range(100):
            read += [record.value for record in member.poll(10, 0.2)]
            if read:
                break
        member.close()
        assert read == [b"over TLS"]
    finally:
        stream.close()


def _is_refused(options: KafkaOptions) -> str:
    with pytest.raises(StreamError) as refused:
        KafkaStream(options).ensure_topic(TOPIC, 2)
    return str(refused.value)


def test_a_password_over_tls_lets_in(broker: Kafka) -> None:
    _carries(_with_password(broker))
    said = _is_refused(_with_password(broker, "wrong-horse"))
    assert broker.with_password in said
    assert "wrong-horse" not in said


def test_a_certificate_lets_in_and_a_strangers_does_not(broker: Kafka, tmp_path: Path) -> None:
    _carries(_with_certificate(broker, broker.folder))
    certificates.issue(tmp_path, "stranger", certificates.authority(tmp_path, "strangers"))
    _is_refused(_with_certificate(broker, tmp_path, "stranger"))
    trusting_another = KafkaOptions(
        (broker.with_password,), tls=True, ca=tmp_path / "strangers.pem", username=USER, password=PASSWORD
    )
    _is_refused(trusting_another)
