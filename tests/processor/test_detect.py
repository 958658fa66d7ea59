"""Rules in the pipeline: alerts of their own, exact ledgers, the same outcome whatever fails; correlations; exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from processor import rule_store
from processor.stage import Work
from processor.stages.detect import Detect
from taishi import clock
from taishi.event import Batch, Event
from taishi.records.tables import DetectionRule, MetaAlert, RuleDaily, RuleException, RuleFigure
from taishi.rules import library
from taishi.scope import EVERYTHING
from taishi.sigma import ruleset
from taishi.sigma.alert import identity
from taishi.sigma.correlation import MAX_GROUPS, Correlator, Memory
from taishi.sigma.parse import parse
from taishi.sigma.rule import Correlation
from tests.processor import stretch
from tests.processor.fakes import Fault
from tests.processor.material import START, batches, flow, intrusion, noise
from tests.processor.world import NOW, World

FLOWS = """
title: A flow to a watched address
name: watched_flow
id: 5d3fb7a4-7a5b-4d29-9c5e-0d3a1f5d1a01
logsource: {product: taishi}
detection:
  sel: {event.module: zeek, destination.ip|cidr: 192.0.2.0/24}
  condition: sel
level: high
tags: [attack.command-and-control, attack.t1071]
"""
MANY = """
title: Many flows of one host
id: 5d3fb7a4-7a5b-4d29-9c5e-0d3a1f5d1a02
correlation:
  type: event_count
  rules: [watched_flow]
  group-by: [source.ip]
  timespan: 10m
  condition: {gte: 3}
  generate: true
level: critical
tags: [attack.exfiltration, attack.t1041]
"""
FLOW_ID, MANY_ID = "5d3fb7a4-7a5b-4d29-9c5e-0d3a1f5d1a01", "5d3fb7a4-7a5b-4d29-9c5e-0d3a1f5d1a02"


def _input() -> list[Batch]:
    events = sorted(noise(START, 60) + intrusion(START + 100), key=lambda event: str(event["@timestamp"]))
    return batches(events, 8)


def _install(world: World, state: str = "stable") -> None:
    parsed, refused = parse([("flows.yml", FLOWS), ("many.yml", MANY)])
    assert not refused
    with world.records.write(EVERYTHING) as session:
        library.add(session, parsed, "mine", state, library.By("tester", START))


def _figures(world: World) -> dict[tuple[str, str], tuple[int, int]]:
    with world.records.read(EVERYTHING) as session:
        return {(r.rule_id, r.enterprise_id): (r.hits, r.excepted) for r in session.scalars(select(RuleFigure))}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("rules"), template)
    _install(world)
    world.publish(_input())
    world.drive()
    yield world
    world.close()


def test_figures_are_also_kept_by_day(undisturbed: World) -> None:
    with undisturbed.records.read(EVERYTHING) as session:
        rows = list(session.scalars(select(RuleDaily)))
    assert {row.day for row in rows} == {int(NOW // 86_400)}
    assert {(r.rule_id, r.enterprise_id): (r.hits, r.excepted) for r in rows} == _figures(undisturbed)


def test_costs_are_kept_by_day_and_a_rule_beyond_the_budget_is_switched_off(undisturbed: World) -> None:
    day = 86_400.0
    with undisturbed.records.write(EVERYTHING) as session:
        for at, cost in ((3 * day, (10, 1000)), (3 * day + 5, (10, 3000)), (4 * day, (5, 500))):
            rule_store.write_figures(session, {}, {"costly": cost}, at)
        rows = session.scalars(select(RuleDaily).where(RuleDaily.rule_id == "costly").order_by(RuleDaily.day)).all()
        assert [(row.day, row.timed, row.nanoseconds) for row in rows] == [(3, 20, 4000), (4, 5, 500)]
        before = rule_store.throttled(session)
        rule_store.throttle(session, {FLOW_ID: "it cost 40 µs an event"}, 1.0)
        assert rule_store.throttled(session) == before + 1
        assert FLOW_ID not in {entry.rule.id for entry in rule_store.load(session).engine.entries}
        session.rollback()


def test_a_match_is_an_alert_beside_its_event(undisturbed: World) -> None:
    assert set(undisturbed.balances()) == {0}
    stored = undisturbed.store.durable
    flows = [
        event for event in stored.values() if event.get("event.module") == "zeek" and event["event.kind"] == "event"
    ]
    assert flows
    for event in flows:
        made = stored[identity(str(event["event.id"]), FLOW_ID)]
        assert made["event.kind"] == "alert"
        assert made["taishi.detection.event"] == event["event.id"]
        assert set(made["taishi.detection.fields"]) == {"event.module", "destination.ip"}
        assert made["threat.technique.id"] == ["T1071"]
        assert made["event.severity"] == 75
    assert _figures(undisturbed)[FLOW_ID, "e1"] == (len(flows), 0)
    with undisturbed.records.read(EVERYTHING) as session:
        names = {row.technique for row in session.scalars(select(MetaAlert))}
    assert {"T1071", "T1041"} <= names


@pytest.mark.parametrize("kill", [False, True], ids=["error", "kill"])
def test_failures_change_nothing_of_what_rules_found(
    tmp_path: Path, template: Path, undisturbed: World, kill: bool
) -> None:
    expected = {**undisturbed.outcome(), "figures": _figures(undisturbed)}
    for at in range(1, 60, 4):
        world = World(tmp_path / str(at), template)
        _install(world)
        world.fault.__dict__.update(Fault(at, kill, after=bool(at % 8 == 1)).__dict__)
        world.publish(_input())
        world.drive()
        found = {**world.outcome(), "figures": _figures(world)}
        world.close()
        for part, rows in expected.items():
            assert found[part] == rows, f"{part} after a failure at call {at}"


def test_a_rule_in_test_counts_and_stays_quiet(tmp_path: Path, template: Path) -> None:
    world = World(tmp_path, template)
    _install(world, "test")
    world.publish(_input())
    world.drive()
    assert _figures(world)[FLOW_ID, "e1"][0] > 0
    assert not any("taishi.detection.event" in event for event in world.store.durable.values())
    world.close()


def test_an_exception_keeps_its_enterprise_quiet_until_it_ends(tmp_path: Path, template: Path) -> None:
    world = World(tmp_path, template)
    _install(world)
    with world.records.write(EVERYTHING) as session:
        session.add(
            RuleException(id="x", rule_id=FLOW_ID, fields={"source.ip": "10.1.0.*"}, owner="tester", created_at=START,
                          expires_at=START + 600.0, enterprise_id="e1", region="", authority="")
        )  # fmt: skip
    world.publish(_input())
    world.drive()
    hits, excepted = _figures(world)[FLOW_ID, "e1"]
    assert 0 < excepted < hits
    world.close()


def test_versions_are_added_and_repeats_are_not(tmp_path: Path, template: Path) -> None:
    world = World(tmp_path, template)
    _install(world)
    _install(world)
    with world.records.write(EVERYTHING) as session:
        parsed, _ = parse([("flows.yml", FLOWS.replace("level: high", "level: low")), ("many.yml", MANY)])
        added = library.add(session, parsed, "mine", "stable", library.By("tester", START))
        assert (added.new, added.changed, added.unchanged) == (0, 1, 1)
        row = session.get(DetectionRule, FLOW_ID)
        assert row is not None
        assert (row.current, row.level) == (2, "low")
        assert len(rule_store.load(session).engine.entries) == 1
    world.close()


def test_without_rules_the_stage_does_nothing() -> None:
    work = Work(0, _input(), stretch.inventory())
    before = [list(batch.events) for batch in work.batches]
    stage = Detect()
    stage.run(work, stretch.Memory(stage))
    assert [batch.events for batch in work.batches] == before


# ------------------------------------------------------------ correlations


def _correlation(**values: Any) -> Correlation:
    common: dict[str, Any] = {
        "id": "c", "name": "c", "title": "c", "level": "high", "severity": 75, "status": "", "description": "",
        "author": "", "tags": (), "rules": ("a", "b"), "group_by": ("user.name",), "timespan": 60.0,
    }  # fmt: skip
    return Correlation(**{**common, **values})


def _run(rule: Correlation, matches: list[tuple[float, str, Event]]) -> list[float]:
    """Times at which the correlation fires; the state goes through its stored form between matches."""
    memory, times = Memory(), []
    correlator = Correlator([rule], lambda _, name: (name,))
    for at, name, event in matches:
        memory = Memory.load(memory.dump())
        times += [at for _ in correlator.observe(memory, name, {"event.id": str(at), **event}, at)]
    return times


def _at(at: float, name: str = "a", user: str = "u", **more: Any) -> tuple[float, str, Event]:
    return at, name, {"user.name": user, **more}


@pytest.mark.parametrize(
    ("rule", "matches", "fires"),
    [
        ({"kind": "event_count", "threshold": 3}, [_at(0), _at(1, user="v"), _at(2), _at(61), _at(62)], []),
        ({"kind": "event_count", "threshold": 3}, [_at(0), _at(1), _at(2), _at(3), _at(4), _at(63)], [2.0]),
        ({"kind": "event_count", "threshold": 3}, [_at(0), _at(30), _at(10)], [10.0]),
        ({"kind": "event_count", "threshold": 2}, [_at(100), _at(39), _at(41)], [41.0]),
        ({"kind": "value_count", "threshold": 2, "fields": ("host.name",)},
         [_at(0, **{"host.name": "x"}), _at(1, **{"host.name": "x"}), _at(2), _at(3, **{"host.name": "y"})], [3.0]),
        ({"kind": "temporal"}, [_at(5, "b"), _at(9, "a")], [9.0]),
        ({"kind": "temporal_ordered"}, [_at(5, "b"), _at(9, "a")], []),
        ({"kind": "temporal_ordered"}, [_at(9, "b"), _at(5, "a")], [5.0]),
        ({"kind": "temporal", "expression": ["or", "a", ["and", "a", "b"]]}, [_at(1, "b"), _at(2, "a")], [2.0]),
        ({"kind": "value_sum", "threshold": 10, "op": "gt", "fields": ("n",)}, [_at(0, n=6), _at(1, n="x"), _at(2, n=5)],
         [2.0]),
        ({"kind": "value_avg", "threshold": 4, "op": "lt", "fields": ("n",)}, [_at(0, n=6), _at(2, n=1)], [2.0]),
        ({"kind": "value_percentile", "threshold": 5, "op": "gte", "percentile": 50, "fields": ("n",)},
         [_at(0, n=1), _at(1, n=5), _at(2, n=9)], [2.0]),
    ],
)  # fmt: skip
def test_correlations_fire_when_their_condition_becomes_true(
    rule: dict[str, Any], matches: list[tuple[float, str, Event]], fires: list[float]
) -> None:
    assert _run(_correlation(**rule), matches) == fires


def test_an_alias_names_the_field_of_each_rule() -> None:
    rule = _correlation(
        kind="temporal", group_by=("who",), aliases={"who": {"a": "user.name", "b": "source.user.name"}}
    )
    assert _run(rule, [(0.0, "a", {"user.name": "u"}), (1.0, "b", {"source.user.name": "u"})]) == [1.0]


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from("ab"), st.sampled_from("uv")), max_size=30))
@settings(max_examples=60, deadline=None)
def test_counting_agrees_with_counting_by_hand(matches: list[tuple[int, str, str]]) -> None:
    """Sorted matches, so that the window ends at the match: a plain count over everything seen says the same."""
    rule = _correlation(kind="event_count", threshold=3)
    wanted: list[float] = []
    last: dict[str, float] = {}
    ordered = sorted(matches)
    for index, (at, _, user) in enumerate(ordered):
        count = sum(1 for then, _, who in ordered[: index + 1] if who == user and then > at - 60)
        if count >= 3 and at >= last.get(user, -1e9) + 60:
            last[user] = at
            wanted.append(float(at))
    assert _run(rule, [_at(float(at), name, user) for at, name, user in ordered]) == wanted


def test_groups_are_bounded_and_evictions_counted() -> None:
    memory = Memory()
    correlator = Correlator([_correlation(kind="event_count", threshold=3)], lambda _, name: (name,))
    for number in range(MAX_GROUPS + 5):
        correlator.observe(memory, "a", {"user.name": f"u{number}", "event.id": "e"}, START)
    assert len(memory.groups["c"]) == MAX_GROUPS
    assert memory.evicted == 5


@pytest.mark.parametrize(
    ("condition", "reason"),
    [("{lt: 3}", "did not happen"), ("{gte: 3}", "")],
)
def test_what_no_event_can_tell_is_refused(condition: str, reason: str) -> None:
    parsed, refused = parse([("a.yml", FLOWS), ("b.yml", MANY.replace("{gte: 3}", condition))])
    assert len(parsed) == (1 if reason else 2)
    assert all(reason in one.reason for one in refused)


def test_one_event_makes_a_bounded_number_of_alerts() -> None:
    files = [(f"{n}.yml", FLOWS.replace("5d1a01", f"5d1b{n:02}").replace("watched_flow", f"w{n}")) for n in range(40)]
    parsed, _ = parse(files)
    event = {**flow(START, "10.1.0.20", "192.0.2.10"), "event.id": "x"}
    work = Work(0, [Batch("s-e1", "e1", "d", START, 1, [event])], stretch.inventory())
    work.rules = ruleset.build(one.rule for one in parsed)
    stage = Detect()
    stage.run(work, stretch.Memory(stage))
    assert len(work.batches[0].events) == 17
    assert sum(n for (_, _, what), n in work.figures.items() if what == "dropped") == 24
    assert clock.to_seconds(work.batches[0].events[1]["@timestamp"]) == START
