"""A platform with two sides and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from taishi import clock
from tests.api.world import NOW, World


class StillClock:
    """`taishi.clock` reads this; tests move it."""

    def __init__(self) -> None:
        self.at = NOW

    def time(self) -> float:
        return self.at


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> StillClock:
    """Of every test here: rows and sessions are made at `NOW`, which the real clock leaves behind."""
    ticking = StillClock()
    monkeypatch.setattr(clock, "time", SimpleNamespace(time=ticking.time))
    return ticking


@pytest.fixture
def world(tmp_path: Path, still: StillClock) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()
