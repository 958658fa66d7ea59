"""What the words of a rule mean, where an alert names no ATT&CK technique: `data/lexicon.tsv` read and matched.

General vocabulary of security products in English and Chinese. A row applies where all its terms occur; the row with the
highest certainty decides, the earlier of equals.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

MAX_TEXT = 240
"""Characters of a rule's name or message that are read: what it means stands at its beginning."""

_WORD = re.compile(r"[a-z0-9&+]+")
_HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Meaning:
    """A row of the lexicon. `certainty` 0–1; `session` is "" (none), "s" (begins or belongs to one) or "e" (ends one)."""

    behaviour: str
    certainty: float
    ambiguous: bool
    session: str
    tool: str


@dataclass(frozen=True, slots=True)
class _Row:
    meaning: Meaning
    needed: tuple[tuple[str, ...], ...]
    refused: tuple[str, ...]


def _row(raw: dict[str, str]) -> _Row:
    flags = raw["flags"]
    terms = raw["words"].split(" ")
    return _Row(
        Meaning(
            behaviour=raw["behaviour"],
            certainty=float(raw["certainty"]),
            ambiguous="a" in flags,
            session="e" if "e" in flags else "s" if "s" in flags else "",
            tool=raw["tool"].strip("-"),
        ),
        tuple(tuple(map(_term, term.split("|"))) for term in terms if not term.startswith("-")),
        tuple(_term(term[1:]) for term in terms if term.startswith("-")),
    )


def _term(term: str) -> str:
    """As it is looked for in the text of `_readable`: whole words between spaces, Han anywhere."""
    if _HAN.search(term):
        return term
    words = " ".join(_WORD.findall(term.lower().replace("_", " ")))
    return f" {words}" if term.endswith("*") else f" {words} "


@cache
def rows() -> tuple[_Row, ...]:
    text = files("processor").joinpath("data/lexicon.tsv").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found = [_row(row) for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return tuple(sorted(found, key=lambda row: -row.meaning.certainty))


def _readable(text: str) -> str:
    """Words in lower case between single spaces; Han runs stay as they are, at the end."""
    lowered = text[:MAX_TEXT].lower()
    han = "".join(character for character in lowered if _HAN.match(character))
    return f" {' '.join(_WORD.findall(lowered))} {han}"


def _candidates(text: str) -> Iterator[_Row]:
    words = _readable(text)
    for row in rows():
        if all(any(term in words for term in terms) for terms in row.needed) and not any(
            term in words for term in row.refused
        ):
            yield row


def meaning(text: str) -> Meaning | None:
    """The most certain meaning of a text, or None where no row applies."""
    return next((row.meaning for row in _candidates(text)), None)
