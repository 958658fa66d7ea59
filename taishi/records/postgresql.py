"""What PostgreSQL needs to behave as the `Records` port promises.

One writer at a time, as on SQLite: a writing transaction begins with an advisory lock that it holds until its commit is
visible. Two promises hang on it. Handlers read, decide and write without a lock of their own on each row. And the numbers
of `change`, `decision` and `audit` become visible in their order: without the lock a transaction that drew 9 may commit
after the one that drew 10, and whoever asks for what comes "after 10" never hears of 9. Readers never wait for it.

Writers run READ COMMITTED, so that what they read after the lock is what its last holder left; readers run REPEATABLE
READ and read-only, so that all of a page is one moment.
"""

from __future__ import annotations

from typing import Any, Final

from psycopg.adapt import Buffer, Loader
from psycopg.types.string import StrDumper, StrDumperUnknown, TextLoader
from sqlalchemy import URL, Connection, Engine, create_engine, event

from taishi.errors import RecordsError

WRITE_LOCK: Final = 7_410_118
"""Key of the advisory lock of every writing transaction."""

MIGRATION_LOCK: Final = 7_410_119
"""Key of the advisory lock that lets one process migrate while the others wait."""

LOCK_SECONDS: Final = 60
"""As on SQLite: a checkpoint holds the lock for tens of milliseconds; a minute runs out only when something is broken."""

STATEMENT_SECONDS: Final = 120
IDLE_SECONDS: Final = {"writer": 60, "reader": 600}
"""A session that hangs inside a transaction is ended by the server: a stopped writer must not stop the others for ever."""

CONNECT_SECONDS: Final = 10
SILENCE_SECONDS: Final = 60
"""After which an unanswering server counts as gone."""

NUL_MARK: Final = "\ufdd0"
"""Stands for U+0000, which PostgreSQL refuses in texts: a noncharacter, set aside by Unicode for such use inside."""

POOLS: Final[dict[str, dict[str, Any]]] = {
    "writer": {"pool_size": 1, "max_overflow": 7},  # they queue for one lock: more would only wait
    "reader": {"pool_size": 5, "max_overflow": 15},
}


class _Dumping:
    """Any text goes in: U+0000 as its mark, halves of surrogate pairs as `?`."""

    def dump(self, obj: str) -> Buffer:
        return obj.replace("\0", NUL_MARK).encode("utf-8", "replace")


class _TextDumper(_Dumping, StrDumper):
    pass


class _UnknownDumper(_Dumping, StrDumperUnknown):
    pass


class _TextLoader(TextLoader):
    """…and comes out as it went in."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode().replace(NUL_MARK, "\0")


class _NumericLoader(Loader):
    """Sums of 64-bit columns are `numeric`; the code counts in int, as it does on SQLite."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data).decode()
        return int(text) if text.removeprefix("-").isdecimal() else float(text)


def _prepare(connection: Any, _record: Any) -> None:
    adapters = connection.adapters
    adapters.register_dumper(str, _TextDumper)
    adapters.register_dumper(str, _UnknownDumper)  # the last one registered is the default
    for name in ("text", "varchar"):
        adapters.register_loader(name, _TextLoader)
    adapters.register_loader("numeric", _NumericLoader)


def _options(role: str, given: str) -> str:
    """Session settings as libpq takes them; what the URL itself asks for comes last and wins."""
    settings = {
        "statement_timeout": f"{STATEMENT_SECONDS}s",
        "lock_timeout": f"{LOCK_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{IDLE_SECONDS[role]}s",
        "default_transaction_isolation": "read\\ committed" if role == "writer" else "repeatable\\ read",
        "default_transaction_read_only": "off" if role == "writer" else "on",
    }
    return " ".join([*(f"-c {name}={value}" for name, value in settings.items()), given]).strip()


def open_engine(url: URL, role: str) -> Engine:
    """`role` is writer or reader. Raises nothing for a server that is away: connections are made when needed."""
    given = url.query.get("options", "")
    engine = create_engine(
        url.difference_update_query(["options"]),
        pool_pre_ping=True,
        pool_recycle=1800,
        pool_timeout=30,
        hide_parameters=True,
        connect_args={
            "options": _options(role, given if isinstance(given, str) else " ".join(given)),
            "client_encoding": "utf8",
            "connect_timeout": CONNECT_SECONDS,
            "application_name": f"taishi-{role}",
            "keepalives_idle": SILENCE_SECONDS // 2,
            "keepalives_interval": SILENCE_SECONDS // 6,
            "keepalives_count": 3,
            "tcp_user_timeout": SILENCE_SECONDS * 1000,
        },
        **POOLS[role],
    )
    event.listen(engine, "connect", _prepare)
    return engine


def lock_writers(connection: Connection) -> None:
    """Wait for the other writers; held until this transaction has ended for everybody."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")


def lock_migrations(connection: Connection) -> None:
    """Wait for whoever migrates, however long that takes, then for the writers. Raises RecordsError on a database that
    cannot hold our texts."""
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise RecordsError(f"the records database is encoded in {encoding}; create it anew with ENCODING 'UTF8'")
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    lock_writers(connection)
