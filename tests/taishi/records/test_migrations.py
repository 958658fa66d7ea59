"""The migrations build exactly the tables that the code describes."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from taishi.records.sql import SqlRecords
from taishi.records.tables import Base


def test_the_migrated_schema_equals_the_tables(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'r.sqlite'}"
    records = SqlRecords(url)
    records.migrate()
    records.close()
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        difference = compare_metadata(context, Base.metadata)
    engine.dispose()
    assert difference == [], "run scripts/new_migration.py to write a migration for the changed tables"
