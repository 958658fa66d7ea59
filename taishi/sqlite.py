"""What every SQLite file here is opened with."""

from __future__ import annotations

import sqlite3
import time
from typing import Any, Final

BUSY_TIMEOUT_MS: Final = 60_000
"""How long a writer waits for another process's write lock. A checkpoint holds it for tens of milliseconds; a minute
only runs out when something is broken, and then an error is better than a silent stall."""

RETRY_S: Final = 0.01


def prepare(connection: Any) -> None:
    """A new DB-API connection: write-ahead log, patient, and a commit survives a power cut."""
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous=FULL")


def _write_ahead(connection: Any) -> None:
    """The switch to the write-ahead log needs the file alone, and SQLite does not wait for that (sqlite.org/wal.html:
    where waiting could deadlock, busy is answered at once): processes that first open a file together wait here."""
    end = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(RETRY_S)
        else:
            return
