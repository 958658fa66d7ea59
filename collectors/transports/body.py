"""Bodies of requests: read within limits of size, of all bodies at once and of patience, unpacked as they arrive.

Every refusal says what is wrong and what to do, as problem+json (RFC 9457) or in the words of the protocol spoken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

import orjson
from starlette.requests import Request
from starlette.responses import Response

from collectors.inflate import Broken, Inflater
from taishi.errors import Refused, TooLarge, Unauthenticated, Unavailable

PROBLEM = "application/problem+json"
ENCODINGS = frozenset({"", "identity", "gzip", "zstd"})
TYPES = frozenset(
    {
        "", "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/xml",
        "application/octet-stream", "application/x-protobuf",
        "application/x-www-form-urlencoded",  # what curl says of --data-binary; the body is taken as it is
    }
)  # fmt: skip
ZSTD_WINDOW = 1 << 23
BODIES_IN_HAND = 3
"""Bodies of the greatest size that may be in memory at once."""


class BadBody(Refused):
    """The body is not what its headers say."""

    code = "bad_body"
    status = 400


class UnknownEncoding(Refused):
    code = "unsupported_encoding"
    status = 415


def problem(error: Refused) -> Response:
    """A refusal as problem+json: what is wrong and what to do."""
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    body = {"type": "about:blank", "title": error.code, "status": error.status, "detail": error.reason}
    return Response(orjson.dumps(body), error.status, headers, PROBLEM)


class BadType(Refused):
    code = "unsupported_type"
    status = 415


class TooSlow(Refused):
    code = "too_slow"
    status = 408


@dataclass(slots=True)
class Room:
    """Bytes of all bodies in hand. One body is bounded by its own limit; this bounds many at once."""

    limit: int
    used: int = 0


@dataclass(slots=True)
class Body:
    """One body as it arrives: neither its sent nor its inflated size passes the limits. A context: it holds its share of
    the room until its records are durable."""

    room: Room
    max_body: int
    max_inflated: int
    patience: float = 60.0
    """Seconds without a byte."""
    _held: int = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.room.used -= self._held

    async def read(self, chunks: AsyncIterator[bytes], encoding: str) -> bytes:
        """Raises TooLarge, BadBody, TooSlow, and Unavailable where too much is in hand already."""
        inflater = None if encoding in {"", "identity"} else Inflater(encoding, ZSTD_WINDOW)
        parts: list[bytes] = []
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.patience) as clock_of_body:
                async for part in self._inflated(chunks, inflater):
                    clock_of_body.reschedule(loop.time() + self.patience)
                    self._hold(len(part))
                    parts.append(part)
            if inflater:
                inflater.finish()
        except Broken as error:
            raise BadBody(f"the body cannot be unpacked: {error}") from error
        except TimeoutError as error:
            raise TooSlow(f"no byte of the body came for {self.patience:.0f} seconds") from error
        return b"".join(parts)

    async def _inflated(self, chunks: AsyncIterator[bytes], inflater: Inflater | None) -> AsyncIterator[bytes]:
        sent = 0
        async for chunk in chunks:
            sent += len(chunk)
            if sent > self.max_body:
                raise TooLarge(f"the body is larger than {self.max_body} bytes; send smaller batches")
            for part in inflater.feed(chunk) if inflater else (chunk,):
                yield part

    def _hold(self, size: int) -> None:
        self._held += size
        self.room.used += size
        if self._held > self.max_inflated:
            raise TooLarge(f"the body inflates to more than {self.max_inflated} bytes; send smaller batches")
        if self.room.used > self.room.limit:
            raise Unavailable("too many bodies are in hand at once; send again in a second", retry_after=1)


def encoding_of(request: Request) -> str:
    """Of the body; raises UnknownEncoding, and BadType for what holds no records."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        raise UnknownEncoding(f"Content-Encoding {encoding[:40]!r} is not understood; use gzip, zstd or none")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in TYPES and not kind.startswith("text/") and not kind.endswith(("+json", "+x-ndjson")):
        raise BadType(
            f"Content-Type {kind[:60]!r} holds no records; send application/x-ndjson, application/json or text/plain"
        )
    return encoding
