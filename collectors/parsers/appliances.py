"""Appliances with few kinds of lines: Barracuda WAF, Radware DefensePro and Alteon, Pulse and Ivanti Connect Secure, A10, UniFi.

Barracuda writes pairs (`actionTaken=DENY attackDescription=…`), Radware `M_20000: 2 attacks of type …` and DefensePro's columns,
Pulse `ive - [address] user(realm)[role] - text` or columns with bars, A10 `a10logd:`, UniFi devices `model,mac,version:`.

Reference: https://campus.barracuda.com/product/webapplicationfirewall/doc/92767349/exporting-log-formats/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._access import access, agent, locate
from collectors.parsers._common import Fields, integer, ip, mac, port, text, transport, word_severity
from collectors.parsers._device import begin, change, finish, login, observer, peer, plain
from collectors.parsers._ids import blocked
from collectors.parsers._pairs import detection, fill
from collectors.parsers._sentence import read
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "appliances"
_KEY: Final = re.compile(r"(?:^|\s)([A-Za-z][A-Za-z0-9]{1,32})=")
_BARRACUDA: Final[Fields] = {
    "src": ("source.ip", ip),
    "spt": ("source.port", port),
    "dst": ("destination.ip", ip),
    "dpt": ("destination.port", port),
    "requestMethod": ("http.request.method", text),
    "duser": ("user.name", text),
    "suser": ("user.name", text),
    "attackId": ("rule.id", text),
    "attackGroup": ("rule.category", text),
    "cn1": ("http.response.status_code", integer),
    "bytesSent": ("http.response.bytes", integer),
    "bytesReceived": ("http.request.bytes", integer),
    "serviceName": ("service.name", text),
}
_ATTACKS: Final = re.compile(
    r"M_(\d{5}): (\d{1,9}) attacks of type \"([^\"]{1,64})\" started.{0,256}?Attack name: ([^;]{1,256}); Source IP"
    r": ([0-9A-Fa-f.:]{3,45}|Multiple)"
    r"[^;]{0,128}; Destination IPs?: ([0-9A-Fa-f.:]{3,45}|Multiple)[^;]{0,256}(?:; Destination port: (\d{1,5}|Mult"
    r"iple))?(?:; Action: (\w{2,16}))?"
)
_MESSAGE: Final = re.compile(r"(?:^|[\s>\]])M_(\d{5}): (.*)", re.DOTALL)
# DefensePro: 02-03-2026 08:40:00 WARNING 150000 Anti-Scanning "TCP Scan" TCP 203.0.113.1 4000 10.2.0.5 80 1 Regular "policy" occur
_DEFENSE: Final = re.compile(
    r"DefensePro: (\d\d-\d\d-\d{4} \d\d:\d\d:\d\d) (\w{4,10}) (\d{1,8}) (\S{2,32}) \"([^\"]{1,128})\" (\w{2,8}) "
    r"([0-9A-Fa-f.:]{3,45}) (\d{1,5}) ([0-9A-Fa-f.:]{3,45}) (\d{1,5}) (\S{1,16}) (\S{1,16}) \"([^\"]{0,128})\" (\w{2,16})"
)
_PULSE: Final = re.compile(
    r"(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - )?(\S{1,64}) - \[([0-9A-Fa-f.:]{2,45})\] (.{0,128}?)\(([^)]{0,128})"
    r"\)\[([^\]]{0,512})\] - (.*)",
    re.DOTALL,
)
_UNIFI: Final = re.compile(
    r"(?:^|\s|>)(?:([A-Za-z0-9\-]{2,32}),)?([0-9a-f]{12}),(v\d{1,3}\.\d{1,3}\.\d{1,3}[.+0-9]{0,16}):? ?(?:("
    r"[A-Za-z0-9_\-]{2,32})(?:\[\d{1,10}\])?: )?(.*)",
    re.DOTALL,
)
_A10: Final = re.compile(r"a10logd(?:\[\d{1,10}\])?: ?\[([^\]]{1,32})\](?:<\d{1,3}>)? ?(.*)", re.DOTALL)
_A10_WHO: Final = re.compile(
    r"\[([^\]\s]{1,64})\] (\w{2,8}): \[\d{1,12}:([0-9A-Fa-f.:]{3,45}?):(\d{1,5})\] (.*)", re.DOTALL
)


def _barracuda(event: Event, framed: Framed, received: Received) -> bool:
    whole = framed.text
    if "actionTaken=" not in whole or "attackDescription=" not in whole:
        return False
    cells = _KEY.split(whole)
    pairs = {key: value.strip() for key, value in zip(cells[1::2], cells[2::2], strict=False)}
    observer(event, "Barracuda", "Web Application Firewall", "waf")
    event["event.dataset"] = "barracuda.waf"
    stamp(event, pairs.get("rt"), received)
    fill(
        event,
        pairs,
        _BARRACUDA,
        "barracuda.",
        {"rt", "request", "userAgent", "referer", "app", "actionTaken", "attackDescription"},
    )
    if target := pairs.get("request"):
        locate(event, target, pairs.get("dhost", ""))
    agent(event, pairs.get("referer", ""), pairs.get("userAgent", ""))
    action = pairs.get("actionTaken", "").lower()
    event["event.action"] = action
    if pairs.get("logType", "WF") == "WF":
        event.setdefault("destination.domain", event.get("url.domain", "web application"))
        detection(event, pairs.get("attackDescription", ""), "", "web", denied=blocked(action), swap=False)
    else:
        access(event, event.get("http.response.status_code"))
    return True


def _radware(event: Event, framed: Framed, received: Received) -> bool:
    whole = framed.text
    if found := _DEFENSE.search(whole, 0, 2048):
        time, level, code, kind, name, protocol, source, number, target, other, _, _, policy, state = found.groups()
        stamp(event, f"{time[6:10]}-{time[3:5]}-{time[:2]} {time[11:]}", received)
        peer(event, "source", source, number)
        peer(event, "destination", target, other)
        event["network.transport"] = transport(protocol) or protocol.lower()
        event["rule.id"], event["rule.category"], event["rule.ruleset"] = code, kind, policy
        event["event.severity"], event["radware.state"] = word_severity(level) or 50, state
        detection(event, name, "drop" if "drop" in whole[found.end() :].lower() else "")
    elif found := _ATTACKS.search(whole, 0, 4096):
        event["event.code"], event["rule.category"] = f"M_{found[1]}", found[3]
        peer(event, "source", found[5] if found[5] != "Multiple" else "")
        peer(
            event,
            "destination",
            found[6] if found[6] != "Multiple" else "",
            found[7] if (found[7] or "").isdecimal() else None,
        )
        detection(event, found[4].strip(), found[8] or "", severity=60)
    elif found := _MESSAGE.search(whole, 0, 512):
        event["event.code"], event["message"] = f"M_{found[1]}", found[2]
        plain(event)
        read(event, found[2])
    else:
        return False
    observer(event, "Radware", "DefensePro", "ddos")
    event["event.dataset"] = "radware.log"
    return True


def _pulse_columns(event: Event, whole: str, received: Received) -> str | None:
    """Fields of either form, and the sentence at its end; None where it is neither."""
    cells = [cell.strip() for cell in whole.split(" | ")]
    if len(cells) >= 10:
        stamp(event, cells[1], received)
        event["event.code"], event["log.level"] = cells[2], cells[3]
        event["event.severity"] = word_severity(cells[3]) or 10
        peer(event, "source", cells[6])
        for name, value in (("user.name", cells[7]), ("pulse.realm", cells[8])):
            if value:
                event[name] = value
        return cells[-1]
    found = _PULSE.search(whole, 0, 4096)
    if found is None:
        return None
    _, where, user, realm, roles, said = found.groups()
    peer(event, "source", where if where != "127.0.0.1" else "")
    user = user.strip()
    for name, value in (("user.name", "" if user.lower() == "system" else user.rpartition("::")[2]), ("pulse.realm", realm),
                        ("pulse.roles", roles)):  # fmt: skip
        if value:
            event[name] = value
    return said


def _pulse(event: Event, framed: Framed, received: Received) -> bool:
    whole = framed.text
    said = _pulse_columns(event, whole, received) if "PulseSecure" in whole[:200] else None
    if said is None:
        return False
    observer(event, "Pulse Secure", "PulseSecure", "vpn")  # the line's own name; Ivanti's today
    event["event.dataset"], event["message"] = "pulse.secure", said
    plain(event)
    name = event.get("user.name")
    read(event, said)
    if name:
        event["user.name"] = name
    if said.startswith(("Login failed", "Login succeeded", "Primary authentication", "Logout")):
        login(event, "fail" not in said[:64].lower(), out=said.startswith("Logout"))
    event.setdefault("event.action", "log")
    return True


def _unifi(event: Event, framed: Framed, received: Received) -> bool:
    del received
    found = _UNIFI.search(framed.text, 0, 2048)
    if found is None:
        return False
    model, hardware, version, program, said = found.groups()
    observer(event, "Ubiquiti", "UniFi", "access-point")
    event["event.dataset"], event["observer.version"], event["message"] = "ubiquiti.unifi", version, said.strip()
    if (value := mac(hardware)) is not None:
        event["observer.mac"] = [value]
    if model:
        event["observer.name"] = event["host.hostname"] = model
    if program:
        event["process.name"] = program
    plain(event)
    read(event, said)
    event.setdefault("event.action", (program or "log").lower())
    return True


def _a10(event: Event, framed: Framed, received: Received) -> bool:
    del received
    found = _A10.search(framed.text, 0, 2048)
    if found is None:
        return False
    observer(event, "A10", "Thunder", "load-balancer")
    event["event.dataset"], event["a10.part"], event["message"] = "a10.log", found[1], found[2].strip()
    plain(event)
    if who := _A10_WHO.search(found[2], 0, 2048):
        event["user.name"] = who[1]
        peer(event, "source", who[3], who[4])
        change(event)
        event["process.command_line"] = who[5].strip()
        event["event.action"] = "audit"
    else:
        read(event, found[2])
        event.setdefault("event.action", "log")
    return True


_FORMS: Final[tuple[Callable[[Event, Framed, Received], bool], ...]] = (_barracuda, _radware, _a10, _pulse, _unifi)


def parse(framed: Framed, received: Received) -> list[Event]:
    event, _ = begin(framed, received, NAME)
    for form in _FORMS:
        if form(event, framed, received):
            return finish(event, received)
    raise ParseError("none of the appliances' forms", NAME)


def sniff(framed: Framed) -> float:
    source = framed.text[:600]
    if ("actionTaken=" in source and "attackDescription=" in source) or "a10logd" in source[:160]:
        return 0.95
    if "DefensePro: " in source[:160] or _MESSAGE.search(source[:160]):
        return 0.93
    if "PulseSecure: " in source[:200]:
        return 0.96
    found = _UNIFI.search(source[:200])
    return 0.93 if found is not None and found.start() < 120 else 0.0


PARSER = Parser(
    name=NAME,
    product="Barracuda WAF, Radware DefensePro, Ivanti (Pulse) Connect Secure, A10 Thunder, UniFi",
    data_kind="security",
    reference="https://campus.barracuda.com/product/webapplicationfirewall/doc/92767349/exporting-log-formats/",
    parse=parse,
    sniff=sniff,
    markers=("actionTaken=", "a10logd", "DefensePro: ", "M_", "PulseSecure: ", ",v"),
)
