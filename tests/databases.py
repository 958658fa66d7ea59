"""Databases for tests: SQLite files, and databases of a PostgreSQL server where the environment names one.

TAISHI_TEST_POSTGRES is the SQLAlchemy URL of a server where databases may be created; the contracts then run on it too.
With TAISHI_TEST_RECORDS=postgresql everything else that asks `records_url` runs on it instead of SQLite.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url

from taishi.records.sql import SqlRecords

ENGINES = ("sqlite", "postgresql")

_made: list[str] = []
"""Databases of this process that `drop_all` removes."""


def server() -> str:
    url = os.environ.get("TAISHI_TEST_POSTGRES", "")
    if not url:
        pytest.skip("postgresql: TAISHI_TEST_POSTGRES names no server")
    return url


def administer(statement: str) -> None:
    engine = create_engine(server(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def create(name: str, template: str = "template0") -> str:
    """A new database; returns its URL."""
    encoding = " ENCODING 'UTF8'" if template == "template0" else ""
    administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{encoding}')
    _made.append(name)
    return make_url(server()).set(database=name).render_as_string(hide_password=False)


def drop(name: str) -> None:
    administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    _made.remove(name)


def drop_all() -> None:
    while _made:
        drop(_made[-1])


@contextmanager
def empty(engine: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database that is gone afterwards."""
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'records.sqlite'}"
        return
    name = f"taishi_{uuid4().hex}"
    url = create(name)
    try:
        yield url
    finally:
        drop(name)


def on_postgresql() -> bool:
    return os.environ.get("TAISHI_TEST_RECORDS", "sqlite") == "postgresql"


def _name(folder: Path) -> str:
    return f"taishi_{hashlib.sha256(f'{os.getpid()} {folder}'.encode()).hexdigest()[:24]}"


def records_url(folder: Path) -> str:
    """The records database that belongs to a data folder: empty at first, the same one for the same folder."""
    if not on_postgresql():
        return f"sqlite:///{folder / 'records.sqlite'}"
    name = _name(folder)
    if name in _made:
        return make_url(server()).set(database=name).render_as_string(hide_password=False)
    return create(name, _migrated())


def environment(folder: Path) -> dict[str, str]:
    """What a process of its own must be told to find the database of its data folder."""
    return {"TAISHI_RECORDS__URL": records_url(folder)} if on_postgresql() else {}


def copied_url(source: Path, folder: Path) -> str:
    """A copy of the database of `source`, which nobody has open."""
    if on_postgresql():
        return create(_name(folder), _name(source))
    (folder / "records.sqlite").write_bytes((source / "records.sqlite").read_bytes())
    return records_url(folder)


def discard(folder: Path) -> None:
    """Drop the database of a folder, where it is on a server."""
    if on_postgresql() and _name(folder) in _made:
        drop(_name(folder))


def _migrated() -> str:
    """A migrated database that others are copied from: migrating anew would be most of the time of a test."""
    name = f"taishi_migrated_{os.getpid()}"
    if name not in _made:
        records = SqlRecords(create(name))
        records.migrate()
        records.close()
    return name
