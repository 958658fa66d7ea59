"""What every transport shares that fetches records itself: a thread for the client, its records to the loop, patience.

A client library blocks; the pipeline does not. The thread hands over a batch and waits until it is durable, so it never fetches
more than it has delivered, and acknowledges nothing before.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError
from typing import Final

import structlog

from collectors.framing import Frame
from collectors.normalise import Reader
from collectors.sources import SourceInfo
from collectors.transports.intake import Intake
from taishi import clock

log = structlog.get_logger()

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
SHUTDOWN_SECONDS: Final = 10.0


class Stopped(Exception):
    """We stop: whatever is in hand is not acknowledged and comes again."""


class Puller:
    """One client of one source. A subclass fetches in `fetch`, which runs on its thread until it raises."""

    name = "puller"
    failures: tuple[type[Exception], ...] = (OSError,)
    """What the client raises when the other side is away; it is tried again, ever more patiently."""

    def __init__(self, intake: Intake, source: str) -> None:
        self.intake = intake
        self.stopping = threading.Event()
        self._source = source
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._reader: Reader | None = None

    def fetch(self) -> None:
        """Connect, and deliver until stopped. Raises one of `failures`, or Stopped."""
        raise NotImplementedError

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(asyncio.to_thread(self._run), name=f"{self.name} for {self._source}")

    def tasks(self) -> list[asyncio.Task[None]]:
        return [self._task] if self._task else []

    async def stop(self) -> None:
        self.stopping.set()
        if self._task is not None:
            await asyncio.wait((self._task,), timeout=SHUTDOWN_SECONDS)

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self.stopping.is_set():
            try:
                if self.intake.sources.by_id(self._source) is not None:
                    self.fetch()
                    pause = FIRST_PAUSE
            except Stopped:
                return
            except self.failures as error:
                log.warning("Records cannot be fetched and are tried again.", transport=self.name, source=self._source,
                            reason=str(error) or type(error).__name__, pause_seconds=pause)  # fmt: skip
            self.stopping.wait(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    def source(self) -> SourceInfo:
        """Raises Stopped where it is gone or disabled: then nothing is fetched for it."""
        found = self.intake.sources.by_id(self._source)
        if found is None or found.state == "disabled":
            raise Stopped
        return found

    def deliver(self, frames: Sequence[Frame], delivery: str = "") -> None:
        """Returns when the records are durable. Raises Stopped."""
        source = self.source()
        if self._reader is None or self._reader.source != source:
            self._reader = self.intake.reader(source)
        batch = self._reader.batch(frames, delivery or self.intake.fresh_delivery(source), clock.now(), "")
        if self._loop is None:
            raise RuntimeError("deliver before start")
        published = asyncio.run_coroutine_threadsafe(self.intake.publish_patiently(source, batch), self._loop)
        while True:
            try:
                return published.result(timeout=0.5)
            except TimeoutError:
                if self.stopping.is_set():
                    published.cancel()
                    raise Stopped from None
            except CancelledError:
                raise Stopped from None
