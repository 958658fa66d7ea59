"""The `Records` adapter for SQLite (the embedded default) and PostgreSQL, both through SQLAlchemy 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from taishi.errors import Conflict, RecordsError
from taishi.records.scoping import apply_scope, scope_options
from taishi.scope import Scope

BUSY_TIMEOUT_MS = 60_000
"""How long a writer waits for another process's write lock. A checkpoint holds it for tens of milliseconds; a minute
only runs out when something is broken, and then an error is better than a silent stall."""

MIGRATION_LOCK = 7_410_119
"""Key of the PostgreSQL advisory lock that lets one process migrate while the others wait."""


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say so, not where the driver guesses
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # a committed offset must survive a power cut
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _engine(url: str, begin: str) -> Engine:
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", lambda connection: _begin(connection, begin))
    return engine


def _begin(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)


class SqlRecords:
    """`url` is an SQLAlchemy URL such as `sqlite:///var/records.sqlite` or `postgresql+psycopg://host/taishi`."""

    def __init__(self, url: str) -> None:
        if url.startswith("sqlite:///"):
            Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        self._writer = _engine(url, "BEGIN IMMEDIATE")
        self._reader = _engine(url, "BEGIN")
        self._write_session = sessionmaker(self._writer, expire_on_commit=False)
        self._read_session = sessionmaker(self._reader, expire_on_commit=False)

    @contextmanager
    def read(self, scope: Scope) -> Iterator[Session]:
        with self._open(self._read_session, scope) as session:
            yield session

    @contextmanager
    def write(self, scope: Scope) -> Iterator[Session]:
        with self._open(self._write_session, scope) as session:
            session.connection()  # takes the write lock now
            yield session
            session.commit()

    @contextmanager
    def _open(self, factory: sessionmaker[Session], scope: Scope) -> Iterator[Session]:
        session = factory(info={"scope_options": scope_options(scope)})
        event.listen(session, "do_orm_execute", apply_scope)
        try:
            yield session
        except StaleDataError as error:
            raise Conflict("somebody changed this first; load it again and repeat your change") from error
        except SQLAlchemyError as error:
            raise RecordsError(f"the records database failed: {error.__class__.__name__}: {error}") from error
        finally:
            session.close()

    def migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        try:
            with self._writer.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except SQLAlchemyError as error:
            raise RecordsError(f"the records database could not be migrated: {error}") from error

    def close(self) -> None:
        self._reader.dispose()
        self._writer.dispose()
