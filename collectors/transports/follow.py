"""File follow: the lines that are appended to files, through rotation, each exactly once.

A delivery is a range of bytes of one file, named by the file's identity and the range. The range is written down before
it is published and its end after it is durable: a collector that dies in between sends the same range again under the
same delivery id, which the processor counts once. Nothing needs inotify; files are looked at several times a second.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from collectors.framing import Frame
from collectors.normalise import Reader
from collectors.sources import SourceInfo
from collectors.transports.intake import Intake
from collectors.transports.lines import Cut, Cutter, encoding_of
from collectors.transports.positions import PRINT_BYTES, Position, Positions, head_of, print_of
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

Place = tuple[int, int]
"""Device and inode."""


@dataclass(frozen=True, slots=True)
class Work:
    """One range that was read, with the file's header lines where its reader has not heard them."""

    position: Position
    data: bytes
    cut: Cut
    header: bytes

    @property
    def delivery(self) -> str:
        position = self.position
        return delivery_id(position.source, "file", position.identity, position.start, position.until)


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it was when it was looked at."""

    path: Path
    pattern: str
    size: int
    changed: int
    """Nanoseconds."""


class FileFollower:
    """Follows the files of all `[[follow]]` sections of one source."""

    def __init__(self, intake: Intake, source: str, follows: Sequence[FollowSettings], positions: Positions) -> None:
        self._intake = intake
        self._source = source
        self._begin = {follow.path: follow.begin for follow in follows}
        self._positions = positions
        self._readers: dict[str, Reader] = {}
        self._read_as: SourceInfo | None = None
        self._quiet: dict[Place, tuple[int, int, bool]] = {}
        self._complaints: set[str] = set()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        limit = intake.settings.syslog.max_line
        self._cutter = Cutter(limit, intake.settings.collect.batch_records)
        self._chunk = max(CHUNK, 2 * limit)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"follower of {self._source}")

    def tasks(self) -> list[asyncio.Task[None]]:
        return [self._task] if self._task else []

    async def stop(self) -> None:
        """Finish the range in hand; one that cannot be finished is written down and comes again."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait((self._task,), timeout=SHUTDOWN_SECONDS)
            self._task.cancel()

    async def _run(self) -> None:
        while not self._stopping.is_set():
            source = self._intake.sources.by_id(self._source)
            if source is None:
                self._complain(f"there is no source {self._source!r}; its files wait")
            moved = source is not None and source.state != "disabled" and await self._look(source)
            if not moved:
                try:
                    await asyncio.wait_for(self._stopping.wait(), LOOK_SECONDS)
                except TimeoutError:
                    continue

    async def _look(self, source: SourceInfo) -> bool:
        """One look at all files; False where nothing was new."""
        if source != self._read_as:
            self._readers.clear()
            self._read_as = source
        moved = False
        for found in await asyncio.to_thread(self._changed):
            for _ in range(RANGES):
                work = None if self._stopping.is_set() else await asyncio.to_thread(self._read, found)
                if work is None:
                    break
                await self._publish(source, work)
                moved = True
        await asyncio.to_thread(self._positions.begin, self._source, self._begin)
        return moved

    def _complain(self, sentence: str) -> None:
        if sentence not in self._complaints:
            self._complaints.add(sentence)
            log.warning("A followed file cannot be read and is tried again.", source=self._source, reason=sentence)

    # -------------------------------------------------------------- which files

    def _changed(self) -> list[Found]:
        """Files that changed since they were found quiet. Known ones first, so that a rename is seen before the new file
        under the old name; then the oldest first."""
        files: dict[Place, Found] = {}
        for pattern in self._begin:
            for path in _matching(pattern):
                self._note(path, pattern, files)
        known = [position for position in self._positions.of(self._source) if position.pattern in self._begin]
        self._find_renamed([one for one in known if (one.device, one.inode) not in files], files)
        originals = {position.identity for position in known}
        places = {(position.device, position.inode): position.copy_of for position in known}
        orphans = {place for place, original in places.items() if original and original not in originals}
        fresh = [place for place, found in files.items() if place in orphans or self._is_news(place, found)]
        return [files[place] for place in sorted(fresh, key=lambda place: (place not in places, files[place].changed))]

    def _note(self, path: Path, pattern: str, files: dict[Place, Found]) -> None:
        try:
            status = path.stat()
        except FileNotFoundError:
            return  # rotated away between two looks
        except OSError as error:
            self._complain(f"{path}: {error.strerror}")
            return
        if stat.S_ISREG(status.st_mode) and path.suffix not in PACKED:
            place = (status.st_dev, status.st_ino)
            files.setdefault(place, Found(path, pattern, status.st_size, status.st_mtime_ns))

    def _find_renamed(self, missing: list[Position], files: dict[Place, Found]) -> None:
        """Files of ours that rotation gave a name no pattern matches: their last lines are still to be read. One that is
        nowhere any more is forgotten."""
        names = {folder: _inodes(folder) for folder in {Path(position.path).parent for position in missing}}
        for position in missing:
            path = names[Path(position.path).parent].get(position.inode)
            if path is not None:
                self._note(path, position.pattern, files)
            if (position.device, position.inode) not in files:
                self._forget(position)

    def _forget(self, position: Position) -> None:
        self._positions.retire(position, clock.now())
        self._readers.pop(position.identity, None)
        self._quiet.pop((position.device, position.inode), None)

    def _is_news(self, place: Place, found: Found) -> bool:
        size, changed, partial = self._quiet.get(place, (-1, 0, False))
        return (size, changed) != (found.size, found.changed) or (partial and _is_left_alone(found.changed))

    # -------------------------------------------------------------- one range

    def _read(self, found: Found) -> Work | None:
        """The next range of a file, written down; None where there is none."""
        try:
            descriptor = os.open(found.path, os.O_RDONLY)
        except OSError as error:
            self._complain(f"{found.path}: {error.strerror}")
            return None
        try:
            return self._range(found, descriptor)
        except OSError as error:
            self._complain(f"{found.path}: {error.strerror}")
            return None
        finally:
            os.close(descriptor)

    def _range(self, found: Found, descriptor: int) -> Work | None:
        status = os.fstat(descriptor)
        position = self._position(found, descriptor, status)
        if position.copy_of:
            self._quiet[status.st_dev, status.st_ino] = (status.st_size, status.st_mtime_ns, False)
            return None
        encoding = encoding_of(os.pread(descriptor, 2, 0))
        if position.until > position.start:  # what was in hand when we died, exactly as it was
            data = os.pread(descriptor, position.until - position.start, position.start)
            cut = self._cutter.again(data, within=position.within, encoding=encoding)
        else:
            data = os.pread(descriptor, self._chunk, position.start)
            ends = position.start + len(data) >= status.st_size and _is_left_alone(status.st_mtime_ns)
            cut = self._cutter.cut(data, within=position.within, encoding=encoding, last=ends)
            if not cut.length:
                self._quiet[status.st_dev, status.st_ino] = (status.st_size, status.st_mtime_ns, bool(data))
                return None
            self._positions.intend(position, position.start + cut.length)
        unheard = position.start > 0 and position.identity not in self._readers and not encoding
        header = _header_lines(os.pread(descriptor, HEADER, 0)) if unheard else b""
        return Work(position, data[: position.until - position.start], cut, header)

    def _position(self, found: Found, descriptor: int, status: os.stat_result) -> Position:
        """The file's position; from the beginning where it is new or was written anew."""
        position = self._positions.get((self._source, status.st_dev, status.st_ino))
        if position is None:
            return self._new(found, descriptor, status)
        if position.copy_of:
            self._resolve(position, found.path, descriptor, status.st_size)
        elif not position.fits(descriptor, status.st_size):
            log.info("A followed file was written anew and is read from its beginning.", path=str(found.path))
            self._forget(position)
            return self._new(found, descriptor, status)
        elif position.head[0] < PRINT_BYTES:
            position.head = head_of(descriptor)
        position.path, position.pattern = str(found.path), found.pattern
        return position

    def _new(self, found: Found, descriptor: int, status: os.stat_result) -> Position:
        path, size = found.path, status.st_size
        position = Position(self._source, found.pattern, str(path), status.st_dev, status.st_ino, head_of(descriptor))
        for live in self._positions.of(self._source):
            if live.copied_to(path, descriptor, size):
                position.copy_of = live.identity
                break
        else:
            for old in self._positions.gone(self._source):
                if old.copied_to(path, descriptor, size):
                    self._positions.adopt(old, position)
                    break
            else:
                if self._begin[found.pattern] == "end" and not self._positions.has_begun(self._source, found.pattern):
                    _skip_to_end(position, descriptor, size)
        self._positions.add(position)
        return position

    def _resolve(self, copy: Position, path: Path, descriptor: int, size: int) -> None:
        """A copy waits while its original is read. When that is truncated or gone, what it held beyond the place that was
        reached is in the copy alone; an older copy holds nothing that was not read. One that went its own way is none."""
        for live in self._positions.of(self._source):
            if live.identity == copy.copy_of:
                if not live.copied_to(path, descriptor, size):
                    copy.copy_of = ""
                return
        for old in self._positions.gone(self._source):
            if old.identity == copy.copy_of and old.fits(descriptor, size):
                self._positions.adopt(old, copy)
                return
        _skip_to_end(copy, descriptor, size)
        copy.copy_of = ""

    async def _publish(self, source: SourceInfo, work: Work) -> None:
        """Until it is durable; nothing of a file is ever refused, it can wait where it is."""
        if work.cut.frames:
            reader = self._reader(source, work)
            batch = reader.batch(work.cut.frames, work.delivery, clock.now())
            await self._intake.publish_patiently(source, batch)
        await asyncio.to_thread(self._positions.advance, work.position, work.data, within=work.cut.within)

    def _reader(self, source: SourceInfo, work: Work) -> Reader:
        """One a file, so that a format's header lines hold for its file only; a reader that begins in the middle hears
        the file's header lines first."""
        reader = self._readers.get(work.position.identity)
        if reader is None:
            reader = self._readers[work.position.identity] = self._intake.reader(source)
            if work.header:
                reader.batch([Frame(line.rstrip()) for line in work.header.splitlines()], "header", clock.now())
        return reader


def _matching(pattern: str) -> Iterator[Path]:
    path = Path(pattern)
    anchor = path.anchor or "."
    return Path(anchor).glob(str(path.relative_to(path.anchor)))


def _inodes(folder: Path) -> dict[int, Path]:
    try:
        with os.scandir(folder) as entries:
            return {entry.inode(): Path(entry.path) for entry in entries}
    except OSError:
        return {}


def _is_left_alone(changed: int) -> bool:
    return clock.now() - changed / 1e9 > LAST_LINE_SECONDS


def _skip_to_end(position: Position, descriptor: int, size: int) -> None:
    """Everything there is counts as read; the rest of a line that is being written as well."""
    before = os.pread(descriptor, min(size, PRINT_BYTES), max(0, size - PRINT_BYTES))
    position.start = position.until = size
    position.tail = print_of(before)
    position.within = bool(before) and not before.endswith((b"\n", b"\n\x00"))


def _header_lines(data: bytes) -> bytes:
    """The leading comment lines of a file: Zeek's and IIS's field names."""
    length = 0
    for line in data.splitlines(keepends=True):
        if not line.startswith(b"#"):
            break
        length += len(line)
    return data[:length]
