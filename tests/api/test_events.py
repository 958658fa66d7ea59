"""Searching events: pages, periods, positions of errors, histogram, top values, fields."""

from __future__ import annotations

import pytest

from taishi.fields import table
from tests.api.client import TestClient
from tests.api.world import NOW, A, B, World, event

URL = "/api/v1/events"


@pytest.fixture
def analyst(world: World) -> TestClient:
    world.store.index([event(A, number) for number in range(1, 25)])
    world.store.flush()
    return world.client(A.login("analyst"))


def test_pages_newest_first_and_back(analyst: TestClient) -> None:
    for ascending in (False, True):
        seen: list[str] = []
        cursor = None
        while True:
            params = {"limit": 10, "ascending": ascending} | ({"cursor": cursor} if cursor else {})
            body = analyst.get(URL, params=params).json()
            seen += [item["event.id"] for item in body["items"]]
            cursor = body["next_cursor"]
            if cursor is None:
                break
        expected = [f"{A.marker}-delivery-{number}" for number in range(25)]
        assert seen == (expected if ascending else expected[::-1])


def test_a_bad_query_says_where(analyst: TestClient) -> None:
    for query in ("rule.name:(", "no.such.field:1", "source.ip:300.1.1.1"):
        answer = analyst.get(URL, params={"q": query})
        body = answer.json()
        assert (answer.status_code, body["code"]) == (400, "query"), query
        assert isinstance(body["position"], int)
        assert answer.headers["content-type"] == "application/problem+json"


def test_one_event_whole(analyst: TestClient) -> None:
    assert analyst.get(f"{URL}/{A.event}").json()["event.original"] == A.text("original line")
    assert analyst.get(f"{URL}/{B.event}").status_code == 404


def test_the_histogram_covers_the_period_and_adds_up(analyst: TestClient) -> None:
    params = {"start": NOW - 3600, "end": NOW, "buckets": 60}
    body = analyst.get(f"{URL}/histogram", params=params).json()
    assert (body["interval"], body["total"]) == (60.0, 25)
    assert sum(bucket["count"] for bucket in body["buckets"]) == 25
    assert len(body["buckets"]) in {60, 61}
    wide = analyst.get(f"{URL}/histogram", params={"start": 0, "end": 253_402_300_799, "buckets": 500})
    assert wide.status_code == 200


def test_top_values_of_countable_fields_only(analyst: TestClient) -> None:
    body = analyst.get(f"{URL}/top", params={"field": "rule.name"}).json()
    assert (body["total"], body["items"]) == (25, [{"value": A.text("rule"), "count": 25}])
    for field in ("event.original", "message", "no.such", "zeek.uid"):
        assert analyst.get(f"{URL}/top", params={"field": field}).status_code == 400, field


def test_every_countable_field_can_be_counted(analyst: TestClient) -> None:
    for field in analyst.get("/api/v1/fields").json()["items"]:
        status = analyst.get(f"{URL}/top", params={"field": field["name"]}).status_code
        assert (status == 200) == field["countable"], (field, status)


def test_fields_complete_and_explain(analyst: TestClient) -> None:
    found = analyst.get("/api/v1/fields").json()["items"]
    assert len(found) == len(table())
    names = [field["name"] for field in analyst.get("/api/v1/fields", params={"q": "source."}).json()["items"]]
    assert names[0].startswith("source.")
    assert "source.ip" in names
    aliases = {field["name"]: field["aliases"] for field in found}
    assert "src" in aliases["source.ip"]


def test_an_empty_period_is_refused(analyst: TestClient) -> None:
    for path in (URL, f"{URL}/histogram", f"{URL}/top?field=user.name"):
        answer = analyst.get(path, params={"start": 10, "end": 10} | ({"field": "user.name"} if "top" in path else {}))
        assert (answer.status_code, answer.json()["code"]) == (422, "period")
