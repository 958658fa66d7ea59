"""One server process with its data in one folder: start, stop, kill, freeze, and start again on the same data."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

START_SECONDS = 120.0
STOP_SECONDS = 30.0


class Absent(Exception):
    """This machine cannot have the server; the message says what is missing."""


class Failed(Exception):
    """The server did not start; the message ends with the tail of its log."""


def free_port() -> int:
    """A port nobody listens on now. Kept for the life of a server's folder, so that clients find it again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cache() -> Path:
    """Where downloaded servers are kept between runs."""
    return Path(os.environ.get("TAISHI_SERVERS_CACHE", Path.home() / ".cache" / "taishi-servers"))


class Server(ABC):
    """`folder` holds data, log, pid and port; a later `start` on the same folder recovers."""

    name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port = self._kept_port("port")
        self._process: subprocess.Popen[bytes] | None = None
        """Where this very process started the server: it must be waited for, else it stays a zombie."""

    @property
    @abstractmethod
    def url(self) -> str:
        """What the platform's setting of this engine says."""

    @abstractmethod
    def _prepare(self) -> None:
        """Install and configure; raises Absent."""

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _ready(self) -> bool: ...

    def _environment(self) -> Mapping[str, str]:
        return {}

    def _kept_port(self, name: str) -> int:
        file = self.folder / name
        if not file.exists():
            file.write_text(str(free_port()))
        return int(file.read_text())

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def pid(self) -> int | None:
        """The living process of this folder, whoever started it."""
        file = self.folder / "pid"
        if not file.exists():
            return None
        pid = int(file.read_text())
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return None
        return None if state == "Z" else pid

    def start(self) -> None:
        """Returns when the server answers; at once where it already runs."""
        if self.pid is not None:
            return
        self._prepare()
        with self.log.open("ab") as log:
            self._process = process = subprocess.Popen(
                self._command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                env={**os.environ, **self._environment()},
            )  # fmt: skip
        (self.folder / "pid").write_text(str(process.pid))
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
            if process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise Failed(f"{self.name} did not start:\n{self._tail()}")
            time.sleep(0.1)

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])

    def stop(self) -> None:
        """In order, as an operator does it; killed where it does not end."""
        self._end(signal.SIGTERM, STOP_SECONDS)
        self._end(signal.SIGKILL, 10.0)

    def kill(self) -> None:
        """As a power cut of the process does it."""
        self._end(signal.SIGKILL, 10.0)

    def freeze(self) -> None:
        """The process keeps its connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        pid = self.pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, number)

    def _end(self, number: signal.Signals, seconds: float) -> None:
        self._signal(number)
        deadline = time.monotonic() + seconds
        while self.pid is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        if self.pid is None and self._process is not None:
            self._process.wait(10)  # its last threads may still be ending
            self._process = None
