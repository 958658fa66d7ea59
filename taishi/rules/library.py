"""Detection rules in Records: versions are added and never changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import orjson
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from taishi.records.tables import DetectionRule, DetectionRuleVersion
from taishi.sigma import parse
from taishi.sigma.rule import And, AnyRule, Correlation, Match, Node, Rule, decode, encode

OWN: Final = "taishi"
"""Name of the rule set that ships with the platform."""
STATES: Final = ("draft", "test", "stable", "off")
BUDGET: Final = 20_000
"""Nanoseconds that one rule may cost per event of the whole traffic, on average: two of the whole pack's budget. A rule
beyond it is switched off by the platform (`throttled`) until a person has looked at it."""
SOME: Final = 400
MAX_HISTORY: Final = 100


@dataclass(slots=True)
class Added:
    """What an addition changed."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


def digest_of(body: str, form: dict[str, Any]) -> str:
    return blake2b(body.encode() + orjson.dumps(form, option=orjson.OPT_SORT_KEYS), digest_size=32).hexdigest()


@dataclass(frozen=True, slots=True)
class By:
    """Who changes rules, and when; `seeds`: it is the platform with what it ships."""

    actor: str
    at: float
    seeds: bool = False


def add(session: Session, parsed: Sequence[parse.Parsed], name: str, state: str, by: By) -> Added:
    """Store rules of a set: new ones in `state`, changed ones as a new version that runs at once, in the state people
    gave them. Repeating it changes nothing. What the platform ships never takes the place of what a person wrote: it
    becomes a version that does not run."""
    result = Added()
    for start in range(0, len(parsed), SOME):
        some = parsed[start : start + SOME]
        ids = [one.rule.id[:128] for one in some]
        known = {row.id: row for row in session.scalars(select(DetectionRule).where(DetectionRule.id.in_(ids)))}
        versions = _versions(session, known)
        for one in some:
            _store(session, one, name, state, by, known.get(one.rule.id[:128]), versions, result)
        session.flush()
    return result


_Versions = dict[str, dict[int, tuple[str, str]]]
"""Rule → number → (digest, who wrote it)."""


def _versions(session: Session, known: Iterable[str]) -> _Versions:
    columns = DetectionRuleVersion
    rows = session.execute(
        select(columns.rule_id, columns.number, columns.digest, columns.added_by).where(
            columns.rule_id.in_(list(known))
        )
    )
    found: _Versions = {}
    for identity, number, digest, actor in rows:
        found.setdefault(identity, {})[number] = (digest, actor)
    return found


def _store(
    session: Session, one: parse.Parsed, name: str, state: str, by: By, row: DetectionRule | None, versions: _Versions,
    result: Added,
) -> None:  # fmt: skip
    rule = one.rule
    identity = rule.id[:128]
    form = {**encode(rule), "ruleset": name}
    digest = digest_of(one.body, form)
    mine = versions.get(identity, {})
    if row is not None:
        seen = {text for text, _ in mine.values()} if by.seeds else {mine[row.current][0]}
        if digest in seen:
            result.unchanged += 1
            return
    described = {**_described(rule), "ruleset": name, "changed_at": by.at, "changed_by": by.actor}
    number = max(mine, default=0) + 1
    entry = {"at": by.at, "actor": by.actor, "action": f"version {number}", "note": ""}
    if row is None:
        session.add(DetectionRule(id=identity, state=state, current=1, history=[entry], **described))
        session.flush()
        result.new += 1
    else:
        replaces = not by.seeds or mine[row.current][1] == by.actor
        history = [*row.history[-MAX_HISTORY + 1 :], entry]
        changes = {**described, "current": number, "throttled": ""} if replaces else {}
        for column, value in {**changes, "history": history, "version": row.version + 1}.items():
            setattr(row, column, value)
        result.changed += 1
    session.add(
        DetectionRuleVersion(
            rule_id=identity, number=number, body=one.body, digest=digest, form=form, added_at=by.at, added_by=by.actor
        )
    )


def known(session: Session, names: Sequence[str]) -> dict[str, str]:
    """Names and ids of stored rules → their ids, for correlations that build on them."""
    wanted = list(names)[:SOME]
    rows = session.execute(
        select(DetectionRule.id, DetectionRule.name).where(
            or_(DetectionRule.id.in_(wanted), DetectionRule.name.in_([name for name in wanted if name]))
        )
    ).all()
    found = {name: identity for identity, name in rows if name}
    return found | {identity: identity for identity, _ in rows}


def current(session: Session, identity: str) -> DetectionRuleVersion | None:
    """The version of a rule that runs."""
    return session.scalar(
        select(DetectionRuleVersion)
        .join(DetectionRule, DetectionRule.id == DetectionRuleVersion.rule_id)
        .where(DetectionRule.id == identity, DetectionRuleVersion.number == DetectionRule.current)
    )


def family(session: Session, rule: AnyRule) -> list[AnyRule]:
    """A rule and, for a correlation, the stored rules that it builds on, theirs included. What is gone is left out."""
    found, waiting = {rule.id: rule}, [rule]
    while waiting:
        one = waiting.pop()
        for name in one.rules if isinstance(one, Correlation) else ():
            version = None if name in found else current(session, name)
            if version is not None:
                found[name] = decode(version.form)
                waiting.append(found[name])
    return list(found.values())


def take(session: Session, row: DetectionRule, number: int, by: By) -> bool:
    """Let an earlier version run again, as it is; False where there is none of that number."""
    version = session.get(DetectionRuleVersion, (row.id, number))
    if version is None:
        return False
    entry = {"at": by.at, "actor": by.actor, "action": f"version {row.current} → {number}", "note": ""}
    changes = {**_described(decode(version.form)), "current": number, "throttled": "", "version": row.version + 1,
               "history": [*row.history[-MAX_HISTORY + 1 :], entry], "changed_at": by.at, "changed_by": by.actor}  # fmt: skip
    for column, value in changes.items():
        setattr(row, column, value)
    return True


def set_state(row: DetectionRule, state: str, by: By, reason: str) -> None:
    """A person's decision; it also lets a rule run again that the platform had switched off for its cost."""
    entry = {"at": by.at, "actor": by.actor, "action": f"{row.state} → {state}", "note": reason}
    row.history = [*row.history[-MAX_HISTORY + 1 :], entry]
    row.state, row.throttled, row.version = state, "", row.version + 1
    row.changed_at, row.changed_by = by.at, by.actor


def _described(rule: AnyRule) -> dict[str, Any]:
    """The columns that lists show and filter by."""
    product, category, service = rule.logsource if isinstance(rule, Rule) else ("", "", "")
    return {
        "title": rule.title, "title_zh": rule.title_zh, "name": rule.name[:128],
        "kind": "correlation" if isinstance(rule, Correlation) else "sigma", "level": rule.level,
        "source_state": rule.status[:16], "product": product[:64], "category": category[:64], "service": service[:64],
        "techniques": list(rule.techniques),
    }  # fmt: skip


def exception(fields: dict[str, Any]) -> Node | None:
    """Field → Sigma pattern (wildcards, no modifiers) as a condition; None where there is none. All must hold."""
    parts: Iterable[Node] = (Match(name, parse.pattern(str(value))) for name, value in fields.items())
    return And(tuple(parts)) if fields else None
