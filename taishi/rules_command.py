"""`taishi rules …` on the command line."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from processor.sigma import packs
from processor.sigma.index import Engine
from processor.sigma.parse import Parsed, Refused, parse
from processor.sigma.rule import Rule
from taishi.errors import TaishiError


class NoRules(TaishiError):
    """A path that holds no rules."""


def load(path: Path | None) -> tuple[list[Parsed], list[Refused]]:
    """The rules at a path, or the project's own. Raises NoRules."""
    try:
        return parse(packs.own() if path is None else packs.read(path))
    except packs.Unreadable as error:
        raise NoRules(str(error)) from error


def check(path: Path | None, *, as_json: bool) -> bool:
    """Print what is accepted, what is refused and why; True where nothing is refused."""
    parsed, refused = load(path)
    rules = [one.rule for one in parsed]
    engine = Engine(rule for rule in rules if isinstance(rule, Rule))
    unknown = Counter(
        "/".join(part or "-" for part in entry.rule.logsource)
        for entry in engine.entries
        if not engine.taxonomy.source(entry.rule.logsource).known
    )
    always = engine.without_witness()
    report: dict[str, Any] = {
        "accepted": len(parsed),
        "correlations": sum(not isinstance(rule, Rule) for rule in rules),
        "refused": [
            {"source": one.source, "id": one.id, "title": one.title, "reason": one.reason} for one in refused
        ],
        "log_sources_by_convention": dict(unknown.most_common()),
        "without_witness": [{"id": entry.rule.id, "title": entry.rule.title} for entry in always],
    }  # fmt: skip
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print(report)
    return not refused


def _print(report: dict[str, Any]) -> None:
    console = Console()
    console.print(f"accepted {report['accepted']:,}, of them {report['correlations']} correlations")
    refused = report["refused"]
    if refused:
        table = Table(title=f"refused {len(refused)}")
        for name in ("file", "title", "reason"):
            table.add_column(name, overflow="fold")
        for one in refused:
            table.add_row(one["source"], one["title"], one["reason"])
        console.print(table)
    else:
        console.print("refused none")
    if report["without_witness"]:
        console.print(f"found by no literal, evaluated on every event of their kind: {len(report['without_witness'])}")
    if report["log_sources_by_convention"]:
        names = ", ".join(f"{name} ×{count}" for name, count in report["log_sources_by_convention"].items())
        console.print(f"log sources that the mapping does not name, read by convention: {names}")
