"""One event as the bytes that a bulk request carries.

`_source` is the event as it is: what Kibana shows is what the parser said, and nothing is kept twice. Where a value does
not fit its column (a flag where a number belongs, a keyword of a megabyte) the document carries what does fit, and the
event as text beside it: one odd value must not cost the event, and what a machine said is given back unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import orjson

from taishi import clock
from taishi.event import Event
from taishi.fields import VENDOR_PREFIXES, table
from taishi.store import columns
from taishi.store.elastic_template import DELIVERY, ORIGINAL, TOKENS, VENDOR, alias
from taishi.store.spans import kind_of, span_of

MAX_ID = 512
"""Bytes of an id. The server refuses the whole request for a longer one."""

MAX_VENDOR_VALUE = 7900
MAX_KEY = 200
MAX_KEY_DEPTH = 5
"""The server takes 32,766 bytes for a key and its value together, at up to four bytes a character; a query names no
longer keys and asks for no longer values."""


@dataclass(frozen=True, slots=True)
class Document:
    """`line` is the source as JSON in one line, without its end."""

    id: str
    delivery: str
    index: str
    line: bytes


def build(event: Event, prefix: str) -> Document:
    """Encode one event; raises ValueError, TypeError or KeyError for one that cannot be indexed at all."""
    event_id = event["event.id"]
    if not event_id or len(event_id.encode()) > MAX_ID:
        raise ValueError(f"an event id has 1 to {MAX_ID} bytes")
    at = columns.millis(event["@timestamp"])
    name = f"{alias(prefix, kind_of(event))}-{span_of(event, at).replace('-', '.')}"
    delivery = event_id.rpartition("-")[0]
    return Document(event_id, delivery, name, _line(event, delivery))


def read(source: dict[str, Any]) -> Event:
    """The event of a document's `_source`."""
    original = source.get(ORIGINAL)
    if original is None:
        return source
    event: Event = orjson.loads(original)
    return event


def _line(event: Event, delivery: str) -> bytes:
    plan = _plan()
    extra: dict[str, Any] = {DELIVERY: delivery}
    vendor: dict[str, Any] = {}
    odd: list[str] = []
    for name, value in event.items():
        known = plan.get(name)
        if known is None:
            if not name.startswith(VENDOR_PREFIXES):
                odd.append(name)
            elif len(vendor) < columns.MAX_VENDOR_FIELDS and len(name) <= MAX_KEY:
                vendor[name] = _vendor(value)
            continue
        fits, tokens = known
        if not fits(value):
            odd.append(name)
        if tokens:
            extra[tokens] = columns.tokenised(value) if type(value) is str else columns.ENCODERS["text"](value)
    if vendor:
        extra[VENDOR] = vendor
    document = {**event, **extra} if not odd else {**_fitting(event, odd), **extra}
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


def _fitting(event: Event, odd: list[str]) -> dict[str, Any]:
    """The event with the values that fit, and itself as text."""
    kept = dict(event)
    for name in odd:
        value = kept.pop(name)
        field = table().get(name)
        if field is None or value is None:
            continue
        encoded = columns.ENCODERS["keyword" if field.type == "text" else field.type](value)
        if encoded is not None:
            kept[name] = clock.to_text(encoded / 1000) if field.type == "date" else encoded
    kept[ORIGINAL] = orjson.dumps(event, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    return kept


def _vendor(value: Any) -> Any:
    if isinstance(value, list):
        return [str(item)[:MAX_VENDOR_VALUE] for item in value]
    return str(value)[:MAX_VENDOR_VALUE]


# ---------------------------------------------------------------- what fits a column as it is


@cache
def _plan() -> dict[str, tuple[Callable[[Any], bool], str]]:
    """Field → whether a value fits its column, and the column of its tokens ("" where none)."""
    return {
        name: (_FITS[field.type], f"{TOKENS}{name}" if field.type == "text" else "") for name, field in table().items()
    }


def _keyword(value: Any) -> bool:
    if type(value) is str:
        return len(value) <= columns.MAX_TERM
    return type(value) is list and all(type(item) is str and len(item) <= columns.MAX_TERM for item in value)


def _text(value: Any) -> bool:
    return type(value) is str or (type(value) is list and all(type(item) is str for item in value))


def _long(value: Any) -> bool:
    if type(value) is int:
        return -(2**63) <= value < 2**63
    return type(value) is list and all(type(item) is int and -(2**63) <= item < 2**63 for item in value)


def _float(value: Any) -> bool:
    return type(value) in {int, float}


def _boolean(value: Any) -> bool:
    return type(value) is bool


def _date(value: Any) -> bool:
    return type(value) is str and len(value) == 24 and _is_our_time(value)


@lru_cache(maxsize=8192)
def _is_our_time(text: str) -> bool:
    """Python reads more ways to write a time than the server does."""
    try:
        return clock.to_text(columns.millis(text) / 1000) == text
    except (ValueError, TypeError):
        return False


def _address(value: Any) -> bool:
    if type(value) is str:
        return "%" not in value and bool(columns.canonical_address(value))
    return type(value) is list and all(type(item) is str and _address(item) for item in value)


def _flattened(value: Any, depth: int = MAX_KEY_DEPTH) -> bool:
    if type(value) is dict:
        return depth > 0 and all(len(key) <= MAX_KEY and _leaf(item, depth - 1) for key, item in value.items())
    return False


def _leaf(value: Any, depth: int) -> bool:
    if type(value) is list:
        return all(_leaf(item, depth) for item in value)
    return _flattened(value, depth) if type(value) is dict else True


_FITS: dict[str, Callable[[Any], bool]] = {
    "keyword": _keyword,
    "text": _text,
    "long": _long,
    "float": _float,
    "date": _date,
    "boolean": _boolean,
    "ip": _address,
    "flattened": _flattened,
}
