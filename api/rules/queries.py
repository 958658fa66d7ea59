"""Detection rules as people read them: what runs, what it found in the caller's scope, and what it costs."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from api import paging
from api.common import Attack, attack
from api.dependencies import Caller
from api.rules.schemas import (
    RuleBrief,
    RuleDay,
    RuleDetail,
    RuleFacetCount,
    RuleFacets,
    RuleHistoryEntry,
    RulePage,
    RuleQuery,
    RuleVerdicts,
    RuleVersionBrief,
    RuleVersionText,
)
from api.services import Services
from taishi.clock import now
from taishi.errors import NotFound
from taishi.records.tables import DetectionRule, DetectionRuleVersion, RuleDaily, RuleFigure, RuleVerdict
from taishi.rules import library
from taishi.sigma.cases import cases_of
from taishi.sigma.parse import parse
from taishi.sigma.rule import Correlation, Rule, decode

DAY: Final = 86_400.0
DAYS: Final = 14
SOME: Final = 400
MAX_FACET: Final = 40


@dataclass(frozen=True, slots=True)
class Figures:
    """`hits` and `excepted` of the caller's scope; `nanoseconds`: mean of one evaluation, None before it was timed."""

    hits: int = 0
    excepted: int = 0
    nanoseconds: float | None = None


def figures(session: Session, ids: Sequence[str]) -> dict[str, Figures]:
    table, found = RuleFigure, {}
    for start in range(0, len(ids), SOME):
        rows = session.execute(
            select(
                table.rule_id, func.sum(table.hits), func.sum(table.excepted), func.sum(table.timed),
                func.sum(table.nanoseconds),
            ).where(table.rule_id.in_(list(ids[start : start + SOME]))).group_by(table.rule_id)
        )  # fmt: skip
        for identity, hits, excepted, timed, nanoseconds in rows:
            mean = float(nanoseconds) / float(timed) if timed else None
            found[identity] = Figures(int(hits), int(excepted), mean)
    return found


def verdicts(session: Session, names: Iterable[str]) -> dict[str, RuleVerdicts]:
    """By the name that a rule's alerts carry."""
    wanted = sorted(set(names))
    table, found = RuleVerdict, {}
    for start in range(0, len(wanted), SOME):
        rows = session.execute(
            select(
                table.rule, func.sum(table.true_positive), func.sum(table.false_positive), func.sum(table.benign_positive)
            ).where(table.rule.in_(wanted[start : start + SOME])).group_by(table.rule)
        )  # fmt: skip
        for name, true, false, benign in rows:
            judged = int(true) + int(false) + int(benign)
            found[name] = RuleVerdicts(
                true_positive=int(true), false_positive=int(false), benign_positive=int(benign),
                false_rate=int(false) / judged if judged else None,
            )  # fmt: skip
    return found


def shown_name(row: DetectionRule) -> str:
    """`rule.name` of the alerts that a rule makes."""
    return row.title_zh or row.title


_NONE: Final = RuleVerdicts(true_positive=0, false_positive=0, benign_positive=0, false_rate=None)


def techniques_of(ids: Iterable[Any]) -> list[Attack]:
    return [Attack(**attack(str(one), "")) for one in ids]


def _brief(row: DetectionRule, counted: dict[str, Figures], judged: dict[str, RuleVerdicts]) -> dict[str, Any]:
    mine = counted.get(row.id, Figures())
    plain = ("id", "title", "title_zh", "kind", "ruleset", "level", "state", "throttled", "product", "category", "service",
             "changed_at", "changed_by", "version")  # fmt: skip
    return {
        **{name: getattr(row, name) for name in plain}, "techniques": techniques_of(row.techniques), "hits": mine.hits,
        "excepted": mine.excepted, "nanoseconds": mine.nanoseconds, "verdicts": judged.get(shown_name(row), _NONE),
    }  # fmt: skip


def briefs(session: Session, rows: Sequence[DetectionRule]) -> list[RuleBrief]:
    counted = figures(session, [row.id for row in rows])
    judged = verdicts(session, (shown_name(row) for row in rows))
    return [RuleBrief(**_brief(row, counted, judged)) for row in rows]


# ---------------------------------------------------------------- the list


def _source() -> ColumnElement[str]:
    """What a rule reads, in a word: the product, or the category where any product's will do."""
    return func.coalesce(func.nullif(DetectionRule.product, ""), DetectionRule.category)


def _conditions(query: RuleQuery) -> dict[str, ColumnElement[bool]]:
    """By the facet that each belongs to."""
    found: dict[str, ColumnElement[bool]] = {}
    if query.state is not None:
        found["state"] = DetectionRule.state == query.state
    if query.level is not None:
        found["level"] = DetectionRule.level == query.level
    if query.ruleset is not None:
        found["ruleset"] = DetectionRule.ruleset == query.ruleset
    if query.source is not None:
        found["source"] = _source() == query.source
    if query.throttled is not None:
        found["throttled"] = (DetectionRule.throttled != "") == query.throttled
    for number, word in enumerate(query.q.split()[:8]):
        columns = (DetectionRule.title, DetectionRule.title_zh, DetectionRule.id, DetectionRule.name)
        found[f"q{number}"] = or_(*(column.icontains(word, autoescape=True) for column in columns))
    return found


def _summed(*columns: Any) -> Any:
    """One row a rule of what the caller may see of its figures."""
    return select(RuleFigure.rule_id, *columns).group_by(RuleFigure.rule_id).subquery()


def page(services: Services, caller: Caller, query: RuleQuery) -> RulePage:
    conditions = _conditions(query)
    sums = _summed(
        func.sum(RuleFigure.hits).label("hits"),
        (func.sum(RuleFigure.nanoseconds) * 1.0 / func.nullif(func.sum(RuleFigure.timed), 0)).label("cost"),
    )
    hits, cost = func.coalesce(sums.c.hits, 0), func.coalesce(sums.c.cost, 0.0)
    if query.fired is not None:
        conditions["fired"] = (hits > 0) == query.fired
    first: tuple[Any, bool, type] = {
        "hits": (hits, True, float), "cost": (cost, True, float), "changed": (DetectionRule.changed_at, True, float),
        "title": (DetectionRule.title, False, str),
    }[query.order]  # fmt: skip
    keys: list[tuple[Any, bool]] = [(first[0], first[1]), (DetectionRule.id, False)]

    def joined(*columns: Any) -> Any:
        return select(*columns).select_from(DetectionRule).outerjoin(sums, sums.c.rule_id == DetectionRule.id)

    with services.records.read(caller.scope) as session:
        if query.technique is not None:
            conditions["technique"] = DetectionRule.id.in_(_of_technique(session, query.technique))
        wanted = joined(DetectionRule, first[0]).where(*conditions.values())
        total = session.scalar(joined(func.count()).where(*conditions.values())) or 0
        if query.cursor is not None:
            wanted = wanted.where(paging.after(keys, paging.decode(query.cursor, [first[2], str])))
        statement = wanted.order_by(*paging.order(keys)).limit(query.limit + 1)
        found: list[tuple[DetectionRule, Any]] = [(row[0], row[-1]) for row in session.execute(statement)]
        shown = found[: query.limit]
        items = briefs(session, [row[0] for row in shown])
        facets = RuleFacets(
            **{
                name: _facet(session, joined, column, [one for key, one in conditions.items() if key != name])
                for name, column in (
                    ("state", DetectionRule.state), ("level", DetectionRule.level),
                    ("ruleset", DetectionRule.ruleset), ("source", _source()),
                )
            }
        )  # fmt: skip
    last = shown[-1] if len(found) > query.limit else None
    cursor = None if last is None else paging.encode([_plain(last[1]), last[0].id])
    return RulePage(items=items, total=total, facets=facets, next_cursor=cursor)


def _plain(value: Any) -> str | float:
    """A database's decimal as the number that JSON has."""
    return value if isinstance(value, str) else float(value)


def _of_technique(session: Session, technique: str) -> list[str]:
    """Ids of the rules for a technique and its parts. Techniques are a JSON list, which no two databases search alike."""
    rows = session.execute(select(DetectionRule.id, DetectionRule.techniques))
    return [
        identity
        for identity, ids in rows
        if any(str(one) == technique or str(one).startswith(f"{technique}.") for one in ids)
    ]


def _facet(session: Session, joined: Any, column: Any, conditions: list[ColumnElement[bool]]) -> list[RuleFacetCount]:
    rows = session.execute(
        joined(column, func.count())
        .where(*conditions)
        .group_by(column)
        .order_by(func.count().desc(), column)
        .limit(MAX_FACET)
    )
    counted = [tuple(row) for row in rows]
    return [RuleFacetCount(value=str(value), count=int(count)) for value, count in counted if value]


# ---------------------------------------------------------------- one rule


def load(session: Session, rule_id: str, *, lock: bool = False) -> DetectionRule:
    statement = select(DetectionRule).where(DetectionRule.id == rule_id)
    row = session.scalar(statement.with_for_update() if lock else statement)
    if row is None:
        raise NotFound("there is no such rule")
    return row


def full(services: Services, caller: Caller, session: Session, row: DetectionRule) -> RuleDetail:
    counted = figures(session, [row.id])
    judged = verdicts(session, [shown_name(row)])
    versions = session.execute(
        select(DetectionRuleVersion.number, DetectionRuleVersion.added_at, DetectionRuleVersion.added_by)
        .where(DetectionRuleVersion.rule_id == row.id)
        .order_by(DetectionRuleVersion.number.desc())
        .limit(200)
    ).all()
    running = library.current(session, row.id)
    if running is None:
        raise NotFound("the rule has no text; add it again")
    rule = decode(running.form)
    return RuleDetail(
        **_brief(row, counted, judged), body=running.body, description=rule.description, advice_zh=rule.advice_zh,
        advice_en=rule.advice_en, references=list(rule.references), falsepositives=list(rule.falsepositives),
        source_state=row.source_state, rules=list(rule.rules) if isinstance(rule, Correlation) else [],
        versions=[
            RuleVersionBrief(number=number, added_at=at, added_by=actor, current=number == row.current)
            for number, at, actor in versions
        ],
        history=[
            RuleHistoryEntry(
                at=float(one.get("at", 0.0)), actor=str(one.get("actor", "")), action=str(one.get("action", "")),
                note=str(one.get("note", "")),
            )
            for one in reversed(row.history)
        ],
        days=_days(services, caller, session, rule), budget=library.BUDGET, cases=_case_count(running.body),
    )  # fmt: skip


def detail(services: Services, caller: Caller, rule_id: str) -> RuleDetail:
    with services.records.read(caller.scope) as session:
        return full(services, caller, session, load(session, rule_id))


def quoted(text: str) -> str:
    """A phrase of the query language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def alerts_of(rule_id: str) -> str:
    """The search for the alerts that a rule made."""
    return f"rule.id:{quoted(rule_id)} AND event.kind:alert"


def _days(services: Services, caller: Caller, session: Session, rule: Rule | Correlation) -> list[RuleDay]:
    end = (now() // DAY + 1) * DAY
    buckets = services.store.histogram(alerts_of(rule.id), caller.scope, end - DAYS * DAY, end, DAY)
    counted = Counter({bucket.start: bucket.count for bucket in buckets})
    table = RuleDaily
    columns = [func.sum(getattr(table, name)) for name in ("hits", "excepted", "timed", "nanoseconds")]
    rows = session.execute(
        select(table.day, *columns)
        .where(table.rule_id == rule.id, table.day >= int(end // DAY) - DAYS)
        .group_by(table.day)
    )
    daily = {int(row[0]): [int(one) for one in row[1:]] for row in rows}
    found = []
    for day in range(int(end // DAY) - DAYS, int(end // DAY)):
        hits, excepted, timed, nanoseconds = daily.get(day, [0, 0, 0, 0])
        mean = nanoseconds / timed if timed else None
        start = day * DAY
        found.append(RuleDay(start=start, count=counted[start], hits=hits, excepted=excepted, nanoseconds=mean))
    return found


def _case_count(body: str) -> int:
    parsed, _ = parse([("rule", body)])
    return sum(len(cases_of(one)) for one in parsed)


def version_text(services: Services, caller: Caller, rule_id: str, number: int) -> RuleVersionText:
    """A version's text and what it changed."""
    with services.records.read(caller.scope) as session:
        load(session, rule_id)
        rows = session.scalars(
            select(DetectionRuleVersion)
            .where(DetectionRuleVersion.rule_id == rule_id, DetectionRuleVersion.number <= number)
            .order_by(DetectionRuleVersion.number.desc())
            .limit(2)
        ).all()
        if not rows or rows[0].number != number:
            raise NotFound("the rule has no such version")
        this, before = rows[0], rows[1] if len(rows) > 1 else None
        changes: list[str] = []
        if before is not None:
            names = (f"version {before.number}", f"version {this.number}")
            changes = list(difflib.unified_diff(before.body.splitlines(), this.body.splitlines(), *names, lineterm=""))
        return RuleVersionText(
            number=number, added_at=this.added_at, added_by=this.added_by, body=this.body,
            previous=before.number if before else None, diff=changes,
        )  # fmt: skip
