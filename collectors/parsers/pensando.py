"""Pensando Distributed Services Card firewall: a JSON list of flows in a syslog message of `pen-tmagent`.

Each entry of the list is an event: addresses, ports, protocol, action, rule, session and its state.

Reference: https://www.elastic.co/docs/reference/beats/filebeat/filebeat-module-pensando
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import ip, keep, port, relate, text, transport
from collectors.parsers._device import begin, names, observer
from collectors.parsers._firewall import session
from collectors.parsers._ids import blocked
from collectors.parsers._time import fallback, stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "pensando"
_OWN: Final = names("time destaddr destport srcaddr srcport protocol action direction")
_LIMIT: Final = 4096


def _flow(base: Event, raw: dict[str, Any], received: Received) -> Event:
    event = dict(base)
    stamp(event, raw.get("time"), received)
    for side, short in (("source", "src"), ("destination", "dest")):
        if (address := ip(raw.get(f"{short}addr"))) is not None:
            event[f"{side}.ip"] = event[f"{side}.address"] = address
        if (number := port(raw.get(f"{short}port"))) is not None:
            event[f"{side}.port"] = number
    for name, field in (("client", "source"), ("server", "destination")):
        for end in ("ip", "port"):
            if f"{field}.{end}" in event:
                event[f"{name}.{end}"] = event[f"{field}.{end}"]
    if (kind := transport(raw.get("protocol"))) is not None:
        event["network.transport"] = kind
    if rule := text(raw.get("rule-id")):
        event["rule.id"] = rule
    action = (text(raw.get("action")) or "").lower()
    state = text(raw.get("session-state")) or ""
    denied = False if action.startswith("allow") else blocked(action)
    session(event, denied=denied, phase="start" if "create" in state else "end" if "delete" in state else "")
    event["event.action"] = {"allow": "allowed", "deny": "denied", "reject": "rejected"}.get(action, action or "flow")
    keep(event, "pensando.", raw, _OWN)
    return relate(event)


def parse(framed: Framed, received: Received) -> list[Event]:
    event, _ = begin(framed, received, NAME, "pensando.dfw")
    observer(event, "Pensando Systems", "Distributed Services Platform", "firewall")
    fallback(event, received)
    at = framed.text.find('[{"')
    try:
        rows = orjson.loads(framed.text[at:]) if at >= 0 else None
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise ParseError(f"broken JSON: {error}", NAME) from error
    found = (
        [_flow(event, row, received) for row in rows[:_LIMIT] if isinstance(row, dict)]
        if isinstance(rows, list)
        else []
    )
    if not found:
        raise ParseError("no list of flows in the record", NAME)
    return found


def sniff(framed: Framed) -> float:
    source = framed.text[:600]
    return (
        0.97
        if "pen-tmagent" in source
        or ('[{"' in source and '"session-state"' in framed.text and '"destaddr"' in framed.text)
        else 0.0
    )


PARSER = Parser(
    name=NAME,
    product="Pensando Distributed Services Platform",
    data_kind="network",
    reference="https://www.elastic.co/docs/reference/beats/filebeat/filebeat-module-pensando",
    parse=parse,
    sniff=sniff,
    markers=("pen-tmagent", '"destaddr"'),
)
