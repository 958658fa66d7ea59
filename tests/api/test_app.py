"""Around the routes: problems, headers, limits, probes, the dashboards, the live view, the published document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import update

from api.guard import HEADERS, MAX_BODY
from api.openapi import new_app
from taishi.errors import RecordsError
from taishi.records.tables import Change, Person
from taishi.scope import EVERYTHING
from tests.api.client import TestClient
from tests.api.conftest import StillClock
from tests.api.world import NOW, A, B, World

PUBLISHED = Path(__file__).resolve().parents[2] / "dashboards" / "src" / "api" / "openapi.json"


def test_the_published_document_is_the_present_one() -> None:
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    present = orjson.dumps(new_app().openapi(), option=options)
    assert PUBLISHED.read_bytes() == present, "run: python -m api.openapi > dashboards/src/api/openapi.json"


def test_operation_ids_are_unique_and_every_reference_resolves() -> None:
    document = new_app().openapi()
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    schemas = document["components"]["schemas"]
    text = json.dumps(document)
    for reference in set(text.split('"#/components/schemas/')[1:]):
        assert reference.split('"')[0] in schemas


def test_unknown_paths_and_methods_are_problems(world: World) -> None:
    client = world.client()
    for method, path, status in (("GET", "/api/v1/nothing", 404), ("PUT", "/api/v1/session", 405)):
        answer = client.request(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["title_zh"]


def test_an_unexpected_error_says_nothing_of_the_inside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the secret of the inside")

    monkeypatch.setattr("api.platform.queries.platform", broken)
    answer = world.client().get("/api/v1/platform")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "secret" not in answer.text
    assert len(answer.json()["incident"]) == 12


def test_an_engine_that_is_down_is_a_503_to_try_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RecordsError("no such table: secret")

    monkeypatch.setattr("api.platform.queries.platform", broken)
    answer = world.client().get("/api/v1/platform")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "secret" not in answer.text


def test_every_answer_carries_the_security_headers(world: World) -> None:
    client = world.client()
    for path in ("/", "/api/v1/platform", "/api/v1/incidents", "/health/live", "/api/v1/nothing"):
        answer = client.get(path)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, (path, name)
    assert client.get("/api/v1/platform").headers["Cache-Control"] == "no-store"
    assert "unsafe-eval" not in HEADERS["Content-Security-Policy"]
    assert "script-src" not in HEADERS["Content-Security-Policy"]  # so scripts fall under default-src 'self'


def test_bodies_are_bounded(world: World) -> None:
    client = world.client()
    assert client.post("/api/v1/session", content=b"x" * (MAX_BODY + 1)).status_code == 413
    assert client.post("/api/v1/session", content=iter([b"x"])).status_code == 413  # chunked: no length to trust


def test_the_platform_tells_visitors_its_name_and_members_its_version(world: World) -> None:
    body = world.client().get("/api/v1/platform").json()
    assert (body["region"]["code"], body["version"], len(body["roles"])) == ("330000", None, 5)
    assert world.client(A.login("analyst")).get("/api/v1/platform").json()["version"]


def test_probes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = world.client()
    assert client.get("/health/live").text == "live\n"
    assert client.get("/health/ready").status_code == 200
    assert "taishi_api_requests_total" in client.get("/metrics").text

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("gone")

    monkeypatch.setattr(world.store, "count", broken)
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.text.startswith("store:")


# ---------------------------------------------------------------- dashboards


def test_without_a_build_there_is_a_hint(world: World) -> None:
    answer = world.client().get("/incidents")
    assert answer.status_code == 503
    assert "make" in answer.text


def test_the_dashboards_are_served_with_fallback_and_caching(world: World) -> None:
    folder = world.settings.api.dashboards_dir
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>index</title>", encoding="utf-8")
    (folder / "assets" / "app-1a2b.js").write_text("plain", encoding="utf-8")
    (folder / "assets" / "app-1a2b.js.gz").write_bytes(b"packed")
    (folder.parent / "secret.txt").write_text("secret", encoding="utf-8")
    client = world.client()
    for path in ("/", "/incidents/some-id?view=open", "/index.html"):
        answer = client.get(path)
        assert (answer.text, answer.headers["Cache-Control"]) == ("<title>index</title>", "no-cache")
    plain = client.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "identity"})
    assert plain.text == "plain"
    assert "immutable" in plain.headers["Cache-Control"]
    assert "javascript" in plain.headers["content-type"]
    with client.stream("GET", "/assets/app-1a2b.js", headers={"Accept-Encoding": "gzip"}) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert b"".join(packed.iter_raw()) == b"packed"
        assert "javascript" in packed.headers["content-type"]
    assert client.get("/assets/old-9z.js").status_code == 404
    up = ("/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/%2e%2e/%2e%2e/secret.txt", "/a%00b")
    for path in up:
        assert "secret" not in client.get(path).text


# ---------------------------------------------------------------- live


def live(client: TestClient, last: str | None = "0") -> list[dict[str, Any]]:
    headers = {} if last is None else {"Last-Event-ID": last}
    answer = client.get("/api/v1/live", params={"once": True}, headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


def test_live_sends_what_changed_in_scope_and_role(world: World) -> None:
    kinds = {change["kind"] for change in live(world.client(A.login("analyst")))}
    assert kinds == {"incident", "source", "risk", "campaign", "burst"}
    assert {change["enterprise_id"] for change in live(world.client(A.login("analyst")))} == {A.enterprise, ""}
    assert {change["kind"] for change in live(world.client(A.login("operator")))} == {"source"}
    assert live(world.client("auditor")) == []


def test_live_resumes_where_it_was_and_begins_now_without(world: World) -> None:
    client = world.client(A.login("analyst"))
    everything = live(client)
    assert live(client, str(everything[1]["seq"])) == everything[2:]
    assert live(client, None) == live(client, "nonsense") == live(client, "9" * 18) == []


def test_live_ends_with_the_session(world: World) -> None:
    client = world.client(A.login("analyst"))
    lines: list[str] = []
    with client.stream("GET", "/api/v1/live", headers={"Last-Event-ID": "0"}) as answer:
        for line in answer.iter_lines():
            lines.append(line)
            if len(lines) == 4:
                with world.records.write(EVERYTHING) as session:
                    session.execute(update(Person).where(Person.login == A.login("analyst")).values(disabled=True))
    assert "event: signed_out" in lines


def test_live_sees_a_change_that_comes_while_it_waits(world: World) -> None:
    client = world.client(A.login("analyst"))
    owned = {"enterprise_id": A.enterprise, "region": A.county}
    foreign = {"enterprise_id": B.enterprise, "region": B.county}
    with client.stream("GET", "/api/v1/live") as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith(": following")
        with world.records.write(EVERYTHING) as session:
            session.add(Change(**foreign, at=NOW, kind="incident", object_id="theirs"))
            session.add(Change(**owned, at=NOW, kind="incident", object_id="mine"))
        data = next(line for line in lines if line.startswith("data: "))
        assert json.loads(data[6:])["id"] == "mine"
        with world.records.write(EVERYTHING) as session:
            session.execute(update(Person).where(Person.login == A.login("analyst")).values(disabled=True))


def test_an_expired_session_ends_the_live_view(world: World, still: StillClock) -> None:
    client = world.client(A.login("analyst"))
    with client.stream("GET", "/api/v1/live") as answer:
        still.at += 13 * 3600
        assert any("signed_out" in line for line in answer.iter_lines())


@pytest.mark.parametrize("path", ["/" + "a" * 5000, "/x%00y", "/" + "b/" * 3000])
def test_a_path_that_no_file_can_have_is_the_page_or_nothing(path: str, world: World) -> None:
    assert world.client().get(path).status_code in {200, 404, 503}
