"""The parameters of feedback: one data file, read once. See `feedback.toml` for what each means and why."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


@cache
def parameters() -> dict[str, dict[str, float]]:
    """Section → name → value."""
    raw = tomllib.loads((Path(__file__).parent / "feedback.toml").read_text("utf-8"))
    return {section: {name: float(value) for name, value in values.items()} for section, values in raw.items()}
