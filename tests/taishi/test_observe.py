"""Logs go to standard error as it is now, not as it was when the process began."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest
import structlog

from taishi.observe import configure_logging
from taishi.settings import Settings


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.contextvars.clear_contextvars()
    structlog.configure(**before)


def test_a_logger_outlives_the_stream_it_first_wrote_to(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    configure_logging(Settings(), "test")
    log = structlog.get_logger()
    log.warning("Before.")
    assert "Before." in first.getvalue()
    first.close()
    monkeypatch.setattr(sys, "stderr", second)
    log.warning("After.", answer=42)
    assert "After." in second.getvalue()
    assert "role=test" in second.getvalue().replace("\x1b[0m", "")
