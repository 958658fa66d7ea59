"""Sightings: how often an enterprise met an indicator on a day. Counted in the stage, written with the checkpoint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final
from zlib import crc32

from sqlalchemy import select
from sqlalchemy.orm import Session

from taishi.intel.snapshot import Hit
from taishi.records.tables import IndicatorSighting

DAY: Final = 86_400
SAMPLE: Final = 8
"""Ids of events kept with a sighting."""

SOME: Final = 400

Key = tuple[int, str, int, bool]
"""Indicator, enterprise, day, found later."""


@dataclass(slots=True)
class Seen:
    """What a stretch saw of one indicator at one enterprise on one day; times are event times, seconds."""

    hit: Hit
    count: int = 0
    alerts: int = 0
    first: float = 0.0
    last: float = 0.0
    events: list[str] = field(default_factory=list)


Sightings = dict[Key, Seen]


def see(
    sightings: Sightings, hit: Hit, enterprise_id: str, t: float, event_id: str, *, alert: bool, retro: bool
) -> None:
    key = (hit.id, enterprise_id, int(t // DAY), retro)
    seen = sightings.get(key)
    if seen is None:
        seen = sightings[key] = Seen(hit, first=t, last=t)
    seen.count += 1
    seen.alerts += alert
    seen.first, seen.last = min(seen.first, t), max(seen.last, t)
    seen.events = sample([*seen.events, event_id])


def sample(ids: Iterable[str]) -> list[str]:
    """The ids of smallest hash: the same whatever order they came in."""
    return sorted(set(ids), key=lambda one: (crc32(one.encode("utf-8", "surrogatepass")), one))[:SAMPLE]


def _identity(key: Key) -> str:
    return blake2b("\x1f".join(map(str, key)).encode(), digest_size=16).hexdigest()


def write(session: Session, sightings: Sightings, owners: dict[str, tuple[str, str]]) -> None:
    """Add to what is there, in the checkpoint's transaction. `owners`: enterprise → (region, authority)."""
    wanted = {_identity(key): (key, seen) for key, seen in sightings.items()}
    names = sorted(wanted)
    for start in range(0, len(names), SOME):
        some = names[start : start + SOME]
        known = {
            row.id: row for row in session.scalars(select(IndicatorSighting).where(IndicatorSighting.id.in_(some)))
        }
        for name in some:
            key, seen = wanted[name]
            row = known.get(name)
            if row is None:
                session.add(_row(name, key, seen, owners.get(key[1], ("", ""))))
            else:
                row.count += seen.count
                row.alerts += seen.alerts
                row.first_seen, row.last_seen = min(row.first_seen, seen.first), max(row.last_seen, seen.last)
                row.events = sample([*row.events, *seen.events])
        session.flush()


def _row(name: str, key: Key, seen: Seen, owner: tuple[str, str]) -> IndicatorSighting:
    profile = seen.hit.profile
    return IndicatorSighting(
        id=name, indicator_id=key[0], feed_id=profile.feed_id, kind=seen.hit.kind, value=seen.hit.value, tlp=profile.tlp,
        confidence=profile.confidence, enterprise_id=key[1], region=owner[0], authority=owner[1], day=key[2], retro=key[3],
        count=seen.count, alerts=seen.alerts, first_seen=seen.first, last_seen=seen.last, events=seen.events,
    )  # fmt: skip
