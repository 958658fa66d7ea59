"""Back-tests that people asked for, one at a time, beside the stream and never in it.

Any number of these may run: a back-test is claimed by compare-and-set and its runner beats while it works; one whose
runner has died is begun again by another. Dying at any point loses nothing but time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy import and_, or_, select, update

from processor import inventory
from processor.backtest import Backtest, Progress, Stopped
from taishi import clock
from taishi.errors import RecordsError, StoreError
from taishi.records.port import Records
from taishi.records.tables import RuleBacktest
from taishi.rules import exceptions, library
from taishi.rules.stored import Period
from taishi.scope import EVERYTHING, Scope
from taishi.sigma import parse, ruleset
from taishi.store.port import EventStore

log = structlog.get_logger()

PAUSE: Final = 1.0
BEAT: Final = 1.0
"""Seconds between two notes of how far it is; each also asks whether it was cancelled."""
DEAD: Final = 60.0
"""Seconds without a beat after which a runner is taken for dead: many pages of events."""
LONGEST: Final = 1800.0
"""Seconds that one may take; a longer one is refused with what it had seen."""


class Refused(Exception):
    """Why a text cannot be tried."""


@dataclass(slots=True)
class BacktestJob:
    records: Records
    store: EventStore
    now: Callable[[], float] = clock.now
    ticks: Callable[[], int] = time.perf_counter_ns

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. A failing engine is waited for."""
        while not stop.is_set():
            busy = False
            try:
                busy = self.step(stop)
            except (RecordsError, StoreError) as error:
                log.warning("Back-tests wait for an engine.", reason=str(error))
            stop.wait(0.02 if busy else PAUSE)

    def step(self, stop: threading.Event | None = None) -> bool:
        """Run the oldest that waits; False where none does. Raises RecordsError and StoreError."""
        row = self._claim()
        if row is None:
            return False
        try:
            result = self._tried(row, stop)
        except Stopped:
            return True  # cancelled, and the row says so; or we are ending, and another begins it again
        except Refused as error:
            self._end(row.id, state="failed", reason=str(error))
        else:
            self._end(row.id, state="done", result=result)
        return True

    def _claim(self) -> RuleBacktest | None:
        at = self.now()
        table = RuleBacktest
        free = or_(table.state == "queued", and_(table.state == "running", table.beat_at < at - DEAD))
        with self.records.read(EVERYTHING) as session:
            row = session.scalars(select(table).where(free).order_by(table.created_at, table.id).limit(1)).first()
            if row is None:
                return None
            session.expunge(row)
        with self.records.write(EVERYTHING) as session:
            done = session.execute(
                update(table)
                .where(table.id == row.id, table.beat_at == row.beat_at, free)
                .values(state="running", started_at=at, beat_at=at)
                .execution_options(synchronize_session=False)
            )
            return row if getattr(done, "rowcount", 0) == 1 else None

    def _tried(self, row: RuleBacktest, stop: threading.Event | None) -> dict[str, Any]:
        with self.records.read(EVERYTHING) as session:
            found, refused = parse.parse([("rule.yml", row.body)], known=lambda names: library.known(session, names))
            if refused or len(found) != 1:
                raise Refused(refused[0].reason if refused else "there is no rule in this text")
            rule = found[0].rule
            family = library.family(session, rule)
            exempt = [one for one in exceptions.in_force(session) if one.rule_id == rule.id]
            facts = inventory.load(session)
        regions, enterprises, authorities = (
            tuple(row.scope[name]) for name in ("regions", "enterprises", "authorities")
        )
        scope = Scope(regions, enterprises, authorities)
        period = Period(row.since, row.until, scope)
        return Backtest(
            rule, ruleset.build(family, exempt=exempt), self.store, facts, period, self.ticks
        ).run(self._beating(row.id, stop))  # fmt: skip

    def _beating(self, identity: str, stop: threading.Event | None) -> Progress:
        begun = last = time.monotonic()

        def progress(seen: int, total: int, hits: int) -> bool:
            nonlocal last
            at = time.monotonic()
            if at - begun > LONGEST:
                raise Refused(
                    f"it took longer than {LONGEST / 60:.0f} minutes over {seen:,} of {total:,} events: try fewer days"
                )
            if stop is not None and stop.is_set():
                return False
            if at - last < BEAT:
                return True
            last = at
            return self._running(identity, {"seen": seen, "total": total, "hits": hits})

        return progress

    def _running(self, identity: str, progress: dict[str, int]) -> bool:
        """Note how far it is; False where it was cancelled."""
        return self._write(identity, progress=progress, beat_at=self.now())

    def _end(self, identity: str, **values: Any) -> None:
        result = values.get("result")
        if result:
            values["progress"] = {"seen": result["events"], "total": result["events"], "hits": result["hits"]}
        self._write(identity, ended_at=self.now(), **values)

    def _write(self, identity: str, **values: Any) -> bool:
        with self.records.write(EVERYTHING) as session:
            done = session.execute(
                update(RuleBacktest)
                .where(RuleBacktest.id == identity, RuleBacktest.state == "running")
                .values(**values)
                .execution_options(synchronize_session=False)
            )
            return bool(getattr(done, "rowcount", 0) == 1)
