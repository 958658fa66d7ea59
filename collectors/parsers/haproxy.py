"""HAProxy: HTTP, HTTPS and TCP log formats, the default "Connect from" format, connection errors and server states.

`client:port [date] frontend backend/server Tq/Tw/Tc/Tr/Tt status bytes cookies state conns queues {captures} "request"`.
Termination state and timers are kept under `haproxy.*`; denied requests (`PR`, `PD`) and bad requests are told by it.

Reference: https://docs.haproxy.org/3.0/configuration.html#8.2
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._access import access, client, quoted, request
from collectors.parsers._common import body_of, integer
from collectors.parsers._device import begin, finish, numbers, observer, peer, plain
from collectors.parsers._time import stamp
from collectors.parsers._verdict import outcome
from taishi.event import Event

NAME: Final = "haproxy"
_LINE: Final = re.compile(
    r"(?:^|[ :])(\[?[0-9A-Fa-f.:]{2,45}\]?:\d{1,5}|unix:\d+|-) "
    r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?:\.\d{3})?)\] (\S{1,255}) (\S.*)",
    re.DOTALL,
)
_CONNECT: Final = re.compile(r"Connect from (\S{3,64}) to (\S{3,64}) \(([^/)]{1,128})/(\w{1,16})\)")
_NUMBERS: Final = re.compile(r"[+-]?\d{1,12}(?:/[+-]?\d{1,12}){1,4}\+?")
_HTTP: Final = ("request_time", "queue_time", "connect_time", "response_time", "total_time")
_TCP: Final = ("queue_time", "connect_time", "total_time")


def _timers(event: Event, text: str) -> None:
    values = text.split("/")
    for name, value in zip(_TCP if len(values) == 3 else _HTTP, values, strict=False):
        if (number := integer(value.lstrip("+"))) is not None:
            event[f"haproxy.{name}_ms"] = number
    total = integer(values[-1].lstrip("+"))
    if total is not None and total >= 0:
        event["event.duration"] = total * 1_000_000


def _record(event: Event, found: re.Match[str], received: Received) -> None:
    who, time, frontend, rest = found.groups()
    stamp(event, time, received)
    address, _, number = who.rpartition(":")
    client(event, who if who[:1] in "[-u" else address)  # IPv6 addresses come without brackets
    numbers(event, [("source.port", number)])
    event["haproxy.frontend"] = frontend.rstrip("~:")
    if "~" in frontend:
        event["network.protocol"] = "https"
    backend, _, rest = rest.partition(" ")
    name, slash, server = backend.partition("/")
    if not slash or backend.endswith(":"):  # `frontend/listener: SSL handshake failure`
        _failure(event, frontend, f"{backend} {rest}".strip())
        return
    event["haproxy.backend"], event["haproxy.server"] = name, server
    timers, _, rest = rest.partition(" ")
    if _NUMBERS.fullmatch(timers) is None:
        _failure(event, frontend, f"{timers} {rest}".strip())
        return
    _timers(event, timers)
    first, _, rest = rest.partition(" ")
    second, _, rest = rest.partition(" ")
    if second.lstrip("+").isdecimal() and (first == "-1" or len(first) == 3):
        _http(event, first, second, rest)
    else:
        _tcp(event, first, second)


def _failure(event: Event, frontend: str, said: str) -> None:
    event["haproxy.frontend"] = frontend.partition("/")[0].rstrip("~:")
    event["message"] = said
    event["event.category"], event["event.type"], event["event.outcome"] = ["network"], ["error"], "failure"


def _http(event: Event, status: str, size: str, rest: str) -> None:
    access(event, status)
    event["event.category"], event["event.type"] = ["web"], ["access"]
    numbers(event, [("http.response.bytes", size.lstrip("+"))])
    parts = rest.split(" ", 5)
    if len(parts) > 2:
        _state(event, parts[2])
    at = rest.find('"')
    if at >= 0:
        line, _ = quoted(rest, at)
        if line == "<BADREQ>":
            event["event.outcome"], event["url.original"] = "failure", line
        else:
            request(event, line)
    captures = rest.find(" {")
    if 0 <= captures < (at if at >= 0 else len(rest)):
        event["haproxy.captured"] = rest[captures:at].strip() if at >= 0 else rest[captures:].strip()


def _state(event: Event, state: str) -> None:
    event["haproxy.termination_state"] = state
    if state.startswith(("PR", "PD")):
        event["event.type"], event["event.outcome"] = ["denied"], "failure"


def _tcp(event: Event, size: str, state: str) -> None:
    event["event.category"], event["event.type"] = ["network"], ["connection", "end"]
    numbers(event, [("destination.bytes", size.lstrip("+"))])
    _state(event, state)
    event["event.outcome"] = "success" if state.startswith(("--", "CD", "cD")) else "failure"


def _connect(event: Event, found: re.Match[str]) -> None:
    peer(event, "source", found[1])
    peer(event, "destination", found[2])
    event["haproxy.frontend"], event["haproxy.mode"] = found[3], found[4]
    event["event.category"], event["event.type"] = ["network", "web"], ["connection"]


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME, "haproxy.log")
    if found := _LINE.search(body, 0, 65536) or _LINE.search(framed.text, 0, 65536):
        _record(event, found, received)
    elif found := _CONNECT.search(body, 0, 512):
        _connect(event, found)
    else:
        plain(event)
        event["message"] = body
        if (said := outcome(body)) is not None:
            event["event.outcome"] = said
    observer(event, "HAProxy", "HAProxy", "proxy")
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    program = framed.syslog.get("process.name", "")
    if program.startswith("haproxy") or " haproxy[" in source[:128]:
        return 0.95
    found = _LINE.match(source, 0, 512)
    if found is None:
        return 0.0
    parts = found[4].split(" ", 2)
    if found[4].partition(" ")[0].endswith(":") or ": SSL handshake failure" in source[:256] or found[3].endswith(":"):
        return 0.92
    return 0.92 if len(parts) > 1 and "/" in parts[0] and _NUMBERS.fullmatch(parts[1]) else 0.0


PARSER = Parser(
    name=NAME,
    product="HAProxy",
    data_kind="platform",
    reference="https://docs.haproxy.org/3.0/configuration.html#8.2",
    parse=parse,
    sniff=sniff,
    markers=("haproxy", "] "),
)
