"""A whole platform of real processes on a temporary data directory, for tests that kill parts of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import make_url

from taishi.compose import build_store, build_stream
from taishi.records.sql import SqlRecords
from taishi.settings import RecordsSettings, Settings, StoreSettings, StreamSettings
from taishi.store.embedded import TantivyStore
from taishi.store.port import EventStore
from taishi.stream.port import Stream
from taishi.stream.sqlite import SqliteStream
from tests import databases
from tests.servers.elasticsearch import Elasticsearch
from tests.servers.kafka import Brokers, Kafka
from tests.servers.postgres import Postgres

PATIENCE = 120.0
"""Seconds that a condition may take on a busy machine before the test says what it waited for."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Poll until the condition holds; fails with what was waited for."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience:.0f} s for {what}")
        time.sleep(0.05)


@dataclass
class Engines:
    """The servers that a platform runs on instead of the embedded engines, each running; `more` are further settings of
    its processes, `replication` the copies of a topic. Several platforms may share a store and records: each has its own
    `prefix` of indices and its own database."""

    kafka: Kafka | Brokers
    elasticsearch: Elasticsearch
    postgres: Postgres
    replication: int = 1
    prefix: str = "taishi"
    database: str = "postgres"
    more: dict[str, str] = field(default_factory=dict)

    @property
    def records_url(self) -> str:
        return make_url(self.postgres.url).set(database=self.database).render_as_string(hide_password=False)

    def environment(self) -> dict[str, str]:
        return {
            "TAISHI_STREAM__URL": self.kafka.url,
            "TAISHI_STREAM__REPLICATION": str(self.replication),
            "TAISHI_STORE__URL": self.elasticsearch.url,
            "TAISHI_STORE__REPLICAS": "0",
            "TAISHI_STORE__PREFIX": self.prefix,
            "TAISHI_RECORDS__URL": self.records_url,
            **self.more,
        }

    def settings(self) -> Settings:
        return Settings(
            stream=StreamSettings(url=self.kafka.url, replication=self.replication),
            store=StoreSettings(url=self.elasticsearch.url, replicas=0, prefix=self.prefix),
            records=RecordsSettings(url=self.records_url),
        )


class Platform:
    """Roles are started, killed and stopped by name: collect, process, api; `process.2` is another worker."""

    def __init__(self, data_dir: Path, engines: Engines | None = None) -> None:
        self.data_dir = data_dir
        self.engines = engines
        self.ports = {"http": free_port(), "tcp": free_port(), "udp": free_port(), "api": free_port()}
        self._log = (data_dir / "roles.log").open("ab")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.records = SqlRecords(engines.records_url if engines else databases.records_url(data_dir))
        self.records.migrate()

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "TAISHI_CONFIG": str(self.data_dir / "absent.toml"),
            "TAISHI_DATA_DIR": str(self.data_dir),
            "TAISHI_HTTP__PORT": str(self.ports["http"]),
            "TAISHI_SYSLOG__TCP_PORT": str(self.ports["tcp"]),
            "TAISHI_SYSLOG__UDP_PORT": str(self.ports["udp"]),
            "TAISHI_API__PORT": str(self.ports["api"]),
            "TAISHI_PROCESS__CHECKPOINT_SECONDS": "0.2",
            **(self.engines.environment() if self.engines else databases.environment(self.data_dir)),
        }

    @property
    def workers(self) -> list[str]:
        return [role for role in self._processes if role.startswith("process")]

    def start(self, *roles: str) -> None:
        for role in roles:
            self._processes[role] = subprocess.Popen(
                [sys.executable, "-m", "taishi.main", *role.split(".")[0].split()],
                env=self.environment(),
                stdout=self._log,
                stderr=self._log,
            )

    def kill(self, role: str) -> None:
        """kill −9: no handler runs, nothing is flushed."""
        process = self._processes[role]
        process.kill()
        process.wait()

    def freeze(self, role: str) -> None:
        self._processes[role].send_signal(signal.SIGSTOP)

    def thaw(self, role: str) -> None:
        self._processes[role].send_signal(signal.SIGCONT)

    def forget_dead(self) -> None:
        """Those that were killed and are not to come back."""
        self._processes = {role: process for role, process in self._processes.items() if process.poll() is None}

    def stop(self, role: str) -> None:
        process = self._processes.pop(role)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)

    def running(self, role: str) -> bool:
        return self._processes[role].poll() is None

    def ready(self, port: str) -> bool:
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.ports[port]}/health/ready", timeout=2, trust_env=False)
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    def wait_ready(self, *ports: str) -> None:
        for port in ports:
            wait_for(lambda port=port: self.ready(port), f"{port} to be ready; see {self._log.name}")  # type: ignore[misc]

    def url(self, port: str, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[port]}{path}"

    def stream(self) -> Stream:
        if self.engines:
            return build_stream(self.engines.settings())
        return SqliteStream(self.data_dir / "stream.sqlite")

    def store(self) -> EventStore:
        if self.engines:
            return build_store(self.engines.settings(), writable=False)
        return TantivyStore(self.data_dir / "events", writable=False)

    def close(self) -> None:
        for role in list(self._processes):
            process = self._processes.pop(role)
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.records.close()
        self._log.close()
