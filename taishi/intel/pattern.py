"""STIX 2.1 patterns, as far as they name values (STIX 2.1, §9).

A platform that looks up values can match `[a = 'x' OR b IN ('y', 'z')]` and observations joined by OR. It cannot match
what needs two things together, an order, a count, a comparison or an expression: those are refused with the reason, never
half matched, and regular expressions in them are never run. The parser reads each character once; its depth is bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from taishi.intel.values import BadValue, Kind, guess, normalise

MAX_PATTERN: Final = 100_000
"""Characters of one pattern."""
MAX_VALUES: Final = 5_000
MAX_DEPTH: Final = 32


class Unmatchable(ValueError):
    """A pattern, or a part of it, that values cannot match; the text says why."""


@dataclass(frozen=True, slots=True)
class _Test:
    """One comparison: object path, operator, values."""

    path: str
    operator: str
    values: tuple[str, ...]
    negated: bool


_TOKEN: Final = re.compile(
    r"\s+|(?P<string>[a-z]?'(?:[^'\\]|\\.)*')|(?P<word>[A-Za-z_][\w-]*(?::[\w'.\-\[\]*]+)?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<sign>==|!=|<>|<=|>=|[=<>()\[\],])",
    re.DOTALL,
)
_KEYWORDS: Final = frozenset({
    "AND", "OR", "NOT", "IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET", "EXISTS", "FOLLOWEDBY", "WITHIN", "REPEATS",
    "TIMES", "START", "STOP", "SECONDS",
})  # fmt: skip
_NAMED: Final = {
    "LIKE": "LIKE is a wildcard", "MATCHES": "MATCHES is a regular expression",
    "ISSUPERSET": "ISSUPERSET compares networks the other way round", "EXISTS": "EXISTS names no value",
    "FOLLOWEDBY": "FOLLOWEDBY needs an order of events", "WITHIN": "WITHIN needs a span of time",
    "REPEATS": "REPEATS needs a count", "START": "START/STOP bounds when it was observed",
}  # fmt: skip


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unmatchable(f"{text[at : at + 20]!r} at character {at} is no part of a pattern")
        at = match.end()
        kind = match.lastgroup
        if kind is None:
            continue
        word = match.group(kind)
        if kind == "word" and word.upper() in _KEYWORDS and ":" not in word:
            found.append(("keyword", word.upper()))
        else:
            found.append((kind, word))
    return found


class _Reader:
    """Recursive descent over the tokens. Gives groups of tests: within a group all must hold, one group is enough."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def read(self) -> list[list[_Test]]:
        groups = self._observations()
        if self._at < len(self._tokens):
            self._unexpected()
        return groups

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _take(self, kind: str, word: str = "") -> str:
        found, text = self._peek()
        if found != kind or (word and text != word):
            self._unexpected()
        self._at += 1
        return text

    def _unexpected(self) -> None:
        kind, text = self._peek()
        if kind == "keyword" and text in _NAMED:
            raise Unmatchable(_NAMED[text])
        raise Unmatchable("the pattern ends too early" if kind == "end" else f"{text[:40]!r} does not fit here")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unmatchable(f"brackets nest deeper than {MAX_DEPTH}")

    def _observations(self) -> list[list[_Test]]:
        groups = self._observation()
        while (following := self._peek()) in {("keyword", "OR"), ("keyword", "AND")}:
            if following[1] == "AND":
                raise Unmatchable("two observations joined by AND must be seen together")
            self._at += 1
            groups += self._observation()
        return groups

    def _observation(self) -> list[list[_Test]]:
        if self._peek() == ("sign", "("):
            self._deeper()
            self._at += 1
            groups = self._observations()
            self._take("sign", ")")
            self._depth -= 1
            return groups
        self._take("sign", "[")
        groups = self._either()
        self._take("sign", "]")
        return groups

    def _either(self) -> list[list[_Test]]:
        groups = self._all()
        while self._peek() == ("keyword", "OR"):
            self._at += 1
            groups += self._all()
        return groups

    def _all(self) -> list[list[_Test]]:
        """AND binds tighter; an OR inside it is multiplied out, up to a bound."""
        groups = self._test()
        while self._peek() == ("keyword", "AND"):
            self._at += 1
            more = self._test()
            if len(groups) * len(more) > MAX_VALUES:
                raise Unmatchable("the pattern has too many combinations")
            groups = [one + other for one in groups for other in more]
        return groups

    def _test(self) -> list[list[_Test]]:
        if self._peek() == ("sign", "("):
            self._deeper()
            self._at += 1
            groups = self._either()
            self._take("sign", ")")
            self._depth -= 1
            return groups
        path = self._take("word")
        negated = self._peek() == ("keyword", "NOT")
        if negated:
            self._at += 1
        kind, operator = self._peek()
        if kind == "sign" and operator in {"=", "==", "!=", "<>", "<", ">", "<=", ">="}:
            self._at += 1
            return [[_Test(path, operator, (self._value(),), negated)]]
        if kind == "keyword" and operator in {"LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"}:
            self._at += 1
            return [[_Test(path, operator, (self._value(),), negated)]]
        self._take("keyword", "IN")
        self._take("sign", "(")
        values = [self._value()]
        while self._peek() == ("sign", ","):
            self._at += 1
            values.append(self._value())
        self._take("sign", ")")
        return [[_Test(path, "=", (value,), negated)] for value in values]

    def _value(self) -> str:
        kind, text = self._peek()
        if kind == "string":
            self._at += 1
            return re.sub(r"\\(.)", r"\1", text[text.index("'") + 1 : -1], flags=re.DOTALL)
        if kind in {"number", "word"}:
            self._at += 1
            return text
        self._unexpected()
        raise AssertionError  # the line above raises


# ---------------------------------------------------------------- paths and kinds

_HASHED: Final = frozenset({"file", "artifact", "process"})
_CONTEXT: Final = ("file:name", "file:size", "file:parent_directory", "file:mime_type", "file:extensions", "file:path")
"""What a digest decides by itself: a file with this digest has this name, or it was renamed."""


def _kind(path: str) -> Kind | None:
    """The kind of value an object path names; "ip" and "domain" are told apart by the value where a reference may be
    either. None where it names no value that we look up."""
    owner, _, rest = path.partition(":")
    plain = rest.replace("'", "").lower()
    last = plain.rpartition(".")[2]
    if last.startswith("ja3"):
        return "ja3"
    if last.startswith("ja4"):
        return "ja4"
    if "hashes" in plain:
        return "certificate" if owner == "x509-certificate" else "hash" if owner in _HASHED else None
    by_path: dict[tuple[str, str], Kind] = {
        ("ipv4-addr", "value"): "ip", ("ipv6-addr", "value"): "ip", ("domain-name", "value"): "domain",
        ("url", "value"): "url", ("email-addr", "value"): "email", ("email-message", "from_ref.value"): "email",
        ("email-message", "sender_ref.value"): "email", ("x509-certificate", "serial_number"): "serial",
        ("network-traffic", "dst_ref.value"): "ip", ("network-traffic", "src_ref.value"): "ip",
        ("domain-name", "resolves_to_refs[*].value"): "ip",
    }  # fmt: skip
    return by_path.get((owner, plain))


def _typing(test: _Test) -> bool:
    """`dst_ref.type = 'ipv4-addr'` says nothing that the value does not."""
    return test.path.endswith(("_ref.type", "_refs[*].type")) and test.operator == "="


def _read_value(test: _Test) -> tuple[Kind, str]:
    if test.negated or test.operator in {"!=", "<>"}:
        raise Unmatchable(f"{test.path} is excluded, not named")
    if test.operator in _NAMED:
        raise Unmatchable(_NAMED[test.operator])
    if test.operator in {"<", ">", "<=", ">="}:
        raise Unmatchable(f"{test.path} is compared by size")
    kind = _kind(test.path)
    if kind is None:
        raise Unmatchable(f"{test.path} is nothing that is looked up by value")
    text = test.values[0]
    try:
        if test.operator == "ISSUBSET" or (kind == "ip" and "/" in text):
            return "cidr", normalise("cidr", text)
        if test.path.endswith("_ref.value") and kind == "ip":
            return guess(text)
        return kind, normalise(kind, text)
    except BadValue as error:
        raise Unmatchable(str(error)) from error


def _together(group: list[_Test]) -> list[tuple[Kind, str]]:
    """The values of tests that must all hold, where one of them decides: digests of one file. Else it is refused."""
    tests = [test for test in group if not _typing(test)]
    if len(tests) == 1:
        return [_read_value(tests[0])]
    digests = [test for test in tests if _kind(test.path) in {"hash", "certificate"} and not test.negated]
    others = [test for test in tests if test not in digests]
    if digests and all(test.path.startswith(_CONTEXT) for test in others):
        return [_read_value(test) for test in digests]
    names = " and ".join(dict.fromkeys(test.path for test in tests))
    raise Unmatchable(f"{names[:200]} must hold together")


def values(pattern: str) -> tuple[list[tuple[Kind, str]], list[str]]:
    """(values any of which matches the pattern, reasons of alternatives that cannot be matched).

    Raises Unmatchable where the pattern cannot be read, or none of it can be matched."""
    if len(pattern) > MAX_PATTERN:
        raise Unmatchable(f"the pattern is longer than {MAX_PATTERN:,} characters")
    groups = _Reader(pattern).read()
    if len(groups) > MAX_VALUES:
        raise Unmatchable(f"the pattern names more than {MAX_VALUES:,} values")
    found: dict[tuple[Kind, str], None] = {}
    reasons: dict[str, None] = {}
    for group in groups:
        try:
            found.update(dict.fromkeys(_together(group)))
        except Unmatchable as error:
            reasons[str(error)] = None
    if not found:
        raise Unmatchable("; ".join(reasons) or "the pattern names no value")
    return list(found), list(reasons)
