"""Reading the tab-separated data files of this package: a header line, then one row a line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib.resources import files


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of `<name>.tsv` by column."""
    text = files("taishi.reference").joinpath(f"{name}.tsv").read_text("utf-8")
    yield from csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
