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
from dataclasses import dataclass
from typing import Final

from taishi.sigma import regexes
from taishi.sigma.expression import Fields
from taishi.sigma.rule import And, Exists, Match, Node, Not, Regex, Text

OPEN: Final = "\x01"
HOLDS: Final = "\x02"

_ALIKE: Final = frozenset(re._casefix._EXTRA_CASES) | {
    other for others in re._casefix._EXTRA_CASES.values() for other in others
}

LONG: Final = 0.02
"""Cost of looking for a literal in several fields (keywords: the whole record) instead of one."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Literals of which one must occur in the text of these fields."""

    literals: frozenset[str]
    fields: frozenset[str]


Cost = Callable[[Witness], float]


def fold(text: str) -> str:
    """Lower case; of the characters that a caseless expression takes for ASCII letters, those that lower case leaves:
    long s, dotless i, and the dot that İ leaves above an i."""
    lowered = text.lower()
    if lowered.isascii():
        return lowered
    return lowered.replace("ſ", "s").replace("ı", "i").replace("\u0307", "")


def _usable(text: str) -> bool:
    """Whether a literal can be looked for in folded text: ASCII, or characters without case; no markers."""
    if OPEN in text or HOLDS in text:
        return False
    if text.isascii():
        return True
    return all(
        one.isascii() or (one.lower() == one == one.upper() and ord(one) not in _ALIKE and one != "\u0307")
        for one in text
    )


def best(node: Node, fields: Fields, number: Callable[[str], str], cost: Cost) -> Witness | None:
    """The cheapest witness by `cost`, chosen anew inside every alternative; None: nothing must occur."""
    if isinstance(node, Match):
        return min(_witnesses(node, fields(node.field), number), key=cost, default=None)
    if isinstance(node, Not):
        return None
    found = [best(part, fields, number, cost) for part in node.parts]
    if isinstance(node, And):
        return min((one for one in found if one is not None), key=cost, default=None)
    literals: set[str] = set()
    names: set[str] = set()
    for one in found:
        if one is None:
            return None
        literals |= one.literals
        names |= one.fields
    return Witness(frozenset(literals), frozenset(names))


def every(node: Node, fields: Fields, number: Callable[[str], str]) -> set[str]:
    """All literals that some witness of the condition could use."""
    if isinstance(node, Match):
        return {text for one in _witnesses(node, fields(node.field), number) for text in one.literals}
    if isinstance(node, Not):
        return set()
    return {text for part in node.parts for text in every(part, fields, number)}


def _witnesses(match: Match, fields: Sequence[str], number: Callable[[str], str]) -> list[Witness]:
    test = match.test
    if isinstance(test, Exists) and not test.present:
        return []
    names = frozenset(fields)
    marks = [OPEN + number(field) + HOLDS for field in fields]
    found = [frozenset(marks)]
    if isinstance(test, Text):
        found += _of_text(test, marks)
    elif isinstance(test, Regex):
        runs = (fold(run) for run in regexes.literals(test.pattern, test.flags) if _usable(run))
        found += [frozenset((run,)) for run in runs if run]
    return [Witness(literals, names) for literals in found]


def _of_text(test: Text, marks: list[str]) -> list[frozenset[str]]:
    parts = test.parts
    if not parts:
        return [frozenset(mark + OPEN for mark in marks)]
    found: list[frozenset[str]] = []
    for index, part in enumerate(parts):
        if not isinstance(part, str) or not _usable(part):
            continue
        text = fold(part)
        first, last = index == 0, index == len(parts) - 1
        if first:
            found.append(frozenset(mark + text + (OPEN if last else "") for mark in marks))
        elif text or last:
            found.append(frozenset((text + (OPEN if last else ""),)))
    return found


RATES: Final = {1: 0.5, 2: 0.25, 3: 0.1, 4: 0.05, 5: 0.03, 6: 0.02, 7: 0.015, 8: 0.01}
"""How often a literal of so many characters occurs in an event, before anything was learned."""


def static_cost(one: Witness) -> float:
    """Expected idle candidates an event, by length alone."""
    return sum(map(static_rate, one.literals)) + LONG * (len(one.fields) - 1)


def static_rate(text: str) -> float:
    if text.endswith(HOLDS):
        return 0.9
    if text.startswith(OPEN):
        # Exact to its field; the words that most events hold there (C:\\Windows\\…) are learned, not guessed.
        return RATES.get(len(text.partition(HOLDS)[2]), 0.01) * 0.5
    return RATES.get(len(text), 0.008)


def learned_cost(rates: Mapping[str, float]) -> Cost:
    """Measured rates; what never occurred is told apart by length."""

    def cost(one: Witness) -> float:
        return sum(rates.get(text, 0.0) for text in one.literals) + static_cost(one) * 1e-2

    return cost
