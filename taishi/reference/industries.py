"""Industries of GB/T 4754-2017: sections ("C") and divisions ("C36"); finer codes belong to their division."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from taishi.reference.tables import rows


@dataclass(frozen=True, slots=True)
class Industry:
    code: str
    section: str
    name_zh: str
    name_en: str


@cache
def table() -> dict[str, Industry]:
    """Sections and divisions by code."""
    return {row["code"]: Industry(**row) for row in rows("industries")}


def find(code: str) -> Industry | None:
    """The division that a code such as C3610 belongs to, or the section; None where unknown."""
    known = table()
    return known.get(code[:3]) or known.get(code[:1])


def label(code: str) -> tuple[str, str]:
    """Chinese and English name; the code itself where unknown."""
    industry = find(code)
    return (industry.name_zh, industry.name_en) if industry else (code, code)
