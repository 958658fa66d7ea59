"""The HTTP listener: `POST /v1/ingest` with NDJSON, a JSON array or plain lines, gzip or zstd, an API key and a batch id.

200 means durable. A sender that hears anything else, or nothing, sends the same batch again under the same
`X-Batch-Id` and the records exist once. Errors are problem+json (RFC 9457) with Retry-After where waiting helps.
What existing shippers speak is served beside it, each under its protocol's own paths: `elastic_bulk`, `splunk_hec`,
`otlp`, `gelf`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from collectors.framing import split_body
from collectors.transports import elastic_bulk, gelf, otlp, splunk_hec
from collectors.transports.body import problem
from collectors.transports.intake import Intake
from collectors.transports.reception import Reception, guarded
from taishi.errors import Unauthenticated
from taishi.observe import Health

MAX_CONNECTIONS = 2000


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
        self._reception = Reception(intake)
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    def application(self) -> Starlette:
        reception = self._reception
        return Starlette(
            routes=[
                Route("/v1/ingest", guarded(self._ingest, problem), methods=["POST"]),
                *splunk_hec.routes(reception),
                *otlp.routes(reception),
                *gelf.routes(reception),
                Route("/metrics", self._metrics),
                Route("/health/live", self._live),
                Route("/health/ready", self._ready),
                *elastic_bulk.routes(reception),
            ]
        )

    async def _ingest(self, request: Request) -> Response:
        http, longest = self._intake.settings.http, self._intake.settings.syslog.max_line
        batch_id = request.headers.get("x-batch-id", "")
        taken = await self._reception.take(
            request, _key(request), lambda data: split_body(data, http.max_records, longest), lambda _: batch_id
        )
        answer = {
            "received": taken.received,
            "accepted": taken.accepted,
            "quarantined": taken.quarantined,
            "delivery": taken.delivery,
        }
        return Response(orjson.dumps(answer), media_type="application/json")

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
