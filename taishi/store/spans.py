"""Which shard holds an event: one a kind and a day, the same names for every engine.

Where `@timestamp` lies more than a month before receipt it is a month, after a year "older", and "later" where it lies
more than a month ahead: attackers choose timestamps and must not choose the number of shards.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from taishi.event import Event
from taishi.store.columns import millis

_DAY_MILLIS = 86_400_000
_MONTH = 31 * _DAY_MILLIS
_YEAR = 366 * _DAY_MILLIS
UNBOUNDED = ("older", "later")


def kind_of(event: Event) -> str:
    return "alert" if event.get("event.kind") == "alert" else "event"


def span_of(event: Event, at: int) -> str:
    """The span of an event whose `@timestamp` is `at` epoch milliseconds; raises ValueError for a broken receipt."""
    moment = at if 0 <= at < 4_000_000_000_000 else 0
    created = event.get("event.created")
    age = millis(created) - moment if created else 0
    if age > _YEAR:
        return "older"
    if age < -_MONTH:
        return "later"
    day = _day(moment // _DAY_MILLIS)
    return day[:7] if age > _MONTH else day


@lru_cache(maxsize=4096)
def _day(number: int) -> str:
    """The date of a day counted from the epoch."""
    return f"{datetime.fromtimestamp(number * 86_400, UTC):%Y-%m-%d}"


def bounds(span: str) -> tuple[float, float]:
    """Epoch seconds that a span's events lie between; raises ValueError for what is no span."""
    if span in UNBOUNDED:
        return float("-inf"), float("inf")
    year, month, *day = map(int, span.split("-"))
    if day:
        start = datetime(year, month, day[0], tzinfo=UTC)
        return start.timestamp(), (start + timedelta(days=1)).timestamp()
    start = datetime(year, month, 1, tzinfo=UTC)
    return start.timestamp(), (start + timedelta(days=32)).replace(day=1).timestamp()
