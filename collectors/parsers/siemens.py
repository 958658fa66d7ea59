"""Siemens SCALANCE, RUGGEDCOM, SINEMA and SIMATIC: security events as syslog text with fixed wording (IEC 62443 style).

`WBM: User admin has logged in from 192.0.2.7.`, `SSH: User ops failed to log in from …`, `Firewall: … SRC=… DST=…`,
`Link up on P5.`,
`Configuration changed`, `Restart requested`. SCALANCE SC firewall lines carry netfilter pairs. The rest is the message.

Reference: https://support.industry.siemens.com/ (SCALANCE Web Based Management: Syslog messages; SIMATIC S7-1500 syslog messages)
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import ip, mac, port, text, transport
from collectors.parsers._device import begin, change, finish, login, observer, plain
from collectors.parsers._firewall import session
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "siemens"
_WAYS: Final = "WBM|SSH|Telnet|CLI|SNMP|NETCONF|Local|Console|HTTP|HTTPS|PNIO|Web|OPC UA|TIA|S7"
_LOGIN: Final = re.compile(
    rf"(?:({_WAYS}): )?(?:Default user|Maintenance user|User|The user) [\"']?([^\"'\s]{{1,64}})[\"']? "
    r"(has logged in|logged in|failed to log in|"
    r"has logged out|logged out|was logged off|has been locked|account is locked)(?:.{0,64}? from ([0-9A-Fa-f.:]{3,45}))?"
)
_CONFIG: Final = re.compile(
    rf"(?:({_WAYS}): )?(?:(?:Default user|User) [\"']?([^\"'\s]{{1,64}})[\"']? )?(?:has )?"
    r"(changed|activated|deleted|created|loaded|saved|"
    r"restarted|triggered|downloaded|uploaded)\b.{0,120}?(?:from ([0-9A-Fa-f.:]{3,45}))?"
)
_PAIRS: Final = re.compile(r"\b(SRC|DST|SPT|DPT|PROTO|IN|OUT|MAC)=(\S{1,64})")
_NAMES: Final = ("SCALANCE", "RUGGEDCOM", "SINEMA", "SIMATIC", "Siemens", "SIEMENS", "ROX II", "SINEC")
_FIRMWARE: Final = ("firmware", "Firmware")


def parse(framed: Framed, received: Received) -> list[Event]:
    if not sniff(framed):
        raise ParseError("no name and no wording of a Siemens industrial device", NAME)
    event, body = begin(framed, received, NAME)
    observer(event, "Siemens", next((name for name in _NAMES if name in framed.text[:300]), "SCALANCE"), "switch")
    event["message"] = body[:1024]
    pairs = dict(_PAIRS.findall(body[:2048]))
    if (found := _LOGIN.search(body, 0, 1024)) is not None:
        _login(event, found)
    elif "SRC" in pairs:
        _packet(event, pairs, body)
    elif any(word in body for word in _FIRMWARE):
        change(event, "fail" not in body.lower())
        event["event.action"] = "firmware"
    elif (found := _CONFIG.search(body, 0, 1024)) is not None:
        for name, value in (("user.name", text(found[2])), ("source.ip", ip(found[4] and found[4].rstrip(".:")))):
            if value:
                event[name] = value
        change(event)
        event["event.action"] = found[3]
    else:
        plain(event)
        event["event.action"] = "log"
    return finish(event, received)


def _login(event: Event, found: re.Match[str]) -> None:
    way, user, what, sender = found.groups()
    out = "logged out" in what or "logged off" in what
    login(event, not any(word in what for word in ("failed", "locked")), out=out)
    event["user.name"], event["event.action"] = user, "logout" if out else "login"
    if way:
        event["network.application"] = way.lower()
    if address := ip(sender and sender.rstrip(".:")):
        event["source.ip"] = address


def _packet(event: Event, pairs: dict[str, str], body: str) -> None:
    for name, value in (
        ("source.ip", ip(pairs.get("SRC"))), ("destination.ip", ip(pairs.get("DST"))), ("source.port", port(pairs.get("SPT"))),
        ("destination.port", port(pairs.get("DPT"))), ("network.transport", transport(pairs.get("PROTO"))),
        ("source.mac", mac(pairs.get("MAC"))), ("observer.ingress.interface.name", text(pairs.get("IN"))),
        ("observer.egress.interface.name", text(pairs.get("OUT"))),
    ):  # fmt: skip
        if value is not None:
            event[name] = value
    denied = any(word in body.lower() for word in ("drop", "reject", "denied", "block"))
    event["event.action"] = "drop" if denied else "accept"
    session(event, denied=denied)


def sniff(framed: Framed) -> float:
    head = framed.text[:400]
    if any(name in head[:120] for name in _NAMES) and "CEF:" not in head and "{" not in head[:200]:
        return 0.97
    found = _LOGIN.search(head)
    return 0.9 if found is not None and found[1] is not None else 0.0


PARSER = Parser(
    name=NAME,
    product="Siemens SCALANCE, RUGGEDCOM, SINEMA, SIMATIC (syslog)",
    data_kind="security",
    reference="https://support.industry.siemens.com/",
    parse=parse,
    sniff=sniff,
    markers=(*_NAMES, "WBM: ", "SSH: ", "Telnet: ", "CLI: ", "SNMP: ", "Local: ", "Console: ", "Web: ", "HTTP: ", "HTTPS: ",
             "NETCONF: ", "PNIO: ", "OPC UA: ", "TIA: ", "S7: "),
)  # fmt: skip
