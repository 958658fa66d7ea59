"""The balance of sources over a period, and what it says about their health."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.figures import BALANCE, HOUR, Window, last_hours
from api.problems import Invalid
from api.sources.schemas import Balance, BalanceQuery, HourBalance, SourceStatus
from taishi.clock import now
from taishi.records.tables import Ledger, Source

SILENT_PERIODS: Final = 3.0
"""A source is silent after this many expected periods without a record: one late batch is not news."""

DRIFT_SECONDS: Final = 300.0
"""Kerberos' tolerance: a clock further off breaks more than our time line."""

UNPARSABLE_SHARE: Final = 0.5
UNPARSABLE_MIN: Final = 20
"""With fewer records the share says nothing."""

STATUS_NAMES: Final[dict[SourceStatus, tuple[str, str]]] = {
    "unparsable": ("多数记录无法解析", "Most records cannot be parsed"),
    "silent": ("静默", "Silent"),
    "drifting": ("时钟偏移", "Clock is off"),
    "learning": ("学习期", "Learning"),
    "ok": ("正常", "Healthy"),
    "disabled": ("已停用", "Disabled"),
}
"""Worst first: the order of the list."""


@dataclass(slots=True)
class Sums:
    """A period of one source; `delay_sum` in seconds over the stored events."""

    counts: dict[str, int]
    delay_sum: float = 0.0

    @property
    def balance(self) -> Balance:
        accounted = sum(self.counts[name] for name in BALANCE[1:])
        return Balance(**self.counts, difference=self.counts["received"] - accounted)

    @property
    def delay_mean(self) -> float | None:
        return self.delay_sum / self.counts["stored"] if self.counts["stored"] > 0 else None

    @property
    def parse_rate(self) -> float | None:
        read = self.counts["stored"] + self.counts["quarantined"]
        return self.counts["stored"] / read if read > 0 else None


def nothing() -> Sums:
    return Sums(dict.fromkeys(BALANCE, 0))


def window(period: BalanceQuery) -> Window:
    """Whole hours that cover the period; the last day where it is open. Raises Invalid where it is empty."""
    if period.start is None and period.end is None:
        return last_hours(24, now())
    end = last_hours(1, now()).end if period.end is None else period.end
    start = max(0.0, end - 24 * HOUR) if period.start is None else period.start
    if start >= end:
        raise Invalid("`start` must be before `end`", "period")
    return Window(start // HOUR * HOUR, -(-end // HOUR) * HOUR)


def sums(session: Session, span: Window) -> dict[str, Sums]:
    """Per source, those with a ledger in the period."""
    columns = [func.sum(getattr(Ledger, name)) for name in BALANCE]
    statement = (
        select(Ledger.source_id, func.sum(Ledger.delay_sum).label("delay"), *columns)
        .where(Ledger.hour >= int(span.start // HOUR), Ledger.hour < int(span.end // HOUR))
        .group_by(Ledger.source_id)
    )
    return {
        row[0]: Sums(dict(zip(BALANCE, map(int, row[2:]), strict=True)), float(row.delay))
        for row in session.execute(statement)
    }


def total(found: Iterable[Sums]) -> Sums:
    result = nothing()
    for one in found:
        result.delay_sum += one.delay_sum
        for name in BALANCE:
            result.counts[name] += one.counts[name]
    return result


def hours(session: Session, source_id: str, span: Window) -> list[HourBalance]:
    """Hours that have a ledger, oldest first."""
    rows = session.scalars(
        select(Ledger)
        .where(
            Ledger.source_id == source_id,
            Ledger.hour >= int(span.start // HOUR),
            Ledger.hour < int(span.end // HOUR),
        )
        .order_by(Ledger.hour)
    )
    return [_hour(row.hour, Sums({name: getattr(row, name) for name in BALANCE}, row.delay_sum)) for row in rows]


def _hour(hour: int, found: Sums) -> HourBalance:
    return HourBalance(**found.balance.model_dump(), hour=hour * HOUR, delay_mean=found.delay_mean)


def silent_for(source: Source, at: float) -> float | None:
    return None if source.last_seen is None else max(0.0, at - source.last_seen)


def status(source: Source, found: Sums, at: float) -> SourceStatus:
    """The worst that is true of a source."""
    if source.state == "disabled":
        return "disabled"
    quarantined, read = found.counts["quarantined"], found.counts["quarantined"] + found.counts["stored"]
    if read >= UNPARSABLE_MIN and quarantined > UNPARSABLE_SHARE * read:
        return "unparsable"
    if at - (source.last_seen or source.created_at) > SILENT_PERIODS * source.expected_period:
        return "silent"
    if abs(source.clock_skew) > DRIFT_SECONDS:
        return "drifting"
    return "learning" if source.state == "learning" else "ok"


def worst_first(statuses: Mapping[str, SourceStatus]) -> list[str]:
    """Ids by status, then by id."""
    rank = {name: place for place, name in enumerate(STATUS_NAMES)}
    return sorted(statuses, key=lambda source_id: (rank[statuses[source_id]], source_id))
