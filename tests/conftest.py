"""Fixtures shared by all tests. What needs material outside the project skips by name where that is absent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from taishi.records.sql import SqlRecords
from tests import databases

ROOT = Path(__file__).resolve().parent.parent

# What a run finds, every run finds: `make test` tries the same examples each time, `make fuzz` looks for new ones.
# No deadline: the time of one example says how busy the machine is; that no input costs too much is tested by counting.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=2000, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real logs (`TAISHI_CORPUS`, else ../shared/corpus beside the checkout)."""
    path = Path(os.environ.get("TAISHI_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not path.is_dir():
        pytest.skip("the corpus of real logs is absent: set TAISHI_CORPUS to its folder to run this")
    return path


@pytest.fixture(scope="session", autouse=True)
def _databases() -> Iterator[None]:
    """Leaves no database behind on a server."""
    yield
    databases.drop_all()


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecords]:
    """A migrated, empty Records."""
    opened = SqlRecords(databases.records_url(tmp_path))
    opened.migrate()
    yield opened
    opened.close()
