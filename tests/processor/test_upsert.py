"""Writing rows: in one order whoever writes, cut to their columns."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from processor.stage import Row
from processor.upsert import add, upsert, write_rows
from taishi.records.sql import SqlRecords
from taishi.records.tables import Ledger, MetaAlert, SeenDelivery, Source, StageState
from taishi.scope import EVERYTHING
from tests import databases


@pytest.fixture(params=databases.ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with databases.empty(request.param, tmp_path) as made:
        records = SqlRecords(made)
        records.migrate()
        records.close()
        yield made


@pytest.fixture
def opened(url: str) -> Iterator[SqlRecords]:
    records = SqlRecords(url)
    yield records
    records.close()


def _states(names: list[str]) -> list[dict[str, Any]]:
    return [{"topic": "t", "partition": 0, "stage": "s", "state_key": name, "blob": name.encode()} for name in names]


def _ledger(hours: list[int]) -> list[dict[str, Any]]:
    owner = {"enterprise_id": "e", "region": "330106", "authority": ""}
    rest = dict.fromkeys(("stored", "merged", "suppressed", "quarantined", "rejected", "delay_sum"), 0)
    return [{"source_id": "s", "hour": hour, **owner, "received": 1, **rest} for hour in hours]


def _meta(identity: str, **more: Any) -> Row:
    values = {
        "enterprise_id": "e", "region": "330106", "behaviour": "b", "name": "n", "severity": 1, "count": 1,
        "first_seen": 0.0, "last_seen": 0.0, **more,
    }  # fmt: skip
    return Row("meta_alert", {"id": identity}, values)


def test_two_writers_of_the_same_rows_cannot_block_each_other(url: str) -> None:
    """Without the lock that makes writers queue: the order of the rows alone has to do."""
    names = [f"k{number:03}" for number in range(200)]
    engine = create_engine(url, connect_args={"timeout": 30} if url.startswith("sqlite") else {})
    both = threading.Barrier(2)
    failed: list[Exception] = []

    def write(step: int) -> None:
        try:
            for _ in range(10):
                both.wait(30)
                with Session(engine) as session, session.begin():
                    upsert(session, StageState, _states(names[::step]))
                    upsert(session, SeenDelivery, [{"delivery": name, "at": 0.0} for name in names[::step]])
                    write_rows(session, [_meta(name) for name in names[::step]], 0.0)
                    write_rows(session, [Row("meta_alert", {"id": name}, {"count": 2}) for name in names[::step]], 0.0)
                    add(session, Ledger, ["received"], _ledger(list(range(200))[::step]))
        except Exception as error:  # noqa: BLE001  told by the assertion below: a thread's own error is lost
            failed.append(error)
            both.abort()

    threads = [threading.Thread(target=write, args=(step,)) for step in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    with Session(engine) as session:
        counted = {row.received for row in session.scalars(select(Ledger))}
    engine.dispose()
    assert failed == []
    assert counted == {20}


def test_texts_of_log_lines_are_cut_to_their_columns(opened: SqlRecords) -> None:
    long = "攻" * 100_000
    row = _meta("m", technique=long, tactic=long, attacker=f"\0{long}", victim=long, behaviour=long, name=long)
    with opened.write(EVERYTHING) as session:
        write_rows(session, [row, Row("meta_alert", {"id": "m"}, {"tactic": f"x{long}"})], 0.0)
    with opened.read(EVERYTHING) as session:
        found = session.get_one(MetaAlert, "m")
    lengths = [len(text) for text in (found.technique, found.tactic, found.attacker, found.victim, found.behaviour)]
    assert lengths == [32, 64, 255, 255, 255]
    assert found.name == long, "this column has no limit"
    assert found.tactic.startswith("x")
    assert found.attacker.startswith("\0攻")


def test_nothing_to_write_is_nothing_done(opened: SqlRecords) -> None:
    with opened.write(EVERYTHING) as session:
        upsert(session, Source, [])
        add(session, Ledger, ["received"], [])
        write_rows(session, [], 0.0)
