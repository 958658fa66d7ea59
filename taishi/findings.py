"""What an examination of an engine found: facts, each good, doubtful or bad, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from taishi.errors import TaishiError

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`part` is what was looked at, `found` the fact, `advice` what to do where the state is not ok."""

    part: str
    state: State
    found: str
    advice: str = ""


def guarded(part: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What `look` finds; an engine that fails meanwhile is a finding of its own."""
    found: list[Finding] = []
    try:
        found.extend(look())  # what was found before the failure stays
    except TaishiError as error:
        found.append(Finding(part, "fail", str(error), "Nothing else of this part could be examined."))
    return found


def judged(part: str, found: str, *, good: bool, advice: str, otherwise: State = "fail") -> Finding:
    return Finding(part, "ok", found) if good else Finding(part, otherwise, found, advice)
