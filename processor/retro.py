"""New indicators against stored days: what was seen before anybody knew what it meant.

A few indicators at a time: the store is asked for events that may hold them, the same matcher as on the stream decides,
and what it finds becomes sightings of those days and alerts that say so (`taishi.intel.retro`). Alerts go through the
stream, each a delivery of its own with an id that follows from event and indicator, so that a repeat is recognised;
sightings are written with the note that an indicator is done, in one transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast
from urllib.parse import urlsplit

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from processor.stages.intel import RETRO
from taishi import clock
from taishi.event import TOPIC_EVENTS, Batch, Event, delivery_id, encode_batch
from taishi.intel import book, sightings, snapshot
from taishi.intel.alert import MARK, alert, marks, tellable, verdict
from taishi.intel.indicator import shown_id
from taishi.intel.match import Match, Matcher
from taishi.intel.snapshot import Entry, Profile, Snapshot
from taishi.intel.values import Kind
from taishi.records.port import Records
from taishi.records.tables import Feed, Indicator, IntelState
from taishi.scope import EVERYTHING
from taishi.store.port import EventStore, Search
from taishi.stream.port import Message, Stream

log = structlog.get_logger()

DAY: Final = 86_400.0
AT_ONCE: Final = 40
"""Indicators of one round; also what one query may name."""

PAGE: Final = 500
MOST: Final = 20_000
"""Events looked at in one round; what is beyond is said and left."""

MOST_ALERTS: Final = 5
"""Alerts of one indicator at one enterprise on one day; the rest is counted as sightings."""

TAKEN_UP: Final = 10.0
"""Seconds after which every processor has a new snapshot: what came later was matched as it came."""


@dataclass(slots=True)
class Found:
    """What a round found: sightings, and alerts by enterprise."""

    seen: sightings.Sightings
    alerts: list[tuple[str, Event]]
    owners: dict[str, tuple[str, str]]
    per_day: Counter[tuple[int, str, int]]


@dataclass(slots=True)
class Retro:
    """`days` are searched back."""

    records: Records
    store: EventStore
    stream: Stream
    days: float = 30.0

    def run(self, at: float) -> bool:
        """One round; True where there may be more. `at` is the wall clock. Raises RecordsError, StoreError, StreamError."""
        with self.records.read(EVERYTHING) as session:
            state = session.get(IntelState, book.ROW)
            if state is None or state.built_at is None or at - state.built_at < TAKEN_UP:
                return False
            built, live = state.built, state.built_at + TAKEN_UP
            rows = self._waiting(session, built)
            names = {
                row.id: row.name for row in session.execute(select(Feed.id, Feed.name).where(Feed.state == "active"))
            }
        if not rows:
            return False
        entries = [one for row in rows if (one := _entry(row, names)) is not None]
        found = Found({}, [], {}, Counter())
        if entries and self.days > 0:
            self._search(entries, found, at, live)
        self._publish(found, at)
        self._commit([row.id for row in rows], found, at)
        return True

    def _waiting(self, session: Session, built: int) -> list[Indicator]:
        statement = (
            select(Indicator)
            .where(Indicator.retro_at.is_(None), Indicator.change <= built)
            .order_by(Indicator.kind, Indicator.id)
            .limit(AT_ONCE)
        )
        rows = list(session.scalars(statement))
        session.expunge_all()
        return [row for row in rows if row.kind == rows[0].kind]

    # ------------------------------------------------------------ searching

    def _search(self, entries: list[Entry], found: Found, at: float, live: float) -> None:
        with TemporaryDirectory(prefix="taishi-retro-") as folder:
            path = Path(folder) / "retro.bin"
            snapshot.write(path, entries, {})
            matcher = Matcher(Snapshot(path))
            for event in self._events(_query(entries), at):
                self._look(matcher, event, found, at, live)

    def _events(self, query: str, at: float) -> Iterator[Event]:
        cursor, given = None, 0
        while True:
            page = self.store.search(
                Search(query, start=at - self.days * DAY, end=at + DAY, limit=PAGE, cursor=cursor, ascending=True),
                EVERYTHING,
            )
            yield from page.events
            given += len(page.events)
            cursor = page.cursor
            if cursor is None:
                return
            if given >= MOST:
                log.warning("Indicators are met more often in stored days than is looked at.", events=given)
                return

    def _look(self, matcher: Matcher, event: Event, found: Found, at: float, live: float) -> None:
        if (
            "taishi.detection.event" in event
            or clock.to_seconds(event.get("event.ingested") or event["@timestamp"]) > live
        ):
            return
        t = clock.to_seconds(event["@timestamp"])
        known = set(event.get(MARK) or ())
        matches = [one for one in matcher.matches(event, t, at) if shown_id(one.hit.id) not in known]
        if not matches:
            return
        enterprise = str(event.get("organization.id") or "")
        found.owners[enterprise] = (str(event.get("taishi.region") or ""), str(event.get("taishi.authority") or ""))
        raised = self._raise(event, matches, found, enterprise, t)
        for one in matches:
            sightings.see(
                found.seen, one.hit, enterprise, t, str(event["event.id"]), alert=raised or event.get("event.kind") == "alert",
                retro=True,
            )  # fmt: skip

    def _raise(self, event: Event, matches: list[Match], found: Found, enterprise: str, t: float) -> bool:
        told = tellable(matches)
        row = verdict(told) if told and event.get("event.kind") != "alert" and enterprise else None
        if row is None:
            return False
        key = (row[1].hit.id, enterprise, int(t // DAY))
        found.per_day[key] += 1
        if found.per_day[key] > MOST_ALERTS:
            return False
        made = alert({**event, **marks(told)}, *row)
        for name in [
            name for name in made if name in {"event.ingested", "taishi.late"} or name.startswith("taishi.asset.")
        ]:
            del made[name]
        made[RETRO] = True
        found.alerts.append((enterprise, made))
        return True

    # ------------------------------------------------------------ effects

    def _publish(self, found: Found, at: float) -> None:
        messages = [
            Message(
                enterprise, encode_batch(Batch("", enterprise, delivery_id("retro", made["event.id"]), at, 0, [made]))
            )
            for enterprise, made in found.alerts
        ]
        if messages:
            self.stream.publish(TOPIC_EVENTS, messages)
            log.info("New indicators were met in stored days.", alerts=len(messages))

    def _commit(self, ids: list[int], found: Found, at: float) -> None:
        with self.records.write(EVERYTHING) as session:
            mine = set(session.scalars(select(Indicator.id).where(Indicator.id.in_(ids), Indicator.retro_at.is_(None))))
            sightings.write(session, {key: one for key, one in found.seen.items() if key[0] in mine}, found.owners)
            session.execute(
                update(Indicator)
                .where(Indicator.id.in_(mine))
                .values(retro_at=at)
                .execution_options(synchronize_session=False)
            )


def _entry(row: Indicator, feeds: dict[str, str]) -> Entry | None:
    """What may match; None for what must not."""
    if row.feed_id not in feeds or row.revoked or row.warned or row.dismissed_at is not None:
        return None
    profile = Profile(row.feed_id, feeds[row.feed_id], row.confidence, row.tlp, row.purpose, row.name)
    return Entry(row.id, cast("Kind", row.kind), row.value, profile, row.valid_from, row.valid_until)


def _quoted(value: str) -> str:
    text = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _query(entries: list[Entry]) -> str:
    """A query that finds at least every event which may hold one of them. All are of one kind."""
    return " OR ".join(dict.fromkeys(part for entry in entries for part in _parts(entry)))


def _parts(entry: Entry) -> list[str]:
    value = _quoted(entry.value)
    both: Any = dict.fromkeys((value, _quoted(entry.value.upper())))
    match entry.kind:
        case "ip" | "cidr":
            return [f"related.ip:{value}"]
        case "domain":
            return [f"related.hosts:{value}", f"related.hosts:*.{entry.value}"]
        case "url":
            return [f"url.domain:{_quoted(urlsplit(entry.value).hostname or '')}"]
        case "hash" | "ja3" | "certificate":
            return [f"related.hash:{one}" for one in both]
        case "ja4":
            return [f"tls.client.ja4:{value}"]
        case "email":
            return [f"email.from.address:{value}"]
        case "serial":
            return [f"{name}:{one}" for name in ("x509.serial_number", "tls.server.x509.serial_number") for one in both]
