"""Time: one place that reads the wall clock, one format for timestamps.

Event timestamps are RFC 3339 in UTC with milliseconds and a `Z` ("2026-11-23T03:04:05.678Z"), so they sort as text.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> float:
    """Seconds since the epoch. Stages never call this: they live in event time."""
    return time.time()


def to_text(seconds: float) -> str:
    """Format epoch seconds as the event timestamp text; raises ValueError outside years 1–9999."""
    whole, millis = divmod(round(seconds * 1000), 1000)
    try:
        moment = datetime.fromtimestamp(whole, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"time {seconds!r} is outside the calendar") from error
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{millis:03d}Z" if moment.year >= 1000 else (
        f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}.{millis:03d}Z"
    )


def to_seconds(text: str) -> float:
    """Read an RFC 3339 timestamp; without a zone it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
