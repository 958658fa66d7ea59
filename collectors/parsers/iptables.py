"""Netfilter's log target: iptables, nftables, ufw, firewalld, Shorewall, Proxmox, OpenWrt, UniFi and EdgeOS gateways.

`prefix IN=eth0 OUT= MAC=… SRC=… DST=… PROTO=TCP SPT=… DPT=… SYN`. What was done stands in the prefix that the operator
chose, so only words such as DROP, BLOCK, REJECT or ACCEPT tell; UniFi and EdgeOS write `[WAN_IN-3001-D]`.

Reference: https://wiki.nftables.org/wiki-nftables/index.php/Logging_traffic
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import body_of, integer, ip, mac, port, transport
from collectors.parsers._device import begin, finish, observer
from collectors.parsers._firewall import session
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "iptables"
_IN: Final = re.compile(r"(?:^|(?<=[\s\]:]))(?:IN|OUT)=(\S{0,32}) ")
_PAIR: Final = re.compile(r"(?:^|\s)([A-Z]{2,8})=(\S{0,256})")
_FLAGS: Final = re.compile(r" (CWR|ECE|URG|ACK|PSH|RST|SYN|FIN)(?= |$)")
_UPTIME: Final = re.compile(r"^(?:kernel: )?\[ {0,6}\d{1,9}\.\d{6}\] ?")
_UNIFI: Final = re.compile(
    r"\[([A-Za-z0-9_]{2,32})-([^\]\s]{1,32}?)-([A-Z])\]|\[([A-Za-z0-9_]{2,32})-([ADR])-(\d{1,12})\]"
)
_DESCRIPTION: Final = re.compile(r'DESCR="([^"]{0,256})"')
_DROP: Final = ("drop", "block", "reject", "deny", "denied", "refuse", "丢弃", "拒绝")
_PASS: Final = ("accept", "allow", "permit", "pass", "允许")


def _verdict(event: Event, label: str) -> bool | None:
    gateway = _UNIFI.search(label)
    if gateway is not None:
        event["rule.ruleset"] = gateway[1] or gateway[4]
        event["rule.id"] = gateway[2] or gateway[6]
        event["observer.type"] = "firewall"
        return (gateway[3] or gateway[5]) in {"D", "R", "B"}
    words = label.lower()
    if any(word in words for word in _DROP) or "_invalid" in words:
        return True
    return False if any(word in words for word in _PASS) else None


def _hardware(event: Event, value: str) -> None:
    """Destination, source and EtherType in one `MAC=`."""
    parts = value.split(":")
    if len(parts) < 12:
        return
    for side, cut in (("destination", parts[:6]), ("source", parts[6:12])):
        if (found := mac(":".join(cut))) is not None:
            event[f"{side}.mac"] = found


def _map(event: Event, pairs: dict[str, str]) -> None:
    for side, address, number in (("source", "SRC", "SPT"), ("destination", "DST", "DPT")):
        if (found := ip(pairs.get(address))) is not None:
            event[f"{side}.ip"] = event[f"{side}.address"] = found
        if (value := port(pairs.get(number))) is not None:
            event[f"{side}.port"] = value
    if (kind := transport(pairs.get("PROTO"))) is not None:
        event["network.transport"] = kind
    if pairs.get("IN"):
        event["observer.ingress.interface.name"] = pairs["IN"]
    if pairs.get("OUT"):
        event["observer.egress.interface.name"] = pairs["OUT"]
    _hardware(event, pairs.get("MAC", ""))
    if (size := integer(pairs.get("LEN"))) is not None and size >= 0:
        event["network.bytes"] = size
    for key in (
        "TTL",
        "TOS",
        "PREC",
        "ID",
        "WINDOW",
        "TYPE",
        "CODE",
        "MARK",
        "PHYSIN",
        "PHYSOUT",
        "LEN",
        "HOPLIMIT",
        "UID",
        "GID",
    ):
        if pairs.get(key):
            event[f"netfilter.{key.lower()}"] = pairs[key]


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME, "netfilter.log")
    whole = framed.text
    found = _IN.search(body) or _IN.search(whole)
    if found is None or "SRC=" not in whole:
        raise ParseError("no IN= and SRC= in the record", NAME)
    source = found.string
    label = _UPTIME.sub("", source[: found.start()].strip()).strip()
    pairs: dict[str, str] = {}
    for key, value in _PAIR.findall(source[found.start() :].partition(" [SRC=")[0]):
        pairs.setdefault(key, value)
    _map(event, pairs)
    if flags := _FLAGS.findall(source[found.end() :]):
        event["netfilter.tcp_flags"] = flags
    name = label.partition("kernel:")[2].strip() if "kernel:" in label else label
    name = _UPTIME.sub("", name).strip().rstrip(":").strip()
    said = _DESCRIPTION.search(name)
    denied = _verdict(event, name)
    if said:
        event["rule.name"] = said[1]
    elif name:
        event["rule.name"] = name.strip("[]")[:256]
    if "UFW" in name:
        event["observer.product"] = "ufw"
    if event.get("rule.ruleset", "").startswith(("WAN_", "LAN_", "GUEST_")) and said:
        observer(event, "Ubiquiti", "UniFi", "firewall")
    event["message"] = source[found.start() :].strip()
    session(event, denied=denied)
    if denied is None:
        event["event.type"] = ["connection"]
    event["event.action"] = "drop" if denied else "accept" if denied is False else "packet"
    event.pop("process.name", None)
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    named = any(mark in source[:512] for mark in (" IN=", " OUT=", "]IN=", ":IN=")) or source[:3] in {"IN=", "OUT"}
    if not named or 'SRC="' in source or "SRC=" not in source or "DST=" not in source or "PROTO=" not in source:
        return 0.0
    return 0.94


PARSER = Parser(
    name=NAME,
    product="Netfilter (iptables, nftables, ufw) and gateways built on it",
    data_kind="security",
    reference="https://wiki.nftables.org/wiki-nftables/index.php/Logging_traffic",
    parse=parse,
    sniff=sniff,
    markers=("IN=", "OUT="),
)
