"""HTTP push: `POST /v1/ingest` with NDJSON, a JSON array or plain lines, gzip or zstd, an API key and a batch id.

200 means durable. A sender that hears anything else, or nothing, sends the same batch again under the same
`X-Batch-Id` and the records exist once. Errors are problem+json (RFC 9457) with Retry-After where waiting helps.
"""

from __future__ import annotations

import asyncio
import socket
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import uvicorn
import zstandard
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from collectors.framing import split_body
from collectors.sources import SourceInfo
from collectors.transports.intake import Intake
from taishi import clock
from taishi.errors import QuotaExceeded, Refused, TooLarge, Unauthenticated
from taishi.event import delivery_id
from taishi.observe import Health

PROBLEM = "application/problem+json"
INFLATE_STEP = 1 << 20


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


async def inflate(chunks: AsyncIterator[bytes], encoding: str, max_body: int, max_inflated: int) -> bytes:
    """The body, decompressed as it arrives, so that neither its sent nor its inflated size passes the limits."""
    try:
        step = _decompressor(encoding)
        sent = 0
        parts: list[bytes] = []
        inflated = 0
        async for chunk in chunks:
            sent += len(chunk)
            if sent > max_body:
                raise TooLarge(f"the body is larger than {max_body} bytes; send smaller batches")
            for part in step(chunk):
                inflated += len(part)
                if inflated > max_inflated:
                    raise TooLarge(f"the body inflates to more than {max_inflated} bytes; send smaller batches")
                parts.append(part)
    except (zlib.error, zstandard.ZstdError) as error:
        raise BadBody(f"the body is not valid {encoding}: {error}") from error
    return b"".join(parts)


def _decompressor(encoding: str) -> Callable[[bytes], Iterator[bytes]]:
    if encoding in ("", "identity"):
        return lambda chunk: iter((chunk,))
    if encoding == "gzip":
        return _Gzip().feed
    if encoding == "zstd":
        return _Zstd().feed
    raise UnknownEncoding(f"Content-Encoding {encoding[:40]!r} is not understood; use gzip, zstd or none")


class _Gzip:
    """Bounded steps: a kilobyte of gzip may hold a megabyte of zeros."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        while chunk:
            yield self._inner.decompress(chunk, INFLATE_STEP)
            chunk = self._inner.unconsumed_tail
            if self._inner.eof:
                chunk = self._inner.unused_data
                self._inner = zlib.decompressobj(wbits=31)


class _Zstd:
    """zstandard's streaming object has no output limit a step, so input goes in small pieces and its window is bounded."""

    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=1 << 23).decompressobj(read_across_frames=True)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        for start in range(0, len(chunk), 64):
            yield self._inner.decompress(chunk[start : start + 64])


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
        self._inflight = 0

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
        encoding = request.headers.get("content-encoding", "").strip().lower()
        body = await inflate(request.stream(), encoding, http.max_body, http.max_inflated)
        frames = split_body(body, http.max_records, self._intake.settings.syslog.max_line)
        self._check_quota(source, len(frames))
        batch_id = request.headers.get("x-batch-id", "")[:200]
        root = delivery_id(source.id, "http", batch_id) if batch_id else self._intake.fresh_delivery(source)
        reader = self._intake.reader(source)
        received_at = clock.now()
        size = self._intake.settings.collect.batch_records
        accepted = quarantined = 0
        for number, start in enumerate(range(0, len(frames), size)):
            delivery = root if number == 0 else delivery_id(source.id, root, number)
            part = frames[start : start + size]
            batch = await self._intake.accept(reader, part, delivery, _client(request), received_at)
            accepted += len(batch.events)
            quarantined += len(batch.quarantined)
        answer = {"accepted": accepted, "quarantined": quarantined, "delivery": root}
        return Response(orjson.dumps(answer), media_type="application/json")

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
            h11_max_incomplete_event_size=64 * 1024,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            timeout_graceful_shutdown=10,
        )
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[sock]), name="http-push")
        return int(sock.getsockname()[1])

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
