"""MITRE ATT&CK names for Enterprise and ICS, and the order of stages that correlation reads as a kill chain.

Ids and English names are MITRE's; Chinese names are ours, for the techniques that content of this project uses. Stages
are one scale over both matrices: 1 reconnaissance, 2 initial access, 3 execution and persistence, 4 privileges,
credentials, discovery, IT command and control, 5 lateral movement and discovery in OT, 6 collection and movement in OT,
7 control of OT, 8 exfiltration, 9 inhibit response and impair control, 10 impact.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from taishi.reference.tables import rows


@dataclass(frozen=True, slots=True)
class Tactic:
    id: str
    matrix: str
    name_zh: str
    name_en: str
    stage: int


@dataclass(frozen=True, slots=True)
class Technique:
    """`tactics` are ids, the earliest stage first; `stage` is that of the first. `matrix`: enterprise | ics."""

    id: str
    matrix: str
    tactics: tuple[str, ...]
    stage: int
    name_zh: str
    name_en: str


@cache
def tactics() -> dict[str, Tactic]:
    return {row["id"]: Tactic(**{**row, "stage": int(row["stage"])}) for row in rows("tactics")}  # type: ignore[arg-type]


@cache
def techniques() -> dict[str, Technique]:
    return {
        row["id"]: Technique(
            id=row["id"],
            matrix=row["matrix"],
            tactics=tuple(row["tactics"].split(",")),
            stage=int(row["stage"]),
            name_zh=row["name_zh"] or row["name_en"],
            name_en=row["name_en"],
        )
        for row in rows("attack")
    }


def technique(identity: str) -> Technique | None:
    """A technique; a sub-technique that MITRE dropped is read as its parent."""
    known = techniques()
    return known.get(identity) or known.get(identity.partition(".")[0])


def stage(identity: str) -> int:
    """Stage 1–10 of a technique or tactic id; 0 where unknown."""
    found = technique(identity) or tactics().get(identity)
    return found.stage if found else 0


@cache
def _by_name() -> dict[str, Tactic]:
    return {tactic.name_en.lower(): tactic for tactic in tactics().values()}


def label(identity: str) -> tuple[str, str]:
    """Chinese and English name of a technique or tactic, a tactic also by its English name; the text itself where
    unknown."""
    found = technique(identity) or tactics().get(identity) or _by_name().get(identity.lower())
    return (found.name_zh, found.name_en) if found else (identity, identity)


@cache
def _by_slug() -> dict[tuple[str, str], str]:
    return {(tactic.matrix, tactic.name_en.lower().replace(" ", "-")): tactic.id for tactic in tactics().values()}


def tactic_named(slug: str, matrix: str) -> str:
    """Id of a tactic by its name in lower case with hyphens ("lateral-movement"): of this matrix, else of the other;
    "" where neither has it."""
    known = _by_slug()
    return known.get((matrix, slug)) or known.get(("ics" if matrix == "enterprise" else "enterprise", slug), "")
