"""Regular expressions of rules: which literals a match must contain, and how long a search may take.

Python's `re` backtracks. The *degree* of a pattern is the power of the text's length that a search can cost: one for
the starting point and one for each unbounded repeat that can fight with another over the same characters. A pattern of
degree 1 may read any text; beyond, texts longer than its cap are searched with RE2, which is linear. A pattern that can
cost exponential time and that RE2 cannot read is refused; one of polynomial cost that RE2 cannot read (look-arounds,
back references) sees the first `cap` characters of a longer text.
"""

from __future__ import annotations

import re
import re._constants as op  # type: ignore[import-not-found]  # the parser of `re`, public as sre_parse until 3.11
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import re2

FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}

STEPS: Final = 2_000_000
"""Steps of backtracking that one search may cost: about 20 ms, once in a while."""

EXPONENTIAL: Final = 99

_REPEATS: Final = (op.MAX_REPEAT, op.MIN_REPEAT)


def flags_of(flags: str) -> int:
    value = 0
    for letter in flags:
        value |= FLAGS[letter]
    return value


def literals(pattern: str, flags: str) -> list[str]:
    """Runs of characters that every match contains, in the pattern's own case; [] where none is certain."""
    found: list[str] = []
    _runs(parser.parse(pattern, flags_of(flags)), found)
    return [run for run in found if run]


def _runs(items: Any, found: list[str]) -> None:
    run = ""
    for kind, value in items:
        if kind is op.LITERAL:
            run += chr(value)
            continue
        if kind in _REPEATS and value[0] == value[1] and value[0] <= 16 and _plain(value[2]):
            run += _text(value[2]) * value[0]
            continue
        if kind is op.SUBPATTERN and _plain(value[3]) and not value[1] and not value[2]:
            run += _text(value[3])
            continue
        if kind is op.AT:
            found.append(run)
            run = ""
            continue
        found.append(run)
        run = ""
        if kind in _REPEATS and value[0] >= 1:
            _runs(value[2], found)
        elif kind is op.SUBPATTERN and not value[1] and not value[2]:
            _runs(value[3], found)
    found.append(run)


def _plain(items: Any) -> bool:
    return len(items) > 0 and all(kind is op.LITERAL for kind, _ in items)


def _text(items: Any) -> str:
    return "".join(chr(value) for _, value in items)


def degree(pattern: str, flags: str) -> int:
    """The power of the text's length that one search may cost, or EXPONENTIAL."""
    tree = parser.parse(pattern, flags_of(flags))
    if _explodes(tree, inside=False):
        return EXPONENTIAL
    anchored = len(tree) > 0 and tree[0][0] is op.AT and tree[0][1] in (op.AT_BEGINNING, op.AT_BEGINNING_STRING)
    return _repeats(tree) + (0 if anchored and "m" not in flags else 1)


def _children(kind: Any, value: Any) -> list[Any]:
    if kind in _REPEATS or kind is op.POSSESSIVE_REPEAT:
        return [value[2]]
    if kind is op.SUBPATTERN:
        return [value[3]]
    if kind is op.BRANCH:
        return list(value[1])
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return [value[1]]
    if kind is op.ATOMIC_GROUP:
        return [value]
    if kind is op.GROUPREF_EXISTS:
        return [part for part in value[1:] if part is not None]
    return []


def _unbounded(kind: Any, value: Any) -> bool:
    return kind in _REPEATS and (value[1] is op.MAXREPEAT or value[1] > 64)


def _explodes(items: Any, *, inside: bool) -> bool:
    """An unbounded repeat whose body can match the same text in more than one way: a repeat without a fixed literal
    beside it, or branches."""
    for kind, value in items:
        unbounded = _unbounded(kind, value)
        if inside and unbounded and not _fenced(items):
            return True
        for child in _children(kind, value):
            if _explodes(child, inside=inside or unbounded):
                return True
    return False


def _fenced(items: Any) -> bool:
    """The body of a repeat begins or ends with a character that the repeat inside it cannot eat."""
    own = [(kind, value) for kind, value in items if kind is not op.AT]
    for at in (0, -1):
        if own[at][0] is op.LITERAL and all(not _eats(value[2], own[at][1]) for kind, value in own if kind in _REPEATS):
            return True
    return False


def _eats(items: Any, character: int) -> bool:
    """Whether a single-character body may match the character; True where that is not clear."""
    if len(items) != 1:
        return True
    kind, value = items[0]
    if kind is op.LITERAL:
        return bool(value == character)
    if kind is op.NOT_LITERAL:
        return bool(value != character)
    if kind is op.IN:
        return _within(value, character)
    return True


def _within(members: Any, character: int) -> bool:
    negated = members[0][0] is op.NEGATE
    text = chr(character)
    hit = False
    for kind, value in members:
        if kind is op.LITERAL:
            hit = hit or value == character
        elif kind is op.RANGE:
            hit = hit or value[0] <= character <= value[1]
        elif kind is op.CATEGORY:
            hit = hit or bool(re.fullmatch(_CATEGORIES.get(value, "."), text, re.DOTALL))
    return not hit if negated else hit


_CATEGORIES: Final = {
    op.CATEGORY_DIGIT: r"\d", op.CATEGORY_NOT_DIGIT: r"\D", op.CATEGORY_SPACE: r"\s", op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w", op.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def _repeats(items: Any) -> int:
    """Unbounded repeats on the costliest way through."""
    total = 0
    for kind, value in items:
        inner = [_repeats(child) for child in _children(kind, value)]
        total += max(inner, default=0)
        if _unbounded(kind, value):
            total += 1
    return total


def cap(power: int) -> int:
    """Characters up to which a backtracking search of this degree stays within STEPS."""
    return 1 << 30 if power <= 1 else int(STEPS ** (1.0 / power))


def linear(pattern: str, flags: str) -> Callable[[str], Any] | None:
    """The search by RE2, or None where it cannot read the pattern."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 << 20
    prefix = f"(?{flags})" if flags else ""
    try:
        search: Callable[[str], Any] = re2.compile(prefix + pattern, options).search
    except re2.error:
        return None
    return search


def trouble(pattern: str, flags: str) -> str:
    """Why a pattern is refused, or ""."""
    if degree(pattern, flags) == EXPONENTIAL and linear(pattern, flags) is None:
        return "its time can grow exponentially with the text, and it uses look-arounds or back references"
    return ""


@lru_cache(maxsize=20_000)
def searcher(pattern: str, flags: str) -> Callable[[str], bool]:
    """A search whose time is bounded: text → whether the pattern is found in it."""
    find = re.compile(pattern, flags_of(flags)).search
    power = degree(pattern, flags)
    limit = 0 if power == EXPONENTIAL else cap(power)
    other = linear(pattern, flags) if limit < 1 << 30 else None

    def search(text: str) -> bool:
        if len(text) <= limit:
            return find(text) is not None
        if other is not None:
            return other(text) is not None
        return find(text[:limit]) is not None

    if power <= 1:
        return lambda text: find(text) is not None
    return search
