"""What a match means: the purpose of an indicator, and whether an event becomes an alert (`policy.toml`)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

Direction = Literal["out", "in", "file", "mail"]
NEVER: Final = 101


@dataclass(frozen=True, slots=True)
class Raise:
    """A row of the table: with at least `confidence`, an alert of this severity and technique."""

    purposes: frozenset[str]
    direction: str
    confidence: int
    severity: int
    technique: str
    name_zh: str
    name_en: str
    reason_zh: str
    reason_en: str

    @property
    def id(self) -> str:
        return f"intel:{self.technique}:{self.direction}:{self.severity}"


@cache
def _raw() -> dict[str, Any]:
    return tomllib.loads(files("taishi.intel").joinpath("policy.toml").read_text("utf-8"))


@cache
def rows() -> tuple[Raise, ...]:
    return tuple(
        Raise(
            frozenset(row["purpose"]), row["direction"], row["confidence"], row.get("severity", 0), row.get("technique", ""),
            row.get("name_zh", ""), row.get("name_en", ""), row["reason_zh"], row["reason_en"],
        )
        for row in _raw()["raise"]
    )  # fmt: skip


@cache
def on_events() -> frozenset[str]:
    """TLP levels that events and alerts may name."""
    return frozenset(_raw()["tlp"]["on_events"])


@cache
def purposes() -> tuple[str, ...]:
    return tuple(row["key"] for row in _raw()["purpose"])


@cache
def _words() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Latin words stand alone, Chinese ones anywhere."""
    found = []
    for row in _raw()["purpose"]:
        parts = [re.escape(word) if word.isascii() else word for word in row["words"]]
        latin = "|".join(part for part, word in zip(parts, row["words"], strict=True) if word.isascii())
        han = "|".join(word for word in row["words"] if not word.isascii())
        either = [rf"(?<![a-z0-9])(?:{latin})(?![a-z0-9])" if latin else "", han]
        found.append((row["key"], re.compile("|".join(part for part in either if part))))
    return tuple(found)


@cache
def _purpose(text: str) -> str:
    for key, words in _words():
        if words.search(text):
            return key
    return ""


def purpose_of(labels: Iterable[str], name: str) -> str:
    """What an indicator is for, by its labels, then by its name; "" where nothing says it."""
    return _purpose(" ".join(labels).lower()) or _purpose(name.lower()[:200])


@cache
def raised(purpose: str, direction: str, confidence: int) -> Raise | None:
    """The alert that a match becomes, or None: it is only marked and counted."""
    for row in rows():
        if row.direction in {"*", direction} and ("*" in row.purposes or purpose in row.purposes):
            return row if confidence >= row.confidence else None
    return None
