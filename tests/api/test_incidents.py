"""The queue and one incident: reading, changing, and the rules of changing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from api.incidents.schemas import IncidentFilter
from taishi.records.tables import Audit, Change, Incident, IncidentHistory
from taishi.scope import EVERYTHING
from tests.api.client import TestClient
from tests.api.conftest import StillClock
from tests.api.world import NOW, A, B, World, incident

LIST = "/api/v1/incidents"


def url(number: int = 1, *more: str) -> str:
    return "/".join([LIST, A.id("inc", number), *more])


@pytest.fixture
def analyst(world: World) -> TestClient:
    return world.client(A.login("analyst"))


def change(client: TestClient, body: dict[str, Any], number: int = 1) -> Any:
    etag = client.get(url(number)).headers["ETag"]
    return client.patch(url(number), json=body, headers={"If-Match": etag})


def add(world: World, *rows: Any) -> None:
    with world.records.write(EVERYTHING) as session:
        session.add_all(rows)


def test_queue_holds_what_is_escalated_open_and_mine_or_nobodys(world: World, analyst: TestClient) -> None:
    add(
        world,
        incident(A, 11, owner=A.login("analyst")),
        incident(A, 12, owner="somebody-else"),
        incident(A, 13, status="closed", verdict="other"),
        incident(A, 14, escalated=False),
        incident(A, 15, merged_into=A.id("inc")),
    )
    ids = {item["id"] for item in analyst.get(LIST).json()["items"]}
    assert ids == {A.id("inc", number) for number in (1, 2, 11)}


def test_named_conditions_replace_the_defaults_of_the_view(world: World, analyst: TestClient) -> None:
    add(world, incident(A, 12, owner="somebody-else"), incident(A, 13, status="closed", verdict="other"))
    found = analyst.get(LIST, params={"status": ["closed"]}).json()["items"]
    assert [item["id"] for item in found] == [A.id("inc", 13)]
    found = analyst.get(LIST, params={"owner": ["somebody-else"]}).json()["items"]
    assert [item["id"] for item in found] == [A.id("inc", 12)]
    assert len(analyst.get(LIST, params={"view": "all"}).json()["items"]) == 4


SORTS = ["-severity", "-score", "-last_seen", "last_seen", "-first_seen", "first_seen", "-alert_count", "due"]


@pytest.mark.parametrize("sort", SORTS)
def test_pages_give_every_incident_once_in_order(world: World, analyst: TestClient, sort: str) -> None:
    add(world, *[
        incident(A, n, severity=40 + n % 3 * 20, score=n % 4 / 4, last_seen=NOW - n % 5, alert_count=n % 3)
        for n in range(20, 43)
    ])  # fmt: skip
    whole = [item["id"] for item in analyst.get(LIST, params={"sort": sort, "limit": 200}).json()["items"]]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params: dict[str, Any] = {"sort": sort, "limit": 7} | ({"cursor": cursor} if cursor else {})
        page = analyst.get(LIST, params=params).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == whole
    assert len(set(seen)) == 25


def test_text_search_finds_title_enterprise_entity_and_technique(analyst: TestClient) -> None:
    for text in ("Incident 1", "203.0.113.7", "T1110", "企业", A.id("inc")):
        assert analyst.get(LIST, params={"q": text}).json()["items"], text
    assert analyst.get(LIST, params={"q": "100%_nothing"}).json()["items"] == []


def test_facets_count_the_list_and_ignore_their_own_condition(world: World, analyst: TestClient) -> None:
    add(world, incident(A, 13, status="closed", verdict="other", severity=30))
    facets = analyst.get(f"{LIST}/facets").json()
    assert facets["total"] == 2
    assert {facet["value"]: facet["count"] for facet in facets["status"]} == {"new": 2, "closed": 1}
    assert {facet["value"]: facet["count"] for facet in facets["severity"]}["critical"] == 2
    assert [(facet["value"], facet["count"]) for facet in facets["technique"]] == [("T1110", 2)]
    assert facets["enterprise"][0]["label_zh"] == A.text("企业")


def test_detail_explains_itself(analyst: TestClient) -> None:
    answer = analyst.get(url())
    body = answer.json()
    assert answer.headers["ETag"] == '"1"'
    assert sum(reason["share"] for reason in body["reasons"]) == pytest.approx(1.0)
    assert [related["id"] for related in body["related"]] == [A.id("inc", 2)]
    assert {"kind": "ip", "value": "203.0.113.7"} in body["related"][0]["shared"]
    assert body["deadlines"]["acknowledge"] == {"due": NOW - 500 + 900, "done_at": None, "breached": False}


def test_a_clock_that_ran_out_is_breached(still: StillClock, analyst: TestClient) -> None:
    still.at = NOW + 1000
    assert analyst.get(url()).json()["deadlines"]["acknowledge"]["breached"]
    assert len(analyst.get(LIST, params={"overdue": True}).json()["items"]) == 2
    assert analyst.get(LIST, params={"overdue": False}).json()["items"] == []


def test_timeline_meta_alerts_and_history(analyst: TestClient) -> None:
    kinds = [item["kind"] for item in analyst.get(url(1, "timeline")).json()["items"]]
    assert sorted(kinds) == ["alert", "alert", "escalated", "note"]
    metas = analyst.get(url(1, "meta-alerts")).json()["items"]
    assert metas[0]["join"]["text_en"] == A.text("same host")
    assert metas[0]["mode"] == "changed"
    assert metas[0]["changes"] == {"severity": 2, "outcome": 1, "rule": 0, "entity": 0}
    assert analyst.get(url(1, "history")).json()["items"][0]["note"] == A.text("note")


def test_evidence_comes_from_the_store_and_counts_what_expired(analyst: TestClient) -> None:
    answer = analyst.get(f"/api/v1/meta-alerts/{A.id('meta')}/events").json()
    assert [item["event.id"] for item in answer["items"]] == [A.event]
    assert answer["missing"] == 1


def test_an_edit_needs_the_version_it_saw(analyst: TestClient) -> None:
    missing = analyst.patch(url(), json={"status": "triaged"})
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    assert change(analyst, {"status": "triaged"}).headers["ETag"] == '"2"'
    stale = analyst.patch(url(), json={"status": "contained"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert analyst.patch(url(), json={}, headers={"If-Match": "*"}).status_code == 412


def test_who_acts_first_has_it_and_it_is_written_down(world: World, analyst: TestClient) -> None:
    body = change(analyst, {"status": "in_progress"}).json()
    assert (body["owner"], body["acknowledged_at"]) == (A.login("analyst"), NOW)
    with world.records.read(EVERYTHING) as session:
        entry = session.scalars(select(IncidentHistory).order_by(IncidentHistory.seq.desc())).first()
        assert entry is not None
        assert entry.before["status"] == "new"
        assert entry.after["owner"] == A.login("analyst")
        assert session.scalars(select(Change).where(Change.at == NOW)).all()
        assert session.scalars(select(Audit.action)).all() == ["incident.change"]


def test_closing_needs_a_verdict_and_opening_again_clears_it(analyst: TestClient) -> None:
    refused = change(analyst, {"status": "closed"})
    assert (refused.status_code, refused.json()["code"]) == (422, "verdict_required")
    body = change(analyst, {"status": "closed", "verdict": "false_positive", "verdict_reason": "scanner"}).json()
    assert (body["verdict"], body["resolved_at"], body["closed_at"]) == ("false_positive", NOW, NOW)
    body = change(analyst, {"status": "in_progress"}).json()
    assert (body["verdict"], body["verdict_reason"], body["resolved_at"], body["closed_at"]) == ("", "", None, None)


def test_a_change_of_nothing_changes_nothing(world: World, analyst: TestClient) -> None:
    assert change(analyst, {"status": "new"}).json()["version"] == 1
    with world.records.read(EVERYTHING) as session:
        assert session.scalars(select(Audit)).all() == []


def test_an_owner_must_be_an_analyst_who_sees_it(analyst: TestClient) -> None:
    for login in (B.login("analyst"), A.login("official"), "nobody"):
        answer = change(analyst, {"owner": login})
        assert (answer.status_code, answer.json()["code"]) == (422, "owner"), login
    assert change(analyst, {"owner": A.login("analyst", "enterprise")}).json()["owner_name"]
    assert change(analyst, {"owner": "me"}).json()["owner"] == A.login("analyst")
    assert change(analyst, {"owner": ""}).json()["owner"] == ""


def test_a_merged_incident_is_not_worked_on(world: World, analyst: TestClient) -> None:
    with world.records.write(EVERYTHING) as session:
        session.get_one(Incident, A.id("inc", 2)).merged_into = A.id("inc")
    answer = change(analyst, {"status": "triaged"}, 2)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_notes_do_not_conflict(analyst: TestClient) -> None:
    answer = analyst.post(url(1, "notes"), json={"text": "seen before"})
    assert answer.status_code == 201
    assert answer.json()["actor_name"] == A.text("analyst region")
    assert analyst.get(url()).headers["ETag"] == '"1"'
    assert analyst.get(url(1, "history")).json()["items"][0]["note"] == "seen before"


def test_a_contact_may_write_notes_and_no_verdict(world: World) -> None:
    contact = world.client(A.login("contact", "enterprise"))
    assert contact.post(url(1, "notes"), json={"text": "rebooted"}).status_code == 201
    assert contact.patch(url(), json={"status": "closed"}, headers={"If-Match": '"1"'}).status_code == 403


def test_the_filter_of_a_bulk_change_is_the_filter_of_the_list() -> None:
    assert "cursor" not in IncidentFilter.model_fields
