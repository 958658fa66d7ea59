"""Sessions of people: a random token in an HttpOnly cookie, its SHA-256 in Records, sliding expiry, a CSRF token.

A database that leaks holds no usable token.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from taishi.records.port import Records
from taishi.records.tables import LoginSession, Person
from taishi.scope import EVERYTHING, NOTHING, Scope
from taishi.security.roles import ROLES, Role

COOKIE: Final = "taishi_session"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

TOUCH_SECONDS = 60.0
"""`last_used_at` is written at most this often: reading must not become a write for every request."""

LONGEST_HOURS = 7 * 24.0
"""A session ends after this long even if it is used all the time."""


@dataclass(frozen=True, slots=True)
class OpenSession:
    token_hash: str
    csrf: str
    expires_at: float
    login: str
    name: str
    role: Role
    scope: Scope


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def csrf_matches(session: OpenSession, given: str) -> bool:
    return hmac.compare_digest(session.csrf.encode(), given.encode("utf-8", "surrogatepass"))


def scope_of(person: Person) -> Scope:
    """The person's scope; a contact without an enterprise sees nothing rather than everything."""
    if person.role == "contact" and not person.enterprises:
        return NOTHING
    return Scope(
        regions=tuple(map(str, person.regions)),
        enterprises=tuple(map(str, person.enterprises)),
        authorities=tuple(map(str, person.authorities)),
    )


def open_session(session: Session, login: str, hours: float, at: float) -> tuple[str, LoginSession]:
    """Add a session for the login; returns the token, which is known only now, and the row."""
    token = secrets.token_urlsafe(32)
    row = LoginSession(
        token_hash=token_hash(token),
        login=login,
        csrf=secrets.token_urlsafe(32),
        created_at=at,
        last_used_at=at,
        expires_at=at + hours * 3600.0,
    )
    session.execute(delete(LoginSession).where(LoginSession.expires_at < at))
    session.add(row)
    return token, row


def close_session(session: Session, hashed: str) -> None:
    session.execute(delete(LoginSession).where(LoginSession.token_hash == hashed))


def find_session(records: Records, token: str, hours: float, at: float) -> OpenSession | None:
    """The session of a cookie, its expiry moved on; None where it is unknown, expired, or its person is disabled."""
    hashed = token_hash(token)
    with records.read(EVERYTHING) as session:
        found = session.execute(
            select(LoginSession, Person)
            .join(Person, Person.login == LoginSession.login)
            .where(LoginSession.token_hash == hashed, LoginSession.expires_at > at, Person.disabled.is_(False))
        ).first()
        if found is None:
            return None
        row, person = found
        if person.role not in ROLES or at > row.created_at + LONGEST_HOURS * 3600.0:
            return None
        opened = OpenSession(
            token_hash=hashed,
            csrf=row.csrf,
            expires_at=row.expires_at,
            login=person.login,
            name=person.name,
            role=person.role,
            scope=scope_of(person),
        )
        stale = at - row.last_used_at > TOUCH_SECONDS
    if stale:
        with records.write(EVERYTHING) as session:
            session.execute(
                update(LoginSession)
                .where(LoginSession.token_hash == hashed)
                .values(last_used_at=at, expires_at=at + hours * 3600.0)
            )
    return opened


def session_open(records: Records, hashed: str, at: float) -> bool:
    """Whether a session still stands, without moving its expiry: for streams that outlive their request."""
    with records.read(EVERYTHING) as session:
        row = session.execute(
            select(LoginSession.login)
            .join(Person, Person.login == LoginSession.login)
            .where(LoginSession.token_hash == hashed, LoginSession.expires_at > at, Person.disabled.is_(False))
        ).first()
    return row is not None
