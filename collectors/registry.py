"""All parsers, found by their presence: every module of `collectors/parsers` that exports `PARSER`.

Modules whose name starts with an underscore are family bases and helpers. Adding a format touches no list.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache

from ahocorasick_rs import BytesAhoCorasick, Implementation

import collectors.parsers
from collectors.parser import Framed, Parser

GENERIC = "generic"


@cache
def _registry() -> dict[str, Parser]:
    found: dict[str, Parser] = {}
    for info in pkgutil.iter_modules(collectors.parsers.__path__):
        if info.name.startswith("_"):
            continue
        parser: Parser = importlib.import_module(f"collectors.parsers.{info.name}").PARSER
        found[parser.name] = parser
    return found


@cache
def all() -> tuple[Parser, ...]:  # noqa: A001 - read as `registry.all()`
    """Every parser, by name; the generic one last."""
    return tuple(sorted(_registry().values(), key=lambda parser: (parser.name == GENERIC, parser.name)))


def by_name(name: str) -> Parser:
    """The parser of that name; KeyError where there is none."""
    return _registry()[name]


class _Index:
    """Which parsers may know a text: one Aho–Corasick pass over their markers, so that a hundred formats cost no more
    than a few. The order of `all()` is kept, so a lookup answers what asking everyone would."""

    __slots__ = ("always", "automaton", "by_marker", "parsers")

    def __init__(self, parsers: Sequence[Parser]) -> None:
        self.parsers = tuple(parser for parser in parsers if parser.name != GENERIC)
        self.always = frozenset(at for at, parser in enumerate(self.parsers) if not parser.markers)
        owners: dict[str, set[int]] = {}
        for at, parser in enumerate(self.parsers):
            for marker in parser.markers:
                owners.setdefault(marker, set()).add(at)
        self.by_marker = tuple(frozenset(found) for found in owners.values())
        patterns = [marker.encode() for marker in owners]
        self.automaton = BytesAhoCorasick(patterns, implementation=Implementation.DFA) if patterns else None

    def able(self, text: str) -> list[Parser]:
        found = self.always
        if self.automaton is not None:
            hits = self.automaton.find_matches_as_indexes(text.encode("utf-8", "replace"), overlapping=True)
            found = found.union(*{self.by_marker[hit[0]] for hit in hits})
        return [self.parsers[at] for at in sorted(found)]


@cache
def _index() -> _Index:
    return _Index(all())


def candidates(framed: Framed) -> list[Parser]:
    """The parsers that may read this record, the surest first; the generic one is always the last."""
    scored = [(parser.sniff(framed), parser) for parser in _index().able(framed.text)]
    able = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: -pair[0])
    return [parser for _, parser in able] + [_registry()[GENERIC]]


def sniff(framed: Framed) -> Parser:
    """The parser that most surely reads this record; the generic one where none knows it.

    Linear in the record: one pass for the markers, then a test of the head or of a key for each parser that they name.
    A source that names its parser pays nothing.
    """
    best, chosen = 0.0, _registry()[GENERIC]
    for parser in _index().able(framed.text):
        score = parser.sniff(framed)
        if score > best:
            best, chosen = score, parser
            if best >= 1:
                break
    return chosen
