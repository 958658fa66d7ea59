"""All parsers, found by their presence: every module of `collectors/parsers` that exports `PARSER`.

Modules whose name starts with an underscore are family bases and helpers. Adding a format touches no list.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

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


def candidates(framed: Framed) -> list[Parser]:
    """The parsers that may read this record, the surest first; the generic one is always the last."""
    scored = [(parser.sniff(framed), parser) for parser in all() if parser.name != GENERIC]
    able = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: -pair[0])
    return [parser for _, parser in able] + [_registry()[GENERIC]]


def sniff(framed: Framed) -> Parser:
    """The parser that most surely reads this record; the generic one where none knows it.

    Each `sniff` is a test of the first character or a marker in the head, so the whole costs a few microseconds;
    a source that names its parser pays nothing.
    """
    best, chosen = 0.0, _registry()[GENERIC]
    for parser in all():
        if parser.name == GENERIC:
            continue
        score = parser.sniff(framed)
        if score > best:
            best, chosen = score, parser
            if best >= 1:
                break
    return chosen
