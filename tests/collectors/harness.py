"""A collector running in this process on a temporary data directory, with one enterprise and its sources."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from collectors.collector import Collector
from taishi.errors import StreamError
from taishi.event import TOPIC_EVENTS, Batch, decode_batch
from taishi.records.sql import SqlRecords
from taishi.records.tables import Division, Enterprise, Source
from taishi.scope import EVERYTHING
from taishi.security.keys import hash_key
from taishi.settings import Settings
from taishi.stream.port import Stream
from taishi.stream.sqlite import SqliteStream
from tests import databases

KEY = "tsk_of-the-firewall"
PATIENCE = 60.0


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """Poll until the condition is true and return it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s for {what}"
        time.sleep(0.02)
    return found


def onboard(records: SqlRecords, **more: Any) -> None:
    """One enterprise; source `push` with a key, `line` known by its address, and further columns for `line`."""
    with records.write(EVERYTHING) as session:
        if session.get(Division, "330106") is None:
            session.add(Division(code="330106", parent="", level="county", name="西湖区", name_en="Xihu"))
            session.add(Enterprise(id="e1", name="企业", region="330106", industry="C36", kind="industrial", level=2,
                                   authority="miit", created_at=0.0))  # fmt: skip
            session.flush()
        owned = {"enterprise_id": "e1", "region": "330106", "authority": "miit", "state": "active", "created_at": 1.0,
                 "quota_per_second": 1e6}  # fmt: skip
        session.add(Source(id="push", name="push", transport="http", key_hash=hash_key(KEY), **owned))
        session.add(
            Source(**{"id": "line", "name": "line", "transport": "syslog", "addresses": ["127.0.0.1"], **owned, **more})
        )


@dataclass
class Running:
    """What a test needs of a running collector."""

    settings: Settings
    records: SqlRecords
    stream: Stream
    ports: dict[str, int]
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30, trust_env=False))

    def post(self, body: bytes, key: str = KEY, **headers: str) -> httpx.Response:
        return self.client.post(
            f"http://127.0.0.1:{self.ports['http']}/v1/ingest",
            content=body,
            headers={
                "Authorization": f"Bearer {key}",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )

    def batches(self) -> list[Batch]:
        """Everything on the stream, in order of its only partition."""
        return read_all(self.settings.data_dir)

    def originals(self) -> list[str]:
        return [text for batch in self.batches() for text in lines_of(batch)]


class Flaky(SqliteStream):
    """A stream that can be down."""

    down = False

    def publish(self, *given: Any, **more: Any) -> Any:
        if self.down:
            raise StreamError("down for the test")
        return super().publish(*given, **more)


def lines_of(batch: Batch) -> list[str]:
    """Original lines of a batch, read or not, in the order they came."""
    found = {one.index: one.original for one in batch.quarantined}
    for event in batch.events:
        index = int(event["event.id"].rpartition("-")[2].partition(".")[0])
        found[index] = event["event.original"]
    return [found[index] for index in sorted(found)]


def read_all(data_dir: Path) -> list[Batch]:
    stream = SqliteStream(data_dir / "stream.sqlite")
    try:
        consumer = stream.consumer([TOPIC_EVENTS], f"reader-{time.monotonic_ns()}", lambda _: None, lambda _: None)
        try:
            found: list[Batch] = []
            ends = {p: end for p, end in stream.end_offsets(TOPIC_EVENTS).items() if end}
            seen = 0
            while seen < sum(ends.values()):
                for record in consumer.poll(500, 1.0):
                    found.append(decode_batch(record.value))
                    seen += 1
            return found
        finally:
            consumer.close()
    finally:
        stream.close()


@contextmanager
def collector(  # noqa: PLR0915  a thread, a loop and their end belong together
    data_dir: Path, stream: Stream | None = None, **sections: Any
) -> Iterator[Running]:
    """A collector with all its listeners on free ports. `sections` replace sections of the settings."""
    given: dict[str, Any] = {"syslog": {"udp_port": 0, "tcp_port": 0}, "http": {"port": 0}, "stream": {"partitions": 1}}
    for name, value in sections.items():
        given[name] = {**given.get(name, {}), **value} if isinstance(value, dict) else value
    settings = Settings(data_dir=data_dir, **given)
    records = SqlRecords(databases.records_url(data_dir))
    own = stream or SqliteStream(data_dir / "stream.sqlite")
    made = Collector(settings, own, records)
    ready, loops, stops = threading.Event(), [], []
    failed: list[BaseException] = []

    async def serve() -> None:
        stop = asyncio.Event()
        loops.append(asyncio.get_running_loop())
        stops.append(stop)
        running = asyncio.create_task(made.run(stop))
        waiting = asyncio.create_task(made.ready.wait())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if running.done():
            await running
        ready.set()
        await running

    def work() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001  shown by the test that waits for it
            failed.append(error)
            ready.set()

    thread = threading.Thread(target=work, name="collector")
    thread.start()
    ready.wait(PATIENCE)
    if failed:
        thread.join()
        raise failed[0]
    running = Running(settings, records, own, made.ports)
    try:
        yield running
    finally:
        running.client.close()
        loops[0].call_soon_threadsafe(stops[0].set)
        thread.join(PATIENCE)
        if stream is None:
            own.close()
        records.close()
        assert not failed, failed
