"""API keys of sources: 256 random bits, shown once, kept as SHA-256. A slow hash is for guessable secrets only."""

from __future__ import annotations

import hashlib
import secrets

PREFIX = "tsk_"


def new_key() -> str:
    """A fresh key; the prefix lets secret scanners recognise a leaked one."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_key(key: str) -> str:
    """What `Source.key_hash` holds."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
