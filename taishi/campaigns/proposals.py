"""Which colour a campaign suggests, by which criteria, and what to advise. A person decides."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from taishi.campaigns.formula import parent

COLOURS = ("red", "orange", "yellow", "blue")
"""Highest first."""


@dataclass(frozen=True, slots=True)
class Criterion:
    key: str
    colour: str
    at_least: dict[str, float]
    text_zh: str
    text_en: str


@dataclass(frozen=True, slots=True)
class Advice:
    key: str
    techniques: frozenset[str]
    zh: str
    en: str


def _raw(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / name).read_text("utf-8"))


@lru_cache(maxsize=1)
def criteria() -> tuple[Criterion, ...]:
    return tuple(Criterion(**row) for row in _raw("colours.toml")["criterion"])


@lru_cache(maxsize=1)
def all_advice() -> tuple[Advice, ...]:
    rows = _raw("advice.toml")["advice"]
    return tuple(Advice(row["key"], frozenset(row["techniques"]), row["zh"], row["en"]) for row in rows)


@lru_cache(maxsize=1)
def _impact() -> frozenset[str]:
    return frozenset(_raw("advice.toml")["impact"])


def nature(techniques: Iterable[str]) -> dict[str, float]:
    """The facts that techniques give: ot (against control systems) and impact."""
    parents = {parent(technique) for technique in techniques}
    return {"ot": float(any(t.startswith("T0") for t in parents)), "impact": float(bool(parents & _impact()))}


def colour(facts: Mapping[str, float]) -> tuple[str, list[dict[str, Any]]]:
    """The highest colour of a criterion that is met, and all that are met with the facts that met them; ("", []) where
    none is."""
    met = [c for c in criteria() if all(facts.get(name, 0.0) >= value for name, value in c.at_least.items())]
    met.sort(key=lambda criterion: COLOURS.index(criterion.colour))
    shown = [
        {
            "key": c.key, "colour": c.colour, "text_zh": c.text_zh, "text_en": c.text_en,
            "facts": [{"name": name, "value": facts[name], "at_least": value} for name, value in c.at_least.items()],
        }
        for c in met
    ]  # fmt: skip
    return (met[0].colour if met else "", shown)


def advice(techniques: Iterable[str], *, indicators: bool) -> list[dict[str, str]]:
    """What to do against these techniques; first of all about indicators where there are any."""
    parents = {parent(technique) for technique in techniques}
    return [
        {"key": one.key, "zh": one.zh, "en": one.en}
        for one in all_advice()
        if (indicators and not one.techniques) or one.techniques & parents
    ]
