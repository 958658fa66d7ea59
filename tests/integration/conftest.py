"""Servers of a test's own, so that it may stop, freeze and kill them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.scenarios.platform import Engines
from tests.servers.elasticsearch import Elasticsearch
from tests.servers.kafka import Brokers, Kafka
from tests.servers.postgres import Postgres
from tests.servers.process import Absent, Server

WANTED = "TAISHI_TEST_SERVERS"


def _folder() -> Iterator[Path]:
    """Not below pytest's own folder: PostgreSQL runs under another account, which must reach its data."""
    if os.environ.get(WANTED) != "1":
        pytest.skip(f"servers: `make integration` sets {WANTED}=1 and runs this")
    made = Path(tempfile.mkdtemp(prefix="taishi-servers-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    yield from _folder()


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


@pytest.fixture(scope="session")
def shared() -> Iterator[tuple[Elasticsearch, Postgres]]:
    """Store and records of all tests here: booting them is much of the time of a test."""
    for folder in _folder():
        servers = (Elasticsearch(folder / "elasticsearch"), Postgres(folder / "postgres"))
        with running(*servers):
            yield servers


@contextmanager
def _platform(kafka: Kafka | Brokers, shared: tuple[Elasticsearch, Postgres], replication: int) -> Iterator[Engines]:
    """A fresh stream, and indices and a database of its own on the shared servers, which an earlier test may have left
    frozen or dead."""
    elasticsearch, postgres = shared
    name = f"taishi-{uuid4().hex[:12]}"
    for server in shared:
        server.thaw()
    with running(kafka):
        for server in shared:
            server.start()
        engines = Engines(kafka, elasticsearch, postgres, replication=replication, prefix=name, database=name)
        with psycopg.connect(postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield engines


@pytest.fixture
def engines(folder: Path, shared: tuple[Elasticsearch, Postgres]) -> Iterator[Engines]:
    """Kafka, Elasticsearch and PostgreSQL. Skipped by name where they are not wanted or cannot be had."""
    with _platform(Kafka(folder / "kafka"), shared, 1) as made:
        yield made


@pytest.fixture
def three_brokers(folder: Path, shared: tuple[Elasticsearch, Postgres]) -> Iterator[Engines]:
    """The same with three Kafka brokers that are one cluster."""
    with _platform(Brokers(folder / "kafka"), shared, 3) as made:
        yield made


@pytest.fixture
def broker(folder: Path) -> Iterator[Kafka]:
    made = Kafka(folder / "kafka")
    with running(made):
        yield made
