"""Passwords: Argon2id (RFC 9106), with the second recommended parameter set (64 MiB, three passes)."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=2, type=Type.ID)


def hash_password(password: str) -> str:
    """The encoded hash, with salt and parameters in it."""
    return _hasher.hash(password)


@cache
def _nobody() -> str:
    return _hasher.hash("a password that nobody has, so that an unknown login costs as much as a known one")


def verify_password(encoded: str | None, password: str) -> bool:
    """Whether the password fits; with `encoded` None (no such login) it takes the same time and is False."""
    try:
        fits = _hasher.verify(encoded if encoded is not None else _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return fits and encoded is not None


def outdated(encoded: str) -> bool:
    """Whether the hash was made with older parameters and should be made again at the next sign-in."""
    return _hasher.check_needs_rehash(encoded)
