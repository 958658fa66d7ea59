"""Feeds, indicators, sightings through the API: who may, what TLP shows, what a person changes."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from taishi.intel import book
from taishi.intel.indicator import Indicator as Given
from taishi.intel.indicator import identity, shown_id
from taishi.records.tables import Audit, Feed, Indicator, IndicatorSighting, Person
from taishi.scope import EVERYTHING
from tests.api.client import TestClient
from tests.api.world import NOW, ROOT, A, B, World

BASE = "/api/v1/intel"
FEED = {"id": "isac", "name": "行业情报", "url": "https://feeds.example/list.csv", "secret": "isac"}


@pytest.fixture
def filled(world: World) -> World:
    with world.records.write(EVERYTHING) as session:
        for role in ("analyst", "operator"):
            session.add(
                Person(login=f"{role}-whole", name=role, role=role, password_hash="x", regions=[ROOT], enterprises=[],
                       authorities=[], preferences={})
            )  # fmt: skip
        session.add(book.new_feed("open", "公开源", NOW, "x", tlp="green"))
        session.add(book.new_feed("closed", "绝密源", NOW, "x", tlp="red"))
    many = [Given("ip", f"198.51.100.{n}", 60, labels=("c2",), name="某家族") for n in range(60)]
    book.take_in(
        world.records, "open",
        [*many, Given("cidr", "203.0.113.0/24", 70), Given("domain", "evil.example", 90, valid_until=NOW - 5),
         Given("domain", "later.example", 90, valid_from=NOW + 500), Given("domain", "gone.example", revoked=True),
         Given("ip", "8.8.8.8", 99), Given("url", "http://evil.example/a?b=1", 50)], NOW,
    )  # fmt: skip
    book.take_in(world.records, "closed", [Given("domain", "secret.example", 99)], NOW)
    return world


@pytest.fixture
def whole(filled: World) -> TestClient:
    return filled.client("analyst-whole")


@pytest.fixture
def city(filled: World) -> TestClient:
    return filled.client(A.login("analyst"))


def values(client: TestClient, **query: Any) -> list[str]:
    answer = client.get(f"{BASE}/indicators", params=query)
    assert answer.status_code == 200, answer.text
    return [one["value"] for one in answer.json()["items"]]


def test_a_search_finds_what_a_value_meets(whole: TestClient) -> None:
    assert values(whole, value="a.b.EVIL[.]example") == ["evil.example"]
    assert values(whole, value="203.0.113.99") == ["203.0.113.0/24"]
    assert values(whole, value="hxxp://evil[.]example/a?b=1") == ["http://evil.example/a?b=1"]
    assert values(whole, value="later.ex") == ["later.example"], "part of a value"
    assert values(whole, value="nothing.example") == []
    assert whole.get(f"{BASE}/indicators", params={"value": "xx"}).status_code == 422


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("expired", ["evil.example"]),
        ("waiting", ["later.example"]),
        ("withdrawn", ["gone.example"]),
        ("warned", ["8.8.8.8"]),
    ],
)
def test_states(whole: TestClient, state: str, expected: list[str]) -> None:
    found = whole.get(f"{BASE}/indicators", params={"state": state}).json()["items"]
    assert [one["value"] for one in found] == expected
    assert {one["state"] for one in found} == {state}


def test_pages_hold_everything_once(whole: TestClient) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        page = whole.get(f"{BASE}/indicators", params={"limit": 25, **({"cursor": cursor} if cursor else {})}).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 67


def test_red_is_for_those_who_see_the_whole_platform(whole: TestClient, city: TestClient) -> None:
    assert values(whole, value="secret.example") == ["secret.example"]
    assert values(city, value="secret.example") == []
    number = shown_id(identity("closed", "domain", "secret.example"))
    assert whole.get(f"{BASE}/indicators/{number}").status_code == 200
    assert city.get(f"{BASE}/indicators/{number}").status_code == 404
    assert {one["id"] for one in whole.get(f"{BASE}/feeds").json()["items"]} == {"open", "closed"}
    assert {one["id"] for one in city.get(f"{BASE}/feeds").json()["items"]} == {"open"}


def test_sightings_are_scoped_by_owner_and_tlp(filled: World, whole: TestClient, city: TestClient) -> None:
    with filled.records.write(EVERYTHING) as session:
        row = session.get(IndicatorSighting, A.id("seen"))
        assert row
        mine = {"enterprise_id": row.enterprise_id, "region": row.region, "authority": row.authority}
        session.add(
            IndicatorSighting(
                **mine, id="red", indicator_id=7, feed_id="closed", kind="domain", value="secret.example", tlp="red",
                confidence=90, day=1, count=1, first_seen=NOW, last_seen=NOW, events=[],
            )
        )  # fmt: skip
    assert {one["value"] for one in city.get(f"{BASE}/sightings").json()["items"]} == {f"{A.marker}.example"}
    every = whole.get(f"{BASE}/sightings").json()["items"]
    assert {one["value"] for one in every} == {f"{A.marker}.example", f"{B.marker}.example", "secret.example"}
    one = whole.get(f"{BASE}/sightings", params={"indicator_id": A.indicator}).json()["items"]
    assert [(found["enterprise"]["id"], found["events"]) for found in one] == [(A.enterprise, [A.event])]


def test_dismissing_needs_a_reason_and_the_whole_platform(filled: World, whole: TestClient, city: TestClient) -> None:
    number = shown_id(identity("open", "ip", "198.51.100.1"))
    with filled.records.read(EVERYTHING) as session:
        before = book.change_of(session)
    wanted = {"action": "dismiss", "reason": "共享主机，误报"}
    assert city.patch(f"{BASE}/indicators/{number}", json=wanted).status_code == 403
    assert whole.patch(f"{BASE}/indicators/{number}", json={"action": "dismiss"}).status_code == 422
    done = whole.patch(f"{BASE}/indicators/{number}", json=wanted).json()
    assert (done["state"], done["dismissed_by"], done["reason"]) == ("dismissed", "analyst-whole", "共享主机，误报")
    with filled.records.read(EVERYTHING) as session:
        assert book.change_of(session) == before + 1, "processors see that something changed"
        ids, _ = book.withdrawn_since(session, before)
        assert {shown_id(one) for one in ids} == {number}
        assert session.scalars(select(Audit.action)).all()[-1] == "indicator.dismiss"
    assert whole.patch(f"{BASE}/indicators/{number}", json={"action": "restore"}).json()["state"] == "active"


def test_a_feed_is_entered_paused_pulled_and_removed(filled: World) -> None:
    operator = filled.client("operator-whole")
    made = operator.post(f"{BASE}/feeds", json=FEED)
    assert made.status_code == 201, made.text
    assert operator.post(f"{BASE}/feeds", json=FEED).status_code == 409
    assert operator.post(f"{BASE}/feeds", json={**FEED, "id": "x", "url": "ftp://x/"}).status_code == 422

    def act(action: str, version: int) -> Any:
        headers = {"If-Match": f'"{version}"'}
        return operator.patch(f"{BASE}/feeds/isac", json={"action": action}, headers=headers)

    assert act("pull", 1).json()["next_at"] == 0.0
    assert act("pause", 1).status_code == 412
    assert act("pause", 2).json()["state"] == "paused"
    assert act("pull", 3).status_code == 409
    assert act("start", 3).json()["state"] == "active"
    assert act("remove", 4).status_code == 200
    assert act("start", 5).status_code == 404
    with filled.records.read(EVERYTHING) as session:
        row = session.get(Feed, "isac")
        assert row
        assert row.state == "removed"
        actions = list(session.scalars(select(Audit.action)))
    assert [one for one in actions if one.startswith("feed.")] == [
        "feed.create", "feed.pull", "feed.pause", "feed.start", "feed.remove",
    ]  # fmt: skip


def test_feeds_are_counted_and_warning_lists_told(whole: TestClient) -> None:
    found = {one["id"]: one for one in whole.get(f"{BASE}/feeds").json()["items"]}
    assert (found["open"]["indicators"], found["open"]["active"]) == (66, 63)
    lists = {one["key"]: one for one in whole.get(f"{BASE}/warning-lists").json()["items"]}
    assert lists["resolvers"]["indicators"] == 1
    assert "1.1.1.0/24" in lists["resolvers"]["networks"]
    assert "own" in lists


def test_an_incident_names_its_indicators(filled: World, city: TestClient) -> None:
    answer = city.get(f"/api/v1/incidents/{A.id('inc')}/indicators")
    assert answer.status_code == 200
    assert [(one["value"], one["feed_name"], one["state"]) for one in answer.json()["items"]] == [
        (f"{A.marker}.example", "shared feed", None)
    ]
    with filled.records.write(EVERYTHING) as session:
        session.add(
            Indicator(
                id=int(A.indicator, 16), key=1, feed_id="open", kind="domain", value=f"{A.marker}.example", confidence=80,
                tlp="green", labels=[], added_at=NOW, seen_at=NOW, change=1, valid_until=NOW - 1,
            )
        )  # fmt: skip
    again = city.get(f"/api/v1/incidents/{A.id('inc')}/indicators").json()["items"]
    assert [one["state"] for one in again] == ["expired"]
