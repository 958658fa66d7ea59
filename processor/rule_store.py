"""Detection rules in Records: versions are added, never changed; what runs is loaded into a `Ruleset`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from processor.sigma import parse, ruleset
from processor.sigma.index import Engine
from processor.sigma.packs import own
from processor.sigma.rule import And, AnyRule, Correlation, Match, Node, decode, encode
from processor.sigma.ruleset import Exempt, Ruleset
from processor.upsert import add as add_figures
from taishi.records.port import Records
from taishi.records.tables import DetectionRule, DetectionRuleVersion, RuleException, RuleFigure
from taishi.scope import EVERYTHING

OWN: Final = "taishi"
"""Name of the rule set that ships with the platform."""
STATES: Final = ("draft", "test", "stable", "off")
FIGURES: Final = ("hits", "excepted", "dropped", "timed", "nanoseconds")
SOME: Final = 400

BUDGET: Final = 20_000
"""Nanoseconds that one rule may cost per event of the whole traffic, on average: two of the whole pack's budget. A rule
beyond it is switched off by the platform (`throttled`) until a person has looked at it."""
ENOUGH: Final = 500
"""Timed evaluations before a rule is judged."""


@dataclass(slots=True)
class Added:
    """What an addition changed."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


def digest_of(body: str, form: dict[str, Any]) -> str:
    return blake2b(body.encode() + orjson.dumps(form, option=orjson.OPT_SORT_KEYS), digest_size=32).hexdigest()


def add(session: Session, parsed: Sequence[parse.Parsed], name: str, state: str, actor: str, at: float) -> Added:
    """Store rules of a set: new ones in `state`, changed ones as a new version that runs at once, in the state people
    gave them. Repeating it changes nothing."""
    result = Added()
    for start in range(0, len(parsed), SOME):
        some = parsed[start : start + SOME]
        ids = [one.rule.id[:128] for one in some]
        known = {row.id: row for row in session.scalars(select(DetectionRule).where(DetectionRule.id.in_(ids)))}
        digests = _digests(session, known)
        for one in some:
            _store(session, one, name, state, (actor, at), known, digests, result)
        session.flush()
    return result


def _digests(session: Session, known: dict[str, DetectionRule]) -> dict[str, str]:
    rows = session.execute(
        select(DetectionRuleVersion.rule_id, DetectionRuleVersion.number, DetectionRuleVersion.digest).where(
            DetectionRuleVersion.rule_id.in_(list(known))
        )
    )
    return {identity: digest for identity, number, digest in rows if known[identity].current == number}


def _store(
    session: Session, one: parse.Parsed, name: str, state: str, by: tuple[str, float], known: dict[str, DetectionRule],
    digests: dict[str, str], result: Added,
) -> None:  # fmt: skip
    rule = one.rule
    identity = rule.id[:128]
    form = {**encode(rule), "ruleset": name}
    digest = digest_of(one.body, form)
    row = known.get(identity)
    if row is not None and digests.get(identity) == digest:
        result.unchanged += 1
        return
    described = {
        "title": rule.title, "kind": "correlation" if isinstance(rule, Correlation) else "sigma", "ruleset": name,
        "level": rule.level, "source_state": rule.status[:16], "changed_at": by[1], "changed_by": by[0],
    }  # fmt: skip
    if row is None:
        session.add(DetectionRule(id=identity, state=state, current=1, **described))
        session.flush()
        number = 1
        result.new += 1
    else:
        number = row.current + 1
        for column, value in {**described, "current": number, "version": row.version + 1, "throttled": ""}.items():
            setattr(row, column, value)
        result.changed += 1
    session.add(
        DetectionRuleVersion(
            rule_id=identity, number=number, body=one.body, digest=digest, form=form, added_at=by[1], added_by=by[0]
        )
    )


def seed(records: Records, at: float) -> Added:
    """Bring the platform's own rules to what this version ships; people's states stay."""
    parsed, refused = parse.parse(own())
    if refused:
        raise ValueError(f"a rule of our own is refused: {refused[0]}")
    with records.write(EVERYTHING) as session:
        return add(session, parsed, OWN, "stable", "platform", at)


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
    exempt = [
        Exempt(row.id, row.rule_id, row.enterprise_id, row.region.rstrip("0"), exception(row.fields), row.expires_at)
        for row in session.scalars(select(RuleException).order_by(RuleException.id))
    ]
    return ruleset.build(rules, trial, exempt, fingerprint(session), clock)


def exception(fields: dict[str, Any]) -> Node | None:
    """Field → Sigma pattern (wildcards, no modifiers) as a condition; None where there is none. All must hold."""
    parts: Iterable[Node] = (Match(name, parse.pattern(str(value))) for name, value in fields.items())
    return And(tuple(parts)) if fields else None


# ------------------------------------------------------------ figures


def write_figures(
    session: Session, figures: dict[tuple[str, str, str], int], costs: dict[str, tuple[int, int]]
) -> None:
    """Add what rules did ((rule, enterprise, what) → how often) and cost (rule → timed, nanoseconds)."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}

    def row(rule_id: str, enterprise_id: str) -> dict[str, Any]:
        key = (rule_id[:128], enterprise_id[:64])
        return rows.setdefault(key, {"rule_id": key[0], "enterprise_id": key[1], **dict.fromkeys(FIGURES, 0)})

    for (rule_id, enterprise_id, what), count in figures.items():
        row(rule_id, enterprise_id)[what] += count
    for rule_id, (timed, nanoseconds) in costs.items():
        found = row(rule_id, "")
        found["timed"] += timed
        found["nanoseconds"] += nanoseconds
    add_figures(session, RuleFigure, FIGURES, [rows[key] for key in sorted(rows)])


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


def throttle(session: Session, heavy: dict[str, str], at: float) -> None:
    """Switch rules off for what they cost; people see why and decide."""
    for identity, reason in sorted(heavy.items()):
        session.execute(
            update(DetectionRule)
            .where(DetectionRule.id == identity)
            .values(throttled=reason[:255], version=DetectionRule.version + 1, changed_at=at, changed_by="platform")
            .execution_options(synchronize_session=False)
        )
