"""Back-tests: asked for here, run by `processor.backtest_job`, read here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.dependencies import Caller
from api.names import enterprise_refs
from api.problems import Invalid
from api.rules import changes, schemas
from api.rules.schemas import BacktestChange, BacktestCreate, BacktestList, BacktestQuery
from api.services import Services
from taishi.clock import now
from taishi.errors import Conflict, NotFound
from taishi.records.tables import RuleBacktest
from taishi.scope import EVERYTHING
from taishi.security import audit

DAY = 86_400.0
MOST = 20
"""Waiting or running on the platform."""
MOST_EACH = 2
"""Of one person."""
SHOWN = 20
OPEN = ("queued", "running")


def create(services: Services, caller: Caller, wanted: BacktestCreate) -> schemas.Backtest:
    at = now()
    with services.records.read(EVERYTHING) as session:
        statement = select(RuleBacktest.owner, func.count()).where(RuleBacktest.state.in_(OPEN))
        waiting = {row[0]: int(row[1]) for row in session.execute(statement.group_by(RuleBacktest.owner))}
        if waiting.get(caller.login, 0) >= MOST_EACH:
            raise Conflict(f"{MOST_EACH} back-tests of yours are not finished: wait, or cancel one")
        if sum(waiting.values()) >= MOST:
            raise Conflict(f"{MOST} back-tests wait already; try again in a while")
    with services.records.write(caller.scope) as session:
        parsed, refused = changes.read(session, wanted.body)
        if refused:
            raise Invalid(refused[0].reason, "rule_refused")
        found = parsed[0]
        scope = {name: value for name, value in asdict(caller.scope).items() if name != "nothing"}
        row = RuleBacktest(
            id=f"bt-{uuid4().hex[:20]}", rule_id=found.rule.id[:128], title=found.rule.title_zh or found.rule.title,
            body=wanted.body, since=at - wanted.days * DAY, until=at, scope={key: list(some) for key, some in scope.items()},
            scope_key=caller.scope.key, state="queued", progress={}, result={}, owner=caller.login, created_at=at,
        )  # fmt: skip
        session.add(row)
        audit.append(
            session, at=at, actor=caller.login, action="rule.backtest", object_kind="rule", object_id=row.rule_id,
            detail={"backtest": row.id, "days": wanted.days},
        )  # fmt: skip
        session.flush()
        return _told(session, row)


def listed(services: Services, caller: Caller, query: BacktestQuery) -> BacktestList:
    statement = select(RuleBacktest).order_by(RuleBacktest.created_at.desc(), RuleBacktest.id).limit(SHOWN)
    if query.rule_id is not None:
        statement = statement.where(RuleBacktest.rule_id == query.rule_id)
    with services.records.read(caller.scope) as session:
        return BacktestList(items=[_told(session, row) for row in session.scalars(statement)])


def _load(session: Session, backtest_id: str) -> RuleBacktest:
    row = session.scalar(select(RuleBacktest).where(RuleBacktest.id == backtest_id))
    if row is None:
        raise NotFound("there is no such back-test, or it ran in another scope than yours")
    return row


def detail(services: Services, caller: Caller, backtest_id: str) -> schemas.Backtest:
    with services.records.read(caller.scope) as session:
        return _told(session, _load(session, backtest_id))


def change(services: Services, caller: Caller, backtest_id: str, _: BacktestChange) -> schemas.Backtest:
    """Cancel it, the one change there is: the runner stops at its next page."""
    with services.records.write(caller.scope) as session:
        row = _load(session, backtest_id)
        if row.state not in OPEN:
            raise Conflict(f"this back-test is {row.state}")
        row.state, row.ended_at = "cancelled", now()
        session.flush()
        return _told(session, row)


def _told(session: Session, row: RuleBacktest) -> schemas.Backtest:
    plain = (
        "id",
        "rule_id",
        "title",
        "since",
        "until",
        "state",
        "reason",
        "owner",
        "created_at",
        "started_at",
        "ended_at",
    )
    told: dict[str, Any] = {name: getattr(row, name) for name in plain}
    told |= {name: int(row.progress.get(name, 0)) for name in ("seen", "total", "hits")}
    return schemas.Backtest(
        **told,
        result=_result(session, row.result) if row.result else None,
    )


def _result(session: Session, raw: dict[str, Any]) -> schemas.BacktestResult:
    shares: Sequence[dict[str, Any]] = raw["by_enterprise"]
    samples: Sequence[dict[str, Any]] = raw["samples"]
    known = enterprise_refs(
        session, [str(one["id"]) for one in shares] + [str(one["enterprise_id"]) for one in samples]
    )
    plain = {
        name: raw[name] for name in schemas.BacktestResult.model_fields if name not in {"by_enterprise", "samples"}
    }
    return schemas.BacktestResult(
        **plain,
        by_enterprise=[
            schemas.BacktestShare(enterprise=known[one["id"]], count=one["count"]) for one in shares if one["id"] in known
        ],
        samples=[
            schemas.BacktestSample(
                event_id=one["event_id"], at=one["at"], enterprise=known.get(one["enterprise_id"]), message=one["message"],
                reasons=[schemas.Fired(**reason) for reason in one["reasons"]],
            )
            for one in samples
        ],
    )  # fmt: skip
