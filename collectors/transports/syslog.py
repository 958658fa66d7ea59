"""Syslog over UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425).

TCP syslog has no acknowledgement: what back-pressure means is that we stop reading. A connection's records are batched
for a few milliseconds. Plain senders are known by address, TLS clients by certificate where they present one. Where
several sources share an address, each record goes to the one whose parser recognises it.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import structlog
from prometheus_client import Counter, Gauge

from collectors import registry
from collectors.decode import decode
from collectors.framing import Frame, LineFramer, parts
from collectors.normalise import Reader
from collectors.parser import Received
from collectors.sources import SourceInfo
from collectors.syslog_header import read_header
from collectors.transports.intake import Intake
from taishi import clock
from taishi.errors import QuotaExceeded, Refused, Unavailable

log = structlog.get_logger()

READ_BYTES = 256 * 1024
SHUTDOWN_SECONDS = 5.0
UDP_QUEUE = 100_000
"""Datagrams waiting; beyond it the newest are refused and counted: UDP has no way to ask for patience."""

RECEIVE_BUFFER = 8 * 1024 * 1024

CONNECTIONS = Gauge("taishi_syslog_connections", "Open syslog connections.")
UNKNOWN = Counter("taishi_syslog_unknown_senders_total", "Connections and datagrams of unregistered senders.")


@dataclass(slots=True)
class Choice:
    """The sources of one sender: usually one; several are told apart by the format of each record."""

    intake: Intake
    sources: tuple[SourceInfo, ...]
    readers: dict[str, Reader] = field(default_factory=dict)

    def split(self, frames: list[Frame]) -> dict[str, list[Frame]]:
        if len(self.sources) == 1:
            return {self.sources[0].id: frames}
        groups: dict[str, list[Frame]] = {}
        for frame in frames:
            groups.setdefault(self._owner(frame).id, []).append(frame)
        return groups

    def _owner(self, frame: Frame) -> SourceInfo:
        framed = read_header(decode(frame.data[:4096]), Received(clock.now()))
        name = registry.sniff(framed).name
        return next((source for source in self.sources if source.parser == name), self.sources[0])

    def reader(self, source_id: str) -> Reader:
        if source_id not in self.readers:
            source = next(source for source in self.sources if source.id == source_id)
            self.readers[source_id] = self.intake.reader(source)
        return self.readers[source_id]

    async def send(self, frames: list[Frame], sender: str) -> None:
        """Publish in batches, waiting as long as quota or space ask for it."""
        size = self.intake.settings.collect.batch_records
        for source_id, own in self.split(frames).items():
            reader = self.reader(source_id)
            for _, part in parts(own, size):
                await self._patiently(reader, part, sender)

    async def _patiently(self, reader: Reader, frames: Sequence[Frame], sender: str) -> None:
        delivery = self.intake.fresh_delivery(reader.source)
        batch = reader.batch(frames, delivery, clock.now(), sender)
        await self.intake.publish_patiently(reader.source, batch)


class SyslogTcp:
    """One listener, plain or TLS."""

    def __init__(self, intake: Intake, context: ssl.SSLContext | None = None) -> None:
        self._intake = intake
        self._context = context
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[Any]] = set()
        self._stopping = asyncio.Event()

    async def start(self, host: str, port: int) -> int:
        self._server = await asyncio.start_server(
            self._connected, host, port, ssl=self._context, limit=READ_BYTES, backlog=512
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._connections.add(task)
        CONNECTIONS.inc()
        try:
            await self._serve(reader, writer)
        except OSError as error:  # resets, time-outs, TLS alerts
            log.debug("A syslog connection ended.", reason=repr(error))
        except Refused as refused:
            UNKNOWN.inc()
            log.warning("A syslog connection was refused.", peer=_peer(writer), reason=refused.reason)
        finally:
            CONNECTIONS.dec()
            self._connections.discard(task)
            writer.close()

    def _choose(self, writer: asyncio.StreamWriter) -> Choice:
        sources = self._intake.sources
        tls = writer.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        if certificate:
            return Choice(self._intake, (sources.by_certificate(hashlib.sha256(certificate).hexdigest()),))
        found = sources.by_address(_peer(writer))
        if not found:
            raise Refused(f"no source is registered for {_peer(writer)}; add its address to a source")
        return Choice(self._intake, found)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        syslog = self._intake.settings.syslog
        if len(self._connections) > syslog.max_connections:
            raise Refused(f"more than {syslog.max_connections} connections are open")
        choice, version = self._choose(writer), self._intake.sources.version
        framer = LineFramer(syslog.max_line)
        peer = _peer(writer)
        while not self._stopping.is_set():
            chunk = await self._read(reader, syslog.idle_timeout)
            if not chunk:
                break
            if version != self._intake.sources.version:  # a connection may live for months, its source be changed
                current, version = self._choose(writer), self._intake.sources.version
                choice = choice if current.sources == choice.sources else current
            frames = framer.feed(chunk)
            deadline = asyncio.get_running_loop().time() + self._intake.settings.collect.batch_wait
            while frames and len(frames) < self._intake.settings.collect.batch_records:
                left = deadline - asyncio.get_running_loop().time()
                more = await self._read(reader, left) if left > 0 else b""
                if not more:
                    break
                frames += framer.feed(more)
            await choice.send(frames, peer)
        await choice.send(framer.end(), peer)

    async def _read(self, reader: asyncio.StreamReader, patience: float) -> bytes:
        """The next bytes; empty at the end, on silence, and when we stop."""
        read = asyncio.ensure_future(reader.read(READ_BYTES))
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((read, stop), timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if read.done():
                return read.result()
            return b""
        finally:
            stop.cancel()
            if not read.done():
                read.cancel()

    def tasks(self) -> list[asyncio.Task[None]]:
        return []  # a task for each connection, and a connection may fail

    async def stop(self) -> None:
        """Accept no more, send what was read, close."""
        self._stopping.set()
        if self._server:
            self._server.close()
        if self._connections:
            await asyncio.wait(self._connections, timeout=SHUTDOWN_SECONDS)


def _peer(writer: asyncio.StreamWriter) -> str:
    name = writer.get_extra_info("peername")
    return str(name[0]) if name else ""


class SyslogUdp(asyncio.DatagramProtocol):
    """One datagram is one record."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._queue: list[tuple[str, bytes]] = []
        self._wake = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None
        self._task: asyncio.Task[None] | None = None
        self._choices: dict[tuple[SourceInfo, ...], Choice] = {}
        self._stopping = False

    async def start(self, host: str, port: int) -> int:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
        self._transport = transport
        sock = transport.get_extra_info("socket")
        sock.setsockopt(1, 8, RECEIVE_BUFFER)  # SOL_SOCKET, SO_RCVBUF: scanning comes in bursts
        self._task = asyncio.create_task(self._run(), name="syslog-udp")
        return int(sock.getsockname()[1])

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if len(self._queue) >= UDP_QUEUE:
            sources = self._intake.sources.by_address(str(addr[0]))
            self._intake.refusals.add(sources[0] if sources else None, 1, "udp_queue")
            return
        self._queue.append((str(addr[0]), data))
        self._wake.set()

    async def _run(self) -> None:
        while not (self._stopping and not self._queue):
            await self._wake.wait()
            self._wake.clear()
            if not self._stopping:
                await asyncio.sleep(self._intake.settings.collect.batch_wait)
            datagrams, self._queue = self._queue, []
            await self._send(datagrams)

    async def _send(self, datagrams: list[tuple[str, bytes]]) -> None:
        limit = self._intake.settings.syslog.max_line
        by_sender: dict[str, list[Frame]] = {}
        for sender, data in datagrams:
            stripped = data.strip(b"\r\n\x00 ")
            if stripped:
                by_sender.setdefault(sender, []).append(Frame(stripped[:limit], cut=len(stripped) > limit))
        for sender, frames in by_sender.items():
            sources = self._intake.sources.by_address(sender)
            if not sources:
                UNKNOWN.inc(len(frames))
                continue
            await self._send_of(sources, frames, sender)

    async def _send_of(self, sources: tuple[SourceInfo, ...], frames: list[Frame], sender: str) -> None:
        choice = self._choices.setdefault(sources, Choice(self._intake, sources))
        size = self._intake.settings.collect.batch_records
        for source_id, own in choice.split(frames).items():
            reader = choice.reader(source_id)
            for _, part in parts(own, size):
                try:
                    self._intake.check_quota(reader.source, len(part))
                except QuotaExceeded:
                    self._intake.refusals.add(reader.source, len(part), "quota")
                    continue
                try:
                    await self._intake.accept(reader, part, self._intake.fresh_delivery(reader.source), sender)
                except Unavailable as error:
                    log.warning("Datagrams were refused.", source=source_id, reason=error.reason)

    def tasks(self) -> list[asyncio.Task[None]]:
        return [self._task] if self._task else []

    async def stop(self) -> None:
        if self._transport:
            self._transport.close()
        self._stopping = True
        self._wake.set()
        if self._task:
            await self._task
