"""Detection rules in Records: versions are added and never changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from taishi.records.tables import DetectionRule, DetectionRuleVersion
from taishi.sigma import parse
from taishi.sigma.rule import And, Correlation, Match, Node, encode

OWN: Final = "taishi"
"""Name of the rule set that ships with the platform."""
STATES: Final = ("draft", "test", "stable", "off")
SOME: Final = 400


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


def exception(fields: dict[str, Any]) -> Node | None:
    """Field → Sigma pattern (wildcards, no modifiers) as a condition; None where there is none. All must hold."""
    parts: Iterable[Node] = (Match(name, parse.pattern(str(value))) for name, value in fields.items())
    return And(tuple(parts)) if fields else None
