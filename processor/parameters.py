"""The numbers of aggregation and correlation, from `data/correlation.toml`: each with its unit and its reason beside it.

Modules read them when they are imported. A study of other values (`taishi evaluate sensitivity`) therefore calls
`change` in a process of its own, before it imports anything that reads them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

_asked: set[str] = set()


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(files("processor").joinpath("data/correlation.toml").read_text("utf-8"))


def number(name: str) -> float:
    """The value of `section.name`; raises KeyError where there is none."""
    section, _, key = name.partition(".")
    value = _tables()[section][key]["value"]
    _asked.add(name)
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


def values() -> dict[str, float]:
    """Every parameter with its value. Reading them so does not count as asking: it is for those who look, not who use."""
    return {name: float(_tables()[name.partition(".")[0]][name.partition(".")[2]]["value"]) for name in names()}


def asked() -> frozenset[str]:
    """Those that were read so far in this process: an entry that nothing reads is a lie."""
    return frozenset(_asked)


def change(values: Mapping[str, float]) -> None:
    """Other values, for a study. Raises KeyError on an unknown name and RuntimeError where one was read already, and so
    would be half in force."""
    if late := sorted(values.keys() & _asked):
        raise RuntimeError(f"{', '.join(late)} cannot be changed any more: the modules that use them are imported")
    for name, value in values.items():
        section, _, key = name.partition(".")
        _tables()[section][key]["value"] = value
