"""The worker's indicators: a snapshot file, mapped anew between checkpoints when there is a newer one.

Files are built by `taishi intel keep` beside the processors. A worker that finds none while there are indicators builds
one itself before its first event, so that nothing passes unseen. Withdrawals since the file was built are read from
Records and apply at once.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import structlog

from processor import metrics
from taishi.intel import book, builds
from taishi.intel.match import Matcher
from taishi.intel.snapshot import BrokenSnapshot, Snapshot
from taishi.records.port import Records
from taishi.scope import EVERYTHING

log = structlog.get_logger()

LOOK_SECONDS: Final = 2.0


class IntelLoader:
    def __init__(self, records: Records, folder: Path) -> None:
        """`folder` is where snapshots lie, the same for all processors of a machine."""
        self._records = records
        self._folder = folder
        self._looked = 0.0
        self._change = -1
        self.current: Matcher | None = None

    def refresh(self) -> None:
        """Call where no uncommitted work depends on the present indicators. Raises RecordsError."""
        at = time.monotonic()
        if self._looked and at - self._looked < LOOK_SECONDS:
            return
        with self._records.read(EVERYTHING) as session:
            change = book.change_of(session)
        if self.current is None and change and builds.newest(self._folder) is None:
            builds.build(self._records, self._folder)
        self._take()
        if self.current is not None and change != self._change:
            with self._records.read(EVERYTHING) as session:
                ids, feeds = book.withdrawn_since(session, self.current.snapshot.change)
            self.current.snapshot.mute(ids, feeds)
        self._change = change
        self._looked = at  # only now: what failed is done again before any event is looked at

    def _take(self) -> None:
        """Map the newest file if it is newer than ours; a broken one is passed over and said."""
        found = builds.newest(self._folder)
        if found is None or (self.current is not None and self.current.snapshot.path == found):
            return
        try:
            snapshot = Snapshot(found)
        except (BrokenSnapshot, OSError) as error:
            log.warning("A snapshot of indicators cannot be read; the one before stays in use.", reason=str(error))
            return
        self.current = Matcher(snapshot)
        self._change = -1
        metrics.INDICATORS.set(snapshot.count)
        log.info("Indicators were loaded.", indicators=snapshot.count, change=snapshot.change)
