"""The parameters of campaigns: one data file, read once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Parameters:
    """See `parameters.toml` for what each one means and why it has its value."""

    sighting: dict[str, float]
    kind: dict[str, float]
    rarity: dict[str, float]
    open: dict[str, float]
    two: dict[str, float]
    risk: dict[str, float]
    kinds: dict[str, list[str]]
    protocols: dict[str, list[str]]


@lru_cache(maxsize=1)
def parameters() -> Parameters:
    raw = tomllib.loads((Path(__file__).parent / "parameters.toml").read_text("utf-8"))
    return Parameters(**raw)
