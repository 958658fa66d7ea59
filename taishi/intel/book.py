"""Indicators and feeds in Records: taking in what a feed says, what matching needs of it, withdrawing, forgetting.

Every transaction that changes what matching sees takes the next number (`IntelState.change`); snapshots carry the number
they hold, so that everybody can tell whether there is something newer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final, cast

from sqlalchemy import Table, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from taishi.intel.indicator import Indicator, Item, Refusal, Tally, identity
from taishi.intel.policy import purpose_of
from taishi.intel.snapshot import Entry, Profile
from taishi.intel.values import Kind
from taishi.intel.warned import own_values, warned
from taishi.records import tables
from taishi.records.port import Records
from taishi.records.tables import Asset, Feed, IntelState
from taishi.scope import EVERYTHING

DAY: Final = 86_400.0
BATCH: Final = 1000
"""Items of one transaction: a checkpoint never waits long for the write lock."""

SOME: Final = 400
MAX_INDICATORS: Final = 5_000_000
"""Indicators of all feeds together; a feed that would bring more is refused."""

MAX_WITHDRAWN: Final = 50_000
KEPT_DAYS: Final = 90.0
"""Days that an indicator stays to be looked up after it ended or was withdrawn."""

GRACE: Final = DAY
"""Ended indicators that a snapshot still holds: events come late."""

ROW: Final = 1
_COMPARED: Final = ("confidence", "tlp", "name", "labels", "purpose", "valid_from", "valid_until", "revoked", "warned")


# ---------------------------------------------------------------- the change number


def change_of(session: Session) -> int:
    return session.scalar(select(IntelState.change).where(IntelState.id == ROW)) or 0


def bump(session: Session) -> int:
    """The number of this transaction. Writers come one at a time, so numbers become visible in their order."""
    state = session.get(IntelState, ROW)
    if state is None:
        state = IntelState(id=ROW, change=0, built=0, built_at=None, indicators=0)
        session.add(state)
    state.change += 1
    session.flush()
    return state.change


def withdrawn_since(session: Session, change: int) -> tuple[frozenset[int], frozenset[str]]:
    """(ids, feeds) that a snapshot of `change` holds and that must not match any more."""
    table = tables.Indicator
    gone = or_(table.revoked.is_(True), table.dismissed_at.is_not(None))
    ids = session.scalars(select(table.id).where(table.change > change, gone).limit(MAX_WITHDRAWN))
    feeds = session.scalars(select(Feed.id).where(Feed.state != "active"))
    return frozenset(ids), frozenset(feeds)


# ---------------------------------------------------------------- taking in


def take_in(records: Records, feed_id: str, items: Iterable[Item], at: float) -> Tally:
    """Write what a feed says, some at a time; what cannot be matched is counted with its reason. `at` is the wall clock.
    Raises RecordsError, and whatever reading the items raises: what was written before stays."""
    tally = Tally()
    with records.read(EVERYTHING) as session:
        feed = session.get(Feed, feed_id)
        if feed is None:
            return tally
        session.expunge(feed)
        own = own_values(
            session.scalars(select(Asset.address).where(Asset.address != "")),
            session.scalars(select(Asset.hostname).where(Asset.hostname != "")),
        )
        room = MAX_INDICATORS - (session.scalar(select(func.count()).select_from(tables.Indicator)) or 0)
    iterator = iter(items)
    while some := list(islice(iterator, BATCH)):
        found = {}
        for item in some:
            if isinstance(item, Refusal):
                tally.refuse(item)
            else:
                row = _row(feed, item, own, at)
                found[row["id"]] = row
        room -= _write(records, found, tally, at, room)
    return tally


def _row(feed: Feed, item: Indicator, own: frozenset[str], at: float) -> dict[str, Any]:
    labels = list(item.labels)
    return {
        "id": identity(feed.id, item.kind, item.value), "value_key": identity("", item.kind, item.value),
        "feed_id": feed.id, "kind": item.kind, "value": item.value,
        "confidence": feed.confidence if item.confidence is None else item.confidence, "tlp": item.tlp or feed.tlp,
        "name": item.name[:255], "labels": labels, "purpose": purpose_of(labels, item.name), "source_id": item.source_id[:255],
        "valid_from": item.valid_from, "valid_until": item.valid_until, "revoked": item.revoked,
        "warned": warned(item.kind, item.value, own), "added_at": at, "seen_at": at, "dismissed_by": "", "reason": "",
        "days": feed.valid_days,
    }  # fmt: skip


def _write(records: Records, found: dict[int, dict[str, Any]], tally: Tally, at: float, room: int) -> int:
    """Returns how many are new."""
    table = tables.Indicator
    columns = [table.id, *(getattr(table, name) for name in _COMPARED)]
    fresh: list[dict[str, Any]] = []
    with records.write(EVERYTHING) as session:
        known = {}
        for some in _chunks(sorted(found)):
            known.update({row.id: row for row in session.execute(select(*columns).where(table.id.in_(some)))})
        changed: list[dict[str, Any]] = []
        for key, row in sorted(found.items()):
            days = row.pop("days")
            before = known.get(key)
            _end(row, days, at, before.valid_until if before is not None else None)
            tally.accepted += 1
            tally.warned += bool(row["warned"])
            if before is None:
                fresh.append(row)
            elif any(getattr(before, name) != row[name] for name in _COMPARED):
                changed.append(row)
        if len(fresh) > room:
            for row in fresh[max(0, room) :]:
                tally.accepted -= 1
                tally.refuse(Refusal(row["value"], f"there are {MAX_INDICATORS:,} indicators, the most there may be"))
            fresh = fresh[: max(0, room)]
        if fresh or changed:
            number = bump(session)
            _insert(session, fresh, number)
            _change(session, changed, number)
            tally.changed += len(fresh) + len(changed)
        for some in _chunks(sorted(known)):
            session.execute(
                update(table).where(table.id.in_(some)).values(seen_at=at).execution_options(synchronize_session=False)
            )
    return len(fresh)


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), SOME):
        yield ids[start : start + SOME]


def _end(row: dict[str, Any], days: float, at: float, before: float | None) -> None:
    """Where a feed says no end: so many days from now on, renewed when half of them are over, so that a list that stays
    as it is changes nothing."""
    if row["valid_until"] is None:
        row["valid_until"] = before if before is not None and before - at > days * DAY / 2 else at + days * DAY


def _insert(session: Session, rows: list[dict[str, Any]], number: int) -> None:
    if rows:
        values = [{**row, "change_number": number, "retro_at": None, "dismissed_at": None} for row in rows]
        session.connection().execute(insert(cast("Table", tables.Indicator.__table__)), values)


def _change(session: Session, rows: list[dict[str, Any]], number: int) -> None:
    for row in rows:
        session.execute(
            update(tables.Indicator)
            .where(tables.Indicator.id == row["id"])
            .values(**{name: row[name] for name in _COMPARED}, change=number)
            .execution_options(synchronize_session=False)
        )


def withdraw_unlisted(records: Records, feed_id: str, before: float) -> int:
    """What a complete list no longer holds is taken back; returns how many."""
    table = tables.Indicator
    gone = 0
    while True:
        with records.write(EVERYTHING) as session:
            some = list(
                session.scalars(
                    select(table.id)
                    .where(table.feed_id == feed_id, table.seen_at < before, table.revoked.is_(False))
                    .limit(SOME)
                )
            )
            if some:
                session.execute(
                    update(table)
                    .where(table.id.in_(some))
                    .values(revoked=True, change=bump(session))
                    .execution_options(synchronize_session=False)
                )
        gone += len(some)
        if len(some) < SOME:
            return gone


# ---------------------------------------------------------------- what matching sees


def entries(session: Session, at: float) -> Iterator[Entry]:
    """Every indicator that may match at or after `at` less the grace for late events."""
    table = tables.Indicator
    feeds = {row.id: row.name for row in session.execute(select(Feed.id, Feed.name).where(Feed.state == "active"))}
    profiles: dict[tuple[Any, ...], Profile] = {}
    statement = (
        select(
            table.id, table.kind, table.value, table.feed_id, table.confidence, table.tlp, table.purpose, table.name,
            table.valid_from, table.valid_until,
        )
        .where(
            table.revoked.is_(False), table.dismissed_at.is_(None), table.warned == "",
            or_(table.valid_until.is_(None), table.valid_until > at - GRACE),
        )
        .execution_options(yield_per=5000)
    )  # fmt: skip
    for row in session.execute(statement):
        if row.feed_id not in feeds:
            continue
        key = (row.feed_id, row.confidence, row.tlp, row.purpose, row.name)
        profile = profiles.get(key)
        if profile is None:
            profile = Profile(row.feed_id, feeds[row.feed_id], row.confidence, row.tlp, row.purpose, row.name)
            if len(profiles) < 200_000:
                profiles[key] = profile
            else:  # names of a million each of its own would fill the header: they are looked up by id
                profile = replace(profile, name="")
        yield Entry(row.id, cast("Kind", row.kind), row.value, profile, row.valid_from, row.valid_until)


# ---------------------------------------------------------------- people, and time


def forget(records: Records, at: float) -> int:
    """Remove what ended or was withdrawn long ago, and the indicators of removed feeds; returns how many."""
    table = tables.Indicator
    before = at - KEPT_DAYS * DAY
    removed = select(Feed.id).where(Feed.state == "removed")
    old = or_(
        table.valid_until < before,
        table.revoked.is_(True) & (table.seen_at < before),
        table.feed_id.in_(removed),
    )
    gone = 0
    while True:
        with records.write(EVERYTHING) as session:
            some = list(session.scalars(select(table.id).where(old).limit(SOME)))
            if some:
                session.execute(delete(table).where(table.id.in_(some)).execution_options(synchronize_session=False))
                bump(session)
        gone += len(some)
        if len(some) < SOME:
            return gone


def finished(records: Records, feed_id: str, tally: Tally, at: float, error: str = "", **more: Any) -> None:
    """Note how a pull or an addition ended. `more`: further machine columns."""
    result = {
        "accepted": tally.accepted, "refused": tally.refused, "changed": tally.changed, "withdrawn": tally.withdrawn,
        "warned": tally.warned, "reasons": [[one.what, one.reason] for one in tally.reasons],
    }  # fmt: skip
    values: dict[str, Any] = {"pulled_at": at, "error": error[:500], **more}
    if not error:
        values |= {"succeeded_at": at, "result": result}
    with records.write(EVERYTHING) as session:
        feed = session.get(Feed, feed_id)
        if feed is not None:
            for name, value in values.items():
                setattr(feed, name, value)


def new_feed(feed_id: str, name: str, at: float, by: str, **more: Any) -> Feed:
    """A feed with the columns that have no database default filled in."""
    given: dict[str, Any] = {
        "format": "auto", "transport": "", "url": "", "mode": "append", "options": {}, "secret": "", "interval": 3600.0,
        "confidence": 50, "tlp": "amber", "valid_days": 90.0, "state": "active", "next_at": 0.0, "claimed_until": 0.0,
        "pulled_at": None, "succeeded_at": None, "error": "", "result": {}, "cursor": {}, "version": 1,
    }  # fmt: skip
    return Feed(id=feed_id, name=name, created_at=at, created_by=by, **{**given, **more})
