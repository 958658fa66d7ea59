"""Lumberjack 1 and 2: what Beats, Elastic Agent and Logstash send to a Logstash output.

A window announces how many events follow; the acknowledgement of its last number is written when all of them are durable.
While that takes long, number 0 tells the sender to be patient. A window sent again because its acknowledgement was lost
counts once, where its events name a file and an offset.

Source: the protocol's published description (version 1 by Jordan Sissel), go-lumber's documentation of version 2.
"""

from __future__ import annotations

import asyncio
import hashlib
import struct
import zlib
from typing import Any, Final

import orjson

from collectors.framing import Frame
from collectors.transports.choice import Choice
from collectors.transports.documents import record_of, sure_identity
from collectors.transports.tcp import Incoming, Malformed, TcpListener

MAX_WINDOW: Final = 100_000
MAX_PAIRS: Final = 10_000
MAX_INFLATED: Final = 64 * 1024 * 1024
"""Bytes of one compressed frame once unpacked, and of one window altogether."""
PATIENCE_SECONDS: Final = 5.0
_NUMBER: Final = struct.Struct(">I")


class Lumberjack(TcpListener):
    protocol = "lumberjack"

    async def serve(self, incoming: Incoming, writer: asyncio.StreamWriter, choice: Choice) -> None:
        while not self.stopping.is_set():
            version, count = await self._window(incoming)
            window = _Window()
            while len(window.documents) < count:
                await self._frame(_Bytes(incoming), window)
            if len(window.documents) > count:
                raise Malformed("a window holds more events than it announced")
            await self._publish(window, version, writer, choice)

    async def _window(self, incoming: Incoming) -> tuple[bytes, int]:
        version, kind = await _kind(incoming)
        if kind != b"W":
            raise Malformed("a window must be announced before its events")
        count = _NUMBER.unpack(await incoming.exactly(4))[0]
        if count > MAX_WINDOW:
            raise Malformed(f"a window of {count} events; send at most {MAX_WINDOW}")
        return version, count

    async def _frame(self, source: Any, window: _Window, *, packed: bool = False) -> None:
        _, kind = await _kind(source)
        if kind == b"J":
            window.last, size = struct.unpack(">II", await source.exactly(8))
            window.add(await source.exactly(_sized(size)))
        elif kind == b"D":
            window.last, pairs = struct.unpack(">II", await source.exactly(8))
            window.add_pairs(await _pairs(source, pairs))
        elif kind == b"C" and not packed:
            inner = _Unpacked(await source.exactly(_sized(_NUMBER.unpack(await source.exactly(4))[0])))
            while inner.left:
                await self._frame(inner, window, packed=True)
        else:
            raise Malformed("a frame of an unknown kind")

    async def _publish(self, window: _Window, version: bytes, writer: asyncio.StreamWriter, choice: Choice) -> None:
        sending = asyncio.ensure_future(choice.send(window.frames(), window.identity()))
        try:
            while not (await asyncio.wait({sending}, timeout=PATIENCE_SECONDS))[0]:
                writer.write(version + b"A" + _NUMBER.pack(0))
                await writer.drain()
            await sending
        finally:
            sending.cancel()
        writer.write(version + b"A" + _NUMBER.pack(window.last))
        await writer.drain()


class _Window:
    """The events of one window as they come."""

    def __init__(self) -> None:
        self.last = 0
        self.documents: list[Any] = []
        self._raw: list[bytes] = []
        self._size = 0

    def add(self, raw: bytes) -> None:
        self._size += len(raw)
        if self._size > MAX_INFLATED:
            raise Malformed(f"a window of more than {MAX_INFLATED} bytes; send smaller ones")
        try:
            document = orjson.loads(raw)
        except orjson.JSONDecodeError:
            document = None  # quarantine will show it
        self.documents.append(document)
        self._raw.append(raw)

    def add_pairs(self, document: dict[str, str]) -> None:
        self.add(orjson.dumps(document))

    def frames(self) -> list[Frame]:
        return [
            record_of(document, raw) if isinstance(document, dict) else Frame(raw)
            for document, raw in zip(self.documents, self._raw, strict=True)
        ]

    def identity(self) -> str:
        return hashlib.sha256(b"\n".join(self._raw)).hexdigest() if sure_identity(self.documents) else ""


class _Bytes:
    """A connection's bytes, asked for exactly."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming

    async def exactly(self, size: int) -> bytes:
        return await self._incoming.exactly(size)


class _Unpacked:
    """The frames inside a compressed one. Raises Malformed where it is longer than is sensible, or ends within a frame."""

    def __init__(self, packed: bytes) -> None:
        unpacking = zlib.decompressobj()
        try:
            self._data = unpacking.decompress(packed, MAX_INFLATED)
        except zlib.error as error:
            raise Malformed(f"a compressed frame cannot be unpacked: {error}") from error
        if not unpacking.eof:
            raise Malformed(f"a compressed frame is cut short, or unpacks to more than {MAX_INFLATED} bytes")
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    async def exactly(self, size: int) -> bytes:
        if size > self.left:
            raise Malformed("a compressed frame ends within an event")
        self._at += size
        return self._data[self._at - size : self._at]


async def _kind(source: Any) -> tuple[bytes, bytes]:
    head = await source.exactly(2)
    if head[:1] not in {b"1", b"2"}:
        raise Malformed("this port speaks Lumberjack; the sender does not")
    return head[:1], head[1:]


def _sized(size: int) -> int:
    if size > MAX_INFLATED:
        raise Malformed(f"a frame of {size} bytes; at most {MAX_INFLATED} are taken")
    return size


async def _pairs(source: Any, count: int) -> dict[str, str]:
    if count > MAX_PAIRS:
        raise Malformed(f"an event of {count} fields; at most {MAX_PAIRS} are taken")
    found = {}
    total = 0
    for _ in range(count):
        texts = []
        for _ in range(2):
            size = _NUMBER.unpack(await source.exactly(4))[0]
            total += size
            texts.append((await source.exactly(_sized(total) - total + size)).decode("utf-8", "replace"))
        found[texts[0]] = texts[1]
    return found
