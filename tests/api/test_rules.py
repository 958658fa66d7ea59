"""Detection rules in the API: found, read, checked, written, switched; exceptions that do what their preview says."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from processor import rule_store
from taishi.clock import to_text
from taishi.records.tables import Audit, Person, RuleException
from taishi.scope import EVERYTHING
from taishi.sigma.alert import alert
from tests.api.client import TestClient
from tests.api.world import NOW, ROOT, RULE, RULE_TEXT, A, B, World, event

MINE = """title: Robot mode changed
id: 6f6c3a52-0000-4000-8000-000000000001
status: experimental
level: medium
tags: [attack.t0858]
logsource: {category: ics}
detection:
  selection:
    taishi.ics.protocol: modbus
    taishi.ics.function|contains: write
  condition: selection
taishi:
  title_zh: 机器人模式变更
  cases:
    - match: true
      events: [{taishi.ics.protocol: modbus, taishi.ics.function: write_single_coil}]
    - match: false
      events: [{taishi.ics.protocol: modbus, taishi.ics.function: read_coils}]
"""
IDENTITY = "6f6c3a52-0000-4000-8000-000000000001"


@pytest.fixture
def province(world: World) -> TestClient:
    with world.records.write(EVERYTHING) as session:
        for role in ("analyst", "operator"):
            session.add(
                Person(login=f"whole-{role}", name="全省", role=role, password_hash="unusable", regions=[ROOT],
                       enterprises=[], authorities=[], preferences={})
            )  # fmt: skip
    return world.client("whole-analyst")


def _get(client: TestClient, path: str, status: int = 200, **query: Any) -> Any:
    answer = client.get(f"/api/v1{path}", params=query)
    assert answer.status_code == status, answer.text
    return answer.json()


def _save(client: TestClient, body: str, version: int | None = None, note: str = "") -> Any:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return client.put("/api/v1/rules", json={"body": body, "note": note}, headers=headers)


def _change(client: TestClient, state: str, version: int, reason: str = "") -> Any:
    return client.patch(
        f"/api/v1/rules/{IDENTITY}", json={"state": state, "reason": reason}, headers={"If-Match": f'"{version}"'}
    )


def test_hits_are_those_of_the_scope(world: World, province: TestClient) -> None:
    hits = {}
    for name, client in (
        ("all", province),
        ("a", world.client(A.login("analyst"))),
        ("b", world.client(B.login("analyst"))),
    ):
        (row,) = _get(client, "/rules", q="shared")["items"]
        assert row["id"] == RULE
        hits[name] = row["hits"]
    assert hits == {"all": A.scale + B.scale, "a": A.scale, "b": B.scale}
    detail = _get(world.client(A.login("analyst")), f"/rules/{RULE}")
    assert sum(day["count"] for day in detail["days"]) == 1
    assert detail["techniques"][0]["technique"] == "T1110"
    assert (detail["advice_zh"], detail["body"]) == ("看一看", RULE_TEXT)
    assert detail["verdicts"]["false_positive"] == A.scale


def test_a_rule_from_draft_to_off(world: World, province: TestClient) -> None:
    checked = province.post("/api/v1/rules/check", json={"body": MINE}).json()
    assert checked["accepted"], checked
    assert (checked["known"], checked["cases"], checked["failed_cases"], checked["literals"]) == (None, 2, [], True)
    saved = _save(province, MINE, note="首次编写")
    assert saved.status_code == 200, saved.text
    assert (saved.json()["state"], saved.json()["ruleset"], saved.json()["history"][0]["note"]) == (
        "draft",
        "local",
        "首次编写",
    )
    with world.records.read(EVERYTHING) as session:
        assert IDENTITY not in {entry.rule.id for entry in rule_store.load(session).engine.entries}
    stable = _change(province, "stable", saved.json()["version"])
    assert stable.status_code == 200, stable.text
    with world.records.read(EVERYTHING) as session:
        assert IDENTITY in {entry.rule.id for entry in rule_store.load(session).engine.entries}
    assert _change(province, "off", stable.json()["version"]).json()["code"] == "reason_required"
    assert _change(province, "off", stable.json()["version"] - 1, "误报").status_code == 412
    off = _change(province, "off", stable.json()["version"], "误报太多")
    assert (off.json()["state"], off.json()["history"][0]["note"]) == ("off", "误报太多")
    with world.records.read(EVERYTHING) as session:
        actions = session.scalars(select(Audit.action).where(Audit.object_id == IDENTITY).order_by(Audit.seq)).all()
        assert actions == ["rule.save", "rule.state", "rule.state"]


def test_versions_differ_and_go_back(province: TestClient) -> None:
    first = _save(province, MINE).json()
    assert _save(province, MINE.replace("medium", "high")).status_code == 428
    second = _save(province, MINE.replace("medium", "high"), first["version"]).json()
    assert (second["level"], [one["number"] for one in second["versions"]]) == ("high", [2, 1])
    text = _get(province, f"/rules/{IDENTITY}/versions/2")
    assert "-level: medium" in text["diff"]
    assert "+level: high" in text["diff"]
    assert text["previous"] == 1
    back = province.post(f"/api/v1/rules/{IDENTITY}/versions/1/run", headers={"If-Match": f'"{second["version"]}"'})
    assert back.status_code == 200, back.text
    assert (back.json()["level"], back.json()["body"]) == ("medium", MINE)
    assert _get(province, f"/rules/{IDENTITY}/versions/9", 404)["code"] == "not_found"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: [", "YAML"),
        ("just words", "mapping"),
        (MINE.replace("condition: selection", "condition: selection and other"), "other"),
        (MINE + "---\n" + MINE.replace("0001", "0002"), "one rule at a time"),
        ("# nothing", "no rule"),
    ],
)
def test_a_broken_text_says_why(province: TestClient, text: str, said: str) -> None:
    checked = province.post("/api/v1/rules/check", json={"body": text}).json()
    assert not checked["accepted"]
    assert said.lower() in checked["problems"][0]["reason"].lower()
    refused = _save(province, text)
    assert (refused.status_code, refused.json()["code"]) == (422, "rule_refused")


def test_an_example_that_does_not_hold_is_named(province: TestClient) -> None:
    broken = MINE.replace("taishi.ics.function: read_coils", "taishi.ics.function: write_single_register")
    assert province.post("/api/v1/rules/check", json={"body": broken}).json()["failed_cases"] == [2]


def test_lists_filter_and_count(province: TestClient) -> None:
    _save(province, MINE)
    everything = _get(province, "/rules", order="title")
    assert [row["title"] for row in everything["items"]] == ["Robot mode changed", "shared rule"]
    assert {one["value"]: one["count"] for one in everything["facets"]["state"]} == {"draft": 1, "stable": 1}
    for query, wanted in (
        ({"state": "draft"}, [IDENTITY]), ({"q": "机器人"}, [IDENTITY]), ({"technique": "T1110"}, [RULE]),
        ({"fired": True}, [RULE]), ({"fired": False}, [IDENTITY]), ({"source": "ics"}, [IDENTITY]),
        ({"ruleset": "taishi"}, [RULE]), ({"level": "low"}, []), ({"throttled": True}, []),
    ):  # fmt: skip
        found = _get(province, "/rules", **query)
        assert ([row["id"] for row in found["items"]], found["total"]) == (wanted, len(wanted)), query
    for order in ("hits", "cost", "changed", "title"):
        seen, cursor = [], None
        while True:
            page = _get(province, "/rules", order=order, limit=1, **({"cursor": cursor} if cursor else {}))
            seen += [row["id"] for row in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert sorted(seen) == sorted([IDENTITY, RULE]), order


def test_only_who_sees_the_whole_platform_writes_rules(world: World, province: TestClient) -> None:
    assert _save(world.client(A.login("analyst")), MINE).status_code == 403
    assert world.client(A.login("official")).get("/api/v1/rules").status_code == 403
    assert _save(world.client("whole-operator"), MINE).status_code == 200


def _fire(world: World, number: int, user: str) -> None:
    """An event of A and the alert that the shared rule made of it."""
    made = event(
        A, number + 10, **{"user.name": user, "@timestamp": to_text(NOW - 3600 + number), "event.outcome": "failure"}
    )
    made.pop("rule.id")
    with world.records.read(EVERYTHING) as session:
        entry = next(entry for entry in rule_store.load(session).engine.entries if entry.rule.id == RULE)
    world.store.index([made, alert(made, entry.rule, {"event.outcome": "failure"})])
    world.store.flush()


def test_an_exception_keeps_quiet_what_its_preview_said(world: World, province: TestClient) -> None:
    for number, user in enumerate(("svc-backup", "svc-backup", "zhang")):
        _fire(world, number, user)
    draft = {"enterprise_id": A.enterprise, "fields": {"user.name": "svc-*"}}
    client = world.client(A.login("analyst"))
    preview = client.post(f"/api/v1/rules/{RULE}/exceptions/preview", json=draft)
    assert preview.status_code == 200, preview.text
    found = preview.json()
    assert (found["hidden"], found["alerts"], found["complete"], len(found["samples"])) == (2, 4, True, 2)
    made = client.post(
        f"/api/v1/rules/{RULE}/exceptions", json={**draft, "reason": "备份账号", "expires_at": NOW + 86_400}
    )
    assert made.status_code == 201, made.text
    with world.records.read(EVERYTHING) as session:
        ruleset = rule_store.load(session)

    class Owner:
        id, region, authority = A.enterprise, A.county, f"x{A.marker}"[:16]

    for user, quiet in (("svc-backup", True), ("zhang", False)):
        assert bool(ruleset.exempted(RULE, {"user.name": user}, Owner(), NOW)) == quiet
    assert not ruleset.exempted(RULE, {"user.name": "svc-backup"}, Owner(), NOW + 90_000)
    listed = _get(client, f"/rules/{RULE}/exceptions")["items"]
    assert listed[0]["id"] == made.json()["id"]
    assert {one["id"] for one in _get(world.client(B.login("analyst")), f"/rules/{RULE}/exceptions")["items"]} == {
        B.id("exc")
    }
    ended = client.patch(
        f"/api/v1/rule-exceptions/{made.json()['id']}", json={"action": "withdraw"}, headers={"If-Match": '"1"'}
    )
    assert (ended.status_code, ended.json()["in_force"]) == (200, False)
    with world.records.read(EVERYTHING) as session:
        assert not rule_store.load(session).exempted(RULE, {"user.name": "svc-backup"}, Owner(), NOW)
        assert session.get_one(RuleException, made.json()["id"]).history[-1]["action"] == "withdraw"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"enterprise_id": B.enterprise}, 404),
        ({"region": B.city}, 422),
        ({"region": ROOT}, 422),
        ({"fields": {"no.such.field": "x"}}, 422),
        ({"query": "user.name:("}, 422),
        ({"expires_at": NOW - 1}, 422),
        ({"expires_at": NOW + 400 * 86_400}, 422),
    ],
)
def test_an_exception_stays_inside_scope_and_reason(world: World, body: dict[str, Any], status: int) -> None:
    given = {"enterprise_id": A.enterprise, "reason": "because", "expires_at": NOW + 999, **body}
    if "region" in body:
        given.pop("enterprise_id")
    answer = world.client(A.login("analyst")).post(f"/api/v1/rules/{RULE}/exceptions", json=given)
    assert answer.status_code == status, answer.text
