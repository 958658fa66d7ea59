"""What grows is cut: old events, trimmed streams, forgotten deliveries. Once an hour, by one worker."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from processor.checkpoint import prune, read_offsets
from taishi.event import TOPIC_EVENTS
from taishi.records.port import Records
from taishi.scope import EVERYTHING
from taishi.settings import Settings
from taishi.store.port import EventStore
from taishi.stream.port import Stream

log = structlog.get_logger()

DAY = 86_400.0
PERIOD = 3600.0
STREAM_DAYS = 3.0
"""Days that consumed messages stay in the embedded stream, for looking back; engines with own retention keep theirs."""


@dataclass(slots=True)
class Housekeeping:
    settings: Settings
    stream: Stream
    store: EventStore
    records: Records
    last: float = 0.0

    def run(self, at: float, *, caught_up: bool) -> None:
        """`at` is the wall clock. Raises StreamError, StoreError or RecordsError; the next hour tries again."""
        if at - self.last < PERIOD:
            return
        self.last = at
        gone = self.store.expire(at - self.settings.store.events_days * DAY, "event")
        gone += self.store.expire(at - self.settings.store.alerts_days * DAY, "alert")
        trimmed = self.stream.trim(TOPIC_EVENTS, at - STREAM_DAYS * DAY) if caught_up and self._consumed() else 0
        with self.records.write(EVERYTHING) as session:
            prune(session, at)
        log.info("Old data was removed.", events=gone, messages=trimmed)

    def _consumed(self) -> bool:
        """Whether every partition is committed to its end: nothing unread may be trimmed."""
        with self.records.read(EVERYTHING) as session:
            known = read_offsets(session, TOPIC_EVENTS)
        return all(known.get(p.number, 0) >= end for p, end in self.stream.end_offsets(TOPIC_EVENTS).items())
