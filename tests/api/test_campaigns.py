"""Campaigns and proposals that reach over two scopes: each sees its own, counts the others, and decides on neither."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from taishi.records.tables import (
    Audit,
    Campaign,
    CampaignExposure,
    CampaignMember,
    Change,
    Person,
    Sighting,
    WarningProposal,
)
from taishi.scope import EVERYTHING
from tests.api.client import TestClient
from tests.api.world import NOW, ROOT, A, B, Side, World, campaign, proposal

SHARED, OURS = "camp-shared", A.id("camp")
VALUE = "ab" * 32


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[World]:
    """A campaign that hit an enterprise of each side and threatens B's."""
    opened = World(tmp_path)
    with opened.records.write(EVERYTHING) as session:
        session.add(campaign(SHARED, enterprise_count=2, incident_count=2, at_risk_count=1))
        session.add(proposal("warn-shared", SHARED, regions=[A.county, B.county]))
        owner: dict[str, str] = {}
        for number, side in enumerate((A, B)):
            owner = {"enterprise_id": side.enterprise, "region": side.county, "authority": f"x{side.marker}"[:16]}
            session.add(
                CampaignMember(
                    **owner, campaign_id=SHARED, incident_id=side.id("inc"), at=NOW - 500 + number, weight=0.9
                )
            )
            session.add(
                Sighting(**owner, id=f"sight-{number}", kind="hash", value=VALUE, incident_id=side.id("inc"), score=0.9,
                         first_seen=NOW - 500 + number, last_seen=NOW)
            )  # fmt: skip
        session.add(CampaignExposure(**owner, id="exp-shared", campaign_id=SHARED, weight=0.5))
        for role in ("analyst", "official"):
            session.add(
                Person(login=f"province-{role}", name="全省", role=role, password_hash="unusable", regions=[ROOT],
                       enterprises=[], authorities=[], preferences={})
            )  # fmt: skip
    yield opened
    opened.close()


def _get(client: TestClient, path: str) -> Any:
    answer = client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("bound", ["region", "enterprise"])
@pytest.mark.parametrize("side", [A, B], ids=["a", "b"])
def test_a_shared_campaign_shows_ones_own_and_counts_the_rest(shared: World, side: Side, bound: str) -> None:
    client = shared.client(side.login("analyst", bound))
    found = _get(client, f"/campaigns/{SHARED}")
    assert [hit["enterprise"]["id"] for hit in found["hit"]] == [side.enterprise]
    assert [member["incident_id"] for member in found["members"]] == [side.id("inc")]
    assert (found["enterprise_count"], found["visible_count"], found["hit_elsewhere"]) == (2, 1, 1)
    (indicator,) = found["indicators"]
    assert [one["incident_id"] for one in indicator["sightings"]] == [side.id("inc")]
    assert found["decidable"] is False
    assert len(found["at_risk"]) + found["at_risk_elsewhere"] == 1
    assert (found["at_risk_elsewhere"] == 1) == (side is A)
    foreign = B if side is A else A
    assert not [secret for secret in foreign.secrets if secret in str(found)]


def test_the_province_sees_all_in_the_order_of_being_hit(shared: World) -> None:
    found = _get(shared.client("province-analyst"), f"/campaigns/{SHARED}")
    assert [hit["enterprise"]["id"] for hit in found["hit"]] == [A.enterprise, B.enterprise]
    assert (found["hit_elsewhere"], found["at_risk_elsewhere"], found["decidable"]) == (0, 0, True)
    assert found["indicators"][0]["elsewhere"] == 0


def test_who_is_only_threatened_sees_the_campaign_but_no_contact_does(shared: World) -> None:
    with shared.records.write(EVERYTHING) as session:
        for row in session.scalars(select(CampaignMember).where(CampaignMember.region == B.county)):
            if row.campaign_id == SHARED:
                session.delete(row)
    listed = {row["id"] for row in _get(shared.client(B.login("official")), "/campaigns")["items"]}
    assert listed == {SHARED, B.id("camp")}
    assert shared.client(B.login("contact", "enterprise")).get(f"/api/v1/campaigns/{SHARED}").status_code == 404


def test_only_who_sees_every_enterprise_decides(shared: World) -> None:
    change = {"status": "confirmed", "reason": "同一团伙"}
    for login, status in ((A.login("analyst"), 403), ("province-analyst", 200)):
        answer = shared.client(login).patch(f"/api/v1/campaigns/{SHARED}", json=change, headers={"If-Match": '"1"'})
        assert answer.status_code == status, answer.text
    assert (answer.json()["status"], answer.headers["ETag"]) == ("confirmed", '"2"')
    again = shared.client("province-analyst").patch(
        f"/api/v1/campaigns/{SHARED}", json=change, headers={"If-Match": '"1"'}
    )
    assert again.status_code == 412
    with shared.records.read(EVERYTHING) as session:
        assert session.scalars(select(Audit.actor).where(Audit.action == "campaign.decide")).all() == [
            "province-analyst"
        ]
        told = set(session.scalars(select(Change.enterprise_id).where(Change.object_id == SHARED)))
    assert told == {A.enterprise, B.enterprise}


def test_a_dismissal_needs_a_reason(shared: World) -> None:
    client = shared.client(A.login("analyst"))
    url = f"/api/v1/campaigns/{OURS}"
    refused = client.patch(url, json={"status": "dismissed"}, headers={"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["code"]) == (422, "reason_required")
    assert (
        client.patch(url, json={"status": "dismissed", "reason": "演练"}, headers={"If-Match": '"1"'}).status_code
        == 200
    )
    assert client.patch(url, json={"status": "open"}).status_code == 428
    assert OURS not in {row["id"] for row in _get(client, "/campaigns")["items"]}
    assert OURS in {row["id"] for row in _get(client, "/campaigns?status=dismissed")["items"]}


def test_a_proposal_shows_regions_of_the_scope_and_counts_the_others(shared: World) -> None:
    found = _get(shared.client(A.login("official")), "/warnings/proposals/warn-shared")
    assert ([region["code"] for region in found["regions"]], found["regions_elsewhere"]) == ([A.county], 1)
    assert found["criteria"][0]["facts"] == [{"name": "enterprises", "value": 2.0, "at_least": 2.0}]
    assert len(_get(shared.client("province-official"), "/warnings/proposals/warn-shared")["regions"]) == 2
    assert shared.client(A.login("contact", "enterprise")).get("/api/v1/warnings/proposals").status_code == 403


def test_a_proposal_is_decided_by_who_sees_all_of_it_with_a_reason(shared: World) -> None:
    url, match = "/api/v1/warnings/proposals/warn-shared/decision", {"If-Match": '"1"'}
    official = shared.client("province-official")
    assert official.post(url, json={"status": "accepted", "reason": ""}, headers=match).status_code == 422
    wanted = {"status": "accepted", "reason": "扩散快"}
    assert shared.client(A.login("official")).post(url, json=wanted, headers=match).status_code == 403
    assert official.post(url, json=wanted, headers=match).json()["status"] == "accepted"
    assert official.post(url, json=wanted, headers=match).status_code == 412
    assert "warn-shared" not in {row["id"] for row in _get(official, "/warnings/proposals")["items"]}
    with shared.records.read(EVERYTHING) as session:
        assert session.get_one(WarningProposal, "warn-shared").decided_by == "province-official"


def test_an_incident_names_its_campaigns(shared: World) -> None:
    found = _get(shared.client(A.login("analyst")), f"/incidents/{A.id('inc')}")["campaigns"]
    assert {one["id"] for one in found} == {SHARED, OURS}
    with shared.records.write(EVERYTHING) as session:
        session.get_one(Campaign, SHARED).active = False
    assert len(_get(shared.client(A.login("analyst")), f"/incidents/{A.id('inc')}")["campaigns"]) == 1


def test_pages_go_on_where_the_last_ended(shared: World) -> None:
    with shared.records.write(EVERYTHING) as session:
        owner = {"enterprise_id": A.enterprise, "region": A.county, "authority": ""}
        for number in range(5):
            session.add(campaign(f"more-{number}", last_seen=NOW - number // 2))
            session.add(
                CampaignMember(**owner, campaign_id=f"more-{number}", incident_id=A.id("inc"), at=NOW, weight=0.5)
            )
    client, cursor, found = shared.client(A.login("analyst")), "", []
    for _ in range(9):
        page = _get(client, f"/campaigns?limit=2{cursor}")
        found += [row["id"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(found) == len(set(found)) == 7
    assert len(_get(client, f"/campaigns?q={VALUE[:20]}")["items"]) == 6
