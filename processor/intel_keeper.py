"""`taishi intel keep`: what threat intelligence needs beside the stream. Pulls feeds when they are due, builds a snapshot
when something changed, looks for new indicators in stored days, and forgets what ended long ago.

Any number of these may run, one a machine that has processors: a feed is claimed by compare-and-set, a snapshot is the
machine's own, and searching back is committed indicator by indicator. Dying at any point loses nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import httpx
import structlog
from pydantic import SecretStr
from sqlalchemy import select, update

from processor.retro import Retro
from taishi import clock
from taishi.errors import RecordsError, StoreError, StreamError
from taishi.intel import book, builds, pull
from taishi.intel.indicator import FeedError, Tally
from taishi.intel.read import Format
from taishi.records.port import Records
from taishi.records.tables import Feed
from taishi.scope import EVERYTHING
from taishi.security import audit

log = structlog.get_logger()

CLAIM: Final = pull.DEADLINE + 600
"""Seconds that a feed belongs to who pulls it."""

PULLS: Final = 4
"""Feeds pulled at a time."""

PAUSE: Final = 1.0
SOONEST: Final = 2.0
"""Seconds between two builds, and at least three times what the last one took: a feed of a million arrives in many parts."""

FORGET_PERIOD: Final = 3600.0


@dataclass(slots=True)
class Keeper:
    """`folder` is where snapshots lie; `secrets` are named by feeds; `transport` is for tests."""

    records: Records
    folder: Path
    secrets: Mapping[str, SecretStr]
    retro: Retro | None = None
    now: Callable[[], float] = clock.now
    transport: httpx.BaseTransport | None = None
    _problem: str = "the keeper has not started"
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(PULLS, "pull"))
    _running: dict[str, Future[None]] = field(default_factory=dict)
    _built: float = 0.0
    _took: float = 0.0
    _forgot: float = 0.0

    def problem(self) -> str:
        """For readiness: empty, or what keeps it from working."""
        return self._problem

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. A failing engine is waited for."""
        while not stop.is_set():
            busy = False
            try:
                busy = self.step()
                self._problem = ""
            except (RecordsError, StoreError, StreamError, OSError) as error:
                self._problem = str(error)
                log.warning("Intelligence waits for an engine.", reason=str(error))
            stop.wait(0.02 if busy else PAUSE)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def step(self) -> bool:
        """One round; True where there is more to do at once."""
        self._start_pulls()
        self._build()
        at = self.now()
        if not 0 <= at - self._forgot < FORGET_PERIOD:
            self._forgot = at
            gone = book.forget(self.records, at)
            if gone:
                log.info("Old indicators were removed.", indicators=gone)
        return self.retro is not None and self.retro.run(at)

    # ------------------------------------------------------------ snapshots

    def _build(self) -> None:
        at = time.monotonic()
        if self._built and at - self._built < max(SOONEST, 3 * self._took):
            return
        if builds.stale(self.records, self.folder):
            path = builds.build(self.records, self.folder)
            self._took = time.monotonic() - at
            log.info("Indicators were built.", file=path.name, seconds=round(self._took, 2))
            self._built = time.monotonic()

    # ------------------------------------------------------------ feeds

    def _start_pulls(self) -> None:
        for identity in [one for one, future in self._running.items() if future.done()]:
            self._running.pop(identity).result()
        for identity in self._due():
            if identity not in self._running and len(self._running) < PULLS and self._claim(identity):
                self._running[identity] = self._pool.submit(self.pull, identity)

    def _due(self) -> list[str]:
        at = self.now()
        with self.records.read(EVERYTHING) as session:
            return list(
                session.scalars(
                    select(Feed.id)
                    .where(Feed.state == "active", Feed.transport != "", Feed.next_at <= at, Feed.claimed_until <= at)
                    .order_by(Feed.next_at, Feed.id)
                )
            )

    def _claim(self, identity: str) -> bool:
        at = self.now()
        with self.records.write(EVERYTHING) as session:
            done = session.execute(
                update(Feed)
                .where(Feed.id == identity, Feed.claimed_until <= at, Feed.state == "active")
                .values(claimed_until=at + CLAIM)
                .execution_options(synchronize_session=False)
            )
            return bool(getattr(done, "rowcount", 0) == 1)

    def pull(self, identity: str) -> None:
        """Fetch one feed and take in what it says; how it ended is on the feed. Raises nothing but engines' errors."""
        at = self.now()
        with self.records.read(EVERYTHING) as session:
            feed = session.get(Feed, identity)
            if feed is None:
                return
            session.expunge(feed)
        source = pull.Source(
            feed.transport, feed.url, cast("Format", feed.format), dict(feed.options), cursor=dict(feed.cursor),
            valid_days=feed.valid_days,
        )  # fmt: skip
        tally, problem = Tally(), ""
        try:
            source.secret = self._secret(feed)
            tally = book.take_in(self.records, identity, pull.items(source, at, self.transport), at)
            if feed.mode == "replace" and not source.unchanged:
                tally.withdrawn = book.withdraw_unlisted(self.records, identity, at)
        except FeedError as error:
            problem = str(error)
            log.warning("A feed could not be pulled.", feed=identity, reason=problem)
        except (RecordsError, StoreError) as error:
            problem = f"taken in only in part: {error}"
            log.warning("A feed could not be kept.", feed=identity, reason=str(error))
        except Exception as error:  # a defect of ours on what a stranger sent must not end the keeper
            problem = f"it cannot be read: {type(error).__name__}"
            log.exception("A feed broke its reader.", feed=identity)
        more = {"cursor": source.cursor, "next_at": self.now() + feed.interval, "claimed_until": 0.0}
        book.finished(self.records, identity, tally, at, problem, **more)
        self._audit(identity, tally, problem, at)

    def _secret(self, feed: Feed) -> str:
        if not feed.secret:
            return ""
        found = self.secrets.get(feed.secret) or self.secrets.get(feed.secret.lower())  # the environment knows no case
        if found is None:
            raise FeedError(f"the settings have no secret {feed.secret!r} under [intel.secrets]")
        return found.get_secret_value()

    def _audit(self, identity: str, tally: Tally, problem: str, at: float) -> None:
        if not tally.changed and not tally.withdrawn:
            return
        detail = {"changed": tally.changed, "withdrawn": tally.withdrawn, "problem": problem[:200]}
        with self.records.write(EVERYTHING) as session:
            audit.append(
                session,
                at=at,
                actor="taishi",
                action="feed.pull",
                object_kind="feed",
                object_id=identity,
                detail=detail,
            )
