"""End to end on real servers per number of processors: events from Kafka through all stages into Elasticsearch and PostgreSQL.

Starts servers of its own. The events lie on the stream before the processors start; the clock runs from the first commit to the
last, so that starting processes is not measured. Servers and processors share one machine: where that is what limits,
more processors cannot help, which is a fact about the machine, not about the platform.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import func, make_url, select

from bench.bench_servers import groups
from taishi.compose import build_stream
from taishi.event import TOPIC_EVENTS
from taishi.records.sql import SqlRecords
from taishi.records.tables import StreamOffset
from taishi.scope import EVERYTHING
from taishi.settings import Settings, StreamSettings
from tests.scenarios.platform import Engines
from tests.servers.elasticsearch import Elasticsearch
from tests.servers.kafka import Kafka
from tests.servers.postgres import Postgres

COUNTS = (1, 2, 4)
WARM = 0.1
"""Share of the stream after which the clock starts: by then every processor has joined."""


@contextmanager
def _servers() -> Iterator[Engines]:
    with tempfile.TemporaryDirectory(prefix="taishi-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        engines = Engines(
            Kafka(folder / "kafka"), Elasticsearch(folder / "elasticsearch"), Postgres(folder / "postgres")
        )
        servers = (engines.kafka, engines.elasticsearch, engines.postgres)
        try:
            for server in servers:
                server.start()
            yield engines
        finally:
            for server in servers:
                server.kill()


def _preload(engines: Engines, events: int) -> tuple[int, int]:
    """Messages and events that lie on the stream then."""
    stream = build_stream(Settings(stream=StreamSettings(url=engines.kafka.url, replication=1)))
    stream.ensure_topic(TOPIC_EVENTS, 12)
    count = 0
    for group, held in groups(events):
        stream.publish(TOPIC_EVENTS, group)
        count += held
    messages = sum(stream.end_offsets(TOPIC_EVENTS).values())
    stream.close()
    return messages, count


def _environment(engines: Engines, folder: Path, database: str, prefix: str) -> dict[str, str]:
    return {
        **os.environ,
        **engines.environment(),
        "TAISHI_CONFIG": str(folder / "absent.toml"),
        "TAISHI_DATA_DIR": str(folder),
        "TAISHI_RECORDS__URL": database,
        "TAISHI_STORE__PREFIX": prefix,
    }


def _database(engines: Engines, name: str) -> str:
    url = make_url(engines.postgres.url)
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return url.set(database=name).render_as_string(hide_password=False)


def _committed(records: SqlRecords) -> int:
    with records.read(EVERYTHING) as session:
        return int(session.scalar(select(func.sum(StreamOffset.offset))) or 0)


def _timed(records: SqlRecords, messages: int) -> tuple[float, float]:
    """Seconds of the clock, and the share of the stream that was worked through in them."""
    while (started := _committed(records)) < messages * WARM:
        time.sleep(0.05)
    began = time.perf_counter()
    while _committed(records) < messages:
        time.sleep(0.05)
    return time.perf_counter() - began, 1 - started / messages


def _run_with(engines: Engines, workers: int, messages: int, events: int) -> float:
    """Events a second with this many processors, on fresh records and indices."""
    database = _database(engines, f"scale_{workers}")
    records = SqlRecords(database)
    records.migrate()
    with tempfile.TemporaryDirectory() as name:
        environment = _environment(engines, Path(name), database, f"scale-{workers}")
        command = [sys.executable, "-m", "taishi.main", "process"]
        log = subprocess.DEVNULL
        running = [subprocess.Popen(command, env=environment, stdout=log, stderr=log) for _ in range(workers)]
        try:
            seconds, share = _timed(records, messages)
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(60)
            records.close()
    return events * share / seconds


def run(events: int = 200_000) -> list[dict[str, Any]]:
    """At most 200,000 events a run: servers with small heaps on one machine."""
    with _servers() as engines:
        messages, count = _preload(engines, min(events, 200_000))
        rates = {workers: _run_with(engines, workers, messages, count) for workers in COUNTS}
    return [
        {"processors": workers, "events": count, "events/s": rate, "ratio to one": rate / rates[COUNTS[0]]}
        for workers, rate in rates.items()
    ]
