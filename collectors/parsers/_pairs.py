"""The shape of a security product that writes pairs: its own keys first, then the names that everyone uses.

A product's table says what its keys mean; a key that it does not know is looked up among the usual names (`src`, `srcport`,
`user` …) and else kept under the product's prefix. So a new version's keys are not lost.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import lru_cache
from typing import Any, Final

from collectors.parsers._common import UNSET, Convert, Fields
from collectors.parsers._firewall import network, session
from collectors.parsers._generic_names import ALIASES
from collectors.parsers._ids import alert, blocked
from taishi.event import Event

_TROUBLE: Final = frozenset(
    {"event.severity", "event.id", "@timestamp", "event.created", "event.kind", "event.category"}
)
_LIMIT: Final = 300


@lru_cache(maxsize=8192)
def _usual(key: str) -> tuple[str, Convert] | None:
    plain = "".join(char for char in key.lower() if char.isalnum())
    known = ALIASES.get(key) or ALIASES.get(plain)
    return None if known is None or known[0] in _TROUBLE else known


def fill(event: Event, pairs: Mapping[str, Any], fields: Fields, prefix: str, skip: Container[str] = ()) -> None:
    """Fields from the product's table, then from the usual names; what is left goes under `prefix` as text."""
    left: dict[str, Any] = {}
    for key, value in pairs.items():
        if key in skip or (type(value) is str and value in UNSET) or value is None:
            continue
        known = fields.get(key)
        if known is None:
            left[key] = value
        elif known[0] not in event and (converted := known[1](value)) is not None:
            event[known[0]] = converted
    for key, value in left.items():
        usual = _usual(key) if len(key) <= 64 else None
        if usual is not None and usual[0] not in event and (converted := usual[1](value)) is not None:
            event[usual[0]] = converted
        elif len(event) < _LIMIT and len(key) <= 128:
            event[prefix + key.strip().replace(" ", "_")] = value if type(value) is list else str(value)


def flow(event: Event, action: str, phase: str = "", denied: bool | None = None) -> None:
    """A connection with the product's action word; `denied` where the caller knows better."""
    if action:
        event.setdefault("event.action", action.lower())
    stopped = blocked(action) if denied is None else denied
    session(event, denied=stopped, phase=phase)
    addresses(event)


def detection(event: Event, name: str, action: str, category: str = "intrusion_detection", severity: int = 50,
              denied: bool | None = None, swap: bool | None = None) -> None:  # fmt: skip
    """An alert with a name that is never empty and a severity that is at least there."""
    event["rule.name"] = (
        name or event.get("rule.name") or event.get("rule.category") or event.get("message") or "detection"
    )
    event.setdefault("event.severity", severity)
    if action:
        event.setdefault("event.action", action.lower())
    if not any(key in event for key in ("source.ip", "destination.ip", "host.hostname", "host.name", "user.name")):
        event["host.hostname"] = event.get("observer.hostname") or event.get("observer.serial_number") or "sensor"
    alert(event, blocked=blocked(action) if denied is None else denied, category=category, swap=swap)
    network(event)
    addresses(event)


def addresses(event: Event) -> None:
    """`source.address` and `destination.address` beside their IP."""
    for side in ("source", "destination"):
        found = event.get(f"{side}.ip")
        if found is not None:
            event.setdefault(f"{side}.address", found)
