"""The `Records` port: transactions over `taishi.records.tables` on SQLite or PostgreSQL through SQLAlchemy.

The scope is a property of the session: every SELECT of a scoped table, aggregates and joins included, is filtered by
SQLAlchemy's loader criteria before it reaches the database, so that a handler cannot forget it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy.orm import Session

from taishi.findings import Finding
from taishi.scope import Scope


class Records(Protocol):
    def read(self, scope: Scope) -> AbstractContextManager[Session]:
        """A read-only snapshot, all of it one moment; nothing flushed here is kept. Never waits for writers."""
        ...

    def write(self, scope: Scope) -> AbstractContextManager[Session]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Writers come one at a time on every engine, from the first line of the block to the moment their rows can be seen:
        what is read in it cannot change meanwhile, and sequence numbers become visible in their order. So keep it short.
        Raises Conflict when a versioned row changed meanwhile, RecordsError when the engine fails."""
        ...

    def migrate(self) -> None:
        """Bring the schema to the newest migration. Safe to call from several processes at once."""

    def clock(self) -> float:
        """The engine's own clock, epoch seconds."""
        ...

    def examine(self) -> list[Finding]:
        """For `taishi doctor`: what it is, and whether its schema is the newest. Raises RecordsError where it is down."""
        ...

    def close(self) -> None: ...
