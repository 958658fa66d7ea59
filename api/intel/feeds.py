"""Feeds as people keep them: the list, entering, pausing, pulling now, removing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from api.dependencies import Caller
from api.intel import schemas
from api.intel.schemas import FeedChange, FeedCreate, FeedList
from api.problems import PreconditionFailed
from api.services import Services
from taishi.clock import now
from taishi.errors import Conflict, NotFound
from taishi.intel import book
from taishi.records.tables import Feed, Indicator, IntelState
from taishi.security import audit

PLAIN = ("id", "name", "transport", "format", "url", "mode", "secret", "interval", "confidence", "tlp", "valid_days", "state",
         "next_at", "pulled_at", "succeeded_at", "error", "version")  # fmt: skip


def _counts(session: Session, at: float) -> tuple[dict[str, int], dict[str, int]]:
    """(all, those matched at present) by feed."""
    matched = (
        Indicator.revoked.is_(False), Indicator.dismissed_at.is_(None), Indicator.warned == "",
        or_(Indicator.valid_until.is_(None), Indicator.valid_until > at),
    )  # fmt: skip
    grouped = select(Indicator.feed_id, func.count()).group_by(Indicator.feed_id)
    return (
        {row[0]: row[1] for row in session.execute(grouped)},
        {row[0]: row[1] for row in session.execute(grouped.where(*matched))},
    )


def _result(raw: Mapping[str, Any]) -> schemas.FeedResult | None:
    if not raw:
        return None
    return schemas.FeedResult(
        **{name: int(raw.get(name, 0)) for name in ("accepted", "refused", "changed", "withdrawn", "warned")},
        reasons=[schemas.FeedRefusal(what=str(what), reason=str(reason)) for what, reason in raw.get("reasons", [])],
    )


def _rows(session: Session, found: Sequence[Feed], at: float) -> list[schemas.Feed]:
    every, active = _counts(session, at)
    return [
        schemas.Feed(
            **{name: getattr(row, name) for name in PLAIN}, indicators=every.get(row.id, 0),
            active=active.get(row.id, 0) if row.state == "active" else 0, result=_result(row.result),
        )
        for row in found
    ]  # fmt: skip


def listed(services: Services, caller: Caller) -> FeedList:
    with services.records.read(caller.scope) as session:
        rows = session.scalars(select(Feed).where(Feed.state != "removed").order_by(Feed.name, Feed.id)).all()
        state = session.get(IntelState, book.ROW)
        return FeedList(
            items=_rows(session, rows, now()), matched=state.indicators if state else 0,
            built_at=state.built_at if state else None, behind=bool(state and state.built < state.change),
        )  # fmt: skip


def create(services: Services, caller: Caller, wanted: FeedCreate) -> schemas.Feed:
    at = now()
    options: dict[str, Any] = {"columns": wanted.columns}
    if wanted.user:
        options["user"] = wanted.user
    if wanted.kind is not None:
        options["kind"] = wanted.kind
    given = wanted.model_dump(exclude={"id", "name", "user", "columns", "kind"})
    with services.records.write(caller.scope) as session:
        if session.get(Feed, wanted.id) is not None:
            raise Conflict(f"there is, or was, a feed {wanted.id}; choose another id")
        row = book.new_feed(wanted.id, wanted.name, at, caller.login, options=options, **given)
        session.add(row)
        _written(session, caller, row, "create", at)
        session.flush()
        return _rows(session, [row], at)[0]


def change(services: Services, caller: Caller, feed_id: str, wanted: FeedChange, version: int) -> schemas.Feed:
    at = now()
    with services.records.write(caller.scope) as session:
        row = session.scalar(select(Feed).where(Feed.id == feed_id, Feed.state != "removed").with_for_update())
        if row is None:
            raise NotFound("there is no such feed, or it is outside your scope")
        if row.version != version:
            raise PreconditionFailed("somebody changed this feed first; load it again and repeat your change")
        if wanted.action == "pull":
            if not row.transport or row.state != "active":
                raise Conflict("only an active feed with an address can be pulled")
            row.next_at = row.claimed_until = 0.0
        else:
            row.state = {"pause": "paused", "start": "active", "remove": "removed"}[wanted.action]
            book.bump(session)
        row.version += 1
        _written(session, caller, row, wanted.action, at)
        session.flush()
        answer = _rows(session, [row], at) if row.state != "removed" else []
        return answer[0] if answer else _gone(row)


def _gone(row: Feed) -> schemas.Feed:
    """A removed feed as it is answered once: nothing of it is matched, and it is in no list any more."""
    plain = {**{name: getattr(row, name) for name in PLAIN}, "state": "paused"}
    return schemas.Feed(**plain, indicators=0, active=0, result=None)


def _written(session: Session, caller: Caller, row: Feed, action: str, at: float) -> None:
    detail = {"name": row.name, "url": row.url.partition("?")[0], "state": row.state}
    audit.append(
        session, at=at, actor=caller.login, action=f"feed.{action}", object_kind="feed", object_id=row.id, detail=detail
    )
