"""Detection rules out of Records: what runs is loaded into a `Ruleset`; what rules did and cost is written back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from processor.upsert import add as add_figures
from taishi.records.port import Records
from taishi.records.tables import DetectionRule, DetectionRuleVersion, RuleDaily, RuleException, RuleFigure
from taishi.rules import exceptions, library
from taishi.rules.library import BUDGET
from taishi.scope import EVERYTHING
from taishi.sigma import parse, ruleset
from taishi.sigma.index import Engine
from taishi.sigma.packs import own
from taishi.sigma.rule import AnyRule, decode
from taishi.sigma.ruleset import Ruleset

DAY: Final = 86_400.0
FIGURES: Final = ("hits", "excepted", "dropped", "timed", "nanoseconds")

ENOUGH: Final = 500
"""Timed evaluations before a rule is judged."""


def seed(records: Records, at: float) -> library.Added:
    """Bring the platform's own rules to what this version ships; people's states stay."""
    parsed, refused = parse.parse(own())
    if refused:
        raise ValueError(f"a rule of our own is refused: {refused[0]}")
    with records.write(EVERYTHING) as session:
        return library.add(session, parsed, library.OWN, "stable", library.By("platform", at, seeds=True))


def fingerprint(session: Session) -> tuple[Any, ...]:
    """Changes when a rule or an exception was added or edited; a cheap question."""
    rules = session.execute(
        select(func.count(), func.sum(DetectionRule.version), func.max(DetectionRule.changed_at)).select_from(
            DetectionRule
        )
    ).one()
    exceptions = session.execute(select(func.count(), func.sum(RuleException.version)).select_from(RuleException)).one()
    return (*rules, *exceptions)


def load(session: Session, clock: Callable[[], int] | None = None) -> Ruleset:
    """The rules that run, as one set. `clock` gives nanoseconds, for sampled costs."""
    rows = session.execute(
        select(DetectionRule.id, DetectionRule.state, DetectionRule.current, DetectionRuleVersion.form)
        .join(
            DetectionRuleVersion,
            (DetectionRuleVersion.rule_id == DetectionRule.id) & (DetectionRuleVersion.number == DetectionRule.current),
        )
        .where(DetectionRule.state.in_(("test", "stable")), DetectionRule.throttled == "")
        .order_by(DetectionRule.id)
    ).all()
    rules: list[AnyRule] = [decode(row.form) for row in rows]
    trial = [row.id for row in rows if row.state == "test"]
    exempt = exceptions.in_force(session)
    return ruleset.build(rules, trial, exempt, fingerprint(session), clock)


# ------------------------------------------------------------ figures


def write_figures(
    session: Session, figures: dict[tuple[str, str, str], int], costs: dict[str, tuple[int, int]], at: float
) -> None:
    """Add what rules did ((rule, enterprise, what) → how often) and cost (rule → timed, nanoseconds), in all and for the
    day of `at` (epoch seconds)."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}

    def row(rule_id: str, enterprise_id: str) -> dict[str, Any]:
        key = (rule_id[:128], enterprise_id[:64])
        return rows.setdefault(key, {"rule_id": key[0], "enterprise_id": key[1], **dict.fromkeys(FIGURES, 0)})

    for (rule_id, enterprise_id, what), count in figures.items():
        row(rule_id, enterprise_id)[what] += count
    for rule_id, (timed, nanoseconds) in costs.items():
        cost = row(rule_id, "")
        cost["timed"] += timed
        cost["nanoseconds"] += nanoseconds
    found = [rows[key] for key in sorted(rows)]
    add_figures(session, RuleFigure, FIGURES, found)
    add_figures(session, RuleDaily, FIGURES, [{**row, "day": int(at // DAY)} for row in found])


def take_costs(engine: Engine) -> tuple[dict[str, tuple[int, int]], dict[str, str]]:
    """What rules cost since the last call (rule → timed, nanoseconds), and those over the budget with the reason."""
    costs: dict[str, tuple[int, int]] = {}
    heavy: dict[str, str] = {}
    for entry in engine.entries:
        if not entry.timed:
            continue
        costs[entry.rule.id] = (entry.timed, entry.nanoseconds)
        share = entry.nanoseconds / max(1, engine.sampled)
        if entry.timed >= ENOUGH and share > BUDGET:
            heavy[entry.rule.id] = f"it cost {share / 1000:.0f} µs an event over {engine.sampled:,} sampled events"
        entry.timed = entry.nanoseconds = 0
    engine.sampled = 0
    return costs, heavy


def throttled(session: Session) -> int:
    """How many rules are switched off for what they cost."""
    return session.scalar(select(func.count()).select_from(DetectionRule).where(DetectionRule.throttled != "")) or 0


def throttle(session: Session, heavy: dict[str, str], at: float) -> None:
    """Switch rules off for what they cost; people see why and decide."""
    for identity, reason in sorted(heavy.items()):
        session.execute(
            update(DetectionRule)
            .where(DetectionRule.id == identity)
            .values(throttled=reason[:255], version=DetectionRule.version + 1, changed_at=at, changed_by="platform")
            .execution_options(synchronize_session=False)
        )
