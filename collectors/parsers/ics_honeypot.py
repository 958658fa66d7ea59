"""Industrial and service honeypots: Conpot (JSON and text log), Dionaea (log_json), GasPot, and T-Pot's Logstash documents
of the others.

Conpot: `data_type` (modbus, s7comm, snmp, http, bacnet, ipmi, enip), `remote` or `src_ip`, `request`, `response`,
`event_type`; text lines
`New modbus session from 192.0.2.7 (uuid)`, `Modbus traffic from …: {…}`. Dionaea: `connection.protocol`, `src_ip`. GasPot:
`I20100 Command Attempt from: 192.0.2.7` (gas tank gauges). T-Pot: `type` names the honeypot. The rest stays under
`conpot.*`, `dionaea.*`.

Reference: https://conpot.readthedocs.io/ ; https://dionaea.readthedocs.io/en/latest/ihandler/log_json.html ;
https://github.com/sjhilt/GasPot
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers import _ot
from collectors.parsers._common import Fields, ip, keep, load_object, lower, port, text, transport
from collectors.parsers._documents import Product, close, fill, flatten, opened, says
from collectors.parsers._ids import alert
from collectors.parsers._text import header
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "ics_honeypot"
FIELDS: Final[Fields] = {
    "src_ip": ("source.ip", ip), "src_port": ("source.port", port), "dst_ip": ("destination.ip", ip),
    "dst_port": ("destination.port", port),
    "public_ip": ("destination.nat.ip", ip), "dest_ip": ("destination.ip", ip), "dest_port": ("destination.port", port),
    "data_type": ("network.protocol", lower), "connection.protocol": ("network.protocol", lower),
    "connection.transport": ("network.transport", transport), "sensorid": ("observer.name", text),
    "t-pot_hostname": ("observer.name", text),
    "request": ("conpot.request", text), "response": ("conpot.response", text), "event_type": ("event.action", text),
    "id": ("conpot.session", text), "user_agent": ("user_agent.original", text), "url": ("url.original", text),
    "path": ("url.path", text),
    "protocol": ("network.protocol", lower), "message": ("message", text), "username": ("user.name", text),
    "query": ("url.query", text),
}  # fmt: skip
_TIMES: Final = ("timestamp", "@timestamp", "time")
_POTS: Final = frozenset({
    "ConPot", "Conpot", "Dionaea", "Gaspot", "GasPot", "Honeytrap", "Heralding", "Mailoney", "Adbhoney", "Ciscoasa",
    "CitrixHoneypot", "Tanner",
    "ElasticPot", "Elasticpot", "RedisHoneypot", "Redishoneypot", "Medpot", "Dicompot", "Ddospot", "Sentrypeer",
    "Ipphoney", "Log4pot",
    "Hellpot", "Endlessh", "Wordpot", "Honeypots", "NGINX-honeypot", "Glutton", "Snare", "Rdpy", "Beelzebub", "Galah",
    "H0neytr4p", "Miniprint",
})  # fmt: skip
_TEXT: Final = re.compile(
    r"(?:New (\w{2,16}) session from|(\w{2,16}) (?:traffic|request|connection|client connected|GET request|POST request) from:?|"
    r"(I2\w{4}) Command Attempt from:?) \(?'?([0-9A-Fa-f.:]{3,45}?)'?(?:[:,]\s?(\d{1,5}))?(?=[\s,)(;]|$)",
    re.IGNORECASE,
)
_NAIVE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?$")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?")


def _product(flat: dict[str, Any]) -> Product:
    if "connection.protocol" in flat:
        name = "Dionaea"
    elif str(flat.get("type")) in _POTS:
        name = str(flat["type"])
    else:
        name = "Conpot"
    return Product(NAME, name, name, "honeypot", "dionaea." if name == "Dionaea" else "conpot.", FIELDS, _TIMES)


def _touched(event: Event, what: str) -> list[Event]:
    """Nobody has business with a honeypot: every contact is a finding, a command or a write a worse one."""
    event.setdefault("rule.name", what)
    event["rule.category"] = "honeypot"
    _ot.enrich(event, what)
    if "threat.technique.id" not in event and "taishi.ics.protocol" in event:
        event["threat.technique.id"], event["threat.tactic.id"], event["threat.tactic.name"] = (
            ["T0846"],
            ["TA0102"],
            ["Discovery"],
        )
    event.setdefault("event.severity", 60)
    alert(event, blocked=None, swap=False)
    return close(event)


def _of_text(framed: Framed, received: Received) -> list[Event]:
    source = framed.text[:4096]
    found = _TEXT.search(source)
    if found is None:
        raise ParseError("neither JSON nor a contact that Conpot or GasPot log", NAME)
    session, traffic, gas, address, number = found.groups()
    product = "GasPot" if gas else "Conpot"
    event = opened(Product(NAME, product, product, "honeypot", "conpot.", {}, ()), Framed("{", {}, "{"), received)
    relay, _ = header(framed, received)
    event |= {name: relay[name] for name in relay if name.startswith(("log.", "@", "taishi.time"))}
    date = _DATE.search(source, 0, 64)
    if date is not None:
        stamp(event, date[0], received)
    protocol = "atg" if gas else (session or traffic or "").lower()
    event["network.protocol"], event["message"] = protocol, source[:512]
    for name, value in (("source.ip", ip(address.rstrip(":"))), ("source.port", port(number))):
        if value is not None:
            event[name] = value
    event["event.action"] = f"{gas.upper()} command" if gas else "session" if session else "traffic"
    made = _touched(event, f"honeypot {protocol} {event['event.action']}")
    made[0].setdefault("@timestamp", "")
    if not made[0]["@timestamp"]:
        stamp(made[0], received.received_at, received)
        made[0]["taishi.time.quality"] = "received"
    return made


def parse(framed: Framed, received: Received) -> list[Event]:
    if "{" not in framed.text[:300] or _TEXT.search(framed.text, 0, 300):
        return _of_text(framed, received)
    flat = flatten(load_object(framed, NAME))
    product = _product(flat)
    remote = flat.pop("remote", None)
    if isinstance(remote, list) and remote:
        flat.setdefault("src_ip", remote[0])
        if len(remote) > 1:
            flat.setdefault("src_port", remote[1])
    for key in _TIMES:  # UTC without saying so
        if type(said := flat.get(key)) is str and _NAIVE.match(said):
            flat[key] = f"{said}Z"
    event = opened(product, framed, received)
    credentials = [key for key in flat if "password" in key.lower()]
    for key in credentials:
        flat.pop(key)
    fill(event, product, flat, received)
    keep(event, product.prefix, {}, ())
    if "source.ip" not in event:
        event["event.category"], event["event.type"] = ["host"], ["info"]
        return close(event)
    protocol = event.get("network.protocol") or product.name.lower()
    return _touched(event, f"honeypot {protocol} {event.get('event.action') or 'contact'}".lower())


def sniff(framed: Framed) -> float:
    source = framed.text
    head = source[:300]
    if "{" in head:
        if '"data_type"' in source and ('"sensorid"' in source or ('"event_type"' in source and '"remote"' in source)):
            return 0.98
        if '"connection"' in source and '"transport"' in source and says(framed, ("connection", "src_ip", "dst_ip")):
            return 0.92
        at = source.find('"type":')
        if at >= 0 and source[at + 7 : at + 32].strip(' "').partition('"')[0] in _POTS and '"src_ip"' in source:
            return 0.96
    found = _TEXT.search(source, 0, 300)
    return (
        0.91
        if found is not None and (found[3] or found[1] or "conpot" in head.lower() or _ot.protocol(found[2]))
        else 0.0
    )


PARSER = Parser(
    name=NAME,
    product="Conpot, Dionaea, GasPot, T-Pot honeypots",
    data_kind="security",
    reference="https://conpot.readthedocs.io/",
    parse=parse,
    sniff=sniff,
    markers=('"data_type"', '"connection"', '"type":', " session from", " traffic from", " request from", " Command Attempt from",
             " connection from", " client connected from"),
)  # fmt: skip
