"""What records keep: what a person worked on for good, what was only counted for a while.

Removed by age: meta-alerts and incidents that never asked for a person and that nobody touched, hourly balances, hourly risk,
sightings of indicators.
In small transactions, so that a checkpoint never waits long for the write lock.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, delete, exists, select

from taishi.records.port import Records
from taishi.records.tables import (
    Base,
    Burst,
    BurstCount,
    Incident,
    IncidentHistory,
    IndicatorSighting,
    Ledger,
    MetaAlert,
    RiskHistory,
    RuleBacktest,
    RuleDaily,
)
from taishi.scope import EVERYTHING

DAY = 86_400.0
COUNTED_DAYS = 21.0
"""Days of hourly counts: what a burst's baseline can need, and a week more."""

BACKTEST_DAYS = 30.0
"""Days that the result of a back-test stays: it says what was true of days that are then going."""

CHUNK = 500
"""Rows of one transaction; also below the number of variables that SQLite takes in one statement."""


def forget(records: Records, at: float, days: float) -> dict[str, int]:
    """Remove what is older than `days` before the wall clock `at`; returns table → rows. Raises RecordsError."""
    before = at - days * DAY
    return {
        "incident": _incidents(records, before),
        "meta_alert": _metas(records, before),
        "ledger": _hours(records, Ledger, int(before // 3600)),
        "indicator_sighting": _sightings(records, before),
        "risk_history": _hours(records, RiskHistory, int(before // 3600)),
        "burst_count": _hours(records, BurstCount, int((at - COUNTED_DAYS * DAY) // 3600)),
        "burst": _bursts(records, before),
        "rule_daily": _older(records, RuleDaily, RuleDaily.day < int(before // DAY)),
        "rule_backtest": _older(records, RuleBacktest, RuleBacktest.created_at < at - BACKTEST_DAYS * DAY),
    }


def _older(records: Records, table: type[Base], old: ColumnElement[bool]) -> int:
    """At most rules × enterprises that they fired for, once a day."""
    with records.write(EVERYTHING) as session:
        statement = delete(table).where(old).execution_options(synchronize_session=False)
        return int(getattr(session.execute(statement), "rowcount", 0))


def _bursts(records: Records, before: float) -> int:
    """There are a few a day at most."""
    with records.write(EVERYTHING) as session:
        statement = delete(Burst).where(Burst.last_at < before).execution_options(synchronize_session=False)
        return int(getattr(session.execute(statement), "rowcount", 0))


def _incidents(records: Records, before: float) -> int:
    """Counted incidents with their meta-alerts: never escalated, and no person did anything with them."""
    touched = exists().where(IncidentHistory.incident_id == Incident.id)
    old = select(Incident.id).where(
        Incident.last_seen < before,
        Incident.escalated.is_(False),
        Incident.status == "new",
        Incident.owner == "",
        ~touched,
    )
    gone = 0
    while True:
        with records.write(EVERYTHING) as session:
            some = list(session.scalars(old.order_by(Incident.id).limit(CHUNK)))
            for table, column in ((MetaAlert, MetaAlert.incident_id), (Incident, Incident.id)):
                session.execute(delete(table).where(column.in_(some)).execution_options(synchronize_session=False))
        gone += len(some)
        if len(some) < CHUNK:
            return gone


def _metas(records: Records, before: float) -> int:
    """Meta-alerts that no incident took."""
    old = (
        select(MetaAlert.id).where(MetaAlert.last_seen < before, MetaAlert.incident_id.is_(None)).order_by(MetaAlert.id)
    )
    gone = 0
    while True:
        with records.write(EVERYTHING) as session:
            some = list(session.scalars(old.limit(CHUNK)))
            session.execute(
                delete(MetaAlert).where(MetaAlert.id.in_(some)).execution_options(synchronize_session=False)
            )
        gone += len(some)
        if len(some) < CHUNK:
            return gone


def _sightings(records: Records, before: float) -> int:
    """Who met an indicator long ago."""
    old = select(IndicatorSighting.id).where(IndicatorSighting.last_seen < before).order_by(IndicatorSighting.last_seen)
    gone = 0
    while True:
        with records.write(EVERYTHING) as session:
            some = list(session.scalars(old.limit(CHUNK)))
            statement = delete(IndicatorSighting).where(IndicatorSighting.id.in_(some))
            session.execute(statement.execution_options(synchronize_session=False))
        gone += len(some)
        if len(some) < CHUNK:
            return gone


def _hours(records: Records, table: Any, before: int) -> int:
    """Hour by hour from the oldest: one hour of a province is a bounded number of rows."""
    gone = 0
    while True:
        with records.write(EVERYTHING) as session:
            oldest = session.scalar(select(table.hour).order_by(table.hour).limit(1))
            if oldest is None or oldest >= before:
                return gone
            statement = delete(table).where(table.hour == oldest).execution_options(synchronize_session=False)
            gone += int(getattr(session.execute(statement), "rowcount", 0))
