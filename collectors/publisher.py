"""Batches onto the stream: grouped for one fsync, spooled while the stream is down, bounded in memory.

`publish` returns when the batch is durable, on the stream or in the spool; only then may a transport acknowledge. Order
per enterprise is kept: while anything is spooled, new batches queue behind it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from itertools import islice

import structlog
from prometheus_client import Counter, Gauge

from collectors.spool import Spool
from taishi.errors import StreamError, Unavailable
from taishi.event import TOPIC_EVENTS, Batch, encode_batch
from taishi.stream.port import Message, Stream

log = structlog.get_logger()

GROUP_MESSAGES = 64
"""Messages of one stream append: with some hundred records each, one fsync then covers tens of thousands."""

RETRY_SECONDS = 1.0
PATIENCE = 4.0
"""Between two attempts on a stream that is down, this many times as long as the last attempt took."""

PUBLISHED = Counter("taishi_batches_published_total", "Batches the stream has.")
SPOOLED = Counter("taishi_batches_spooled_total", "Batches that went to the spool first.")
PENDING = Gauge("taishi_pending_bytes", "Bytes accepted in memory and not durable yet.")
SPOOL_BYTES = Gauge("taishi_spool_bytes", "Bytes waiting in the spool.")


@dataclass(slots=True)
class _Waiting:
    message: Message
    done: asyncio.Future[None]


class Publisher:
    """`wait` seconds a batch waits for company; `max_pending` bytes in memory."""

    def __init__(self, stream: Stream, spool: Spool, wait: float, max_pending: int) -> None:
        self._stream = stream
        self._spool = spool
        self._wait = wait
        self._max_pending = max_pending
        self._queue: deque[_Waiting] = deque()
        self._pending = 0
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._stopping = False
        self._try_at = 0.0
        self._replayed = 0

    @property
    def full(self) -> bool:
        return self._pending >= self._max_pending

    @property
    def problem(self) -> str:
        """For readiness: empty, or what keeps batches from the stream."""
        return "the stream is down; batches are spooled to disk" if self._spool.segments() else ""

    async def wait_for_room(self) -> None:
        """Back-pressure for transports that can simply stop reading."""
        await self._room.wait()

    async def publish(self, batch: Batch) -> None:
        """Durable when it returns. Raises Unavailable when neither stream nor spool can take it."""
        if self.full:
            raise Unavailable("more is waiting than memory may hold; send again in a second", retry_after=1)
        headers = (("delivery", batch.delivery.encode()),)
        waiting = _Waiting(
            Message(batch.enterprise_id, encode_batch(batch), headers), asyncio.get_running_loop().create_future()
        )
        self._account(len(waiting.message.value))
        self._queue.append(waiting)
        self._wake.set()
        await waiting.done

    def _account(self, size: int) -> None:
        self._pending += size
        PENDING.set(self._pending)
        if self.full:
            self._room.clear()
        else:
            self._room.set()

    async def run(self) -> None:
        """Until `stop`: drain the spool first, then group and append."""
        try:
            while not (self._stopping and not self._queue):
                await self._drain_spool()
                if not self._queue:
                    await self._sleep_until_work()
                    continue
                if self._wait and len(self._queue) < GROUP_MESSAGES and not self._stopping:
                    await asyncio.sleep(self._wait)
                group = [self._queue.popleft() for _ in range(min(GROUP_MESSAGES, len(self._queue)))]
                await self._append(group)
        finally:  # after an unexpected error: nobody may wait for ever for what will not come
            self._settle(list(self._queue), Unavailable("the collector stops; send again in a second", retry_after=1))

    async def _sleep_until_work(self) -> None:
        self._wake.clear()
        if self._queue or self._stopping:
            return
        try:
            await asyncio.wait_for(self._wake.wait(), RETRY_SECONDS)
        except TimeoutError:
            return

    async def _append(self, group: list[_Waiting]) -> None:
        error: Unavailable | None = Unavailable("the collector failed; send again in a second", retry_after=1)
        try:
            await asyncio.to_thread(self._store, [waiting.message for waiting in group])
            error = None
        except Unavailable as refused:
            error = refused
        finally:
            self._settle(group, error)

    def _settle(self, group: list[_Waiting], error: Unavailable | None) -> None:
        for waiting in group:
            self._account(-len(waiting.message.value))
            if waiting.done.done():
                continue
            if error:
                waiting.done.set_exception(error)
            else:
                waiting.done.set_result(None)

    def _store(self, messages: list[Message]) -> None:
        if not self._spool.segments():
            try:
                self._stream.publish(TOPIC_EVENTS, messages)
            except StreamError as error:
                log.warning("The stream is down; batches go to the spool.", reason=str(error))
            else:
                PUBLISHED.inc(len(messages))
                return
        self._spool.append(TOPIC_EVENTS, messages)
        SPOOLED.inc(len(messages))
        SPOOL_BYTES.set(self._spool.size())

    async def _drain_spool(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._try_at or not self._spool.segments():
            return
        if await asyncio.to_thread(self._replay):
            log.info("The spool is drained.")
        else:
            # What arrives meanwhile goes to the spool without waiting for the next attempt, and a stream that lets us wait
            # long for its "no" is asked seldom: senders wait behind the question.
            spent = asyncio.get_running_loop().time() - now
            self._try_at = now + spent + max(RETRY_SECONDS, PATIENCE * spent)
        SPOOL_BYTES.set(self._spool.size())

    def _replay(self) -> bool:
        """Publish the segments in order; nothing is appended meanwhile, both are done by `run` in turn."""
        for segment in self._spool.segments():
            entries = islice(self._spool.read(segment), self._replayed, None)
            while group := [message for _, message in islice(entries, GROUP_MESSAGES)]:
                try:
                    self._stream.publish(TOPIC_EVENTS, group)
                except StreamError:
                    return False
                self._replayed += len(group)
                PUBLISHED.inc(len(group))
            self._spool.delete(segment)
            self._replayed = 0
        return True

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
