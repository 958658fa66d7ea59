"""Indicators in the pipeline: marks, alerts of their own, sightings, exactly once whatever fails; TLP; withdrawal."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from taishi.intel import book, builds
from taishi.intel.alert import MARK
from taishi.intel.indicator import Indicator as Given
from taishi.intel.indicator import identity, shown_id
from taishi.records.tables import Indicator, IndicatorSighting, MetaAlert
from taishi.scope import EVERYTHING, Scope
from tests.processor.fakes import Fault
from tests.processor.material import ATTACKER, START, batches, flow, intrusion, noise
from tests.processor.world import World

C2 = "192.0.2.10"
"""Where the flows of `material.noise` go."""


def install(world: World, *given: Given, feed: str = "list", **more: Any) -> None:
    with world.records.write(EVERYTHING) as session:
        session.add(book.new_feed(feed, "某情报源", START - 1000, "tester", **more))
    book.take_in(world.records, feed, given, START - 1000)


def usual() -> tuple[Given, ...]:
    return (
        Given("ip", C2, 80, "green", labels=("c2",), name="远控回连", valid_until=START + 1e8),
        Given("ip", ATTACKER, 90, "amber", labels=("scanner",), valid_until=START + 1e8),
    )


def _input() -> list[Any]:
    return batches(sorted(noise(START, 60) + intrusion(START + 100), key=lambda event: str(event["@timestamp"])), 8)


def seen(world: World, scope: Scope = EVERYTHING) -> list[tuple[Any, ...]]:
    table = IndicatorSighting
    columns = (table.value, table.enterprise_id, table.day, table.count, table.alerts, table.tlp, table.region)
    with world.records.read(scope) as session:
        return sorted(
            (row.value, row.enterprise_id, row.day, row.count, row.alerts, row.tlp, row.region, tuple(row.events))
            for row in session.execute(select(*columns, table.events))
        )


def run(folder: Path, template: Path, *given: Given, fault: Fault | None = None, **more: Any) -> World:
    world = World(folder, template)
    install(world, *given, **more)
    if fault is not None:
        world.fault.__dict__.update(fault.__dict__)
    world.publish(_input())
    world.drive()
    return world


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[World]:
    world = run(tmp_path_factory.mktemp("intel"), template, *usual())
    yield world
    world.close()


def test_a_contact_with_a_controller_is_marked_and_becomes_an_alert(undisturbed: World) -> None:
    assert set(undisturbed.balances()) == {0}
    stored = undisturbed.store.durable
    flows = [one for one in stored.values() if one.get("event.module") == "zeek" and one["event.kind"] == "event"]
    assert flows
    number = shown_id(identity("list", "ip", C2))
    for one in flows:
        assert one[MARK] == [number]
        assert one["threat.indicator.name"] == C2
        assert one["threat.feed.name"] == "某情报源"
        assert one["threat.indicator.marking.tlp"] == "GREEN"
        assert one["taishi.intel.purpose"] == "c2"
        made = [other for other in stored.values() if other.get("taishi.detection.event") == one["event.id"]]
        assert len(made) == 1
        assert made[0]["event.kind"] == "alert"
        assert made[0]["threat.technique.id"] == ["T1071"]
        assert made[0]["taishi.attacker.ip"] == C2
        assert made[0]["taishi.victim.ip"] == one["source.ip"]
        assert made[0]["taishi.detection.fields"] == ["destination.ip"]
    with undisturbed.records.read(EVERYTHING) as session:
        assert "T1071" in {row.technique for row in session.scalars(select(MetaAlert))}
    total = sum(row[3] for row in seen(undisturbed) if row[0] == C2)
    assert total == len(flows)


def test_a_scanner_is_marked_and_raises_nothing(undisturbed: World) -> None:
    stored = undisturbed.store.durable.values()
    marked = [one for one in stored if one.get("threat.indicator.name") == ATTACKER]
    assert marked
    assert {one["event.kind"] for one in marked} == {"alert"}, "only what the product itself called an alert"
    assert not [
        one for one in stored if str(one.get("rule.id", "")).startswith("intel:") and one["source.ip"] == ATTACKER
    ]


@pytest.mark.parametrize("kill", [False, True], ids=["error", "kill"])
def test_failures_change_nothing_of_what_was_seen(
    tmp_path: Path, template: Path, undisturbed: World, kill: bool
) -> None:
    expected = {**undisturbed.outcome(), "seen": seen(undisturbed)}
    for at in range(1, 60, 7):
        world = run(tmp_path / str(at), template, *usual(), fault=Fault(at, kill, after=bool(at % 2)))
        found = {**world.outcome(), "seen": seen(world)}
        world.close()
        for part, rows in expected.items():
            assert found[part] == rows, f"{part} after a failure at call {at}"


def test_red_is_counted_and_never_written_on_an_event(tmp_path: Path, template: Path) -> None:
    world = run(
        tmp_path, template, Given("ip", C2, 95, "red", labels=("c2",), name="绝密来源", valid_until=START + 1e8)
    )
    assert not [one for one in world.store.durable.values() if MARK in one or "threat.feed.name" in one]
    assert "绝密来源" not in str(world.store.durable)
    assert sum(row[3] for row in seen(world)) > 0
    assert seen(world, Scope(regions=("330000",))), "who sees the whole platform sees them"
    assert seen(world, Scope(regions=("330100",))) == []
    assert seen(world, Scope(enterprises=("e1",))) == []
    with world.records.read(Scope(regions=("330100",))) as session:
        assert session.scalars(select(Indicator)).all() == []
    world.close()


def test_what_ended_before_matches_nothing(tmp_path: Path, template: Path) -> None:
    world = run(tmp_path, template, Given("ip", C2, 95, "green", labels=("c2",), valid_until=START - 10))
    assert seen(world) == []
    world.close()


def test_a_warning_list_keeps_it_from_matching(tmp_path: Path, template: Path) -> None:
    world = run(tmp_path, template, Given("ip", "10.1.0.20", 95, "green", labels=("c2",)))
    with world.records.read(EVERYTHING) as session:
        assert [row.warned for row in session.scalars(select(Indicator))] == ["own"]
    assert seen(world) == []
    world.close()


def test_withdrawal_and_new_indicators_reach_a_running_worker(tmp_path: Path, template: Path) -> None:
    """Without a restart: a withdrawal at once, a new value with the next snapshot."""
    world = World(tmp_path, template)
    install(world, usual()[0])
    worker = world.worker()
    first = batches([flow(START + n, "10.1.0.20", C2) for n in range(4)], 2, name="first")
    second = batches([flow(START + 100 + n, "10.1.0.20", C2) for n in range(4)], 2, name="second")
    third = batches([flow(START + 200 + n, "10.1.0.20", "192.0.2.77") for n in range(4)], 2, name="third")

    def work(some: list[Any]) -> int:
        world.publish(some)
        worker._intel._looked = 1e-9  # the next look is due
        for _ in range(60):
            worker.attempt()
            if world.caught_up():
                break
        return sum(row[3] for row in seen(world))

    assert work(first) == 4
    with world.records.write(EVERYTHING) as session:
        row = session.scalars(select(Indicator)).one()
        row.dismissed_at, row.change = START, book.bump(session)
    assert work(second) == 4, "withdrawn: nothing more is matched"
    book.take_in(world.records, "list", [Given("ip", "192.0.2.77", 80, "green", labels=("c2",))], START)
    builds.build(world.records, tmp_path / "intel")
    assert work(third) == 8, "the new snapshot is in use"
    worker.close()
    world.close()


def test_reloading_under_load_loses_and_doubles_nothing(tmp_path: Path, template: Path) -> None:
    """Snapshots are built and put in place by another thread all the time; every event is matched once by one of them."""
    world = World(tmp_path, template)
    install(world, usual()[0])
    stop = threading.Event()

    def rebuild() -> None:
        for number in range(1000):
            if stop.is_set():
                return
            other = Given("ip", f"198.51.100.{number % 250}", 60, "green", valid_until=START + 1e8)
            book.take_in(world.records, "list", [other], START)
            builds.build(world.records, tmp_path / "intel")

    thread = threading.Thread(target=rebuild)
    thread.start()
    used = set()
    try:
        worker = world.worker(poll_records=1)
        world.publish(batches([flow(START + n, "10.1.0.20", C2) for n in range(80)], 2))
        for _ in range(400):
            worker._intel._looked = 0.0
            worker.attempt()
            if worker._intel.current is not None:
                used.add(worker._intel.current.snapshot.change)
            if world.caught_up():
                break
        worker.close()
    finally:
        stop.set()
        thread.join()
    assert [row[3] for row in seen(world)] == [80]
    assert len(used) > 1, "more than one snapshot was in use"
    world.close()
