"""The shape of JSON documents that services and agents write: flattened, mapped by a table, the rest kept by name.

A parser names its fields by their dotted path (`actor.alternateId`, `target.0.type`); what the table does not know stays
under the product's prefix. Flattening is bounded in depth, list items and fields, so a hostile document costs its length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from collectors.parser import Framed, Received
from collectors.parsers._common import (
    MAX_DEPTH,
    MAX_FIELDS,
    Fields,
    apply,
    ip,
    keep,
    load_object,
    port,
    relate,
    split_user,
    text,
    word_severity,
)
from collectors.parsers._firewall import network
from collectors.parsers._text import header
from collectors.parsers._time import stamp
from taishi.event import Event

_ITEMS: Final = 4
"""Objects of one list that are flattened: actors and targets come first, long lists repeat themselves."""


@dataclass(frozen=True, slots=True)
class Product:
    """Who writes the documents, and what their keys mean. `times` are paths of the event's own time, the best first."""

    name: str
    vendor: str
    product: str
    kind: str
    prefix: str
    fields: Fields
    times: tuple[str, ...]
    dataset: str = ""


def flatten(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted paths → scalars or lists of scalars; unset values are left out, at most MAX_FIELDS paths."""
    flat: dict[str, Any] = {}
    _flatten(flat, "", raw, 0)
    return flat


def _flatten(flat: dict[str, Any], prefix: str, raw: Mapping[str, Any], depth: int) -> None:
    for key, value in raw.items():
        if value is None or value == "" or len(flat) >= MAX_FIELDS:
            continue
        kind = type(value)
        if kind is dict:
            if depth < MAX_DEPTH:
                _flatten(flat, f"{prefix}{key}.", value, depth + 1)
        elif kind is not list:
            flat[prefix + key] = value
        elif value and type(value[0]) is dict:
            for index, item in enumerate(value[:_ITEMS]):
                if type(item) is dict and depth < MAX_DEPTH:
                    _flatten(flat, f"{prefix}{key}.{index}.", item, depth + 1)
        elif value:
            flat[prefix + key] = value


def begin(product: Product, framed: Framed, received: Received) -> tuple[Event, dict[str, Any]]:
    """The document's event with header, observer and module, and its flattened content; raises ParseError."""
    raw = load_object(framed, product.name)
    event = opened(product, framed, received)
    return event, flatten(raw)


def opened(product: Product, framed: Framed, received: Received) -> Event:
    """An event that says which product wrote it. The host of a syslog header is the relay: the document names its own."""
    event: Event = {}
    if framed.syslog or framed.text[:1] != "{":
        event, _ = header(framed, received)
        for name in ("process.name", "process.pid"):
            event.pop(name, None)
        if relay := event.pop("host.hostname", None):
            event["log.syslog.hostname"] = relay
    event["event.module"] = product.name
    event["event.dataset"] = product.dataset or product.name
    event["observer.vendor"], event["observer.product"] = product.vendor, product.product
    event["observer.type"] = product.kind
    event["event.kind"] = "event"
    return event


def fill(event: Event, product: Product, flat: Mapping[str, Any], received: Received) -> None:
    """Map the known paths, set the time, keep the rest under the prefix."""
    apply(event, flat, product.fields)
    time = next((flat[name] for name in product.times if name in flat), None)
    stamp(event, time, received)
    keep(event, product.prefix, flat, product.fields)


def close(event: Event) -> list[Event]:
    """What follows from the fields: network facts and `related.*`."""
    if "source.ip" in event:
        event.setdefault("client.ip", event["source.ip"]) if "url.original" in event else None
        network(event)
    event.setdefault("event.severity", 10)
    return [relate(event)]


def says(framed: Framed, needed: Iterable[str], one_of: Iterable[str] = ()) -> bool:
    """Whether the record is a JSON object (after any header) with all the `needed` keys and one of the others."""
    source = framed.body or framed.text
    if source[:1] != "{" and "{" not in source[:300]:
        return False
    if not all(f'"{key}"' in source for key in needed):
        return False
    others = tuple(one_of)
    return not others or any(f'"{key}"' in source for key in others)


def mail_user(event: Event, value: Any, owner: str = "user") -> None:
    """`name@domain` → `<owner>.name`, `<owner>.domain` and `<owner>.email`, as Elastic's cloud integrations have it."""
    found = text(value)
    if found is None:
        return
    domain, name = split_user(found)
    if name:
        event.setdefault(f"{owner}.name", name)
    if domain:
        event.setdefault(f"{owner}.domain", domain)
        if "@" in found and owner == "user":
            event.setdefault("user.email", found)


def endpoint(value: Any) -> tuple[str | None, int | None]:
    """`1.2.3.4:567`, `[::1]:567` or a bare address → (address, port)."""
    found = text(value)
    if found is None or len(found) > 80:
        return None, None
    if (whole := ip(found)) is not None:
        return whole, None
    head, _, tail = found.rpartition(":")
    return ip(head), port(tail)


def side(name: str) -> Callable[[Event, Any], None]:
    """A function that sets `<name>.ip` and `<name>.port` from an endpoint's text."""

    def put(event: Event, value: Any) -> None:
        address, number = endpoint(value)
        if address is not None:
            event.setdefault(f"{name}.ip", address)
            if number is not None:
                event.setdefault(f"{name}.port", number)

    return put


source = side("source")
destination = side("destination")


def severity(event: Event, value: Any, scale: Mapping[str, int] | None = None) -> None:
    """`event.severity` from a product's word or number, the original kept."""
    found = text(value)
    if found is None:
        return
    event["taishi.severity_original"] = found
    number = (scale or {}).get(found.lower())
    if number is None:
        number = word_severity(found)
    event["event.severity"] = 10 if number is None else number


def outcome(value: Any) -> str | None:
    """success | failure from a service's word for a result, None where it says neither."""
    word = (text(value) or "").lower()
    if word in _GOOD:
        return "success"
    return "failure" if word in _BAD else None


_GOOD: Final = frozenset(
    {"success", "succeeded", "allow", "allowed", "ok", "true", "partiallysucceeded", "0", "passed", "pass", "approved",
     "granted", "completed", "成功", "200", "201", "yes"}
)  # fmt: skip
_BAD: Final = frozenset(
    {"failure", "failed", "fail", "deny", "denied", "error", "false", "fraud", "blocked", "rejected", "unauthorized",
     "失败", "no", "timeout"}
)  # fmt: skip


def auth(event: Event, kind: str = "start") -> None:
    event["event.category"], event["event.type"] = ["authentication"], [kind]


def iam(event: Event, *kinds: str) -> None:
    event["event.category"], event["event.type"] = ["iam"], list(kinds)


def other(event: Event, category: str, *kinds: str) -> None:
    event["event.category"], event["event.type"] = [category], list(kinds or ("info",))


def change(action: str) -> str:
    """creation | deletion | change | access, from the verb in an action's name."""
    words = action.lower()
    for kind, verbs in _VERBS:
        if any(verb in words for verb in verbs):
            return kind
    return "change"


_VERBS: Final = (
    ("deletion", ("delete", "remove", "purge", "deactivate", "revoke", "destroy")),
    ("creation", ("create", "add ", "add_", "added", "invite", "insert", "register", "grant")),
    ("access", ("get", "list", "view", "read", "download", "access", "describe", "export")),
)
