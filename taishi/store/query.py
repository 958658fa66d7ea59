"""The query language: Lucene syntax over the documented fields, the same on every store.

    source.ip:10.0.0.0/8 AND event.severity:[60 TO *] AND NOT event.module:zeek
    rule.name:"modbus write" · user.name:adm* · _exists_:file.hash.sha256 · @timestamp:[now-1h TO now] · 工控 勒索

Words without a field search the full text: message, rule name, command line and the original record. Words side by side
are joined by AND. Keywords are exact, with `*` and `?`; addresses know ranges and CIDR; numbers and times know ranges.

`parse` gives a small tree that an adapter compiles, and that `matches` evaluates in plain Python: the reference that
the adapters are tested against.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from luqum import tree
from luqum.exceptions import ParseError as LuqumError
from luqum.thread import parse as luqum_parse

from taishi.clock import to_seconds
from taishi.errors import QueryError
from taishi.event import Event
from taishi.fields import ALIASES, VENDOR_PREFIXES, Field, table
from taishi.store.tokens import tokens

MAX_LENGTH = 4000
MAX_CLAUSES = 200
MAX_DEPTH = 30

FULL_TEXT = ("message", "rule.name", "process.command_line", "event.original")
"""What words without a field search."""

_FULL_TEXT_ONLY = "event.original"

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_NOW = re.compile(r"now(?:([+-])(\d{1,6})([smhdw]))?$")
_SYNTAX_POSITION = re.compile(r"position (\d+)")


@dataclass(frozen=True, slots=True)
class MatchAll:
    pass


@dataclass(frozen=True, slots=True)
class And:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    item: Node


@dataclass(frozen=True, slots=True)
class Text:
    """Consecutive tokens in a text field, or with an empty `field` in any of FULL_TEXT."""

    field: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TextPattern:
    """One token that matches a wildcard pattern, given as an anchored regular expression without look-around."""

    field: str
    regex: str


@dataclass(frozen=True, slots=True)
class Term:
    """A value equal to this one: str for keyword and address, int, float or bool."""

    field: str
    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class Pattern:
    """A keyword that matches a wildcard pattern as a whole."""

    field: str
    regex: str


@dataclass(frozen=True, slots=True)
class Between:
    """A number, a time in epoch seconds, or an address within bounds; None is open."""

    field: str
    low: float | str | None
    high: float | str | None
    include_low: bool = True
    include_high: bool = True


@dataclass(frozen=True, slots=True)
class Exists:
    field: str


Node: TypeAlias = MatchAll | And | Or | Not | Text | TextPattern | Term | Pattern | Between | Exists


def parse(query: str, now: float) -> Node:
    """Read a query; `now` (epoch seconds) is what `now` in it means. Raises QueryError with the position."""
    if not query.strip() or query.strip() == "*":
        return MatchAll()
    if len(query) > MAX_LENGTH:
        raise QueryError(f"the query is longer than {MAX_LENGTH} characters; narrow it down", MAX_LENGTH)
    _check_depth(query)
    try:
        parsed = luqum_parse(query)
    except LuqumError as error:
        raise QueryError(_explain(query, str(error)), _position(query, str(error))) from error
    except (RecursionError, ValueError, AttributeError) as error:
        raise QueryError("the query cannot be read; check quotes and brackets", 0) from error
    return _Reader(now).read(parsed, "")


def _check_depth(query: str) -> None:
    depth = 0
    for position, character in enumerate(query):
        depth += (character == "(") - (character == ")")
        if depth > MAX_DEPTH:
            raise QueryError(f"the query nests brackets deeper than {MAX_DEPTH}", position)


def _position(query: str, message: str) -> int:
    found = _SYNTAX_POSITION.search(message)
    return min(int(found.group(1)), len(query)) if found else len(query)


def _explain(query: str, message: str) -> str:
    position = _position(query, message)
    if position >= len(query):
        return "the query ends too early: close the quote or bracket, or give a value after the colon"
    return f"{query[position]!r} does not fit here; put quotes around a value with special characters"


class _Reader:
    """luqum's tree → ours, with fields and values checked."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._clauses = 0

    def read(self, node: tree.Item, field: str) -> Node:
        self._clauses += 1
        if self._clauses > MAX_CLAUSES:
            raise QueryError(f"the query has more than {MAX_CLAUSES} clauses", node.pos or 0)
        if isinstance(node, tree.Phrase | tree.Word):
            return self._value(node, field)
        if isinstance(node, tree.SearchField):
            return self._field(node)
        if isinstance(node, tree.Group | tree.FieldGroup | tree.Plus):
            return self.read(node.children[0], field)
        if isinstance(node, tree.Not | tree.Prohibit):
            return Not(self.read(node.children[0], field))
        if isinstance(node, tree.OrOperation):
            return Or(tuple(self.read(child, field) for child in node.children))
        if isinstance(node, tree.AndOperation | tree.UnknownOperation | tree.BoolOperation):
            return And(tuple(self.read(child, field) for child in node.children))
        if isinstance(node, tree.Range | tree.From | tree.To):
            return self._range(node, field)
        raise QueryError(f"{type(node).__name__} is not part of this language", node.pos or 0)

    def _field(self, node: tree.SearchField) -> Node:
        position = node.pos or 0
        name = re.sub(r"\\(.)", r"\1", node.name)
        inner = node.children[0]
        if name == "_exists_":
            return Exists(lookup(str(inner).strip(), position).name)
        if isinstance(inner, tree.Word) and inner.value == "*":
            return Exists(lookup(name, position).name)
        return self.read(inner, lookup(name, position).name)

    def _value(self, node: tree.Phrase | tree.Word, field: str) -> Node:
        position = node.pos or 0
        quoted = isinstance(node, tree.Phrase)
        raw = node.value[1:-1] if quoted else node.value
        if not field and raw == "*" and not quoted:
            return MatchAll()
        described = table().get(field) if field else None
        if not field or (described and described.type == "text"):
            return _text(field, raw, quoted=quoted, position=position)
        kind = described.type if described else "keyword"
        if kind in {"keyword", "flattened"}:
            if not quoted and re.search(r"(?<!\\)[*?]", raw):
                return Pattern(field, _wildcard(raw))
            return Term(field, _unescape(raw))
        return _typed(field, kind, _unescape(raw), self._now, position)

    def _range(self, node: tree.Range | tree.From | tree.To, field: str) -> Node:
        position = node.pos or 0
        described = table().get(field) if field else None
        if described is None or described.type not in {"long", "float", "date", "ip"}:
            name = field or "a word without a field"
            raise QueryError(f"{name} knows no ranges; numbers, times and addresses do", position)
        low, high, include_low, include_high = _bounds(node)
        return Between(
            field,
            _bound(described, low, self._now, position),
            _bound(described, high, self._now, position),
            include_low,
            include_high,
        )


def lookup(name: str, position: int = 0) -> Field:
    """The field a query may name; raises QueryError with near names where there is none."""
    name = ALIASES.get(name, name)
    found = table().get(name)
    if found and name != _FULL_TEXT_ONLY:
        return found
    if name == _FULL_TEXT_ONLY:
        raise QueryError("the original record is searched by words without a field", position)
    if name.startswith(VENDOR_PREFIXES) and re.fullmatch(r"[\w.@-]{1,200}", name):
        return Field(name, "keyword", array=False, column=False, meaning_zh="", meaning_en="")
    last = name.rsplit(".", 1)[-1]
    near = [known for known in table() if known.endswith(last)][:4] if last else []
    hint = f"; did you mean {', '.join(near)}?" if near else "; see the field list"
    raise QueryError(f"there is no field {name[:80]!r}{hint}", position)


def _bounds(node: tree.Range | tree.From | tree.To) -> tuple[str, str, bool, bool]:
    if isinstance(node, tree.Range):
        return _plain(node.low), _plain(node.high), node.include_low, node.include_high
    value = _plain(node.children[0])
    if isinstance(node, tree.From):
        return value, "*", node.include, True
    return "*", value, True, node.include


def _plain(item: tree.Item) -> str:
    text = str(item).strip()
    return text[1:-1] if isinstance(item, tree.Phrase) else _unescape(text)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _wildcard(raw: str) -> str:
    """A wildcard pattern as a regular expression; runs of stars collapse, so that matching stays linear-ish."""
    parts = []
    for piece in re.findall(r"\\.|\*+|.", raw, re.DOTALL):
        if piece[0] == "*":
            parts.append(".*")
        elif piece == "?":
            parts.append(".")
        else:
            parts.append(re.escape(piece[-1]))
    return "".join(parts)


def _text(field: str, raw: str, *, quoted: bool, position: int) -> Node:
    if not quoted and re.search(r"(?<!\\)[*?]", raw):
        lowered = raw.lower()
        if not re.fullmatch(r"[\w*?]+", lowered):
            raise QueryError("a wildcard in free text stands inside one word, such as mod*", position)
        return TextPattern(field, _wildcard(lowered))
    words = tuple(tokens(_unescape(raw)))
    if not words:
        raise QueryError(f"{raw!r} holds no word to search for", position)
    return Text(field, words)


def _typed(field: str, kind: str, value: str, now: float, position: int) -> Node:
    if kind == "ip":
        return _address(field, value, position)
    if kind == "date":
        moment = _moment(value, now, position)
        return Between(field, moment, moment)
    if kind == "boolean":
        if value.lower() not in {"true", "false"}:
            raise QueryError(f"{field} is true or false", position)
        return Term(field, value.lower() == "true")
    return Term(field, _number(field, value, position))


def _number(field: str, value: str, position: int) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not abs(number) < 2**62:
        raise QueryError(f"{field} is a number; {value[:40]!r} is not, or is out of bounds", position)
    return number


def _address(field: str, value: str, position: int) -> Node:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        reason = f"{field} is an address or network such as 10.0.0.0/8; {value[:60]!r} is neither"
        raise QueryError(reason, position) from error
    if network.num_addresses == 1:
        return Term(field, str(network.network_address))
    return Between(field, str(network.network_address), str(network.broadcast_address))


def _bound(field: Field, value: str, now: float, position: int) -> float | str | None:
    if value == "*":
        return None
    if field.type == "date":
        return _moment(value, now, position)
    if field.type == "ip":
        try:
            return str(ipaddress.ip_address(value))
        except ValueError as error:
            raise QueryError(f"{value[:60]!r} is no address", position) from error
    return _number(field.name, value, position)


def _moment(value: str, now: float, position: int) -> float:
    relative = _NOW.match(value)
    if relative:
        sign, amount, unit = relative.groups()
        return now + (int(amount) * _UNITS[unit] * (1 if sign == "+" else -1) if sign else 0)
    try:
        return to_seconds(value)
    except ValueError as error:
        raise QueryError(
            f"{value[:40]!r} is no time; write 2026-05-28T08:00:00Z (in quotes) or now-1h", position
        ) from error


# ---------------------------------------------------------------- the reference evaluator


def matches(node: Node, event: Event) -> bool:  # noqa: C901  one case a kind of node
    """Whether an event matches: slow, obvious, and what the stores must agree with."""
    match node:
        case MatchAll():
            return True
        case And(items):
            return all(matches(item, event) for item in items)
        case Or(items):
            return any(matches(item, event) for item in items)
        case Not(item):
            return not matches(item, event)
        case Text(field, words):
            return any(_holds(tuple(tokens(text)), words) for text in _texts(event, field))
        case TextPattern(field, regex):
            compiled = _compiled(regex)
            return any(compiled.fullmatch(word) for text in _texts(event, field) for word in tokens(text))
        case Pattern(field, regex):
            return any(_compiled(regex).fullmatch(str(value)) for value in _values(event, field))
        case Exists(field):
            return bool(_values(event, field))
        case Term(field, value):
            return any(_equal(found, value, field) for found in _values(event, field))
        case Between():
            return any(_within(found, node) for found in _values(event, node.field))


@lru_cache(512)
def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex, re.DOTALL)


def _values(event: Event, field: str) -> list[Any]:
    value = event.get(field)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _texts(event: Event, field: str) -> Iterable[str]:
    for name in (field,) if field else FULL_TEXT:
        yield from map(str, _values(event, name))


def _holds(text: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return any(text[at : at + len(words)] == words for at in range(len(text) - len(words) + 1))


def _equal(found: Any, value: Any, field: str) -> bool:
    described = table().get(field)
    if described and described.type == "ip":
        return _ordered_address(found) == _ordered_address(value)
    if isinstance(value, str):
        return str(found) == value
    return bool(found == value)


def _within(found: Any, range_: Between) -> bool:
    kind = table()[range_.field].type
    key: Any
    low: Any
    high: Any
    if kind == "ip":
        key = _ordered_address(found)
        low = _ordered_address(range_.low) if range_.low is not None else None
        high = _ordered_address(range_.high) if range_.high is not None else None
    else:
        key = round(to_seconds(found), 3) if kind == "date" else found
        low, high = range_.low, range_.high
    return not (
        (low is not None and (key < low or (key == low and not range_.include_low)))
        or (high is not None and (key > high or (key == high and not range_.include_high)))
    )


def _ordered_address(text: Any) -> int:
    """Both families in one order, IPv4 as mapped into IPv6, as the stores keep them."""
    address = ipaddress.ip_address(text)
    return int(address) if address.version == 6 else int(address) + 0xFFFF_0000_0000
