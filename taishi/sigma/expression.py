"""A rule's condition as one Python expression, compiled when the rule first becomes a candidate.

Generated source holds no text of the rule: every literal is a constant in the function's namespace, so that nothing a
rule says can become code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from taishi.sigma import regexes, values
from taishi.sigma.rule import (
    ANY,
    And,
    Cidr,
    Compare,
    Exists,
    Match,
    Node,
    Not,
    Or,
    Reference,
    Regex,
    Text,
    TimePart,
)

Compiled = Callable[[values.Lower, values.Exact], bool]
Fields = Callable[[str], tuple[str, ...]]
"""Sigma field name → our fields."""

_CHEAP: Final = ("eq", "in", "start", "end", "contains", "exists", "not", "and", "or", "glob", "test", "regex")


class _Writer:
    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.names: dict[str, Any] = {}
        self._known: dict[Any, str] = {}
        self._values = 0

    def constant(self, value: Any) -> str:
        key = (type(value), value) if isinstance(value, (str, tuple, frozenset)) else id(value)
        name = self._known.get(key)
        if name is None:
            name = self._known[key] = f"k{len(self.names)}"
            self.names[name] = value
        return name

    def value(self, field: str, *, cased: bool = False) -> str:
        own = self.fields(field)
        return f"{'c' if cased else 'd'}[{self.constant(own[0] if len(own) == 1 else own)}]"

    def tested(self, field: str, function: Callable[[str], Any], *, cased: bool) -> str:
        """A call that must see one text at a time."""
        self._values += 1
        name, test = f"v{self._values}", self.constant(function)
        return f"({test}({name}) if type({name} := {self.value(field, cased=cased)}) is str else {name}.some({test}))"

    # -------------------------------------------------------- nodes

    def node(self, node: Node) -> tuple[int, str]:
        """(cost rank, source)."""
        if isinstance(node, Match):
            return self._match(node)
        if isinstance(node, Not):
            rank, source = self.node(node.part)
            return max(rank, _CHEAP.index("not")), f"(not {source})"
        if isinstance(node, And):
            return self._joined(" and ", [self.node(part) for part in node.parts], "True")
        return self._joined(" or ", self._alternatives(node), "False")

    def _joined(self, word: str, parts: list[tuple[int, str]], empty: str) -> tuple[int, str]:
        if len(parts) == 1:
            return parts[0]
        parts.sort(key=lambda part: part[0])
        return max((part[0] for part in parts), default=0), f"({word.join(part[1] for part in parts) or empty})"

    def _alternatives(self, node: Or) -> list[tuple[int, str]]:
        """Alternatives of one field joined: equal to any → a set; begins or ends with any → one call."""
        groups: dict[tuple[str, str, bool], list[str]] = {}
        rest: list[tuple[int, str]] = []
        for part in node.parts:
            shape = _shape(part)
            if shape is None:
                rest.append(self.node(part))
            else:
                groups.setdefault(shape[:3], []).append(shape[3])
        for (kind, field, cased), texts in groups.items():
            rest.append(self._texts(kind, field, texts, cased=cased))
        return rest

    def _texts(self, kind: str, field: str, texts: list[str], *, cased: bool) -> tuple[int, str]:
        value = self.value(field, cased=cased)
        texts = list(dict.fromkeys(texts if cased else (text.lower() for text in texts)))
        if kind == "eq":
            if len(texts) == 1:
                return _CHEAP.index("eq"), f"({value} == {self.constant(texts[0])})"
            self._values += 1
            name, known = f"v{self._values}", self.constant(frozenset(texts))
            source = f"(({name} in {known}) if type({name} := {value}) is str else {name}.among({known}))"
            return _CHEAP.index("in"), source
        if kind in {"start", "end"}:
            fixed = self.constant(tuple(texts) if len(texts) > 1 else texts[0])
            return _CHEAP.index(kind), f"{value}.{kind}swith({fixed})"
        if len(texts) == 1:
            return _CHEAP.index("contains"), f"({self.constant(texts[0])} in {value})"
        self._values += 1
        name = f"v{self._values}"
        first, *others = (self.constant(text) for text in texts)
        chain = "".join(f" or {other} in {name}" for other in others)
        return _CHEAP.index("contains"), f"({first} in ({name} := {value}){chain})"

    def _match(self, match: Match) -> tuple[int, str]:
        field, test = match.field, match.test
        shape = _shape(match)
        if shape is not None:
            return self._texts(shape[0], field, [shape[3]], cased=shape[2])
        if isinstance(test, Exists):
            self._values += 1
            name = f"v{self._values}"
            present = f"(type({name} := {self.value(field, cased=True)}) is str or len({name}) > 0)"
            return _CHEAP.index("exists"), present if test.present else f"(not {present})"
        if isinstance(test, Reference):
            own, other = self.value(field), self.value(test.field)
            return _CHEAP.index("test"), f"{self.constant(values.refers)}({own}, {other}, {self.constant(test.mode)})"
        function, cased, rank = _function(test)
        return _CHEAP.index(rank), self.tested(field, function, cased=cased)


def _function(test: Any) -> tuple[Callable[[str], Any], bool, str]:
    """(a function of one text, whether it sees the text's own case, its rank)."""
    if isinstance(test, Text):
        parts = test.parts if test.cased else tuple(p.lower() if isinstance(p, str) else p for p in test.parts)
        return values.Glob(parts), test.cased, "glob"
    if isinstance(test, Regex):
        return regexes.searcher(test.pattern, test.flags), True, "regex"
    if isinstance(test, Cidr):
        return values.within(test.network), True, "test"
    if isinstance(test, Compare):
        return values.compare(test.op, test.number), True, "test"
    if isinstance(test, TimePart):
        return values.time_part(test.part, test.op, test.number), True, "test"
    raise TypeError(f"no function for {type(test).__name__}")


def _shape(node: Node) -> tuple[str, str, bool, str] | None:
    """(eq, start, end or contains; field; cased; text) of a match that plain string operations decide."""
    if not isinstance(node, Match) or not isinstance(node.test, Text):
        return None
    parts, cased = node.test.parts, node.test.cased
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) > 1 or any(part == 1 for part in parts if type(part) is int):
        return None
    text = texts[0] if texts else ""
    stars = [type(part) is int and part == ANY for part in parts]
    if not any(stars):
        return "eq", node.field, cased, text
    if len(parts) > 3:
        return None
    if len(parts) == 1 or len(texts) == 0:
        return "contains", node.field, cased, ""
    if len(parts) == 2:
        return ("end" if stars[0] else "start"), node.field, cased, text
    return ("contains", node.field, cased, text) if stars == [True, False, True] else None


def compiled(condition: Node, fields: Fields) -> Compiled:
    """The condition as a function of an event's values, in lower case and in their own."""
    writer = _Writer(fields)
    source = f"lambda d, c: {writer.node(condition)[1]}"
    function: Compiled = eval(compile(source, "<rule>", "eval"), writer.names)  # noqa: S307 - see the module's text
    return function
