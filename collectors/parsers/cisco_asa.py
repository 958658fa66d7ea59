"""Cisco ASA, PIX, FWSM and Firepower (FTD): `%ASA-6-302013: …` by message number, FTD's `Key: value` and `SFIMS:` lines.

Every message is read: connections, translations, denials, access lists, AAA, VPN sessions, commands and logins by their
number; of any other number the endpoints, the user and the verdict that its sentence names. An outbound connection is
written with its target first. Mapped addresses are kept as NAT where they differ.

Reference: https://www.cisco.com/c/en/us/td/docs/security/asa/syslog/b_syslog.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers import _firepower
from collectors.parsers._asa_messages import (
    ACCESS_LIST,
    ACCESSED,
    ADDRESS,
    BUILT,
    CLOCK,
    COMMAND,
    DAP,
    FAILED,
    FOR_USER,
    FTP,
    GROUP,
    ICMP,
    IN,
    INTERFACE,
    LADDR,
    LIST,
    PEERS,
    REFUSED_URL,
    RESOLVED,
    SERVER,
    SOURCE,
    TARGET,
    TEARDOWN,
    TRANSPORT,
    USER,
    VPN_DOWN,
    VPN_UP,
)
from collectors.parsers._attack import infer
from collectors.parsers._cisco import colon_pairs, prefix
from collectors.parsers._common import SYSLOG_SEVERITY, UNSET, body_of, integer, ip, port, transport
from collectors.parsers._device import change, duration, finish, login, numbers, observer, plain
from collectors.parsers._endpoint import file
from collectors.parsers._firewall import network, session
from collectors.parsers._ids import alert
from collectors.parsers._sentence import read as read_sentence
from collectors.parsers._text import priority_of
from collectors.parsers._web import url
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "cisco_asa"
_HEAD: Final = re.compile(r"%(ASA|FTD|PIX|FWSM|NGIPS)-(?:[a-z][a-z\-]{0,31}-)?([0-7])-(\d{6}): ?")
_PRODUCTS: Final = {"ASA": "ASA", "FTD": "FTD", "PIX": "PIX", "FWSM": "FWSM", "NGIPS": "NGIPS"}


def endpoint(token: str) -> tuple[str, str, int | None]:
    """`outside:10.1.1.1/80`, `outside/10.1.1.1(80)`, `10.1.1.1/80`, `2001:db8::1/80`, `dmz:web01/443` → (interface, host, port)."""
    token = token.rstrip(".,;")
    where, slash, number = token.rpartition("/")
    value = port(number) if slash and number.isdecimal() else None
    if value is None:
        where = token if not slash or not ip(number) else number
    if ip(where) is not None:
        return (
            (token[: -len(where) - 1] if where != token and value is None and token.endswith(where) else ""),
            where,
            value,
        )
    interface, colon, host = where.partition(":")
    return (interface, host, value) if colon else ("", where, value)


def _side(event: Event, side: str, token: str, number: str | None = None) -> None:
    interface, host, value = endpoint(token)
    if host in UNSET or host == "LOCAL":
        return
    address = ip(host)
    if address is not None:
        event[f"{side}.ip"] = address
    elif any(char.isalpha() for char in host):
        event[f"{side}.domain"] = host
    else:
        return
    event[f"{side}.address"] = address or host
    value = port(number) if number else value
    if value is not None:
        event[f"{side}.port"] = value
    if interface:
        event[f"observer.{'ingress' if side == 'source' else 'egress'}.interface.name"] = interface


def _mapped(event: Event, side: str, token: str) -> None:
    _, host, value = endpoint(token)
    address = ip(host)
    if address is not None and address != event.get(f"{side}.ip"):
        event[f"{side}.nat.ip"] = address
    if value is not None and value != event.get(f"{side}.port"):
        event[f"{side}.nat.port"] = value


def _person(event: Event, name: str | None) -> None:
    if not name or name in UNSET or set(name) == {"*"}:
        return
    name = name.removeprefix("LOCAL\\").partition(",")[0].strip()
    domain, slash, rest = name.partition("\\")
    event["user.name"] = event["source.user.name"] = rest if slash else name
    if slash:
        event["user.domain"] = domain


def _built(event: Event, text: str) -> bool:
    found = BUILT.match(text)
    if found is None:
        return False
    way, protocol, number, first, mapped, who, second, second_mapped, whom, last = found.groups()
    sides = ("destination", "source") if way == "outbound" else ("source", "destination")
    for side, token, nat in zip(sides, (first, second), (mapped, second_mapped), strict=True):
        _side(event, side, token)
        _mapped(event, side, nat)
    _connection(event, protocol, number, way)
    _person(event, last or (whom if way == "outbound" else who) or who or whom)
    event["event.action"] = "flow-creation"
    session(event, denied=False, phase="start")
    return True


def _connection(event: Event, protocol: str, number: str, way: str | None) -> None:
    if (name := transport(protocol)) is not None:
        event["network.transport"] = name
    event["cisco.asa.connection_id"] = number
    if way:
        event["network.direction"] = way


def _teardown(event: Event, text: str) -> bool:
    found = TEARDOWN.match(text)
    if found is None:
        return False
    protocol, number, first, who, second, whom, hours, minutes, seconds, size, reason, last = found.groups()
    _side(event, "source", first)
    _side(event, "destination", second)
    _connection(event, protocol, number, None)
    _person(event, last or who or whom)
    duration(event, int(hours) * 3600 + int(minutes) * 60 + int(seconds))
    if (value := integer(size)) is not None:
        event["network.bytes"] = value
    if reason and reason.strip():
        event["event.reason"] = reason.strip()
    event["event.action"] = "flow-expiration"
    session(event, denied=False, phase="end")
    return True


def _icmp(event: Event, text: str) -> bool:
    found = ICMP.match(text)
    if found is None:
        return False
    verb, way, protocol, far, who, mapped, near, whom = found.groups()
    sides = ("source", "destination") if way == "inbound" else ("destination", "source")
    for side, token in zip(sides, (far, near), strict=True):
        _side(event, side, token)
        event.pop(f"{side}.port", None)  # after the slash stands the ICMP identifier
    _mapped(event, sides[1], mapped.partition("/")[0])
    _connection(event, protocol, "", way)
    event.pop("cisco.asa.connection_id")
    _person(event, who or whom)
    event["event.action"] = "flow-creation" if verb == "Built" else "flow-expiration"
    session(event, denied=False, phase="start" if verb == "Built" else "end")
    return True


def _access_list(event: Event, text: str) -> bool:
    found = ACCESS_LIST.search(text)
    if found is None:
        return False
    name, verdict, protocol, user, inside, source, number, who, outside, target, target_number = found.groups()
    _side(event, "source", source, number)
    _side(event, "destination", target, target_number)
    event["observer.ingress.interface.name"], event["observer.egress.interface.name"] = inside, outside
    event["rule.name"] = name
    event["event.action"] = "firewall-rule"
    if (protocol_name := transport(protocol)) is not None:
        event["network.transport"] = protocol_name
    _person(event, user or who)
    session(event, denied=verdict == "denied")
    return True


def _people(event: Event, code: str, text: str) -> bool:
    """VPN, AAA, logins and commands: who, from where, with what result."""
    if found := GROUP.search(text):
        event["user.group.name"] = found[1].strip()
        _person(event, found[2].strip())
        _side(event, "source", found[3].rstrip(".,"))
    elif found := FOR_USER.search(text) or USER.search(text) or DAP.search(text):
        _person(event, name if (name := found[1].strip().rstrip(".")) not in {"Unknown", "unknown"} else None)
    if code in IN or code in FAILED or code in VPN_UP or code in VPN_DOWN:
        _session(event, code, text)
    elif code in {"111008", "111009", "111010"} or code.startswith("11100"):
        change(event, "FAIL" not in text)
        event["event.action"] = "command-executed"
        if found := COMMAND.search(text):
            event["process.command_line"] = found[1]
    elif code == "611103":
        login(event, None, out=True)
    else:
        return False
    return True


def _session(event: Event, code: str, text: str) -> None:
    down = code in VPN_DOWN
    vpn = down or code in VPN_UP
    login(event, code not in FAILED, out=down)
    event["event.action"] = (
        ("client-vpn-disconnected" if down else "client-vpn-connected")
        if vpn else "logon-failed" if code in FAILED else "logged-in"
    )  # fmt: skip
    if found := CLOCK.search(text):
        days, hours, minutes, seconds, sent, got, reason = found.groups()
        duration(event, int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + int(seconds))
        numbers(event, [("destination.bytes", sent), ("source.bytes", got)])
        event["event.reason"] = reason.strip()
    if found := re.search(r"reason = ([^:]+?) ?:", text):
        event["event.reason"] = found[1]


_THREATS: Final = frozenset({"733100", "733101", "733102", "338002", "338004", "338006", "338008", "106016", "106017"})
_REFUSALS: Final = frozenset({"710003", "710005", "313001", "313005"})
_DENYING: Final = ("deny ", "dropp", "no matching", "invalid", "denied", "blocked")


def _more_names(event: Event, text: str) -> None:
    """Endpoints that stand after other words than `from` and `to`."""
    if found := LADDR.search(text):
        _side(event, "source", found[1])
        _side(event, "destination", found[3].rstrip(":"))
    elif found := PEERS.search(text):
        _side(event, "destination", f"{found[1]}/{found[2]}")
        _side(event, "source", f"{found[3]}/{found[4]}")
    elif "source.ip" not in event and (found := ADDRESS.search(text)):
        _side(event, "source", f"{found[1] + ':' if found[1] else ''}{found[2]}{'/' + found[3] if found[3] else ''}")
    if "destination.ip" not in event and (found := SERVER.search(text)):
        _side(event, "destination", found[1])
    if found := RESOLVED.search(text):
        event["destination.domain"] = found[1]


def _web(event: Event, text: str) -> bool:
    """Who accessed which URL, or was refused it."""
    if found := ACCESSED.search(text):
        who, source, target, address = found.groups()
        denied = False
    elif found := REFUSED_URL.search(text):
        address, source, target = found.groups()
        who, denied = None, True
    else:
        return False
    _side(event, "source", source)
    _side(event, "destination", target)
    _person(event, who)
    url(event, address, "" if "://" in address else target)
    session(event, denied=denied)
    event["event.category"], event["event.action"] = ["network", "web"], "url-denied" if denied else "url-accessed"
    return True


def _transfer(event: Event, text: str) -> bool:
    """An FTP command: who stored or retrieved which file."""
    found = FTP.search(text)
    if found is None:
        return False
    _names(event, "303002", text)
    _person(event, found[1])
    event["network.protocol"], event["network.transport"] = "ftp", "tcp"
    event["event.action"] = f"ftp-{found[2].lower()}"
    file(event, found[3])
    event["event.category"], event["event.type"] = ["network", "file"], ["info"]
    network(event)
    return True


def _names(event: Event, code: str, text: str) -> None:
    """Endpoints, protocol, interface and access list that a sentence names."""
    for side, expression in (("source", SOURCE), ("destination", TARGET)):
        found = expression.search(text)
        if found is None or not (ip(found[1].rstrip(".,")) or any(sign in found[1] for sign in ":/")):
            continue
        token = found[1].rstrip(".,")
        where, slash, service = token.rpartition("/")
        _side(event, side, where if slash and service.isalpha() else token, found[2])
    _more_names(event, text)
    if (found := TRANSPORT.search(text)) and code[0] in "13467":
        name = transport((found[1] or found[2]).lower())
        if name and name != "ip":
            event["network.transport"] = name
    if found := INTERFACE.search(text):
        event.setdefault("observer.ingress.interface.name", found[1].rstrip("."))
    if found := LIST.search(text):
        event["rule.name"] = found[1]


def _other(event: Event, code: str, text: str) -> None:
    """Any other number: what its sentence names."""
    _names(event, code, text)
    known = _people(event, code, text)
    words = text[:256].lower()
    denied = words.startswith(_DENYING) or " denied" in words or " dropped" in words
    if known:
        return
    if code.startswith(("4000", "4004")) or code in _THREATS:
        _threat(event, code, text, denied)
    elif denied or code.startswith("106") or code in _REFUSALS or ("permitted" in words and "source.ip" in event):
        event["event.action"] = "firewall-rule"
        session(event, denied=denied or "permitted" not in words)
    elif code in {"305011", "305009", "609001", "305012", "305010", "609002"}:
        built = words.startswith("built")
        event["event.action"] = "flow-creation" if built else "flow-expiration"
        session(event, denied=None, phase="start" if built else "end")
    elif "source.ip" in event and "destination.ip" in event:
        event["event.category"], event["event.type"] = ["network"], ["info"]
        network(event)
    else:
        plain(event)
        read_sentence(event, text)


def _threat(event: Event, code: str, text: str, denied: bool) -> None:
    """IPS signatures, threat detection, botnet filter, spoofing: verdicts, not mere denials."""
    name = re.sub(r"^IPS:(\d+) ", r"IPS:\1 ", text).partition(" from ")[0][:160]
    event["rule.name"], event["rule.id"] = name, code
    event["event.severity"] = max(event.get("event.severity", 0), 50)
    if "source.ip" not in event and (found := re.search(r"[Hh]ost \[?([0-9A-Fa-f:.]{3,45})", text)):
        _side(event, "source", found[1])
    if not {"source.ip", "destination.ip"} & event.keys():
        event.setdefault("host.hostname", "firewall")
    alert(event, blocked=True if denied or "shun" in text else None)
    infer(event, name)
    network(event)


_SHAPES: Final[dict[str, Callable[[Event, str], bool]]] = {
    **dict.fromkeys(("302013", "302015", "302303", "302017", "302035"), _built),
    **dict.fromkeys(("302014", "302016", "302304", "302018", "302036"), _teardown),
    **dict.fromkeys(("302020", "302021"), _icmp),
    **dict.fromkeys(("304001", "304002"), _web),
    "303002": _transfer,
    **dict.fromkeys(("106100", "106101", "106102", "106103"), _access_list),
}


def _pairs(event: Event, code: str, text: str) -> None:
    observer(event, "Cisco", "FTD" if code else "Firepower", "firewall")
    event["event.dataset"] = "cisco.ftd"
    _firepower.read(event, code, colon_pairs(text))


def parse(framed: Framed, received: Received) -> list[Event]:
    whole = framed.text
    found = _HEAD.search(whole)
    event: Event = dict(framed.syslog) or priority_of(whole)[0]
    event["event.module"] = NAME
    if found is None:
        at = whole.find("SFIMS: ")
        if at < 0 or "SrcIP: " not in whole:
            raise ParseError("neither a %ASA-n-number message nor a SFIMS line", NAME)
        prefix(event, framed, whole[:at], received)
        _pairs(event, "", whole[at + 7 :])
        return finish(event, received)
    product, level, code = found.groups()
    prefix(event, framed, whole[: found.start()], received)
    text = whole[found.end() :].strip()
    event["event.dataset"] = f"cisco.{product.lower()}"
    event["event.kind"] = "event"
    event["event.code"], event["event.severity"] = code, SYSLOG_SEVERITY[int(level)]
    event["taishi.severity_original"] = level
    observer(event, "Cisco", _PRODUCTS[product], "firewall")
    if code.startswith("43000"):
        _pairs(event, code, text)
    else:
        event["message"] = text
        shape = _SHAPES.get(code)
        if shape is None or not shape(event, text):
            _other(event, code, text)
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)[:400] if "%" in body_of(framed)[:400] else framed.text[:400]
    if _HEAD.search(source):
        return 1.0
    return 0.95 if "SFIMS: " in framed.text[:200] and "SrcIP: " in framed.text else 0.0


PARSER = Parser(
    name=NAME,
    product="Cisco ASA, FTD, FWSM, PIX",
    data_kind="security",
    reference="https://www.cisco.com/c/en/us/td/docs/security/asa/syslog/b_syslog.html",
    parse=parse,
    sniff=sniff,
    markers=("%ASA-", "%FTD-", "%PIX-", "%FWSM-", "%NGIPS-", "SFIMS: "),
)
