"""The embedded `EventStore`: tantivy indexes under one directory, one a kind and span of days.

A shard is named by kind and by the day of `@timestamp` (`taishi.store.spans`). One process writes, any number read: a
reader reloads a shard when its commit file changed.

Idempotence by `event.id` is cheap because ids come from deliveries: an event of a delivery that no shard knows is new
without a further look; only repeats pay for finding and replacing what is there.
"""

from __future__ import annotations

import base64
import shutil
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from threading import RLock
from typing import Literal

import orjson
import structlog
import tantivy
from tantivy import Occur, Order, Query

from taishi import clock
from taishi.errors import QueryError, StoreError
from taishi.event import Event
from taishi.fields import ALIASES, table
from taishi.findings import Finding
from taishi.scope import Scope
from taishi.store import columns
from taishi.store.compile import compile_query
from taishi.store.port import Bucket, IndexResult, Page, Search, Top
from taishi.store.query import parse
from taishi.store.spans import bounds, kind_of, span_of

log = structlog.get_logger()

WRITER_BYTES = 48_000_000
"""Heap of one shard's writer. Smaller makes more segments to merge, larger only delays the first flush."""

OPEN_WRITERS = 4
MAX_BUCKETS = 2000
MAX_PAGE = 1000
TOP_MARGIN = 200
"""Values asked of each shard beyond the wanted number, so that the sum over shards ranks rightly."""

GONE = ".gone-"
"""Prefix of a shard that is being deleted."""


class _Shard:
    """One tantivy index: its searcher, refreshed when another process committed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kind, self.span = path.name.split("-", 1)
        self.index = tantivy.Index(columns.schema(), str(path))
        self._stamp = self._commit_stamp()
        self.searcher = self.index.searcher()

    def _commit_stamp(self) -> int:
        return (self.path / "meta.json").stat().st_mtime_ns

    def refresh(self) -> tantivy.Searcher:
        stamp = self._commit_stamp()
        if stamp != self._stamp:
            self.index.reload()
            self.searcher = self.index.searcher()
            self._stamp = stamp
        return self.searcher

    def bounds(self) -> tuple[float, float]:
        return bounds(self.span)


class TantivyStore:
    """`directory` is created where absent. Only one process may open it `writable`."""

    def __init__(self, directory: Path, *, writable: bool) -> None:
        self._directory = directory
        self._writable = writable
        self._lock = RLock()
        self._shards: dict[str, _Shard] = {}
        self._writers: OrderedDict[str, tantivy.IndexWriter] = OrderedDict()
        self._pending: dict[str, set[str]] = {}
        directory.mkdir(parents=True, exist_ok=True)
        if writable:
            for left in directory.glob(f"{GONE}*"):
                shutil.rmtree(left)

    # ------------------------------------------------------------ writing

    def index(self, events: Sequence[Event]) -> IndexResult:
        if not self._writable:
            raise StoreError("this store was opened for reading; the processor is its only writer")
        with self._lock, _translated():
            return self._index(events)

    def _index(self, events: Sequence[Event]) -> IndexResult:
        rejected: list[tuple[str, str]] = []
        counts: Counter[str] = Counter()
        fresh: dict[str, bool] = {}
        for event in events:
            event_id = event["event.id"]
            delivery = event_id.rpartition("-")[0]
            if delivery not in fresh:
                fresh[delivery] = not self._knows(delivery)
            try:
                at = columns.millis(event["@timestamp"])
                document = columns.document(event, delivery, at)
            except (ValueError, TypeError, KeyError, orjson.JSONEncodeError) as error:
                rejected.append((event_id, f"the event cannot be indexed: {error}"))
                continue
            repeat = not fresh[delivery] and self._remove(event_id)
            pending = self._pending.setdefault(delivery, set())
            if event_id in pending:
                repeat = True
                self._remove(event_id)
            pending.add(event_id)
            counts["replaced" if repeat else "stored"] += 1
            self._writer(f"{kind_of(event)}-{span_of(event, at)}").add_document(document)
        return IndexResult(counts["stored"], counts["replaced"], rejected)

    def _knows(self, delivery: str) -> bool:
        """Whether any committed event is of this delivery."""
        return any(shard.refresh().doc_freq("_delivery", delivery) for shard in self._open_shards())

    def _remove(self, event_id: str) -> bool:
        """Delete an event from whatever shard holds it; says whether a committed one was there."""
        found = False
        for shard in self._open_shards():
            query = Query.term_query(columns.schema(), "_id", event_id, "basic")
            committed = bool(shard.refresh().search(query, 1, count=False).hits)
            if committed or shard.path.name in self._writers:
                self._writer(shard.path.name).delete_documents_by_term("_id", event_id)
            found = found or committed
        return found

    def _writer(self, name: str) -> tantivy.IndexWriter:
        writer = self._writers.get(name)
        if writer is not None:
            self._writers.move_to_end(name)
            return writer
        if len(self._writers) >= OPEN_WRITERS:
            oldest, retired = self._writers.popitem(last=False)
            log.debug("A shard's writer is retired.", shard=oldest)
            retired.commit()
            retired.wait_merging_threads()
        path = self._directory / name
        path.mkdir(exist_ok=True)
        if name not in self._shards:
            self._shards[name] = _Shard(path)
        writer = self._shards[name].index.writer(WRITER_BYTES, 1)
        self._writers[name] = writer
        return writer

    def flush(self) -> None:
        with self._lock, _translated():
            for writer in self._writers.values():
                writer.commit()
            self._pending.clear()

    def expire(self, before: float, kind: Literal["event", "alert", "all"] = "all") -> int:
        gone = 0
        with self._lock, _translated():
            for shard in list(self._open_shards()):
                if shard.bounds()[1] <= before and kind in ("all", shard.kind):
                    gone += shard.refresh().num_docs
                    writer = self._writers.pop(shard.path.name, None)
                    if writer is not None:
                        writer.commit()
                        writer.wait_merging_threads()  # a merge still running would write into what we delete
                    del writer, self._shards[shard.path.name]
                    _delete(shard.path)
        return gone

    # ------------------------------------------------------------ reading

    def _open_shards(self) -> Iterator[_Shard]:
        """Shards on disk now, those of other processes included."""
        names = {
            path.name
            for path in self._directory.iterdir()
            if not path.name.startswith(GONE) and (path / "meta.json").exists()
        }
        for name in self._shards.keys() - names:
            del self._shards[name]
        for name in sorted(names):
            if name not in self._shards:
                self._shards[name] = _Shard(self._directory / name)
            yield self._shards[name]

    def _between(self, start: float | None, end: float | None) -> list[_Shard]:
        low = start if start is not None else float("-inf")
        high = end if end is not None else float("inf")
        return [shard for shard in self._open_shards() if shard.bounds()[0] < high and shard.bounds()[1] > low]

    def search(self, search: Search, scope: Scope) -> Page:
        query = compile_query(parse(search.query, clock.now()), scope, search.start, search.end)
        limit = max(1, min(search.limit, MAX_PAGE))
        if search.cursor:
            query = Query.boolean_query([(Occur.Must, query), (Occur.Must, _after(search))])
        order = Order.Asc if search.ascending else Order.Desc
        with self._lock, _translated():
            hits: list[tuple[int, tantivy.Searcher, tantivy.DocAddress]] = []
            for shard in self._between(search.start, search.end):
                searcher = shard.refresh()
                hits += _hits(searcher, query, limit, order)
            hits.sort(key=lambda hit: hit[0], reverse=not search.ascending)
            cut = _cut(hits, limit)
            page = [_source(searcher, address) for _, searcher, address in hits[:cut]]
        return Page(page, _cursor(hits[cut - 1][0]) if len(hits) > cut else None)

    def get(self, ids: Iterable[str], scope: Scope) -> list[Event]:
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return []
        by_id = Query.term_set_query(columns.schema(), "_id", wanted)
        query = Query.boolean_query([(Occur.Must, by_id), (Occur.Must, compile_query(parse("", 0), scope, None, None))])
        found: dict[str, Event] = {}
        with self._lock, _translated():
            for shard in self._open_shards():
                searcher = shard.refresh()
                for _, address in searcher.search(query, len(wanted), count=False).hits:
                    event = _source(searcher, address)
                    found[event["event.id"]] = event
        return list(found.values())

    def count(self, query: str, scope: Scope, start: float | None = None, end: float | None = None) -> int:
        compiled = compile_query(parse(query, clock.now()), scope, start, end)
        with self._lock, _translated():
            return sum(_count(shard.refresh(), compiled) for shard in self._between(start, end))

    def histogram(self, query: str, scope: Scope, start: float, end: float, interval: float) -> list[Bucket]:
        if interval <= 0 or (end - start) / interval > MAX_BUCKETS:
            raise QueryError(f"a histogram has at most {MAX_BUCKETS} bars; choose a longer interval")
        compiled = compile_query(parse(query, clock.now()), scope, start, end)
        width = interval * 1000
        counts: Counter[int] = Counter()
        with self._lock, _translated():
            for shard in self._between(start, end):
                answer = shard.refresh().aggregate(
                    compiled, {"bars": {"histogram": {"field": "_time", "interval": width, "min_doc_count": 1}}}
                )
                for bucket in answer["bars"]["buckets"]:
                    counts[round(bucket["key"] / width)] += bucket["doc_count"]
        first, last = int(start // interval), int(-(-end // interval))
        return [Bucket(number * interval, counts[number]) for number in range(first, last)]

    def top(
        self,
        query: str,
        scope: Scope,
        field: str,
        size: int = 10,
        start: float | None = None,
        end: float | None = None,
    ) -> list[Top]:
        name = _countable(field)
        compiled = compile_query(parse(query, clock.now()), scope, start, end)
        size = max(1, min(size, MAX_PAGE))
        counts: Counter[str] = Counter()
        with self._lock, _translated():
            for shard in self._between(start, end):
                answer = shard.refresh().aggregate(
                    compiled, {"top": {"terms": {"field": name, "size": size + TOP_MARGIN}}}
                )
                for bucket in answer["top"]["buckets"]:
                    counts[_shown(bucket["key"])] += bucket["doc_count"]
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return [Top(value, count) for value, count in ranked[:size]]

    def prepare(self) -> None:
        """Shards are made when their first event comes."""

    def examine(self) -> list[Finding]:
        with self._lock, _translated():
            shards = [path for path in self._directory.iterdir() if not path.name.startswith(GONE)]
        return [Finding("store", "ok", f"embedded index {self._directory} (tantivy), {len(shards)} shards")]

    def close(self) -> None:
        with self._lock, _translated():
            for writer in self._writers.values():
                writer.commit()
            for writer in self._writers.values():
                writer.wait_merging_threads()
            self._writers.clear()
            self._shards.clear()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError, FileNotFoundError) as error:
        raise StoreError(f"the event store failed: {error}") from error


def _delete(path: Path) -> None:
    """Out of sight first, in one step: readers, of other processes too, follow a shard's files and put a lock beside
    them when these change, and a directory that gains a file cannot be removed."""
    gone = path.with_name(f"{GONE}{path.name}-{token_hex(4)}")
    path.rename(gone)
    shutil.rmtree(gone)


def _countable(field: str) -> str:
    name = ALIASES.get(field, field)
    if name in columns.RAW_TEXT:
        return f"{name}.raw"
    described = table().get(name)
    if described is None or not columns.is_fast(name) or described.type in {"date", "float"}:
        raise QueryError(f"the values of {field[:80]!r} cannot be counted; choose a field marked ● in the field list")
    return name


def _shown(key: object) -> str:
    if isinstance(key, float) and key.is_integer():
        return str(int(key))
    return str(key).removeprefix("::ffff:")


def _count(searcher: tantivy.Searcher, query: Query) -> int:
    answer = searcher.search(query, 1)
    return int(getattr(answer, "count", 0) or 0)  # the binding's stub leaves this attribute out


def _hits(
    searcher: tantivy.Searcher, query: Query, limit: int, order: Order
) -> list[tuple[int, tantivy.Searcher, tantivy.DocAddress]]:
    """One more than asked, and then the whole tie at the end, so that a cursor never splits equal keys."""
    wanted = limit + 1
    while True:
        hits = searcher.search(query, wanted, count=False, order_by_field="_sort", order=order).hits
        if len(hits) < wanted or hits[-1][0] != hits[limit - 1][0]:
            return [(key, searcher, address) for key, address in hits]
        wanted *= 2


def _cut(hits: list[tuple[int, tantivy.Searcher, tantivy.DocAddress]], limit: int) -> int:
    cut = min(limit, len(hits))
    while 0 < cut < len(hits) and hits[cut][0] == hits[cut - 1][0]:
        cut += 1
    return cut


def _source(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> Event:
    source = searcher.doc(address).get_first("_source")
    event: Event = orjson.loads(bytes(source or b"{}"))
    return event


def _cursor(key: int) -> str:
    return base64.urlsafe_b64encode(key.to_bytes(8, "big")).decode().rstrip("=")


def _after(search: Search) -> Query:
    try:
        key = int.from_bytes(base64.urlsafe_b64decode(f"{search.cursor}="), "big")
    except ValueError as error:
        raise QueryError("the cursor is not one of ours; begin again without it") from error
    if key >= 1 << 64:
        raise QueryError("the cursor is not one of ours; begin again without it")
    low, high = (key, None) if search.ascending else (None, key)
    kind = tantivy.FieldType.Unsigned
    return Query.range_query(columns.schema(), "_sort", kind, low, high, low is None, high is None)
