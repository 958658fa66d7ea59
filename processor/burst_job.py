"""Bursts, judged once an hour has ended: a pure function of the records and of the time.

Whichever worker holds the duty runs it; running it twice, or on two workers at once, writes the same rows. Hourly counts are
kept, so that a baseline of two weeks costs one query of the last hours; what arrives late corrects them for a while.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from processor.inventory import EnterpriseFacts, Inventory
from processor.upsert import upsert
from taishi.bursts.detect import Cell, Found, Reporting, bursts
from taishi.bursts.parameters import Parameters, parameters
from taishi.records.port import Records
from taishi.records.tables import Burst, BurstCount, Change, Ledger, MetaAlert
from taishi.reference import attack, divisions, industries
from taishi.scope import EVERYTHING, region_prefix

PERIOD = 60.0
"""Seconds between two looks at whether something arrived late or an hour has ended."""

HOUR = 3600.0
EVERYBODY = ""
"""In the place of a technique: how many enterprises reported."""

MAX_COUNTS = 400_000
"""Hourly counts kept in memory; a province of 5,000 enterprises and 60 techniques has a quarter of that."""

SHOWN_BEFORE = 24
SHOWN_AFTER = 6

Counts = dict[str, dict[int, dict[Cell, int]]]


@dataclass(slots=True)
class BurstJob:
    """`counts`: technique → hour → cell → distinct enterprises, over the days of the baseline."""

    records: Records
    region: str
    counts: Counts = field(default_factory=dict)
    last: float = 0.0
    judged: tuple[Any, ...] = ()
    loaded: bool = False

    def run(self, inventory: Inventory, at: float) -> int:
        """Judge what has ended by the wall clock `at`; returns how many bursts were written. Raises RecordsError."""
        if not inventory.enterprises or 0 <= at - self.last < PERIOD:
            return 0
        self.last = at
        given = parameters()
        newest = int((at - given.settle["wait_seconds"]) // HOUR) - 1
        oldest = newest - int(given.baseline["days"] * 24 + given.baseline["guard_hours"] + given.ewma["hours"])
        changed = self._count(inventory, oldest, newest, int(given.settle["again_hours"]))
        if not changed and self.judged == (newest, inventory.fingerprint):
            return 0
        found = self._judge(given, inventory, oldest, newest)
        written = self._write(given, found, newest, at)
        self.judged = (newest, inventory.fingerprint)
        return written

    # ------------------------------------------------------------ counting

    def _count(self, inventory: Inventory, oldest: int, newest: int, again: int) -> bool:
        """Bring `counts` and its table up to date; whether anything differs."""
        if not self.loaded:
            self._load(oldest)
        known = max((hour for hours in self.counts.values() for hour in hours), default=None)
        start = oldest if known is None else max(oldest, min(known, newest) - again)
        with self.records.read(EVERYTHING) as session:
            fresh = _fresh(session, inventory, start, newest)
        rows: list[dict[str, Any]] = []
        changed: set[int] = set()
        for hour in range(start, newest + 1):
            before = {name: hours[hour] for name, hours in self.counts.items() if hour in hours}
            now = {name: hours[hour] for name, hours in fresh.items() if hour in hours}
            if before != now:
                changed.add(hour)
                rows += _rows(now, hour)
                self._replace(now, hour)
        if changed:
            with self.records.write(EVERYTHING) as session:
                session.execute(delete(BurstCount).where(BurstCount.hour.in_(sorted(changed))))
                if rows:
                    session.execute(insert(BurstCount), rows)
        self._forget(oldest)
        return bool(changed)

    def _load(self, oldest: int) -> None:
        with self.records.read(EVERYTHING) as session:
            query = (
                select(BurstCount).where(BurstCount.hour >= oldest).order_by(BurstCount.hour.desc()).limit(MAX_COUNTS)
            )
            for row in session.scalars(query):
                cells = self.counts.setdefault(row.technique, {}).setdefault(row.hour, {})
                cells[(row.region, row.industry)] = row.enterprises
        self.loaded = True

    def _replace(self, now: dict[str, dict[Cell, int]], hour: int) -> None:
        for hours in self.counts.values():
            hours.pop(hour, None)
        for name, cells in now.items():
            self.counts.setdefault(name, {})[hour] = cells

    def _forget(self, oldest: int) -> None:
        for name in list(self.counts):
            kept = {hour: cells for hour, cells in self.counts[name].items() if hour >= oldest}
            if kept:
                self.counts[name] = kept
            else:
                del self.counts[name]

    # ------------------------------------------------------------ judging

    def _judge(self, given: Parameters, inventory: Inventory, oldest: int, newest: int) -> list[Found]:
        hours = [hour for each in self.counts.values() for hour in each]
        first = max(oldest, min(hours, default=newest))
        everyone: dict[Cell, int] = {}
        for enterprise in _heard(inventory).values():
            everyone[cell_of(enterprise)] = everyone.get(cell_of(enterprise), 0) + 1
        reporting = Reporting(first, newest, self.counts.get(EVERYBODY, {}), everyone, self.region)
        found: list[Found] = []
        for name in sorted(self.counts):
            if name != EVERYBODY:
                found += bursts(given, name, self.counts[name], reporting)
        return found

    # ------------------------------------------------------------ writing

    def _write(self, given: Parameters, found: list[Found], newest: int, at: float) -> int:
        since = (newest + 1 - given.ewma["hours"]) * HOUR
        written = 0
        with self.records.write(EVERYTHING) as session:
            known = list(
                session.scalars(select(Burst).where(Burst.last_at > since).order_by(Burst.started_at, Burst.id))
            )
            for one in found:
                same = next((row for row in known if _same(row, one)), None)
                if same is not None:
                    known.remove(same)
                row = _row(given, one, same.id if same else _name(one))
                if same is None or any(getattr(same, key) != value for key, value in row.items()):
                    upsert(session, Burst, [{**row, "updated_at": at}])
                    session.add(_news(row["id"], row["region"], at))
                    written += 1
            for row_gone in known:
                if row_gone.active:
                    row_gone.active = False
                    row_gone.updated_at = at
                    session.add(_news(row_gone.id, row_gone.region, at))
                    written += 1
        return written


def _news(name: str, region: str, at: float) -> Change:
    return Change(at=at, kind="burst", object_id=name, region=region)


def cell_of(enterprise: EnterpriseFacts) -> Cell:
    """County and division of industry (GB/T 4754: a letter and two digits)."""
    return enterprise.region, enterprise.industry[:3]


def _heard(inventory: Inventory) -> dict[str, EnterpriseFacts]:
    """Enterprises with a source that has learned its place's habits: a new sensor's first day is no news."""
    active = {source.enterprise_id for source in inventory.sources.values() if source.state == "active"}
    return {name: one for name, one in inventory.enterprises.items() if name in active and one.region}


def _fresh(session: Session, inventory: Inventory, start: int, newest: int) -> Counts:
    """The counts of the hours [start, newest] from what the records hold now."""
    heard = _heard(inventory)
    begin, end = start * HOUR, (newest + 1) * HOUR
    metas = (
        select(MetaAlert.technique, MetaAlert.enterprise_id, MetaAlert.first_seen)
        .where(
            MetaAlert.last_seen >= begin, MetaAlert.first_seen >= begin, MetaAlert.first_seen < end, MetaAlert.technique != "",
        )
        .distinct()
    )  # fmt: skip
    seen = {
        (str(name).partition(".")[0], int(first // HOUR), enterprise)
        for name, enterprise, first in session.execute(metas)
        if enterprise in heard
    }
    ledger = select(Ledger.hour, Ledger.enterprise_id).where(
        Ledger.hour >= start, Ledger.hour <= newest, Ledger.received > 0
    )
    seen |= {
        (EVERYBODY, at, enterprise) for at, enterprise in session.execute(ledger.distinct()) if enterprise in heard
    }
    counts: Counts = {}
    for name, at, enterprise in seen:
        cells = counts.setdefault(name, {}).setdefault(at, {})
        cell = cell_of(heard[enterprise])
        cells[cell] = cells.get(cell, 0) + 1
    return counts


def _rows(now: dict[str, dict[Cell, int]], hour: int) -> Iterable[dict[str, Any]]:
    return [
        {"hour": hour, "technique": name, "region": region, "industry": industry, "enterprises": number}
        for name, cells in sorted(now.items())
        for (region, industry), number in sorted(cells.items())
    ]


def _same(row: Burst, one: Found) -> bool:
    """Whether what was found is what people know under this row: the technique, somewhere of the same place, at the time."""
    if row.technique != one.technique or row.last_at <= one.start * HOUR or (one.last + 1) * HOUR <= row.started_at:
        return False
    mine, theirs = region_prefix(row.region), region_prefix(one.window[0])
    return (mine.startswith(theirs) or theirs.startswith(mine)) and (
        row.industry == one.window[1] or "" in (row.industry, one.window[1])
    )


def _name(one: Found) -> str:
    told = "|".join((one.technique, *one.window, str(one.start)))
    return f"burst-{blake2b(told.encode(), digest_size=8).hexdigest()}"


def _row(given: Parameters, one: Found, name: str) -> dict[str, Any]:
    zh, en = _title(one)
    shown = [each for each in one.hours if one.start - SHOWN_BEFORE <= each.hour <= one.last + SHOWN_AFTER]
    return {
        "id": name,
        "technique": one.technique,
        "region": one.window[0],
        "industry": one.window[1],
        "title_zh": zh,
        "title_en": en,
        "started_at": one.start * HOUR,
        "alarm_at": (one.alarm + 1) * HOUR,
        "last_at": (one.last + 1) * HOUR,
        "peak": round(one.peak, 4),
        "threshold": given.alarm["threshold"],
        "observed": one.observed,
        "expected": round(one.expected, 4),
        "hours": [_rounded(asdict(each)) for each in shown],
        "over": one.over,
        "active": True,
    }


def _rounded(hour: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in hour.items()}


def _title(one: Found) -> tuple[str, str]:
    zh, en = attack.label(one.technique)
    region, code = one.window
    place_zh, place_en = divisions.label(region)
    if code:
        trade_zh, trade_en = industries.label(code)
        place_zh, place_en = f"{place_zh}·{trade_zh}", f"{place_en}, {trade_en}"
    hours = one.last + 1 - one.start
    return (
        f"{place_zh}：{zh}（{one.technique}）{hours} 小时内新见于 {one.observed} 家次，预期 {one.expected:.1f}",
        f"{place_en}: {en} ({one.technique}) new at {one.observed} enterprises in {hours} h, {one.expected:.1f} expected",
    )
