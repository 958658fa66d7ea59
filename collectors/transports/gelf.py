"""Graylog Extended Log Format: UDP datagrams (chunked, zlib, gzip), TCP (ended by a zero byte) and `POST /gelf`.

A message's `full_message`, else `short_message`, is the record where the rest says only where it came from; fields of its own
(`_src_ip`, `_user`) make the whole message the record. UDP and TCP senders are known by address, HTTP by key.

Source: Graylog documentation, "GELF via UDP", "GELF via TCP", "GELF payload specification 1.1".
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from collectors.framing import Frame
from collectors.transports.body import BadBody, problem
from collectors.transports.documents import LIMIT, as_json, time_known
from collectors.transports.reception import Reception, guarded
from taishi.errors import Unauthenticated

_STANDARD: Final = frozenset({"version", "host", "short_message", "full_message", "timestamp", "level", "facility", "line",
                              "file", "_id", "_logger_name", "_thread_name", "_pid", "_process_name", "_tag", "_container_id",
                              "_container_name", "_image_name", "_image_id", "_command", "_created"})  # fmt: skip
MAX_CHUNKS: Final = 128
MAX_WAITING: Final = 1024
"""Unfinished messages kept; the oldest goes first: a lost datagram must not hold memory."""
MAX_MESSAGE: Final = 1 << 20
CHUNK_SECONDS: Final = 5.0
_CHUNKED: Final = b"\x1e\x0f"
_GZIP: Final = b"\x1f\x8b"


def routes(reception: Reception) -> list[Route]:
    async def take(request: Request) -> Response:
        key = request.headers.get("x-api-key") or request.headers.get("authorization", "").partition(" ")[2].strip()
        if not key:
            raise Unauthenticated("send the source's API key in 'x-api-key' or as a bearer token")
        await reception.take(request, key, _of_body, protocol="gelf")
        return Response(status_code=202)

    return [Route("/gelf", guarded(take, problem), methods=["POST"])]


def _of_body(data: bytes) -> list[Frame]:
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadBody(f"the body is not JSON: {error}") from error
    messages = document if isinstance(document, list) else [document]
    if not all(isinstance(one, dict) for one in messages):
        raise BadBody("a GELF message is a JSON object")
    return [record_of(one) for one in messages]


def frame_of(data: bytes) -> Frame:
    """A message as it came over UDP or TCP. One that is no JSON object stays as it is, for quarantine to show."""
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        return Frame(data)
    return record_of(document, data) if isinstance(document, dict) else Frame(data)


def record_of(message: dict[str, Any], raw: bytes | None = None) -> Frame:
    known = time_known(message.get("timestamp"))
    if isinstance(message.get("host"), str):
        known["host.name"] = message["host"][:LIMIT]
    text = message.get("full_message") or message.get("short_message")
    if isinstance(text, str) and text.strip() and message.keys() <= _STANDARD:
        return Frame(text.encode("utf-8", "replace"), known=known)
    return Frame(as_json(message) if raw is None else raw, known=known)


@dataclass(slots=True)
class Assembler:
    """Datagrams → messages. Memory is bounded by MAX_WAITING × MAX_MESSAGE in the worst case and by `room` in all."""

    room: int = 32 * MAX_MESSAGE
    lost: int = 0
    """Messages given up: parts missing for CHUNK_SECONDS, no room, or not to be unpacked."""
    _waiting: OrderedDict[tuple[str, bytes], tuple[float, int, dict[int, bytes]]] = field(default_factory=OrderedDict)
    _held: int = 0

    def feed(self, sender: str, data: bytes, now: float) -> bytes | None:
        """The whole message where this datagram completes one, unpacked."""
        self._expire(now)
        if data[:2] != _CHUNKED:
            return self._unpacked(data)
        if len(data) < 12:
            self.lost += 1
            return None
        key, number, count = (sender, data[2:10]), data[10], data[11]
        if not 0 < count <= MAX_CHUNKS or number >= count:
            self.lost += 1
            return None
        _, expected, parts = self._waiting.setdefault(key, (now, count, {}))
        if expected != count or number in parts:
            return None  # a repeated datagram; UDP may do that
        parts[number] = data[12:]
        self._held += len(data) - 12
        if len(parts) == count:
            self._drop(key)
            return self._unpacked(b"".join(parts[at] for at in range(count)))
        while self._held > self.room or len(self._waiting) > MAX_WAITING:
            self._drop(next(iter(self._waiting)))
            self.lost += 1
        return None

    def _drop(self, key: tuple[str, bytes]) -> None:
        _, _, parts = self._waiting.pop(key)
        self._held -= sum(len(part) for part in parts.values())

    def _expire(self, now: float) -> None:
        while self._waiting:
            key, (started, _, _) = next(iter(self._waiting.items()))
            if now - started <= CHUNK_SECONDS:
                return
            self._drop(key)
            self.lost += 1

    def _unpacked(self, data: bytes) -> bytes | None:
        """zlib's first byte has 8 as its low half and the first two are a multiple of 31 (RFC 1950)."""
        packed = data[:2] == _GZIP or (len(data) > 1 and data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0)
        if not packed:
            return data
        unpacking = zlib.decompressobj(wbits=47)
        try:
            text = unpacking.decompress(data, MAX_MESSAGE)
        except zlib.error:
            text = b""
        if not unpacking.eof:
            self.lost += 1
            return None
        return text
