"""Enrich and aggregate as pure functions."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.stages.aggregate import DISORDER, MAX_OPEN
from taishi import clock
from taishi.event import Batch, Event
from tests.processor.material import ATTACKER, START, alert, batches, flow, intrusion, noise
from tests.processor.stretch import Pipeline


def _run(events: list[Event], size: int = 10) -> Pipeline:
    pipeline = Pipeline()
    for batch in batches(events, size, bad_every=10**9):
        pipeline.run([batch])
    last = max(clock.to_seconds(event["@timestamp"]) for event in events)
    pipeline.tick(last + 60)
    return pipeline


def test_an_event_learns_whose_it_is_and_which_asset_it_concerns() -> None:
    work = Pipeline().run(batches([alert(START, "T1190", "EXPLOIT", 75, ATTACKER, "10.1.0.40")]))
    (event,) = work.events
    assert event["taishi.region_path"] == ["330000", "330100", "330106"]
    assert event["organization.name"] == "企业 e1"
    assert (event["taishi.asset.name"], event["taishi.asset.criticality"]) == ("plc1", 1.0)
    assert "taishi.late" not in event


def test_roles_are_filled_where_the_parser_gave_none() -> None:
    event = alert(START, "T1110", "brute force", 40, ATTACKER, "10.1.0.20")
    del event["taishi.attacker.ip"], event["taishi.victim.ip"]
    (found,) = Pipeline().run(batches([event])).events
    assert (found["taishi.attacker.ip"], found["taishi.victim.ip"]) == (ATTACKER, "10.1.0.20")


def test_what_lags_behind_more_than_allowed_is_marked_late_and_still_aggregated() -> None:
    pipeline = Pipeline()
    new, old = (alert(at, "T1190", "EXPLOIT", 75, ATTACKER, "10.1.0.20") for at in (START, START - 7200))
    pipeline.run(batches([new], name="new"))
    (found,) = pipeline.run(batches([old], name="old")).events
    assert found["taishi.late"] is True
    pipeline.tick(START + 60)
    assert sorted(meta["first_seen"] for meta in pipeline.metas.values()) == [START - 7200, START]


def test_a_clock_far_ahead_does_not_make_the_others_late() -> None:
    pipeline = Pipeline()
    ahead, honest = (
        batches([flow(START + 40_000, "10.1.0.20", "192.0.2.1")], name="x"),
        batches([flow(START + 5, "10.1.0.20", "192.0.2.1")], name="y"),
    )
    ahead[0].received_at = START
    pipeline.run(ahead)
    (found,) = pipeline.run(honest).events
    assert "taishi.late" not in found


def test_repetition_becomes_one_meta_alert_with_exact_count_and_evidence() -> None:
    events = [alert(START + i, "T1110", "brute force", 40, ATTACKER, "10.1.0.20") for i in range(500)]
    (meta,) = _run(events).metas.values()
    ids = [event["event.id"] for batch in batches(events) for event in batch.events]
    assert (meta["count"], meta["first_seen"], meta["last_seen"]) == (500, START, START + 499)
    assert {meta["evidence"][0], meta["evidence"][-1]} == {ids[0], ids[-1]}
    assert 10 < len(meta["evidence"]) <= 30
    assert set(meta["evidence"]) <= set(ids)
    assert meta["rules"] == {"brute force": 500}


def test_a_pause_longer_than_the_gap_begins_another() -> None:
    events = [alert(START + at, "T1110", "brute force", 40, ATTACKER, "10.1.0.20") for at in (0, 600, 1200, 9000)]
    assert sorted(meta["count"] for meta in _run(events).metas.values()) == [1, 3]


def test_success_and_severity_are_never_hidden_by_repetition() -> None:
    events = [alert(START + i, "T1110", "brute force", 30, ATTACKER, "10.1.0.20") for i in range(300)]
    events[217]["taishi.outcome"] = "success"
    events[250]["event.severity"] = 90
    (meta,) = _run(events).metas.values()
    assert (meta["outcome"], meta["severity"]) == ("success", 90)
    ids = [event["event.id"] for batch in batches(events) for event in batch.events]
    assert {ids[217], ids[250]} <= set(meta["evidence"])


def test_it_is_said_whether_alerts_were_identical_or_the_same_in_a_new_state() -> None:
    same = [alert(START + i, "T1110", "brute force", 40, ATTACKER, "10.1.0.20") for i in range(5)]
    (meta,) = _run(same).metas.values()
    assert meta["changes"] == {}
    worse = alert(START + 9, "T1110", "signed in at last", 70, ATTACKER, "10.1.0.20", **{"taishi.outcome": "success"})
    (meta,) = _run([*same, worse]).metas.values()
    assert meta["changes"] == {"severity": 1, "outcome": 1, "rule": 1}
    other = alert(START + 9, "T1110", "brute force", 40, ATTACKER, "10.1.0.20", **{"related.user": ["zhang.san"]})
    (meta,) = _run([*same, other]).metas.values()
    assert meta["changes"] == {"entity": 1}


def test_a_scan_of_many_hosts_is_one_meta_alert_and_other_attackers_have_their_own() -> None:
    events = [
        alert(START + i, "T1046", "SCAN", 30, attacker, f"10.1.0.{20 + i % 20}")
        for i, attacker in enumerate([ATTACKER, "198.51.100.7"] * 30)
    ]
    metas = _run(events).metas.values()
    assert sorted(meta["attacker"] for meta in metas) == ["198.51.100.7", ATTACKER]
    assert all(meta["count"] == 30 for meta in metas)


def test_unknown_rules_do_not_mix() -> None:
    events = [alert(START + i, "", f"POLICY {i % 3}", 70, "10.1.0.60", "10.1.0.61") for i in range(30)]
    assert sorted(meta["name"] for meta in _run(events).metas.values()) == ["POLICY 0", "POLICY 1", "POLICY 2"]


def test_an_alert_that_says_little_joins_what_happened_on_the_host_just_then() -> None:
    told = alert(START, "T1505.003", "WEBSHELL", 85, ATTACKER, "10.1.0.20")
    vague = alert(START + 1, "", "HTTP 400", 20, ATTACKER, "10.1.0.20")
    (meta,) = _run([told, vague]).metas.values()
    assert meta["rules"] == {"WEBSHELL": 1, "HTTP 400": 1}
    late = alert(START + 60, "", "HTTP 400", 20, ATTACKER, "10.1.0.20")
    assert len(_run([told, late]).metas) == 2


def test_the_number_of_open_meta_alerts_is_bounded() -> None:
    dice = random.Random(3)
    events = [
        alert(START + i * 0.5, "T1190", "EXPLOIT", 50, f"198.51.{dice.randrange(256)}.{i % 256}", f"10.9.{i % 250}.1")
        for i in range(4000)
    ]
    pipeline = _run(events, 50)
    state = pipeline.views["aggregate"].get("e1")
    assert state is not None
    assert len(state.open) <= MAX_OPEN
    assert sum(meta["count"] for meta in pipeline.metas.values()) == 4000
    assert sum(len(blob) for view in pipeline.views.values() for blob in view.blobs.values()) < 1_500_000


def _comparable(pipeline: Pipeline) -> dict[str, Any]:
    return {key: (row["count"], row["first_seen"], row["last_seen"], row["severity"], row["evidence"], row.get("incident_id"))
            for key, row in pipeline.metas.items()}  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_disorder_within_the_buffer_changes_nothing(seed: int, size: int) -> None:
    events = sorted(noise(START, 120, seed, step=3.0) + intrusion(START + 60), key=lambda e: str(e["@timestamp"]))
    for number, event in enumerate(events):
        event["event.id"] = f"event-{number}"
    dice = random.Random(seed)
    arrival = {id(e): clock.to_seconds(e["@timestamp"]) + dice.random() * (DISORDER - 0.01) for e in events}
    shuffled = sorted(events, key=lambda event: arrival[id(event)])
    ordered, jittered = _run(events, size), _run(shuffled, size)
    assert _comparable(ordered) == _comparable(jittered)
    assert ordered.incidents.keys() == jittered.incidents.keys()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.lists(st.integers(1, 12), min_size=1, max_size=30))
def test_stretches_may_be_cut_anywhere(seed: int, cuts: list[int]) -> None:
    some = batches(sorted(noise(START, 150, seed) + intrusion(START + 200), key=lambda e: str(e["@timestamp"])), 5)
    whole, cut = Pipeline(), Pipeline()
    whole.run(some)
    position = 0
    while position < len(some):
        step = cuts[position % len(cuts)]
        cut.run(some[position : position + step])
        position += step
    assert {key: row.values for key, row in whole.rows.items()} == {key: row.values for key, row in cut.rows.items()}


def test_the_same_input_twice_gives_the_same_ids_and_rows() -> None:
    events = noise(START, 200) + intrusion(START + 5000)
    one, two = _run(events), _run(events)
    assert {key: row.values for key, row in one.rows.items()} == {key: row.values for key, row in two.rows.items()}


@pytest.mark.parametrize("count", [0, 3])
def test_events_that_are_no_alerts_leave_no_state(count: int) -> None:
    pipeline = Pipeline()
    pipeline.run([Batch("s-e1", "e1", "d", START, count, [])])
    pipeline.run(batches([flow(START + i, "10.1.0.20", "192.0.2.1") for i in range(count)]) if count else [])
    assert not pipeline.rows
    assert not pipeline.views["aggregate"].blobs


def _knocks(count: int, rule: str = "SCAN probe", technique: str = "T1595", severity: int = 30) -> list[Event]:
    """One alert each from as many outside addresses, every five minutes."""
    return [
        alert(START + i * 300, technique, rule, severity, f"198.51.100.{i % 250}", "10.1.0.20") for i in range(count)
    ]


def test_what_the_internet_does_all_day_becomes_a_few_background_sessions() -> None:
    metas = _run(_knocks(200)).metas.values()
    assert sum(meta["count"] for meta in metas) == 200
    assert len(metas) < 10
    (background,) = [meta for meta in metas if meta["count"] > 100]
    assert background["attacker"] == ""
    assert background["entities"] == []


def test_an_outside_address_that_tries_again_and_again_leaves_the_background() -> None:
    loud = [alert(START + 50_000 + i * 20, "T1595", "SCAN probe", 30, ATTACKER, "10.1.0.20") for i in range(12)]
    events = sorted([*_knocks(200), *loud], key=lambda event: str(event["@timestamp"]))
    own = [meta for meta in _run(events).metas.values() if meta["attacker"] == ATTACKER]
    assert [meta["count"] for meta in own] == [12 - 4]


@pytest.mark.parametrize(
    "change",
    [{"rule.name": "SCAN of a kind never met"}, {"taishi.outcome": "success"}, {"event.severity": 90},
     {"taishi.attacker.ip": "10.1.0.30", "source.ip": "10.1.0.30"}],
)  # fmt: skip
def test_what_is_new_succeeds_is_critical_or_comes_from_inside_is_never_background(change: dict[str, Any]) -> None:
    special = {**alert(START + 50_000, "T1595", "SCAN probe", 30, ATTACKER, "10.1.0.20"), **change}
    events = sorted([*_knocks(200), special], key=lambda event: str(event["@timestamp"]))
    metas = _run(events).metas.values()
    names = {special["taishi.attacker.ip"], "eng1" if "source.ip" in change else ATTACKER}
    assert any(meta["attacker"] in names and meta["count"] == 1 for meta in metas)


def _skews(offsets: list[tuple[float, float]]) -> list[float]:
    """What is taken for the clock of a source that sends at these (receipt, event time) pairs, delivery by delivery."""
    pipeline = Pipeline()
    found: list[float] = []
    for number, (received, at) in enumerate(offsets):
        (batch,) = batches([flow(START + at, "10.1.0.20", "192.0.2.1")], name=f"n{number}", bad_every=10**9)
        batch.received_at = START + received
        found.extend(pipeline.run([batch]).skews.values())
    return found


def test_a_steady_offset_is_a_clock_and_a_backlog_is_none() -> None:
    assert _skews([(0, -1700), (1, -1700), (2, -1700), (3, -100)]) == []  # catching up, in bursts
    assert _skews([(0, 420), (100, 520), (200, 621)]) == [420.0, 421.0]  # seven minutes ahead
    assert _skews([(0, -28_800), (120, -28_680)]) == [-28_800.0]  # a wrong time zone
