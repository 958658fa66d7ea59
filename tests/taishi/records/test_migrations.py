"""The migrations build exactly the tables that the code describes."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from taishi.records.sql import SqlRecords
from taishi.records.tables import Base
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
