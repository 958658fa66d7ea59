"""The `EventStore` port: events and alerts, searched and counted. What a machine said lives here and is never edited.

Every read takes a `Scope`: what the caller may see is part of the query, so that no handler can forget it.
Queries are Lucene text over the documented fields (`taishi.store.query`), the same on every adapter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from taishi.event import Event
from taishi.findings import Finding
from taishi.scope import Scope


@dataclass(frozen=True, slots=True)
class Search:
    """One page of events.

    `start`/`end` bound `@timestamp` in epoch seconds (start inclusive, end exclusive). Order is `@timestamp` (to the
    millisecond), then a fixed order of `event.id`, newest first unless `ascending`. `cursor` comes from the previous
    page and stays valid while new events arrive. A page may exceed `limit` by a tie at its end.
    """

    query: str = ""
    start: float | None = None
    end: float | None = None
    limit: int = 100
    cursor: str | None = None
    ascending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    events: list[Event]
    cursor: str | None
    """None on the last page."""


@dataclass(frozen=True, slots=True)
class Bucket:
    start: float
    count: int


@dataclass(frozen=True, slots=True)
class Top:
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class IndexResult:
    """`stored` counts new ids, `replaced` those that overwrote the same id; `rejected` gives (event id, reason)."""

    stored: int
    replaced: int = 0
    rejected: list[tuple[str, str]] = field(default_factory=list)


class EventStore(Protocol):
    def index(self, events: Sequence[Event]) -> IndexResult:
        """Write events, idempotent by `event.id` (the later write wins). Durable after `flush`."""
        ...

    def flush(self) -> None:
        """Make everything indexed durable and visible to searches in every process."""

    def search(self, search: Search, scope: Scope) -> Page: ...

    def get(self, ids: Iterable[str], scope: Scope) -> list[Event]:
        """Events by id, in no order; ids outside the scope are simply absent."""
        ...

    def count(self, query: str, scope: Scope, start: float | None = None, end: float | None = None) -> int: ...

    def histogram(self, query: str, scope: Scope, start: float, end: float, interval: float) -> list[Bucket]:
        """Counts per `interval` seconds over [start, end), aligned to the epoch, empty buckets included."""
        ...

    def top(
        self,
        query: str,
        scope: Scope,
        field: str,
        size: int = 10,
        start: float | None = None,
        end: float | None = None,
    ) -> list[Top]:
        """Most frequent values of a keyword, address or number field, by count, then value. Raises QueryError for
        a field that cannot be counted."""
        ...

    def expire(self, before: float, kind: Literal["event", "alert", "all"] = "all") -> int:
        """Drop days that ended before the epoch time; returns how many events went."""
        ...

    def prepare(self) -> None:
        """Make what must be there before the first event (templates), so that another account may do it than the one that
        writes events. Raises StoreError."""

    def examine(self) -> list[Finding]:
        """For `taishi doctor`: can it be reached, what is it, may we? Raises StoreError where it is down."""
        ...

    def close(self) -> None: ...
