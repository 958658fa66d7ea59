"""What every TCP listener shares: who the peer is, how many connections, silence, and a stop that finishes what was read.

Senders are known by client certificate under TLS, else by address. A protocol is a subclass with one method, `serve`.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from typing import Any, cast

import structlog
from prometheus_client import Counter, Gauge

from collectors.transports.choice import Choice
from collectors.transports.intake import Intake
from taishi.errors import Refused

log = structlog.get_logger()

READ_BYTES = 256 * 1024
SHUTDOWN_SECONDS = 5.0

CONNECTIONS = Gauge("taishi_connections", "Open connections of shippers.", ["protocol"])
UNKNOWN = Counter("taishi_unknown_senders_total", "Connections and datagrams of unregistered senders.", ["protocol"])


class Ended(Exception):
    """The peer closed, was silent for too long, or we stop."""


class Malformed(Refused):
    """What came is not the protocol spoken on this port: nothing after it can be trusted, so the connection ends."""

    code = "malformed"


class Incoming:
    """The bytes of one connection. Every wait ends with the peer, with its patience, or with our stop."""

    def __init__(self, reader: asyncio.StreamReader, stopping: asyncio.Event, patience: float) -> None:
        self._reader = reader
        self._stopping = stopping
        self._patience = patience
        self._buffer = bytearray()

    @property
    def waiting(self) -> int:
        """Bytes that are here already."""
        return len(self._buffer)

    async def some(self, patience: float | None = None) -> bytes:
        """What is here, else what comes next; empty at the end, on silence and when we stop."""
        if self._buffer:
            data = bytes(self._buffer)
            self._buffer.clear()
            return data
        return await self._read(self._patience if patience is None else patience)

    async def exactly(self, size: int) -> bytes:
        """Raises Ended where they do not come."""
        while len(self._buffer) < size:
            await self._more()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    async def until(self, end: bytes, limit: int) -> bytes:
        """Up to the next `end`, which is taken and not given. Raises Malformed where it does not come within `limit` bytes."""
        start = 0
        while (at := self._buffer.find(end, start)) < 0:
            if len(self._buffer) > limit:
                raise Malformed(f"no end of the message within {limit} bytes")
            start = max(0, len(self._buffer) - len(end))
            await self._more()
        data = bytes(self._buffer[:at])
        del self._buffer[: at + len(end)]
        return data

    async def _more(self) -> None:
        chunk = await self._read(self._patience)
        if not chunk:
            raise Ended
        self._buffer += chunk

    async def _read(self, patience: float) -> bytes:
        read = asyncio.ensure_future(self._reader.read(READ_BYTES))
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((read, stop), timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            return read.result() if read.done() else b""
        finally:
            stop.cancel()
            if not read.done():
                read.cancel()


class TcpListener:
    """One listener, plain or TLS."""

    protocol = "tcp"

    def __init__(self, intake: Intake, context: ssl.SSLContext | None = None) -> None:
        self.intake = intake
        self.stopping = asyncio.Event()
        self._context = context
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[Any]] = set()

    async def serve(self, incoming: Incoming, writer: asyncio.StreamWriter, choice: Choice) -> None:
        """Read records and publish them by `choice` until the peer ends; acknowledge what is durable."""
        raise NotImplementedError

    async def start(self, host: str, port: int) -> int:
        self._server = await asyncio.start_server(
            self._connected, host, port, ssl=self._context, limit=READ_BYTES, backlog=512
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._connections.add(task)
        CONNECTIONS.labels(self.protocol).inc()
        try:
            self._check_room()
            choice = Choice(self.intake, lambda: self._sources(writer), peer_of(writer))
            incoming = Incoming(reader, self.stopping, self.intake.settings.syslog.idle_timeout)
            await self.serve(incoming, writer, choice)
        except (OSError, Ended) as error:  # resets, time-outs, TLS alerts, the usual end
            log.debug("A connection ended.", protocol=self.protocol, reason=repr(error))
        except Malformed as error:
            log.warning("A connection was closed.", protocol=self.protocol, peer=peer_of(writer), reason=error.reason)
        except Refused as refused:
            UNKNOWN.labels(self.protocol).inc()
            log.warning(
                "A connection was refused.", protocol=self.protocol, peer=peer_of(writer), reason=refused.reason
            )
        finally:
            CONNECTIONS.labels(self.protocol).dec()
            self._connections.discard(task)
            writer.close()

    def _check_room(self) -> None:
        most = self.intake.settings.syslog.max_connections
        if len(self._connections) > most:
            raise Refused(f"more than {most} connections are open")

    def _sources(self, writer: asyncio.StreamWriter) -> Any:
        sources = self.intake.sources
        tls = writer.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        if certificate:
            return (sources.by_certificate(hashlib.sha256(certificate).hexdigest()),)
        found = sources.by_address(peer_of(writer))
        if not found:
            raise Refused(f"no source is registered for {peer_of(writer)}; add its address to a source")
        return found

    def tasks(self) -> list[asyncio.Task[None]]:
        return []  # a task for each connection, and a connection may fail

    async def stop(self) -> None:
        """Accept no more, send what was read, close."""
        self.stopping.set()
        if self._server:
            self._server.close()
        if self._connections:
            await asyncio.wait(self._connections, timeout=SHUTDOWN_SECONDS)


def peer_of(writer: asyncio.StreamWriter) -> str:
    name = writer.get_extra_info("peername")
    return str(name[0]) if name else ""
