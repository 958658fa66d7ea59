"""Traefik proxy: access log in its common format (with router, server and milliseconds) and as JSON, and JSON messages.

The common format is the combined one with `count "router" "http://server" 12ms` after it. In JSON `Duration` is in
nanoseconds, `StartUTC` the time; `request_User-Agent` and other headers are kept where configured.

Reference: https://doc.traefik.io/traefik/observability/access-logs/
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._access import access, agent, client, locate
from collectors.parsers._common import body_of, integer, keep, load_object, text, word_severity
from collectors.parsers._device import begin, finish, names, numbers, observer, peer, plain
from collectors.parsers._time import stamp
from collectors.parsers.web_access import read
from taishi.event import Event

NAME: Final = "traefik"
_TAIL: Final = re.compile(r' (\d{1,12}|-) "([^"]{0,512})" "([^"]{0,1024})" (\d{1,12})ms\s*$')
_OWN: Final = names(
    "ClientAddr ClientHost ClientPort ClientUsername DownstreamContentSize DownstreamStatus Duration RequestAddr "
    "RequestContentSize RequestHost RequestMethod RequestPath RequestProtocol RequestPort RequestScheme StartUTC "
    "StartLocal ServiceAddr ServiceURL request_User-Agent request_Referer level msg time request_User_Agent "
    "OriginContentSize RequestLine TLSVersion TLSCipher"
)


def _common(event: Event, body: str, received: Received) -> None:
    event["event.dataset"] = "traefik.access"
    read(event, body, received)
    found = _TAIL.search(body[-2048:])
    if found is not None:
        count, router, server, millis = found.groups()
        event["event.duration"] = int(millis) * 1_000_000
        for name, value in (("request_count", count), ("router", router), ("server_url", server)):
            if value not in {"-", ""}:
                event[f"traefik.{name}"] = value
        if "://" in server:
            peer(event, "destination", server.partition("://")[2].partition("/")[0])


def _json(event: Event, raw: dict[str, Any], received: Received) -> None:
    event["event.dataset"] = "traefik.access"
    stamp(event, raw.get("StartUTC") or raw.get("time") or raw.get("StartLocal"), received)
    access(event, raw.get("DownstreamStatus"))
    client(event, str(raw.get("ClientHost") or raw.get("ClientAddr") or ""))
    numbers(event, [("source.port", raw.get("ClientPort")), ("event.duration", raw.get("Duration")),
                    ("http.request.body.bytes", raw.get("RequestContentSize")),
                    ("http.response.body.bytes", raw.get("DownstreamContentSize"))])  # fmt: skip
    if method := text(raw.get("RequestMethod")):
        event["http.request.method"] = method
    if version := text(raw.get("RequestProtocol")):
        event["http.version"] = version.removeprefix("HTTP/")
    target = text(raw.get("RequestPath"))
    host = text(raw.get("RequestAddr")) or text(raw.get("RequestHost")) or ""
    if target:
        locate(event, target, host, text(raw.get("RequestScheme")) or "")
    if user := text(raw.get("ClientUsername")):
        event["user.name"] = user
    agent(event, str(raw.get("request_Referer") or ""), str(raw.get("request_User-Agent") or ""))
    peer(event, "destination", text(raw.get("ServiceAddr")) or "")
    if version := text(raw.get("TLSVersion")):
        event["tls.version"], event["tls.version_protocol"] = version, "tls"
    if cipher := text(raw.get("TLSCipher")):
        event["tls.cipher"] = cipher
    keep(event, "traefik.", raw, _OWN)


def _message(event: Event, raw: dict[str, Any], received: Received) -> None:
    event["event.dataset"] = "traefik.log"
    stamp(event, raw.get("time"), received)
    plain(event)
    level = text(raw.get("level")) or "info"
    event["log.level"], event["event.severity"] = level, word_severity(level) or 10
    event["message"] = text(raw.get("msg") or raw.get("message")) or ""
    keep(event, "traefik.", raw, {"time", "level", "msg", "message"})


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME)
    at = body.find("{")
    if at >= 0 and '"' not in body[:at]:
        raw = load_object(framed, NAME)
        (_json if "RequestMethod" in raw or "DownstreamStatus" in raw else _message)(event, raw, received)
    else:
        _common(event, body, received)
    observer(event, "Traefik Labs", "Traefik", "proxy")
    if integer(event.get("event.duration")) is None:
        event.pop("event.duration", None)
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    if '"DownstreamStatus"' in source and '"RequestMethod"' in source:
        return 0.97
    if source[:1] == "{":
        known = '"entryPointName":' in source or '"providerName":' in source or '"middlewareName":' in source
        return 0.95 if known else 0.0
    return 0.95 if '] "' in source[:400] and source.rstrip().endswith("ms") and _TAIL.search(source[-2048:]) else 0.0


PARSER = Parser(
    name=NAME,
    product="Traefik",
    data_kind="platform",
    reference="https://doc.traefik.io/traefik/observability/access-logs/",
    parse=parse,
    sniff=sniff,
    markers=('"DownstreamStatus"', '"entryPointName":', '"providerName":', '"middlewareName":', "ms"),
)
