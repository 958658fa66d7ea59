"""What every UDP listener shares: a bounded queue, batches of a few milliseconds, and counting what was refused.

UDP has no way to ask for patience: what does not fit is refused, counted against its source, and seen on its page.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from collectors.framing import Frame, parts
from collectors.normalise import Reader
from collectors.sources import SourceInfo
from collectors.transports.choice import Choice
from collectors.transports.intake import Intake
from collectors.transports.tcp import UNKNOWN
from taishi.errors import QuotaExceeded, Refused, Unavailable

log = structlog.get_logger()

MAX_SENDERS = 10_000
"""Addresses of which a datagram's source is remembered."""

UDP_QUEUE = 100_000
"""Datagrams waiting; beyond it the newest are refused and counted: UDP has no way to ask for patience."""

RECEIVE_BUFFER = 8 * 1024 * 1024


class Datagrams(asyncio.DatagramProtocol):
    """One UDP listener; a protocol is a subclass with one method, `frames`."""

    protocol = "udp"

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self._queue: list[tuple[str, bytes]] = []
        self._wake = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None
        self._task: asyncio.Task[None] | None = None
        self._choices: dict[str, Choice] = {}
        self._stopping = False

    def frames(self, sender: str, datagrams: list[bytes]) -> list[Frame]:
        """The records in a sender's datagrams, in order."""
        raise NotImplementedError

    def taken(self, sender: str) -> None:
        """What `frames` gave last for this sender is durable. For protocols that answer."""

    def refused(self, sender: str) -> None:
        """It is not, and is not tried again."""

    def refuse(self, sender: str, records: int, why: str) -> None:
        """Count what could not be taken against its source."""
        sources = self.intake.sources.by_address(sender)
        self.intake.refusals.add(sources[0] if sources else None, records, why)

    async def start(self, host: str, port: int) -> int:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
        self._transport = transport
        sock = transport.get_extra_info("socket")
        sock.setsockopt(1, 8, RECEIVE_BUFFER)  # SOL_SOCKET, SO_RCVBUF: scanning comes in bursts
        self._task = asyncio.create_task(self._run(), name=self.protocol)
        return int(sock.getsockname()[1])

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if len(self._queue) >= UDP_QUEUE:
            self.refuse(str(addr[0]), 1, "udp_queue")
            return
        self._queue.append((str(addr[0]), data))
        self._wake.set()

    async def _run(self) -> None:
        while not (self._stopping and not self._queue):
            await self._wake.wait()
            self._wake.clear()
            if not self._stopping:
                await asyncio.sleep(self.intake.settings.collect.batch_wait)
            datagrams, self._queue = self._queue, []
            await self._send(datagrams)

    async def _send(self, datagrams: list[tuple[str, bytes]]) -> None:
        by_sender: dict[str, list[bytes]] = {}
        for sender, data in datagrams:
            by_sender.setdefault(sender, []).append(data)
        for sender, own in by_sender.items():
            frames = self.frames(sender, own)
            try:
                choice = self._choice(sender)
                groups = choice.split(frames)
            except Refused:
                self._choices.pop(sender, None)
                self.refused(sender)
                UNKNOWN.labels(self.protocol).inc(len(frames))
                continue
            durable = True
            for source_id, group in groups.items():
                durable = await self._send_of(choice.reader(source_id), group, sender) and durable
            (self.taken if durable else self.refused)(sender)

    def _choice(self, sender: str) -> Choice:
        """Raises Refused where no source has this address."""
        if sender not in self._choices:
            if len(self._choices) >= MAX_SENDERS:
                self._choices.clear()
            self._choices[sender] = Choice(self.intake, lambda: self._sources(sender), sender)
        return self._choices[sender]

    def _sources(self, sender: str) -> tuple[SourceInfo, ...]:
        found = self.intake.sources.by_address(sender)
        if not found:
            raise Refused(f"no source is registered for {sender}")
        return found

    async def _send_of(self, reader: Reader, frames: list[Frame], sender: str) -> bool:
        """Whether all of them are durable."""
        durable = True
        for _, part in parts(frames, self.intake.settings.collect.batch_records):
            try:
                self.intake.check_quota(reader.source, len(part))
            except QuotaExceeded:
                self.intake.refusals.add(reader.source, len(part), "quota")
                durable = False
                continue
            try:
                await self.intake.accept(reader, part, self.intake.fresh_delivery(reader.source), sender)
            except Unavailable as error:
                log.warning("Datagrams were refused.", source=reader.source.id, reason=error.reason)
                durable = False
        return durable

    def tasks(self) -> list[asyncio.Task[None]]:
        return [self._task] if self._task else []

    async def stop(self) -> None:
        if self._transport:
            self._transport.close()
        self._stopping = True
        self._wake.set()
        if self._task:
            await self._task
