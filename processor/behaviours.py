"""What an alert means: its behaviour, looked up once per distinct rule in `data/behaviours.tsv`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from taishi.event import Event

UNKNOWN = "category:other"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A row of the table, under the id an alert's own technique or rule gives it.

    `gap` seconds of silence end a session; `prior` is a severity 0–1; `scope` is src, pair or host.
    """

    id: str
    technique: str
    stage: int
    gap: float
    prior: float
    scope: str
    ambiguous: bool
    name_zh: str
    name_en: str


@cache
def table() -> dict[str, Behaviour]:
    text = files("processor").joinpath("data/behaviours.tsv").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {
        row["id"]: Behaviour(
            id=row["id"],
            technique=row["id"] if row["id"].startswith("T") and not row["id"].startswith("TA") else "",
            stage=int(row["stage"]),
            gap=float(row["gap"]),
            prior=float(row["prior"]),
            scope=row["scope"],
            ambiguous=row["ambiguous"] == "1",
            name_zh=row["name_zh"],
            name_en=row["name_en"],
        )
        for row in csv.DictReader(lines, delimiter="\t")
    }


def named(technique: str) -> Behaviour | None:
    """A technique's own row, else its parent's under the technique's id."""
    rows = table()
    found = rows.get(technique) or rows.get(technique.partition(".")[0])
    if found is None or not found.technique:
        return None
    return found if found.id == technique else _renamed(found, technique, technique)


def _renamed(found: Behaviour, identity: str, technique: str) -> Behaviour:
    return Behaviour(
        identity, technique, found.stage, found.gap, found.prior, found.scope, found.ambiguous, found.name_zh,
        found.name_en,
    )  # fmt: skip


def _first(value: object) -> str:
    if isinstance(value, list):
        return str(value[0]) if value else ""
    return str(value) if value else ""


_known: dict[tuple[str, str, str, str], Behaviour] = {}
_KNOWN_MAX = 20_000
"""Distinct (technique, tactic, category, rule) seen; forgotten all at once when full: it is only a memo."""

_KNOWN_LENGTH = 512
"""Characters of a key that is kept: products, and who writes to them, choose how long their names are."""


def behaviour_of(event: Event) -> Behaviour:
    """By technique; else by tactic or event category, one behaviour a rule, so that unknown rules never mix."""
    key = (
        _first(event.get("threat.technique.id")),
        _first(event.get("threat.tactic.id")),
        _first(event.get("event.category")),
        str(event.get("rule.id") or event.get("rule.name") or event.get("event.code") or ""),
    )
    found = _known.get(key)
    if found is None:
        found = _resolve(event, *key)
        if sum(map(len, key)) <= _KNOWN_LENGTH:
            if len(_known) >= _KNOWN_MAX:
                _known.clear()
            _known[key] = found
    return found


def _resolve(event: Event, technique: str, tactic: str, category: str, rule: str) -> Behaviour:
    techniques = event.get("threat.technique.id")
    for candidate in techniques if isinstance(techniques, list) else [technique]:
        found = named(str(candidate)) if candidate else None
        if found is not None:
            return found
    rows = table()
    categories = event.get("event.category")
    chain = [tactic, *(f"category:{name}" for name in (categories if isinstance(categories, list) else [category]))]
    base = next((rows[name] for name in chain if name in rows), rows[UNKNOWN])
    vendor = str(event.get("observer.product") or event.get("event.module") or "")
    return _renamed(base, f"rule:{vendor}:{rule}"[:120], technique)
