"""Quarantined records come back after a fix: the API marks them, this loop parses them again and publishes them.

A replayed record keeps the event id it would have had, so that replaying it twice stores it once.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from collectors.framing import Frame
from collectors.normalise import Reader
from collectors.publisher import Publisher
from collectors.sources import SourceRegistry
from taishi.event import Batch, delivery_id
from taishi.records.port import Records
from taishi.records.tables import QuarantineRecord
from taishi.scope import EVERYTHING

BATCH = 500


@dataclass(slots=True)
class QuarantineReplay:
    records: Records
    sources: SourceRegistry
    publisher: Publisher
    max_depth: int = 64

    def prepare(self) -> list[Batch]:
        """Parse what is marked "replay": good ones become batches, the others go back to "new" with the new reason."""
        batches: list[Batch] = []
        with self.records.read(EVERYTHING) as session:
            waiting = session.scalars(
                select(QuarantineRecord).where(QuarantineRecord.status == "replay").limit(BATCH)
            ).all()
        failures: dict[str, str] = {}
        for row in waiting:
            outcome = self._parse(row)
            if isinstance(outcome, str):
                failures[row.id] = outcome
            else:
                batches.append(outcome)
        self._give_back(failures)
        return batches

    def _parse(self, row: QuarantineRecord) -> Batch | str:
        source = self.sources.by_id(row.source_id)
        if source is None:
            return "its source is gone; register the source again to replay this"
        frames = [Frame(row.original.encode("utf-8", "surrogatepass"))]
        delivery = delivery_id(row.source_id, "replay", row.id)
        batch = Reader(source, self.max_depth).batch(frames, delivery, row.received_at)
        if batch.quarantined:
            return batch.quarantined[0].reason
        batch.received, batch.replay = 0, True
        for number, event in enumerate(batch.events):
            event["event.id"] = row.id if number == 0 else f"{row.id}.{number}"
        return batch if batch.events else "it is a header line and makes no event; discard it"

    def _give_back(self, failures: dict[str, str]) -> None:
        if not failures:
            return
        with self.records.write(EVERYTHING) as session:
            for identity, reason in failures.items():
                row = session.get(QuarantineRecord, identity)
                if row is not None and row.status == "replay":
                    row.status, row.reason = "new", reason

    async def publish(self, batches: list[Batch]) -> None:
        """Raises Unavailable; the rows are still marked then and come again."""
        for batch in batches:
            await self.publisher.publish(batch)
