"""Grades: proposed by the platform, decided by people, with history, audit, ETag and time limits."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from taishi.records.tables import Audit, Grade, IncidentHistory
from taishi.scope import EVERYTHING
from tests.api.client import TestClient
from tests.api.conftest import StillClock
from tests.api.world import NOW, A, B, World

URL = f"/api/v1/incidents/{A.id('inc')}"
HOUR = 3600.0


@pytest.fixture
def analyst(world: World) -> TestClient:
    return world.client(A.login("analyst"))


def put(client: TestClient, body: dict[str, Any]) -> Any:
    etag = client.get(URL).headers["ETag"]
    return client.patch(f"{URL}/grade", json=body, headers={"If-Match": etag})


def test_a_proposal_says_what_it_hit_and_what_is_missing(analyst: TestClient) -> None:
    grade = analyst.get(URL).json()["grade"]
    assert grade["proposal"]["category"]["key"] == "attack"
    assert grade["proposal"]["level"]["key"] == "general"
    assert grade["proposal"]["level_hits"][0]["source"]
    assert {one["fact"] for one in grade["proposal"]["missing"]} >= {"people_affected", "loss_yuan", "cii_whole_hours"}
    assert grade["decision"]["level"]["key"] == ""
    assert grade["countdowns"] == []


def test_human_facts_raise_the_proposal_and_decide_nothing(analyst: TestClient) -> None:
    grade = put(analyst, {"facts": {"loss_yuan": 20_000_000}}).json()["grade"]
    assert grade["proposal"]["reporting"]["key"] == "major"
    assert grade["decision"]["reporting"]["key"] == ""
    assert {one["step"] for one in grade["would_follow"]} == {"report", "relay", "summary"}
    assert all(one["due"] is None for one in grade["would_follow"])
    grade = put(analyst, {"facts": {"loss_yuan": None}}).json()["grade"]
    assert grade["facts"] == {}
    assert grade["proposal"]["reporting"]["key"] == ""


def test_a_decision_starts_the_clock_and_is_on_record(world: World, analyst: TestClient, still: StillClock) -> None:
    assert put(analyst, {"reporting": "major", "level": "larger"}).status_code == 422
    body = {"reporting": "major", "level": "larger", "category": "malware", "track": "cii", "reason": "停产三小时"}
    grade = put(analyst, body).json()["grade"]
    assert grade["decision"]["decided_by"] == A.login("analyst")
    assert grade["decision"]["determined_at"] == NOW
    due = {one["step"]: one for one in grade["countdowns"]}
    assert due["report"]["due"] == NOW + HOUR
    assert due["relay"]["due"] is None
    still.at = NOW + HOUR + 1
    assert {one["step"]: one["breached"] for one in analyst.get(URL).json()["grade"]["countdowns"]}["report"]
    grade = put(analyst, {"reported_at": NOW + HOUR - 60}).json()["grade"]
    due = {one["step"]: one for one in grade["countdowns"]}
    assert not due["report"]["breached"]
    assert due["relay"]["due"] == NOW + HOUR - 60 + HOUR / 2
    with world.records.read(EVERYTHING) as session:
        history = session.scalars(select(IncidentHistory).where(IncidentHistory.action == "grade")).all()
        audited = session.scalars(select(Audit).where(Audit.action == "incident.grade")).all()
    assert [entry.after.get("reporting") for entry in history] == [3, None]
    assert len(audited) == 2
    kinds = [item["kind"] for item in analyst.get(f"{URL}/timeline").json()["items"]]
    assert kinds.count("grade") == 2


def test_an_edit_needs_the_newest_version(analyst: TestClient) -> None:
    etag = analyst.get(URL).headers["ETag"]
    assert analyst.patch(f"{URL}/grade", json={"track": "cii"}).status_code == 428
    assert put(analyst, {"track": "state"}).status_code == 200
    assert analyst.patch(f"{URL}/grade", json={"track": "cii"}, headers={"If-Match": etag}).status_code == 412


def test_nothing_changed_is_no_history(world: World, analyst: TestClient) -> None:
    put(analyst, {"track": "cii"})
    before = analyst.get(URL).headers["ETag"]
    assert put(analyst, {"track": "cii"}).headers["ETag"] == before


@pytest.mark.parametrize(
    "body",
    [
        {"facts": {"people": 1}}, {"facts": {"loss_yuan": -1}}, {"level": "huge"}, {"category": "x"},
        {"determined_at": NOW + 4000}, {"determined_at": NOW - 10_000}, {"reported_at": NOW - 100},
        {"determined_at": NOW - 50, "reported_at": NOW - 100},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(analyst: TestClient, body: dict[str, Any]) -> None:
    assert put(analyst, body).status_code == 422


def test_nobody_grades_what_they_cannot_see_or_may_not_write(world: World) -> None:
    body = {"track": "cii"}
    foreign = world.client(B.login("analyst"))
    assert foreign.patch(f"{URL}/grade", json=body, headers={"If-Match": '"1"'}).status_code == 404
    official = world.client(A.login("official"))
    assert official.patch(f"{URL}/grade", json=body, headers={"If-Match": '"1"'}).status_code == 403
    with world.records.read(EVERYTHING) as session:
        assert session.scalars(select(Grade)).all() == []
