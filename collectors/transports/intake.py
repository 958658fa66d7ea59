"""What every transport shares: quota, normalising, publishing, and counting what was refused."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from collectors.framing import Frame
from collectors.normalise import Reader
from collectors.publisher import Publisher
from collectors.quota import Quotas
from collectors.refusals import Refusals
from collectors.sources import SourceInfo, SourceRegistry
from taishi import clock
from taishi.errors import QuotaExceeded, Unavailable
from taishi.event import Batch, delivery_id
from taishi.settings import Settings

LONGEST_PAUSE = 5.0


class Transport(Protocol):
    """A listener or reader. `tasks` run until `stop`; one that ends earlier is a failure."""

    def tasks(self) -> list[asyncio.Task[None]]: ...

    async def stop(self) -> None:
        """Accept no more, publish what was read, close."""


class Listener(Transport, Protocol):
    async def start(self, host: str, port: int) -> int:
        """Bind; gives the port, which the system chooses for 0. Raises OSError."""
        ...


@dataclass(slots=True)
class Intake:
    """The one way from a transport to the stream."""

    settings: Settings
    sources: SourceRegistry
    publisher: Publisher
    refusals: Refusals
    quotas: Quotas

    def reader(self, source: SourceInfo) -> Reader:
        return Reader(source, self.settings.collect.max_depth)

    def fresh_delivery(self, source: SourceInfo) -> str:
        """For transports whose senders name no delivery: what was read once is sent under this id until it is durable."""
        return delivery_id(source.id, uuid.uuid4().hex)

    def check_quota(self, source: SourceInfo, records: int) -> None:
        """Raises QuotaExceeded with the seconds to wait; nothing is counted."""
        pause = self.quotas.take(source, records)
        if pause:
            raise QuotaExceeded(f"more than {source.quota:g} records a second from source {source.id}", pause)

    async def accept(
        self, reader: Reader, frames: Sequence[Frame], delivery: str, sender: str = "", received_at: float | None = None
    ) -> Batch:
        """Normalise and publish; returns when durable. Raises Unavailable, after counting the refusal."""
        moment = clock.now() if received_at is None else received_at
        batch = reader.batch(frames, delivery, moment, sender)
        try:
            await self.publisher.publish(batch)
        except Unavailable:
            self.refusals.add(reader.source, batch.received, "unavailable")
            raise
        return batch

    async def publish_patiently(self, source: SourceInfo, batch: Batch) -> None:
        """For transports that can make their senders wait by not reading on: until quota and space allow it."""
        pause = self.quotas.take(source, batch.received)
        while pause:
            await asyncio.sleep(min(pause, LONGEST_PAUSE))
            pause = self.quotas.take(source, batch.received)
        while True:
            await self.publisher.wait_for_room()
            try:
                return await self.publisher.publish(batch)
            except Unavailable as wait:
                await asyncio.sleep(min(wait.retry_after or 1.0, LONGEST_PAUSE))
