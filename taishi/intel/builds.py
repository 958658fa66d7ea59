"""The folder of snapshots: one file a state of the indicators, the newest by name. One builder at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import update

from taishi import clock
from taishi.intel import book, snapshot
from taishi.records.port import Records
from taishi.records.tables import IntelState
from taishi.scope import EVERYTHING

KEPT: Final = 2
"""Files that stay: the newest, and the one that processors may be about to leave."""


def newest(folder: Path) -> Path | None:
    return max(folder.glob("indicators-*.bin"), default=None, key=lambda path: path.name)


def change_of(path: Path) -> int:
    """The change number in a file's name."""
    return int(path.stem.partition("-")[2])


def stale(records: Records, folder: Path) -> bool:
    """Whether Records know something that the newest file does not."""
    with records.read(EVERYTHING) as session:
        change = book.change_of(session)
    found = newest(folder)
    return change > (change_of(found) if found is not None else 0)


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Given back by the system when its holder dies."""
    with (folder / "build.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build(records: Records, folder: Path) -> Path:
    """Write the present indicators to a new file, unless somebody did meanwhile; returns the newest. Raises RecordsError
    and OSError; the file before stays."""
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder):
        at = clock.now()
        with records.read(EVERYTHING) as session:
            change = book.change_of(session)
            path = folder / f"indicators-{change:012d}.bin"
            if path.exists():
                return path
            count = snapshot.write(path, book.entries(session, at), {"change": change, "built_at": at})
        for old in sorted(folder.glob("indicators-*.bin"), reverse=True)[KEPT:]:
            old.unlink(missing_ok=True)
        for left in folder.glob(".indicators-*.tmp"):
            left.unlink(missing_ok=True)  # of a builder that died
        with records.write(EVERYTHING) as session:
            session.execute(
                update(IntelState)
                .where(IntelState.id == book.ROW, IntelState.built <= change)
                .values(built=change, built_at=at, indicators=count)
                .execution_options(synchronize_session=False)
            )
        return path
