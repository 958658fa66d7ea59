"""The disk spool: where accepted batches wait while the stream is down.

Segments of CRC-framed messages, appended and fsynced before anything is acknowledged, replayed in order, deleted when
the stream has them. A torn tail (power cut in mid-write) was never acknowledged and is ignored. Replaying a segment
twice is harmless: every message carries its delivery id.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
import structlog

from taishi.errors import Unavailable
from taishi.stream.port import Message

log = structlog.get_logger()

_FRAME = struct.Struct("<II")
SEGMENT_BYTES = 16 * 1024 * 1024


class Spool:
    """Not thread-safe; the publisher is its only user. `limit` bounds its bytes on disk."""

    def __init__(self, directory: Path, limit: int) -> None:
        self._directory = directory
        self._limit = limit
        directory.mkdir(parents=True, exist_ok=True)
        numbers = [int(path.stem) for path in directory.glob("*.spool")]
        self._next = max(numbers, default=0) + 1

    def segments(self) -> list[Path]:
        return sorted(self._directory.glob("*.spool"))

    def size(self) -> int:
        return sum(path.stat().st_size for path in self.segments())

    def append(self, topic: str, messages: Sequence[Message]) -> None:
        """Durable when it returns. Raises Unavailable when the limit or the disk is reached; nothing is kept then."""
        data = b"".join(_pack(topic, message) for message in messages)
        if self.size() + len(data) > self._limit:
            raise Unavailable("the stream is down and the spool is full; send again later", retry_after=30)
        path = self._directory / f"{self._next:012d}.spool"
        before = path.stat().st_size if path.exists() else 0
        try:
            with path.open("ab") as segment:
                segment.write(data)
                segment.flush()
                os.fsync(segment.fileno())
            if not before:
                _sync_directory(self._directory)
        except OSError as error:
            if path.exists():
                os.truncate(path, before)
            raise Unavailable(f"the stream is down and the spool cannot be written: {error}", 30) from error
        if before + len(data) >= SEGMENT_BYTES:
            self._next += 1

    def read(self, segment: Path) -> Iterator[tuple[str, Message]]:
        """The messages in order, up to a torn tail: what a dying process had half written was never acknowledged."""
        data = segment.read_bytes()
        position = 0
        while position + _FRAME.size <= len(data):
            length, checksum = _FRAME.unpack_from(data, position)
            position += _FRAME.size
            body = data[position : position + length]
            if len(body) < length or zlib.crc32(body) != checksum:
                log.warning("The end of a spool segment is torn and left out.", segment=segment.name,
                            bytes=len(data) - position + _FRAME.size)  # fmt: skip
                return
            position += length
            yield _unpack(body)

    def delete(self, segment: Path) -> None:
        segment.unlink()


def _sync_directory(directory: Path) -> None:
    """A new file's name is durable only when its directory is."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _pack(topic: str, message: Message) -> bytes:
    head = orjson.dumps([topic, message.key, [[name, value.hex()] for name, value in message.headers]])
    body = struct.pack("<I", len(head)) + head + message.value
    return _FRAME.pack(len(body), zlib.crc32(body)) + body


def _unpack(body: bytes) -> tuple[str, Message]:
    (length,) = struct.unpack_from("<I", body)
    topic, key, headers = orjson.loads(body[4 : 4 + length])
    return topic, Message(key, body[4 + length :], tuple((name, bytes.fromhex(value)) for name, value in headers))
