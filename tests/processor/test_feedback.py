"""What people teach, through a whole worker: suppressions, lessons of verdicts, learning sources, proposals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from processor.feedback import KEY
from processor.learn_job import LearnJob, count_verdicts, graduate, propose
from taishi import clock
from taishi.feedback.parameters import parameters
from taishi.records.tables import Audit, Incident, Ledger, MetaAlert, RuleVerdict, Source, Suppression
from taishi.scope import EVERYTHING
from tests.processor.fakes import Fault
from tests.processor.material import START, alert, batches, intrusion, noise
from tests.processor.world import NOW, World

SCAN = "SCAN ssh"
MARK = "taishi.suppressed_by"


def suppression(identity: str = "sup-1", **more: Any) -> Suppression:
    given: dict[str, Any] = {
        "id": identity, "extent": "enterprise", "enterprise_id": "e1", "region": "330106", "authority": "",
        "condition": {"rule": SCAN}, "seen_severity": 60, "status": "active", "owner": "li", "reason": "扫描器",
        "created_at": START, "expires_at": START + 9e6, **more,
    }  # fmt: skip
    return Suppression(**given)


@pytest.fixture
def world(tmp_path: Path, template: Path) -> Iterator[World]:
    made = World(tmp_path / "world", template)
    yield made
    made.close()


def add(world: World, *rows: Any) -> None:
    with world.records.write(EVERYTHING) as session:
        session.add_all(rows)


def rows(world: World, model: Any) -> list[Any]:
    with world.records.read(EVERYTHING) as session:
        return list(session.scalars(select(model)))


def settle(world: World) -> None:
    """An idle worker takes up what people taught, without any event."""
    world.publish(batches(noise(START - 5000, 10), 10, name="before"))
    world.drive()


# ---------------------------------------------------------------- suppressions


def test_a_suppressed_alert_is_stored_marked_counted_and_not_correlated(world: World) -> None:
    settle(world)
    before = sum(row.count for row in rows(world, MetaAlert) if SCAN in row.rules)
    add(world, suppression())
    world.drive()
    world.publish(batches(noise(START, 80), 10))
    world.drive()
    scans = [
        e
        for e in world.store.durable.values()
        if e.get("rule.name") == SCAN and e["@timestamp"] >= clock.to_text(START)
    ]
    assert len(scans) > 20
    assert all(event[MARK] == "sup-1" for event in scans)
    assert sum(row.count for row in rows(world, MetaAlert) if SCAN in row.rules) == before
    (one,) = rows(world, Suppression)
    assert one.hits == len(scans)
    assert one.last_hit is not None
    assert one.last_hit > START
    assert set(world.balances()) == {0}
    assert sum(row.stored for row in rows(world, Ledger)) == len(world.store.durable)


def test_nothing_can_hide_the_attack(world: World) -> None:
    """Suppress everything the intruder does, for everybody, as broadly as the table allows."""
    settle(world)
    hiding = [
        suppression(f"sup-{n}", condition=condition, extent="all", enterprise_id="", region="330000", seen_severity=100)
        for n, condition in enumerate(
            [
                {"attacker": "203.0.113.9"},
                {"attacker": "10.1.0.20"},
                {"attacker": "10.1.0.30"},
                {"rule": "S7 program download"},
            ]
        )
    ]
    add(world, *hiding)
    world.drive()
    attack = intrusion(START + 100)
    attack[1]["taishi.outcome"] = "success"
    world.publish(batches(attack, 5))
    world.drive()
    hidden = {e["rule.name"] for e in world.store.durable.values() if MARK in e}
    assert hidden == {"SCAN web directories", "SMB admin share"}
    assert any(row.escalated for row in rows(world, Incident))


def test_a_rise_above_what_was_seen_is_shown(world: World) -> None:
    settle(world)
    add(world, suppression(seen_severity=30))
    world.drive()
    world.publish(batches([alert(START + n, "T1046", SCAN, 30 + n, "198.51.100.1", "10.1.0.20") for n in range(6)], 2))
    world.drive()
    shown = [e["event.severity"] for e in world.store.durable.values() if MARK not in e
             and e.get("source.ip") == "198.51.100.1" and e.get("event.severity", 0) > 30]  # fmt: skip
    assert {31, 32, 33, 34, 35} <= set(shown)
    (one,) = rows(world, Suppression)
    assert one.hits == 1


@pytest.mark.parametrize("more", [{"status": "withdrawn"}, {"status": "proposed"}, {"expires_at": START}])
def test_what_is_not_in_force_hides_nothing(world: World, more: dict[str, Any]) -> None:
    settle(world)
    add(world, suppression(**more))
    world.drive()
    world.publish(batches(noise(START, 30), 10))
    world.drive()
    assert not any(MARK in event for event in world.store.durable.values())


def test_withdrawing_shows_again(world: World) -> None:
    settle(world)
    add(world, suppression())
    world.drive()
    world.publish(batches(noise(START, 20), 10, name="hidden"))
    world.drive()
    with world.records.write(EVERYTHING) as session:
        row = session.get(Suppression, "sup-1")
        assert row
        row.status, row.version = "withdrawn", 2
    world.drive()
    world.publish(batches(noise(START + 4000, 20, seed=3), 10, name="shown"))
    world.drive()
    scans = [event for event in world.store.durable.values() if event.get("rule.name") == SCAN]
    late = clock.to_text(START + 4000)
    assert any(MARK in event for event in scans if event["@timestamp"] < late)
    assert any(event["@timestamp"] > late for event in scans)
    assert not any(MARK in event for event in scans if event["@timestamp"] > late)
    assert rows(world, Suppression)[0].hits == sum(MARK in event for event in scans)


def test_a_sender_cannot_mark_its_own_alerts_as_suppressed(world: World) -> None:
    forged = alert(START, "T0843", "S7 program download", 85, "10.1.0.30", "10.1.0.40", **{MARK: "sup-1"})
    world.publish(batches([forged], 1))
    world.drive()
    assert not any(MARK in event for event in world.store.durable.values())
    assert len(rows(world, MetaAlert)) == 1


@pytest.mark.parametrize("kill", [False, True], ids=["error", "kill"])
def test_a_replayed_stretch_meets_the_same_suppressions(tmp_path: Path, template: Path, kill: bool) -> None:
    """A suppression made between the first run of a stretch and its repeat does not change what the stretch gives."""

    def run(name: str, fault: Fault) -> dict[str, Any]:
        made = World(tmp_path / name, template, fault)
        try:
            add(made, suppression())
            made.publish(batches(noise(START, 40), 8))
            made.drive()
            found = made.outcome()
            found["hits"] = [(row.id, row.hits, row.last_hit) for row in rows(made, Suppression)]
            return found
        finally:
            made.close()

    expected = run("undisturbed", Fault())
    assert expected["hits"][0][1] > 0
    total = 60
    for at in range(1, total, 4):
        assert run(f"{kill}-{at}", Fault(at=at, kill=kill, after=bool(at % 8))) == expected, at


def test_the_snapshot_changes_only_with_a_commit(world: World) -> None:
    settle(world)
    worker = world.worker()
    worker.step()
    add(world, suppression())
    cache = worker._cache
    world.publish(batches(noise(START, 20), 20, name="one"))
    worker.step()  # runs the stretch on the old snapshot, then commits the new one with it
    marked = [event for event in {**world.store.durable, **world.store.fresh}.values() if MARK in event]
    assert not marked
    assert any(cache.view(n, "suppress").get(KEY) for n in worker._offsets if not cache.missing(n, [KEY]))
    world.publish(batches(noise(START + 500, 20, seed=2), 20, name="two"))
    worker.step()
    assert [event for event in {**world.store.durable, **world.store.fresh}.values() if MARK in event]
    worker.close()


# ---------------------------------------------------------------- verdicts


def judge(world: World, rule: str, verdict: str, number: int, enterprise: str = "e1") -> None:
    for n in range(number):
        identity = f"{enterprise}-{rule}-{verdict}-{n}"[:64]
        owner = {"enterprise_id": enterprise, "region": "330106", "authority": ""}
        add(
            world,
            Incident(
                **owner, id=identity, title_zh="x", title_en="x", score=0.1, severity=30, first_seen=NOW - 9999,
                last_seen=NOW - 999, status="closed", verdict=verdict, closed_at=NOW - 100,
            ),
            MetaAlert(
                **owner, id=identity, incident_id=identity, behaviour="x", name=rule, severity=30, count=5,
                first_seen=NOW - 9999, last_seen=NOW - 999, rules={rule: 5},
            ),
        )  # fmt: skip


def count(world: World) -> dict[tuple[str, str], tuple[int, int, int]]:
    with world.records.write(EVERYTHING) as session:
        count_verdicts(session, NOW)
    return {
        (row.enterprise_id, row.rule): (row.true_positive, row.false_positive, row.benign_positive)
        for row in rows(world, RuleVerdict)
    }


def test_verdicts_are_counted_per_incident_and_taken_back(world: World) -> None:
    judge(world, SCAN, "false_positive", 3)
    judge(world, SCAN, "true_positive_attempt", 1)
    judge(world, SCAN, "duplicate", 2)
    judge(world, SCAN, "benign_positive", 1, "e2")
    assert count(world) == {("e1", SCAN): (1, 3, 0), ("e2", SCAN): (0, 0, 1)}
    with world.records.write(EVERYTHING) as session:
        for row in session.scalars(select(Incident).where(Incident.verdict == "false_positive")):
            row.status, row.verdict, row.closed_at = "new", "", None
    assert count(world)["e1", SCAN] == (1, 0, 0)


def _noise_risk(world: World) -> float:
    return max(float(row.risk) for row in rows(world, MetaAlert) if SCAN in row.rules and row.first_seen > START)


def test_false_positives_quieten_a_rule_and_say_so(tmp_path: Path, template: Path) -> None:
    def run(name: str, verdict: str) -> tuple[float, dict[str, Any]]:
        made = World(tmp_path / name, template)
        try:
            if verdict:
                judge(made, SCAN, verdict, 14)
                count(made)
            settle(made)
            made.publish(batches(noise(START, 40), 10))
            made.drive()
            learned = [
                row.learned
                for row in rows(made, MetaAlert)
                if SCAN in row.rules and row.first_seen > START and row.risk
            ]
            return _noise_risk(made), learned[0]
        finally:
            made.close()

    plain, nothing = run("plain", "")
    quiet, lesson = run("quiet", "false_positive")
    stressed, _ = run("stressed", "true_positive_success")
    given = parameters()["priors"]
    assert nothing == {}
    assert lesson["judged"] == lesson["false"] == 14
    assert plain * given["lowest"] <= quiet < plain * 0.7
    assert plain < stressed <= plain * given["highest"] + 1e-9


# ---------------------------------------------------------------- proposals


def _metas(rule: str, number: int, **more: Any) -> MetaAlert:
    given: dict[str, Any] = {
        "id": f"m-{rule}", "enterprise_id": "e1", "region": "330106", "authority": "", "behaviour": "x", "name": rule,
        "severity": 30, "count": number, "first_seen": NOW - 9000, "last_seen": NOW - 10, "rules": {rule: number}, **more,
    }  # fmt: skip
    return MetaAlert(**given)


def proposals(world: World, at: float = NOW) -> list[tuple[str, str]]:
    with world.records.write(EVERYTHING) as session:
        propose(session, at)
    return sorted((row.origin, row.condition["rule"]) for row in rows(world, Suppression) if row.status == "proposed")


def test_loud_rules_and_false_rules_are_proposed_once(world: World) -> None:
    judge(world, "false", "false_positive", 5)
    judge(world, "mixed", "false_positive", 9)
    judge(world, "mixed", "true_positive_attempt", 1)
    count(world)
    add(
        world, _metas("loud", 500), _metas("quiet", 499), _metas("success", 900, outcome="success"),
        _metas("critical", 900, severity=80), _metas("mixed", 900),
    )  # fmt: skip
    assert proposals(world) == [("verdicts", "false"), ("volume", "loud")]
    assert proposals(world) == [("verdicts", "false"), ("volume", "loud")]
    for row in rows(world, Suppression):
        assert row.reason
        assert row.expires_at > NOW
        assert row.enterprise_id == "e1"


def test_a_declined_proposal_stays_away_for_a_while(world: World) -> None:
    add(world, _metas("loud", 900, last_seen=NOW + 29 * 86_400.0))
    assert proposals(world)
    with world.records.write(EVERYTHING) as session:
        for row in session.scalars(select(Suppression)):
            row.status = "declined"
    assert proposals(world, NOW + 29 * 86_400.0) == []
    assert proposals(world, NOW + 31 * 86_400.0) == [("volume", "loud")]


def test_a_rule_of_an_incident_that_is_worked_on_is_not_proposed(world: World) -> None:
    add(
        world, _metas("loud", 900, incident_id="inc"),
        Incident(
            id="inc", enterprise_id="e1", region="330106", authority="", title_zh="x", title_en="x", escalated=True,
            score=0.9, severity=70, first_seen=NOW - 99, last_seen=NOW, status="in_progress",
        ),
    )  # fmt: skip
    assert proposals(world) == []


# ---------------------------------------------------------------- warm-up


def _learning(world: World, state: str) -> None:
    with world.records.write(EVERYTHING) as session:
        for source in session.scalars(select(Source)):
            source.state, source.version = state, source.version + 1


def _storm() -> list[dict[str, Any]]:
    """What a badly tuned product sends on its first day: every rule is new, many are "high"."""
    techniques = ("T1190", "T1505.003", "T1021.002", "T1059", "T1003", "T1046", "T1071", "T1105")
    return [
        alert(START + n * 7.0, techniques[n % 8], f"NOISY rule {n % 40}", 65 + n % 14, f"10.1.{n % 9}.{n % 23}",
              f"10.1.0.{20 + n % 30}")
        for n in range(600)
    ]  # fmt: skip


def _onboarded(folder: Path, template: Path, state: str, more: Callable[[], list[Any]] = list) -> list[set[str]]:
    """The rules of each escalated incident."""
    world = World(folder, template)
    try:
        _learning(world, state)
        settle(world)
        events = sorted([*_storm(), *more()], key=lambda event: str(event["@timestamp"]))
        world.publish(batches(events, 20))
        world.drive()
        escalated = [row.id for row in rows(world, Incident) if row.escalated and not row.merged_into]
        metas = rows(world, MetaAlert)
        return [{rule for meta in metas if meta.incident_id == one for rule in meta.rules} for one in escalated]
    finally:
        world.close()


CRITICAL = {"WEBSHELL uploaded", "S7 program download"}


def test_onboarding_a_noisy_source_raises_no_storm_and_still_finds_the_attack_in_it(
    tmp_path: Path, template: Path
) -> None:
    assert _onboarded(tmp_path / "active", template, "active"), "the storm must be one, or the test says nothing"
    assert _onboarded(tmp_path / "learning", template, "learning") == []
    found = _onboarded(tmp_path / "attacked", template, "learning", lambda: intrusion(START + 900))
    assert 1 <= len(found) <= len(CRITICAL)
    assert all(rules & CRITICAL for rules in found), "an incident of noise alone"
    assert set().union(*found) >= CRITICAL


def test_a_learning_source_has_its_noisiest_rules_proposed_and_becomes_active(world: World) -> None:
    _learning(world, "learning")
    add(world, _metas("noisy", 60), _metas("other", 20))
    assert proposals(world) == [("warm_up", "noisy")]
    with world.records.write(EVERYTHING) as session:
        source = session.get(Source, "s-e1")
        assert source
        source.first_seen = NOW
    hours = parameters()["warm_up"]["hours"] * 3600.0
    with world.records.write(EVERYTHING) as session:
        assert graduate(session, NOW + hours - 1) == []
    with world.records.write(EVERYTHING) as session:
        assert graduate(session, NOW + hours) == ["s-e1"]
    states = {row.id: row.state for row in rows(world, Source)}
    assert states == {"s-e1": "active", "s-e2": "learning"}
    assert [row.action for row in rows(world, Audit)] == ["source.graduate"]


def test_the_job_counts_only_when_verdicts_changed(world: World) -> None:
    judge(world, SCAN, "false_positive", 1)
    job = LearnJob(world.records)
    job.run(NOW)
    versions = [row.version for row in rows(world, RuleVerdict)]
    job.run(NOW + 31)
    assert [row.version for row in rows(world, RuleVerdict)] == versions == [1]
    judge(world, SCAN, "false_positive", 1, "e2")
    job.run(NOW + 62)
    assert len(rows(world, RuleVerdict)) == 2
