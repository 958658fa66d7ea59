"""Incidents: what joins, why, what people read, and that their decisions stand."""

from __future__ import annotations

import math

import pytest

from processor.correlate import score
from processor.correlate.state import Member
from processor.inventory import AssetFacts
from processor.stage import Decided
from taishi import clock
from taishi.event import Event
from tests.processor.material import ATTACKER, START, alert, batches, intrusion, noise
from tests.processor.stretch import Pipeline


def _feed(pipeline: Pipeline, events: list[Event], name: str = "b") -> None:
    ordered = sorted(events, key=lambda event: str(event["@timestamp"]))
    for batch in batches(ordered, 10, name=name, bad_every=10**9):
        pipeline.run([batch])
    pipeline.tick(clock.to_seconds(ordered[-1]["@timestamp"]) + 60)


def _attack(pipeline: Pipeline) -> str:
    """The id of the incident with most stages."""
    return max(pipeline.incidents, key=lambda key: (len(pipeline.incidents[key]["stages"]), key))


@pytest.fixture
def attacked() -> Pipeline:
    pipeline = Pipeline()
    _feed(pipeline, noise(START, 200) + intrusion(START + 4000))
    return pipeline


def test_an_intrusion_from_scan_to_controller_is_one_escalated_incident(attacked: Pipeline) -> None:
    incident = attacked.incidents[_attack(attacked)]
    assert incident["escalated"]
    assert incident["score"] > 0.95
    assert {"T1190", "T1505.003", "T1021.002", "T0843"} <= set(incident["techniques"])
    assert incident["severity"] >= 90
    assert ("incident", _attack(attacked)) in attacked.news


def test_its_title_names_attacker_victim_and_steps_in_both_languages(attacked: Pipeline) -> None:
    incident = attacked.incidents[_attack(attacked)]
    assert ATTACKER in incident["title_zh"]
    assert "网页后门" in incident["title_zh"]
    assert "程序下装" in incident["title_zh"]
    assert "Program download" in incident["title_en"]
    assert "web1" in incident["title_en"]


def test_reasons_are_additive_and_point_to_their_alerts(attacked: Pipeline) -> None:
    identity = _attack(attacked)
    reasons = attacked.incidents[identity]["reasons"]
    assert math.isclose(sum(reason["share"] for reason in reasons), 1.0)
    assert {reason["meta_id"] for reason in reasons} <= attacked.members(identity).keys()
    assert all(reason["text_zh"] and reason["text_en"] for reason in reasons)


def test_every_join_says_why_with_entities_weights_and_score(attacked: Pipeline) -> None:
    members = attacked.members(_attack(attacked))
    smb = next(row for row in members.values() if row["technique"] == "T1021.002")["join"]
    assert smb["by"] == "engine"
    assert smb["score"] >= score.THETA
    assert {"kind": "host", "value": "web1"}.items() <= smb["entities"][0].items()
    assert "先前的受害主机 web1 成为攻击源" in smb["text_zh"]
    assert "web1, a victim before, now attacks" in smb["text_en"]


def test_most_noise_stays_out_of_it(attacked: Pipeline) -> None:
    members = attacked.members(_attack(attacked))
    strangers = [row for row in members.values() if row["name"].startswith(("POLICY", "SCAN ssh"))]
    assert len(strangers) <= 2


def test_noise_alone_escalates_nothing() -> None:
    pipeline = Pipeline()
    _feed(pipeline, noise(START, 1500, seed=4))
    assert not any(row["escalated"] for row in pipeline.incidents.values())


def test_one_alert_that_speaks_for_itself_escalates_alone() -> None:
    pipeline = Pipeline()
    _feed(pipeline, [alert(START, "T1486", "ransomware encrypts files", 95, ATTACKER, "10.1.0.20")])
    (incident,) = pipeline.incidents.values()
    assert incident["escalated"]


def test_separate_attacks_on_separate_hosts_stay_separate() -> None:
    pipeline = Pipeline()
    first = [alert(START + i * 300, t, t, 75, "203.0.113.1", "10.1.0.60") for i, t in enumerate(("T1190", "T1505.003"))]
    other = [
        alert(START + 100 + i * 300, t, t, 75, "198.51.100.9", "10.1.0.70") for i, t in enumerate(("T1110", "T1003"))
    ]
    _feed(pipeline, first + other)
    assert len(pipeline.incidents) == 2


def test_a_resolver_that_everybody_asks_joins_nothing() -> None:
    pipeline = Pipeline()
    events = [
        alert(START + i, "T1071.004", "DNS tunnel", 60, f"10.1.0.{60 + i}", "10.1.0.53", **{"destination.port": 53})
        for i in range(6)
    ]
    _feed(pipeline, events)
    assert len(pipeline.incidents) == 6


def test_what_everybody_shares_weighs_less_and_less() -> None:
    weights = [score.damping(common) for common in (0, 8, 80, 800)]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] == 1.0


def test_links_fade_with_time() -> None:
    near, far = Pipeline(), Pipeline()
    for pipeline, wait in ((near, 600.0), (far, 40 * 3600.0)):
        first = alert(START, "T1190", "EXPLOIT", 75, "203.0.113.1", "10.1.0.60")
        _feed(pipeline, [first, alert(START + wait, "T1059", "shell", 75, "10.1.0.60", "10.1.0.60")])
    assert (len(near.incidents), len(far.incidents)) == (1, 2)


def test_one_alert_that_links_two_incidents_makes_them_one_with_the_older_id() -> None:
    pipeline = Pipeline()
    early = [alert(START, "T1190", "EXPLOIT", 75, "203.0.113.1", "10.1.0.60"),
             alert(START + 60, "T1003", "dump", 75, "10.1.0.70", "10.1.0.70")]  # fmt: skip
    _feed(pipeline, early)
    first, second = sorted(pipeline.incidents, key=lambda key: pipeline.incidents[key]["first_seen"])
    users = {"related.user": ["zhang.san"], "related.hash": ["ab" * 32]}
    _feed(pipeline, [alert(START + 90, "T1055", "inject", 75, "10.1.0.70", "10.1.0.70", **users)], "c")
    _feed(pipeline, [alert(START + 100, "T1105", "tool", 75, "203.0.113.1", "10.1.0.60", **users)], "d")
    assert list(pipeline.incidents) == [first]
    tombstone = pipeline.table("incident")[second]
    assert (tombstone["merged_into"], tombstone["meta_count"]) == (first, 0)
    moved = [row for row in pipeline.members(first).values() if "合并" in row["join"]["text_zh"]]
    assert moved


def test_an_incident_that_people_closed_takes_nothing_new() -> None:
    pipeline = Pipeline()
    _feed(pipeline, [alert(START, "T1190", "EXPLOIT", 75, ATTACKER, "10.1.0.20")])
    (old,) = pipeline.incidents
    pipeline.closed = frozenset([old])
    _feed(pipeline, [alert(START + 300, "T1505.003", "WEBSHELL", 85, ATTACKER, "10.1.0.20")], "later")
    (new,) = pipeline.incidents.keys() - {old}
    assert pipeline.incidents[new]["related"] == [old]
    assert len(pipeline.members(old)) == 1


# ---------------------------------------------------------------- people's decisions


def _two(pipeline: Pipeline) -> tuple[str, str]:
    first = [alert(START + i * 300, t, t, 75, "203.0.113.1", "10.1.0.60") for i, t in enumerate(("T1190", "T1505.003"))]
    other = [
        alert(START + 100 + i * 300, t, t, 75, "198.51.100.9", "10.1.0.70") for i, t in enumerate(("T1110", "T1003"))
    ]
    _feed(pipeline, first + other)
    one, two = sorted(pipeline.incidents, key=lambda key: pipeline.incidents[key]["first_seen"])
    return one, two


def _decided(seq: int, kind: str, **payload: object) -> Decided:
    return Decided(seq, "e1", kind, payload, "li.wei")


def test_a_merge_stands_and_later_data_follows_it() -> None:
    pipeline = Pipeline()
    one, two = _two(pipeline)
    pipeline.decide(_decided(1, "merge", incident=two, into=one))
    assert pipeline.incidents[one]["meta_count"] == 4
    _feed(pipeline, [alert(START + 900, "T1021.002", "smb", 75, "10.1.0.70", "10.1.0.71")], "later")
    new = next(row for row in pipeline.metas.values() if row["technique"] == "T1021.002")
    assert new["incident_id"] == one
    assert two not in pipeline.views["correlate"].get("e1").cases  # type: ignore[union-attr]


def test_a_split_stands_and_its_halves_never_merge_by_themselves() -> None:
    pipeline = Pipeline()
    _feed(pipeline, intrusion(START))
    (old,) = pipeline.incidents
    chosen = [key for key, row in pipeline.members(old).items() if row["technique"] in {"T0843", "T1021.002"}]
    pipeline.decide(_decided(1, "split", incident=old, metas=chosen, new_incident="made-by-people"))
    state = pipeline.views["correlate"].get("e1")
    assert state is not None
    assert sorted(state.cases["made-by-people"].members) == sorted(chosen)
    users = {"related.user": ["zhang.san"]}
    _feed(pipeline, [alert(START + 4000, "T1105", "tool", 90, "10.1.0.20", "10.1.0.40", **users)], "later")
    state = pipeline.views["correlate"].get("e1")
    assert state is not None
    assert {old, "made-by-people"} <= state.cases.keys()


def test_an_undo_gives_everything_back() -> None:
    pipeline = Pipeline()
    one, two = _two(pipeline)
    before = {key: row["meta_count"] for key, row in pipeline.incidents.items()}
    pipeline.decide(_decided(1, "merge", incident=two, into=one))
    pipeline.decide(_decided(2, "undo", decision=1))
    state = pipeline.views["correlate"].get("e1")
    assert state is not None
    assert {key: len(case.members) for key, case in state.cases.items()} == before


def test_a_decision_is_applied_once() -> None:
    pipeline = Pipeline()
    one, two = _two(pipeline)
    merge = _decided(1, "merge", incident=two, into=one)
    pipeline.decide(merge, _decided(2, "undo", decision=1))
    before = pipeline.views["correlate"].blobs["e1"]
    pipeline.decide(merge)
    assert pipeline.views["correlate"].blobs["e1"] == before


def test_decisions_on_forgotten_incidents_do_no_harm() -> None:
    pipeline = Pipeline()
    pipeline.decide(
        _decided(1, "merge", incident="gone", into="lost"),
        _decided(2, "split", incident="gone", metas=["m"], new_incident="n"),
        _decided(3, "detach", incident="gone", meta="m", new_incident="o"),
        _decided(4, "undo", decision=1),
        _decided(5, "undo", decision=99),
    )
    assert not pipeline.incidents


# ---------------------------------------------------------------- score


def _member(stage: int, first: float, risk: float = 0.5, *, external: bool = False) -> Member:
    return Member(
        id=f"{stage}-{first}", incident="i", t=first, first=first, last=first, behaviour="b", technique=f"T{stage}",
        stage=stage, name="n", severity=50, outcome="unknown", risk=risk, surprise=1.0, criticality=0.0, attacker="",
        victim="", count=1, entities=[], external=external,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stages", "length"),
    [([0, 1, 2], 3), ([2, 1, 0], 1), ([1, 1, 1], 1), ([0, 3, 1, 2], 3), ([], 0), ([4, 0, 4, 1, 9], 3)],
)
def test_the_chain_counts_distinct_stages_in_order(stages: list[int], length: int) -> None:
    assert score.chain_length([_member(stage, float(at)) for at, stage in enumerate(stages)]) == length


def test_knocking_and_trying_from_outside_are_one_stage() -> None:
    outside = [_member(0, 0.0, external=True), _member(1, 1.0, external=True)]
    assert score.chain_length(outside) == 1
    assert score.chain_length([*outside, _member(2, 2.0)]) == 2
    outside[1].outcome = "success"
    assert score.chain_length(outside) == 2


def test_weak_alerts_are_no_links_of_the_chain() -> None:
    assert score.chain_length([_member(0, 0.0, risk=0.1), _member(3, 1.0)]) == 1


# ---------------------------------------------------------------- hubs


def _glued(pipeline: Pipeline, severity: int) -> str:
    """Two unrelated pairs of steps that only 10.1.0.99 holds together, which the inventory takes for a server."""
    _know(pipeline, "server")
    events = [
        alert(START, "T1021.002", "smb", severity, "10.1.0.99", "10.1.0.61"),
        alert(START + 60, "T1059", "shell", severity, "10.1.0.61", "10.1.0.61"),
        alert(START + 120, "T1021.002", "smb", severity, "10.1.0.99", "10.1.0.62"),
        alert(START + 180, "T1059", "shell again", severity, "10.1.0.62", "10.1.0.62"),
    ]
    _feed(pipeline, events)
    (incident,) = pipeline.incidents
    return incident


def _know(pipeline: Pipeline, kind: str) -> None:
    facts = pipeline.facts.enterprise("e1")
    for address, what in (("10.1.0.99", kind), ("10.1.0.61", "server"), ("10.1.0.62", "server")):
        name = f"box{address[-2:]}"
        facts.assets[address] = AssetFacts(f"a-{name}", name, what, address, name, 0.3, 1.0, "none", ())


def _learn_of_the_scanner(pipeline: Pipeline) -> None:
    _know(pipeline, "scanner")
    _feed(pipeline, [alert(START + 600, "T1021.002", "smb", 40, "10.1.0.99", "10.1.0.63")], "later")


def test_what_only_a_hub_held_together_comes_apart_when_the_hub_is_recognised() -> None:
    pipeline = Pipeline()
    old = _glued(pipeline, 30)
    assert not pipeline.incidents[old]["escalated"], "nobody was told of it"
    _learn_of_the_scanner(pipeline)
    by_victim = {row["victim"]: row["incident_id"] for row in pipeline.metas.values() if row["technique"] == "T1059"}
    assert by_victim["box61"] != by_victim["box62"]
    apart = next(
        row for row in pipeline.metas.values() if row["incident_id"] not in {old, None} and row["victim"] in by_victim
    )
    assert "公共节点" in apart["join"]["text_zh"]
    assert sum(row["meta_count"] for row in pipeline.incidents.values()) == len(
        [row for row in pipeline.metas.values() if row.get("incident_id")]
    )


def test_an_incident_that_people_know_of_is_marked_and_left_whole() -> None:
    pipeline = Pipeline()
    old = _glued(pipeline, 90)
    assert pipeline.incidents[old]["escalated"]
    _learn_of_the_scanner(pipeline)
    joins = [row["join"]["text_en"] for row in pipeline.members(old).values()]
    assert len(joins) >= 4
    assert any("check whether this belongs" in join for join in joins)


def test_a_hub_links_nothing_any_more() -> None:
    pipeline = Pipeline()
    _glued(pipeline, 30)
    _learn_of_the_scanner(pipeline)
    before = len(pipeline.incidents)
    _feed(pipeline, [alert(START + 900, "T1003", "dump", 75, "10.1.0.99", "10.1.0.64")], "new")
    assert len(pipeline.incidents) == before + 1
