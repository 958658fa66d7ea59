"""Whatever fails, and whenever, the outcome is that of an undisturbed run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from taishi.event import TOPIC_EVENTS, Batch, Quarantined, delivery_id, encode_batch
from taishi.records.tables import Enterprise, Incident, Ledger, MetaAlert, QuarantineRecord, StageState, StreamOffset
from taishi.scope import EVERYTHING
from taishi.stream.port import Message
from tests.processor.fakes import Fault, Killed
from tests.processor.material import START, alert, batches, copy, intrusion, message, noise
from tests.processor.world import NOW, World


def _input() -> list[Batch]:
    """Two enterprises, interleaved; one delivery comes twice."""
    events = sorted(noise(START, 60) + intrusion(START + 100), key=lambda event: str(event["@timestamp"]))
    one, two = batches(events, 8), batches(noise(START, 40, seed=5), 8, "e2")
    mixed = [batch for pair in zip(one, two, strict=False) for batch in pair] + one[len(two) :]
    return [*mixed[:6], copy(one[0]), *mixed[6:]]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("undisturbed"), template)
    world.publish(_input())
    world.drive()
    yield world
    world.close()


def test_an_undisturbed_run_balances_and_finds_the_intrusion(undisturbed: World) -> None:
    assert set(undisturbed.balances()) == {0}
    found = undisturbed.outcome()
    assert len(found["events"]) == 105
    with undisturbed.records.read(EVERYTHING) as session:
        assert any(row.escalated for row in session.scalars(select(Incident)))
        merged = sum(row.merged for row in session.scalars(select(Ledger)))
        counted = sum(row.count for row in session.scalars(select(MetaAlert)))
    assert merged == 10  # the first delivery: 8 events, an unreadable and a suppressed record
    alerts = [event for event in found["events"].values() if event["event.kind"] == "alert"]
    assert counted == len(alerts)


@pytest.mark.parametrize("kill", [False, True], ids=["error", "kill"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_failure_at_any_call_changes_nothing(
    tmp_path: Path, template: Path, undisturbed: World, kill: bool, after: bool
) -> None:
    expected = undisturbed.outcome()
    at = 1
    while True:
        world = World(tmp_path / str(at), template, Fault(at, kill, after))
        world.publish(_input())
        world.drive()
        found = world.outcome()
        world.close()
        for part, rows in expected.items():
            assert found[part] == rows, f"{part} after a failure at call {at}"
        if world.fault.calls < at:
            break
        at += 1
    assert at > 40, "the faults should have covered a whole run"


@pytest.mark.parametrize("poll_records", [1, 3, 64])
def test_where_a_stretch_is_cut_changes_nothing(
    tmp_path: Path, template: Path, undisturbed: World, poll_records: int
) -> None:
    world = World(tmp_path, template)
    world.publish(_input())
    world.drive(poll_records)
    found = world.outcome()
    world.close()
    expected = undisturbed.outcome()
    for part in expected:
        assert found[part] == expected[part], part


def _newer(value: Any) -> Any:
    """State as a later version of us might write it: a field more in every object of ours."""
    if isinstance(value, list):
        return [_newer(one) for one in value]
    if isinstance(value, dict):
        later = {name: _newer(one) for name, one in value.items()}
        return later | {"of_a_later_version": 1} if PLAIN_FIELDS & value.keys() else later
    return value


PLAIN_FIELDS = {"newest", "members", "first_seen", "received_at", "id"}
"""One of these is in every object of the stages' state that has fields of ours, and in none that is keyed by data."""


def test_a_rolling_upgrade_changes_nothing(tmp_path: Path, template: Path, undisturbed: World) -> None:
    """A later version had the partitions for a while: its state has fields, its messages have keys that we do not know."""
    world = World(tmp_path, template)
    some = _input()
    for part in (some[: len(some) // 2], some[len(some) // 2 :]):
        changed = 0
        with world.records.write(EVERYTHING) as session:
            for row in session.scalars(select(StageState)):
                state = orjson.loads(row.blob)
                if "since" not in state and row.stage != "enrich":  # whose state is a plain dict, kept as it comes
                    row.blob = orjson.dumps(_newer(state))
                    changed += b"of_a_later_version" in row.blob
        world.stream.publish(
            TOPIC_EVENTS,
            [
                replace(message(batch), value=orjson.dumps(orjson.loads(encode_batch(batch)) | {"later": 1}))
                for batch in part
            ],
        )
        worker = world.worker()
        while not world.caught_up():
            worker.attempt()
        worker.close()
    assert changed, "the second half should have begun on a later version's state"
    world.drive()
    found, expected = world.outcome(), undisturbed.outcome()
    world.close()
    for rows in expected:
        assert found[rows] == expected[rows], rows


def test_a_repeated_delivery_is_counted_as_merged(tmp_path: Path, template: Path) -> None:
    world = World(tmp_path, template)
    some = batches(noise(START, 20), 10)
    world.publish([*some, *map(copy, some), copy(some[0])])
    world.drive()
    with world.records.read(EVERYTHING) as session:
        rows = list(session.scalars(select(Ledger)))
        counted = sum(row.count for row in session.scalars(select(MetaAlert)))
    assert sum(row.stored for row in rows) == 20
    assert sum(row.merged for row in rows) == 2 * some[0].received + some[1].received
    assert set(world.balances()) == {0}
    assert counted == sum(event["event.kind"] == "alert" for batch in some for event in batch.events)
    world.close()


def test_a_message_nobody_can_read_is_set_aside_and_the_stream_goes_on(tmp_path: Path, template: Path) -> None:
    world = World(tmp_path, template)
    world.stream.publish(TOPIC_EVENTS, [Message("e1", b"\x00 not a batch")])
    world.publish(batches(noise(START, 10)))
    world.drive()
    with world.records.read(EVERYTHING) as session:
        reasons = [row.reason for row in session.scalars(select(QuarantineRecord)) if not row.source_id]
    assert len(reasons) == 1
    assert "not an event batch" in reasons[0]
    assert len(world.store.durable) == 10
    world.close()


def test_events_that_break_a_stage_are_set_aside_and_the_others_go_on(tmp_path: Path, template: Path) -> None:
    world = World(tmp_path, template)
    good, bad = batches(noise(START, 20), 10)
    bad.events[3]["threat.technique.id"] = [["a list in a list"]]
    bad.events[3]["event.kind"] = "alert"
    bad.events[3]["taishi.attacker.ip"] = ["not", "hashable"]
    world.publish([good, bad])
    world.drive()
    with world.records.read(EVERYTHING) as session:
        rows = list(session.scalars(select(QuarantineRecord).where(QuarantineRecord.reason.contains("failed"))))
    assert len(rows) == 10
    assert all(row.source_id == "s-e1" for row in rows)
    assert set(world.balances()) == {0}
    assert len(world.store.durable) == 10
    world.close()


def test_what_the_store_refuses_is_quarantined(tmp_path: Path, template: Path) -> None:
    world = World(tmp_path, template)
    world.store.refuse = lambda event: "too strange" if event["event.original"].endswith("SCAN ssh") else ""
    some = batches(noise(START, 30), 10)
    refused = sum("SCAN" in event["event.original"] for batch in some for event in batch.events)
    world.publish(some)
    world.drive()
    with world.records.read(EVERYTHING) as session:
        rows = list(session.scalars(select(QuarantineRecord).where(QuarantineRecord.reason == "too strange")))
    assert len(rows) == refused > 0
    assert len(world.store.durable) == 30 - refused
    assert set(world.balances()) == {0}
    world.close()


def test_events_without_time_or_id_are_quarantined(tmp_path: Path, template: Path) -> None:
    world = World(tmp_path, template)
    (batch,) = batches(noise(START, 6), 10)
    del batch.events[0]["@timestamp"]
    batch.events[1]["@timestamp"] = "yesterday"
    batch.events[2]["event.severity"] = "high"
    world.publish([batch])
    world.drive()
    assert len(world.store.durable) == 3
    assert set(world.balances()) == {0}
    world.close()


def test_a_replayed_record_moves_from_quarantined_to_stored(tmp_path: Path, template: Path) -> None:
    world = World(tmp_path, template)
    (batch,) = batches(noise(START, 4), 10)
    world.publish([batch])
    world.drive()
    with world.records.write(EVERYTHING) as session:
        row = session.scalars(select(QuarantineRecord)).one()
        row.status = "replay"
        identity, received_at = row.id, row.received_at
    events = [alert(START, "T1046", "SCAN", 30, "198.51.100.1", "10.1.0.20") for _ in range(2)]
    events[0]["event.id"], events[1]["event.id"] = identity, f"{identity}.1"
    again = Batch("s-e1", "e1", delivery_id("s-e1", "replay", identity), received_at, 0, events, replay=True)
    world.publish([again, copy(again)])
    world.drive()
    with world.records.read(EVERYTHING) as session:
        assert session.get_one(QuarantineRecord, identity).status == "replayed"
        (ledger,) = session.scalars(select(Ledger))
        assert (ledger.stored, ledger.quarantined, ledger.merged) == (6, 0, 0)
    assert set(world.balances()) == {0}
    assert len(world.store.durable) == 6
    world.close()


def test_a_worker_that_lost_its_partitions_commits_nothing(tmp_path: Path, template: Path) -> None:
    world = World(tmp_path, template)
    first, second = batches(noise(START, 20), 10)
    world.publish([first])
    zombie = world.worker()
    zombie.step()
    world.publish([second])
    world.drive()  # another worker takes over and commits
    before = world.outcome()
    zombie_outcome = [zombie.attempt() for _ in range(2)]
    assert zombie_outcome[-1], "it should have found back"
    assert world.outcome() == before
    world.close()


def test_a_zombie_with_work_in_hand_is_refused(tmp_path: Path, template: Path) -> None:
    world = World(tmp_path, template)
    world.publish(batches(noise(START, 20), 10))
    zombie = world.worker(1, checkpoint=1e9)
    zombie.step()
    zombie.step()
    world.drive()
    before = world.outcome()
    zombie.close()  # it tries to commit what it has in hand
    assert world.outcome() == before
    world.close()


def test_quarantined_records_of_a_delivery_keep_their_place(tmp_path: Path, template: Path) -> None:
    world = World(tmp_path, template)
    batch = Batch("s-e1", "e1", "d", START, 2, [], [Quarantined(1, "原文", "why", "cef"), Quarantined(0, "b", "c")])
    world.publish([batch])
    world.drive()
    with world.records.read(EVERYTHING) as session:
        rows = {row.id: row for row in session.scalars(select(QuarantineRecord))}
    assert set(rows) == {"d-0", "d-1"}
    assert (rows["d-1"].original, rows["d-1"].parser, rows["d-1"].region) == ("原文", "cef", "330106")
    world.close()


def test_positions_are_committed_to_the_end(undisturbed: World) -> None:
    with undisturbed.records.read(EVERYTHING) as session:
        known = {row.partition: row.offset for row in session.scalars(select(StreamOffset))}
    ends = {p.number: end for p, end in undisturbed.stream.end_offsets(TOPIC_EVENTS).items() if end}
    assert known == ends


def test_killed_is_no_ordinary_exception() -> None:
    assert not issubclass(Killed, Exception)


def test_what_an_enterprise_sends_right_after_its_onboarding_is_its_own(tmp_path: Path, template: Path) -> None:
    world = World(tmp_path / "late", template)
    worker = world.worker()
    worker.attempt()  # the worker has looked at the inventory
    with world.records.write(EVERYTHING) as session:
        session.add(Enterprise(id="e9", name="新企业", region="330203", industry="C36", kind="industrial", level=2,
                               authority="miit", created_at=0.0))  # fmt: skip
    world.publish(batches([alert(START, "T1486", "RANSOMWARE", 95, "10.9.0.1", "10.9.0.2")], 8, "e9"))
    for _ in range(3):
        worker.attempt()
    worker.close()
    regions = {event["taishi.region"] for event in world.store.durable.values()}
    world.close()
    assert regions == {"330203"}


class Jumping:
    """A wall clock that is set by hours to and fro, at every look; in the end it is right again."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self.looks = 0

    def __call__(self) -> float:
        self.looks += 1
        return NOW + (self._dice.uniform(-1, 1) * 20 * 3600 if self.looks < 120 else 0.0)


def _timeless(outcome: dict[str, Any]) -> dict[str, Any]:
    """Without what tells when the machine did it: the state says when the last alert was received."""
    events = {key: {**event, "event.ingested": ""} for key, event in outcome["events"].items()}
    seen = [row[0] for row in outcome["seen_delivery"] if row[0] in outcome["deliveries"]]
    return {**outcome, "events": events, "seen_delivery": seen, "stage_state": []}


@pytest.mark.parametrize("seed", range(6))
def test_a_jumping_clock_changes_nothing(tmp_path: Path, template: Path, undisturbed: World, seed: int) -> None:
    world = World(tmp_path / "world", template)
    world.clock = Jumping(seed)
    world.publish(_input())
    world.drive()
    deliveries = {batch.delivery for batch in _input()}
    expected = _timeless({**undisturbed.outcome(), "deliveries": deliveries})
    found = _timeless({**world.outcome(), "deliveries": deliveries})
    world.close()
    for part, wanted in expected.items():
        assert found[part] == wanted, part
