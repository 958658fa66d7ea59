"""Whatever is sent, nothing answers 5xx, and every refusal is a problem document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy

from tests.api.client import TestClient
from tests.api.test_scope import bodies, path_values
from tests.api.world import A, World

WEIRD = st.sampled_from(
    [
        "", " ", "\x00", "'", '"', "%", "_", "\\", "*", "(", ")", "[1 TO", "null", "NaN", "inf", "-inf", "1e400", "-1",
        "9" * 40, "0x10", "true", "工控", "é" * 600, "a" * 5000, "\u202e", "🏭", "../../etc/passwd", "${jndi:x}",
        "organization.id:*", "a:b:c", "source.ip:10.0.0.0/99", "@timestamp:[now-1y TO now+1y]", "NOT NOT NOT", "-",
        "W10", "WzEsMl0", "WyJhIiwxLDIsM10", "bnVsbA", "eyJhIjoxfQ",
    ]
)  # fmt: skip
VALUES: SearchStrategy[Any] = st.one_of(
    WEIRD,
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.booleans(),
    st.sampled_from([A.enterprise, A.city, A.id("inc"), A.event, "queue", "all", "-severity", "due", "new", "330000"]),
)
JSON: SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), VALUES, st.just(1e308)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=12), inner, max_size=4)),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    made = World(folder)
    yield made
    made.close()


@pytest.fixture(scope="module")
def clients(world: World) -> dict[str, TestClient]:
    logins = {"analyst": A.login("analyst"), "operator": A.login("operator"), "auditor": "auditor"}
    return {role: world.client(login) for role, login in logins.items()}


def operations(world: World) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, item in world.app.openapi()["paths"].items()
        for method, operation in item.items()
        if operation["operationId"] not in {"sign_out", "sign_in"}
    ]


def check(response: Response, sent: Any) -> None:
    assert response.status_code < 500, (sent, response.text)
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json", (sent, response.text)
        body = response.json()
        assert body["status"] == response.status_code
        assert body["code"]


def _path(data: DataObject, template: str, operation: dict[str, Any]) -> str:
    known = {**path_values(A), "key": [A.enterprise]}
    path = template
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            value = data.draw(st.one_of(st.sampled_from(known[parameter["name"]]), WEIRD))
            safe = "".join(char if char.isalnum() and char.isascii() else f"%{byte:02x}" for char in value for byte in (
                char.encode() if not (char.isalnum() and char.isascii()) else b"x"))  # fmt: skip
            path = path.replace("{" + parameter["name"] + "}", safe or "%20")
    return path


def _query(data: DataObject, operation: dict[str, Any]) -> list[tuple[str, str]]:
    names = [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"]
    if not names:
        return []
    chosen = data.draw(st.lists(st.tuples(st.sampled_from(names), VALUES), max_size=5))
    found = [(name, str(value)) for name, value in chosen if name != "once"]
    return [*found, ("once", "true")] if "once" in names else found


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_query_parameters_never_break_it(world: World, clients: dict[str, TestClient], data: DataObject) -> None:
    reads = [found for found in operations(world) if found[0] == "get"]
    method, template, operation = data.draw(st.sampled_from(reads))
    client = clients[data.draw(st.sampled_from(sorted(clients)))]
    path, query = _path(data, template, operation), _query(data, operation)
    headers = {"Last-Event-ID": "1"}
    check(client.request(method, path, params=query, headers=headers), (path, query))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_bodies_never_break_it(world: World, clients: dict[str, TestClient], data: DataObject) -> None:
    found = [operation for operation in operations(world) if "requestBody" in operation[2]]
    method, template, operation = data.draw(st.sampled_from(found))
    client = clients[data.draw(st.sampled_from(["analyst", "operator"]))]
    path = _path(data, template, operation)
    body = data.draw(st.sampled_from(bodies(A)[operation["operationId"]]))
    changed = {**body, data.draw(st.sampled_from([*body, "extra"])): data.draw(JSON)}
    body = changed if data.draw(st.booleans()) else data.draw(JSON)
    match = data.draw(st.sampled_from(['"1"', "*", 'W/"1"', '"99999999999999999999"', "²", ""]))
    headers = {"If-Match": match.encode(), "Content-Type": b"application/json"}
    params = {"kind": data.draw(st.sampled_from(["enterprises", "sources"]))} if template.endswith("/imports") else None
    content = json.dumps(body).encode()  # with NaN and Infinity, which JSON has not
    check(client.request(method, path, content=content, headers=headers, params=params), (path, body, match))


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 5000, b'"\\ud800"', b"nul"])
def test_broken_json_is_refused(clients: dict[str, TestClient], raw: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = clients["analyst"].post("/api/v1/incidents/bulk", content=raw, headers=headers)
    check(response, raw[:20])
    assert response.status_code in {400, 422}
