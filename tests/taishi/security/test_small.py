"""Passwords, keys, limits, scopes of people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taishi.records.tables import Person
from taishi.scope import NOTHING, Scope
from taishi.security import limits
from taishi.security.keys import hash_key, new_key
from taishi.security.limits import FREE_FAILURES, LONGEST_LOCK, SignInLimiter, lock_seconds
from taishi.security.passwords import hash_password, outdated, verify_password
from taishi.security.roles import PERMISSIONS, ROLES
from taishi.security.sessions import scope_of


def test_passwords() -> None:
    encoded = hash_password("pä55 密码")
    assert encoded.startswith("$argon2id$v=19$m=65536,t=3,p=2$")
    assert verify_password(encoded, "pä55 密码")
    assert not verify_password(encoded, "other")
    assert not verify_password("not a hash", "other")
    assert not verify_password(None, "pä55 密码")
    assert not outdated(encoded)


def test_keys_are_random_recognisable_and_hashed() -> None:
    one, two = new_key(), new_key()
    assert one != two
    assert one.startswith("tsk_")
    assert len(hash_key(one)) == 64
    assert hash_key(one) == hash_key(one)


@given(st.integers(0, 10_000))
def test_locks_grow_and_end(failures: int) -> None:
    assert 0 <= lock_seconds(failures) <= lock_seconds(failures + 1) <= LONGEST_LOCK
    assert (lock_seconds(failures) > 0) == (failures >= FREE_FAILURES)


def test_the_limiter_refills_and_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = SignInLimiter(attempts=2, refill_seconds=10.0)
    assert [limiter.take("a", 0.0), limiter.take("a", 0.0)] == [0.0, 0.0]
    assert limiter.take("a", 0.0) == pytest.approx(10.0)
    assert limiter.take("b", 0.0) == 0.0
    assert limiter.take("a", 10.0) == 0.0
    monkeypatch.setattr(limits, "MAX_ADDRESSES", 3)
    for number in range(10):
        limiter.take(str(number), 11.0)
    assert len(limiter._buckets) == 3


def test_every_role_has_permissions_and_duties_are_separate() -> None:
    assert set(PERMISSIONS) == set(ROLES)
    assert PERMISSIONS["auditor"] == {"audit.read"}
    assert not any("audit.read" in PERMISSIONS[role] for role in ROLES if role != "auditor")
    assert not {"incidents.write", "notes.write"} & PERMISSIONS["operator"]
    assert not {"events.read", "evidence.read"} & PERMISSIONS["official"]


def test_a_contact_without_an_enterprise_sees_nothing() -> None:
    person = Person(login="c", name="", role="contact", password_hash="", regions=["330000"])
    person.enterprises, person.authorities = [], []
    assert scope_of(person) == NOTHING
    person.enterprises = ["e"]
    assert scope_of(person) == Scope(regions=("330000",), enterprises=("e",))
