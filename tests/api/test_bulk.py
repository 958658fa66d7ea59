"""One change on many incidents: by ids, by query with a snapshot, previewed, partly failing, taken back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from taishi.records.tables import Audit, Incident
from taishi.scope import EVERYTHING
from tests.api.client import TestClient
from tests.api.conftest import StillClock
from tests.api.world import NOW, A, B, World, incident

BULK, UNDO, LIST = "/api/v1/incidents/bulk", "/api/v1/incidents/undo", "/api/v1/incidents"

CLOSE = {"status": "closed", "verdict": "false_positive", "verdict_reason": "our scanner"}


@pytest.fixture
def analyst(world: World) -> TestClient:
    return world.client(A.login("analyst"))


def add(world: World, *rows: Any) -> None:
    with world.records.write(EVERYTHING) as session:
        session.add_all(rows)


def by_id(*ids: str, **more: Any) -> dict[str, Any]:
    return {"mode": "ids", "ids": list(ids), **more}


def by_query(snapshot: float, *exclude: str, **filters: Any) -> dict[str, Any]:
    return {"mode": "query", "filter": filters, "exclude": list(exclude), "snapshot": snapshot}


def send(client: TestClient, selection: dict[str, Any], change: dict[str, Any], *, preview: bool = False) -> Any:
    return client.post(BULK, json={"selection": selection, "change": change, "preview": preview})


def results(answer: Any) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {item["id"]: item["result"] for item in answer.json()["results"]}


def status(world: World, number: int) -> str:
    with world.records.read(EVERYTHING) as session:
        return session.get_one(Incident, A.id("inc", number)).status


def test_ids_that_are_foreign_or_unknown_fail_alone(analyst: TestClient) -> None:
    found = results(send(analyst, by_id(A.id("inc"), B.id("inc"), "unknown"), {"status": "triaged"}))
    assert found == {A.id("inc"): "changed", B.id("inc"): "not_found", "unknown": "not_found"}


def test_versions_make_stale_items_conflicts(analyst: TestClient) -> None:
    versions = {A.id("inc"): 1, A.id("inc", 2): 7}
    answer = send(analyst, by_id(A.id("inc"), A.id("inc", 2), versions=versions), {"status": "triaged"})
    assert results(answer) == {A.id("inc"): "changed", A.id("inc", 2): "conflict"}
    assert (answer.json()["changed"], answer.json()["failed"]) == (1, 1)


def test_closing_in_bulk_needs_verdict_and_reason(analyst: TestClient) -> None:
    for change in ({"status": "closed"}, {"status": "closed", "verdict": "other"}):
        answer = send(analyst, by_id(A.id("inc")), change)
        assert (answer.status_code, answer.json()["code"]) == (422, "reason_required")
    assert send(analyst, by_id(A.id("inc")), {}).json()["code"] == "empty_change"


def test_preview_counts_and_changes_nothing(world: World, analyst: TestClient) -> None:
    answer = send(analyst, by_query(NOW), CLOSE, preview=True).json()
    assert (answer["preview"], answer["matched"], answer["bulk_id"], answer["results"]) == (True, 2, "", [])
    assert status(world, 1) == "new"


def test_a_query_means_what_was_there_at_the_snapshot_less_the_excluded(
    world: World, still: StillClock, analyst: TestClient
) -> None:
    add(world, *[incident(A, n) for n in range(20, 23)])
    snapshot = analyst.get(LIST).json()["snapshot"]
    still.at = NOW + 60
    add(world, incident(A, 30, created_at=NOW + 30))
    found = results(send(analyst, by_query(snapshot, A.id("inc", 21)), CLOSE))
    assert set(found) == {A.id("inc", n) for n in (1, 2, 20, 22)}
    assert set(found.values()) == {"changed"}
    assert (status(world, 21), status(world, 30)) == ("new", "new")


def test_what_somebody_else_changed_after_the_snapshot_is_a_conflict(
    world: World, still: StillClock, analyst: TestClient
) -> None:
    snapshot = analyst.get(LIST).json()["snapshot"]
    still.at = NOW + 60
    colleague = world.client(A.login("analyst", "enterprise"))
    colleague.patch(f"{LIST}/{A.id('inc')}", json={"status": "contained"}, headers={"If-Match": '"1"'})
    found = results(send(analyst, by_query(snapshot, view="open"), CLOSE))
    assert found == {A.id("inc"): "conflict", A.id("inc", 2): "changed"}
    assert status(world, 1) == "contained"


def test_undo_gives_back_everything_but_what_others_changed(world: World, analyst: TestClient) -> None:
    done = send(analyst, by_query(NOW), CLOSE).json()
    colleague = world.client(A.login("analyst", "enterprise"))
    colleague.patch(f"{LIST}/{A.id('inc')}", json={"status": "in_progress"}, headers={"If-Match": '"2"'})
    undone = analyst.post(UNDO, json={"bulk_id": done["bulk_id"]})
    assert results(undone) == {A.id("inc"): "conflict", A.id("inc", 2): "changed"}
    with world.records.read(EVERYTHING) as session:
        row = session.get_one(Incident, A.id("inc", 2))
        assert (row.status, row.verdict, row.owner, row.closed_at, row.acknowledged_at) == ("new", "", "", None, None)
    again = analyst.post(UNDO, json={"bulk_id": done["bulk_id"]})
    assert again.status_code == 409


def test_an_undo_can_be_undone(world: World, analyst: TestClient) -> None:
    done = send(analyst, by_id(A.id("inc")), CLOSE).json()
    undone = analyst.post(UNDO, json={"bulk_id": done["bulk_id"]}).json()
    assert status(world, 1) == "new"
    assert analyst.post(UNDO, json={"bulk_id": undone["bulk_id"]}).status_code == 200
    assert status(world, 1) == "closed"


def test_nobody_undoes_what_somebody_else_did(world: World, analyst: TestClient) -> None:
    done = send(analyst, by_id(A.id("inc")), CLOSE).json()
    colleague = world.client(A.login("analyst", "enterprise"))
    assert colleague.post(UNDO, json={"bulk_id": done["bulk_id"]}).status_code == 404


def test_a_single_change_is_undone_by_its_id(world: World, analyst: TestClient) -> None:
    body = analyst.patch(f"{LIST}/{A.id('inc')}", json=CLOSE, headers={"If-Match": '"1"'}).json()
    assert results(analyst.post(UNDO, json={"bulk_id": body["bulk_id"]})) == {A.id("inc"): "changed"}
    assert status(world, 1) == "new"


def test_a_bulk_change_is_one_audit_entry_with_all_ids(world: World, analyst: TestClient) -> None:
    send(analyst, by_query(NOW), CLOSE)
    with world.records.read(EVERYTHING) as session:
        entry = session.scalars(select(Audit)).one()
    assert (entry.action, sorted(entry.detail["ids"])) == ("incident.bulk", [A.id("inc"), A.id("inc", 2)])


def test_more_than_a_page_is_no_limit(world: World, analyst: TestClient) -> None:
    add(world, *[incident(A, n) for n in range(100, 800)])
    answer = send(analyst, by_query(NOW), CLOSE).json()
    assert (answer["matched"], answer["changed"]) == (702, 702)
