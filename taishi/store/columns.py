"""Events as tantivy documents: the schema made from the field table, and the encoding of one event.

Every documented field is typed. Text fields are indexed as the tokens of `taishi.store.tokens`; `_text` holds those of
all full-text fields. What products say beyond the table goes into one JSON field as exact strings. The event itself is
kept once, as bytes, compressed by the docstore.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Any

import orjson
import tantivy

from taishi.clock import to_seconds
from taishi.event import Event
from taishi.fields import VENDOR_PREFIXES, table
from taishi.store.query import FULL_TEXT
from taishi.store.tokens import tokens

MAX_TERM = 8000
"""Bytes of an exact keyword that are searchable; Lucene and tantivy refuse terms far above this."""

MAX_VENDOR_FIELDS = 64

SORT_BITS = 22
"""Low bits of the sort key, from a hash of the event id: a fixed order among events of one millisecond."""

RAW_TEXT = frozenset({"rule.name"})
"""Text fields that are counted too, and so kept as a keyword beside their tokens."""

SCHEMA_VERSION = 1


@cache
def schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("_id", fast=False, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("_delivery", fast=False, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("_sort", indexed=True, fast=True)
    builder.add_integer_field("_time", indexed=True, fast=True)
    builder.add_text_field("_text", tokenizer_name="whitespace", index_option="position")
    builder.add_bytes_field("_source", stored=True)
    builder.add_json_field("_vendor", tokenizer_name="raw", index_option="basic", expand_dots_enabled=True)
    for field in table().values():
        if field.type == "keyword":
            builder.add_text_field(field.name, fast=field.column, tokenizer_name="raw", index_option="basic")
        elif field.type == "text" and field.name != "event.original":
            builder.add_text_field(field.name, tokenizer_name="whitespace", index_option="position")
            if field.name in RAW_TEXT:
                builder.add_text_field(f"{field.name}.raw", fast=True, tokenizer_name="raw", index_option="basic")
        elif field.type in {"long", "date"}:
            builder.add_integer_field(field.name, indexed=True, fast=True)
        elif field.type == "float":
            builder.add_float_field(field.name, indexed=True, fast=True)
        elif field.type == "boolean":
            builder.add_boolean_field(field.name, indexed=True, fast=True)
        elif field.type == "ip":
            builder.add_ip_addr_field(field.name, indexed=True, fast=True)
    builder.add_text_field("_present", tokenizer_name="raw", index_option="basic")
    return builder.build()


def sort_key(seconds: float, event_id: str) -> int:
    """One number that orders by time, then by a hash of the id."""
    digest = int.from_bytes(blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "big")
    return (max(0, round(seconds * 1000)) << SORT_BITS) | (digest >> (32 - SORT_BITS))


def millis(text: str) -> int:
    """Epoch milliseconds of a timestamp; raises ValueError."""
    return _kept_millis(text) if type(text) is str and len(text) <= 32 else round(to_seconds(text) * 1000)


@lru_cache(maxsize=8192)
def _kept_millis(text: str) -> int:
    """A delivery's events share their receipt, and each event's own time is read more than once."""
    return round(to_seconds(text) * 1000)


def document(event: Event, delivery: str, millis_at: int) -> tantivy.Document:
    """Encode one event. Values of the wrong type are kept in the source and left out of the column."""
    event_id = event["event.id"]
    columns: dict[str, Any] = {
        "_id": event_id,
        "_delivery": delivery,
        "_sort": sort_key(millis_at / 1000, event_id),
        "_time": millis_at,
        "_source": orjson.dumps(event, option=orjson.OPT_SERIALIZE_NUMPY),
    }
    plan = _plan()
    vendor: dict[str, str] = {}
    present: list[str] = []
    for name, value in event.items():
        known = plan.get(name)
        if known is None:
            if len(vendor) < MAX_VENDOR_FIELDS and name.startswith(VENDOR_PREFIXES):
                vendor[name] = str(value)[:MAX_TERM]
                present.append(name)
            continue
        encode, named, raw = known
        if encode is _keyword and type(value) is str and len(value) <= MAX_TERM:  # most fields of most events
            columns[name] = value
        elif (encoded := encode(value)) is not None:
            columns[name] = encoded
        if named:
            present.append(name)
        if raw:
            columns[raw] = str(value)[:MAX_TERM]
    if vendor:
        columns["_vendor"] = vendor
    if present:
        columns["_present"] = present
    columns["_text"] = _full_text(event, columns)
    return tantivy.Document.from_dict(columns, schema())


def _full_text(event: Event, columns: dict[str, Any]) -> list[str]:
    """The tokens of every full-text field; a single text that has its own column was cut into tokens for it."""
    texts: dict[str, str] = {}
    for name in FULL_TEXT:
        value = event.get(name)
        if not value:
            continue
        text = str(value)
        if text not in texts:
            texts[text] = columns[name][0] if type(value) is str and name in columns else tokenised(text)
    return list(texts.values())


@lru_cache(maxsize=65_536)
def _kept_tokens(text: str) -> str:
    return " ".join(tokens(text))


def tokenised(text: str) -> str:
    """Rule names and messages repeat; long texts seldom do, and would only fill the cache."""
    return _kept_tokens(text) if len(text) <= 160 else " ".join(tokens(text))


@cache
def _plan() -> dict[str, tuple[Callable[[Any], Any], bool, str]]:
    """Field → how to encode it, whether `_present` must name it, and the column of its raw text ("" where none): one
    look-up a field of an event."""
    fast = _fast()
    return {
        name: (ENCODERS[kind], name not in fast, f"{name}.raw" if name in RAW_TEXT else "")
        for name, kind in _kinds().items()
    }


@cache
def _kinds() -> dict[str, str]:
    return {field.name: field.type for field in table().values() if field.name != "event.original"}


@cache
def _fast() -> frozenset[str]:
    """Fields whose presence a fast column answers; the others are named in `_present`."""
    fast = {f.name for f in table().values() if f.type in {"long", "date", "float", "boolean", "ip"}}
    return frozenset(fast | {f.name for f in table().values() if f.type == "keyword" and f.column})


def is_fast(name: str) -> bool:
    return name in _fast()


def _keyword(value: Any) -> Any:
    if type(value) is str:
        return value if len(value) <= MAX_TERM else value[:MAX_TERM]
    if isinstance(value, list):
        return [str(item)[:MAX_TERM] for item in value] or None
    return str(value)[:MAX_TERM]


def _text(value: Any) -> Any:
    values = value if isinstance(value, list) else [value]
    return [tokenised(str(item)) for item in values]


def _integer(value: Any) -> Any:
    if type(value) is int:
        return value if -(2**63) <= value < 2**63 else None
    if isinstance(value, list):
        return [item for item in value if _is_integer(item)] or None
    return value if _is_integer(value) else None


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _float(value: Any) -> Any:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _date(value: Any) -> Any:
    try:
        return millis(value)
    except (ValueError, TypeError):
        return None


def _boolean(value: Any) -> Any:
    return value if isinstance(value, bool) else None


def _address(value: Any) -> Any:
    if type(value) is str:
        return canonical_address(value) or None
    values = value if isinstance(value, list) else [value]
    return [canonical for item in values if (canonical := canonical_address(str(item)))] or None


@lru_cache(maxsize=131_072)
def canonical_address(value: str) -> str:
    """The address in the form the column takes; an empty string for what is none (zone ids are cut off)."""
    try:
        return str(ipaddress.ip_address(value.split("%", 1)[0]))
    except ValueError:
        return ""


def _nothing(_value: Any) -> Any:
    return None


ENCODERS: dict[str, Callable[[Any], Any]] = {
    "keyword": _keyword,
    "text": _text,
    "long": _integer,
    "float": _float,
    "date": _date,
    "boolean": _boolean,
    "ip": _address,
    "flattened": _nothing,
}
