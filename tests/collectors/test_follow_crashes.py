"""File follow against any order of writing, rotating, looking and dying: every line counts once.

The follower is real, its files are real, its death is an exception at the places where a process may die: before a range
is published, and after it is published but before that is noted. Each look is by a new follower, as after a restart.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.normalise import Reader
from collectors.sources import SourceInfo
from collectors.transports.follow import FileFollower
from collectors.transports.intake import Intake
from collectors.transports.positions import Positions
from taishi.event import Batch
from taishi.settings import FollowSettings
from tests.collectors.harness import lines_of

SOURCE = SourceInfo("s1", "e1", "generic", "Asia/Shanghai", "", "", "active", 1e9)


class Death(Exception):
    """The process dies here."""


@dataclass
class World:
    """A folder with a log that is written and rotated, and what reached the stream."""

    folder: Path
    pattern: str
    written: list[str] = field(default_factory=list)
    published: list[Batch] = field(default_factory=list)
    rotations: int = 0
    half: str = ""
    death: str = ""
    seen: bool = False

    @property
    def log(self) -> Path:
        return self.folder / "app.log"

    async def publish_patiently(self, _source: SourceInfo, batch: Batch) -> None:
        if self.death == "before":
            raise Death
        self.published.append(batch)
        if self.death == "after":
            raise Death

    def look(self, death: str = "") -> bool:
        self.death = death
        fake = SimpleNamespace(
            settings=SimpleNamespace(syslog=SimpleNamespace(max_line=200), collect=SimpleNamespace(batch_records=3)),
            reader=Reader, publish_patiently=self.publish_patiently,
        )  # fmt: skip
        follow = FollowSettings(path=str(self.folder / self.pattern), source="s1")
        follower = FileFollower(cast("Intake", fake), "s1", [follow], Positions(self.folder / "positions.json"))
        try:
            moved = asyncio.run(follower._look(SOURCE))
        except Death:
            return True
        self.seen = self.log.exists()
        return moved

    def write(self, count: int) -> None:
        with self.log.open("a") as file:
            for _ in range(count):
                line = f"line {len(self.written)} {'x' * (len(self.written) % 7)}"
                file.write(line.removeprefix(self.half) + "\n")
                self.half = ""
                self.written.append(line)

    def write_half(self) -> None:
        if not self.half:
            self.half = "line"
            with self.log.open("a") as file:
                file.write(self.half)

    def rotate(self, way: str) -> None:
        if self.half or not self.log.exists() or not (self.seen or self.pattern.endswith("*")):
            return  # a file that was never seen under its name is not ours under another
        self.seen = way == "copy"
        self.rotations += 1
        old = self.folder / f"app.log.{self.rotations}"
        if way == "rename":
            self.log.rename(old)
        else:
            old.write_bytes(self.log.read_bytes())
            self.log.write_bytes(b"")

    def tidy(self) -> None:
        """Rotated files are deleted when they are long read."""
        while self.look():
            pass
        for path in self.folder.glob("app.log.*"):
            path.unlink()

    def counted(self) -> list[str]:
        seen: set[str] = set()
        return [
            line
            for batch in self.published
            if not (batch.delivery in seen or seen.add(batch.delivery))  # type: ignore[func-returns-value]
            for line in lines_of(batch)
        ]


def _step(ways: list[str]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.one_of(
        st.tuples(st.just("write"), st.integers(1, 8)),
        st.tuples(st.just("write_half")),
        st.tuples(st.just("rotate"), st.sampled_from(ways)),
        st.tuples(st.just("look"), st.sampled_from(["", "before", "after"])),
        st.tuples(st.just("tidy")),
    )


@pytest.mark.parametrize(("pattern", "ways"), [("app.log*", ["rename", "copy"]), ("app.log", ["rename"])])
def test_every_line_counts_once_whenever_the_process_dies(pattern: str, ways: list[str]) -> None:
    @settings(max_examples=150, deadline=None)
    @given(st.lists(_step(ways), max_size=25))
    def run(steps: list[tuple[Any, ...]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder), pattern)
            for name, *arguments in steps:
                getattr(world, name)(*arguments)
            while world.look():
                pass
            assert sorted(world.counted()) == sorted(world.written)

    run()
