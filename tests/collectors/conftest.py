from __future__ import annotations

from pathlib import Path

import pytest

from taishi.records.sql import SqlRecords
from tests import databases
from tests.collectors.harness import onboard


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory with a migrated Records and one enterprise."""
    records = SqlRecords(databases.records_url(tmp_path))
    records.migrate()
    onboard(records)
    records.close()
    return tmp_path


@pytest.fixture
def anyio_backend() -> str:
    """Coroutine tests run on asyncio, as the collectors do."""
    return "asyncio"
