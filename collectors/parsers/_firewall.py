"""The shape of a firewall's session or policy record, the same for every vendor."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from collectors.parsers._common import NUMBERS, is_internal
from taishi.event import Event

_STARTS: Final = frozenset({"start", "built", "create", "created"})


def network(event: Event) -> None:
    """Fill what follows from the addresses: IANA number, IP version, direction, total bytes and packets."""
    name = event.get("network.transport")
    if name is not None and name in NUMBERS:
        event.setdefault("network.iana_number", NUMBERS[name])
    source, target = event.get("source.ip"), event.get("destination.ip")
    if source is not None:
        event["network.type"] = "ipv6" if ":" in source else "ipv4"
        if target is not None:
            event.setdefault("network.direction", direction(source, target))
    if "source.bytes" in event and "destination.bytes" in event:
        event.setdefault("network.bytes", event["source.bytes"] + event["destination.bytes"])
    if "source.packets" in event and "destination.packets" in event:
        event.setdefault("network.packets", event["source.packets"] + event["destination.packets"])


@lru_cache(maxsize=16384)
def direction(source: str, target: str) -> str:
    """inbound | outbound | internal | external, by whether each address is private."""
    inside = is_internal(source), is_internal(target)
    return {(True, True): "internal", (True, False): "outbound", (False, True): "inbound"}.get(inside, "external")


def session(event: Event, *, denied: bool | None, phase: str = "") -> None:
    """Make the event a connection record: allowed or denied, start or end of the session where the log says."""
    event["event.kind"] = "event"
    event["event.category"] = ["network"]
    types = ["connection"]
    if phase:
        types.append("start" if phase in _STARTS else "end")
    if denied is not None:
        types.append("denied" if denied else "allowed")
        event["event.outcome"] = "failure" if denied else "success"
    event["event.type"] = types
    network(event)
