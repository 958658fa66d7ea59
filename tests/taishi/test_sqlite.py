"""SQLite files that several processes open for the first time at the same moment."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from taishi import sqlite

OPENERS = 8


def test_opening_a_new_file_together_waits_instead_of_failing(tmp_path: Path) -> None:
    """Unguarded, about one such opening in 250 was answered "database is locked"."""

    def open_one(file: Path, together: Barrier) -> str:
        together.wait()
        connection = sqlite3.connect(file, isolation_level=None)
        try:
            sqlite.prepare(connection)
            connection.execute("CREATE TABLE IF NOT EXISTS event (id)")
            return str(connection.execute("PRAGMA journal_mode").fetchone()[0])
        finally:
            connection.close()

    with ThreadPoolExecutor(OPENERS) as pool:
        for number in range(100):
            together = Barrier(OPENERS)
            opened = [pool.submit(open_one, tmp_path / f"{number}.sqlite", together) for _ in range(OPENERS)]
            assert {one.result(timeout=60) for one in opened} == {"wal"}
