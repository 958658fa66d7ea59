"""Signing in and out, and what belongs to the signed-in person."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session as DbSession

from api.dependencies import FOR_ALL, Caller, whole
from api.incidents.filters import in_region
from api.problems import Invalid
from api.services import Services
from api.session.schemas import Assignee, AssigneeList, Credentials, Preferences, PreferencesChange, ScopeOut, Session
from taishi.clock import now
from taishi.errors import Forbidden, QuotaExceeded, Unauthenticated
from taishi.records.tables import Enterprise, LoginSession, Person
from taishi.scope import EVERYTHING, Scope
from taishi.security import audit
from taishi.security.limits import lock_seconds
from taishi.security.passwords import hash_password, outdated, verify_password
from taishi.security.roles import PERMISSIONS, ROLES
from taishi.security.sessions import COOKIE, OpenSession, close_session, open_session, scope_of

REFUSED = "login or password is wrong, or the account is locked for a while"
"""One sentence for every failure, so that nobody learns which logins exist."""

MAX_PREFERENCES = 200_000
"""Characters of one person's stored preferences."""


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def sign_in(services: Services, credentials: Credentials, request: Request, response: Response) -> Session:
    """Check the password at the same cost whoever asks, count failures, and open a session."""
    at, address = now(), _address(request)
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden("signing in from another site is not possible")
    wait = services.limiter.take(address, at)
    if wait:
        raise QuotaExceeded("too many sign-ins from this address; wait a little", retry_after=wait)
    with services.records.read(EVERYTHING) as session:
        person = session.get(Person, credentials.login)
        encoded = person.password_hash if person else None
    fits = verify_password(encoded, credentials.password)
    with services.records.write(EVERYTHING) as session:
        person = session.get(Person, credentials.login)
        opened = _open(services, session, person, fits=fits, password=credentials.password, at=at)
        audit.append(
            session,
            at=at,
            actor=credentials.login if person else "",
            action="session.open" if opened else "session.refused",
            object_kind="person",
            object_id=credentials.login if person else "",
            detail={"address": address},
        )
    if opened is None:
        raise Unauthenticated(REFUSED)
    token, caller = opened
    _set_cookie(services, response, token)
    return describe(services, caller)


def _open(
    services: Services, session: DbSession, person: Person | None, *, fits: bool, password: str, at: float
) -> tuple[str, Caller] | None:
    if person is None or person.disabled or person.locked_until > at or person.role not in ROLES:
        return None
    if not fits:
        person.failed_logins += 1
        person.locked_until = at + lock_seconds(person.failed_logins)
        return None
    person.failed_logins, person.locked_until = 0, 0.0
    if outdated(person.password_hash):
        person.password_hash = hash_password(password)
    token, row = open_session(session, person.login, services.settings.api.session_hours, at)
    return token, _caller(person, row)


def _caller(person: Person, row: LoginSession) -> Caller:
    role: Any = person.role
    scope = scope_of(person)
    opened = OpenSession(row.token_hash, row.csrf, row.expires_at, person.login, person.name, role, scope)
    return Caller(person.login, person.name, role, scope, opened)


def _set_cookie(services: Services, response: Response, token: str) -> None:
    response.set_cookie(
        COOKIE,
        token,
        httponly=True,
        samesite="strict",
        secure=services.settings.api.secure_cookies,
        path="/",
    )


def home_region(services: Services, scope: Scope) -> str:
    """Where a person's overview begins: their first region, or the platform's root."""
    return scope.regions[0] if scope.regions else services.settings.region


def _preferences(stored: dict[str, Any]) -> Preferences:
    defaults = {"language": "zh-CN", "theme": "system", "saved_views": [], "columns": {}}
    known = {key: value for key, value in stored.items() if key in defaults}
    return Preferences.model_validate({**defaults, **known})


def describe(services: Services, caller: Caller) -> Session:
    with services.records.read(EVERYTHING) as session:
        person = session.get(Person, caller.login)
        stored = person.preferences if person else {}
    return Session(
        login=caller.login,
        name=caller.name,
        role=caller.role,
        permissions=sorted(PERMISSIONS[caller.role] - (frozenset() if whole(caller, services) else FOR_ALL)),
        scope=ScopeOut(
            regions=list(caller.scope.regions),
            enterprises=list(caller.scope.enterprises),
            authorities=list(caller.scope.authorities),
        ),
        home_region=home_region(services, caller.scope),
        preferences=_preferences(stored),
        csrf_token=caller.session.csrf,
        expires_at=caller.session.expires_at,
    )


def sign_out(services: Services, caller: Caller, response: Response) -> None:
    with services.records.write(EVERYTHING) as session:
        close_session(session, caller.session.token_hash)
        audit.append(
            session, at=now(), actor=caller.login, action="session.close", object_kind="person", object_id=caller.login
        )
    response.delete_cookie(COOKIE, path="/")


def change_preferences(services: Services, caller: Caller, change: PreferencesChange) -> Preferences:
    """Merge the given members; own settings are no business of the audit trail beyond that they changed."""
    given = change.model_dump(exclude_none=True)
    with services.records.write(EVERYTHING) as session:
        person = session.get_one(Person, caller.login)
        merged = {**person.preferences, **given}
        if len(str(merged)) > MAX_PREFERENCES:
            raise Invalid("the saved views and columns are too large together; remove some", "too_large")
        person.preferences = merged
        audit.append(
            session,
            at=now(),
            actor=caller.login,
            action="preferences.change",
            object_kind="person",
            object_id=caller.login,
            detail={"members": sorted(given)},
        )
    return _preferences(merged)


def _meets(session: DbSession, other: Scope) -> bool:
    """Whether some enterprise is visible to both the session's scope and the other one."""
    if other.nothing:
        return False
    conditions: list[ColumnElement[bool]] = []
    if other.enterprises:
        conditions.append(Enterprise.id.in_(other.enterprises))
    if other.authorities:
        conditions.append(Enterprise.authority.in_(other.authorities))
    if other.regions:
        conditions.append(or_(*[in_region(Enterprise.region, code) for code in other.regions]))
    return session.scalars(select(Enterprise.id).where(*conditions).limit(1)).first() is not None


def assignees(services: Services, caller: Caller) -> AssigneeList:
    """Enabled analysts who share at least one enterprise with the caller."""
    with services.records.read(caller.scope) as session:
        people = session.scalars(
            select(Person).where(Person.role == "analyst", Person.disabled.is_(False)).order_by(Person.login)
        ).all()
        found = [person for person in people if _meets(session, scope_of(person))]
        return AssigneeList(items=[Assignee(login=person.login, name=person.name) for person in found])
