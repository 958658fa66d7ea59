"""What an enterprise's aggregation and correlation may take, tried with input made to exceed it."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest

from processor.compact import rows, table
from processor.correlate import state as correlate_state
from processor.correlate.state import Member
from processor.stages import aggregate_state
from processor.stages.aggregate_state import Meta
from processor.stages.held import HELD_BYTES, Held, Queue
from taishi.event import Event
from tests.processor.material import START, alert, batches, intrusion, noise
from tests.processor.stretch import Pipeline

LIMIT = 256_000
"""Bytes of one enterprise in the records."""

TECHNIQUES = ("T1190", "T1059", "T1003", "T1021.002", "T1486", "T0843", "T1110", "", "T1048", "T1046")


def _hostile(count: int, pace: float, seed: int) -> list[Event]:
    """Everything different each time, as long as it may be, in letters that grow when written, and all of it grave."""
    dice = random.Random(seed)
    found = []
    for index in range(count):
        long = "".join(dice.choice('\x01\x02"\\态势é') for _ in range(300))
        more: dict[str, Any] = {
            "related.user": [f"{index}-{number}-{long}" for number in range(16)],
            "related.hash": [f"{index:08x}{number:056x}" for number in range(16)],
            "process.name": f"{index}{long}.exe", "dns.question.name": f"{index}.{long}.example.com",
            "host.name": f"{index}{long}", "threat.tactic.name": long, "taishi.outcome": dice.choice(("success", "unknown")),
        }  # fmt: skip
        attacker = dice.choice(
            (f"198.51.{index % 256}.{index // 256 % 256}", f"10.{index // 65536}.{index // 256 % 256}.{index % 256}")
        )
        victim = f"10.1.{dice.randrange(256)}.{dice.randrange(256)}"
        found.append(
            alert(START + index * pace, dice.choice(TECHNIQUES), f"{index} {long}", dice.choice((40, 75, 90)), attacker,
                  victim, **more)
        )  # fmt: skip
    return found


def _taken(pipeline: Pipeline) -> int:
    return sum(len(pipeline.views[stage].blobs.get("e1", b"")) for stage in ("aggregate", "correlate"))


@pytest.mark.parametrize("pace", [0.001, 0.5, 400.0])
def test_no_input_makes_an_enterprise_take_more_than_256_kb(pace: float) -> None:
    pipeline, most = Pipeline(), 0
    for batch in batches(_hostile(900, pace, 7), 30, bad_every=10**9):
        pipeline.run([batch])
        most = max(most, _taken(pipeline))
    pipeline.tick(START + 900 * pace + 60)
    most = max(most, _taken(pipeline))
    assert LIMIT / 4 < most <= LIMIT, "it is tried, and it holds"
    evicted = [pipeline.views[stage].get("e1").evicted for stage in ("aggregate", "correlate")]  # type: ignore[union-attr]
    assert sum(evicted) > 0, "what had to go is counted"


def test_what_is_waiting_is_bounded_and_a_flood_of_alike_alerts_is_small() -> None:
    pipeline = Pipeline()
    flood = [
        alert(START + index / 500, "T1595.003", "web error", 20, "203.0.113.9", "10.1.0.20") for index in range(1200)
    ]
    for batch in batches(flood, 1200, bad_every=10**9):
        pipeline.run([batch])
    state = pipeline.views["aggregate"].get("e1")
    assert isinstance(state, aggregate_state.State)
    assert len(state.held) > 850, "two seconds of a flood wait, as they should"
    assert len(orjson.dumps(state.held.as_json())) <= state.held.bytes <= HELD_BYTES


def test_eviction_does_not_depend_on_where_stretches_are_cut() -> None:
    events = _hostile(400, 2.0, 3)
    outcomes = []
    for size in (7, 50):
        pipeline = Pipeline()
        for batch in batches(events, size, bad_every=10**9):
            pipeline.run([batch])
        pipeline.tick(START + 2000)
        named = {batch["event.id"]: batch["rule.name"] for some in batches(events, size) for batch in some.events}
        outcomes.append(sorted((row["count"], named[row["evidence"][0]]) for row in pipeline.metas.values()))
    assert outcomes[0] == outcomes[1]


def test_an_attack_is_found_under_a_flood_of_hostile_cardinality() -> None:
    pipeline = Pipeline()
    day = 86_400.0
    mixed = [*noise(START, 200), *_hostile(300, 20.0, 5), *intrusion(START + 1.2 * day)]
    for batch in batches(sorted(mixed, key=lambda event: str(event["@timestamp"])), 20, bad_every=10**9):
        pipeline.run([batch])
    pipeline.tick(START + 2 * day)
    found = [row for row in pipeline.incidents.values() if row["escalated"] and "T0843" in row["techniques"]]
    assert any("T1505.003" in row["techniques"] for row in found)


def test_a_table_gives_back_what_it_was_made_of_and_reads_what_older_versions_wrote() -> None:
    member = Member(
        "m", "i", 1.0, 1.0, 2.0, "b", "T1190", 1, "n", 50, "unknown", 0.5, 1.0, 0.0, "a", "v", 3, ["a"], external=True
    )
    raw = orjson.loads(orjson.dumps(table(Member, [member])))
    assert rows(Member, raw) == [member]
    as_object = orjson.loads(orjson.dumps(member))
    assert rows(Member, {"m": as_object}) == rows(Member, [as_object]) == [member]
    assert rows(Meta, []) == []


def test_the_queue_keeps_its_order_and_its_count_of_bytes_through_its_stored_form() -> None:
    dice = random.Random(4)
    queue = Queue()
    for index in range(300):
        queue.push(_held(dice.random() * 9, f"id-{index}", dice.choice(("one", "two")), vague=dice.random() < 0.3))
    again = Queue.of_json(orjson.loads(orjson.dumps(queue.as_json())))
    assert again.bytes == queue.bytes >= len(orjson.dumps(queue.as_json())) - 600  # the names of the columns
    order = [queue.pop() for _ in range(300)]
    assert [again.pop() for _ in range(300)] == order == sorted(order, key=lambda held: (held.due, held.t, held.id))
    assert (len(queue), queue.bytes, queue.shapes) == (0, 0, {})


def _held(t: float, identity: str, rule: str, *, vague: bool) -> Held:
    return Held(
        t, identity, 1.0, rule, rule, rule, "", "", 1, 60.0, 0.5, vague, rule, 50, "unknown", "", "host:h", "", 0.0,
        external=False, entities=["host:h"], late=False, vague=vague,
    )  # fmt: skip


def test_the_oldest_form_of_state_is_still_read() -> None:
    """As versions before the tables wrote it: objects, and waiting alerts with the time they were due."""
    pipeline = Pipeline()
    for batch in batches(intrusion(START), 5, bad_every=10**9):
        pipeline.run([batch])
    state = pipeline.views["correlate"].get("e1")
    assert isinstance(state, correlate_state.State)
    old = orjson.loads(pipeline.views["correlate"].blobs["e1"])
    for name in ("members", "cases", "aside"):
        old[name] = {one.id: orjson.loads(orjson.dumps(one)) for one in getattr(state, name).values()}
    assert correlate_state.load(orjson.dumps(old)) == state
