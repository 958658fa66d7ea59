"""Citrix NetScaler ADC and Gateway: `date GMT host ppe : default FEATURE EVENT id 0 : text - text …`.

Features are TCP, SSLLOG, SSLVPN, AAA, APPFW, UI, CMD, EVENT, SNMP and others. Times are month first, in GMT. `Source a:1 -
Destination b:2`, `User x - Client_ip y`, and application firewall violations are read; what blocks says `<blocked>`.

Reference: https://developer-docs.netscaler.com/en-us/netscaler-syslog-message-reference/current-release
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._access import locate
from collectors.parsers._common import integer, ip
from collectors.parsers._device import begin, change, finish, login, numbers, observer, peer, plain
from collectors.parsers._firewall import session
from collectors.parsers._pairs import detection
from collectors.parsers._time import parse as parse_time
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "netscaler"
_HEAD: Final = re.compile(
    r"(?:(\d\d)/(\d\d)/(\d{4}):(\d\d:\d\d:\d\d) ?(GMT|[A-Z]{2,4})? {0,2})?(?:(\S{1,255}) )?(\d{1,3}-PPE-\d{1,3}) ?: (?"
    r":([A-Za-z0-9_.\-]{1,64}) )?"
    r"([A-Z][A-Z0-9_]{1,24}) ([A-Za-z][A-Za-z0-9_]{1,48}) (\d{1,12}) (\d{1,12}) ?: {1,2}(.*)",
    re.DOTALL,
)
_FIELD: Final = re.compile(
    r"(?:^|[\s\-\"])(Source|Destination|Vserver|NatIP|ClientIP|Client_ip|ClientPort|VserverServiceIP|VserverServic"
    r"ePort|User|Remote_ip|Nat_ip|"
    r"Total_bytes_send|Total_bytes_recv|Command|Status|Duration|Browser_type|SSLVPN_client_type|Group\(s\)|Reason|"
    r"Client IP) \"?([^\s\"][^\"]*?)\"?"
    r"(?= - |$|\")"
)
_CONTEXT: Final = re.compile(r"Context (\S{1,255})@([0-9A-Fa-f.:]{3,45})")
_APPFW: Final = re.compile(
    r"^ ?([0-9A-Fa-f.:]{3,45}) (\S{1,64}) (?:(\S{1,64}) )?(?:(\S{1,128}) )?(https?://\S{1,2048}) (.*)", re.DOTALL
)


def _flow(event: Event, pairs: dict[str, str], kind: str) -> None:
    peer(
        event,
        "source",
        pairs.get("Source") or pairs.get("ClientIP") or pairs.get("Client_ip") or "",
        pairs.get("ClientPort"),
    )
    peer(event, "destination", pairs.get("Destination") or pairs.get("Vserver") or pairs.get("VserverServiceIP") or "",
         pairs.get("VserverServicePort"))  # fmt: skip
    if "NatIP" in pairs:
        where, _, number = pairs["NatIP"].rpartition(":")
        if (found := ip(where)) is not None:
            event["source.nat.ip"] = found
            if (value := integer(number)) is not None and 0 <= value < 65536:
                event["source.nat.port"] = value
    numbers(
        event, [("source.bytes", pairs.get("Total_bytes_send")), ("destination.bytes", pairs.get("Total_bytes_recv"))]
    )
    if kind in {
        "CONN_TERMINATE",
        "CONN_DELINK",
        "OTHERCONN_DELINK",
        "NAT_OTHERCONN_DELINK",
        "TCPCONNSTAT",
        "CONN_FAIL",
    }:
        session(event, denied=None, phase="end")
    elif "source.ip" in event and "destination.ip" in event:
        session(event, denied=None)


def _appfw(event: Event, kind: str, text: str) -> None:
    found = _APPFW.match(text)
    if found is not None:
        peer(event, "source", found[1])
        locate(event, found[5])
        said = found[6].strip()
    else:
        said = text.strip()
    event["rule.category"] = kind.removeprefix("APPFW_").lower()
    denied = True if "<blocked>" in said else False if "<not blocked>" in said else None
    event.setdefault("destination.domain", event.get("url.domain", "web application"))
    detection(event, said.partition("<")[0].strip()[:200] or kind, "", "web", denied=denied, swap=False)
    event["event.action"] = kind.lower()


def _person(event: Event, pairs: dict[str, str], text: str) -> None:
    context = _CONTEXT.search(text, 0, 1024)
    name = pairs.get("User") or (context[1] if context else "")
    if words := name.strip(":").split():
        event["user.name"] = words[0]
    where = (
        pairs.get("Client_ip") or pairs.get("Remote_ip") or pairs.get("Client IP") or (context[2] if context else "")
    )
    if where and "source.ip" not in event:
        peer(event, "source", where.split()[0])


def parse(framed: Framed, received: Received) -> list[Event]:
    found = _HEAD.search(framed.text, 0, 8192)
    if found is None:
        raise ParseError("no n-PPE-n : FEATURE EVENT in the record", NAME)
    event, _ = begin(framed, received, NAME, "citrix.adc")
    month, day, year, clock, _, host, engine, _, feature, kind, identity, _, text = found.groups()
    if month and (stamped := parse_time(f"{year}-{month}-{day} {clock}Z", received)):
        event["@timestamp"], event["taishi.time.quality"] = stamped
    if host and host != ":":
        event["host.hostname"] = host
    event.pop("process.name", None)
    observer(event, "Citrix", "NetScaler", "load-balancer")
    event["event.code"], event["event.provider"], event["event.action"] = kind, feature, kind.lower()
    event["citrix.engine"], event["citrix.message_id"], event["message"] = engine, identity, text.strip()
    pairs = {key: value.strip() for key, value in _FIELD.findall(text[:4096])}
    _flow(event, pairs, kind)
    if feature == "APPFW" or kind.startswith("APPFW"):
        _appfw(event, kind, text)
        return finish(event, received)
    _person(event, pairs, text)
    words = text.lower()
    if kind in {"LOGIN", "LOGIN_FAILED", "LOGOUT"} or (
        feature in {"AAA", "AAATM"} and ("login" in words or "logout" in words or "extracted" in words)
    ):
        login(event, kind != "LOGIN_FAILED" and "failed" not in words and "denied" not in words, out="LOGOUT" in kind)
        event["event.action"] = kind.lower()
    elif kind == "CMD_EXECUTED":
        change(event, "error" not in pairs.get("Status", "").lower())
        event["process.command_line"] = pairs.get("Command", "")
    elif "event.category" not in event:
        plain(event)
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = framed.text[:600]
    return 0.97 if "-PPE-" in source and _HEAD.search(source) else 0.0


PARSER = Parser(
    name=NAME,
    product="Citrix NetScaler ADC and Gateway",
    data_kind="security",
    reference="https://developer-docs.netscaler.com/en-us/netscaler-syslog-message-reference/current-release",
    parse=parse,
    sniff=sniff,
    markers=("-PPE-",),
)
