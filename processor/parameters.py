"""The numbers of aggregation and correlation, from `data/correlation.toml`: each with its unit and its reason beside it."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(files("processor").joinpath("data/correlation.toml").read_text("utf-8"))


def number(name: str) -> float:
    """The value of `section.name`; raises KeyError where there is none."""
    section, _, key = name.partition(".")
    value = _tables()[section][key]["value"]
    return float(value)


def count(name: str) -> int:
    """The same for whole numbers; raises ValueError on a fraction."""
    value = number(name)
    if value != int(value):
        raise ValueError(f"{name} in processor/data/correlation.toml must be a whole number, not {value}")
    return int(value)


def names() -> list[str]:
    """Every parameter, for the documents and the tests."""
    return [f"{section}.{key}" for section, table in _tables().items() for key in table]
