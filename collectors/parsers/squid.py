"""Squid's native access log, its combined form with the result code at the end, and Cisco WSA's (AsyncOS) on top of it.

`time elapsed client result/status size method URL user hierarchy/peer type`. The time is epoch seconds with
milliseconds. A Web Security Appliance adds the decision with its policy groups and a scanning verdict in `<…>`; only such
lines name Cisco. `TCP_DENIED` is a denial.

Reference: https://wiki.squid-cache.org/Features/LogFormat
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._access import access, agent, client, locate, words
from collectors.parsers._common import UNSET, body_of, ip
from collectors.parsers._device import begin, finish, numbers, observer
from collectors.parsers._time import stamp
from collectors.parsers.web_access import read
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "squid"
_NATIVE: Final = re.compile(
    r"(?:^|[ \]:])(\d{9,10}(?:\.\d{1,6})?) {1,12}(-?\d{1,12}) (\S{1,255}) ([A-Z][A-Z0-9_]{2,63})/(\d{1,3}) "
    r"(-?\d{1,15}) (\S{1,64}) (\S+) "
)
_COMBINED: Final = re.compile(r" ((?:TCP|UDP|NONE|TAG)_[A-Z_]{3,48}):([A-Z_]{3,48})\s*$")
_DECISION: Final = re.compile(r"(?: |^)([A-Z_]{3,40}(?:_\d{1,3})?)-([^ <]{1,512}) <")


def _native(event: Event, found: re.Match[str], body: str, received: Received) -> None:
    time, elapsed, who, result, status, size, method, target = found.groups()
    stamp(event, time, received)
    access(event, status)
    if status in {"0", "000"}:
        event.pop("http.response.status_code", None)
    client(event, who)
    numbers(event, [("http.response.bytes", size)])
    if int(elapsed) >= 0:
        event["event.duration"] = int(elapsed) * 1_000_000
    event["http.request.method"] = method
    if method == "CONNECT" and "://" not in target:
        event["url.original"] = target
        host, _, number = target.rpartition(":")
        event["url.domain"] = host.strip("[]")
        numbers(event, [("url.port", number)])
    else:
        locate(event, target)
    _decide(event, result)
    rest = words(body[found.end() :].split(" <", 1)[0])
    if rest and rest[0] not in UNSET:
        domain, slash, name = rest[0].replace("%5c", "\\").partition("\\")
        event["user.name"] = name.partition("@")[0] if slash else rest[0]
        if slash and domain:
            event["user.domain"] = domain
    if len(rest) > 1:
        _way(event, rest[1])
    if len(rest) > 2 and rest[2] not in UNSET:
        event["http.response.mime_type"] = rest[2]
    _appliance(event, body[found.end() :])


def _decide(event: Event, result: str) -> None:
    event["event.action"] = result
    if "DENIED" in result or result.startswith("BLOCK"):
        event["event.type"], event["event.outcome"] = ["access", "denied"], "failure"


def _way(event: Event, hierarchy: str) -> None:
    way, _, peer = hierarchy.partition("/")
    event["squid.hierarchy"] = way
    if (found := ip(peer)) is not None:
        event["destination.ip"] = event["destination.address"] = found
    elif peer not in UNSET:
        event["destination.domain"] = event["destination.address"] = peer


def _appliance(event: Event, rest: str) -> None:
    found = _DECISION.search(rest, 0, 4096)
    if found is None:
        return
    decision, groups = found.groups()
    observer(event, "Cisco", "Web Security Appliance", "proxy")
    event["cisco.wsa.decision"], event["cisco.wsa.groups"] = decision, groups
    if decision.startswith("BLOCK"):
        _decide(event, decision)
    verdict = rest[found.end() :].partition(">")[0].split(",")
    for name, value in zip(("category", "reputation", "malware"), verdict, strict=False):
        if value.strip('"') not in {"", "-"}:
            event[f"cisco.wsa.{name}"] = value.strip('"')


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME, "squid.access")
    if found := _NATIVE.search(body, 0, 16384) or _NATIVE.search(framed.text, 0, 16384):
        _native(event, found, found.string, received)
    elif found := _COMBINED.search(body[-160:]):
        read(event, body, received)
        _decide(event, found[1])
        event["squid.hierarchy"] = found[2]
    else:
        raise ParseError("neither Squid's native nor its combined form", NAME)
    if "observer.vendor" not in event:
        observer(event, "Squid", "Squid", "proxy")
    agent(event)
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    if _NATIVE.search(source, 0, 1024):
        return 0.95
    return 0.95 if _COMBINED.search(source[-160:]) else 0.0


PARSER = Parser(
    name=NAME,
    product="Squid and Cisco Web Security Appliance access logs",
    data_kind="security",
    reference="https://wiki.squid-cache.org/Features/LogFormat",
    parse=parse,
    sniff=sniff,
    markers=("TCP_", "UDP_", "NONE/", "NONE_", "TAG_", "ERR_"),
)
