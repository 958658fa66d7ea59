"""MikroTik RouterOS: `topic,topic message`, with firewall hits, logins, DHCP leases and system notices.

`firewall,info prefix chain: in:ether1 out:(unknown 0), connection-state:new src-mac …, proto TCP (SYN), a:1->b:2, len 40`. What a
rule did stands only in its prefix. RouterOS 7 may write the topics after a header of its own.

Reference: https://help.mikrotik.com/docs/spaces/ROS/pages/328094/Log
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import body_of, integer, mac, transport
from collectors.parsers._device import begin, finish, observer, peer, plain
from collectors.parsers._firewall import session
from collectors.parsers._sentence import read, station
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "mikrotik"
_TOPICS: Final = re.compile(
    r"(?:^|[\s:])((?:firewall|system|dhcp|wireless|interface|ppp|l2tp|pptp|sstp|ovpn|ipsec|script|account|hotspot|dns|ntp|web-proxy|route|bgp|"
    r"ospf|caps|radius|certificate|manager|bridge|pppoe|wireguard|upnp|snmp|health|e-mail|backup|container|lte|gsm|watchdog|store|poe-out)"
    r"(?:,!?[a-z0-9\-]{2,16}){1,6}):? "
)
_FIREWALL: Final = re.compile(
    r"(?:([^:]{0,128}?) )?([a-z0-9_\-]{2,32}): in:(\(?[^,()]{1,64}\)?) out:(\(?[^,()]{1,64}\)?), (?:connection-mark:\S{1,64} )?"
    r"(?:connection-state:([a-z,]{2,32}) ?)?(?:src-mac ([0-9A-Fa-f:]{17}), )?(?:,? ?)"
    r"proto ([A-Za-z0-9\-]{1,16})(?: \(([A-Z0-9a-z ,]{1,40})\))?, "
    r"(\[?[0-9A-Fa-f.:]{2,45}\]?(?::\d{1,5})?)->"
    r"(\[?[0-9A-Fa-f.:]{2,45}\]?(?::\d{1,5})?)(?:, NAT (\S{3,128}))?(?:.{0,64}?, len (\d{1,6}))?"
)
_LEASE: Final = re.compile(r"assigned ([0-9.]{7,15}) (?:to|for) ")
_PEER: Final = re.compile(r"([0-9.]{7,15}) (?=[a-z])")
_ACCOUNT: Final = re.compile(r"<?(?:[a-z0-9]{2,8}-)?([\w.@\-]{1,128})>? logged (?:in|out), [0-9]")
_DROP: Final = ("drop", "block", "deny", "reject", "ban", "丢弃", "拒绝")
_PASS: Final = ("accept", "allow", "permit", "pass", "允许")


def _hit(event: Event, found: re.Match[str]) -> None:
    label, chain, inside, outside, state, hardware, protocol, flags, source, target, _, length = found.groups()
    peer(event, "source", source)
    peer(event, "destination", target)
    if (kind := transport(protocol)) is not None:
        event["network.transport"] = kind
    if (value := mac(hardware)) is not None:
        event["source.mac"] = value
    for side, name in (("ingress", inside), ("egress", outside)):
        if "unknown" not in name:
            event[f"observer.{side}.interface.name"] = name
    for name, text_ in (("chain", chain), ("connection_state", state), ("flags", flags)):
        if text_:
            event[f"mikrotik.{name}"] = text_
    if label and label.strip():
        event["rule.name"] = label.strip()
    if (size := integer(length)) is not None:
        event["network.bytes"] = size
    words = f"{label or ''}".lower()
    denied = True if any(word in words for word in _DROP) else False if any(word in words for word in _PASS) else None
    session(event, denied=denied, phase="start" if state == "new" and not denied else "")
    event["event.action"] = "drop" if denied else "accept" if denied is False else "packet"


def _notice(event: Event, said: str) -> None:
    """A lease's address, the peer at the head of an IPsec notice, the account that a tunnel's line begins with."""
    if found := _LEASE.search(said) or _PEER.match(said):
        peer(event, "source", found[1])
    if found := _ACCOUNT.match(said):
        event["user.name"] = found[1]


def parse(framed: Framed, received: Received) -> list[Event]:
    whole = body_of(framed) if _TOPICS.search(body_of(framed), 0, 160) else framed.text
    found = _TOPICS.search(whole, 0, 256)
    if found is None:
        raise ParseError("no topics of RouterOS in the record", NAME)
    event, _ = begin(framed, received, NAME, "mikrotik.routeros")
    event.pop("process.name", None)
    observer(event, "MikroTik", "RouterOS", "router")
    topics = found[1].split(",")
    event["mikrotik.topics"] = topics
    rest = whole[found.end() :].strip()
    event["message"] = rest
    level = next((topic for topic in topics if topic in _LEVELS), "info")
    event["event.severity"] = _LEVELS[level]
    event["log.level"] = level
    hit = _FIREWALL.search(rest, 0, 1024) if topics[0] == "firewall" else None
    if hit is not None:
        _hit(event, hit)
    else:
        plain(event)
        _notice(event, rest)
        read(event, rest)
        station(event, rest)
        event.setdefault("event.action", topics[0])
    return finish(event, received)


_LEVELS: Final = {"critical": 80, "error": 60, "warning": 50, "info": 10, "debug": 5}


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    found = _TOPICS.search(source, 0, 128)
    if found is None:
        return 0.0
    if found.start() > 0 and framed.syslog and found.start() > 64:
        return 0.0
    known = any(f",{word}" in found[1] for word in ("info", "error", "warning", "critical", "debug", "account"))
    return 0.95 if known else 0.0


PARSER = Parser(
    name=NAME,
    product="MikroTik RouterOS",
    data_kind="network",
    reference="https://help.mikrotik.com/docs/spaces/ROS/pages/328094/Log",
    parse=parse,
    sniff=sniff,
    markers=(",info", ",error", ",warning", ",critical", ",debug", ",account"),
)
