"""Caddy web server: JSON access log and JSON messages of its loggers (`http.*`, `tls.*`, `admin`).

`ts` is epoch seconds, or RFC 3339 where so configured; `duration` seconds or text. Headers are lists. Refusals of the
Coraza web application firewall inside Caddy are read by `modsecurity`.

Reference: https://caddyserver.com/docs/logging
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._access import access, agent, client, locate
from collectors.parsers._common import body_of, integer, keep, load_object, number, text, word_severity
from collectors.parsers._device import begin, duration, finish, numbers, observer, plain
from collectors.parsers._time import stamp
from taishi.event import Event

NAME: Final = "caddy"
_TLS: Final = {769: "1.0", 770: "1.1", 771: "1.2", 772: "1.3"}
_REQUEST: Final = frozenset(
    {"remote_ip", "remote_port", "client_ip", "remote_addr", "proto", "method", "host", "uri", "headers", "tls"}
)
_OWN: Final = frozenset(
    {"level", "ts", "logger", "msg", "request", "status", "size", "duration", "user_id", "bytes_read", "resp_headers"}
)


def _first(headers: Any, name: str) -> str:
    value = headers.get(name) if isinstance(headers, dict) else None
    found = value[0] if isinstance(value, list) and value else value
    return found if isinstance(found, str) else ""


def _request(event: Event, request: dict[str, Any]) -> None:
    host = text(request.get("host")) or ""
    remote = text(request.get("client_ip")) or text(request.get("remote_ip")) or text(request.get("remote_addr")) or ""
    client(event, remote)
    numbers(event, [("source.port", request.get("remote_port"))])
    if method := text(request.get("method")):
        event["http.request.method"] = method
    if version := text(request.get("proto")):
        event["http.version"] = version.removeprefix("HTTP/")
    tls = request.get("tls")
    if target := text(request.get("uri")):
        locate(event, target, host, "https" if isinstance(tls, dict) else "")
    if isinstance(tls, dict):
        if named := _TLS.get(integer(tls.get("version")) or 0):
            event["tls.version"], event["tls.version_protocol"] = named, "tls"
        if name := text(tls.get("server_name")):
            event["tls.client.server_name"] = name
    headers = request.get("headers")
    agent(event, _first(headers, "Referer"), _first(headers, "User-Agent"))
    keep(event, "caddy.request.", request, _REQUEST)


def parse(framed: Framed, received: Received) -> list[Event]:
    event, _ = begin(framed, received, NAME)
    raw = load_object(framed, NAME)
    stamp(event, raw.get("ts"), received)
    level = text(raw.get("level")) or "info"
    event["log.level"] = level
    if logger := text(raw.get("logger")):
        event["log.logger"] = logger
    if message := text(raw.get("msg")):
        event["message"] = message
    request = raw.get("request")
    if isinstance(request, dict):
        event["event.dataset"] = "caddy.access"
        access(event, raw.get("status"))
        _request(event, request)
        numbers(
            event, [("http.response.body.bytes", raw.get("size")), ("http.request.body.bytes", raw.get("bytes_read"))]
        )
        duration(event, number(raw.get("duration")))
        if user := text(raw.get("user_id")):
            event["user.name"] = user
    else:
        event["event.dataset"] = "caddy.log"
        plain(event)
        event["event.severity"] = word_severity(level) or 10
    keep(event, "caddy.", raw, _OWN)
    observer(event, "Caddy", "Caddy", "web")
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    at = source.find('"logger":"')
    if at < 0 or at > 512 or '"ts":' not in source[:256] or '"level":"' not in source[:64]:
        return 0.0
    name = source[at + 10 : at + 30]
    known = ("http.", 'http"', "tls", "admin", "caddy", "events", "pki", "watcher", "docker-proxy")
    return 0.95 if name.startswith(known) else 0.0


PARSER = Parser(
    name=NAME,
    product="Caddy",
    data_kind="platform",
    reference="https://caddyserver.com/docs/logging",
    parse=parse,
    sniff=sniff,
    markers=('"logger":"',),
)
