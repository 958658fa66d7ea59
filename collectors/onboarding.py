"""How each product is told to send here: its own steps where they are known, and the ways that all records of its form have.

What is known lies in `guides/*.toml`, a table a product; `guides/samples.toml` has one record of every format. A parser
without a table is still there, with the general ways.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from collectors import registry
from collectors.onboarding_ways import by_file, by_http, by_syslog, filled
from taishi.onboarding import Endpoints, Product, Way


@dataclass(frozen=True, slots=True)
class _Guide:
    product: Product
    steps_zh: tuple[str, ...] = ()
    steps_en: tuple[str, ...] = ()
    snippet: str = ""
    by: str = "syslog"
    """How its own configuration sends: syslog or http; "" where it has none and only files are read."""
    paths: tuple[str, ...] = ()


class Guides:
    """Implements `taishi.onboarding.Onboarding`. Pure: nothing is kept but the files, read once."""

    def products(self) -> list[Product]:
        return [one.product for one in _guides().values()]

    def ways(self, key: str, endpoints: Endpoints) -> list[Way]:
        guide = _guides()[key]
        found: list[Way] = []
        if guide.product.own:
            found.append(
                filled(
                    Way(
                        "own", "http" if guide.by == "http" else "syslog", "在产品上配置", "Configure the product",
                        guide.steps_zh, guide.steps_en, guide.snippet.strip("\n"),
                    ),
                    endpoints,
                )
            )  # fmt: skip
        if guide.paths:
            found += by_file(guide.paths, endpoints)
        if not guide.product.own:
            found.append(by_syslog(endpoints))
        found.append(by_http(endpoints))
        return found

    def sample(self, key: str) -> str:
        return _samples().get(_guides()[key].product.parser, "")


@cache
def _samples() -> dict[str, str]:
    return dict(tomllib.loads((files("collectors") / "guides/samples.toml").read_text("utf-8")))


@cache
def _guides() -> dict[str, _Guide]:
    kinds = {parser.name: parser.data_kind for parser in registry.all()}
    found = {one.product.key: one for one in (guide_of(table, kinds) for table in _tables())}
    covered = {one.product.parser for one in found.values()}
    for parser in registry.all():
        if parser.name not in covered or parser.name == registry.GENERIC:
            product = Product(parser.name, parser.name, parser.product, parser.product, parser.data_kind, own=False)
            found[parser.name] = _Guide(product)
    return dict(sorted(found.items(), key=lambda pair: (pair[0] == registry.GENERIC, pair[1].product.name_en.lower())))


def _tables() -> list[dict[str, Any]]:
    folder = files("collectors") / "guides"
    names = sorted(one.name for one in folder.iterdir() if one.name.endswith(".toml") and one.name != "samples.toml")
    return [table for name in names for table in tomllib.loads((folder / name).read_text("utf-8"))["product"]]


def guide_of(table: dict[str, Any], kinds: dict[str, str]) -> _Guide:
    """Raises KeyError for a parser that does not exist, TypeError for a word that is none: a test reads all files."""
    known = {"key", "parser", "zh", "en", "steps_zh", "steps_en", "snippet", "by", "paths"}
    if unknown := table.keys() - known:
        raise TypeError(f"{table['key']} has unknown words: {', '.join(sorted(unknown))}")
    return _Guide(
        Product(
            table["key"], table["parser"], table["zh"], table["en"], kinds[table["parser"]], own=bool(table["steps_zh"])
        ),
        tuple(table["steps_zh"]),
        tuple(table["steps_en"]),
        table.get("snippet", ""),
        table.get("by", "syslog"),
        tuple(table.get("paths", ())),
    )
