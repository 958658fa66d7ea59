"""HTTP push: `POST /v1/ingest` with NDJSON, a JSON array or plain lines, gzip or zstd, an API key and a batch id.

200 means durable. A sender that hears anything else, or nothing, sends the same batch again under the same
`X-Batch-Id` and the records exist once. Errors are problem+json (RFC 9457) with Retry-After where waiting helps.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import orjson
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from collectors.framing import Frame, parts, split_body
from collectors.inflate import Broken, Inflater
from collectors.sources import SourceInfo
from collectors.transports.intake import Intake
from taishi import clock
from taishi.errors import QuotaExceeded, Refused, TooLarge, Unauthenticated, Unavailable
from taishi.event import delivery_id
from taishi.observe import Health

PROBLEM = "application/problem+json"
ENCODINGS = frozenset({"", "identity", "gzip", "zstd"})
TYPES = frozenset(
    {
        "", "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/xml",
        "application/octet-stream",
        "application/x-www-form-urlencoded",  # what curl says of --data-binary; the body is taken as it is
    }
)  # fmt: skip
ZSTD_WINDOW = 1 << 23
BODIES_IN_HAND = 3
"""Bodies of the greatest size that may be in memory at once."""

MAX_CONNECTIONS = 2000


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


def _encoding(request: Request) -> str:
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        raise UnknownEncoding(f"Content-Encoding {encoding[:40]!r} is not understood; use gzip, zstd or none")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in TYPES and not kind.startswith("text/") and not kind.endswith("+json"):
        raise BadType(
            f"Content-Type {kind[:60]!r} holds no records; send application/x-ndjson, application/json or text/plain"
        )
    return encoding


def _key(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    key = value.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    if not key:
        raise Unauthenticated("send your API key as 'Authorization: Bearer KEY'")
    return key


class HttpPush:
    """The listener. Health and metrics are on the same port."""

    def __init__(self, intake: Intake, health: Health) -> None:
        self._intake = intake
        self._health = health
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._room = Room(BODIES_IN_HAND * intake.settings.http.max_inflated)

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/ingest", self._guarded(self._ingest), methods=["POST"]),
                Route("/metrics", self._metrics),
                Route("/health/live", self._live),
                Route("/health/ready", self._ready),
            ]
        )

    def _guarded(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            try:
                return await handler(request)
            except Refused as error:
                return problem(error)
            except ClientDisconnect:
                return Response(status_code=400)

        return guarded

    async def _ingest(self, request: Request) -> Response:
        source = self._intake.sources.by_key(_key(request))
        http = self._intake.settings.http
        encoding = _encoding(request)
        with Body(self._room, http.max_body, http.max_inflated) as body:
            frames = split_body(
                await body.read(request.stream(), encoding), http.max_records, self._intake.settings.syslog.max_line
            )
            self._check_quota(source, len(frames))
            return await self._take(source, frames, request)

    async def _take(self, source: SourceInfo, frames: list[Frame], request: Request) -> Response:
        """The records in stream messages of at most `batch_records`, each a delivery that repeats with the batch id."""
        batch_id = request.headers.get("x-batch-id", "")
        root = delivery_id(source.id, "http", batch_id) if batch_id else self._intake.fresh_delivery(source)
        reader = self._intake.reader(source)
        received_at = clock.now()
        size = self._intake.settings.collect.batch_records
        counts = {"received": 0, "accepted": 0, "quarantined": 0}
        for start, part in parts(frames, size):
            whole = len(part) == len(frames)
            delivery = root if whole else delivery_id(source.id, root, start, start + len(part))
            batch = await self._intake.accept(reader, part, delivery, _client(request), received_at)
            counts["received"] += batch.received
            counts["accepted"] += len(batch.events)
            counts["quarantined"] += len(batch.quarantined)
        return Response(orjson.dumps({**counts, "delivery": root}), media_type="application/json")

    def _check_quota(self, source: SourceInfo, records: int) -> None:
        try:
            self._intake.check_quota(source, records)
        except QuotaExceeded:
            self._intake.refusals.add(source, records, "quota")
            raise

    async def _metrics(self, _request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def _live(self, _request: Request) -> Response:
        return PlainTextResponse("live\n")

    async def _ready(self, _request: Request) -> Response:
        problems = self._health.problems()
        text = "".join(f"{name}: {why}\n" for name, why in problems.items()) or "ready\n"
        return PlainTextResponse(text, 503 if problems else 200)

    async def start(self, host: str, port: int, certificate: Path | None, key: Path | None) -> int:
        sock = socket.create_server((host, port), backlog=512)
        config = uvicorn.Config(
            self.application(),
            log_level="warning",
            server_header=False,
            lifespan="off",
            timeout_keep_alive=65,
            limit_concurrency=MAX_CONNECTIONS,
            h11_max_incomplete_event_size=64 * 1024,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            timeout_graceful_shutdown=10,
        )
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[sock]), name="http-push")
        return int(sock.getsockname()[1])

    def tasks(self) -> list[asyncio.Task[None]]:
        return [self._task] if self._task else []

    async def stop(self) -> None:
        """Finish requests in hand, then close."""
        if self._server and self._task:
            self._server.should_exit = True
            await self._task


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process, which stops all transports in order."""
        yield


def _client(request: Request) -> str:
    return request.client.host if request.client else ""
