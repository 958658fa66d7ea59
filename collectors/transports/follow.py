"""File follow: the lines that are appended to files, through rotation, each exactly once.

A delivery is a range of bytes of one file, named by the file's identity and the range. The range is written down before
it is published and its end after it is durable: a collector that dies in between sends the same range again under the
same delivery id, which the processor counts once. Nothing needs inotify; files are looked at several times a second.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from collectors.framing import Frame
from collectors.normalise import Reader
from collectors.sources import SourceInfo
from collectors.transports.intake import Intake
from collectors.transports.lines import Cut, cut, encoding_of
from collectors.transports.positions import Position, Positions, head_of, tail_of
from taishi import clock
from taishi.event import delivery_id
from taishi.settings import FollowSettings

log = structlog.get_logger()

LOOK_SECONDS: Final = 0.25
SHUTDOWN_SECONDS: Final = 5.0
CHUNK: Final = 512 * 1024
HEADER: Final = 16 * 1024
RANGES: Final = 32
"""Ranges of one file before the others have their turn."""

LAST_LINE_SECONDS: Final = 60.0
"""A line without its end in a file that was left alone so long is the last one."""

PACKED: Final = (".gz", ".zst", ".bz2", ".xz", ".zip")
"""Rotated and packed: what is in them was read before they were."""


@dataclass(slots=True)
class Work:
    """One range that was read: what it holds and what to remember when it is durable."""

    position: Position
    data: Cut
    header: bytes
    checked: bytes

    @property
    def delivery(self) -> str:
        position = self.position
        return delivery_id(position.source, "file", position.identity, position.start, position.until)


class FileFollower:
    """Follows the files of all `[[follow]]` sections of one source."""

    def __init__(self, intake: Intake, source: str, follows: Sequence[FollowSettings], positions: Positions) -> None:
        self._intake = intake
        self._source = source
        self._follows = {follow.path: follow for follow in follows}
        self._positions = positions
        self._readers: dict[str, Reader] = {}
        self._quiet: dict[tuple[int, int], tuple[int, int]] = {}
        self._complaints: set[str] = set()
        self._first: set[str] = set()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._limit = intake.settings.syslog.max_line

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"follower of {self._source}")

    def tasks(self) -> list[asyncio.Task[None]]:
        return [self._task] if self._task else []

    async def stop(self) -> None:
        """Finish the range in hand; where it takes too long it is written down and comes again."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait((self._task,), timeout=SHUTDOWN_SECONDS)
            self._task.cancel()

    async def _run(self) -> None:
        while not self._stopping.is_set():
            source = self._intake.sources.by_id(self._source)
            moved = source is not None and source.state != "disabled" and await self._look(source)
            if not moved:
                try:
                    await asyncio.wait_for(self._stopping.wait(), LOOK_SECONDS)
                except TimeoutError:
                    continue

    async def _look(self, source: SourceInfo) -> bool:
        """One look at all files; False where nothing was new."""
        moved = False
        for path in await asyncio.to_thread(self._changed):
            for _ in range(RANGES):
                work = await asyncio.to_thread(self._read, path)
                if work is None or self._stopping.is_set():
                    break
                await self._publish(source, work)
                moved = True
        if self._first:
            self._positions.begun |= {(self._source, pattern) for pattern in self._first}
            self._first.clear()
            await asyncio.to_thread(self._positions.save, durable=True)
        return moved

    # ------------------------------------------------------------ which files

    def _changed(self) -> list[Path]:
        """Files that changed since they were last found quiet: known ones first, so that a rename is seen before the new
        file under the old name; then the oldest first."""
        self._first = {path for path in self._follows if (self._source, path) not in self._positions.begun}
        found: dict[tuple[int, int], tuple[float, Path]] = {}
        for pattern in self._follows:
            for path in _matching(pattern):
                self._note(path, found)
        known = {(one.device, one.inode): one for one in self._positions.of(self._source) if one.pattern in self._follows}
        for place, position in known.items():
            if place not in found:
                self._seek(position, found)
        order = sorted(found, key=lambda place: (place not in known, found[place][0]))
        return [found[place][1] for place in order if place in self._wanted]

    @property
    def _wanted(self) -> set[tuple[int, int]]:
        return self._seen

    def _note(self, path: Path, found: dict[tuple[int, int], tuple[float, Path]]) -> None:
        raise NotImplementedError
