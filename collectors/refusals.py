"""What was refused, into the ledger: received and rejected together, so that the balance closes whenever it is read."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from prometheus_client import Counter as Metric

from collectors.sources import SourceInfo
from taishi import clock
from taishi.records.port import Records
from taishi.records.tables import Ledger
from taishi.scope import EVERYTHING

REFUSED = Metric("taishi_records_refused_total", "Records refused before acceptance.", ["reason"])


@dataclass(slots=True)
class Refusals:
    records: Records
    _counts: Counter[tuple[SourceInfo, int]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    """Transports count on the event loop, `flush` runs on a thread."""

    def add(self, source: SourceInfo | None, records: int, reason: str) -> None:
        """Count; a refusal whose sender nobody knows is in the metrics alone."""
        REFUSED.labels(reason).inc(records)
        if source is not None and records:
            with self._lock:
                self._counts[source, int(clock.now() // 3600)] += records

    def flush(self) -> None:
        """Write what was counted; what cannot be written stays counted for the next time. Raises RecordsError."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            with self.records.write(EVERYTHING) as session:
                for (source, hour), number in counts.items():
                    row = session.get(Ledger, {"source_id": source.id, "hour": hour})
                    if row is None:
                        row = Ledger(
                            source_id=source.id, hour=hour, enterprise_id=source.enterprise_id, region=source.region,
                            authority=source.authority, received=0, stored=0, merged=0, suppressed=0, quarantined=0,
                            rejected=0, delay_sum=0.0,
                        )  # fmt: skip
                        session.add(row)
                    row.received += number
                    row.rejected += number
        except BaseException:
            with self._lock:
                self._counts += counts
            raise
