"""Where file follow is in each file, and how a file is known again after it was renamed, copied, truncated or replaced.

A name says little (rotation moves it), an inode not enough (a freed one is given to the next file), so a position also
holds a fingerprint of the file's first bytes and of those before the place reached. `identity` is drawn at first sight
and names the deliveries: two files never share one; a copy that rotation made of a file takes over the original's.
"""

from __future__ import annotations

import os
import threading
import uuid
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import orjson

from taishi.errors import ConfigError

PRINT_BYTES: Final = 1024
RETIRED_SECONDS: Final = 3600.0
"""How long a file that is gone is remembered for a copy of it to be recognised."""

SUFFIX_MARKS: Final = (".", "-", "_", "~")
"""What rotation puts between a file's name and its own number or date."""

Print = tuple[int, int]
"""(length, CRC-32) of some bytes of a file."""

Key = tuple[str, int, int]
"""Source, device, inode."""


def print_of(data: bytes) -> Print:
    return len(data), zlib.crc32(data)


def head_of(descriptor: int, length: int = PRINT_BYTES) -> Print:
    """Of the file's first bytes."""
    return print_of(os.pread(descriptor, length, 0))


@dataclass(slots=True)
class Position:
    """[start, until) is the range in hand, in bytes; `until` equals `start` when none is. `within` says that `start` lies
    within a line that was over the limit: its rest belongs to no record. `copy_of` is the identity of the file that this
    one is a copy of, as long as that one is still read itself."""

    source: str
    pattern: str
    path: str
    device: int
    inode: int
    head: Print
    identity: str = field(default_factory=lambda: uuid.uuid4().hex)
    tail: Print = (0, 0)
    start: int = 0
    until: int = 0
    within: bool = False
    copy_of: str = ""
    retired_at: float = 0.0

    @property
    def key(self) -> Key:
        return self.source, self.device, self.inode

    def fits(self, descriptor: int, size: int) -> bool:
        """Whether the file still begins, and reads before `start`, as it did."""
        if size < max(self.start, self.until) or head_of(descriptor, self.head[0]) != self.head:
            return False
        return print_of(os.pread(descriptor, self.tail[0], self.start - self.tail[0])) == self.tail

    def copied_to(self, path: Path, descriptor: int, size: int) -> bool:
        """Whether the file is a copy that rotation (or somebody) made of this one: named after it, and the same as far
        as this one was read, or as far as the copy goes."""
        mine = Path(self.path)
        named = path.parent == mine.parent and path.name.startswith(tuple(mine.name + mark for mark in SUFFIX_MARKS))
        if not named or self.until == 0:
            return False
        return self.fits(descriptor, size) or (not self.retired_at and self._begins_like(descriptor, size))

    def _begins_like(self, descriptor: int, size: int) -> bool:
        """Whether the file on disk begins with all that the other holds."""
        if not size:
            return False
        try:
            mine = os.open(self.path, os.O_RDONLY)
        except OSError:
            return False
        try:
            ends = max(0, size - PRINT_BYTES)
            return all(
                os.pread(mine, PRINT_BYTES, at)[: size - at] == os.pread(descriptor, PRINT_BYTES, at)
                for at in (0, ends)
            )
        finally:
            os.close(mine)


class Positions:
    """All positions, in one small file that is replaced as a whole: it is there entirely or not at all.

    Followers share it, each on its own thread; a position belongs to the follower of its source. Every change is made
    and written under one lock, so that no half of it is written by another follower.
    """

    def __init__(self, path: Path) -> None:
        """Raises ConfigError where the file is there and cannot be understood."""
        self._path = path
        self._lock = threading.Lock()
        self._files: dict[Key, Position] = {}
        self._retired: list[Position] = []
        self._begun: set[tuple[str, str]] = set()
        self._added = False
        if path.exists():
            self._load()

    def _load(self) -> None:
        try:
            raw = orjson.loads(self._path.read_bytes())
            self._files = {one.key: one for one in map(_position, raw["files"])}
            self._retired = list(map(_position, raw["retired"]))
            self._begun = {(source, pattern) for source, pattern in raw["begun"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{self._path} cannot be understood ({error}); move it away to read followed files from their beginning"
            ) from error

    def get(self, key: Key) -> Position | None:
        return self._files.get(key)

    def of(self, source: str) -> list[Position]:
        return [position for position in list(self._files.values()) if position.source == source]

    def gone(self, source: str) -> list[Position]:
        """Files of the source that are no more, for an hour."""
        return [position for position in list(self._retired) if position.source == source]

    def has_begun(self, source: str, pattern: str) -> bool:
        return (source, pattern) in self._begun

    def begin(self, source: str, patterns: Iterable[str]) -> None:
        """A look is over: what turns up from now on is new. Files that were seen for the first time are written down, so
        that they are found again under another name."""
        begun = {(source, pattern) for pattern in patterns}
        with self._lock:
            if self._added or not begun <= self._begun:
                self._begun |= begun
                self._write(durable=True)

    def add(self, position: Position) -> None:
        with self._lock:
            self._files[position.key] = position
            self._added = True

    def intend(self, position: Position, until: int) -> None:
        """Before a range is published: it must be found again even after a power cut."""
        with self._lock:
            position.until = until
            self._write(durable=True)

    def advance(self, position: Position, data: bytes, *, within: bool) -> None:
        """After it is durable. A crash before this is on disk costs a repeat, which is recognised."""
        with self._lock:
            position.start, position.within = position.until, within
            position.tail = print_of(data[-PRINT_BYTES:])
            self._write(durable=False)

    def retire(self, position: Position, now: float) -> None:
        """The file is gone or was written anew; a copy of it may still turn up."""
        with self._lock:
            self._files.pop(position.key, None)
            fresh = [old for old in self._retired if now - old.retired_at < RETIRED_SECONDS]
            self._retired = [*fresh, replace(position, retired_at=now)]

    def adopt(self, old: Position, copy: Position) -> None:
        """`copy` goes on where `old` was, under its identity."""
        with self._lock:
            self._retired.remove(old)
            copy.identity, copy.tail, copy.within, copy.copy_of = old.identity, old.tail, old.within, ""
            copy.start, copy.until = old.start, old.until

    def _write(self, *, durable: bool) -> None:
        data = orjson.dumps(
            {
                "files": [asdict(position) for position in self._files.values()],
                "retired": [asdict(position) for position in self._retired],
                "begun": sorted(self._begun),
            }
        )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(self._path)
        self._added = False
        if durable:
            _sync_directory(self._path.parent)


def _position(row: dict[str, Any]) -> Position:
    position = Position(**row)
    position.head, position.tail = (row["head"][0], row["head"][1]), (row["tail"][0], row["tail"][1])
    return position


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
