"""Logs, metrics and health of a process: structured lines on stderr, Prometheus text, and two health questions.

Log messages are full sentences with fields; never per event above debug, never a secret or a raw line.
Metrics are named `taishi_<thing>_<unit>_total`, or without `_total` where they are gauges.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TextIO, cast
from wsgiref.simple_server import WSGIRequestHandler, make_server

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from taishi.settings import Settings

Check = Callable[[], str]
"""A readiness check: an empty string when ready, else a sentence that tells the operator what is wrong."""


class _Stderr:
    """Standard error as it is at the time of writing: loggers are cached, and what they wrote to may be closed by then."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure_logging(settings: Settings, role: str) -> None:
    """Route structlog to stderr, as coloured text or as JSON lines, with the role of this process on every line."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.log_level.upper())),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Stderr())),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(role=role)


@dataclass(slots=True)
class Health:
    """Named readiness checks of one process."""

    checks: dict[str, Check] = field(default_factory=dict)

    def problems(self) -> dict[str, str]:
        """What is not ready, by check; a check that itself fails is not ready either."""
        found = {}
        for name, check in self.checks.items():
            try:
                answer = check()
            except Exception as error:  # noqa: BLE001  a probe must answer, whatever breaks behind it
                answer = f"the check failed: {error}"
            if answer:
                found[name] = answer
        return found


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it so
        """Probes come every few seconds; they are not news."""


def _answer(path: str, health: Health) -> tuple[str, str, bytes]:
    if path == "/metrics":
        return "200 OK", CONTENT_TYPE_LATEST, generate_latest()
    if path == "/health/live":
        return "200 OK", "text/plain; charset=utf-8", b"live\n"
    if path == "/health/ready":
        problems = health.problems()
        text = "".join(f"{name}: {why}\n" for name, why in problems.items()) or "ready\n"
        return ("503 Service Unavailable" if problems else "200 OK"), "text/plain; charset=utf-8", text.encode()
    return "404 Not Found", "text/plain; charset=utf-8", b"try /metrics, /health/live or /health/ready\n"


def serve_health(host: str, port: int, health: Health) -> Callable[[], None]:
    """Serve /metrics and /health on a thread; returns the function that stops it."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, kind, body = _answer(environ.get("PATH_INFO", ""), health)
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    server = make_server(host, port, application, handler_class=_QuietHandler)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return stop
