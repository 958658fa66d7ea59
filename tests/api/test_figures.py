"""Overview, regions, risk: every figure equals the list it opens into, and explains itself."""

from __future__ import annotations

from typing import Any

import pytest

from api.figures import JUDGED
from taishi.records.tables import Division, Enterprise, Incident, Risk
from taishi.risk.coverage import interval, mean
from taishi.risk.rollup import Child, power_mean
from taishi.risk.weights import weights
from taishi.scope import EVERYTHING
from tests.api.client import TestClient
from tests.api.world import NOW, ROOT, A, B, World, event, incident, meta_alert


@pytest.fixture
def analyst(world: World) -> TestClient:
    with world.records.write(EVERYTHING) as session:
        session.add_all(
            [
                incident(A, 3, status="closed", verdict="false_positive", last_seen=NOW - 7000),
                incident(A, 4, last_seen=NOW - 30 * 3600, escalated_at=NOW - 30 * 3600),
                incident(A, 5, escalated=False),
                meta_alert(A, 9, A.id("inc", 3), technique="T0855", count=7),
                Enterprise(id="quiet", name="静", region=A.county, industry="C13", kind="industrial"),
            ]
        )
    world.store.index([event(A, number) for number in range(1, 6)])
    world.store.flush()
    return world.client(A.login("analyst"))


def opened(client: TestClient, href: str, key: str) -> float:
    """How many the list behind a figure holds: its items over all pages, or its totals."""
    count, cursor = 0, ""
    while True:
        body = client.get(href + (f"&cursor={cursor}" if cursor else "")).json()
        if "totals" in body:
            return float(body["totals"][key])
        count += len(body["items"])
        cursor = body["next_cursor"]
        if not cursor:
            return count


@pytest.mark.parametrize(
    "url", ["/api/v1/overview?hours=24", f"/api/v1/overview?region={A.county}&hours=72", f"/api/v1/regions/{A.city}"]
)
def test_every_number_equals_the_list_it_opens_into(analyst: TestClient, url: str) -> None:
    body = analyst.get(url).json()
    followed = 0
    for number in body["numbers"] + body.get("funnel", []):
        if number.get("unit", "count") == "count":
            assert opened(analyst, number["href"], number["key"]) == number["value"], number
            followed += number["value"] > 0
    assert followed >= 6


def test_numbers_of_an_enterprise_and_a_park_open_too(analyst: TestClient) -> None:
    for url in (f"/api/v1/enterprises/{A.enterprise}", f"/api/v1/parks/{A.id('park')}"):
        for number in analyst.get(url).json()["numbers"]:
            if number["unit"] == "count" and number["view"] != "sources":
                assert opened(analyst, number["href"], number["key"]) == number["value"], number


def test_the_overview_says_the_same_in_words(analyst: TestClient) -> None:
    body = analyst.get("/api/v1/overview").json()
    values = {number["key"]: number for number in body["numbers"]}
    assert (values["incidents"]["value"], values["incidents"]["previous"]) == (3, 1)
    assert f"安全事件 {values['incidents']['value']:.0f} 起（环比上升 200%）" in body["summary_zh"]
    assert "3 incidents need judgement (up 200% on the period before)" in body["summary_en"]
    assert [step["key"] for step in body["funnel"]] == [
        "received", "stored", "alerts", "meta_alerts", "incidents", "judged",
    ]  # fmt: skip
    assert body["funnel"][-1]["value"] == 1
    assert sum(point["alerts"] for point in body["trend"]["points"]) == values["alerts"]["value"]
    assert sum(point["incidents"] for point in body["trend"]["points"]) == values["incidents"]["value"]
    top = {row["technique"]: row for row in body["top_techniques"]}
    assert top["T0855"]["alerts"] == 7
    assert top["T1110"]["technique_en"] == "Brute Force"


def test_the_ranking_counts_enterprises_not_noise(world: World, analyst: TestClient) -> None:
    ranking = analyst.get("/api/v1/overview").json()["ranking"]
    assert [row["region"]["code"] for row in ranking] == [A.county]
    row = ranking[0]
    assert (row["enterprises"], row["enterprises_monitored"], row["enterprises_hit"]) == (2, 1, 1)
    assert row["risk"] == {"low": 30.0, "mid": 40.0, "high": 50.0, "coverage": 0.9, "insufficient": False}
    with world.records.write(EVERYTHING) as session:
        session.add(Division(code="330199", parent=A.city, level="county", name="无数据"))
        session.get_one(Risk, ("county", A.county)).coverage = 0.2
    ranking = analyst.get("/api/v1/overview").json()["ranking"]
    assert [row["risk"] and row["risk"]["insufficient"] for row in ranking] == [True, None]


def test_an_official_sees_figures_but_opens_only_what_the_role_may(world: World) -> None:
    official = world.client(A.login("official"))
    hrefs = {number["key"]: number["href"] for number in official.get("/api/v1/overview").json()["numbers"]}
    assert (hrefs["alerts"], hrefs["received"]) == ("", "")
    for href in filter(None, hrefs.values()):
        assert official.get(href).status_code == 200


def test_a_person_of_the_province_sees_both(world: World) -> None:
    with world.records.write(EVERYTHING) as session:
        from taishi.records.tables import Person

        session.add(Person(login="p", name="P", role="official", password_hash="x", regions=[ROOT], enterprises=[],
                           authorities=[], preferences={}))  # fmt: skip
    client = world.client("p")
    assert {row["region"]["code"] for row in client.get("/api/v1/overview").json()["ranking"]} == {A.city, B.city}
    path = client.get(f"/api/v1/regions/{A.county}").json()["path"]
    assert [region["code"] for region in path] == [ROOT, A.city, A.county]


def test_risk_opens_into_its_parts(analyst: TestClient) -> None:
    body = analyst.get(f"/api/v1/risk/enterprise/{A.enterprise}").json()
    assert body["mid"] == pytest.approx(sum(part["contribution"] for part in body["parts"]))
    assert body["parts"][0]["parts"][0]["name_en"] == A.text("Incident 1")
    assert body["name"] == A.text("企业")
    assert "90%" in body["explanation_zh"]
    points = analyst.get(f"/api/v1/risk/enterprise/{A.enterprise}/history").json()["points"]
    assert points == [{"hour": NOW // 3600 * 3600, "low": 30.0, "mid": 40.0, "high": 50.0, "coverage": 0.9}]


def test_industries_pool_the_enterprises_in_scope(analyst: TestClient) -> None:
    rows = {row["code"]: row for row in analyst.get("/api/v1/industries").json()["items"]}
    assert set(rows) == {"C13", "C36"}
    assert (rows["C36"]["name_zh"], rows["C36"]["open_incidents"], rows["C13"]["risk"]) == ("汽车制造业", 3, None)
    given = weights()
    risk = power_mean([Child(given.of_level(2), 0.4)], given.rollup["power"])
    expected = interval(given, risk, mean([(given.of_level(2), 0.9)]))
    assert rows["C36"]["risk"]["mid"] == pytest.approx(100 * expected.mid)


def test_enterprises_filter_sort_and_page(world: World, analyst: TestClient) -> None:
    with world.records.write(EVERYTHING) as session:
        session.add_all(
            Enterprise(id=f"e{n:02}", name=f"厂{n}", region=A.county, industry="C40", kind="platform", level=n % 3 + 1)
            for n in range(30)
        )
    for sort in ("-risk", "name", "-open_incidents"):
        seen: list[str] = []
        params: dict[str, Any] = {"sort": sort, "limit": 7}
        while True:
            body = analyst.get("/api/v1/enterprises", params=params).json()
            seen += [row["id"] for row in body["items"]]
            if body["next_cursor"] is None:
                break
            params["cursor"] = body["next_cursor"]
        assert len(seen) == len(set(seen)) == 32
        assert sort == "name" or seen[0] == A.enterprise
    expected = {
        "industry=C40": 30, "industry=C": 32, "kind=industrial": 2, "level=3": 10, "monitored=true": 1, "q=厂1": 11,
        "monitored=false": 31,
    }  # fmt: skip
    for text, count in expected.items():
        found = analyst.get(f"/api/v1/enterprises?{text}&limit=200").json()["items"]
        assert len(found) == count, text


def test_telephone_numbers_are_masked_for_officials(world: World) -> None:
    url = f"/api/v1/enterprises/{A.enterprise}"
    assert world.client(A.login("official")).get(url).json()["contact_phone"] == "138******11"
    assert world.client(A.login("operator")).get(url).json()["contact_phone"] == "13800001111"


def test_assets_are_found_by_any_column(analyst: TestClient) -> None:
    url = f"/api/v1/enterprises/{A.enterprise}/assets"
    for text in ("plc", "10.1.2", A.marker):
        rows = analyst.get(url, params={"q": text}).json()["items"]
        assert [(row["id"], row["risk"]["mid"]) for row in rows] == [(A.id("asset"), 40.0)]
    assert analyst.get(url, params={"q": "nothing"}).json()["items"] == []


def test_open_counts_ignore_what_was_merged(world: World, analyst: TestClient) -> None:
    with world.records.write(EVERYTHING) as session:
        session.get_one(Incident, A.id("inc", 2)).merged_into = A.id("inc")
    rows = analyst.get("/api/v1/enterprises").json()["items"]
    assert rows[0]["open_incidents"] == 2


@pytest.mark.parametrize("kind", ["regions", "parks", "industries"])
def test_what_places_are_compared_by_counts_the_same_lists(analyst: TestClient, kind: str) -> None:
    """Enterprises hit and monitored, judged, open and overdue incidents: each is the length of its list."""
    region = analyst.get(f"/api/v1/regions/{A.city}?hours=24").json()
    rows = {
        "regions": [(f"region={row['region']['code']}", row) for row in region["children"]],
        "parks": [(f"park_id={row['id']}", row) for row in region["parks"]],
        "industries": [
            (f"industry={row['code']}", row) for row in analyst.get("/api/v1/industries?hours=24").json()["items"]
        ],
    }[kind]
    assert any(row["enterprises_hit"] for _, row in rows)
    since = NOW - 86_400
    judged = "&".join(f"verdict={one}" for one in JUDGED)
    for place, row in rows:
        lists = {
            "enterprises": f"/api/v1/enterprises?{place}",
            "enterprises_monitored": f"/api/v1/enterprises?monitored=true&{place}",
            "enterprises_hit": f"/api/v1/enterprises?hit_since={since}&{place}",
            "judged_incidents": f"/api/v1/incidents?view=all&since={since}&{judged}&{place}",
            "open_incidents": f"/api/v1/incidents?view=open&{place}",
            "overdue_incidents": f"/api/v1/incidents?view=open&overdue=true&{place}",
        }
        for name, url in lists.items():
            assert opened(analyst, url, name) == row[name], (name, place)
        assert row["hit_rate"] == row["enterprises_hit"] / max(1, row["enterprises_monitored"])
