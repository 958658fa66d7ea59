"""Cowrie SSH and Telnet honeypot: one JSON object an event, also inside T-Pot's Logstash documents (`type` Cowrie).

`eventid` names it: cowrie.session.connect, cowrie.login.failed, cowrie.login.success, cowrie.command.input,
cowrie.session.file_download,
cowrie.direct-tcpip.request … Passwords are not kept. Whoever talks to a honeypot is its attacker.

Reference: https://docs.cowrie.org/en/latest/OUTPUT.html (Cowrie event reference)
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import TACTICS
from collectors.parsers._common import Fields, integer, ip, lower, port, text
from collectors.parsers._documents import Product, begin, close, fill, says
from collectors.parsers._ids import alert
from taishi.event import Event

NAME: Final = "cowrie"
FIELDS: Final[Fields] = {
    "src_ip": ("source.ip", ip), "src_port": ("source.port", port), "dst_ip": ("destination.ip", ip),
    "dst_port": ("destination.port", port),
    "protocol": ("network.protocol", lower), "username": ("user.name", text), "message": ("message", text),
    "sensor": ("observer.name", text),
    "input": ("process.command_line", text), "eventid": ("event.action", text), "session": ("cowrie.session", text),
    "url": ("url.original", text), "outfile": ("file.path", text), "shasum": ("file.hash.sha256", text),
    "version": ("cowrie.version", text),
    "duration": ("cowrie.duration", text), "uuid": ("observer.serial_number", text), "size": ("file.size", integer),
}  # fmt: skip
PRODUCT: Final = Product(NAME, "Cowrie", "Cowrie", "honeypot", "cowrie.", FIELDS, ("timestamp", "@timestamp"))
_KINDS: Final = {
    "login.failed": ("honeypot login attempt", "T1110", "TA0006", 50), "login.success": ("honeypot login", "T1078", "TA0001", 70),
    "command.input": ("honeypot command", "T1059", "TA0002", 70), "command.failed": ("honeypot command", "T1059", "TA0002", 70),
    "session.file_download": ("honeypot file download", "T1105", "TA0011", 80),
    "session.file_upload": ("honeypot file upload", "T1105", "TA0011", 80), "session.connect": ("honeypot connection",
    "T1595", "TA0043", 40),
    "direct-tcpip.request": ("honeypot tunnel", "T1090", "TA0011", 60), "direct-tcpip.data": ("honeypot tunnel", "T1090",
    "TA0011", 60),
}  # fmt: skip


def parse(framed: Framed, received: Received) -> list[Event]:
    event, flat = begin(PRODUCT, framed, received)
    flat.pop("password", None)
    fill(event, PRODUCT, flat, received)
    kind = _kind(flat)
    if kind is None or "source.ip" not in event:
        event["event.category"], event["event.type"] = ["network"], ["info"]
        return close(event)
    event["rule.name"], technique, tactic, event["event.severity"] = kind
    event["rule.category"] = "honeypot"
    event["threat.technique.id"], event["threat.tactic.id"], event["threat.tactic.name"] = (
        [technique],
        [tactic],
        [TACTICS[tactic]],
    )
    alert(event, blocked=None, swap=False)
    if "login" in str(flat.get("eventid")):
        event["event.category"].append("authentication")
    return close(event)


def _kind(flat: dict[str, Any]) -> tuple[str, str, str, int] | None:
    return _KINDS.get(str(flat.get("eventid", "")).removeprefix("cowrie."))


def sniff(framed: Framed) -> float:
    return 0.97 if '"cowrie.' in framed.text and says(framed, ("eventid",)) else 0.0


PARSER = Parser(
    name=NAME,
    product="Cowrie honeypot (JSON, T-Pot)",
    data_kind="security",
    reference="https://docs.cowrie.org/en/latest/OUTPUT.html",
    parse=parse,
    sniff=sniff,
    markers=('"cowrie.',),
)
