"""The query tree and the scope as tantivy queries."""

from __future__ import annotations

from typing import Any

from tantivy import FieldType, Occur, Query

from taishi.errors import QueryError
from taishi.fields import table
from taishi.scope import Scope
from taishi.store import columns
from taishi.store.query import (
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


def compile_query(node: Node, scope: Scope, start: float | None, end: float | None) -> Query:
    """One query that holds the person's question, the time bounds and the scope."""
    parts = [(Occur.Must, compile_node(node))]
    if start is not None or end is not None:
        low = None if start is None else round(start * 1000)
        high = None if end is None else round(end * 1000)
        bounds = _range("_time", FieldType.Integer, low, high, include_low=True, include_high=False)
        parts.append((Occur.Must, bounds))
    parts += [(Occur.Must, part) for part in _scope(scope)]
    return Query.boolean_query(parts)


def _scope(scope: Scope) -> list[Query]:
    if scope.nothing:
        return [Query.empty_query()]
    wanted = (
        ("taishi.region_path", scope.regions),
        ("organization.id", scope.enterprises),
        ("taishi.authority", scope.authorities),
    )
    return [_any(field, values) for field, values in wanted if values]


def _any(field: str, values: tuple[str, ...]) -> Query:
    return Query.boolean_query([(Occur.Should, _term(field, value)) for value in values])


def _term(field: str, value: object) -> Query:
    return Query.term_query(columns.schema(), field, value, "basic")


def compile_node(node: Node) -> Query:  # noqa: C901  one case a kind of node: a table in the shape of a match
    match node:
        case MatchAll():
            return Query.all_query()
        case And(items):
            return Query.boolean_query([(Occur.Must, compile_node(item)) for item in items])
        case Or(items):
            return Query.boolean_query([(Occur.Should, compile_node(item)) for item in items])
        case Not(item):
            return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, compile_node(item))])
        case Text(field, words):
            name = field or "_text"
            if len(words) == 1:
                return _term(name, words[0])
            return Query.phrase_query(columns.schema(), name, list(words))
        case TextPattern(field, regex):
            return _regex(field or "_text", regex)
        case Term(field, value):
            return _equal(field, value)
        case Pattern(field, regex):
            if field not in table():
                raise QueryError(f"{field} knows no wildcards; give the whole value")
            return _regex(field, regex)
        case Between():
            return _between(node)
        case Exists(field):
            return Query.exists_query(field) if columns.is_fast(field) else _term("_present", field)


def _regex(field: str, regex: str) -> Query:
    try:
        return Query.regex_query(columns.schema(), field, regex)
    except ValueError as error:
        raise QueryError(f"the wildcard pattern is too large: {error}") from error


def _equal(field: str, value: str | float | bool) -> Query:
    described = table().get(field)
    if described is None:
        return _term(f"_vendor.{field}", value)
    if described.type == "flattened":
        return Query.empty_query()
    if described.type == "long":
        if float(value) != int(value):
            return Query.empty_query()
        return _term(field, int(value))
    if described.type == "float":
        return _term(field, float(value))
    return _term(field, value)


def _between(node: Between) -> Query:
    kind = table()[node.field].type
    if kind == "ip":
        low, high = (_mapped(bound) for bound in (node.low, node.high))
        return _range(node.field, FieldType.IpAddr, low, high, node.include_low, node.include_high)
    if kind == "float":
        return _range(node.field, FieldType.Float, node.low, node.high, node.include_low, node.include_high)
    factor = 1000 if kind == "date" else 1
    low_number, include_low = _whole(node.low, factor, node.include_low, up=True)
    high_number, include_high = _whole(node.high, factor, node.include_high, up=False)
    return _range(node.field, FieldType.Integer, low_number, high_number, include_low, include_high)


def _mapped(bound: float | str | None) -> str | None:
    """Both families share one order: IPv4 lies inside IPv6's mapped block."""
    return None if bound is None else str(bound)


def _whole(bound: float | str | None, factor: int, include: bool, *, up: bool) -> tuple[int | None, bool]:
    """A bound on whole numbers that means the same as one on fractions."""
    if bound is None:
        return None, True
    exact = round(float(bound) * factor, 6)
    whole = int(exact // 1)
    if whole == exact:
        return whole, include
    return (whole + 1, True) if up else (whole, True)


def _range(
    field: str, kind: FieldType, low: Any, high: Any, include_low: bool = True, include_high: bool = True
) -> Query:
    if low is None and high is None:
        return Query.exists_query(field)
    return Query.range_query(
        columns.schema(), field, kind, low, high, include_low or low is None, include_high or high is None
    )
