"""One PostgreSQL server of the system's packages. It refuses root, so root lends it an account without rights."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from tests.servers.process import Absent, Failed, Server

ACCOUNTS = ("postgres", "nobody")


class Postgres(Server):
    name = "PostgreSQL"

    @property
    def url(self) -> str:
        """Of the maintenance database: tests make their own beside it."""
        return f"postgresql+psycopg://taishi@127.0.0.1:{self.port}/postgres"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _prepare(self) -> None:
        self._bin = _programs()
        self._account = _account() if os.geteuid() == 0 else None
        if (self._data / "PG_VERSION").exists():
            (self._data / "postmaster.pid").unlink(
                missing_ok=True
            )  # the last one was killed; nobody else serves this folder
            return
        if self._account:
            for folder in (self.folder, *self.folder.parents[:2]):
                if folder.stat().st_uid == 0 and not folder.stat().st_mode & 0o005:
                    folder.chmod(folder.stat().st_mode | 0o755)
            self._data.mkdir(mode=0o700)
            shutil.chown(self._data, self._account)
        done = subprocess.run(
            [*self._as_account(), str(self._bin / "initdb"), "-D", str(self._data), "-U", "taishi", "--auth=trust",
             "--encoding=UTF8", "--no-locale"],
            capture_output=True, text=True, check=False, cwd="/",
        )  # fmt: skip
        if done.returncode:
            raise Failed(f"initdb failed: {done.stdout[-1000:]}{done.stderr[-1000:]}")

    def _as_account(self) -> list[str]:
        return ["setpriv", f"--reuid={self._account}", "--clear-groups", "--"] if self._account else []

    def _command(self) -> list[str]:
        return [
            *self._as_account(), str(self._bin / "postgres"), "-D", str(self._data), "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200",
        ]  # fmt: skip

    def _ready(self) -> bool:
        asked = [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked, check=False, capture_output=True).returncode == 0


def _programs() -> Path:
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    for folder in [*reversed(newest), Path("/usr/bin"), Path("/usr/local/bin")]:
        if (folder / "initdb").exists():
            return folder
    raise Absent("PostgreSQL is not installed (apt-get install postgresql)")


def _account() -> str:
    for name in ACCOUNTS:
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise Absent(f"root cannot run PostgreSQL, and there is no account {' or '.join(ACCOUNTS)} to lend it")
