"""File follow: the lines that are appended to files, through rotation, each exactly once.

A delivery is a range of bytes of one file, named by the file's fingerprint and the range. The range is written down
before it is published and its end after it is durable: a collector that dies in between sends the same range again
under the same delivery id, which the processor counts once. Nothing needs inotify; files are looked at several times
a second.
"""

from __future__ import annotations

import asyncio
import os
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import orjson
import structlog

from collectors.framing import Frame
from collectors.normalise import Reader
from collectors.transports.intake import Intake
from taishi import clock
from taishi.errors import QuotaExceeded, Unavailable
from taishi.event import delivery_id
from taishi.settings import FollowSettings

log = structlog.get_logger()

LOOK_SECONDS: Final = 0.25
CHUNK: Final = 512 * 1024
HEAD: Final = 1024
"""Bytes at a file's beginning that tell it from another under the same name."""

HEADER: Final = 16 * 1024

PACKED: Final = (".gz", ".zst", ".bz2", ".xz", ".zip")
"""Rotated and packed: what is in them was read before they were."""


@dataclass(slots=True)
class Position:
    """Of one file: `device` and `inode` find it again after a rename, `head` (length and CRC of its first bytes) notices
    that it was truncated and written anew. [start, until) is the range in hand; `until` equals `start` when none is.
    """

    path: str
    device: int
    inode: int
    head: list[int]
    start: int = 0
    until: int = 0
    generation: int = 0

    @property
    def key(self) -> str:
        return f"{self.device}:{self.inode}"


class Positions:
    """Kept in one small file, replaced as a whole and fsynced: it is there entirely or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.files: dict[str, Position] = {}
        if path.exists():
            rows = orjson.loads(path.read_bytes())
            self.files = {position.key: position for position in (Position(**row) for row in rows)}

    def save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(orjson.dumps([asdict(position) for position in self.files.values()]))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def head_of(file_descriptor: int, length: int) -> list[int]:
    """[length, CRC] of the first bytes, at most `length` and `HEAD` of them."""
    data = os.pread(file_descriptor, min(length, HEAD), 0)
    return [len(data), zlib.crc32(data)]


def _header_lines(data: bytes) -> bytes:
    """The leading comment lines of a file: Zeek's and IIS's field names."""
    length = 0
    for line in data.splitlines(keepends=True):
        if not line.startswith(b"#"):
            break
        length += len(line)
    return data[:length]


class FileFollower:
    """Follows the files of one `[[follow]]` section for its source."""

    def __init__(self, intake: Intake, follow: FollowSettings, positions: Positions) -> None:
        self._intake = intake
        self._follow = follow
        self._positions = positions
        self._readers: dict[str, Reader] = {}
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._first = True
        self._limit = intake.settings.syslog.max_line

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"follow {self._follow.path}")

    def tasks(self) -> list[asyncio.Task[None]]:
        return [self._task] if self._task else []

    async def stop(self) -> None:
        """Finish the range in hand."""
        self._stopping = True
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._stopping:
            moved = False
            try:
                for path in self._paths():
                    moved = await self._file(path) or moved
                self._first = False
            except (Unavailable, QuotaExceeded) as error:
                await asyncio.sleep(min(5.0, error.retry_after or 1.0))
            except OSError as error:
                log.warning("A followed file cannot be read and is tried again.", reason=str(error))
            if not moved and not self._stopping:
                await asyncio.sleep(LOOK_SECONDS)

    def _paths(self) -> list[Path]:
        pattern = Path(self._follow.path)
        anchor, relative = Path(pattern.anchor or "."), str(pattern.relative_to(pattern.anchor or "."))
        found = {path for path in anchor.glob(relative) if path.is_file() and path.suffix not in PACKED}
        found |= self._renamed(found)
        return sorted(found, key=lambda path: path.stat().st_mtime)

    def _renamed(self, found: set[Path]) -> set[Path]:
        """Files of ours that rotation gave a name the pattern does not match: their last lines are still to be read.
        A file that is nowhere any more is forgotten."""
        here = {(status := path.stat()).st_dev << 64 | status.st_ino for path in found}
        elsewhere: set[Path] = set()
        for key, position in list(self._positions.files.items()):
            if key not in self._readers or position.device << 64 | position.inode in here:
                continue
            folder = Path(position.path).parent
            names = [entry for entry in os.scandir(folder) if entry.inode() == position.inode] if folder.is_dir() else []
            elsewhere |= {Path(entry.path) for entry in names if not entry.name.endswith(PACKED)}
            if not names:
                del self._positions.files[key], self._readers[key]
        return elsewhere

    async def _file(self, path: Path) -> bool:
        """Read and publish one range of a file; False where there is nothing new."""
        source = self._intake.sources.by_id(self._follow.source)
        if source is None or source.state == "disabled":
            return False
        descriptor = os.open(path, os.O_RDONLY)
        try:
            position = self._position(path, descriptor)
            if position.until > position.start:  # what was in hand when we died, exactly as it was
                data = os.pread(descriptor, position.until - position.start, position.start)
                frames, until = self._frames(data, position.until - position.start), position.until
            else:
                data = os.pread(descriptor, CHUNK, position.start)
                length = self._whole(data)
                frames, until = self._frames(data, length), position.start + length
            header = _header_lines(os.pread(descriptor, HEADER, 0))
        finally:
            os.close(descriptor)
        if until == position.start:
            return False
        self._intake.check_quota(source, len(frames))
        reader = self._reader(position, source.id, header)
        position.until = until
        self._positions.save()
        delivery = delivery_id(source.id, "file", position.key, position.generation, position.start, until)
        if frames:
            await self._intake.accept(reader, frames, delivery)
        position.start = until
        self._positions.save()
        return True

    def _reader(self, position: Position, source_id: str, header: bytes) -> Reader:
        """One a file, so that a format's header lines hold for its file only; a reader that begins in the middle hears
        the file's header lines first."""
        reader = self._readers.get(position.key)
        source = self._intake.sources.by_id(source_id)
        if source is not None and (reader is None or reader.source != source):
            reader = self._readers[position.key] = self._intake.reader(source)
            if position.start:
                reader.batch(self._frames(header, len(header)), "header", clock.now())
        if reader is None:
            raise Unavailable(f"source {source_id} is gone", retry_after=5)
        return reader

    def _position(self, path: Path, descriptor: int) -> Position:
        """The file's position; from the beginning where it is new or was written anew."""
        status = os.fstat(descriptor)
        key = f"{status.st_dev}:{status.st_ino}"
        known = self._positions.files.get(key)
        if known is None:
            skip = self._first and self._follow.begin == "end"
            known = Position(str(path), status.st_dev, status.st_ino, head_of(descriptor, HEAD))
            known.start = known.until = status.st_size if skip else 0
            self._positions.files[key] = known
            return known
        same = known.head == head_of(descriptor, known.head[0])
        if not same or status.st_size < known.start:
            known.start = known.until = 0
            known.generation += 1
            self._readers.pop(key, None)
            log.info("A followed file was written anew and is read from its beginning.", path=str(path))
        if not same or known.head[0] < HEAD:
            known.head = head_of(descriptor, HEAD)
        known.path = str(path)
        return known

    def _whole(self, data: bytes) -> int:
        """Length of the whole lines; of a line longer than the limit, all of what is there."""
        end = data.rfind(b"\n") + 1
        return end if end or len(data) <= self._limit else len(data)

    def _frames(self, data: bytes, length: int) -> list[Frame]:
        lines = data[:length].split(b"\n")
        return [
            Frame(line[: self._limit].rstrip(b"\r\x00"), cut=len(line) > self._limit)
            for line in lines
            if line.strip(b"\r\x00 \t")
        ]
