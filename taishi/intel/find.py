"""Looking indicators up as people do: what a value meets, and what state an indicator is in."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from taishi.intel.indicator import identity
from taishi.intel.values import BROADEST, KINDS, BadValue, Kind, above, guess, normalise
from taishi.records.tables import Indicator

State = Literal["active", "waiting", "expired", "withdrawn", "dismissed", "warned"]
MOST: Final = 200


def state_of(row: Indicator, at: float) -> State:
    """Why an indicator matches, or does not, at a time."""
    if row.dismissed_at is not None:
        return "dismissed"
    if row.revoked:
        return "withdrawn"
    if row.warned:
        return "warned"
    if row.valid_until is not None and row.valid_until <= at:
        return "expired"
    return "waiting" if row.valid_from is not None and row.valid_from > at else "active"


def readings(text: str) -> list[tuple[Kind, str]]:
    """Every kind that a bare value may be, and what would match it: an address with the networks above it, a name with
    the domains above it."""
    found: dict[tuple[Kind, str], None] = {}
    with suppress(BadValue):  # it may still be of a kind that has to be named
        found[guess(text)] = None
    for other in KINDS:
        try:
            found[other, normalise(other, text)] = None
        except BadValue:
            continue
    for kind, value in list(found):
        if kind == "ip":
            address = ip_address(value)
            for length in range(BROADEST[address.version], address.max_prefixlen + 1):
                found["cidr", str(ip_network(f"{address}/{length}", strict=False))] = None
        elif kind == "domain":
            found.update({("domain", one): None for one in above(value)})
    return list(found)


def covering(session: Session, text: str) -> Sequence[Indicator]:
    """Indicators that this value would meet, whatever their state, the surest first; at most 200."""
    wanted = readings(text)
    keys = [identity("", kind, value) for kind, value in wanted]
    rows = session.scalars(select(Indicator).where(Indicator.key.in_(keys)).limit(MOST))
    pairs = set(wanted)
    found = [row for row in rows if (row.kind, row.value) in pairs]
    return sorted(found, key=lambda row: (-row.confidence, row.id))
