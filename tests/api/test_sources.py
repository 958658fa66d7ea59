"""Sources: balance, health, registration, keys; quarantine and its replay; the audit trail through the API."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from taishi.records.tables import Audit, Ledger, QuarantineRecord, Source
from taishi.scope import EVERYTHING
from taishi.security.keys import hash_key
from tests.api.client import TestClient
from tests.api.conftest import StillClock
from tests.api.world import NOW, A, B, World

URL = "/api/v1/sources"
HOUR = int(NOW // 3600)


@pytest.fixture
def operator(world: World) -> TestClient:
    return world.client(A.login("operator"))


def add(world: World, name: str, ledger: dict[str, int] | None = None, **more: Any) -> None:
    owner = {"enterprise_id": A.enterprise, "region": A.county}
    given = {"name": name, "transport": "syslog", "last_seen": NOW - 10, "created_at": NOW - 1e6, **more}
    with world.records.write(EVERYTHING) as session:
        session.add(Source(**owner, id=name, **given))
        if ledger is not None:
            session.add(Ledger(**owner, source_id=name, hour=HOUR, **ledger))


def test_the_balance_of_a_period(operator: TestClient) -> None:
    body = operator.get(URL).json()
    source = body["items"][0]
    assert source["balance"] == {
        "received": 3 * A.scale, "stored": 2 * A.scale, "merged": 0, "suppressed": 0, "quarantined": A.scale,
        "rejected": 0, "difference": 0,
    }  # fmt: skip
    assert body["totals"] == source["balance"]
    assert (source["delay_mean"], source["silent_for"]) == (0.5, 60.0)
    assert source["parse_rate"] == pytest.approx(2 / 3)
    before = operator.get(URL, params={"start": NOW - 86400, "end": NOW - 7200}).json()
    assert before["totals"]["received"] == 0


def test_what_is_missing_shows_as_a_difference(world: World, operator: TestClient) -> None:
    add(world, "leaky", {"received": 10, "stored": 7, "rejected": 1})
    assert operator.get(f"{URL}/leaky").json()["balance"]["difference"] == 2


@pytest.mark.parametrize(
    ("status", "ledger", "more"),
    [
        ("ok", {"received": 10, "stored": 10}, {}),
        ("silent", None, {"last_seen": NOW - 4 * 3600}),
        ("silent", None, {"last_seen": None}),
        ("drifting", None, {"clock_skew": -400.0}),
        ("unparsable", {"received": 30, "stored": 10, "quarantined": 20}, {"clock_skew": 999.0}),
        ("ok", {"received": 3, "quarantined": 3}, {}),
        ("learning", None, {"state": "learning"}),
        ("disabled", {"received": 30, "quarantined": 30}, {"state": "disabled"}),
    ],
)
def test_status(world: World, operator: TestClient, status: str, ledger: Any, more: dict[str, Any]) -> None:
    add(world, "s", ledger, **more)
    body = operator.get(f"{URL}/s").json()
    assert body["status"] == status
    assert body["status_zh"]
    listed = operator.get(URL, params={"status": status}).json()
    assert "s" in [source["id"] for source in listed["items"]]


def test_pages_worst_first(world: World, operator: TestClient) -> None:
    for number in range(12):
        add(world, f"s{number:02}", None, **({"last_seen": 1.0} if number % 3 == 0 else {}))
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 5}
    while True:
        body = operator.get(URL, params=params).json()
        seen += [source["id"] for source in body["items"]]
        if body["next_cursor"] is None:
            break
        params["cursor"] = body["next_cursor"]
    assert seen[:4] == ["s00", "s03", "s06", "s09"]
    assert len(set(seen)) == 13
    assert {row["status"]: row["count"] for row in body["statuses"]} == {"silent": 4, "ok": 9}


def test_hours_add_up_to_the_total(world: World, operator: TestClient) -> None:
    add(world, "s", {"received": 5, "stored": 5})
    with world.records.write(EVERYTHING) as session:
        session.add(
            Ledger(enterprise_id=A.enterprise, region=A.county, source_id="s", hour=HOUR - 1, received=2, rejected=2)
        )
    body = operator.get(f"{URL}/s/balance").json()
    assert [(row["hour"], row["received"]) for row in body["items"]] == [((HOUR - 1) * 3600, 2), (HOUR * 3600, 5)]
    assert body["totals"]["received"] == 7


def test_a_new_source_gets_its_key_once(world: World, operator: TestClient) -> None:
    body = {"name": "边界防火墙", "enterprise_id": A.enterprise, "transport": "http"}
    answer = operator.post(URL, json=body)
    assert answer.status_code == 201
    key, source = answer.json()["key"]["key"], answer.json()["source"]
    assert (source["state"], source["status"], source["region"]["code"]) == ("learning", "learning", A.county)
    with world.records.read(EVERYTHING) as session:
        assert session.get_one(Source, source["id"]).key_hash == hash_key(key)
        assert key not in str(session.scalars(select(Audit.detail)).all())
    assert key not in operator.get(f"{URL}/{source['id']}").text


def test_what_the_collector_would_stumble_over_is_refused(operator: TestClient) -> None:
    body = {"name": "x", "enterprise_id": A.enterprise, "transport": "syslog"}
    for wrong in ({"timezone": "Mars/Base"}, {"encoding": "klingon"}, {"addresses": ["10.0.0.0/99"]}):
        assert operator.post(URL, json={**body, **wrong}).status_code == 422, wrong
    assert operator.post(URL, json={**body, "enterprise_id": B.enterprise}).status_code == 404


def test_changing_a_source_needs_its_version(operator: TestClient) -> None:
    url = f"{URL}/{A.id('src')}"
    assert operator.patch(url, json={"name": "n"}).status_code == 428
    changed = operator.patch(url, json={"name": "n", "state": "disabled"}, headers={"If-Match": '"1"'})
    assert (changed.json()["status"], changed.headers["ETag"]) == ("disabled", '"2"')
    assert operator.patch(url, json={"name": "m"}, headers={"If-Match": '"1"'}).status_code == 412


def test_a_rotated_key_replaces_the_old_one(world: World, operator: TestClient) -> None:
    answer = operator.post(f"{URL}/{A.id('src')}/key", json={"expires_at": NOW + 86400}).json()
    with world.records.read(EVERYTHING) as session:
        source = session.get_one(Source, A.id("src"))
        assert (source.key_hash, source.key_expires_at) == (hash_key(answer["key"]), NOW + 86400)
    assert operator.post(f"{URL}/{A.id('src')}/key", json={"expires_at": NOW - 1}).status_code == 422


# ---------------------------------------------------------------- quarantine


def test_quarantine_shows_what_and_why(operator: TestClient) -> None:
    row = operator.get("/api/v1/quarantine").json()["items"][0]
    assert (row["reason"], row["source_name"]) == (A.text("no parser"), A.text("防火墙"))
    body = operator.get(f"/api/v1/quarantine/{A.id('quarantined')}").json()
    assert body["original"] == A.text("an unreadable line")


def test_replay_marks_records_once(world: World, operator: TestClient) -> None:
    request = {"ids": [A.id("quarantined"), B.id("quarantined"), "unknown"]}
    answer = operator.post("/api/v1/quarantine/replay", json=request)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "skipped": 2})
    with world.records.read(EVERYTHING) as session:
        statuses = {row.id: row.status for row in session.scalars(select(QuarantineRecord))}
    assert statuses == {A.id("quarantined"): "replay", B.id("quarantined"): "new"}
    assert operator.post("/api/v1/quarantine/replay", json={"filter": {}}).json() == {"accepted": 0, "skipped": 0}
    assert operator.post("/api/v1/quarantine/replay", json={}).status_code == 422


# ---------------------------------------------------------------- the trail, read by an auditor


def test_the_auditor_reads_and_verifies_and_finds_tampering(
    world: World, still: StillClock, operator: TestClient
) -> None:
    for number in range(3):
        still.at += 1
        operator.post(f"{URL}/{A.id('src')}/key", json={"expires_at": NOW + 1000 + number})
    auditor = world.client("auditor")
    page = auditor.get("/api/v1/audit", params={"limit": 2}).json()
    assert [entry["action"] for entry in page["items"]] == ["source.key", "source.key"]
    rest = auditor.get("/api/v1/audit", params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert (len(rest["items"]), rest["next_cursor"]) == (1, None)
    assert auditor.get("/api/v1/audit", params={"actor": "nobody"}).json()["items"] == []
    assert auditor.get("/api/v1/audit/verify").json()["ok"]
    with world.records.write(EVERYTHING) as session:
        session.get_one(Audit, 2).actor = "somebody else"
    found = auditor.get("/api/v1/audit/verify").json()
    assert (found["ok"], found["first_bad"]) == (False, 2)
