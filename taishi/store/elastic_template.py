"""The index templates of Elasticsearch, made from the field table.

Two variants: with ECS's own types (`match_only_text`, `wildcard`, `constant_keyword`, `scaled_float`), and plain for
servers that lack them. Queries are the same for both: what they ask text for are the columns under `taishi_index`, which
hold our own tokens and are kept out of `_source`. `subobjects: false` makes every dotted name a leaf, so that `labels`
and `labels.site` live side by side, and `dynamic: false` keeps a product's own fields from becoming columns: they are
in one `flattened` column.
"""

from __future__ import annotations

from typing import Any

from taishi.fields import Field, table
from taishi.store.columns import MAX_TERM, RAW_TEXT

COLUMNS = "taishi_index"
"""Prefix of what we index beyond the event. No parser may write a field of this name."""

DELIVERY = f"{COLUMNS}.delivery"
VENDOR = f"{COLUMNS}.vendor"
TOKENS = f"{COLUMNS}.tokens."
ORIGINAL = "taishi_original"
"""The event as JSON text, unmapped, in the few documents whose columns are not the event's own values."""

REFRESH = "30s"
"""When others see what was written but not flushed. Our own `flush` refreshes at once."""

WILDCARD = frozenset(
    {
        "process.command_line", "process.parent.command_line", "registry.data.strings", "url.original", "url.full",
        "url.path", "http.request.body.content", "http.response.body.content",
    }
)  # fmt: skip
MATCH_ONLY = frozenset({"message", "error.message"})
SCALED = {"taishi.asset.criticality": 1000, "taishi.asset.purdue": 10}
"""Factors of numbers with few digits behind the point."""

KINDS = {"event": "events", "alert": "alerts"}

GRACE_DAYS = 2
"""Days that the server's own lifecycle waits beyond ours: it counts from when an index was made, and only steps in
where our housekeeping did not run."""


def alias(prefix: str, kind: str) -> str:
    return f"{prefix}-{KINDS[kind]}"


def templates(
    prefix: str, *, typed: bool, shards: int = 1, replicas: int = 1, lifecycle: bool = False
) -> dict[str, dict[str, Any]]:
    """Composable index templates by name. `lifecycle` attaches the policy of the same name as the alias."""
    found = {}
    for kind in KINDS:
        name = alias(prefix, kind)
        mappings = _mappings(kind, typed=typed)
        settings: dict[str, Any] = {
            "index.number_of_shards": shards,
            "index.number_of_replicas": replicas,
            "index.refresh_interval": REFRESH,
            "index.codec": "best_compression",
            "index.mapping.total_fields.limit": 2000,
        }
        found[name] = _template(name, f"{name}-*", 200, settings, mappings)
        if lifecycle:
            for span in ("older", "later"):  # these never end, and so outlive every policy
                found[f"{name}-{span}"] = _template(name, f"{name}-{span}", 201, settings, mappings)
            found[name]["template"]["settings"] = settings | {"index.lifecycle.name": name}
    return found


def _template(
    name: str, pattern: str, priority: int, settings: dict[str, Any], mappings: dict[str, Any]
) -> dict[str, Any]:
    return {
        "index_patterns": [pattern],
        "priority": priority,
        "template": {"settings": settings, "mappings": mappings, "aliases": {name: {}}},
        "_meta": {"description": "Made by Taishi from its field table; changes here are overwritten."},
    }


def policy(days: int) -> dict[str, Any]:
    """The lifecycle policy that deletes an index `days` and a grace after it was made."""
    return {"phases": {"delete": {"min_age": f"{days + GRACE_DAYS}d", "actions": {"delete": {}}}}}


def _mappings(kind: str, *, typed: bool) -> dict[str, Any]:
    properties = {name: _column(field, typed=typed) for name, field in table().items()}
    if kind == "alert" and typed:
        properties["event.kind"] = {"type": "constant_keyword", "value": "alert"}
    tokens = {
        f"{TOKENS}{name}": {"type": "text", "analyzer": "whitespace", "norms": False}
        for name, field in table().items()
        if field.type == "text"
    }
    return {
        "dynamic": False,
        "subobjects": False,
        "_source": {"excludes": [f"{COLUMNS}.*"]},
        "properties": {
            **properties,
            **tokens,
            DELIVERY: {"type": "keyword", "doc_values": False},
            VENDOR: {"type": "flattened"},
        },
    }


def _column(field: Field, *, typed: bool) -> dict[str, Any]:
    if field.name == "event.original":
        return {"type": "keyword", "index": False, "doc_values": False}
    if field.name in MATCH_ONLY:
        return {"type": "match_only_text"} if typed else {"type": "text", "index": False}
    if field.name in WILDCARD and typed:
        return {"type": "wildcard", "ignore_above": MAX_TERM}
    if field.type == "text" and field.name not in RAW_TEXT and not typed:
        return {"type": "keyword", "index": False, "doc_values": False}
    if field.type == "float":
        if typed and field.name in SCALED:
            return {"type": "scaled_float", "scaling_factor": SCALED[field.name]}
        return {"type": "double"}
    if field.type == "flattened":
        return {"type": "flattened", "ignore_above": 1024}
    if field.type in {"keyword", "text"}:
        return {"type": "keyword", "ignore_above": MAX_TERM}
    return {"type": field.type}
