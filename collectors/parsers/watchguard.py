"""WatchGuard Fireware: traffic, proxy, event and alarm messages with `msg_id="…"`.

`Allow 1-Trusted 0-External 44 tcp 20 63 10.0.1.2 203.0.113.5 52589 80 … (policy)`: disposition, interfaces, length, protocol,
header length, TTL, addresses and ports; pairs may follow. Proxies add `op`, `dstname`, `arg`, `rule_name`; events are prose.

Reference: https://www.watchguard.com/help/docs/help-center/en-US/Content/en-US/Fireware/logging/
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import Fields, body_of, integer, ip, lower, port, text, transport
from collectors.parsers._device import begin, finish, observer, plain
from collectors.parsers._pairs import detection, fill, flow
from collectors.parsers._sentence import read
from collectors.parsers._text import spaced_pairs
from collectors.parsers._time import stamp
from collectors.parsers._web import url
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "watchguard"
_ID: Final = re.compile(r'msg_id="([0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4})" ?')
_TIME: Final = re.compile(r"\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_TRAFFIC: Final = re.compile(
    r"(Allow|Deny|Drop|Block|ProxyDrop|ProxyBlock|ProxyAllow|Strip|ProxyStrip|ProxyDeny|AuthRequest) (\S{1,64}) (\S{1,64}) "
    r"(?:(\d{1,6}) )?"
    r"([a-z0-9/\-]{2,24}) (?:(\d{1,5}) (\d{1,5}) )?([0-9A-Fa-f.:]{3,45}) ([0-9A-Fa-f.:]{3,45})(?: (\d{1,5}) (\d{1,5}))?"
)
_POLICY: Final = re.compile(r"\(([^()]{1,128}-\d\d)\)")
_PROCESS: Final = re.compile(r"([a-z][a-z0-9_\-]{2,32})(?:\[(\d{1,10})\])?: $")
FIELDS: Final[Fields] = {
    "src_user": ("user.name", text),
    "user": ("user.name", text),
    "op": ("http.request.method", text),
    "dstname": ("url.domain", text),
    "sent_bytes": ("source.bytes", integer),
    "rcvd_bytes": ("destination.bytes", integer),
    "app_name": ("network.application", lower),
    "signature_name": ("rule.name", text),
    "signature_id": ("rule.id", text),
    "signature_cat": ("rule.category", text),
    "virus": ("threat.software.name", text),
    "md5": ("file.hash.md5", lower),
    "file_name": ("file.name", text),
    "rule_name": ("rule.ruleset", text),
    "proxy_act": ("watchguard.proxy_action", text),
    "msg": ("message", text),
    "src_ip_nat": ("source.nat.ip", ip),
    "src_port_nat": ("source.nat.port", port),
    "dst_ip_nat": ("destination.nat.ip", ip),
    "dst_port_nat": ("destination.nat.port", port),
    "geo_src": ("source.geo.country_iso_code", text),
    "geo_dst": ("destination.geo.country_iso_code", text),
    "query_name": ("dns.question.name", text),
    "sender": ("email.from.address", lambda value: [value]),
    "recipients": ("email.to.address", lambda value: [value]),
    "cats": ("rule.category", text),
}


def _protocol(event: Event, protocol: str) -> None:
    """`tcp`, `https/tcp`, or a service alone."""
    name, _, service = protocol.partition("/")
    if service in {"tcp", "udp", "icmp"}:
        name, service = service, name
    kind = transport(name)
    if kind in {"tcp", "udp", "icmp", "ipv6-icmp", "gre", "esp", "igmp", "ospf", "sctp"}:
        event["network.transport"] = kind
    elif kind:
        event["network.protocol"] = name
    if service and service != name:
        event["network.protocol"] = service


def _flow(event: Event, found: re.Match[str], pairs: dict[str, str], text_: str) -> None:
    verb, inside, outside, length, protocol, _, _, source, target, number, other = found.groups()
    for side, address, value in (("source", source, number), ("destination", target, other)):
        if (where := ip(address)) is not None:
            event[f"{side}.ip"] = where
            if (at := port(value)) is not None:
                event[f"{side}.port"] = at
    _protocol(event, protocol)
    event["observer.ingress.interface.name"], event["observer.egress.interface.name"] = inside, outside
    if (size := integer(length)) is not None:
        event["network.bytes"] = size
    policy = _POLICY.search(text_)
    denied = not verb.endswith(("Allow", "Request", "Strip"))
    if "signature_name" in pairs or "virus" in pairs or "malware" in pairs:
        if policy:
            event["rule.ruleset"] = policy[1]
        detection(event, pairs.get("signature_name") or pairs.get("virus") or pairs.get("malware") or "", "",
                  "malware" if "signature_name" not in pairs else "intrusion_detection", denied=denied)  # fmt: skip
        event["event.action"] = verb.lower()
        return
    if policy:
        event["rule.name"] = policy[1]
    flow(event, verb, "", denied)
    if "op" in pairs or "dstname" in pairs:
        event["event.category"] = ["web", "network"]


def parse(framed: Framed, received: Received) -> list[Event]:
    whole = framed.text
    found = _ID.search(whole, 0, 1024)
    if found is None:
        raise ParseError('no msg_id="…" in the record', NAME)
    event, _ = begin(framed, received, NAME, "watchguard.firebox")
    observer(event, "WatchGuard", "Fireware", "firewall")
    head = whole[: found.start()]
    if moment := _TIME.search(head):
        stamp(event, f"{moment[1]}Z", received)
    if program := _PROCESS.search(head[-64:]):
        event["process.name"] = program[1]
        if program[2]:
            event["process.pid"] = int(program[2])
    event["event.code"] = found[1].upper()
    rest = whole[found.end() :].strip()
    pairs = spaced_pairs(rest)
    fill(event, pairs, FIELDS, "watchguard.")
    if target := pairs.get("arg"):
        url(event, target, pairs.get("dstname", ""))
    event.setdefault("message", rest)
    if traffic := _TRAFFIC.match(rest):
        _flow(event, traffic, pairs, rest)
    elif "detected" in rest[:256].lower() and (
        "attack" in rest.lower() or "scan" in rest.lower() or "probe" in rest.lower()
    ):
        read(event, rest)
        detection(event, rest[:120], "", denied=None)
    else:
        plain(event)
        read(event, rest)
        event.setdefault("event.action", event.get("process.name", "log"))
    return finish(event, received)


def sniff(framed: Framed) -> float:
    return 0.97 if _ID.search(body_of(framed), 0, 512) or _ID.search(framed.text, 0, 512) else 0.0


PARSER = Parser(
    name=NAME,
    product="WatchGuard Fireware",
    data_kind="security",
    reference="https://www.watchguard.com/help/docs/help-center/en-US/Content/en-US/Fireware/logging/",
    parse=parse,
    sniff=sniff,
    markers=('msg_id="',),
)
