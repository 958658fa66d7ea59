"""Back-tests through the API: asked for, run by the job, read by those of the same scope; bounded and cancelled."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from processor.backtest_job import BacktestJob
from taishi.clock import to_text
from taishi.records.tables import Audit, RuleBacktest
from taishi.scope import EVERYTHING
from tests.api.world import NOW, RULE_TEXT, A, B, Side, World, event

BASE = "/api/v1/rule-backtests"


def _failed_logon(side: Side, number: int) -> dict[str, Any]:
    return event(side, number, **{
        "event.kind": "event", "event.dataset": "generic.json", "event.category": ["authentication"],
        "event.outcome": "failure", "user.name": "bystander", "@timestamp": to_text(NOW - 3600.0 * number),
        "rule.id": "", "rule.name": "",
    })  # fmt: skip


def test_a_text_is_tried_on_stored_days_of_the_scope(world: World) -> None:
    world.store.index([_failed_logon(A, number) for number in range(1, 6)] + [_failed_logon(B, 1)])
    world.store.flush()
    analyst = world.client(A.login("analyst"))
    asked = analyst.post(BASE, json={"body": RULE_TEXT, "days": 2})
    assert asked.status_code == 202, asked.text
    assert (asked.json()["state"], asked.json()["result"]) == ("queued", None)
    assert BacktestJob(world.records, world.store, lambda: NOW).step()
    found = analyst.get(f"{BASE}/{asked.json()['id']}").json()
    assert (found["state"], found["hits"], found["title"]) == ("done", 5, "shared rule")
    result = found["result"]
    assert (result["hits"], result["enterprises"]) == (5, 1), "the other side's is not counted"
    assert [one["count"] for one in result["by_enterprise"]] == [5]
    assert sum(day["count"] for day in result["by_day"]) == 5
    assert {reason["field"] for sample in result["samples"] for reason in sample["reasons"]} == {"event.outcome"}
    assert result["meta_alerts"] >= 1
    assert world.client(B.login("analyst")).get(f"{BASE}/{found['id']}").status_code == 404
    with world.records.read(EVERYTHING) as session:
        assert "rule.backtest" in session.scalars(select(Audit.action)).all()


def test_waiting_ones_are_bounded_and_can_be_cancelled(world: World) -> None:
    analyst = world.client(A.login("analyst"))
    first, second = (analyst.post(BASE, json={"body": RULE_TEXT}).json()["id"] for _ in range(2))
    refused = analyst.post(BASE, json={"body": RULE_TEXT})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert analyst.patch(f"{BASE}/{first}", json={"action": "cancel"}).json()["state"] == "cancelled"
    assert analyst.patch(f"{BASE}/{first}", json={"action": "cancel"}).status_code == 409
    assert analyst.post(BASE, json={"body": RULE_TEXT}).status_code == 202
    job = BacktestJob(world.records, world.store, lambda: NOW)
    while job.step():
        pass
    with world.records.read(EVERYTHING) as session:
        states = {identity: session.get_one(RuleBacktest, identity).state for identity in (first, second)}
    assert states == {first: "cancelled", second: "done"}
    assert {one["id"] for one in analyst.get(BASE).json()["items"]} >= {first, second}


def test_a_text_that_is_no_rule_is_refused_at_once(world: World) -> None:
    answer = world.client(A.login("analyst")).post(BASE, json={"body": "title: x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "rule_refused")
