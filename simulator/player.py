"""The player: lines in order of time, collected into small deliveries by enterprise, sent by a few threads.

Deliveries of one enterprise go out in order; their borders lie on a fixed grid of event time, so that a run that is
repeated after a crash sends the same batches under the same ids, and HTTP sources count them once.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

import structlog

from simulator.line import Line
from simulator.senders import HttpSender, Sender, Stopped, SyslogSender, Targets
from simulator.truth import TruthFile
from taishi.errors import TaishiError

log = structlog.get_logger()

THREADS: Final = 12
"""Each POST waits for an fsync group of the platform; a dozen of them keep it busy."""
QUEUE: Final = 64
"""Deliveries that may wait for a thread: the player never runs far ahead."""
COARSE: Final = 1800.0
"""Seconds of event time in one delivery while history is filled: within the platform's patience with late events."""
FINE: Final = 120.0
"""The same for an enterprise under attack."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The lines of one enterprise up to `end` of event time, exclusive; nothing before its last delivery's end."""

    site_id: str
    end: float
    lines: tuple[Line, ...]


@dataclass
class Progress:
    """How far the player is: lines sent, lines that belong to attacks, and the event time reached."""

    lines: int = 0
    attack_lines: int = 0
    at: float = 0.0


@dataclass
class Crew:
    """The sending threads. `confirmed` is told of every delivery that was accepted."""

    targets: Targets
    key: Callable[[str], str]
    truth: TruthFile
    stop: threading.Event
    confirmed: Callable[[Delivery], None]
    problem: TaishiError | None = None
    _queues: list[queue.Queue[Delivery | None]] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        for number in range(THREADS):
            waiting: queue.Queue[Delivery | None] = queue.Queue(QUEUE)
            thread = threading.Thread(target=self._run, args=(waiting,), name=f"sender-{number}", daemon=True)
            self._queues.append(waiting)
            self._threads.append(thread)
            thread.start()

    def give(self, delivery: Delivery) -> None:
        """Hand over; waits while the thread of this enterprise is behind. Raises Stopped, or what went wrong."""
        waiting = self._queues[crc32(delivery.site_id.encode()) % THREADS]
        while True:
            if self.problem is not None:
                raise self.problem
            if self.stop.is_set():
                raise Stopped
            try:
                waiting.put(delivery, timeout=0.2)
            except queue.Full:
                continue
            return

    def drain(self) -> None:
        """Wait until everything given is accepted. Raises Stopped, or what went wrong."""
        while any(waiting.unfinished_tasks for waiting in self._queues):
            if self.problem is not None:
                raise self.problem
            if self.stop.wait(0.02):
                raise Stopped

    def close(self) -> None:
        """Let the threads end after what is in hand."""
        for waiting in self._queues:
            waiting.put(None)
        for thread in self._threads:
            thread.join(timeout=20)

    def _run(self, waiting: queue.Queue[Delivery | None]) -> None:
        push = HttpSender(self.targets.http_url, self.key, self.truth, self.stop)
        syslog = SyslogSender(self.targets, self.truth, self.stop)
        try:
            while (delivery := waiting.get()) is not None:
                try:
                    if not self.stop.is_set() and self.problem is None:
                        self._send(delivery, push, syslog)
                finally:
                    waiting.task_done()
        finally:
            push.close()
            syslog.close()

    def _send(self, delivery: Delivery, push: Sender, syslog: Sender) -> None:
        by_feed: dict[str, list[Line]] = {}
        for line in delivery.lines:
            by_feed.setdefault(line.feed.id, []).append(line)
        batch = f"{delivery.end:.0f}"
        try:
            for lines in by_feed.values():
                feed = lines[0].feed
                (push if feed.transport == "http" else syslog).send(feed, lines, batch)
        except Stopped:
            return
        except TaishiError as error:
            self.problem = error
            return
        self.confirmed(delivery)


@dataclass
class Player:
    """Plays a timeline. `positions` holds, by enterprise, up to when lines are delivered, and moves on."""

    crew: Crew
    stop: threading.Event
    positions: dict[str, float]
    saved: Callable[[], None] = lambda: None
    progress: Progress = field(default_factory=Progress)
    rate: float | None = None
    """Lines a second, where a limit is wanted."""
    _pending: dict[str, list[Line]] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)
    _last_save: float = 0.0

    def backfill(self, lines: Iterable[Line], end: float) -> None:
        """Send history as fast as it is taken, up to `end` (a whole second). Raises Stopped."""
        began, count = time.monotonic(), 0
        for line in lines:
            site = line.feed.site_id
            if line.at < self.positions.get(site, 0.0):
                continue
            if site in self._due and line.at >= self._due[site]:
                self._flush(site, self._due[site])
            self._take(line, FINE if line.truth.attack else COARSE, end)
            count += 1
            if self.rate and count % 100 == 0:
                self.stop.wait(max(0.0, began + count / self.rate - time.monotonic()))
            self._save_now_and_then()
        for site in list(self._pending):
            self._flush(site, min(self._due[site], end))
        self.crew.drain()
        self.saved()

    def play(self, lines: Iterable[Line], start: float, scale: float = 1.0, end: float | None = None) -> None:
        """Send lines when their time comes, `scale` times as fast, in ticks of a second of event time.

        Ends with the timeline, at `end`, or by Stopped."""
        real = time.time() if scale != 1.0 else start
        tick = start + 1.0
        for line in lines:
            if end is not None and line.at >= end:
                break
            if line.at < self.positions.get(line.feed.site_id, 0.0):
                continue
            while line.at >= tick:
                self._wait_until(real + (tick - start) / scale)
                self._flush_all(tick)
                tick += 1.0
            self._take(line, 1.0, float("inf"))
        self._flush_all(tick)
        self.crew.drain()
        self.saved()

    def _wait_until(self, moment: float) -> None:
        while (left := moment - time.time()) > 0:
            if self.stop.wait(min(left, 1.0)):
                raise Stopped
            if self.crew.problem is not None:
                raise self.crew.problem
        if self.stop.is_set():
            raise Stopped

    def _take(self, line: Line, grain: float, end: float) -> None:
        site = line.feed.site_id
        border = min((line.at // grain + 1) * grain, end)
        if site not in self._pending:
            self._pending[site] = []
            self._due[site] = border
        self._due[site] = min(self._due[site], border)
        self._pending[site].append(line)
        self.progress.lines += 1
        self.progress.attack_lines += bool(line.truth.attack)
        self.progress.at = line.at

    def _flush(self, site: str, end: float) -> None:
        lines = self._pending.pop(site)
        self._due.pop(site)
        self.crew.give(Delivery(site, end, tuple(lines)))

    def _flush_all(self, end: float) -> None:
        for site in list(self._pending):
            self._flush(site, end)
        self._save_now_and_then()

    def _save_now_and_then(self) -> None:
        now = time.monotonic()
        if now - self._last_save > 2.0:
            self._last_save = now
            self.crew.truth.flush()
            self.saved()
