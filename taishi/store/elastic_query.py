"""The query tree and the scope as Elasticsearch's query DSL, and the cursor of a page."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import orjson

from taishi.errors import QueryError
from taishi.fields import ALIASES, table
from taishi.scope import Scope
from taishi.store import columns
from taishi.store.elastic_template import TOKENS, VENDOR
from taishi.store.query import (
    FULL_TEXT,
    And,
    Between,
    Exists,
    MatchAll,
    Node,
    Not,
    Or,
    Pattern,
    Term,
    Text,
    TextPattern,
)

Query = dict[str, Any]

NOTHING: Query = {"match_none": {}}


def compile_query(node: Node, scope: Scope, start: float | None, end: float | None) -> Query:
    """One query that holds the person's question, the time bounds and the scope; nothing in it is scored."""
    parts = [compile_node(node)]
    bounds: dict[str, Any] = {}
    if start is not None:
        bounds["gte"] = _millis(start)
    if end is not None:
        bounds["lt"] = _millis(end)
    if bounds:
        parts.append(_range("@timestamp", bounds))
    return {"bool": {"filter": parts + _scope(scope)}}


def _scope(scope: Scope) -> list[Query]:
    if scope.nothing:
        return [NOTHING]
    wanted = (
        ("taishi.region_path", scope.regions),
        ("organization.id", scope.enterprises),
        ("taishi.authority", scope.authorities),
    )
    return [{"terms": {field: list(values)}} for field, values in wanted if values]


def compile_node(node: Node) -> Query:  # noqa: C901  one case a kind of node: a table in the shape of a match
    match node:
        case MatchAll():
            return {"match_all": {}}
        case And(items):
            return {"bool": {"filter": [compile_node(item) for item in items]}}
        case Or(items):
            return _any([compile_node(item) for item in items])
        case Not(item):
            return {"bool": {"must_not": [compile_node(item)]}}
        case Text(field, words):
            return _any([_words(name, words) for name in _texts(field)])
        case TextPattern(field, regex):
            return _any([_wildcard(name, regex) for name in _texts(field)])
        case Term(field, value):
            return _equal(field, value)
        case Pattern(field, regex):
            if field not in table():
                raise QueryError(f"{field} knows no wildcards; give the whole value")
            return _wildcard(field, regex)
        case Between():
            return _between(node)
        case Exists(field):
            return {"exists": {"field": _column(field)}}


def _any(queries: list[Query]) -> Query:
    return queries[0] if len(queries) == 1 else {"bool": {"should": queries, "minimum_should_match": 1}}


def _texts(field: str) -> list[str]:
    return [f"{TOKENS}{name}" for name in ((field,) if field else FULL_TEXT)]


def _words(name: str, words: tuple[str, ...]) -> Query:
    if len(words) == 1:
        return {"term": {name: words[0]}}
    return {"match_phrase": {name: " ".join(words)}}


def _column(field: str) -> str:
    described = table().get(field)
    if described is None:
        return f"{VENDOR}.{field}"
    return f"{TOKENS}{field}" if described.type == "text" else field


def _wildcard(name: str, regex: str) -> Query:
    return {"wildcard": {name: {"value": wildcard(regex)}}}


def wildcard(regex: str) -> str:
    """The tree's expression as a Lucene wildcard, which means the same: Lucene's own expressions give `"`, `@` and `<`
    meanings that Python's do not."""
    parts = []
    for piece in re.findall(r"\\.|\.\*|.", regex, re.DOTALL):
        if piece == ".*":
            parts.append("*")
        elif piece == ".":
            parts.append("?")
        else:
            literal = piece[-1]
            parts.append(f"\\{literal}" if literal in "*?\\" else literal)
    return "".join(parts)


def _equal(field: str, value: str | float | bool) -> Query:
    described = table().get(field)
    if described is None or described.type == "keyword":
        return {"term": {_column(field): {"value": str(value)}}}
    if described.type == "flattened":
        return NOTHING
    if described.type == "long" and not isinstance(value, str):
        return {"term": {field: {"value": int(value)}}} if float(value) == int(value) else NOTHING
    return {"term": {field: {"value": value}}}


def _between(node: Between) -> Query:
    kind = table()[node.field].type
    bounds: dict[str, Any] = {}
    if node.low is not None:
        bounds["gte" if node.include_low else "gt"] = node.low
    if node.high is not None:
        bounds["lte" if node.include_high else "lt"] = node.high
    if not bounds:
        return {"exists": {"field": node.field}}
    if kind == "date":
        bounds = dict(_whole(relation, float(bound)) for relation, bound in bounds.items())
    return _range(node.field, bounds)


def _whole(relation: str, seconds: float) -> tuple[str, int]:
    """A bound on whole milliseconds that means the same as one on fractions."""
    exact = round(seconds * 1000, 6)
    whole = int(exact // 1)
    if whole == exact:
        return relation, whole
    return ("gte", whole + 1) if relation.startswith("g") else ("lte", whole)


def _range(field: str, bounds: dict[str, Any]) -> Query:
    if table()[field].type == "date":
        bounds = bounds | {"format": "epoch_millis"}
    return {"range": {field: bounds}}


def _millis(seconds: float) -> int:
    """Within what the server takes for a time; the bounds of a person may be infinite."""
    return round(max(-1e12, min(seconds, 2e11)) * 1000)


def countable(field: str) -> str:
    """The column whose values are counted; raises QueryError, as the embedded store does."""
    name = ALIASES.get(field, field)
    if name in columns.RAW_TEXT:
        return name
    described = table().get(name)
    if described is None or not columns.is_fast(name) or described.type in {"date", "float"}:
        raise QueryError(f"the values of {field[:80]!r} cannot be counted; choose a field marked ● in the field list")
    return name


# ---------------------------------------------------------------- cursors


def write_cursor(sort: list[Any], snapshot: str) -> str:
    """The place behind an event (its sort values) and the name under which this process keeps the point in time."""
    return base64.urlsafe_b64encode(orjson.dumps([*sort, snapshot])).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[list[Any], str]:
    """Sort values and snapshot of a cursor; raises QueryError for what none of us wrote."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, event_id, snapshot = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if type(at) is int and abs(at) < 2**63 and isinstance(event_id, str) and isinstance(snapshot, str):
            return [at, event_id], snapshot
    except (ValueError, TypeError, binascii.Error):
        pass
    raise QueryError("the cursor is not one of ours; begin again without it")
