"""A rule over stored days: the same hits as asking each event, its exceptions kept, its scope kept; jobs that end once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from processor.backtest_job import DEAD, BacktestJob
from taishi import clock
from taishi.records.sql import SqlRecords
from taishi.records.tables import Division, Enterprise, RuleBacktest, RuleException
from taishi.rules import library
from taishi.scope import EVERYTHING, Scope
from taishi.sigma.parse import parse
from taishi.store.embedded import TantivyStore
from tests import databases
from tests.processor.material import ENTERPRISES, START, flow

DAY = 86_400.0
SINCE, UNTIL = START - 3 * DAY, START + DAY
WATCHED = "192.0.2."
BODY = """
title: A flow to a watched address
id: 5d3fb7a4-7a5b-4d29-9c5e-0d3a1f5d1b01
logsource: {product: taishi}
detection:
  sel: {event.module: ZEEK, destination.ip|cidr: 192.0.2.0/24}
  condition: sel
level: high
tags: [attack.command-and-control, attack.t1071]
"""
RULE = "5d3fb7a4-7a5b-4d29-9c5e-0d3a1f5d1b01"
MANY = """
title: Flows one after another
id: 5d3fb7a4-7a5b-4d29-9c5e-0d3a1f5d1b02
correlation:
  type: event_count
  rules: [5d3fb7a4-7a5b-4d29-9c5e-0d3a1f5d1b01]
  group-by: [source.ip]
  timespan: 10m
  condition: {gte: 3}
level: critical
"""


def _events() -> list[dict[str, Any]]:
    """Two enterprises, two days, every third flow watched; one alert that a rule made, which no rule sees."""
    found = []
    for number in range(240):
        enterprise = "e1" if number % 4 else "e2"
        at = START - 2 * DAY + number * 600.0
        target = f"{WATCHED}{number % 9}" if number % 3 == 0 else "203.0.113.4"
        found.append({
            **flow(at, f"10.1.0.{number % 5}", target), "event.id": f"f-{number:04}", "organization.id": enterprise,
            "taishi.region": ENTERPRISES[enterprise], "taishi.authority": "miit",
            "taishi.region_path": ["330000", ENTERPRISES[enterprise][:4] + "00", ENTERPRISES[enterprise]],
        })  # fmt: skip
    found.append({**found[0], "event.id": "f-0000~made", "event.kind": "alert", "taishi.detection.event": "f-0000"})
    return found


def _plain(event: dict[str, Any]) -> bool:
    """What the rule says, without the engine."""
    made = "taishi.detection.event" in event
    return not made and event["event.module"] == "zeek" and event["destination.ip"].startswith(WATCHED)


class Days:
    """Stored days, records, and a job whose clocks stand still."""

    def __init__(self, folder: Path) -> None:
        self.records = SqlRecords(databases.records_url(folder))
        self.records.migrate()
        self.store = TantivyStore(folder / "events", writable=True)
        self.events = _events()
        self.store.index(self.events)
        self.store.flush()
        self.now = UNTIL
        self._ids = count()
        ticks = count()
        self.job = BacktestJob(self.records, self.store, lambda: self.now, lambda: next(ticks) * 1000)
        with self.records.write(EVERYTHING) as session:
            for code in ENTERPRISES.values():
                session.add(Division(code=code, parent="", level="county", name=code, name_en=code))
            for name, region in ENTERPRISES.items():
                session.add(
                    Enterprise(id=name, name=name, name_en=name, region=region, industry="C36", kind="industrial", level=2,
                               authority="miit", created_at=START)
                )  # fmt: skip

    def ask(self, body: str = BODY, scope: Scope = EVERYTHING, **more: Any) -> str:
        identity = f"bt-{next(self._ids)}"
        row = RuleBacktest(
            id=identity, rule_id=RULE, title="x", body=body, since=SINCE, until=UNTIL,
            scope={"regions": list(scope.regions), "enterprises": list(scope.enterprises), "authorities": []},
            scope_key=scope.key, state="queued", owner="x", created_at=self.now,
        )  # fmt: skip
        for name, value in more.items():
            setattr(row, name, value)
        with self.records.write(EVERYTHING) as session:
            session.add(row)
        return identity

    def row(self, identity: str) -> RuleBacktest:
        with self.records.read(EVERYTHING) as session:
            found = session.scalars(select(RuleBacktest).where(RuleBacktest.id == identity)).one()
            session.expunge(found)
            return found

    def result(self, body: str = BODY, scope: Scope = EVERYTHING) -> dict[str, Any]:
        identity = self.ask(body, scope)
        assert self.job.step()
        row = self.row(identity)
        assert (row.state, row.reason) == ("done", "")
        return row.result

    def close(self) -> None:
        self.store.close()
        self.records.close()


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    folder = tmp_path_factory.mktemp("days")
    made = Days(folder)
    yield made
    made.close()
    databases.discard(folder)


def test_hits_are_those_of_a_plain_reading(days: Days) -> None:
    wanted = [event for event in days.events if _plain(event)]
    result = days.result()
    assert result["hits"] == len(wanted) == 80
    by_day = Counter(clock.to_seconds(event["@timestamp"]) // DAY * DAY for event in wanted)
    assert {one["start"]: one["count"] for one in result["by_day"] if one["count"]} == dict(by_day)
    by_enterprise = Counter(event["organization.id"] for event in wanted)
    assert {one["id"]: one["count"] for one in result["by_enterprise"]} == dict(by_enterprise)
    assert result["enterprises"] == 2
    assert result["meta_alerts"] > 0
    assert result["incidents"] >= 0
    for sample in result["samples"]:
        said = {(one["field"], one["op"]) for one in sample["reasons"]}
        assert said == {("event.module", "equals"), ("destination.ip", "cidr")}


def test_the_same_again(days: Days) -> None:
    first, second = days.result(), days.result()
    assert {**first, "nanoseconds": 0, "share_nanoseconds": 0} == {**second, "nanoseconds": 0, "share_nanoseconds": 0}


def test_only_what_the_scope_sees(days: Days) -> None:
    mine = sum(1 for event in days.events if _plain(event) and event["organization.id"] == "e2")
    result = days.result(scope=Scope(regions=(ENTERPRISES["e2"],)))
    assert (result["hits"], result["enterprises"]) == (mine, 1)


def test_exceptions_in_force_hide(days: Days) -> None:
    exempt = RuleException(
        id="exc", rule_id=RULE, fields={"destination.ip": f"{WATCHED}3"}, owner="x", created_at=START, expires_at=UNTIL + 9e9,
        enterprise_id="e1", region=ENTERPRISES["e1"], authority="miit",
    )  # fmt: skip
    with days.records.write(EVERYTHING) as session:
        session.add(exempt)
    hidden = sum(
        1 for event in days.events
        if _plain(event) and event["organization.id"] == "e1" and event["destination.ip"] == f"{WATCHED}3"
    )  # fmt: skip
    try:
        result = days.result()
    finally:
        with days.records.write(EVERYTHING) as session:
            session.delete(session.get(RuleException, "exc"))
    assert hidden > 0
    assert (result["hits"], result["excepted"]) == (80 - hidden, hidden)


def test_a_correlation_reads_the_rules_it_builds_on(days: Days) -> None:
    parsed, refused = parse([("base.yml", BODY)])
    assert not refused
    with days.records.write(EVERYTHING) as session:
        library.add(session, parsed, "mine", "draft", library.By("x", START))
    never = days.result(MANY)
    assert never["hits"] == 0, "no host has three within ten minutes"
    wide = days.result(MANY.replace("10m", "1d"))
    assert 0 < wide["hits"] < 80


def test_a_text_that_is_no_rule_fails_with_the_reason(days: Days) -> None:
    identity = days.ask("title: x")
    assert days.job.step()
    row = days.row(identity)
    assert row.state == "failed"
    assert row.reason


def test_one_that_was_cancelled_stays_so(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processor.backtest_job.BEAT", 0.0)
    identity = days.ask()
    ends = days.job._beating

    def cancelled(name: str, stop: threading.Event | None) -> Any:
        with days.records.write(EVERYTHING) as session:
            row = session.get(RuleBacktest, name)
            assert row
            row.state = "cancelled"
        return ends(name, stop)

    monkeypatch.setattr(BacktestJob, "_beating", lambda _, name, stop: cancelled(name, stop))
    assert days.job.step()
    assert (days.row(identity).state, days.row(identity).result) == ("cancelled", {})


def test_the_work_of_a_dead_runner_is_done_again(days: Days) -> None:
    alive = days.ask(state="running", beat_at=UNTIL - DEAD / 2)
    dead = days.ask(state="running", beat_at=UNTIL - 2 * DEAD)
    assert days.job.step()
    assert not days.job.step()
    assert (days.row(dead).state, days.row(alive).state) == ("done", "running")
