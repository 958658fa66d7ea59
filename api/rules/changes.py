"""What people do with rules: check a text, save it, and say which state it is in."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from api.dependencies import Caller
from api.problems import Invalid, PreconditionFailed, PreconditionRequired
from api.rules.queries import full, load, techniques_of
from api.rules.schemas import RuleChange, RuleCheck, RuleDetail, RuleProblem, RuleSave, RuleText
from api.services import Services
from taishi.clock import now
from taishi.errors import NotFound
from taishi.records.tables import DetectionRule
from taishi.rules import library
from taishi.security import audit
from taishi.sigma.cases import run_cases
from taishi.sigma.parse import Parsed, Refused, parse
from taishi.sigma.rule import Rule
from taishi.sigma.ruleset import build

WRITTEN_HERE: Final = "local"
"""The rule set of rules that people write in the editor."""


def read(session: Session, body: str) -> tuple[list[Parsed], list[Refused]]:
    """The one rule of a text, or why it is refused."""
    parsed, refused = parse([("rule.yml", body)], known=lambda names: library.known(session, names))
    if not parsed and not refused:
        refused.append(Refused("rule.yml", "", "", "there is no rule in this text"))
    if len(parsed) + len(refused) > 1:
        parsed, refused = [], [Refused("rule.yml", "", "", "one rule at a time: this text has several documents")]
    return parsed, refused


def check(services: Services, caller: Caller, wanted: RuleText) -> RuleCheck:
    """What the engine makes of a text; nothing is kept."""
    with services.records.read(caller.scope) as session:
        parsed, refused = read(session, wanted.body)
        rule = parsed[0].rule if parsed else None
        row = session.get(DetectionRule, rule.id[:128]) if rule is not None else None
        known = row.id if row is not None else None
    product, category, service = rule.logsource if isinstance(rule, Rule) else ("", "", "")
    cases, failures = run_cases(parsed) if parsed and isinstance(rule, Rule) else (0, [])
    engine = build([rule]).engine if isinstance(rule, Rule) else None
    return RuleCheck(
        accepted=bool(parsed),
        problems=[RuleProblem(reason=one.reason, line=one.line, column=one.column) for one in refused],
        id=rule.id if rule else "", title=rule.title if rule else "", level=rule.level if rule else "",
        product=product, category=category, service=service, techniques=techniques_of(rule.techniques if rule else ()),
        known=known, cases=cases, failed_cases=[one.number for one in failures],
        literals=engine is None or not engine.without_witness(),
    )  # fmt: skip


def save(services: Services, caller: Caller, wanted: RuleSave, version: int | None) -> RuleDetail:
    """A new rule begins as a draft; a changed one runs at once in the state it has. Raises Invalid for a text that the
    engine refuses, PreconditionRequired and PreconditionFailed for one that exists."""
    at = now()
    with services.records.write(caller.scope) as session:
        parsed, refused = read(session, wanted.body)
        if refused:
            one = refused[0]
            place = f"line {one.line}: " if one.line else ""
            raise Invalid(f"{place}{one.reason}", "rule_refused")
        identity = parsed[0].rule.id[:128]
        row = session.get(DetectionRule, identity)
        if row is not None:
            if version is None:
                raise PreconditionRequired("the rule exists: send If-Match with the version you edited")
            if row.version != version:
                raise PreconditionFailed("somebody changed the rule first; load it again")
        ruleset = row.ruleset if row is not None else WRITTEN_HERE
        library.add(session, parsed, ruleset, "draft", library.By(caller.login, at))
        saved = load(session, identity)
        if wanted.note.strip() and saved.history:
            saved.history = [*saved.history[:-1], {**saved.history[-1], "note": wanted.note.strip()}]
        audit.append(
            session, at=at, actor=caller.login, action="rule.save", object_kind="rule", object_id=identity,
            detail={"version": saved.current, "note": wanted.note.strip()},
        )  # fmt: skip
        session.flush()
        return full(services, caller, session, saved)


def change(services: Services, caller: Caller, rule_id: str, wanted: RuleChange, version: int) -> RuleDetail:
    """Raises NotFound, PreconditionFailed, Invalid for switching off without a reason."""
    at = now()
    if wanted.state == "off" and len(wanted.reason.strip()) < 2:
        raise Invalid("say why the rule is switched off: others will ask", "reason_required")
    with services.records.write(caller.scope) as session:
        row = load(session, rule_id, lock=True)
        if row.version != version:
            raise PreconditionFailed("somebody changed the rule first; load it again")
        before = row.state
        library.set_state(row, wanted.state, library.By(caller.login, at), wanted.reason.strip())
        audit.append(
            session, at=at, actor=caller.login, action="rule.state", object_kind="rule", object_id=row.id,
            detail={"from": before, "to": wanted.state, "reason": wanted.reason.strip()},
        )  # fmt: skip
        session.flush()
        return full(services, caller, session, row)


def take_version(services: Services, caller: Caller, rule_id: str, number: int, version: int) -> RuleDetail:
    """Let an earlier version run again; the history says who went back."""
    at = now()
    with services.records.write(caller.scope) as session:
        row = load(session, rule_id, lock=True)
        if row.version != version:
            raise PreconditionFailed("somebody changed the rule first; load it again")
        if not library.take(session, row, number, library.By(caller.login, at)):
            raise NotFound("the rule has no such version")
        audit.append(
            session, at=at, actor=caller.login, action="rule.version", object_kind="rule", object_id=row.id,
            detail={"version": number},
        )  # fmt: skip
        session.flush()
        return full(services, caller, session, row)
