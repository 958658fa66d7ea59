"""Mappings in the API: drafted, tried by the collectors' own code, kept in versions, and used by the sources that name them."""

from __future__ import annotations

from typing import Any

import pytest

from collectors.framing import Frame
from collectors.normalise import Reader
from collectors.sources import SourceRegistry
from taishi.records.tables import Person
from taishi.scope import EVERYTHING
from tests.api.client import TestClient
from tests.api.world import NOW, ROOT, A, World

SAMPLE = "t|src|who|what\n2026-05-29 08:00:00|192.0.2.7|li|口令爆破\n2026-05-29 08:00:01|192.0.2.8|wang|端口扫描"
SPEC: dict[str, Any] = {
    "form": "csv",
    "csv": {"delimiter": "|"},
    "fields": [{"key": "t", "to": "@timestamp"}, {"key": "src", "to": "source.ip"}, {"key": "what", "to": "rule.name"}],
    "constants": {"event.kind": "alert"},
}


@pytest.fixture
def operator(world: World) -> TestClient:
    with world.records.write(EVERYTHING) as session:
        session.add(
            Person(login="whole-operator", name="全省", role="operator", password_hash="unusable", regions=[ROOT],
                   enterprises=[], authorities=[], preferences={})
        )  # fmt: skip
    return world.client("whole-operator")


def _post(client: TestClient, path: str, body: dict[str, Any], status: int = 200, version: int | None = None) -> Any:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    answer = client.post(f"/api/v1{path}", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_draft_is_tried_and_shows_its_events_and_keys(operator: TestClient) -> None:
    draft = _post(operator, "/parser-mappings/draft", {"sample": SAMPLE})
    assert draft["spec"]["form"] == "csv"
    assert draft["spec"]["csv"]["delimiter"] == "|"
    assert draft["parser"] == ""
    tried = _post(operator, "/parser-mappings/trial", {"sample": SAMPLE, "spec": SPEC})
    assert [len(one["events"]) for one in tried["records"]] == [0, 1, 1]
    assert tried["records"][2]["events"][0]["rule.name"] == "端口扫描"
    assert (tried["parsed"], tried["quarantined"], tried["problems"]) == (2, 0, [])
    assert {one["key"]: one["examples"][0] for one in tried["keys"]}["who"] == "li"
    assert {one["key"]: one["suggestion"] for one in tried["keys"]}["src"] == "source.ip"


def test_what_is_wrong_with_a_mapping_is_said_where_it_is(operator: TestClient) -> None:
    wrong = {**SPEC, "fields": [{"key": "src", "to": "source.adress"}]}
    tried = _post(operator, "/parser-mappings/trial", {"sample": SAMPLE, "spec": wrong})
    assert tried["problems"][0]["location"] == "fields.0.to"
    assert "no field" in tried["problems"][0]["message"]
    assert _post(operator, "/parser-mappings", {"name": "x", "spec": wrong}, 422)["code"] == "mapping_refused"


def test_lines_are_tried_as_a_source_would_send_them(operator: TestClient) -> None:
    line = "CEF:0|Vendor|Product|1|100|Scan|7|src=192.0.2.1 dst=192.0.2.2"
    tried = _post(operator, "/parsers/trial", {"sample": line})
    assert tried["records"][0]["parser"] == "cef"
    assert tried["records"][0]["events"][0]["source.ip"] == "192.0.2.1"
    refused = _post(operator, "/parsers/trial", {"sample": line, "parser": "suricata"})
    assert refused["quarantined"] == 1
    assert refused["records"][0]["reason"]
    assert _post(operator, "/parsers/trial", {"sample": line, "parser": "nope"}, 422)["code"] == "parser"
    names = {one["name"] for one in operator.get("/api/v1/parsers").json()["items"]}
    assert {"cef", "suricata", "generic"} <= names


def test_a_mapping_is_kept_in_versions_and_read_by_its_sources(world: World, operator: TestClient) -> None:
    kept = _post(
        operator, "/parser-mappings", {"name": "某厂审计", "product": "某厂", "spec": SPEC, "sample": SAMPLE}, 201
    )
    source = operator.get("/api/v1/sources").json()["items"][0]
    path = f"/api/v1/sources/{source['id']}"
    answer = operator.patch(path, json={"parser": kept["parser"]}, headers={"If-Match": f'"{source["version"]}"'})
    assert answer.status_code == 200, answer.text
    registry = SourceRegistry(world.records)

    def read() -> dict[str, Any]:
        registry.refresh()
        info = registry.by_id(source["id"])
        assert info is not None
        frames = [Frame(line.encode()) for line in SAMPLE.splitlines()]
        batch = Reader(info).batch(frames, "d", NOW)
        assert (batch.suppressed, len(batch.events), batch.quarantined) == (1, 2, [])
        return batch.events[0]

    first = read()
    assert (first["source.ip"], first["taishi.parser"]) == ("192.0.2.7", kept["parser"])
    assert "user.name" not in first

    changed = {**SPEC, "fields": [*SPEC["fields"], {"key": "who", "to": "user.name"}]}
    body = {"name": "某厂审计", "spec": changed, "note": "用户名"}
    place = f"/api/v1/parser-mappings/{kept['id']}"
    assert operator.put(place, json=body).status_code == 428
    saved = operator.put(place, json=body, headers={"If-Match": '"1"'})
    assert saved.status_code == 200, saved.text
    assert operator.put(place, json=body, headers={"If-Match": '"1"'}).status_code == 412
    detail = operator.get(place).json()
    assert [one["number"] for one in detail["versions"]] == [2, 1]
    assert any("user.name" in line for line in detail["versions"][0]["diff"] if line.startswith("+"))
    assert [one["id"] for one in detail["used_by"]] == [source["id"]]
    assert read()["user.name"] == "li"

    back = _post(operator, f"/parser-mappings/{kept['id']}/versions/1/run", {}, version=detail["version"])
    assert [one["current"] for one in back["versions"]] == [False, True]
    assert "user.name" not in read()
    assert operator.delete(place, headers={"If-Match": f'"{back["version"]}"'}).status_code == 409


def test_a_mapping_that_nobody_uses_can_be_removed(operator: TestClient) -> None:
    kept = _post(operator, "/parser-mappings", {"name": "临时", "spec": SPEC}, 201)
    place = f"/api/v1/parser-mappings/{kept['id']}"
    assert operator.delete(place, headers={"If-Match": '"1"'}).status_code == 204
    assert operator.get(place).status_code == 404
    assert kept["id"] not in {one["id"] for one in operator.get("/api/v1/parser-mappings").json()["items"]}


def test_a_source_cannot_name_a_parser_that_is_not_there(operator: TestClient) -> None:
    source = operator.get("/api/v1/sources").json()["items"][0]
    for name in ("map:nope", "nope"):
        answer = operator.patch(
            f"/api/v1/sources/{source['id']}", json={"parser": name}, headers={"If-Match": f'"{source["version"]}"'}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "parser")


def test_who_sees_a_part_cannot_change_what_all_are_read_by(world: World) -> None:
    part = world.client(A.login("operator"))
    assert _post(part, "/parser-mappings", {"name": "x", "spec": SPEC}, 403)
    assert part.get("/api/v1/parser-mappings").status_code == 200
