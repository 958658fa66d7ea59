"""Sightings for tests: an enterprise number, an indicator, a time."""

from __future__ import annotations

from typing import Any

from taishi.campaigns.find import Seen

START = 1_790_000_000.0
HOUR = 3600.0
WORM = ("T1210", "T1071.001", "T1018")
HASH = ("hash", "c0ffee" + "0" * 58)
CALLED = ("ip", "45.90.1.7")


def seen(number: int, indicator: tuple[str, str] = HASH, hours: float = 0.0, **more: Any) -> Seen:
    given: dict[str, Any] = {
        "incident": f"i{number}", "enterprise": f"e{number}", "region": "330106", "industry": "C36",
        "first": START + hours * HOUR, "last": START + hours * HOUR + 60, "score": 0.9, "escalated": True,
        "techniques": WORM, "attempt": False,
    }  # fmt: skip
    return Seen(*indicator, **{**given, **more})
