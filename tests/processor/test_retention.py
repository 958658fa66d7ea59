"""What only was counted goes after its time; what a person worked on, or has to, stays."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from processor.retention import CHUNK, DAY, forget
from taishi.records.sql import SqlRecords
from taishi.records.tables import (
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

NOW = 1_790_000_000.0
OLD = NOW - 500 * DAY
OWNER = {"enterprise_id": "e1", "region": "330106"}


def _incident(identity: str, at: float = OLD, **more: Any) -> Incident:
    return Incident(
        id=identity, title_zh="事件", title_en="incident", score=0.1, severity=10, first_seen=at, last_seen=at, **OWNER, **more
    )  # fmt: skip


def _meta(identity: str, incident: str | None, at: float = OLD) -> MetaAlert:
    return MetaAlert(
        id=identity, incident_id=incident, behaviour="T1046|x", name="scan", severity=10, count=1, first_seen=at,
        last_seen=at, **OWNER,
    )  # fmt: skip


def test_only_what_nobody_worked_on_goes(records: SqlRecords) -> None:
    with records.write(EVERYTHING) as session:
        session.add_all(
            [
                _incident("counted"), _meta("of-counted", "counted"),
                _incident("recent", NOW), _meta("of-recent", "recent", OLD),
                _incident("escalated", escalated=True), _meta("of-escalated", "escalated"),
                _incident("judged", status="closed"), _meta("of-judged", "judged"),
                _incident("owned", owner="li"), _incident("noted"),
                IncidentHistory(incident_id="noted", at=OLD, actor="li", action="note", note="kept", **OWNER),
                _meta("alone", None), _meta("alone-recent", None, NOW),
            ]
        )  # fmt: skip
    gone = forget(records, NOW, 400)
    assert (gone["incident"], gone["meta_alert"]) == (1, 1)
    with records.read(EVERYTHING) as session:
        assert set(session.scalars(select(Incident.id))) == {"recent", "escalated", "judged", "owned", "noted"}
        assert set(session.scalars(select(MetaAlert.id))) == {"of-recent", "of-escalated", "of-judged", "alone-recent"}
    assert set(forget(records, NOW, 400).values()) == {0}


def test_more_than_one_transaction_holds_goes_too(records: SqlRecords) -> None:
    with records.write(EVERYTHING) as session:
        session.add_all([_incident(f"i{number}") for number in range(CHUNK + 3)])
        session.add_all([_meta(f"m{number}", f"i{number}") for number in range(CHUNK + 3)])
        session.add_all([_meta(f"alone{number}", None) for number in range(2 * CHUNK)])
    gone = forget(records, NOW, 400)
    assert (gone["incident"], gone["meta_alert"]) == (CHUNK + 3, 2 * CHUNK)
    with records.read(EVERYTHING) as session:
        assert session.scalars(select(MetaAlert.id)).all() == []


def test_hours_go_by_age(records: SqlRecords) -> None:
    border = int((NOW - 400 * DAY) // 3600)
    with records.write(EVERYTHING) as session:
        for hour in (border - 30, border - 1, border, border + 1):
            session.add_all([Ledger(source_id=f"s{number}", hour=hour, **OWNER) for number in range(3)])
            session.add(RiskHistory(kind="city", key="330100", hour=hour, low=0, mid=0, high=0, coverage=1))
    gone = forget(records, NOW, 400)
    assert (gone["ledger"], gone["risk_history"]) == (6, 2)
    with records.read(EVERYTHING) as session:
        assert set(session.scalars(select(Ledger.hour))) == {border, border + 1}
        assert set(session.scalars(select(RiskHistory.hour))) == {border, border + 1}


def test_sightings_go_by_age(records: SqlRecords) -> None:
    def sighting(name: str, last: float) -> IndicatorSighting:
        return IndicatorSighting(
            id=name, indicator_id=1, feed_id="f", kind="ip", value="192.0.2.1", tlp="green", confidence=50, enterprise_id="e1",
            region="330106", authority="miit", day=1, count=1, first_seen=last, last_seen=last, events=[],
        )  # fmt: skip

    with records.write(EVERYTHING) as session:
        session.add_all([sighting("old", NOW - 401 * DAY), sighting("kept", NOW - 399 * DAY)])
    assert forget(records, NOW, 400)["indicator_sighting"] == 1
    with records.read(EVERYTHING) as session:
        assert session.scalars(select(IndicatorSighting.id)).all() == ["kept"]


def test_daily_figures_of_rules_and_old_back_tests_go(records: SqlRecords) -> None:
    border = int((NOW - 400 * DAY) // DAY)
    with records.write(EVERYTHING) as session:
        for day in (border - 1, border):
            session.add(RuleDaily(rule_id="r", enterprise_id="e1", day=day, hits=1))
        for name, age in (("old", 31.0), ("new", 29.0)):
            session.add(
                RuleBacktest(id=name, rule_id="r", title="r", body="", since=0.0, until=1.0, scope={}, scope_key="",
                             state="done", owner="x", created_at=NOW - age * DAY)
            )  # fmt: skip
    gone = forget(records, NOW, 400)
    assert (gone["rule_daily"], gone["rule_backtest"]) == (1, 1)
    with records.read(EVERYTHING) as session:
        assert session.scalars(select(RuleDaily.day)).all() == [border]
        assert session.scalars(select(RuleBacktest.id)).all() == ["new"]
