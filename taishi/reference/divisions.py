"""Administrative divisions of China by GB/T 2260 code: provinces, cities, counties, and what became of abolished ones.

`divisions.tsv` is made by `scripts/divisions_table.py`. Municipalities have their districts, and some provinces a few
counties, directly under the province. `division_changes.tsv` lists abolished codes with their successors, the larger
part first, so that old records still find their place (Zhejiang; State Council approvals of the years given).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from taishi.errors import NotFound
from taishi.reference.tables import rows
from taishi.scope import region_prefix


@dataclass(frozen=True, slots=True)
class Division:
    """`level`: province | city | county. `parent` is empty for a province."""

    code: str
    parent: str
    level: str
    name: str
    name_en: str


@cache
def table() -> dict[str, Division]:
    """All divisions by six-digit code, in the order of codes."""
    return {row["code"]: Division(**row) for row in rows("divisions")}


@cache
def _changes() -> dict[str, tuple[str, ...]]:
    return {row["code"]: tuple(row["successors"].split(",")) for row in rows("division_changes")}


@cache
def _children() -> dict[str, tuple[Division, ...]]:
    found: dict[str, list[Division]] = {}
    for division in table().values():
        found.setdefault(division.parent, []).append(division)
    return {parent: tuple(divisions) for parent, divisions in found.items()}


def find(code: str) -> Division | None:
    """The division of a code, or that of the successor of an abolished one; None where unknown."""
    known = table()
    division = known.get(code)
    if division is None and (after := _changes().get(code)):
        return known[after[0]]
    return division


def get(code: str) -> Division:
    """As `find`; raises NotFound."""
    division = find(code)
    if division is None:
        raise NotFound(f"no division of China has the code {code!r} (GB/T 2260)")
    return division


def successors(code: str) -> tuple[str, ...]:
    """The codes that took over an abolished division; empty for a living or unknown one."""
    return _changes().get(code, ())


@cache
def path(code: str) -> tuple[str, ...]:
    """Codes from the province down to the division itself; raises NotFound."""
    division = get(code)
    return (*path(division.parent), division.code) if division.parent else (division.code,)


def children(code: str = "") -> tuple[Division, ...]:
    """The divisions directly below; provinces for an empty code."""
    return _children().get(code, ())


def subtree(code: str) -> tuple[Division, ...]:
    """The division and everything below it, in the order of codes; raises NotFound."""
    root = get(code)
    prefix = region_prefix(root.code)
    return tuple(
        division
        for division in table().values()
        if division.code.startswith(prefix) and root.code in path(division.code)
    )


def leaves(code: str) -> tuple[Division, ...]:
    """The divisions of the subtree that have none below: counties, and the few cities without counties."""
    return tuple(division for division in subtree(code) if division.code not in _children())


def label(code: str) -> tuple[str, str]:
    """Chinese and English name; the code itself where unknown."""
    division = find(code)
    return (division.name, division.name_en) if division else (code, code)
