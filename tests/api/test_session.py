"""Signing in: lock-out, equal answers, CSRF, expiry, cookies, limits."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from api.session.queries import REFUSED
from taishi.records.tables import Audit, LoginSession, Person
from taishi.scope import EVERYTHING
from taishi.security.limits import ATTEMPTS, FREE_FAILURES
from taishi.security.passwords import hash_password
from taishi.security.sessions import COOKIE, token_hash
from tests.api.client import TestClient
from tests.api.conftest import StillClock
from tests.api.world import NOW, A, World

URL = "/api/v1/session"
PASSWORD = "correct horse battery staple"
LOGIN = A.login("analyst")


@pytest.fixture(scope="module")
def encoded() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def visitor(world: World, encoded: str) -> TestClient:
    with world.records.write(EVERYTHING) as session:
        session.execute(update(Person).where(Person.login == LOGIN).values(password_hash=encoded))
    return world.client()


def sign_in(client: TestClient, password: str = PASSWORD, login: str = LOGIN) -> int:
    return int(client.post(URL, json={"login": login, "password": password}).status_code)


def test_signing_in_tells_who_what_and_where(visitor: TestClient) -> None:
    answer = visitor.post(URL, json={"login": LOGIN, "password": PASSWORD})
    body = answer.json()
    assert answer.status_code == 201
    assert (body["role"], body["scope"]["regions"], body["home_region"]) == ("analyst", [A.city], A.city)
    assert "incidents.write" in body["permissions"]
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert visitor.get(URL).json()["csrf_token"] == body["csrf_token"]


def test_the_database_holds_no_usable_token(world: World, visitor: TestClient) -> None:
    sign_in(visitor)
    token = visitor.cookies[COOKIE]
    with world.records.read(EVERYTHING) as session:
        assert session.scalars(select(LoginSession.token_hash)).all() == [token_hash(token)]
        stored = session.scalars(select(LoginSession)).one()
        assert token not in str(vars(stored))


def test_every_failure_has_the_same_answer(world: World, visitor: TestClient) -> None:
    with world.records.write(EVERYTHING) as session:
        session.execute(update(Person).where(Person.login == A.login("official")).values(disabled=True))
    answers = [
        visitor.post(URL, json={"login": login, "password": "wrong"}).json()
        for login in (LOGIN, "nobody", A.login("official"))
    ]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["detail"] == REFUSED


def test_an_unknown_login_costs_a_hash_too(visitor: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Hasher:
        def verify(self, encoded: str, _password: str) -> bool:
            asked.append(encoded)
            return True

    monkeypatch.setattr("taishi.security.passwords._hasher", Hasher())
    monkeypatch.setattr("taishi.security.passwords._nobody", lambda: "nobody's hash")
    assert sign_in(visitor, login="nobody") == 401
    assert asked == ["nobody's hash"]


def test_repeated_failures_lock_for_growing_times(world: World, still: StillClock, visitor: TestClient) -> None:
    for _ in range(FREE_FAILURES):
        assert sign_in(visitor, "wrong") == 401
    assert sign_in(visitor) == 401  # right, but locked
    still.at = NOW + 31
    assert sign_in(visitor, "wrong") == 401
    with world.records.read(EVERYTHING) as session:
        assert session.get_one(Person, LOGIN).locked_until == still.at + 60
    still.at += 61
    assert sign_in(visitor) == 201
    with world.records.read(EVERYTHING) as session:
        assert session.get_one(Person, LOGIN).failed_logins == 0


def test_an_address_may_not_guess_for_ever(visitor: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.session.queries.verify_password", lambda _encoded, _password: False)
    answers = [visitor.post(URL, json={"login": f"guess{n}", "password": "x"}) for n in range(ATTEMPTS + 1)]
    assert [answer.status_code for answer in answers] == [401] * ATTEMPTS + [429]
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_signing_in_from_another_site_is_refused(visitor: TestClient) -> None:
    answer = visitor.post(URL, json={"login": LOGIN, "password": PASSWORD}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_writing_needs_the_csrf_token(world: World) -> None:
    client = world.client(LOGIN)
    right = client.headers.pop("X-CSRF-Token")
    url = f"{URL}/preferences"
    assert client.patch(url, json={"theme": "dark"}).status_code == 403
    assert client.patch(url, json={"theme": "dark"}, headers={"X-CSRF-Token": "wrong"}).status_code == 403
    assert client.patch(url, json={"theme": "dark"}, headers={"X-CSRF-Token": right}).status_code == 200
    assert client.get(URL).json()["preferences"]["theme"] == "dark"


def test_a_used_session_slides_and_an_unused_one_ends(still: StillClock, world: World) -> None:
    client = world.client(LOGIN)
    for _ in range(3):
        still.at += 8 * 3600
        assert client.get(URL).status_code == 200
    still.at += 13 * 3600
    assert client.get(URL).status_code == 401


def test_no_session_outlives_a_week(still: StillClock, world: World) -> None:
    client = world.client(LOGIN)
    for _ in range(15):
        still.at += 11.5 * 3600
        if client.get(URL).status_code == 401:
            break
    assert still.at - NOW > 7 * 86400


def test_signing_out_ends_the_session_at_once(world: World) -> None:
    client = world.client(LOGIN)
    token = client.cookies[COOKIE]
    assert client.delete(URL).status_code == 204
    assert client.get(URL, headers={"Cookie": f"{COOKIE}={token}"}).status_code == 401


def test_a_disabled_person_is_out_at_once(world: World) -> None:
    client = world.client(LOGIN)
    with world.records.write(EVERYTHING) as session:
        session.execute(update(Person).where(Person.login == LOGIN).values(disabled=True))
    assert client.get(URL).status_code == 401


def test_sign_ins_are_audited_without_secrets(world: World, visitor: TestClient) -> None:
    sign_in(visitor, "wrong-password")
    sign_in(visitor, login="unknown-login")
    sign_in(visitor)
    with world.records.read(EVERYTHING) as session:
        entries = session.scalars(select(Audit).order_by(Audit.seq)).all()
    assert [entry.action for entry in entries] == ["session.refused", "session.refused", "session.open"]
    text = str([(entry.actor, entry.object_id, entry.detail) for entry in entries])
    assert "wrong-password" not in text
    assert "unknown-login" not in text  # people type passwords into the login field


def test_a_validation_error_does_not_repeat_the_value(visitor: TestClient) -> None:
    answer = visitor.post(URL, json={"login": LOGIN, "password": ["secret-in-a-list"]})
    assert answer.status_code == 422
    assert "secret-in-a-list" not in answer.text


def test_preferences_are_merged_and_bounded(world: World) -> None:
    client = world.client(LOGIN)
    url = f"{URL}/preferences"
    view = {"id": "v1", "name": "夜班", "page": "incidents", "query": "view=open", "default": True}
    client.patch(url, json={"saved_views": [view]})
    body = client.patch(url, json={"language": "en"}).json()
    assert (body["language"], body["saved_views"][0]["name"]) == ("en", "夜班")
    huge = [{**view, "id": str(n), "query": "x" * 4000} for n in range(100)]
    assert client.patch(url, json={"saved_views": huge}).status_code == 422


def test_assignees_are_analysts_of_ones_own_scope(world: World) -> None:
    logins = {item["login"] for item in world.client(LOGIN).get("/api/v1/people").json()["items"]}
    assert logins == {A.login("analyst"), A.login("analyst", "enterprise")}
