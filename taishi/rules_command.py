"""`taishi rules …` on the command line."""

from __future__ import annotations

import difflib
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from taishi import clock
from taishi.compose import build_records, prepare
from taishi.errors import ConfigError, NotFound, TaishiError
from taishi.records.tables import DetectionRule, DetectionRuleVersion, RuleFigure
from taishi.rules import library
from taishi.scope import EVERYTHING
from taishi.settings import Settings
from taishi.sigma import packs
from taishi.sigma.cases import Failure, run_cases
from taishi.sigma.index import Engine
from taishi.sigma.parse import Parsed, Refused, parse
from taishi.sigma.rule import Rule


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


def _known_state(state: str) -> None:
    if state not in library.STATES:
        raise ConfigError(f"{state!r} is no state of a rule; it is one of {', '.join(library.STATES)}")


def add(settings: Settings, path: Path, name: str, state: str, actor: str) -> None:
    """Store the rules at a path. Raises NoRules and ConfigError."""
    _known_state(state)
    parsed, refused = load(path)
    prepare(settings)
    records = build_records(settings)
    try:
        with records.write(EVERYTHING) as session:
            chosen = (name or path.name.partition(".")[0])[:64]
            added = library.add(session, parsed, chosen, state, library.By(actor, clock.now()))
    finally:
        records.close()
    console = Console()
    console.print(f"{chosen}: {added.new} new, {added.changed} changed, {added.unchanged} as they were")
    for one in refused:
        console.print(f"refused {one.source} {one.title!r}: {one.reason}", soft_wrap=True)


def list_rules(settings: Settings, name: str, *, as_json: bool) -> None:
    """Rules with their figures, the costliest first."""
    records = build_records(settings)
    figures = (
        select(
            RuleFigure.rule_id,
            func.sum(RuleFigure.hits).label("hits"),
            func.sum(RuleFigure.excepted).label("excepted"),
            func.sum(RuleFigure.timed).label("timed"),
            func.sum(RuleFigure.nanoseconds).label("nanoseconds"),
        )
        .group_by(RuleFigure.rule_id)
        .subquery()
    )
    statement = select(DetectionRule, figures).outerjoin(figures, figures.c.rule_id == DetectionRule.id)
    if name:
        statement = statement.where(DetectionRule.ruleset == name)
    try:
        with records.read(EVERYTHING) as session:
            found = [_listed(*row) for row in session.execute(statement)]
    finally:
        records.close()
    found.sort(key=lambda one: (-one["hits"], one["id"]))
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
        return
    table = Table(title=f"{len(found):,} rules")
    for column in ("id", "title", "set", "state", "version", "level"):
        table.add_column(column, overflow="fold")
    table.add_column("hits", justify="right")
    table.add_column("ns", justify="right")
    for one in found:
        state = f"{one['state']} (throttled: {one['throttled']})" if one["throttled"] else one["state"]
        row = (one["id"], one["title"], one["ruleset"], state, str(one["version"]), one["level"])
        table.add_row(*row, f"{one['hits']:,}", "" if one["nanoseconds"] is None else f"{one['nanoseconds']:,.0f}")
    Console().print(table)


def _listed(rule: DetectionRule, _id: Any, hits: Any, excepted: Any, timed: Any, nanoseconds: Any) -> dict[str, Any]:
    """`nanoseconds` is the mean of an evaluation, null where none was timed."""
    return {
        "id": rule.id, "title": rule.title, "ruleset": rule.ruleset, "state": rule.state, "level": rule.level,
        "kind": rule.kind, "version": rule.current, "throttled": rule.throttled, "hits": int(hits or 0),
        "excepted": int(excepted or 0), "nanoseconds": int(nanoseconds) / int(timed) if timed else None,
    }  # fmt: skip


def set_state(settings: Settings, identity: str, state: str, actor: str) -> None:
    """Raises NotFound and ConfigError."""
    _known_state(state)
    records = build_records(settings)
    try:
        with records.write(EVERYTHING) as session:
            rule = session.get(DetectionRule, identity)
            if rule is None:
                raise NotFound(f"there is no rule {identity}")
            library.set_state(rule, state, library.By(actor, clock.now()), "")
    finally:
        records.close()


def diff(settings: Settings, identity: str, old: int) -> None:
    """Raises NotFound."""
    records = build_records(settings)
    try:
        with records.read(EVERYTHING) as session:
            rule = session.get(DetectionRule, identity)
            if rule is None:
                raise NotFound(f"there is no rule {identity}")
            number = old or rule.current - 1
            texts = [session.get(DetectionRuleVersion, (identity, which)) for which in (number, rule.current)]
    finally:
        records.close()
    before, after = texts
    if before is None or after is None:
        raise NotFound(f"rule {identity} has no version {number}")
    lines = difflib.unified_diff(
        before.body.splitlines(), after.body.splitlines(), f"version {number}", f"version {after.number}", lineterm=""
    )
    Console().print("\n".join(lines) or "the versions have the same text", markup=False, soft_wrap=True)


def run_tests(path: Path | None) -> bool:
    """Run the cases of rules; True where all hold."""
    parsed, refused = load(path)
    count, failures = run_cases(parsed)
    console = Console()
    for one in refused:
        console.print(f"refused {one.source}: {one.reason}", soft_wrap=True)
    for failure in failures:
        console.print(_said(failure), soft_wrap=True, markup=False)
    console.print(f"{count} cases of {len(parsed)} rules, {len(failures)} failed")
    return not failures and not refused


def _said(failure: Failure) -> str:
    word = "should match and does not" if failure.wanted else "should not match and does"
    return f"{failure.source}: case {failure.number} {word}"
