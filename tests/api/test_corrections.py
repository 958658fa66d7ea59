"""People correct the correlation: merge, split, undo, each with a decision for the processor."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from taishi.records.tables import Decision, Enterprise, Incident, MetaAlert
from taishi.scope import EVERYTHING
from tests.api.client import TestClient
from tests.api.world import A, B, World, incident

LIST, UNDO = "/api/v1/incidents", "/api/v1/incidents/undo"
ONE, TWO = A.id("inc"), A.id("inc", 2)


@pytest.fixture
def analyst(world: World) -> TestClient:
    return world.client(A.login("analyst"))


def members(world: World) -> dict[str, str | None]:
    with world.records.read(EVERYTHING) as session:
        rows = session.scalars(select(MetaAlert).where(MetaAlert.enterprise_id == A.enterprise))
        return {row.id: row.incident_id for row in rows}


def decisions(world: World) -> list[tuple[str, dict[str, Any]]]:
    with world.records.read(EVERYTHING) as session:
        rows = session.scalars(select(Decision).order_by(Decision.seq).offset(2))
        return [(row.kind, row.payload) for row in rows]


def test_merge_moves_members_and_leaves_a_tombstone(world: World, analyst: TestClient) -> None:
    body = analyst.post(f"{LIST}/{ONE}/merge", json={"incident_ids": [TWO], "reason": "one intruder"}).json()
    assert (body["meta_count"], body["merged_from"], body["version"]) == (4, [TWO], 2)
    assert sum(reason["share"] for reason in body["reasons"]) == pytest.approx(1.0)
    assert set(members(world).values()) == {ONE}
    assert analyst.get(f"{LIST}/{TWO}").json()["merged_into"] == ONE
    assert [item["id"] for item in analyst.get(LIST).json()["items"]] == [ONE]
    assert decisions(world) == [("merge", {"into": ONE, "incident": TWO})]
    moved = analyst.get(f"{LIST}/{ONE}/meta-alerts").json()["items"][-1]
    assert moved["join"]["by"] == A.login("analyst")


def test_undo_of_a_merge_restores_both(world: World, analyst: TestClient) -> None:
    before = members(world)
    body = analyst.post(f"{LIST}/{ONE}/merge", json={"incident_ids": [TWO]}).json()
    undone = analyst.post(UNDO, json={"bulk_id": body["bulk_id"]})
    assert undone.status_code == 200, undone.text
    assert members(world) == before
    assert {item["id"] for item in analyst.get(LIST).json()["items"]} == {ONE, TWO}
    assert decisions(world)[-1][0] == "undo"
    restored = analyst.get(f"{LIST}/{TWO}").json()
    assert (restored["merged_into"], restored["meta_count"]) == (None, 2)
    assert len(restored["reasons"]) == 2
    joins = analyst.get(f"{LIST}/{TWO}/meta-alerts").json()["items"]
    assert {item["join"]["by"] for item in joins} == {"engine"}


def test_what_cannot_be_merged(world: World, analyst: TestClient) -> None:
    with world.records.write(EVERYTHING) as session:
        session.add(Enterprise(id="neighbour", name="n", region=A.county, industry="C36", kind="industrial"))
        session.add(incident(A, 9, enterprise_id="neighbour"))
    cases = {ONE: (422, "same_incident"), A.id("inc", 9): (422, "other_enterprise"), B.id("inc"): (404, "not_found")}
    for other, expected in cases.items():
        answer = analyst.post(f"{LIST}/{ONE}/merge", json={"incident_ids": [other]})
        assert (answer.status_code, answer.json()["code"]) == expected
    stale = analyst.post(f"{LIST}/{ONE}/merge", json={"incident_ids": [TWO]}, headers={"If-Match": '"9"'})
    assert stale.status_code == 412
    assert analyst.post(f"{LIST}/{ONE}/merge", json={"incident_ids": [TWO]}).status_code == 200
    assert analyst.post(f"{LIST}/{ONE}/merge", json={"incident_ids": [TWO]}).status_code == 409


def test_split_and_its_undo(world: World, analyst: TestClient) -> None:
    before = members(world)
    request = {"meta_ids": [A.id("meta", 1)], "reason": "a shared proxy"}
    body = analyst.post(f"{LIST}/{ONE}/split", json=request).json()
    new = body["new_incident"]
    assert (body["incident"]["meta_count"], new["meta_count"]) == (1, 1)
    assert [reason["share"] for reason in new["reasons"]] == [pytest.approx(1.0)]
    assert new["owner"] == A.login("analyst")
    assert members(world)[A.id("meta", 1)] == new["id"]
    assert decisions(world)[0][1] == {"incident": ONE, "metas": [A.id("meta", 1)], "new_incident": new["id"]}
    undone = analyst.post(UNDO, json={"bulk_id": body["bulk_id"]})
    assert undone.status_code == 200, undone.text
    assert members(world) == before
    with world.records.read(EVERYTHING) as session:
        assert session.get_one(Incident, new["id"]).merged_into == ONE


def test_what_cannot_be_split(analyst: TestClient) -> None:
    everything = {"meta_ids": [A.id("meta", 1), A.id("meta", 2)], "reason": "r"}
    assert analyst.post(f"{LIST}/{ONE}/split", json=everything).json()["code"] == "nothing_left"
    foreign = {"meta_ids": [B.id("meta", 1)], "reason": "r"}
    assert analyst.post(f"{LIST}/{ONE}/split", json=foreign).status_code == 404
    assert analyst.post(f"{LIST}/{ONE}/split", json={"meta_ids": [A.id("meta", 1)]}).status_code == 422
