"""The parameters of burst detection: one data file, read once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Parameters:
    """See `parameters.toml` for what each one means and why it has its value."""

    baseline: dict[str, float]
    ewma: dict[str, float]
    alarm: dict[str, float]
    settle: dict[str, float]


@lru_cache(maxsize=1)
def parameters() -> Parameters:
    raw = tomllib.loads((Path(__file__).parent / "parameters.toml").read_text("utf-8"))
    return Parameters(**raw)
