"""pfSense and OPNsense: `filterlog` of the packet filter, web interface logins, and their services' messages.

filterlog is comma-separated: rule, sub-rule, anchor, tracker, interface, reason, action, direction, IP version, then the
columns of IPv4 or IPv6 and of the protocol. OPNsense writes a 32-digit rule identifier as tracker, pfSense a number; only
a login line or a header names the product.

Reference: https://docs.netgate.com/pfsense/en/latest/monitoring/logs/raw-filter-format.html
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import UNSET, body_of, integer, ip, port, transport
from collectors.parsers._device import begin, change, finish, login, observer, peer, plain
from collectors.parsers._firewall import session
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "pfsense"
_FILTER: Final = re.compile(
    r"(?:^|[\s:\]])(\d{0,6}),(\d{0,6}),([^,]{0,64}),"
    r"([0-9A-Za-z\-]{0,64}),([^,]{1,32}),([^,]{0,32}),(\w{3,16}),(in|out|in/out),([46]),"
)
_LOGIN: Final = re.compile(
    r"(?:webConfigurator|Web GUI) (authentication error|Successful login|user .{0,8}logged out)"
    r"(?: for (?:user )?)?'([^']{0,256})' "
    r"from:? (?:Local Database )?\(?([^\s)]{2,64})\)?"
)
_SUCCESS: Final = re.compile(r"[Ss]uccessful login for user '([^']{0,256})' from: ([^\s(]{2,64})")
_CHANGE: Final = re.compile(r"(\S{1,128})@([0-9A-Fa-f.:]{3,45})(?: \([^)]{0,64}\))?: (.{1,512})")


def _filter(event: Event, body: str, at: int) -> None:
    cells = body[at:].rstrip("\r\n").split(",")
    rule, _, anchor, tracker, interface, reason, action, way, version = cells[:9]
    event["rule.id"] = tracker if tracker not in {"", "0"} else rule
    if anchor:
        event["rule.ruleset"] = anchor
    event["observer.ingress.interface.name" if way != "out" else "observer.egress.interface.name"] = interface
    event["event.reason"], event["event.action"] = reason, action
    event["network.type"] = f"ipv{version}"
    if version == "4" and len(cells) > 19:
        names: tuple[str, ...] = ("tos", "ecn", "ttl", "id", "offset", "flags")
        number, protocol, size, source, target = cells[15:20]
        rest = cells[20:]
    elif version == "6" and len(cells) > 16:
        names = ("class", "flow_label", "hop_limit")
        protocol, number, size, source, target = cells[12:17]
        rest = cells[17:]
    else:
        raise ParseError("a filterlog record without addresses", NAME)
    for name, value in zip(names, cells[9:], strict=False):
        if value not in UNSET:
            event[f"pf.{name}"] = value
    kind = transport(protocol if not protocol.isdecimal() else number)
    if kind is not None:
        event["network.transport"] = kind
    event["network.iana_number"] = number
    if (length := integer(size)) is not None:
        event["network.bytes"] = length
    for side, value in (("source", source), ("destination", target)):
        if (found := ip(value)) is not None:
            event[f"{side}.ip"] = event[f"{side}.address"] = found
    _protocol(event, kind or "", rest)
    session(event, denied=action not in {"pass", "rdr", "nat", "binat"})
    event["network.direction"] = {"in": "inbound", "out": "outbound"}.get(way, "unknown")


def _protocol(event: Event, kind: str, rest: list[str]) -> None:
    if kind in {"tcp", "udp"}:
        for side, value in zip(("source", "destination"), rest, strict=False):
            if (number := port(value)) is not None:
                event[f"{side}.port"] = number
        if kind == "tcp" and len(rest) > 3 and rest[3]:
            event["pf.tcp_flags"] = rest[3]
    elif kind == "icmp" and rest:
        event["pf.icmp_type"] = rest[0]


def _service(event: Event, text: str) -> None:
    event["message"] = text
    if found := _SUCCESS.search(text, 0, 1024):
        event["user.name"] = found[1]
        peer(event, "source", found[2])
        login(event, True)
    elif found := _LOGIN.search(text, 0, 1024):
        event["user.name"] = found[2]
        peer(event, "source", found[3])
        login(event, "uccessful" in found[1], out="logged out" in found[1])
    elif (found := _CHANGE.search(text, 0, 1024)) and ("config" in text.lower() or "/" in text[:2]):
        event["user.name"] = found[1].rpartition(" ")[2]
        peer(event, "source", found[2])
        change(event)
    else:
        plain(event)
    if "Web GUI" in text:
        observer(event, "OPNsense", "OPNsense", "firewall")
    elif "webConfigurator" in text:
        observer(event, "Netgate", "pfSense", "firewall")


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME, "pf.log")
    found = _FILTER.search(body, 0, 512) or _FILTER.search(framed.text, 0, 512)
    host = event.get("host.hostname", "").lower()
    event["observer.type"] = "firewall"
    if host in {"filterlog", "filterlog:"}:
        event.pop("host.hostname")
    if found is not None:
        event["event.dataset"] = "pf.filter"
        _filter(event, found.string, found.start(1))
        event["process.name"] = "filterlog"
    elif "webConfigurator" in body or "Web GUI" in body or host.startswith(("pfsense", "opnsense")):
        _service(event, body)
    else:
        raise ParseError("neither filterlog nor a message of the web interface", NAME)
    if host.startswith("pfsense"):
        observer(event, "Netgate", "pfSense", "firewall")
    elif host.startswith("opnsense"):
        observer(event, "OPNsense", "OPNsense", "firewall")
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    if _FILTER.search(source, 0, 256):
        return 0.97
    return 0.95 if "webConfigurator " in source[:256] or "Web GUI " in source[:256] else 0.0


PARSER = Parser(
    name=NAME,
    product="pfSense and OPNsense",
    data_kind="security",
    reference="https://docs.netgate.com/pfsense/en/latest/monitoring/logs/raw-filter-format.html",
    parse=parse,
    sniff=sniff,
    markers=(",in,4,", ",in,6,", ",out,4,", ",out,6,", "webConfigurator ", "Web GUI ", ",in/out,"),
)
