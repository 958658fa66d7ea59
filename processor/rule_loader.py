"""The worker's rules: loaded at the start, then renewed beside the work and put in place between checkpoints."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from sqlalchemy.orm import Session

from processor import metrics, rule_store
from taishi.records.port import Records
from taishi.scope import EVERYTHING
from taishi.sigma.ruleset import Ruleset

log = structlog.get_logger()

LOOK_SECONDS = 5.0
COST_SECONDS = 60.0


class RuleLoader:
    def __init__(self, records: Records) -> None:
        self._records = records
        self._pool = ThreadPoolExecutor(1, "rules")
        self._coming: Future[Ruleset] | None = None
        self._looked = 0.0
        self._costs_at = 0.0
        self.current: Ruleset | None = None

    def refresh(self) -> None:
        """Call where no uncommitted work depends on the present rules. Raises RecordsError.

        The first set is waited for, so that no event passes unseen; later ones are built in a thread meanwhile."""
        if self._coming is not None and (self.current is None or self._coming.done()):
            coming, self._coming = self._coming, None
            self.current = coming.result()
            metrics.RULES.set(len(self.current.engine.entries) + len(self.current.correlator.rules))
            log.info("Detection rules were loaded.", rules=len(self.current.engine.entries))
        at = time.monotonic()
        if self._coming is not None or (self.current is not None and at - self._looked < LOOK_SECONDS):
            return
        self._looked = at
        with self._records.read(EVERYTHING) as session:
            wanted = rule_store.fingerprint(session)
        if self.current is not None and self.current.fingerprint == wanted:
            return
        self._coming = self._pool.submit(self._load)
        if self.current is None:
            self.refresh()

    def _load(self) -> Ruleset:
        with self._records.read(EVERYTHING) as session:
            metrics.THROTTLED_NOW.set(rule_store.throttled(session))
            return rule_store.load(session, time.perf_counter_ns)

    def record(self, session: Session, figures: dict[tuple[str, str, str], int], at: float) -> None:
        """Inside the checkpoint's transaction: what rules did, now and then what they cost, and which cost too much."""
        costs: dict[str, tuple[int, int]] = {}
        if self.current is not None and time.monotonic() - self._costs_at >= COST_SECONDS:
            self._costs_at = time.monotonic()
            costs, heavy = rule_store.take_costs(self.current.engine)
            for identity, reason in heavy.items():
                log.warning("A rule was switched off for what it costs.", rule=identity, reason=reason)
                metrics.THROTTLED.inc()
            rule_store.throttle(session, heavy, at)
        rule_store.write_figures(session, figures, costs, at)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
