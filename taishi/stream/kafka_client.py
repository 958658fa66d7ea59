"""kafka-python as the adapter uses it: how brokers are reached, its failures as ours, and clients that leave nothing behind."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import structlog
from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import IllegalStateError, KafkaError
from kafka.net.compat import KafkaNetClient

from taishi.errors import ConfigError, StreamError

log = structlog.get_logger()

SCHEME: Final = "kafka"

TLS_SCHEME: Final = "kafkas"

REQUEST_MS: Final = 5_000

PROBE_MS: Final = 1_000

SESSION_MS: Final = 10_000
"""How long a silent member keeps its partitions: as long as with the embedded stream."""

POLL_INTERVAL_MS: Final = 300_000

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
def translated(what: str, servers: Sequence[str]) -> Iterator[None]:
    """The client's errors as ours. Its texts hold addresses and reasons, never the password."""
    try:
        yield
    except (KafkaError, IllegalStateError, OSError) as error:
        reason = str(error) or type(error).__name__
        raise StreamError(
            f"Kafka at {', '.join(servers)} could not {what}: {reason}. Look at the brokers, then at `taishi doctor`"
        ) from error


def made(make: Callable[..., Any], settings: Mapping[str, Any]) -> Any:
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


def close_quietly(client: KafkaProducer | KafkaConsumer) -> None:
    """Free its sockets and threads now. What it could not send was reported to the caller before."""
    try:
        if isinstance(client, KafkaConsumer):
            client.close(autocommit=False, timeout_ms=PROBE_MS)
        else:
            client.close(timeout=0)
    except (KafkaError, OSError) as error:
        log.debug("A Kafka client did not close in order.", reason=str(error))
