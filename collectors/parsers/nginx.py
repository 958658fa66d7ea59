"""nginx: error log, Kubernetes ingress controller access log, nginx proxy manager's log, JSON access log of ingress.

The plain access log is the combined format of `web_access`. Error lines are
`2026/03/01 10:00:00 [error] 12#12: *5 message, client: …, server: …, request: "…", upstream: "…", host: "…"`.
Refusals by limits or access rules are denied accesses.

Reference: https://nginx.org/en/docs/ngx_core_module.html#error_log
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._access import METHODS, access, agent, client, quoted, request, words
from collectors.parsers._common import body_of, integer, number, word_severity
from collectors.parsers._device import begin, duration, finish, numbers, observer, peer
from collectors.parsers._time import stamp
from collectors.parsers.web_access import read
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "nginx"
_ERROR: Final = re.compile(
    r"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)?) \[([a-z]{3,7})\] (?:(\d{1,10})#(\d{1,10}): )?(?:\*(\d{1,19}) )?"
)
_INGRESS: Final = re.compile(r'" \d{1,12} \d{1,9}\.\d{3} \[[^\]\s]*\] \[')
# [24/Jan/2022:16:51:02 +0000] - 404 404 - GET http openresty.local "/sdfdsf" [Client 1.2.3.4] [Length 192] …
_MANAGER: Final = re.compile(
    r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] (\S+ )?(\S+ )?(\d{3}) - (\S+) (\S+) (\S+) (?=\")"
)
_FIELD: Final = re.compile(r", (client|server|request|upstream|host|referrer|login|subrequest): ")


def _pairs(text: str) -> tuple[str, dict[str, str]]:
    parts = _FIELD.split(text)
    return parts[0], {key: value.strip().strip('"') for key, value in zip(parts[1::2], parts[2::2], strict=False)}


def _error(event: Event, found: re.Match[str], body: str, received: Received) -> None:
    time, level, process, thread, connection = found.groups()
    event["event.dataset"] = "nginx.error"
    stamp(event, time, received)
    event["log.level"] = level
    event["event.category"], event["event.type"] = ["web"], ["error"]
    event["event.severity"] = word_severity(level) or 10
    for name, value in (("process.pid", process), ("process.thread.id", thread)):
        if value:
            event[name] = int(value)
    if connection:
        event["nginx.connection_id"] = int(connection)
    event["message"] = body[found.end() :]
    said, pairs = _pairs(event["message"])
    if "client" in pairs:
        client(event, pairs["client"])
    if line := pairs.get("request"):
        request(event, line, pairs.get("host", ""))
    elif "host" in pairs:
        event["url.domain"] = pairs["host"]
    agent(event, pairs.get("referrer", ""))
    if pairs.get("server"):
        event["nginx.server"] = pairs["server"]
    if pairs.get("upstream"):
        event["nginx.upstream"] = pairs["upstream"]
    _verdict(event, said)


def _verdict(event: Event, said: str) -> None:
    if said.startswith(("access forbidden", "limiting ")) or "client denied" in said:
        event["event.type"] = ["denied"]
        event["event.outcome"] = "failure"
        event["event.action"] = "rate-limited" if said.startswith("limiting") else "access-denied"
    elif said.startswith(('user "', "no user/password")):
        event["event.category"], event["event.type"] = ["web", "authentication"], ["start", "denied"]
        event["event.outcome"], event["event.action"] = "failure", "login"
        name = quoted(said, 5)[0] if said.startswith('user "') else ""
        if name:
            event["user.name"] = name


def _ingress(event: Event, body: str, received: Received) -> None:
    event["event.dataset"] = "nginx.ingress_controller"
    rest = read(event, body, received)
    event["event.type"] = ["info"]
    if len(rest) < 2:
        return
    numbers(event, [("http.request.bytes", rest[0])])
    duration(event, number(rest[1]))
    while (at := next((at for at, word in enumerate(rest[4:-1], 4) if word.endswith(",")), 0)) > 0:
        rest[at : at + 2] = [f"{rest[at]} {rest[at + 1]}"]  # of several upstreams each value is a list
    for name, value in zip(
        ("upstream.name", "upstream.alternative_name", "upstream.address", "upstream.length", "upstream.time",
         "upstream.status", "request_id"), rest[2:], strict=False,
    ):  # fmt: skip
        if value not in {"", "-"}:
            event[f"nginx.{name}"] = value
    if len(rest) > 4:
        peer(event, "destination", rest[4].rpartition(" ")[2])


def _manager(event: Event, found: re.Match[str], body: str, received: Received) -> None:
    time, cache, upstream, status, method, scheme, host = found.groups()
    event["event.dataset"] = "nginx.proxy_manager"
    stamp(event, time, received)
    access(event, status)
    target, at = quoted(body, found.end())
    request(event, f"{method} {target}" if method in METHODS else target, host, scheme)
    for word in (rest := words(body[at:])):
        key, _, value = word.partition(" ")
        if key == "Client":
            client(event, value)
        elif key == "Length" and (size := integer(value)) is not None:
            event["http.response.body.bytes"] = size
        elif key == "Sent-to":
            event["nginx.upstream"] = value
    if len(rest) > 1:
        agent(event, rest[-1], rest[-2])
    event["nginx.cache"], event["nginx.upstream_status"] = (cache or "-").strip(), (upstream or "-").strip()


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME)
    whole = framed.body or framed.text  # a time at the beginning is the line's own, not a header's
    found = _ERROR.search(whole, 0, 256)
    if _INGRESS.search(whole):
        _ingress(event, body, received)
    elif found is not None:
        _error(event, found, whole, received)
    elif found := _MANAGER.search(whole, 0, 256):
        _manager(event, found, whole, received)
    else:
        raise ParseError("neither an nginx error line nor an ingress access line", NAME)
    observer(event, "nginx", "nginx", "web")
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    found = _ERROR.search(source, 0, 128)
    if found is not None:
        return 0.95 if found[3] else 0.0
    if "] [" in source and _INGRESS.search(source):
        return 0.95
    return 0.95 if "[Client " in source and _MANAGER.match(source) else 0.0


PARSER = Parser(
    name=NAME,
    product="nginx error, ingress and proxy manager logs",
    data_kind="platform",
    reference="https://nginx.org/en/docs/ngx_core_module.html#error_log",
    parse=parse,
    sniff=sniff,
    markers=("] ",),
)
