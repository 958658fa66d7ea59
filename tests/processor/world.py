"""A worker on small engines, driven step by step, and what its run left behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from processor.worker import Worker
from taishi.event import TOPIC_EVENTS, Batch
from taishi.records.sql import SqlRecords
from taishi.records.tables import (
    Base,
    Change,
    Incident,
    IndicatorUse,
    Ledger,
    MetaAlert,
    QuarantineRecord,
    SeenDelivery,
    Sighting,
    Source,
    StageState,
    StreamOffset,
)
from taishi.scope import EVERYTHING
from taishi.settings import ProcessSettings, Settings, StreamSettings
from tests import databases
from tests.processor.fakes import Fault, FaultyRecords, Killed, MemoryStore, MemoryStream
from tests.processor.material import START, message, onboard

NOW = START + 50_000.0
PARTITIONS = 3
WALL = {"created_at", "updated_at"}
"""Columns that tell the wall clock."""

COMPARED: tuple[type[Base], ...] = (
    MetaAlert, Incident, Sighting, IndicatorUse, Ledger, QuarantineRecord, SeenDelivery, StageState,
)  # fmt: skip


def settings(folder: Path, checkpoint: float = 1e-6) -> Settings:
    return Settings(
        data_dir=folder,
        process=ProcessSettings(checkpoint_seconds=checkpoint),
        stream=StreamSettings(partitions=PARTITIONS),
    )


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, onboarded records database, copied for every run: migrating anew would be most of the time."""
    path = tmp_path_factory.mktemp("template")
    records = SqlRecords(databases.records_url(path))
    records.migrate()
    with records.write(EVERYTHING) as session:
        onboard(session)
    with records.write(EVERYTHING) as session:
        session.connection().exec_driver_sql("SELECT 1")
    records.close()
    return path


class World:
    """One run: a stream with batches, a store, records; workers come and go."""

    def __init__(self, folder: Path, template: Path, fault: Fault | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.fault = fault or Fault()
        self.clock: Callable[[], float] = lambda: NOW
        self.stream = MemoryStream(self.fault)
        self.stream.ensure_topic(TOPIC_EVENTS, PARTITIONS)
        self.store = MemoryStore(self.fault)
        self.records = SqlRecords(databases.copied_url(template, folder))

    def publish(self, batches: Sequence[Batch]) -> None:
        self.stream.publish(TOPIC_EVENTS, [message(batch) for batch in batches])

    def worker(self, poll_records: int = 4, checkpoint: float = 1e-6) -> Worker:
        return Worker(
            settings(self.folder, checkpoint), self.stream, self.store, FaultyRecords(self.records, self.fault),  # type: ignore[arg-type]
            now=self.clock, poll_records=poll_records,
        )  # fmt: skip

    def caught_up(self) -> bool:
        with self.records.read(EVERYTHING) as session:
            known = {row.partition: row.offset for row in session.scalars(select(StreamOffset))}
        return all(known.get(p.number, 0) >= end for p, end in self.stream.end_offsets(TOPIC_EVENTS).items() if end)

    def drive(self, poll_records: int = 4, limit: int = 400) -> None:
        """Run workers until everything is committed and the ticks have released what waited. A killed one is replaced,
        one whose engine failed goes on."""
        worker = self.worker(poll_records)
        quiet = 0
        for _ in range(limit):
            try:
                worker.attempt()
            except Killed:
                self.store.crash()
                worker = self.worker(poll_records)
            quiet = quiet + 1 if self.caught_up() else 0
            if quiet >= 3:
                worker.close()
                return
        raise AssertionError("the worker does not come to an end")

    def outcome(self) -> dict[str, Any]:
        """Everything that two runs over the same input must agree on."""
        found: dict[str, Any] = {"events": {key: self.store.durable[key] for key in sorted(self.store.durable)}}
        with self.records.read(EVERYTHING) as session:
            for model in COMPARED:
                columns = [column for column in model.__table__.columns if column.name not in WALL]
                rows = [tuple(row) for row in session.execute(select(*columns))]
                found[model.__tablename__] = sorted(rows, key=repr)
            heard = session.execute(select(Source.id, Source.first_seen, Source.last_seen))
            found["source"] = sorted(tuple(row) for row in heard)
            news = session.execute(select(Change.kind, Change.object_id).where(Change.kind != "risk"))
            found["changes"] = sorted({tuple(row) for row in news})
        return found

    def balances(self) -> list[int]:
        with self.records.read(EVERYTHING) as session:
            return [
                row.received - row.stored - row.merged - row.suppressed - row.quarantined - row.rejected
                for row in session.scalars(select(Ledger))
            ]

    def close(self) -> None:
        self.records.close()
        databases.discard(self.folder)
