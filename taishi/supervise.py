"""`taishi serve`: the three roles as child processes, restarted when they die, stopped together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import structlog

log = structlog.get_logger()

ROLES = ("collect", "process", "api", "intel keep")

STOP_SECONDS = 20.0
"""How long a role may take to drain and commit before it is killed; nothing acknowledged is lost either way."""

LONGEST_PAUSE = 30.0


@dataclass(slots=True)
class _Child:
    role: str
    process: subprocess.Popen[bytes]
    started: float
    pause: float = 0.5


class Supervisor:
    """Starts `python -m taishi.main <role>` for each role, a command of one or two words.

    A role that dies is started again, at first after half a second, then with growing pauses, so that a broken setting
    does not spin."""

    def __init__(
        self,
        roles: Sequence[str] = ROLES,
        environment: Mapping[str, str] | None = None,
        log_file: Path | None = None,
    ) -> None:
        """`log_file`: where the roles write their logs instead of our own standard error."""
        self._environment = {**os.environ, **(environment or {})}
        self._log_file = log_file
        self._stopping = threading.Event()
        self._children = [self._start(role) for role in roles]

    def _start(self, role: str) -> _Child:
        with self._log_file.open("ab") if self._log_file else nullcontext() as log_to:
            process = subprocess.Popen(  # noqa: S603  our own interpreter and module
                [sys.executable, "-m", "taishi.main", *role.split()],
                env=self._environment,
                stdout=log_to,
                stderr=log_to,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops the roles in order
            )
        return _Child(role, process, time.monotonic())

    def watch(self) -> None:
        """Restart what dies until `stop` is called from a signal handler or another thread."""
        while not self._stopping.wait(0.25):
            for child in self._children:
                if child.process.poll() is not None and not self._stopping.is_set():
                    self._revive(child)

    def _revive(self, child: _Child) -> None:
        code = child.process.returncode
        if time.monotonic() - child.started > 60:
            child.pause = 0.5
        log.error("A role ended and is started again.", ended=child.role, exit_code=code, pause=child.pause)
        if self._stopping.wait(child.pause):
            return
        fresh = self._start(child.role)
        child.process, child.started = fresh.process, fresh.started
        child.pause = min(LONGEST_PAUSE, child.pause * 2)

    def request_stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        self._stopping.set()

    def stop(self) -> None:
        """Collectors first, so that the processor drains what they wrote; waits, then kills."""
        self._stopping.set()
        for child in self._children:
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._children:
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("A role did not stop in time and is killed.", ended=child.role)
                child.process.kill()
                child.process.wait()

    def pids(self) -> dict[str, int]:
        return {child.role: child.process.pid for child in self._children}


def run_until_signal(environment: Mapping[str, str] | None = None) -> None:
    """Run all roles until SIGINT or SIGTERM, then stop them cleanly."""
    supervisor = Supervisor(environment=environment)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, supervisor.request_stop)
    try:
        supervisor.watch()
    finally:
        supervisor.stop()
