"""Servers of a test's own, so that it may stop, freeze and kill them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scenarios.platform import Engines
from tests.servers.elasticsearch import Elasticsearch
from tests.servers.kafka import Brokers, Kafka
from tests.servers.postgres import Postgres
from tests.servers.process import Absent, Server

WANTED = "TAISHI_TEST_SERVERS"


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below pytest's own folder: PostgreSQL runs under another account, which must reach its data."""
    if os.environ.get(WANTED) != "1":
        pytest.skip(f"servers: `make integration` sets {WANTED}=1 and runs this")
    made = Path(tempfile.mkdtemp(prefix="taishi-servers-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@contextmanager
def running(*servers: Server | Brokers) -> Iterator[None]:
    """Skipped by name where one cannot be had."""
    try:
        for server in servers:
            try:
                server.start()
            except Absent as absent:
                pytest.skip(f"{server.name}: {absent}")
        yield
    finally:
        for server in servers:
            server.kill()


@pytest.fixture
def engines(folder: Path) -> Iterator[Engines]:
    """Kafka, Elasticsearch and PostgreSQL, fresh. Skipped by name where they are not wanted or cannot be had."""
    made = Engines(Kafka(folder / "kafka"), Elasticsearch(folder / "elasticsearch"), Postgres(folder / "postgres"))
    with running(made.kafka, made.elasticsearch, made.postgres):
        yield made


@pytest.fixture
def three_brokers(folder: Path) -> Iterator[Engines]:
    """The same with three Kafka brokers that are one cluster."""
    made = Engines(
        Brokers(folder / "kafka"), Elasticsearch(folder / "elasticsearch"), Postgres(folder / "postgres"), replication=3
    )
    with running(made.kafka, made.elasticsearch, made.postgres):
        yield made


@pytest.fixture
def broker(folder: Path) -> Iterator[Kafka]:
    made = Kafka(folder / "kafka")
    with running(made):
        yield made
