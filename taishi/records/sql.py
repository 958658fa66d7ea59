"""The `Records` adapter for SQLite (the embedded default) and PostgreSQL, both through SQLAlchemy 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from taishi import sqlite
from taishi.errors import ConfigError, RecordsError
from taishi.findings import Finding, judged
from taishi.records import postgresql
from taishi.records.failures import telling, translated
from taishi.records.scoping import apply_scope, scope_options
from taishi.scope import EVERYTHING, Scope

log = structlog.get_logger()

POSTGRESQL: Final = "postgresql+psycopg"


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say so, not where the driver guesses
    sqlite.prepare(connection)
    connection.execute("PRAGMA foreign_keys=ON")


def _sqlite_engine(url: URL, begin: str) -> Engine:
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", lambda connection: _begin(connection, begin))
    return engine


def _begin(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError):
        # not chained: the cause may quote the password
        raise ConfigError(
            "records.url is no SQLAlchemy URL; write it like postgresql+psycopg://user:password@host/database"
        ) from None
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername=POSTGRESQL)
    if parsed.drivername not in {"sqlite", POSTGRESQL}:
        raise ConfigError(f"records.url names {parsed.drivername}; it may be sqlite or {POSTGRESQL}")
    return parsed


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _is_newer(connection: Connection, config: Config) -> bool:
    """A revision we never heard of: during a rolling upgrade a process of the old version may start again. Migrations only
    add within one major version, so that it can work on."""
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None:
        return False
    return revision not in {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}


class SqlRecords:
    """`url` is an SQLAlchemy URL such as `sqlite:///var/records.sqlite` or `postgresql+psycopg://host/taishi`; `password`
    is used where the URL has none."""

    def __init__(self, url: str, password: str = "") -> None:
        parsed = _parsed(url)
        if password and not parsed.password:
            parsed = parsed.set(password=password)
        self._postgresql = parsed.drivername == POSTGRESQL
        self._place = parsed.set(query={}).render_as_string(hide_password=True)
        if self._postgresql:
            self._writer = postgresql.open_engine(parsed, "writer")
            self._reader = postgresql.open_engine(parsed, "reader")
        else:
            if parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self._writer = _sqlite_engine(parsed, "BEGIN IMMEDIATE")
            self._reader = _sqlite_engine(parsed, "BEGIN")
        self._write_session = sessionmaker(self._writer, expire_on_commit=False)
        self._read_session = sessionmaker(self._reader, expire_on_commit=False)

    @contextmanager
    def read(self, scope: Scope) -> Iterator[Session]:
        with self._open(self._read_session, scope) as session:
            yield session

    @contextmanager
    def write(self, scope: Scope) -> Iterator[Session]:
        with self._open(self._write_session, scope) as session:
            connection = session.connection()  # on SQLite this takes the write lock
            if self._postgresql:
                postgresql.lock_writers(connection)
            yield session
            session.commit()

    @contextmanager
    def _open(self, factory: sessionmaker[Session], scope: Scope) -> Iterator[Session]:
        session = factory(info={"scope_options": scope_options(scope)})
        event.listen(session, "do_orm_execute", apply_scope)
        try:
            yield session
        except SQLAlchemyError as error:
            raise translated(error, self._place) from telling(error)
        finally:
            session.close()

    def clock(self) -> float:
        with self.read(EVERYTHING) as session:
            asked = "SELECT extract(epoch FROM clock_timestamp())" if self._postgresql else "SELECT unixepoch('subsec')"
            return float(session.connection().exec_driver_sql(asked).scalar_one())

    def examine(self) -> list[Finding]:
        newest = ScriptDirectory.from_config(_alembic()).get_current_head()
        with self.read(EVERYTHING) as session:
            connection = session.connection()
            asked = "SHOW server_version" if self._postgresql else "SELECT sqlite_version()"
            version = connection.exec_driver_sql(asked).scalar_one()
            revision = MigrationContext.configure(connection).get_current_revision()
        engine = "PostgreSQL" if self._postgresql else "SQLite"
        return [
            Finding("records", "ok", f"{engine} {version} at {self._place}"),
            judged(
                "records", f"schema {revision or 'empty'}", good=revision == newest, advice="Run `taishi migrate`.",
            ),
        ]  # fmt: skip

    def migrate(self) -> None:
        config = _alembic()
        try:
            with self._writer.begin() as connection:
                if self._postgresql:
                    postgresql.lock_migrations(connection)
                if _is_newer(connection, config):
                    log.warning(
                        "The records schema is of a newer version and is used as it is; upgrade this process too."
                    )
                    return
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except SQLAlchemyError as error:
            raise RecordsError(f"migrating: {translated(error, self._place)}") from error

    def close(self) -> None:
        self._reader.dispose()
        self._writer.dispose()
