"""The grading tables: tab-separated data files, each row with its source and how far it could be checked."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal, cast

Status = Literal["final", "draft", "verify"]
"""final: read in the text in force; draft: in a draft, or our own reading; verify: second-hand, to be checked."""

LEVELS: Final[dict[int, tuple[str, str, str]]] = {
    4: ("especially_major", "特别重大", "Especially major"),
    3: ("major", "重大", "Major"),
    2: ("larger", "较大", "Larger"),
    1: ("general", "一般", "General"),
}
"""Both schemes use the same four names for different tests: key, Chinese, English."""

LEVEL_OF: Final[dict[str, int]] = {key: level for level, (key, _, _) in LEVELS.items()}

REPORTABLE: Final = 2
"""较大 and above must be reported (art. 4)."""


@dataclass(frozen=True, slots=True)
class Category:
    id: str
    name_zh: str
    name_en: str
    rank: int
    status: Status
    source: str


@dataclass(frozen=True, slots=True)
class Sign:
    """What a technique says; `loss` 0–3 where it succeeded."""

    technique: str
    category: str
    loss: int
    status: Status
    source: str


@dataclass(frozen=True, slots=True)
class Criterion:
    id: str
    fact: str
    level: int
    at_least: float
    name_zh: str
    name_en: str
    status: Status
    source: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit in seconds; `starts`: determined | reported | handled."""

    track: str
    step: str
    level: int
    seconds: float
    starts: str
    name_zh: str
    name_en: str
    status: Status
    source: str


def rows(name: str) -> Iterator[dict[str, str]]:
    text = files("taishi.grading").joinpath(f"{name}.tsv").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def _status(row: dict[str, str]) -> Status:
    return cast("Status", row["status"])


@cache
def categories() -> dict[str, Category]:
    return {
        row["id"]: Category(
            row["id"], row["name_zh"], row["name_en"], int(row["rank"]), _status(row), row["source"]
        )
        for row in rows("categories")
    }  # fmt: skip


@cache
def signs() -> dict[str, Sign]:
    return {
        row["technique"]: Sign(row["technique"], row["category"], int(row["loss"]), _status(row), row["source"])
        for row in rows("signs")
    }


def sign_of(technique: str) -> Sign:
    """The technique's own row, its parent's, else what any technique says."""
    known = signs()
    return known.get(technique) or known.get(technique.partition(".")[0]) or known["*"]


@cache
def matrix() -> dict[tuple[int, int], int]:
    """(importance of the object 1–3, loss 0–3) → level."""
    return {(int(row["object"]), int(row["loss"])): int(row["level"]) for row in rows("matrix")}


@cache
def matrix_source() -> tuple[Status, str]:
    first = next(rows("matrix"))
    return _status(first), first["source"]


@cache
def criteria() -> tuple[Criterion, ...]:
    return tuple(
        Criterion(
            row["id"], row["fact"], int(row["level"]), float(row["at_least"]), row["name_zh"], row["name_en"],
            _status(row), row["source"],
        )
        for row in rows("criteria")
    )  # fmt: skip


@cache
def limits() -> tuple[Limit, ...]:
    return tuple(
        Limit(
            row["track"], row["step"], int(row["level"]), float(row["seconds"]), row["starts"], row["name_zh"],
            row["name_en"], _status(row), row["source"],
        )
        for row in rows("clocks")
    )  # fmt: skip
