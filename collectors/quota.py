"""Quotas: a token bucket per source, with a burst of ten seconds' worth."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from collectors.sources import SourceInfo

BURST_SECONDS = 10.0


@dataclass(slots=True)
class Quotas:
    _levels: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, source: SourceInfo, records: int) -> float:
        """0 when the records fit; else the seconds after which they would. A batch above the whole burst passes a full
        bucket, else it could never be sent."""
        now = time.monotonic()
        capacity = source.quota * BURST_SECONDS
        level, at = self._levels.get(source.id, (capacity, now))
        level = min(capacity, level + (now - at) * source.quota)
        need = min(records, capacity)
        if level < need:
            self._levels[source.id] = (level, now)
            return (need - level) / source.quota if source.quota else 60.0
        self._levels[source.id] = (level - records, now)
        return 0.0
