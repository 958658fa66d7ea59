"""Drop folders: files that are put somewhere whole (SFTP, a mounted bucket), read once and moved to `.done`.

Plain, gzip and zstd; lines, NDJSON or one JSON array. A file's deliveries are named by its content, so that one which is put there
again, or read again after a crash, counts once. Files whose names begin with a dot, or end like an upload under way, are left.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

from collectors.framing import Frame, LineFramer, split_body
from collectors.inflate import Broken, Inflater
from collectors.transports.intake import Intake
from collectors.transports.pull import Puller, Stopped
from taishi.errors import TooLarge
from taishi.event import delivery_id
from taishi.settings import DropSettings

log = structlog.get_logger()

LOOK_SECONDS: Final = 2.0
DONE: Final = ".done"
UNDER_WAY: Final = (".part", ".partial", ".tmp", ".filepart", ".crdownload", ".swp", "~")
CHUNK: Final = 256 * 1024
MARKS: Final = {b"\x1f\x8b": "gzip", b"\x28\xb5": "zstd"}
MOST_FILES: Final = 10_000
"""Of one look: the oldest first."""


class DropFolder(Puller):
    name = "drop"
    failures = (OSError,)

    def __init__(self, intake: Intake, section: DropSettings) -> None:
        super().__init__(intake, section.source)
        self._section = section
        self._most = intake.settings.collect.batch_records
        self._longest = intake.settings.syslog.max_line
        self._largest = intake.settings.http.max_inflated

    def fetch(self) -> None:
        while not self.stopping.is_set():
            for path in self._waiting():
                self.source()
                self._read(path)
            self._forget()
            self.stopping.wait(LOOK_SECONDS)
        raise Stopped

    def _waiting(self) -> list[Path]:
        """Files that were left alone for long enough, the oldest first."""
        before = time.time() - self._section.quiet_seconds
        found = []
        for folder, below, names in os.walk(self._section.path):
            below[:] = sorted(name for name in below if not name.startswith("."))
            for name in names:
                path = Path(folder, name)
                if name.startswith(".") or name.endswith(UNDER_WAY) or path.is_symlink():
                    continue
                changed = path.stat().st_mtime
                if changed <= before:
                    found.append((changed, path))
        return [path for _, path in sorted(found)[:MOST_FILES]]

    def _read(self, path: Path) -> None:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        name = digest.hexdigest()
        part: list[Frame] = []
        start = 0
        for frame in self._frames(path):
            part.append(frame)
            if len(part) == self._most:
                self.deliver(part, delivery_id(self._source, "drop", name, start))
                start, part = start + len(part), []
        if part:
            self.deliver(part, delivery_id(self._source, "drop", name, start))
        self._put_away(path)

    def _frames(self, path: Path) -> Iterator[Frame]:
        """The records; a file that cannot be unpacked ends with a record that says so, for quarantine to show."""
        framer, head = LineFramer(self._longest), b""
        try:
            for piece in self._pieces(path):
                if head is not None and len(head) < self._largest and (head + piece[:1024]).lstrip()[:1] == b"[":
                    head += piece  # one array: it is cut when it is here whole
                    continue
                if head:
                    yield from framer.feed(head)
                    head = b""
                yield from framer.feed(piece)
            if head:
                yield from split_body(head, 1 << 31, self._longest)
        except (Broken, TooLarge) as error:
            log.warning("A file cannot be read to its end.", path=str(path), reason=str(error))
            yield Frame(f"{path.name}: {error}".encode(), cut=True)
        yield from framer.end()

    def _pieces(self, path: Path) -> Iterator[bytes]:
        with path.open("rb") as file:
            chunk = file.read(CHUNK)
            kind = MARKS.get(chunk[:2], "")
            inflater = Inflater(kind, 1 << 27) if kind else None
            while chunk:
                yield from inflater.feed(chunk) if inflater else (chunk,)
                chunk = file.read(CHUNK)
            if inflater:
                inflater.finish()

    def _put_away(self, path: Path) -> None:
        target = self._section.path / DONE / path.relative_to(self._section.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            target = target.with_name(f"{target.name}.{time.time_ns()}")
        shutil.move(path, target)
        os.utime(target)

    def _forget(self) -> None:
        before = time.time() - self._section.keep_days * 86_400
        done = self._section.path / DONE
        for path in done.rglob("*") if done.is_dir() else ():
            if path.is_file() and path.stat().st_mtime < before:
                path.unlink()
