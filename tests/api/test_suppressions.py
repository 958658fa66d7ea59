"""Suppressions through the API: drafts, previews by the stream's own matcher, scope, expiry, audit."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from taishi.feedback.suppress import Matcher
from taishi.feedback.suppress import Suppression as Matching
from taishi.records.tables import Audit, Incident, MetaAlert, Person, RuleVerdict, Suppression
from taishi.scope import EVERYTHING
from tests.api.client import TestClient
from tests.api.conftest import StillClock
from tests.api.world import NOW, ROOT, A, B, World, event, incident, meta_alert

LIST = "/api/v1/suppressions"
DAY = 86_400.0
RULE = f"scan {A.marker}"


def scan(number: int, **more: Any) -> dict[str, Any]:
    return event(
        A, number, **{
            "rule.name": RULE, "event.severity": 40, "taishi.behaviour": "T1046", "taishi.outcome": "failure",
            "taishi.attacker.ip": "203.0.113.7", "taishi.victim.ip": "10.1.2.3", "taishi.asset.id": A.id("asset"), **more,
        }
    )  # fmt: skip


META = A.id("meta", 91)
MIXED = A.id("meta", 92)


@pytest.fixture
def noisy(world: World) -> World:
    """An incident of scans alone; another with a scan and a success."""
    events = [scan(n) for n in range(100, 130)]
    success = scan(131, **{"taishi.outcome": "success"})
    worse = scan(132, **{"event.severity": 70})
    critical = scan(133, **{"event.severity": 90})
    old = scan(134, **{"@timestamp": "2026-11-01T00:00:00.000Z"})
    world.store.index([*events, success, worse, critical, old])
    world.store.flush()
    ids = [str(one["event.id"]) for one in events]
    with world.records.write(EVERYTHING) as session:
        session.add_all([
            incident(A, 90), incident(A, 91),
            meta_alert(A, 91, A.id("inc", 90), severity=40, rules={RULE: 20}, evidence=ids[:20], count=20),
            meta_alert(A, 92, A.id("inc", 91), severity=40, rules={RULE: 10}, evidence=ids[20:], count=10),
            meta_alert(A, 93, A.id("inc", 91), severity=40, outcome="success", rules={RULE: 1},
                       evidence=[str(success["event.id"])], count=1),
        ])  # fmt: skip
    return world


@pytest.fixture
def analyst(noisy: World) -> TestClient:
    return noisy.client(A.login("analyst"))


def body(**more: Any) -> dict[str, Any]:
    return {
        "meta_id": META, "extent": "enterprise", "condition": {"rule": RULE}, "expires_at": NOW + 7 * DAY,
        "reason": "漏洞扫描器，已核实", **more,
    }  # fmt: skip


def asked(**more: Any) -> dict[str, Any]:
    return {name: value for name, value in body(**more).items() if name not in {"expires_at", "reason"}}


def test_a_draft_offers_what_the_evidence_has_in_common_within_the_own_scope(analyst: TestClient) -> None:
    draft = analyst.get(f"{LIST}/draft", params={"meta_id": META}).json()
    assert draft["condition"]["rule"] == RULE
    assert draft["condition"]["attacker"] == "203.0.113.7"
    assert draft["condition"]["behaviour"] == "T1046"
    assert draft["seen_severity"] == 40
    assert [(one["extent"], one["region"]) for one in draft["extents"]] == [
        ("asset", A.county), ("enterprise", A.county), ("region", A.county), ("region", A.city),
    ]  # fmt: skip


def test_a_draft_for_an_incident_takes_what_may_be_hidden(analyst: TestClient) -> None:
    draft = analyst.get(f"{LIST}/draft", params={"incident_id": A.id("inc", 91)}).json()
    assert draft["meta_id"] == MIXED
    assert {one["id"]: one["hideable"] for one in draft["metas"]} == {MIXED: True, A.id("meta", 93): False}


def test_a_preview_counts_alerts_meta_alerts_and_incidents(analyst: TestClient) -> None:
    found = analyst.post(f"{LIST}/preview", json=asked()).json()
    assert (found["alerts"], found["meta_alerts"], found["incidents"]) == (30, 2, 1)
    assert found["complete"]
    assert found["days"] == 7


def test_a_preview_says_what_the_stream_would_do(noisy: World, analyst: TestClient) -> None:
    made = analyst.post(LIST, json=body()).json()
    with noisy.records.read(EVERYTHING) as session:
        row = session.get(Suppression, made["id"])
        assert row
        one = Matching(
            row.id, row.extent, row.enterprise_id, row.region, row.authority, row.asset_id, row.condition,
            row.seen_severity, row.expires_at,
        )  # fmt: skip
    matcher = Matcher.of([one])
    hidden = sum(
        matcher.find(noisy.store.get([f"{A.marker}-delivery-{n}"], EVERYTHING)[0], NOW) is not None
        for n in range(100, 134)
        if n != 130
    )
    assert hidden == analyst.post(f"{LIST}/preview", json=asked()).json()["alerts"] == 30


def test_expiry_and_reason_are_mandatory_and_expiry_is_bounded(analyst: TestClient) -> None:
    for missing in ("expires_at", "reason"):
        assert analyst.post(LIST, json={k: v for k, v in body().items() if k != missing}).status_code == 422
    wrong: list[dict[str, Any]] = [
        {"expires_at": NOW + 91 * DAY}, {"expires_at": NOW - 1}, {"reason": "   "}, {"condition": {}},
    ]  # fmt: skip
    for more in wrong:
        assert analyst.post(LIST, json=body(**more)).status_code == 422, more
    assert analyst.post(LIST, json=body(expires_at=NOW + 90 * DAY)).status_code == 201


@pytest.mark.parametrize(
    "condition",
    [{"rule": "another"}, {"attacker": "203.0.113.8"}, {"severity": "40"}, {"rule": RULE, "victim": "10.9.9.9"}],
)
def test_a_condition_must_hold_for_the_alert_it_is_made_from(analyst: TestClient, condition: dict[str, str]) -> None:
    assert analyst.post(LIST, json=body(condition=condition)).status_code == 422


@pytest.mark.parametrize(
    "more",
    [
        {"extent": "all"}, {"extent": "region", "region": ROOT}, {"extent": "region", "region": B.city},
        {"extent": "region", "region": B.county}, {"extent": "region"}, {"extent": "region", "region": "110000"},
    ],
)  # fmt: skip
def test_a_city_analyst_cannot_suppress_beyond_the_city(
    noisy: World, analyst: TestClient, more: dict[str, Any]
) -> None:
    assert analyst.post(LIST, json=body(**more)).status_code == 422
    assert analyst.post(f"{LIST}/preview", json=asked(**more)).status_code == 422
    with noisy.records.read(EVERYTHING) as session:
        assert (
            session.scalars(
                select(Suppression).where(Suppression.origin == "person", Suppression.meta_id == META)
            ).all()
            == []
        )


def test_an_enterprises_analyst_cannot_suppress_for_a_region(noisy: World) -> None:
    bound = noisy.client(A.login("analyst", "enterprise"))
    offered = {one["extent"] for one in bound.get(f"{LIST}/draft", params={"meta_id": META}).json()["extents"]}
    assert offered == {"asset", "enterprise"}
    assert bound.post(LIST, json=body(extent="region", region=A.county)).status_code == 422
    assert bound.post(LIST, json=body(extent="asset")).status_code == 201


def test_an_analyst_of_the_province_may_and_an_authority_stays_with_its_own(noisy: World) -> None:
    with noisy.records.write(EVERYTHING) as session:
        for login, authorities in (
            ("root", []),
            ("mine", [f"x{A.marker}"[:16]]),
            ("two", ["miit", f"x{A.marker}"[:16]]),
        ):
            session.add(
                Person(login=login, name=login, role="analyst", password_hash="unusable", regions=[ROOT], enterprises=[],
                       authorities=authorities, preferences={})
            )  # fmt: skip
    wide = body(extent="all")
    made = noisy.client("root").post(LIST, json=wide).json()
    assert (made["extent"], made["region"]["code"], made["enterprise"]) == ("all", ROOT, None)
    own = noisy.client("mine").post(LIST, json=wide).json()
    with noisy.records.read(EVERYTHING) as session:
        row = session.get(Suppression, own["id"])
        assert row
        assert row.authority == f"x{A.marker}"[:16]
    assert noisy.client("two").post(LIST, json=wide).status_code == 422
    city = noisy.client(A.login("analyst"))
    assert city.get(f"{LIST}/{made['id']}").status_code == 404
    change = {"action": "withdraw", "reason": "not mine"}
    assert city.patch(f"{LIST}/{made['id']}", json=change, headers={"If-Match": '"1"'}).status_code == 404


def test_the_severity_that_was_seen_is_the_alerts_never_the_askers(noisy: World, analyst: TestClient) -> None:
    with noisy.records.write(EVERYTHING) as session:
        row = session.get(MetaAlert, META)
        assert row
        row.severity = 95
    assert analyst.post(LIST, json=body(seen_severity=100)).status_code == 422
    assert analyst.post(LIST, json=body()).json()["seen_severity"] == 79


def patch(client: TestClient, made: dict[str, Any], **change: Any) -> Any:
    sent = {"reason": "because", **change}
    version = client.get(f"{LIST}/{made['id']}").headers["ETag"]
    return client.patch(f"{LIST}/{made['id']}", json=sent, headers={"If-Match": version})


def test_extend_and_withdraw_are_on_record(noisy: World, analyst: TestClient, still: StillClock) -> None:
    made = analyst.post(LIST, json=body()).json()
    assert made["remaining"] == 7 * DAY
    assert patch(analyst, made, action="extend").status_code == 200
    assert patch(analyst, made, action="extend", expires_at=NOW + 91 * DAY).status_code == 422
    longer = patch(analyst, made, action="extend", expires_at=NOW + 30 * DAY).json()
    assert longer["expires_at"] == NOW + 30 * DAY
    still.at = NOW + 3600
    gone = patch(analyst, made, action="withdraw").json()
    assert (gone["status"], gone["remaining"]) == ("withdrawn", 0.0)
    assert [entry["action"] for entry in gone["history"]] == ["create", "extend", "extend", "withdraw"]
    assert patch(analyst, made, action="withdraw").status_code == 409
    with noisy.records.read(EVERYTHING) as session:
        actions = [row.action for row in session.scalars(select(Audit)) if row.object_kind == "suppression"]
    assert actions == ["suppression.create", "suppression.extend", "suppression.extend", "suppression.withdraw"]
    stale = analyst.patch(
        f"{LIST}/{made['id']}", json={"action": "extend", "reason": "late"}, headers={"If-Match": '"1"'}
    )
    assert stale.status_code == 412


def test_a_proposal_is_accepted_or_declined_by_a_person(noisy: World, analyst: TestClient) -> None:
    with noisy.records.write(EVERYTHING) as session:
        session.add_all(
            Suppression(
                id=f"p{n}", extent="enterprise", enterprise_id=A.enterprise, region=A.county, authority="",
                condition={"rule": RULE}, seen_severity=40, status="proposed", origin="volume", reason="loud",
                created_at=NOW, expires_at=NOW + 30 * DAY,
            )
            for n in (1, 2)
        )  # fmt: skip
    listed = [one["id"] for one in analyst.get(LIST, params={"view": "proposed"}).json()["items"]]
    assert {"p1", "p2"} <= set(listed)
    accepted = patch(analyst, {"id": "p1"}, action="accept").json()
    assert (accepted["status"], accepted["owner"]) == ("active", A.login("analyst"))
    assert patch(analyst, {"id": "p2"}, action="extend").status_code == 409
    assert patch(analyst, {"id": "p2"}, action="decline").json()["status"] == "declined"


def test_pages_and_views(noisy: World, analyst: TestClient, still: StillClock) -> None:
    ids = []
    for _ in range(5):
        still.at += 1
        ids.append(analyst.post(LIST, json=body()).json()["id"])
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = analyst.get(LIST, params=params).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen[:5] == ids[::-1]
    still.at = NOW + 8 * DAY
    over = {
        one["id"]: one["status"]
        for one in noisy.client(A.login("analyst"), at=still.at).get(LIST, params={"view": "over"}).json()["items"]
    }
    assert all(over[one] == "expired" for one in ids)


def test_rules_with_their_verdicts(noisy: World, analyst: TestClient) -> None:
    with noisy.records.write(EVERYTHING) as session:
        session.add(
            RuleVerdict(enterprise_id=A.enterprise, region=A.county, authority="", rule=RULE, true_positive=2,
                        false_positive=12)
        )  # fmt: skip
    (row,) = analyst.get("/api/v1/rule-verdicts", params={"q": "scan"}).json()["items"]
    assert (row["judged"], row["false_positive"], row["hits"]) == (14, 12, 33)
    assert row["false_rate"] == pytest.approx(12 / 14)
    assert 0.25 <= row["factor"] < 1.0
    (row,) = analyst.get("/api/v1/rule-verdicts", params={"q": "scan", "by": "rule"}).json()["items"]
    assert (row["enterprise"], row["factor"]) == (None, None)


def test_an_incident_tells_what_verdicts_taught(noisy: World, analyst: TestClient) -> None:
    told = {"rule": RULE, "factor": 0.4, "here": True, "judged": 14, "true": 2, "false": 12, "benign": 0}
    with noisy.records.write(EVERYTHING) as session:
        row = session.get(MetaAlert, META)
        assert row
        row.learned = told
    reasons = analyst.get(f"/api/v1/incidents/{A.id('inc', 90)}").json()["reasons"]
    (lesson,) = [reason for reason in reasons if reason["code"] == "lesson"]
    assert lesson["meta_id"] == META
    assert "12 of 14 closed incidents" in lesson["text_en"]
    assert sum(reason["share"] for reason in reasons) == pytest.approx(1.0)
    with noisy.records.read(EVERYTHING) as session:
        stored = session.get(Incident, A.id("inc", 90))
        assert stored
        assert all(reason["code"] != "lesson" for reason in stored.reasons)
