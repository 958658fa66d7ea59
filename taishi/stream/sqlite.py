"""The embedded `Stream`: one SQLite database in WAL mode, shared by all processes of one machine.

One row a message, whose value is a whole batch: a durable commit (`synchronous=FULL`) then costs a few per cent of the
work on the batch. Groups are cooperative: each partition has one owner row; a member gives up what exceeds its share at
its next poll, and takes only what nobody owns or whose owner's lease ran out. A member that was frozen longer than its
lease may still believe it owns a partition: consumers whose effects must happen once compare-and-set their offset.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson

from taishi import sqlite
from taishi.errors import StreamError
from taishi.findings import Finding
from taishi.stream.port import Message, Partition, PartitionsHandler, Record, partition_for

LEASE_SECONDS = 10.0
"""How long a silent member keeps its partitions. Shorter would take them from a process that is merely busy with a
large batch; longer would leave them idle after a kill."""

POLL_BYTES = 16 * 1024 * 1024
"""A poll stops after this many bytes of values, whatever their number: memory stays bounded with large batches."""

LONGEST_NAP = 0.05

SCHEMA = """
CREATE TABLE IF NOT EXISTS topic (name TEXT PRIMARY KEY, partitions INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS head (
  topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS record (
  id INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL, position INTEGER NOT NULL,
  at REAL NOT NULL, key TEXT NOT NULL, headers BLOB, value BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS record_place ON record (topic, partition, position);
CREATE INDEX IF NOT EXISTS record_at ON record (topic, at);
CREATE TABLE IF NOT EXISTS member (
  consumer_group TEXT NOT NULL, id TEXT NOT NULL, topics TEXT NOT NULL, lease REAL NOT NULL,
  PRIMARY KEY (consumer_group, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS owner (
  consumer_group TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, member TEXT NOT NULL,
  PRIMARY KEY (consumer_group, topic, partition)
) WITHOUT ROWID;
"""


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StreamError(f"the stream database failed: {error}") from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    sqlite.prepare(connection)
    return connection


@contextmanager
def _write(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _pack(headers: tuple[tuple[str, bytes], ...]) -> bytes | None:
    return orjson.dumps([[name, value.decode("latin-1")] for name, value in headers]) if headers else None


def _unpack(blob: bytes | None) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, value.encode("latin-1")) for name, value in orjson.loads(blob)) if blob else ()


class SqliteStream:
    """`path` is the database file; its directory must exist. Publishing is thread-safe."""

    def __init__(self, path: Path, lease: float = LEASE_SECONDS) -> None:
        self._path = path
        self._lease = lease
        self._lock = threading.Lock()
        with _translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _connect(path)
            self._connection.executescript(SCHEMA)

    def ensure_topic(self, topic: str, partitions: int) -> None:
        with self._lock, _translated(), _write(self._connection):
            self._connection.execute("INSERT OR IGNORE INTO topic VALUES (?, ?)", (topic, partitions))

    def partitions(self, topic: str) -> tuple[Partition, ...]:
        with self._lock, _translated():
            return _partitions(self._connection, topic)

    def publish(self, topic: str, messages: Sequence[Message]) -> list[tuple[Partition, int]]:
        with self._lock, _translated(), _write(self._connection):
            count = len(_partitions(self._connection, topic))
            if not count:
                raise StreamError(f"topic {topic!r} does not exist: start a processor or call ensure_topic first")
            heads: dict[int, int] = {}
            places = [self._append(topic, partition_for(message.key, count), message, heads) for message in messages]
            self._connection.executemany(
                "INSERT OR REPLACE INTO head VALUES (?, ?, ?)",
                [(topic, number, following) for number, following in heads.items()],
            )
        return places

    def _append(self, topic: str, number: int, message: Message, heads: dict[int, int]) -> tuple[Partition, int]:
        if number not in heads:
            row = self._connection.execute(
                "SELECT next FROM head WHERE topic = ? AND partition = ?", (topic, number)
            ).fetchone()
            heads[number] = row[0] if row else 0
        position = heads[number]
        self._connection.execute(
            "INSERT INTO record (topic, partition, position, at, key, headers, value) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (topic, number, position, time.time(), message.key, _pack(message.headers), message.value),
        )
        heads[number] = position + 1
        return Partition(topic, number), position

    def consumer(
        self,
        topics: Iterable[str],
        group: str,
        on_assigned: PartitionsHandler | None = None,
        on_revoked: PartitionsHandler | None = None,
    ) -> SqliteConsumer:
        with _translated():
            return SqliteConsumer(_connect(self._path), tuple(topics), group, self._lease, on_assigned, on_revoked)

    def end_offsets(self, topic: str) -> dict[Partition, int]:
        with self._lock, _translated():
            heads = dict(self._connection.execute("SELECT partition, next FROM head WHERE topic = ?", (topic,)))
            return {p: heads.get(p.number, 0) for p in _partitions(self._connection, topic)}

    def trim(self, topic: str, before_seconds: float, consumed: Mapping[Partition, int]) -> int:
        with self._lock, _translated(), _write(self._connection):
            done = self._connection.executemany(
                "DELETE FROM record WHERE topic = ? AND at < ? AND partition = ? AND position < ?",
                [(topic, before_seconds, p.number, offset) for p, offset in consumed.items() if p.topic == topic],
            )
            return done.rowcount

    def examine(self) -> list[Finding]:
        with self._lock, _translated():
            self._connection.execute("SELECT count(*) FROM topic").fetchone()
        return [Finding("stream", "ok", f"embedded log {self._path} (SQLite {sqlite3.sqlite_version})")]

    def close(self) -> None:
        with self._lock, _translated():
            self._connection.close()


def _partitions(connection: sqlite3.Connection, topic: str) -> tuple[Partition, ...]:
    row = connection.execute("SELECT partitions FROM topic WHERE name = ?", (topic,)).fetchone()
    return tuple(Partition(topic, number) for number in range(row[0])) if row else ()


class SqliteConsumer:
    """One member of a group; see `taishi.stream.port.Consumer`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        topics: tuple[str, ...],
        group: str,
        lease: float,
        on_assigned: PartitionsHandler | None,
        on_revoked: PartitionsHandler | None,
    ) -> None:
        self._connection = connection
        self._topics = topics
        self._group = group
        self._lease = lease
        self._on_assigned = on_assigned
        self._on_revoked = on_revoked
        self._id = uuid.uuid4().hex
        self._positions: dict[Partition, int] = {}
        self._next_beat = 0.0
        self._first = 0

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        deadline = time.monotonic() + timeout
        nap = 0.002
        with _translated():
            while True:
                if time.monotonic() >= self._next_beat:
                    self._beat()
                version = self._version()
                records = self._fetch(max_records)
                if records or time.monotonic() >= deadline:
                    return records
                while self._version() == version and time.monotonic() < min(deadline, self._next_beat):
                    time.sleep(nap)
                    nap = min(LONGEST_NAP, nap * 1.5)

    def _version(self) -> int:
        """Changes when another connection commits: far cheaper than asking each partition."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def _fetch(self, max_records: int) -> list[Record]:
        """Records of the assigned partitions, beginning with another partition each time, so that none starves."""
        found: list[Record] = []
        size = 0
        order = sorted(self._positions)
        self._first = (self._first + 1) % max(1, len(order))
        for partition in order[self._first :] + order[: self._first]:
            rows = self._connection.execute(
                "SELECT position, key, headers, value FROM record WHERE topic = ? AND partition = ? AND position >= ? "
                "ORDER BY position LIMIT ?",
                (partition.topic, partition.number, self._positions[partition], max_records - len(found)),
            )
            for position, key, headers, value in rows:
                found.append(Record(partition, position, key, value, _unpack(headers)))
                self._positions[partition] = position + 1
                size += len(value)
                if size >= POLL_BYTES:
                    return found
            if len(found) >= max_records:
                break
        return found

    def _beat(self) -> None:
        """Renew the lease, give up what exceeds our share, take what is free."""
        now = time.time()
        with _write(self._connection):
            self._connection.execute("DELETE FROM member WHERE consumer_group = ? AND lease < ?", (self._group, now))
            self._connection.execute(
                "INSERT OR REPLACE INTO member VALUES (?, ?, ?, ?)",
                (self._group, self._id, ",".join(self._topics), now + self._lease),
            )
            self._connection.execute(
                "DELETE FROM owner WHERE consumer_group = ? AND member NOT IN "
                "(SELECT id FROM member WHERE consumer_group = ?)",
                (self._group, self._group),
            )
            mine = self._owned()
            target = self._target()
        lost = frozenset(self._positions) - mine
        surplus = mine - target
        if (lost | surplus) and self._on_revoked:
            self._on_revoked(frozenset(lost | surplus))
        for partition in lost | surplus:
            self._positions.pop(partition, None)
        gained = self._exchange(surplus, target)
        for partition in gained:
            self._positions[partition] = 0
        if gained and self._on_assigned:
            self._on_assigned(gained)
        settled = gained or surplus or target != mine
        self._next_beat = time.monotonic() + (0.2 if settled else self._lease / 5)

    def _owned(self) -> frozenset[Partition]:
        rows = self._connection.execute(
            "SELECT topic, partition FROM owner WHERE consumer_group = ? AND member = ?", (self._group, self._id)
        )
        return frozenset(Partition(topic, number) for topic, number in rows)

    def _target(self) -> frozenset[Partition]:
        """Our share: every n-th partition of each topic, by the order of member ids."""
        rows = self._connection.execute("SELECT id, topics FROM member WHERE consumer_group = ?", (self._group,))
        members = sorted(rows.fetchall())
        wanted: set[Partition] = set()
        for topic in self._topics:
            sharers = [identity for identity, topics in members if topic in topics.split(",")]
            place = sharers.index(self._id)
            wanted.update(p for p in _partitions(self._connection, topic) if p.number % len(sharers) == place)
        return frozenset(wanted)

    def _exchange(self, surplus: frozenset[Partition], target: frozenset[Partition]) -> frozenset[Partition]:
        with _write(self._connection):
            self._connection.executemany(
                "DELETE FROM owner WHERE consumer_group = ? AND topic = ? AND partition = ? AND member = ?",
                [(self._group, p.topic, p.number, self._id) for p in surplus],
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO owner VALUES (?, ?, ?, ?)",
                [(self._group, p.topic, p.number, self._id) for p in target],
            )
            return self._owned() - frozenset(self._positions)

    def assignment(self) -> frozenset[Partition]:
        return frozenset(self._positions)

    def seek(self, partition: Partition, offset: int) -> None:
        if partition not in self._positions:
            raise StreamError(f"{partition} is not assigned to this consumer; seek from the on_assigned handler")
        self._positions[partition] = offset

    def close(self) -> None:
        with _translated(), self._connection as connection, _write(connection):
            for table in ("owner", "member"):
                column = "member" if table == "owner" else "id"
                connection.execute(
                    f"DELETE FROM {table} WHERE consumer_group = ? AND {column} = ?",  # noqa: S608  our own names
                    (self._group, self._id),
                )
        self._connection.close()
