"""What only a server can do: be away, go away, be busy, hold another encoding."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from taishi.errors import ConfigError, Conflict, RecordsError, TaishiError
from taishi.records import postgresql
from taishi.records.sql import SqlRecords
from taishi.records.tables import Change, Park
from taishi.scope import EVERYTHING
from tests import databases


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with databases.empty("postgresql", tmp_path) as made:
        yield made


@pytest.fixture
def opened(url: str) -> Iterator[SqlRecords]:
    records = SqlRecords(url)
    records.migrate()
    yield records
    records.close()


def _told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://taishi:hunter2@127.0.0.1:1/taishi",
        "postgresql://taishi:hunter2@no-such-host.invalid/taishi?sslmode=disable",
    ],
)
def test_a_server_that_is_away_is_named_without_its_password(url: str) -> None:
    records = SqlRecords(url)

    def read() -> None:
        with records.read(EVERYTHING) as session:
            session.execute(select(1))

    for attempt in (read, records.migrate):
        with pytest.raises(RecordsError, match=r"cannot be reached.*records\.url") as caught:
            attempt()
        assert "hunter2" not in _told(caught.value)
    records.close()


@pytest.mark.parametrize(
    "url",
    [
        "nonsense:hunter2",
        "mysql://root:hunter2@h/d",
        "postgresql+asyncpg://u:hunter2@h/d",
        "postgresql://u:hunter2@h:port/d",
    ],
)
def test_a_url_that_names_no_engine_of_ours_is_a_config_error(url: str) -> None:
    with pytest.raises(ConfigError, match=r"records\.url") as caught:
        SqlRecords(url)
    assert "hunter2" not in _told(caught.value)


def test_a_database_that_does_not_exist_is_told(url: str) -> None:
    records = SqlRecords(f"{url}_missing")
    with pytest.raises(RecordsError, match=r"refused us.*does not exist.*records\.url"):
        records.migrate()
    records.close()


def test_a_database_of_another_encoding_is_refused() -> None:
    name = "taishi_latin"
    databases.administer(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        records = SqlRecords(databases.server().rpartition("/")[0] + f"/{name}")
        with pytest.raises(RecordsError, match="ENCODING 'UTF8'"):
            records.migrate()
        records.close()
    finally:
        databases.administer(f"DROP DATABASE {name} WITH (FORCE)")


def _cut(records: SqlRecords) -> None:
    """End every other session of this database, as a restarting server does."""
    with records.write(EVERYTHING) as session:
        session.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                 " WHERE datname = current_database() AND pid <> pg_backend_pid()")
        )  # fmt: skip


def test_a_connection_lost_between_transactions_is_not_noticed(url: str, opened: SqlRecords) -> None:
    with opened.read(EVERYTHING) as session:
        session.execute(select(1))
    other = SqlRecords(url)
    _cut(other)
    other.close()
    with opened.read(EVERYTHING) as session:
        assert session.scalar(select(func.count()).select_from(Park)) == 0


def test_a_connection_lost_inside_a_transaction_undoes_it(url: str, opened: SqlRecords) -> None:
    other = SqlRecords(url)

    def write() -> None:
        with opened.write(EVERYTHING) as session:
            session.add(Park(id="p", region="330106", name="p"))
            session.flush()
            with other.read(EVERYTHING) as cutting:
                cutting.execute(
                    text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                         " WHERE application_name = 'taishi-writer' AND datname = current_database()")
                )  # fmt: skip

    with pytest.raises(RecordsError, match=r"cannot be reached.*nothing unfinished was kept"):
        write()
    other.close()
    with opened.write(EVERYTHING) as session:
        assert session.get(Park, "p") is None


def test_a_writer_that_waits_too_long_is_told_so(monkeypatch: pytest.MonkeyPatch, opened: SqlRecords, url: str) -> None:
    monkeypatch.setattr(postgresql, "LOCK_SECONDS", 1)
    hasty = SqlRecords(url)
    with (
        opened.write(EVERYTHING),
        pytest.raises(RecordsError, match=r"busy.*try again"),
        hasty.write(EVERYTHING),
    ):
        pass
    hasty.close()


def test_a_writer_that_stops_inside_its_transaction_is_ended(
    monkeypatch: pytest.MonkeyPatch, opened: SqlRecords, url: str
) -> None:
    monkeypatch.setitem(postgresql.IDLE_SECONDS, "writer", 1)
    stopped = SqlRecords(url)

    def write() -> None:
        with stopped.write(EVERYTHING) as session:
            with opened.write(EVERYTHING) as other:  # waits until the server has ended the first
                other.add(Change(at=0.0, kind="source", object_id="x"))
            session.execute(select(1))

    with pytest.raises(RecordsError):
        write()
    stopped.close()


def test_a_deadlock_is_a_conflict(opened: SqlRecords) -> None:
    """Writers cannot cause one; a person at the server's own prompt can."""
    for name in ("a", "b"):
        with opened.write(EVERYTHING) as session:
            session.add(Park(id=name, region="330106", name=name))
    both = threading.Barrier(2)
    found: list[TaishiError] = []

    def lock(first: str, second: str) -> None:
        try:
            with opened._open(opened._write_session, EVERYTHING) as session:  # without the writers' lock
                session.execute(text("UPDATE park SET name = '' WHERE id = :id"), {"id": first})
                both.wait(10)
                session.execute(text("UPDATE park SET name = '' WHERE id = :id"), {"id": second})
        except TaishiError as error:
            found.append(error)

    threads = [threading.Thread(target=lock, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [type(error) for error in found] == [Conflict]


def test_a_reader_cannot_write_and_never_waits_for_writers(opened: SqlRecords) -> None:
    with opened.write(EVERYTHING) as writing:
        writing.add(Park(id="p", region="330106", name="p"))
        writing.flush()
        with opened.read(EVERYTHING) as session:
            assert session.get(Park, "p") is None
    with pytest.raises(RecordsError), opened.read(EVERYTHING) as session:
        session.execute(text("DELETE FROM park"))


def test_the_url_can_overrule_a_session_setting(url: str) -> None:
    records = SqlRecords(f"{url}?options=-c%20statement_timeout%3D5s")
    with records.read(EVERYTHING) as session:
        assert session.scalar(text("SHOW statement_timeout")) == "5s"
        assert session.scalar(text("SHOW transaction_isolation")) == "repeatable read"
        assert session.scalar(text("SHOW client_encoding")) == "UTF8"
    with records.write(EVERYTHING) as session:
        assert session.scalar(text("SHOW transaction_isolation")) == "read committed"
    records.close()
