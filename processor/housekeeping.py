"""What grows is cut: old events, trimmed streams, forgotten deliveries. Once an hour, by one worker."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from processor.checkpoint import prune, read_offsets
from processor.retention import forget
from taishi.event import TOPIC_EVENTS
from taishi.records.port import Records
from taishi.scope import EVERYTHING
from taishi.settings import Settings
from taishi.store.port import EventStore
from taishi.stream.port import Partition, Stream

log = structlog.get_logger()

DAY = 86_400.0
PERIOD = 3600.0
STREAM_DAYS = 3.0
"""Days that consumed messages stay in the stream, for looking back. What is not consumed stays for ever."""


@dataclass(slots=True)
class Housekeeping:
    settings: Settings
    stream: Stream
    store: EventStore
    records: Records
    last: float = 0.0

    def run(self, at: float) -> None:
        """`at` is the wall clock. Raises StreamError, StoreError or RecordsError; the next hour tries again."""
        if 0 <= at - self.last < PERIOD:  # a clock that was set back must not stop it for as long
            return
        self.last = at
        gone = self.store.expire(at - self.settings.store.events_days * DAY, "event")
        gone += self.store.expire(at - self.settings.store.alerts_days * DAY, "alert")
        with self.records.write(EVERYTHING) as session:
            committed = read_offsets(session, TOPIC_EVENTS)
            prune(session, at)
        consumed = {Partition(TOPIC_EVENTS, number): offset for number, offset in committed.items()}
        trimmed = self.stream.trim(TOPIC_EVENTS, at - STREAM_DAYS * DAY, consumed)
        forgotten = forget(self.records, at, self.settings.records.days)
        log.info("Old data was removed.", events=gone, messages=trimmed, records=forgotten)
