"""Connecting a source: the platform's own addresses in the steps, and the first records for whoever connects it."""

from __future__ import annotations

from typing import Any

import pytest

from taishi.records.tables import QuarantineRecord, Source
from taishi.scope import EVERYTHING
from tests.api.client import TestClient
from tests.api.world import NOW, A, B, World


@pytest.fixture
def operator(world: World) -> TestClient:
    return world.client(A.login("operator"))


def test_a_guide_has_the_addresses_of_this_platform(operator: TestClient) -> None:
    found = operator.get("/api/v1/onboarding/products/fortigate", params={"host": "soc.example.com"}).json()
    own = found["ways"][0]
    assert 'set server "soc.example.com"' in own["snippet"]
    assert "set port 5514" in own["snippet"]
    assert own["lacking"] == []
    assert "soc.example.com:8089/v1/ingest" in found["test_http"]
    assert "TAISHI_KEY" in found["test_http"]
    assert "nc -q 1 soc.example.com 5514" in found["test_syslog"]


def test_the_sample_is_read_by_the_products_parser(operator: TestClient) -> None:
    found = operator.get("/api/v1/onboarding/products/huawei_usg").json()
    tried = operator.post("/api/v1/parsers/trial", json={"sample": found["sample"]}).json()
    assert tried["records"][0]["parser"] == found["product"]["parser"] == "huawei_usg"


def test_a_listener_that_is_off_is_named(operator: TestClient) -> None:
    ways = operator.get("/api/v1/onboarding/products/sentinelone").json()["ways"]
    assert ways[0]["lacking"] == ["syslog.tls_port"]


@pytest.mark.parametrize("host", ['x" onload="', "a b", "x;rm", "$(id)"])
def test_a_host_that_is_none_reaches_no_command(operator: TestClient, host: str) -> None:
    assert operator.get("/api/v1/onboarding/products/zeek", params={"host": host}).status_code == 422


def test_an_unknown_product_is_said_to_be_unknown(operator: TestClient) -> None:
    found = operator.get("/api/v1/onboarding/products/nothing")
    assert found.status_code == 404
    assert "onboarding/products" in found.text


def test_all_products_are_listed(operator: TestClient) -> None:
    items = operator.get("/api/v1/onboarding/products").json()["items"]
    assert len(items) > 110
    assert {"key": "zeek", "parser": "zeek", "own": True}.items() <= next(
        i for i in items if i["key"] == "zeek"
    ).items()


def state(world: World, value: str) -> None:
    with world.records.write(EVERYTHING) as session:
        found = session.get(Source, A.id("src"))
        assert found is not None
        found.state = value


def arrivals(client: TestClient, source: str = A.id("src")) -> dict[str, Any]:
    answer = client.get(f"/api/v1/sources/{source}/arrivals")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_whoever_connects_a_source_sees_its_first_records(world: World, operator: TestClient) -> None:
    state(world, "learning")
    found = arrivals(operator)
    assert found["may_read"]
    assert found["events"]
    assert all(event["taishi.source_id"] == A.id("src") for event in found["events"])
    assert found["refused"][0]["reason"] == A.text("no parser")
    assert found["stored"] == 2 * A.scale


def test_later_it_takes_the_permission_to_read_events(world: World, operator: TestClient) -> None:
    state(world, "active")
    found = arrivals(operator)
    assert not found["may_read"]
    assert found["events"] == []
    assert found["received"] == 3 * A.scale


def test_the_newest_refusals_come_first_and_short(world: World, operator: TestClient) -> None:
    owned = {"enterprise_id": A.enterprise, "region": A.county, "authority": f"x{A.marker}"[:16]}
    with world.records.write(EVERYTHING) as session:
        for number in range(8):
            session.add(QuarantineRecord(**owned, id=f"q{number}", source_id=A.id("src"), received_at=NOW + number,
                                         original="x" * 5000, reason=f"r{number}", parser=""))  # fmt: skip
    refused = arrivals(operator)["refused"]
    assert [one["reason"] for one in refused] == ["r7", "r6", "r5", "r4", "r3"]
    assert len(refused[0]["preview"]) == 300


def test_a_source_outside_the_scope_is_no_source(operator: TestClient) -> None:
    assert operator.get(f"/api/v1/sources/{B.id('src')}/arrivals").status_code == 404
