"""Whatever is put together with whatever: what became worse is seen, at once and by its own alert."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from processor.behaviours import TELLING, behaviour_of
from processor.correlate.score import ALONE_RISK
from processor.correlate.state import State
from processor.stages.aggregate import Aggregate
from taishi import clock
from taishi.event import Event
from tests.processor.material import START, alert, batches
from tests.processor.stretch import Pipeline

RULES = (
    ("T1595", "SCAN web directories"), ("T1190", "EXPLOIT remote code execution"), ("T1110", "Brute force"),
    ("", "Web server 400 error code."), ("", "New event type."), ("", "Common web attack."), ("T1489", "Service stopped"),
    ("", "POLICY cleartext"), ("", "SURICATA TLS invalid record/traffic"), ("T1048", "Data sent out"), ("T1003", "LSASS read"),
)  # fmt: skip
ADDRESSES = ("203.0.113.9", "198.51.100.7", "10.1.0.20", "10.1.0.30", "10.1.0.40", "10.1.0.60")
RANK = {"failure": 0, "unknown": 1, "success": 2}

alerts = st.tuples(
    st.integers(0, 50), st.sampled_from(RULES), st.sampled_from([None, 10, 30, 55, 60, 79, 80, 95]),
    st.sampled_from(["", "unknown", "failure", "success"]), st.sampled_from(ADDRESSES), st.sampled_from(ADDRESSES[2:]),
    st.sampled_from([0.5, 3.0, 60.0, 4000.0]),
)  # fmt: skip
many = st.lists(alerts, min_size=1, max_size=60)


def _events(drawn: list[tuple[Any, ...]]) -> list[Event]:
    at, found = START, []
    for number, (_, (technique, rule), severity, outcome, attacker, victim, pause) in enumerate(drawn):
        at += pause
        event = alert(at, technique, rule, severity or 0, attacker, victim, **{"event.id": f"event-{number:04d}"})
        if severity is None:
            del event["event.severity"]
        if outcome:
            event["taishi.outcome"] = outcome
        found.append(event)
    return found


@dataclass
class Watched:
    """A pipeline that knows which meta-alert took each alert."""

    pipeline: Pipeline = field(default_factory=Pipeline)
    placed: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        traced = Aggregate(trace=self.placed.__setitem__)
        self.pipeline.stages = tuple(traced if stage.name == "aggregate" else stage for stage in self.pipeline.stages)

    def play(self, events: list[Event], size: int) -> None:
        for batch in batches(events, size, bad_every=10**9):
            self.pipeline.run([batch])
        self.pipeline.tick(clock.to_seconds(events[-1]["@timestamp"]) + 60.0)

    def state(self) -> State:
        value = self.pipeline.views["correlate"].get("e1")
        return value if isinstance(value, State) else State()


@given(many, st.integers(1, 20))
@settings(deadline=None, max_examples=150)
def test_a_rise_in_severity_or_an_attempt_that_became_a_success_is_never_hidden(
    drawn: list[tuple[Any, ...]], size: int
) -> None:
    watched, events = Watched(), _events(drawn)
    watched.play(events, size)
    metas = watched.pipeline.metas
    assert set(watched.placed) == {event["event.id"] for event in events}
    gravest: dict[str, int] = {}
    for event in events:
        row = metas[watched.placed[event["event.id"]]]
        said = event.get("event.severity")
        if said is not None:
            assert row["severity"] >= said
            gravest[watched.placed[event["event.id"]]] = max(gravest.get(watched.placed[event["event.id"]], 0), said)
        telling = behaviour_of(event).technique or behaviour_of(event).level == TELLING
        if telling and event.get("taishi.outcome"):
            assert RANK[row["outcome"]] >= RANK[event["taishi.outcome"]]
    for identity, severity in gravest.items():
        row = metas[identity]
        shown = [event for event in events if event["event.id"] in row["evidence"]]
        mine = [event for event in events if watched.placed[event["event.id"]] == identity]
        assert max(event.get("event.severity") or 0 for event in shown) == severity, (
            "the alert that was graver is evidence"
        )
        if row["outcome"] == "success" and any(event.get("taishi.outcome") == "success" for event in mine):
            assert any(event.get("taishi.outcome") == "success" for event in shown)


@given(many, st.integers(1, 20))
@settings(deadline=None, max_examples=100)
def test_what_deserves_a_person_by_itself_is_in_somebodys_queue(drawn: list[tuple[Any, ...]], size: int) -> None:
    watched = Watched()
    watched.play(_events(drawn), size)
    for row in watched.pipeline.metas.values():
        if row["risk"] >= ALONE_RISK:
            assert watched.pipeline.table("incident")[row["incident_id"]]["escalated"]
    state = watched.state()
    for case in state.cases.values():
        telling = state.telling(case)
        row = watched.pipeline.incidents[case.id]
        assert row["severity"] >= min(100, max(member.severity for member in telling))
        assert RANK[row["outcome"]] == max(RANK[member.outcome] for member in telling)


def test_context_that_becomes_worse_is_evidence_of_its_own() -> None:
    """First only shown with an escalated incident; then it is worse than it was."""
    day = 86_400.0
    quiet = [alert(START + i * 7200, "", "POLICY cleartext", 20, "10.1.0.60", "10.1.0.61") for i in range(12)]
    loud = [
        alert(START + 1.5 * day + after, technique, rule, severity, "203.0.113.9", "10.1.0.20")
        for technique, rule, severity, after in (
            ("T1190", "EXPLOIT remote code execution", 75, 0.0), ("T1505.003", "WEBSHELL uploaded", 85, 60.0),
            ("T1059", "Shell started", 75, 120.0),
        )
    ]  # fmt: skip
    elsewhere = {
        "@timestamp": clock.to_text(START + 1.5 * day + 300.0), "event.kind": "alert", "rule.name": "Unusual CPU value deviates",
        "host.name": "monitor9", "event.category": ["process"], "event.original": "cpu",
    }  # fmt: skip
    before = {**elsewhere, "@timestamp": clock.to_text(START + day), "event.original": "cpu before"}
    watched = Watched()
    watched.play([*quiet, before, *loud, elsewhere], 4)
    mine = max(
        (row for row in watched.pipeline.metas.values() if "CPU" in row["name"]), key=lambda row: row["first_seen"]
    )
    assert watched.state().members[watched.placed[_id(watched, mine)]].context
    graver = {**elsewhere, "@timestamp": clock.to_text(START + 1.5 * day + 400.0), "event.severity": 58,
              "event.original": "cpu again"}  # fmt: skip
    watched.play([graver], 1)
    member = watched.state().members[watched.placed[_id(watched, mine)]]
    assert not member.context
    assert watched.pipeline.metas[member.id]["severity"] == 58


def _id(watched: Watched, row: dict[str, Any]) -> str:
    return next(identity for identity, meta in watched.placed.items() if watched.pipeline.metas[meta] is row)
