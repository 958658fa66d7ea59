"""STIX 2.1 (and 2.0) bundles: each sighting, and each set of observed data, becomes an event.

A sighting names what was sighted (an indicator's pattern, malware, an attack pattern with its ATT&CK number) and where;
observed data brings addresses, files, accounts and processes.

Reference: https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html §4.14 (observed data), §5.2 (sighting)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import infer, set_techniques
from collectors.parsers._common import integer, load_object, port, text, transport
from collectors.parsers._exchange import MAX_EVENTS, begun, dicts, ended, indicator, several
from taishi.event import Event

NAME: Final = "stix"
_PATTERN: Final = re.compile(r"\[\s*([\w-]{1,64}):([\w.'\-\[\]]{1,128}?)\s*=\s*'((?:[^'\\]|\\.){1,1024})'")


def _stix(raw: dict[str, Any], received: Received) -> Iterator[Event]:
    objects = dicts(raw.get("objects")) or [raw]
    by_id = {str(one.get("id")): one for one in objects[: MAX_EVENTS * 4]}
    for one in objects:
        if one.get("type") == "sighting":
            yield _sighting(one, by_id, received)
        elif one.get("type") == "observed-data":
            yield _observed(one, by_id, received)


def _sighting(one: dict[str, Any], by_id: dict[str, dict[str, Any]], received: Received) -> Event:
    what = by_id.get(str(one.get("sighting_of_ref")), {})
    where = [
        by_id.get(str(ref), {})
        for ref in one.get("where_sighted_refs") or ()
        if isinstance(one.get("where_sighted_refs"), list)
    ]
    event = begun("stix.sighting", text(where[0].get("name")) if where else None)
    event["rule.name"] = (text(what.get("name")) or str(one.get("sighting_of_ref", "sighting")))[:512]
    event["rule.id"], event["rule.category"] = (
        str(what.get("id") or one.get("sighting_of_ref", ""))[:128],
        str(what.get("type", "sighting"))[:64],
    )
    event["event.severity"] = min(
        90, 40 + (integer(one.get("confidence")) or integer(what.get("confidence")) or 0) // 2
    )
    event["message"] = (text(one.get("description")) or text(what.get("description")) or event["rule.name"])[:2048]
    for found in _PATTERN.finditer(str(what.get("pattern", ""))[:4096]):
        indicator(event, found[1], found[3].replace("\\'", "'"), source=False)
    if str(what.get("type")) == "attack-pattern":
        set_techniques(event, [str(ref.get("external_id", "")) for ref in dicts(what.get("external_references"))])
    for ref in one.get("observed_data_refs") or ():
        for inner in _contained(by_id.get(str(ref), {}), by_id):
            _cyber(event, inner)
    infer(event, event["rule.name"])
    event["labels.count"] = str(integer(one.get("count")) or 1)
    return ended(event, one.get("last_seen") or one.get("first_seen") or one.get("modified"), received)


def _contained(one: dict[str, Any], by_id: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    refs = one.get("object_refs")
    if isinstance(refs, list):
        return [by_id.get(str(ref), {}) for ref in refs[:50]]
    objects = one.get("objects")
    return [inner for inner in objects.values() if isinstance(inner, dict)][:50] if isinstance(objects, dict) else []


def _value(event: Event, one: dict[str, Any]) -> None:
    kind = str(one["type"])
    indicator(event, kind, str(one.get("value", "")), source="source.ip" not in event and kind.startswith("ip"))


def _file(event: Event, one: dict[str, Any]) -> None:
    hashes = one.get("hashes")
    for value in hashes.values() if isinstance(hashes, dict) else ():
        indicator(event, "file", str(value), source=False)
    if name := text(one.get("name")):
        event.setdefault("file.name", name[:512])


def _traffic(event: Event, one: dict[str, Any]) -> None:
    for name, value in (("source.port", port(one.get("src_port"))), ("destination.port", port(one.get("dst_port")))):
        if value is not None:
            event.setdefault(name, value)
    protocols = one.get("protocols")
    for word in protocols[:4] if isinstance(protocols, list) else ():
        if (named := transport(word)) in {"tcp", "udp", "icmp"}:
            event.setdefault("network.transport", named)


def _account(event: Event, one: dict[str, Any]) -> None:
    if name := text(one.get("account_login") or one.get("user_id")):
        event.setdefault("user.name", name[:256])


def _process(event: Event, one: dict[str, Any]) -> None:
    if line := text(one.get("command_line")):
        event.setdefault("process.command_line", line[:4096])


_CYBER: Final[dict[str, Callable[[Event, dict[str, Any]], None]]] = {
    **dict.fromkeys(("ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr"), _value),
    "file": _file,
    "network-traffic": _traffic,
    "user-account": _account,
    "process": _process,
}


def _cyber(event: Event, one: dict[str, Any]) -> None:
    known = _CYBER.get(str(one.get("type", "")))
    if known is not None:
        known(event, one)


def _observed(one: dict[str, Any], by_id: dict[str, dict[str, Any]], received: Received) -> Event:
    event = begun("stix.observed-data", None)
    event["event.category"], event["event.type"] = ["host"], ["info"]
    for inner in _contained(one, by_id):
        _cyber(event, inner)
    event["message"] = f"observed {integer(one.get('number_observed')) or 1} times"
    return ended(event, one.get("last_observed") or one.get("first_observed"), received, finding=False)


def parse(framed: Framed, received: Received) -> list[Event]:
    return several(framed, received, NAME, _stix(load_object(framed, NAME), received))


def sniff(framed: Framed) -> float:
    source = framed.text
    if '"sighting"' not in source and '"observed-data"' not in source:
        return 0.0
    return 0.97 if '"type"' in source and ("sighting--" in source or "observed-data--" in source) else 0.0


PARSER = Parser(
    name=NAME,
    product="STIX 2.1 sightings and observed data",
    data_kind="third-party",
    reference="https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html",
    parse=parse,
    sniff=sniff,
    markers=('"sighting"', '"observed-data"'),
)
