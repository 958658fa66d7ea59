"""Limits on guessing: a token bucket for each address that signs in, and a growing lock for each account."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

ATTEMPTS = 20
"""Sign-ins an address may try at once; then one every `REFILL_SECONDS`. A whole office behind one address fits."""

REFILL_SECONDS = 3.0

MAX_ADDRESSES = 10_000
"""Addresses remembered; the longest unseen is forgotten first, so that memory stays bounded under a flood."""

FREE_FAILURES = 5
"""Wrong passwords in a row before an account is locked."""

FIRST_LOCK = 30.0
LONGEST_LOCK = 3600.0


def lock_seconds(failures: int) -> float:
    """How long an account is locked after so many wrong passwords in a row: 0, …, 30 s, 60 s, 120 s, … at most an
    hour. It unlocks by itself, so that an attacker cannot shut somebody out for good."""
    if failures < FREE_FAILURES:
        return 0.0
    return min(LONGEST_LOCK, FIRST_LOCK * 2.0 ** min(failures - FREE_FAILURES, 16))


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


@dataclass(slots=True)
class SignInLimiter:
    """Thread-safe. One per process: behind several API processes an address gets as many buckets."""

    attempts: int = ATTEMPTS
    refill_seconds: float = REFILL_SECONDS
    _buckets: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, address: str, at: float) -> float:
        """0.0 when the address may try now, else the seconds until it may."""
        with self._lock:
            bucket = self._buckets.pop(address, None) or _Bucket(float(self.attempts), at)
            refilled = bucket.tokens + max(0.0, at - bucket.at) / self.refill_seconds
            bucket.tokens, bucket.at = min(float(self.attempts), refilled), at
            self._buckets[address] = bucket
            while len(self._buckets) > MAX_ADDRESSES:
                self._buckets.popitem(last=False)
            if bucket.tokens >= 1.0:
                bucket.tokens -= 1.0
                return 0.0
            return (1.0 - bucket.tokens) * self.refill_seconds
