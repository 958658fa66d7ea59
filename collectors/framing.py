"""Framing: where one record ends and the next begins. Pure and incremental; how bytes are cut into chunks changes nothing.

Syslog over TCP comes in two ways (RFC 6587): octet counting ("123 <34>1 …") and newline. Which one is decided anew at
each record, by whether it begins with a count: senders that mix both exist. A record over the limit is cut and flagged,
and what belongs to it is skipped: the connection lives on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from taishi.errors import TooLarge
from taishi.event import Event

MAX_COUNT_DIGITS = 9
"""Digits of an octet count that are believed; RFC 6587 sets no limit, memory does."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One record as bytes; `cut` says that it was longer and only its beginning is here."""

    data: bytes
    cut: bool = False
    known: Event | None = None
    """ECS fields that the transport's envelope holds (who read the record, when). What the record says itself goes before."""


class LineFramer:
    """Newline and octet-counted framing of a byte stream. `max_line` is in bytes."""

    def __init__(self, max_line: int) -> None:
        self._max = max_line
        self._buffer = bytearray()
        self._skip = 0
        self._skip_line = False

    def feed(self, chunk: bytes) -> list[Frame]:
        self._buffer += chunk
        frames: list[Frame] = []
        position = 0
        while True:
            step = self._next(position)
            if step is None:
                break
            frame, position = step
            if frame is not None and frame.data.strip(b"\r\n\x00 "):
                frames.append(frame)
        del self._buffer[:position]
        return frames

    def _next(self, start: int) -> tuple[Frame | None, int] | None:
        """The frame that begins at `start` and where the next begins; None while it is not complete."""
        buffer = self._buffer
        if start >= len(buffer):
            return None
        if self._skip:
            gone = min(self._skip, len(buffer) - start)
            self._skip -= gone
            return None, start + gone
        if self._skip_line:
            end = buffer.find(b"\n", start)
            if end < 0:
                return None, len(buffer)
            self._skip_line = False
            return None, end + 1
        counted = self._count(start)
        if counted is None:
            return self._line(start)
        if counted == (0, 0):
            return None
        return self._octets(*counted)

    def _count(self, start: int) -> tuple[int, int] | None:
        """(length, where the record begins); None for newline framing; (0, 0) while that is not yet decided."""
        buffer = self._buffer
        if not 0x31 <= buffer[start] <= 0x39:
            return None
        for position in range(start, min(len(buffer), start + MAX_COUNT_DIGITS + 1)):
            if buffer[position] == 0x20:
                if position + 1 >= len(buffer):
                    return 0, 0
                if buffer[position + 1] != 0x3C:  # "<": without a priority after it, a number is just text
                    return None
                return int(buffer[start:position]), position + 1
            if not 0x30 <= buffer[position] <= 0x39:
                return None
        return (0, 0) if len(buffer) <= start + MAX_COUNT_DIGITS else None

    def _octets(self, length: int, start: int) -> tuple[Frame | None, int] | None:
        available = len(self._buffer) - start
        if length <= self._max:
            if available < length:
                return None
            return Frame(bytes(self._buffer[start : start + length]).rstrip(b"\r\n\x00")), start + length
        if available < self._max:
            return None
        self._skip = length - self._max
        return Frame(bytes(self._buffer[start : start + self._max]), cut=True), start + self._max

    def _line(self, start: int) -> tuple[Frame | None, int] | None:
        end = self._buffer.find(b"\n", start, start + self._max + 1)
        if end >= 0:
            return Frame(bytes(self._buffer[start:end]).rstrip(b"\r\x00")), end + 1
        if len(self._buffer) - start <= self._max:
            return None
        self._skip_line = True
        return Frame(bytes(self._buffer[start : start + self._max]), cut=True), start + self._max

    def end(self) -> list[Frame]:
        """What is left when the sender closes: a last line without its newline."""
        rest, self._buffer = bytes(self._buffer), bytearray()
        if self._skip or self._skip_line or not rest.strip(b"\r\n\x00 "):
            return []
        head, space, tail = rest.partition(b" ")
        if space and head.isdigit() and tail.startswith(b"<") and len(head) <= MAX_COUNT_DIGITS:
            rest = tail  # a counted record that the sender did not finish: kept as far as it came
        return [Frame(rest[: self._max].rstrip(b"\r\x00"), cut=len(rest) > self._max)]


_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def depth_of(data: bytes, limit: int) -> int:
    """Nesting of JSON brackets outside strings, up to `limit` + 1: linear, and safe before any parser sees it."""
    if data.count(b"[") + data.count(b"{") <= limit:
        return 0
    depth = deepest = 0
    for byte in _STRING.sub(b"", data).translate(None, _NO_BRACKETS):
        if byte not in b"[{":
            depth -= 1
            continue
        depth += 1
        if depth > deepest:
            deepest = depth
            if deepest > limit:
                break
    return deepest


BATCH_BYTES = 1024 * 1024
"""Of the records of one stream message. Their events are some times larger, and quarantined control characters six times as
JSON: brokers are set to take sixteen times this."""


def parts(frames: Sequence[Frame], most: int) -> Iterator[tuple[int, Sequence[Frame]]]:
    """The records cut into stream messages: at most `most` records and BATCH_BYTES each, one record at least. Yields where
    each begins. The same records are always cut the same way."""
    start, size = 0, 0
    for number, frame in enumerate(frames):
        if number > start and (number - start >= most or size + len(frame.data) > BATCH_BYTES):
            yield start, frames[start:number]
            start, size = number, 0
        size += len(frame.data)
    if start < len(frames):
        yield start, frames[start:]


def split_body(body: bytes, max_records: int, max_line: int) -> list[Frame]:
    """Records of an HTTP body or a file: a JSON array's elements, one JSON document, or lines.

    Raises TooLarge when there are more than `max_records`.
    """
    text = body.removeprefix(b"\xef\xbb\xbf")
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = text.decode("utf-16", "replace").encode()
    start = text.lstrip()[:1]
    frames = _json_frames(text) if start in (b"[", b"{") else []
    if not frames:
        frames = [Frame(line.rstrip(b"\r\x00")) for line in text.split(b"\n") if line.strip(b"\r\x00 \t")]
    if len(frames) > max_records:
        raise TooLarge(f"{len(frames)} records in one body; send at most {max_records}")
    return [frame if len(frame.data) <= max_line else Frame(frame.data[:max_line], cut=True) for frame in frames]


def _json_frames(text: bytes) -> list[Frame]:
    """Elements of one array, or one document over several lines; nothing for NDJSON and for what is no JSON.

    orjson refuses what is nested deeper than 1024 on the way in and than 254 on the way out by itself.
    """
    stripped = text.strip()
    first_line = stripped.split(b"\n", 1)[0].rstrip()
    if stripped[:1] == b"{" and first_line != stripped and first_line.endswith(b"}"):
        return []  # NDJSON, the usual case
    try:
        document = orjson.loads(stripped)
        if isinstance(document, list):
            return [Frame(one.encode() if isinstance(one, str) else orjson.dumps(one)) for one in document]
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return []
    return [Frame(stripped)]
