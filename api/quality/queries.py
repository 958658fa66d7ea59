"""The league table of data quality: the ledger of every source against what it should have sent.

What is asked of senders above us is shown for senders to us, by the same three words: 完整性, 及时性, 有效性.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from api.dependencies import Caller
from api.figures import HOUR, Place, Window
from api.quality import schemas
from api.quality.schemas import QualityQuery, QualityRow, QualityTable
from api.services import Services
from taishi.clock import now
from taishi.records.tables import Division, Enterprise, Ledger, Park, Source

TIMELY: Final = 300.0
"""Seconds of delay, on the mean of an hour: reporting in real time with a few minutes for buffers on the way."""


@dataclass(slots=True)
class Sums:
    """Of one source, or of many."""

    sources: int = 0
    expected: int = 0
    heard: int = 0
    received: int = 0
    stored: int = 0
    timely: int = 0
    valid: int = 0

    def add(self, other: Sums) -> None:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    def shares(self) -> dict[str, float | None]:
        completeness = _share(self.heard, self.expected)
        timeliness, validity = _share(self.timely, self.stored), _share(self.valid, self.received)
        score: float | None = None
        if completeness is not None:
            score = 0.0 if self.received == 0 else completeness * ((timeliness or 0.0) + (validity or 0.0)) / 2
        return {"completeness": completeness, "timeliness": timeliness, "validity": validity, "score": score}

    def shown(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)} | self.shares()


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def table(services: Services, caller: Caller, query: QualityQuery) -> QualityTable:
    at = now()
    window = _ended(query.hours, at)
    place = Place(region=query.region, enterprise_id=query.enterprise_id)
    with services.records.read(caller.scope) as session:
        sources = session.scalars(select(Source).where(Source.state != "disabled", *place.owned(Source))).all()
        sums = _sums(session, sources, window)
        key_of = _keys(session, query.by)
        groups: dict[str, Sums] = {}
        whole = Sums()
        for source in sources:
            whole.add(sums[source.id])
            key = key_of(source)
            if key:
                groups.setdefault(key, Sums()).add(sums[source.id])
        shown = _ranked(groups)
        if query.order == "worst":
            shown.sort(key=lambda row: (row[2] is None, -(row[2] or 0), row[0]))
        shown = shown[: query.limit]
        names = _names(session, query.by, [key for key, _, _ in shown])
    return QualityTable(
        by=query.by,
        start=window.start,
        end=window.end,
        timely_seconds=TIMELY,
        whole=schemas.Quality(**whole.shown()),
        groups=len(groups),
        items=[
            QualityRow(**found.shown(), rank=rank, key=key, name=names[key][0], name_en=names[key][1])
            for key, found, rank in shown
        ],
    )


def _ended(hours: int, at: float) -> Window:
    """The last whole hours: of the present one nobody knows yet what is missing."""
    end = at // HOUR * HOUR
    return Window(max(0.0, end - hours * HOUR), end)


def _ranked(groups: dict[str, Sums]) -> list[tuple[str, Sums, int | None]]:
    """Best first, those without a score last; equal scores share a rank, as in sport."""
    scores = {key: found.shares()["score"] for key, found in groups.items()}
    ordered = sorted(groups, key=lambda key: (scores[key] is None, -(scores[key] or 0.0), key))
    ranked: list[tuple[str, Sums, int | None]] = []
    for place, key in enumerate(ordered, 1):
        score, before = scores[key], ranked[-1] if ranked else None
        shares = before is not None and score is not None and scores[before[0]] == score
        ranked.append((key, groups[key], None if score is None else before[2] if before and shares else place))
    return ranked


# ---------------------------------------------------------------- sources


def _sums(session: Session, sources: Iterable[Source], window: Window) -> dict[str, Sums]:
    """What each source sent in the window, and in how many of its periods."""
    found: dict[str, Sums] = {}
    slow: dict[str, tuple[int, int, int]] = {}
    for source in sources:
        slot = max(1, math.ceil(source.expected_period / HOUR))
        first = math.ceil(max(window.start, source.created_at) / HOUR / slot)
        last = int(window.end // HOUR) // slot
        found[source.id] = Sums(sources=1, expected=max(0, last - first))
        if slot > 1:
            slow[source.id] = (slot, first, last)
    _count(session, window, found)
    _count_slow(session, window, slow, found)
    return found


def _count(session: Session, window: Window, found: dict[str, Sums]) -> None:
    """One grouped query over the ledger; hours before a source was created are none of its periods."""
    judged = (Ledger.received > 0) & (Ledger.hour * HOUR >= Source.created_at)
    statement = (
        select(
            Ledger.source_id,
            func.sum(Ledger.received),
            func.sum(Ledger.stored),
            func.sum(case((Ledger.delay_sum <= TIMELY * Ledger.stored, Ledger.stored), else_=0)),
            func.sum(Ledger.received - Ledger.quarantined - Ledger.rejected),
            func.sum(case((judged, 1), else_=0)),
        )
        .join(Source, Source.id == Ledger.source_id)
        .where(Ledger.hour >= int(window.start // HOUR), Ledger.hour < int(window.end // HOUR))
        .group_by(Ledger.source_id)
    )
    for source_id, received, stored, timely, valid, heard in session.execute(statement):
        mine = found.get(source_id)
        if mine is None:
            continue
        mine.received, mine.stored, mine.timely = int(received), int(stored), int(timely)
        mine.valid = max(0, int(valid))
        mine.heard = min(int(heard), mine.expected)


def _count_slow(
    session: Session, window: Window, slow: dict[str, tuple[int, int, int]], found: dict[str, Sums]
) -> None:
    """Sources that may be silent for longer than an hour: their hours, put into periods of their own length."""
    heard: dict[str, set[int]] = {source_id: set() for source_id in slow}
    statement = (
        select(Ledger.source_id, Ledger.hour)
        .join(Source, Source.id == Ledger.source_id)
        .where(
            Source.expected_period > HOUR,
            Ledger.received > 0,
            Ledger.hour >= int(window.start // HOUR),
            Ledger.hour < int(window.end // HOUR),
        )
    )
    for source_id, hour in session.execute(statement):
        if source_id in slow:
            slot, first, last = slow[source_id]
            if first <= hour // slot < last:
                heard[source_id].add(hour // slot)
    for source_id, periods in heard.items():
        found[source_id].heard = len(periods)


# ---------------------------------------------------------------- groups


def _keys(session: Session, by: schemas.Group) -> Callable[[Source], str]:
    if by == "enterprise":
        return lambda source: source.enterprise_id
    if by == "county":
        return lambda source: source.region
    if by == "city":
        return lambda source: f"{source.region[:4]}00" if len(source.region) == 6 else ""
    parks = dict(session.execute(select(Enterprise.id, Enterprise.park_id)).all())
    return lambda source: parks.get(source.enterprise_id) or ""


def _names(session: Session, by: schemas.Group, keys: list[str]) -> dict[str, tuple[str, str]]:
    columns: dict[schemas.Group, tuple[Any, Any, Any]] = {
        "enterprise": (Enterprise.id, Enterprise.name, Enterprise.name_en),
        "park": (Park.id, Park.name, Park.name_en),
    }
    key, name, name_en = columns.get(by, (Division.code, Division.name, Division.name_en))
    rows = session.execute(select(key, name, name_en).where(key.in_(keys)))
    found = {str(row[0]): (str(row[1]), str(row[2] or row[1])) for row in rows}
    return {one: found.get(one, (one, one)) for one in keys}
