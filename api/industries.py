"""Names of industries: the divisions of GB/T 4754-2017, from `enterprises/industries.tsv`."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def _names() -> dict[str, tuple[str, str]]:
    text = files("api.enterprises").joinpath("industries.tsv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return {row["code"]: (row["name_zh"], row["name_en"]) for row in rows}


def industry_name(code: str) -> tuple[str, str]:
    """Chinese and English name of the division a code such as C3610 belongs to; the code itself where unknown."""
    return _names().get(code[:3], (code, code))
