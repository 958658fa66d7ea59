"""Which literals must occur in an event's text for a rule to match it, so that one Aho–Corasick pass finds the rules
worth evaluating.

The text of an event is, for each field the index asks for, `\\x01 <number of the field> \\x02 <value>` and a last `\\x01`,
folded: lower case, and the few characters that `re.IGNORECASE` takes for one another made one. So "equals", "begins with"
and "ends with" become literals that hold their marker and are exact to the field, and a value that an attacker writes
markers into makes only idle candidates. What cannot be a literal (a number compared, a network) is witnessed by its
field being there at all.
"""

from __future__ import annotations

import re._casefix  # type: ignore[import-not-found]  # which characters IGNORECASE takes for one another
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from processor.sigma import regexes
from processor.sigma.expression import Fields
from processor.sigma.rule import And, Exists, Match, Node, Not, Regex, Text

OPEN: Final = "\x01"
HOLDS: Final = "\x02"

_ALIKE: Final[dict[int, str | None]] = {
    **{code: chr(min(code, *others)) for code, others in re._casefix._EXTRA_CASES.items()},
    0x307: None,  # İ in lower case is i with this dot above; the expression takes it for a plain i
}

Literals = frozenset[str]
Numbers = Mapping[str, str]
"""Field → its number in the text."""


def fold(text: str) -> str:
    """Lower case, and characters that a caseless expression takes for one another made one."""
    lowered = text.lower()
    return lowered if lowered.isascii() else lowered.translate(_ALIKE)


def best(
    node: Node, fields: Fields, number: Callable[[str], str], cost: Callable[[Literals], float]
) -> Literals | None:
    """The cheapest witness by `cost`, chosen anew inside every alternative; None: nothing must occur."""
    if isinstance(node, Match):
        return min(_literals(node, fields(node.field), number), key=cost, default=None)
    if isinstance(node, Not):
        return None
    found = [best(part, fields, number, cost) for part in node.parts]
    if isinstance(node, And):
        return min((one for one in found if one is not None), key=cost, default=None)
    union: set[str] = set()
    for one in found:
        if one is None:
            return None
        union |= one
    return frozenset(union)


def every(node: Node, fields: Fields, number: Callable[[str], str]) -> set[str]:
    """All literals that some witness of the condition could use."""
    if isinstance(node, Match):
        return {text for one in _literals(node, fields(node.field), number) for text in one}
    if isinstance(node, Not):
        return set()
    return {text for part in node.parts for text in every(part, fields, number)}


def _literals(match: Match, fields: Sequence[str], number: Callable[[str], str]) -> list[Literals]:
    test = match.test
    if isinstance(test, Exists) and not test.present:
        return []
    marks = [OPEN + number(field) + HOLDS for field in fields]
    there = frozenset(marks)
    if isinstance(test, Text):
        return [*_of_text(test, marks), there]
    if isinstance(test, Regex):
        runs = [fold(run) for run in regexes.literals(test.pattern, test.flags)]
        return [*(frozenset((run,)) for run in runs if run and _clean(run)), there]
    return [there]


def _of_text(test: Text, marks: list[str]) -> list[Literals]:
    parts = test.parts
    if not parts:
        return [frozenset(mark + OPEN for mark in marks)]
    found: list[Literals] = []
    for index, part in enumerate(parts):
        if not isinstance(part, str) or not _clean(part):
            continue
        text = fold(part)
        first, last = index == 0, index == len(parts) - 1
        if first:
            found.append(frozenset(mark + text + (OPEN if last else "") for mark in marks))
        elif text or last:
            found.append(frozenset((text + (OPEN if last else ""),)))
    return found


def _clean(text: str) -> bool:
    """A rule's own text that holds a marker would be taken for one."""
    return OPEN not in text and HOLDS not in text


RATES: Final = {1: 0.5, 2: 0.25, 3: 0.1, 4: 0.05, 5: 0.03, 6: 0.02, 7: 0.015, 8: 0.01}
"""How often a literal of so many characters occurs in an event, before anything was learned."""


def static_cost(literals: Literals) -> float:
    """Expected idle candidates an event."""
    return sum(static_rate(text) for text in literals)


def static_rate(text: str) -> float:
    if text.endswith(HOLDS):
        return 0.9
    if text.startswith(OPEN):
        # Exact to its field; the words that most events hold there (C:\\Windows\\…) are learned, not guessed.
        return RATES.get(len(text.partition(HOLDS)[2]), 0.01) * 0.5
    return RATES.get(len(text), 0.008)


def learned_cost(rates: Mapping[str, float]) -> Callable[[Literals], float]:
    """Measured rates; what never occurred is told apart by length."""

    def cost(literals: Literals) -> float:
        return sum(rates.get(text, 0.0) + static_rate(text) * 1e-3 for text in literals)

    return cost
