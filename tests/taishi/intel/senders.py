"""Senders of feeds on a real socket: a TAXII 2.1 server, a MISP feed, a list with ETag. WSGI, one thread."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Senders:
    """`objects` are (date added, STIX object) in order; `events` MISP events by UUID with their timestamp."""

    objects: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    events: dict[str, tuple[int, Any]] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    user: str = "reader"
    password: str = "s3cret-word"
    page: int = 3
    asked: list[str] = field(default_factory=list)
    address: str = ""
    busy: bool = False

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        code, headers, body = self._answer(environ)
        start(f"{code} X", [*headers.items(), ("Content-Length", str(len(body)))])
        return [body]

    def _answer(self, environ: dict[str, Any]) -> Answer:
        path, query = environ["PATH_INFO"], parse_qs(environ.get("QUERY_STRING", ""))
        self.asked.append(f"{path}?{environ.get('QUERY_STRING', '')}")
        if self.busy:
            return 503, {"Retry-After": "120"}, b""
        if path == f"/api/collections/{COLLECTION}/objects/":
            return self._objects(environ, query)
        if path == "/misp/manifest.json":
            manifest = {uuid: {"timestamp": str(stamp), "info": "x"} for uuid, (stamp, _) in self.events.items()}
            return 200, {"Content-Type": "application/json"}, json.dumps(manifest).encode()
        if path.startswith("/misp/") and path[6:-5] in self.events:
            return 200, {"Content-Type": "application/json"}, json.dumps({"Event": self.events[path[6:-5]][1]}).encode()
        if path in self.files:
            tag, body = self.files[path]
            if environ.get("HTTP_IF_NONE_MATCH") == tag:
                return 304, {}, b""
            return 200, {"ETag": tag, "Content-Type": "text/plain"}, body
        return 404, {}, b""

    def _objects(self, environ: dict[str, Any], query: dict[str, list[str]]) -> Answer:
        """TAXII 2.1 §5.4: basic authentication, media type, added_after, limit, more and next, the date headers."""
        wanted = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if environ.get("HTTP_AUTHORIZATION") != wanted:
            return 401, {"WWW-Authenticate": "Basic"}, b""
        if "application/taxii+json" not in environ.get("HTTP_ACCEPT", ""):
            return 406, {}, b""
        after, start = query.get("added_after", [""])[0], int(query.get("next", ["0"])[0])
        rows = [row for row in self.objects if row[0] > after]
        page = rows[start : start + min(self.page, int(query.get("limit", ["1000"])[0]))]
        more = len(rows) > start + len(page)
        envelope: dict[str, Any] = {"objects": [one for _, one in page]} if page else {}
        if more:
            envelope |= {"more": True, "next": str(start + len(page))}
        headers = {"Content-Type": "application/taxii+json;version=2.1"}
        if page:
            headers |= {"X-TAXII-Date-Added-First": page[0][0], "X-TAXII-Date-Added-Last": page[-1][0]}
        return 200, headers, json.dumps(envelope).encode()

    @property
    def collection(self) -> str:
        return f"{self.address}/api/collections/{COLLECTION}/"


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it
        """Tests are quiet."""


@contextmanager
def running(senders: Senders) -> Iterator[Senders]:
    server: WSGIServer = make_server("127.0.0.1", 0, senders, handler_class=_Quiet)
    senders.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield senders
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def indicator(number: int, pattern: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "indicator", "spec_version": "2.1", "id": f"indicator--00000000-0000-4000-8000-{number:012d}",
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "pattern": pattern,
        "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00Z", **more,
    }  # fmt: skip
