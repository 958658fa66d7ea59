"""Time: one place that reads the wall clock, one format for timestamps.

Event timestamps are RFC 3339 in UTC with milliseconds and a `Z` ("2026-11-23T03:04:05.678Z"), so they sort as text.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache


def now() -> float:
    """Seconds since the epoch. Stages never call this: they live in event time."""
    return time.time()


def to_text(seconds: float) -> str:
    """Format epoch seconds as the event timestamp text; raises ValueError outside years 1–9999."""
    whole, millis = divmod(round(seconds * 1000), 1000)
    day, second = divmod(whole, 86_400)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    return f"{_day(day)}T{hour:02d}:{minute:02d}:{second:02d}.{millis:03d}Z"


@lru_cache(maxsize=4096)
def _day(number: int) -> str:
    """The date of a day counted from the epoch: events come by the thousand a day, so the calendar is asked once."""
    try:
        moment = datetime.fromtimestamp(number * 86_400, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError(f"day {number} is outside the calendar") from error
    return f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}"


def to_seconds(text: str) -> float:
    """Read an RFC 3339 timestamp; without a zone it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
