"""Servers of a test's own, so that it may stop, freeze and kill them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.platform import Engines
from tests.servers.elasticsearch import Elasticsearch
from tests.servers.kafka import Kafka
from tests.servers.postgres import Postgres
from tests.servers.process import Absent

WANTED = "TAISHI_TEST_SERVERS"


@pytest.fixture
def engines() -> Iterator[Engines]:
    """Kafka, Elasticsearch and PostgreSQL, fresh. Skipped by name where they are not wanted or cannot be had."""
    if os.environ.get(WANTED) != "1":
        pytest.skip(f"servers: `make integration` sets {WANTED}=1 and runs this")
    # Not below pytest's own folder: PostgreSQL runs under another account, which must reach its data.
    folder = Path(tempfile.mkdtemp(prefix="taishi-servers-"))
    folder.chmod(0o755)
    made = Engines(Kafka(folder / "kafka"), Elasticsearch(folder / "elasticsearch"), Postgres(folder / "postgres"))
    servers = (made.kafka, made.elasticsearch, made.postgres)
    try:
        for server in servers:
            try:
                server.start()
            except Absent as absent:
                pytest.skip(f"{server.name}: {absent}")
        yield made
    finally:
        for server in servers:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)
