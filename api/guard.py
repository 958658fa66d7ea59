"""Around every request: body size, security headers, unexpected errors, metrics. Plain ASGI: streams stay streams."""

from __future__ import annotations

import time
from typing import Final

from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems

MAX_BODY: Final = 4 * 1024 * 1024
"""Bytes of a request body. The largest honest one, a bulk change with its exclusions, is well below a megabyte."""

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),  # Ant Design writes style elements at run time, hence 'unsafe-inline' for styles and for nothing else
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

REQUESTS = Counter("taishi_api_requests_total", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram("taishi_api_request_seconds", "Time to the beginning of the answer.", ["method", "route"])

METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PATCH", "PUT", "DELETE"})


def _route(scope: Scope) -> str:
    """The route's template, so that ids do not make a metric each."""
    return str(getattr(scope.get("route"), "path", "other"))


def _too_large(headers: Headers) -> bool:
    length = headers.get("content-length", "0")
    return "transfer-encoding" in headers or not (length.isascii() and length.isdecimal()) or int(length) > MAX_BODY


class Guard:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, started = time.perf_counter(), False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _decorate(scope, MutableHeaders(raw=message["headers"]))
                _measure(scope, message["status"], time.perf_counter() - begun)
            await send(message)

        if _too_large(Headers(scope=scope)):
            refusal = problems.respond(413, f"a body needs a Content-Length of at most {MAX_BODY} bytes", "too_large")
            await refusal(scope, receive, answer)
            return
        try:
            await self.app(scope, receive, answer)
        except Exception as error:
            if started:  # too late for another answer: the server cuts the connection
                raise
            await problems.unexpected_problem(Request(scope), error)(scope, receive, answer)


def _decorate(scope: Scope, headers: MutableHeaders) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if scope["path"].startswith("/api/"):
        headers.setdefault("Cache-Control", "no-store")
    if scope["scheme"] == "https":
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def _measure(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else "other"
    REQUESTS.labels(method, _route(scope), status).inc()
    SECONDS.labels(method, _route(scope)).observe(seconds)
