"""The migrations build exactly the tables that the code describes."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from taishi.records.sql import SqlRecords
from taishi.records.tables import Base
from taishi.scope import EVERYTHING
from tests import databases


@pytest.mark.parametrize("engine", databases.ENGINES)
def test_the_migrated_schema_equals_the_tables(engine: str, tmp_path: Path) -> None:
    with databases.empty(engine, tmp_path) as url:
        records = SqlRecords(url)
        records.migrate()
        records.close()
        opened = create_engine(url)
        with opened.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            difference = compare_metadata(context, Base.metadata)
        opened.dispose()
    assert difference == [], "run scripts/new_migration.py to write a migration for the changed tables"


@pytest.mark.parametrize("engine", databases.ENGINES)
def test_a_process_of_an_older_version_starts_on_a_newer_schema(engine: str, tmp_path: Path) -> None:
    with databases.empty(engine, tmp_path) as url:
        records = SqlRecords(url)
        records.migrate()
        with records.write(EVERYTHING) as session:
            session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        records.migrate()
        with records.read(EVERYTHING) as session:
            assert session.connection().exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "9999"
        assert any(finding.state == "fail" and "9999" in finding.found for finding in records.examine())
        records.close()
