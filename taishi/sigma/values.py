"""An event's values as rules compare them: text, in lower case unless case counts; any of several values counts."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Container, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from taishi.event import Event


def text_of(value: Any) -> str:
    """A JSON scalar as rules see it: true and false, whole numbers without a fraction."""
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is float and math.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value)


class Many(tuple[str, ...]):
    """The values of a field with none or several: what holds for any of them holds. It answers what `str` answers, so
    that compiled rules need not ask which of both they have."""

    __slots__ = ()

    def __contains__(self, part: object) -> bool:
        return any(part in one for one in self.each())  # type: ignore[operator]

    def __eq__(self, other: object) -> bool:
        return any(one == other for one in self.each())

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__

    def each(self) -> Iterator[str]:
        return tuple.__iter__(self)

    def startswith(self, prefix: str | tuple[str, ...]) -> bool:
        return any(one.startswith(prefix) for one in self.each())

    def endswith(self, suffix: str | tuple[str, ...]) -> bool:
        return any(one.endswith(suffix) for one in self.each())

    def among(self, known: Container[str]) -> bool:
        return any(one in known for one in self.each())

    def some(self, test: Callable[[str], Any]) -> bool:
        return any(test(one) for one in self.each())


NOTHING: Final = Many()
Value = str | Many


def of(event: Event, field: str) -> Value:
    """The text of a field, several texts where it holds a list, NOTHING where it is absent."""
    value = event.get(field)
    if type(value) is str:
        return value
    if value is None:
        return NOTHING
    if type(value) is list:
        return Many(text_of(one) for one in value if one is not None)
    return text_of(value)


def of_any(event: Event, fields: tuple[str, ...]) -> Value:
    """The texts of several fields together."""
    found: list[str] = []
    for field in fields:
        value = of(event, field)
        if type(value) is str:
            found.append(value)
        else:
            found.extend(value.each())  # type: ignore[union-attr]  # a str was told apart by its exact type
    return found[0] if len(found) == 1 else Many(found)


class Exact(dict[Any, Value]):
    """Values of one event by field (a name, or a tuple of names), read when first asked for."""

    __slots__ = ("event",)

    def __init__(self, event: Event) -> None:
        self.event = event

    def __missing__(self, field: Any) -> Value:
        value = self[field] = of(self.event, field) if type(field) is str else of_any(self.event, field)
        return value


class Lower(dict[Any, Value]):
    """The same in lower case."""

    __slots__ = ("exact",)

    def __init__(self, exact: Exact) -> None:
        self.exact = exact

    def __missing__(self, field: Any) -> Value:
        value = self.exact[field]
        lowered: Value = value.lower() if type(value) is str else Many(one.lower() for one in value)
        self[field] = lowered
        return lowered


# ------------------------------------------------------------ tests that need more than text


class Glob:
    """A pattern with `*` and `?` against a whole text, in time linear in the text for each part: between stars the
    earliest place is always right."""

    __slots__ = ("_first", "_last", "_middle", "_whole")

    def __init__(self, parts: tuple[str | int, ...]) -> None:
        segments: list[tuple[str | None, ...]] = [()]
        for part in parts:
            if part == 0:
                segments.append(())
            elif part == 1:
                segments[-1] += (None,)
            else:
                segments[-1] += tuple(str(part))
        self._whole = len(segments) == 1
        self._first, self._last = segments[0], segments[-1]
        self._middle = [segment for segment in segments[1:-1] if segment]

    def __call__(self, text: str) -> bool:
        first, last = self._first, self._last
        if self._whole:
            return len(text) == len(first) and _at(first, text, 0)
        end = len(text) - len(last)
        if end < len(first) or not _at(first, text, 0) or not _at(last, text, end):
            return False
        at = len(first)
        for segment in self._middle:
            at = _find(segment, text, at, end)
            if at < 0:
                return False
        return True


def _at(segment: tuple[str | None, ...], text: str, at: int) -> bool:
    return all(one is None or one == text[at + index] for index, one in enumerate(segment))


def _find(segment: tuple[str | None, ...], text: str, at: int, end: int) -> int:
    """Where the text goes on after the segment's first place between `at` and `end`, or −1."""
    if None not in segment:
        needle = "".join(one for one in segment if one is not None)
        found = text.find(needle, at, end)
        return found + len(needle) if found >= 0 else -1
    for start in range(at, end - len(segment) + 1):
        if _at(segment, text, start):
            return start + len(segment)
    return -1


def within(network: str) -> Callable[[str], bool]:
    """Whether a text is an address inside the network."""
    known = ipaddress.ip_network(network)

    @lru_cache(maxsize=4096)
    def test(text: str) -> bool:
        try:
            return ipaddress.ip_address(text) in known
        except ValueError:
            return False

    return lambda text: len(text) <= 45 and test(text)


_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {
    "lt": lambda a, b: a < b, "lte": lambda a, b: a <= b, "gt": lambda a, b: a > b, "gte": lambda a, b: a >= b,
    "eq": lambda a, b: a == b, "neq": lambda a, b: a != b,
}  # fmt: skip


def number(text: str) -> float | None:
    """A text as a number; hexadecimal (0x…) as Windows writes it; None for anything else."""
    if not text or len(text) > 64 or not (text[0].isdecimal() or text[0] in "+-."):
        return None
    try:
        found = float(int(text, 16)) if text[:2] in {"0x", "0X"} else float(text)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def compare(op: str, bound: float) -> Callable[[str], bool]:
    test = _COMPARE[op]

    def holds(text: str) -> bool:
        found = number(text)
        return found is not None and test(found, bound)

    return holds


def moment(text: str) -> datetime | None:
    """A time in UTC from ISO 8601 or epoch seconds."""
    seconds = number(text)
    try:
        if seconds is not None and "-" not in text[1:]:
            return datetime.fromtimestamp(seconds, UTC)
        found = datetime.fromisoformat(text[:-1] + "+00:00" if text[-1:] in {"Z", "z"} else text)
    except (ValueError, OverflowError, OSError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def time_part(part: str, op: str, bound: float) -> Callable[[str], bool]:
    test = _COMPARE[op]

    def holds(text: str) -> bool:
        found = moment(text) if len(text) <= 64 else None
        if found is None:
            return False
        value = found.isocalendar().week if part == "week" else getattr(found, part)
        return test(float(value), bound)

    return holds


def refers(own: Value, other: Value, mode: str) -> bool:
    """Whether any value equals, begins or ends with, or contains any value of the other field."""
    left = (own,) if type(own) is str else own
    right = (other,) if type(other) is str else other
    for one in left:
        for two in right:
            if mode == "equals":
                hit = one == two
            elif mode == "startswith":
                hit = one.startswith(two)
            else:
                hit = one.endswith(two) if mode == "endswith" else two in one
            if hit:
                return True
    return False
