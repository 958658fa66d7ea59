"""Hillstone StoneOS (山石网科): `serial(vsys) 44243641 Traffic@FLOW: SESSION: a:1(if)->b:2(if), key value, …`.

Eight hex digits name the message; `Kind@MODULE:` says what it is: Traffic (SESSION, NAT, PBR), Threat, Configuration, Event,
Alarm, Network, Security, Debug. The rest is a sentence or `key value` pieces parted by commas, kept under `hillstone.*`.

Reference: https://docs.hillstonenet.com/ (StoneOS Log Messages Reference Guide)
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._chinese import begin, record
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import integer, ip, port, text, transport
from collectors.parsers._pairs import flow
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "hillstone"
_HEAD: Final = re.compile(
    r"(?:(\w{10,24})[\x00-\x1f]?\w{0,3}\((\w{1,64})\) )?([0-9a-f]{8}) ([A-Z][A-Za-z]{2,20})@([A-Za-z0-9_\-]{1,24}): ?"
)
_FLOW: Final = re.compile(
    r"(?:([A-Z]+): )?([0-9a-fA-F.:]{2,45}?):(\d{1,5})(?:\(([^)]{0,64})\))?\s?"
    r"->\s?([0-9a-fA-F.:]{2,45}?):(\d{1,5})(?:\(([^)]{0,64})\))?"
)
_APP: Final = re.compile(r"APP/Protocol ([^/,]{1,64})/([^,:]{1,32})")
_USER: Final = re.compile(r"(?:user (\S{1,64})@|\"([^\"]{1,64})\"@|[Uu]ser \"([^\"]{1,64})\")")
_FROM: Final = re.compile(r"\bfrom ([0-9a-fA-F.:]{3,45})(?![\w.])")
_PIECES: Final = (
    "send packets", "send bytes", "receive packets", "receive bytes", "policy", "host", "start time", "close time", "vr",
    "attack type", "threat name", "threat type", "signature id", "action", "severity", "url", "snat to", "dnat to", "mac", "zone",
    "threat severity", "virus name", "file name", "md5", "rule", "profile", "category", "method",
)  # fmt: skip
_FIELDS: Final = KEYS | {
    "send packets": ("source.packets", integer), "send bytes": ("source.bytes", integer), "method": ("http.request.method", text),
    "receive packets": ("destination.packets", integer), "receive bytes": ("destination.bytes", integer),
    "policy": ("rule.id", text), "attack type": ("rule.category", text), "threat name": ("rule.name", text),
    "threat type": ("rule.category", text), "signature id": ("rule.id", text), "virus name": ("rule.name", text),
    "file name": ("file.name", text), "host": ("host.name", text),
}  # fmt: skip
_KINDS: Final = {"Traffic": "flow", "Configuration": "change", "Network": "other", "Debug": "other"}
_DETECTS: Final = frozenset({"Threat", "Security", "AV", "IPS", "Attack"})


def parse(framed: Framed, received: Received) -> list[Event]:
    body = framed.text
    found = _HEAD.search(body, 0, 300)
    if found is None:
        raise ParseError("no eight digits and Kind@MODULE", NAME)
    event, _ = begin(framed, received, NAME, "Hillstone", "StoneOS", "firewall")
    event.pop("host.hostname", None)  # the serial number stands in its place
    serial, vsys, number, kind, module = found.groups()
    content = body[found.end() :]
    values: dict[str, Any] = {}
    for piece in content.split(", ")[:60]:
        low = piece.lower()
        name = next((one for one in _PIECES if low.startswith((f"{one} ", f"{one}:", f"{one}="))), None)
        if name is not None and name not in values and (value := piece[len(name) + 1 :].strip()) not in {"-", ""}:
            values[name] = value
    values["level"] = values.pop("threat severity", None) or values.pop("severity", None)
    event["event.code"], event["message"] = number, content[:512]
    event["hillstone.module"] = f"{kind}@{module}"
    for key, known in (("observer.serial_number", serial), ("hillstone.vsys", vsys)):
        if known:
            event[key] = known
    _ends(event, content)
    what = _kind(kind, module, content)
    if what == "detection":
        event.setdefault("rule.name", str(values.get("threat name") or values.get("attack type") or content[:120]))
    made = record(
        event, values, received, prefix="hillstone.", what=f"{kind} {module}", fields=_FIELDS, kind=what, scale="syslog"
    )
    if what == "flow":
        _session(made[0], content)
    return made


def _kind(kind: str, module: str, content: str) -> str:
    low = content.lower()
    if "logged in" in low or "login" in low[:200]:
        return "login"
    if "logged out" in low or "logout" in low[:200]:
        return "logout"
    if kind in _DETECTS and module not in {"MGMT", "SYSTEM"}:
        return "detection"
    return _KINDS.get(kind, "other")


def _ends(event: Event, content: str) -> None:
    found = _FLOW.search(content, 0, 600)
    if found is not None:
        for key, value in (("source.ip", ip(found[2])), ("source.port", port(found[3])), ("destination.ip", ip(found[5])),
                           ("destination.port", port(found[6])), ("observer.ingress.interface.name", text(found[4])),
                           ("observer.egress.interface.name", text(found[7]))):  # fmt: skip
            if value is not None:
                event[key] = value
    elif (sender := _FROM.search(content, 0, 600)) is not None and (address := ip(sender[1])):
        event["source.ip"] = address
    app = _APP.search(content, 0, 1000)
    if app is not None:
        event["network.protocol"] = app[1].lower()
        if (named := transport(app[2].strip().lower())) is not None:
            event["network.transport"] = named
    user = _USER.search(content, 0, 1000)
    if user is not None and (name := user[1] or user[2] or user[3]) != "-":
        event["user.name"] = name


def _session(event: Event, content: str) -> None:
    low = content.lower()
    denied = "session deny" in low or "policy deny" in low
    flow(
        event,
        "deny" if denied else "",
        "end" if "session end" in low else "start" if "session start" in low else "",
        denied,
    )
    event["event.action"] = "session deny" if denied else "session end" if "session end" in low else "session start"


def sniff(framed: Framed) -> float:
    return 0.95 if "@" in framed.text[:300] and _HEAD.search(framed.text, 0, 300) else 0.0


PARSER = Parser(
    name=NAME,
    product="Hillstone StoneOS 山石网科",
    data_kind="security",
    reference="https://docs.hillstonenet.com/",
    parse=parse,
    sniff=sniff,
    markers=(
        "Traffic@",
        "Threat@",
        "Configuration@",
        "Event@",
        "Alarm@",
        "Network@",
        "Security@",
        "Debug@",
        "IPS@",
        "AV@",
        "Attack@",
    ),
)
