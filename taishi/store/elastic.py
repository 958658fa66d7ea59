"""The `EventStore` on Elasticsearch: one index a kind and span of days, under the aliases `<prefix>-events` and
`<prefix>-alerts` (docs/decisions/0006-day-indices.md).

An event's `_id` is its `event.id` and its index follows from its time, so a repeat overwrites itself. Only where the
later word gives another time or kind does an older copy lie elsewhere: a delivery that the server knows already is
looked up, and the old copy is deleted once the new one is taken.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from secrets import token_hex
from threading import RLock
from typing import Any, Literal

import orjson
import structlog
from elastic_transport import TransportError
from elasticsearch import ApiError, NotFoundError

from taishi import clock
from taishi.errors import QueryError, StoreError
from taishi.event import Event
from taishi.findings import Finding, judged
from taishi.scope import Scope
from taishi.store import spans
from taishi.store.elastic_client import Bulk, Done, ElasticOptions, connect, translated
from taishi.store.elastic_document import Document, build, read
from taishi.store.elastic_query import compile_query, countable, read_cursor, write_cursor
from taishi.store.elastic_setup import Setup
from taishi.store.elastic_template import DELIVERY, KINDS, alias
from taishi.store.port import Bucket, IndexResult, Page, Search, Top
from taishi.store.query import parse

log = structlog.get_logger()

MAX_BUCKETS = 2000
MAX_PAGE = 1000
LOOKUP = 1000
"""Deliveries or ids asked for in one request."""

TOP_MARGIN = 200
"""Values asked for beyond the wanted number: the server orders addresses by number, we order ties as text."""

KEEP_ALIVE = "2m"
"""How long a reader may think between two pages before its point in time is gone and the next page reads anew."""

MAX_SNAPSHOTS = 100
MAX_PREPARED = 1000


class ElasticStore:
    """Nothing is sent before the first use: a server that is down does not keep a process from starting. A store that
    is not `writable` refuses to write. `pause` waits between attempts (seconds)."""

    def __init__(self, options: ElasticOptions, *, writable: bool, pause: Callable[[float], None] = time.sleep) -> None:
        self._options = options
        self._writable = writable
        self._client = connect(options)
        self._bulk = Bulk(self._client, options, pause)
        self._setup = Setup(self._client, options)
        self._aliases = [alias(options.prefix, kind) for kind in KINDS]
        self._lock = RLock()
        self._pending: dict[str, str] = {}
        """Index of every id written since the last flush: searches do not see those yet."""
        self._touched: set[str] = set()
        self._prepared: set[str] = set()
        self._snapshots: OrderedDict[str, str] = OrderedDict()

    # ------------------------------------------------------------ writing

    def index(self, events: Sequence[Event]) -> IndexResult:
        if not self._writable:
            raise StoreError("this store was opened for reading; the processor is its only writer")
        documents, repeats, rejected = self._encode(events)
        if not documents:
            return IndexResult(0, 0, rejected)
        with self._lock:
            with translated(self._options):
                self._prepare_for({document.index for document in documents})
                copies = self._copies(documents)
            done = self._bulk.send([_operation(document) for document in documents])
            return self._finish(documents, done, copies, repeats, rejected)

    def _prepare_for(self, names: set[str]) -> None:
        """Before an index is made: the templates, again each time, for somebody may have changed or deleted them since."""
        fresh = names - self._prepared
        if fresh:
            self._setup.ensure(again=True)
            if len(self._prepared) > MAX_PREPARED:
                self._prepared.clear()
            self._prepared |= fresh

    def _encode(self, events: Sequence[Event]) -> tuple[list[Document], int, list[tuple[str, str]]]:
        """The documents, the last one of each id; how many were said again within the call; what cannot be encoded."""
        documents: dict[str, Document] = {}
        repeats = 0
        rejected: list[tuple[str, str]] = []
        for event in events:
            try:
                document = build(event, self._options.prefix)
            except (ValueError, TypeError, KeyError, orjson.JSONEncodeError) as error:
                rejected.append((str(event.get("event.id", "")), f"the event cannot be indexed: {error}"))
                continue
            repeats += document.id in documents
            documents[document.id] = document
        return list(documents.values()), repeats, rejected

    def _copies(self, documents: list[Document]) -> dict[str, set[str]]:
        """Indices, other than the one it goes to, that hold each id."""
        targets = {document.id: document.index for document in documents}
        known = self._known(list(dict.fromkeys(document.delivery for document in documents)))
        asked = [document.id for document in documents if document.delivery in known]
        copies: dict[str, set[str]] = {}
        for start in range(0, len(asked), LOOKUP):
            query = {"ids": {"values": asked[start : start + LOOKUP]}}
            for hit in self._search(query, size=LOOKUP * 10, _source=False)["hits"]["hits"]:
                if hit["_index"] != targets[hit["_id"]]:
                    copies.setdefault(hit["_id"], set()).add(hit["_index"])
        for event_id, target in targets.items():
            pending = self._pending.get(event_id, target)
            if pending != target:
                copies.setdefault(event_id, set()).add(pending)
        return copies

    def _known(self, deliveries: list[str]) -> set[str]:
        """Deliveries of which the server holds any event. One search a call, which finds nothing nearly always."""
        found: set[str] = set()
        for start in range(0, len(deliveries), LOOKUP):
            part = deliveries[start : start + LOOKUP]
            answer = self._search({"terms": {DELIVERY: part}}, size=0, terminate_after=1)
            if answer["hits"]["total"]["value"]:
                found.update(part if len(part) == 1 else self._which(part))
        return found

    def _which(self, deliveries: list[str]) -> set[str]:
        filters = {str(number): {"term": {DELIVERY: delivery}} for number, delivery in enumerate(deliveries)}
        query = {"terms": {DELIVERY: deliveries}}
        answer = self._search(query, size=0, aggs={"known": {"filters": {"filters": filters}}})
        buckets = answer["aggregations"]["known"]["buckets"]
        return {delivery for number, delivery in enumerate(deliveries) if buckets[str(number)]["doc_count"]}

    def _finish(
        self,
        documents: list[Document],
        done: list[Done],
        copies: dict[str, set[str]],
        repeats: int,
        rejected: list[tuple[str, str]],
    ) -> IndexResult:
        counts: Counter[str] = Counter()
        outdated: list[bytes] = []
        for document, outcome in zip(documents, done, strict=True):
            if outcome.result == "refused":
                rejected.append((document.id, outcome.refusal))
                continue
            elsewhere = copies.get(document.id, ())
            counts["stored" if outcome.result == "created" and not elsewhere else "replaced"] += 1
            outdated += [_deletion(name, document.id) for name in elsewhere]
            self._touched.update((document.index, *elsewhere))
            self._pending[document.id] = document.index
        if outdated:
            self._bulk.send(outdated)
        return IndexResult(counts["stored"], counts["replaced"] + repeats, rejected)

    def flush(self) -> None:
        """The server has everything on disk once it answers a bulk request; what is left is to make it visible."""
        with self._lock, translated(self._options):
            if self._touched:
                self._client.indices.refresh(index=sorted(self._touched), ignore_unavailable=True)
            self._touched.clear()
            self._pending.clear()

    def expire(self, before: float, kind: Literal["event", "alert", "all"] = "all") -> int:
        gone = 0
        with self._lock, translated(self._options):
            for name in self._ended(before, kind):
                try:
                    gone += int(self._client.count(index=name)["count"])
                    self._client.indices.delete(index=name)
                except NotFoundError:
                    continue  # the server's own lifecycle, or another process, was quicker
                self._pending = {event_id: held for event_id, held in self._pending.items() if held != name}
                self._touched.discard(name)
        return gone

    def _ended(self, before: float, kind: Literal["event", "alert", "all"]) -> list[str]:
        """Indices of spans that ended before the time."""
        found = []
        for prefix in [alias(self._options.prefix, one) for one in KINDS if kind in ("all", one)]:
            for name in self._client.indices.get(index=f"{prefix}-*", features="aliases"):
                try:
                    end = spans.bounds(name.removeprefix(f"{prefix}-").replace(".", "-"))[1]
                except ValueError:
                    continue  # somebody else's index under our prefix
                if end <= before:
                    found.append(name)
        return sorted(found)

    # ------------------------------------------------------------ reading

    def _search(self, query: dict[str, Any], *, size: int, **more: Any) -> dict[str, Any]:
        """One search over both aliases. A shard that fails fails the search: half an answer looks like a whole one."""
        if "pit" not in more:
            more |= {"index": self._aliases, "ignore_unavailable": True}
        arguments: dict[str, Any] = {"track_total_hits": size == 0, "allow_partial_search_results": False} | more
        answer: dict[str, Any] = self._client.search(query=query, size=size, **arguments).body
        return answer

    def search(self, search: Search, scope: Scope) -> Page:
        query = compile_query(parse(search.query, clock.now()), scope, search.start, search.end)
        limit = max(1, min(search.limit, MAX_PAGE))
        order = "asc" if search.ascending else "desc"
        more: dict[str, Any] = {
            "sort": [{"@timestamp": {"order": order, "format": "epoch_millis"}}, {"event.id": order}]
        }
        snapshot = ""
        with translated(self._options):
            if search.cursor:
                more["search_after"], snapshot = read_cursor(search.cursor)
                answer, snapshot = self._next(query, limit + 1, snapshot, more)
            else:
                answer = self._search(query, size=limit + 1, **more)
        hits = answer["hits"]["hits"]
        if len(hits) > limit:
            at, event_id = hits[limit - 1]["sort"][:2]
            return Page([read(hit["_source"]) for hit in hits[:limit]], write_cursor([int(at), event_id], snapshot))
        if snapshot:
            self._forget(snapshot)
        return Page([read(hit["_source"]) for hit in hits], None)

    def _next(
        self, query: dict[str, Any], size: int, snapshot: str, more: dict[str, Any]
    ) -> tuple[dict[str, Any], str]:
        """A page behind a cursor, in a point in time that is opened with the second page: most readers ask for one.

        The cursor's sort values are enough where the point in time is gone (another process, a long pause)."""
        held = self._snapshots.get(snapshot)
        if held is not None:
            try:
                answer = self._search(query, size=size, pit={"id": held, "keep_alive": KEEP_ALIVE}, **more)
            except NotFoundError:
                self._snapshots.pop(snapshot, None)
            else:
                self._snapshots[snapshot] = answer["pit_id"]
                return answer, snapshot
        opened = self._client.open_point_in_time(
            index=self._aliases, keep_alive=KEEP_ALIVE, ignore_unavailable=True, allow_partial_search_results=False
        )["id"]
        answer = self._search(query, size=size, pit={"id": opened, "keep_alive": KEEP_ALIVE}, **more)
        snapshot = token_hex(8)
        with self._lock:
            self._snapshots[snapshot] = answer["pit_id"]
            oldest = next(iter(self._snapshots)) if len(self._snapshots) > MAX_SNAPSHOTS else ""
        if oldest:
            self._forget(oldest)
        return answer, snapshot

    def _forget(self, snapshot: str) -> None:
        with self._lock:
            held = self._snapshots.pop(snapshot, None)
        if held is None:
            return
        try:
            self._client.close_point_in_time(id=held)
        except (ApiError, TransportError) as error:  # it ends by itself after KEEP_ALIVE
            log.debug("A point in time was not closed.", error=type(error).__name__)

    def get(self, ids: Iterable[str], scope: Scope) -> list[Event]:
        wanted = list(dict.fromkeys(ids))
        scoped = compile_query(parse("", 0), scope, None, None)
        found: dict[str, Event] = {}
        with translated(self._options):
            for start in range(0, len(wanted), LOOKUP):
                by_id = {"ids": {"values": wanted[start : start + LOOKUP]}}
                query = {"bool": {"filter": [by_id, scoped]}}
                for hit in self._search(query, size=LOOKUP * 2)["hits"]["hits"]:
                    found[hit["_id"]] = read(hit["_source"])
        return list(found.values())

    def count(self, query: str, scope: Scope, start: float | None = None, end: float | None = None) -> int:
        compiled = compile_query(parse(query, clock.now()), scope, start, end)
        with translated(self._options):
            return int(self._search(compiled, size=0)["hits"]["total"]["value"])

    def histogram(self, query: str, scope: Scope, start: float, end: float, interval: float) -> list[Bucket]:
        if interval <= 0 or (end - start) / interval > MAX_BUCKETS:
            raise QueryError(f"a histogram has at most {MAX_BUCKETS} bars; choose a longer interval")
        compiled = compile_query(parse(query, clock.now()), scope, start, end)
        width = interval * 1000
        bars = {"histogram": {"field": "@timestamp", "interval": width, "min_doc_count": 1}}
        counts = {round(bar["key"] / width): bar["doc_count"] for bar in self._buckets(compiled, bars)}
        first, last = int(start // interval), int(-(-end // interval))
        return [Bucket(number * interval, counts.get(number, 0)) for number in range(first, last)]

    def top(
        self,
        query: str,
        scope: Scope,
        field: str,
        size: int = 10,
        start: float | None = None,
        end: float | None = None,
    ) -> list[Top]:
        name = countable(field)
        compiled = compile_query(parse(query, clock.now()), scope, start, end)
        size = max(1, min(size, MAX_PAGE))
        values = {"terms": {"field": name, "size": size + TOP_MARGIN}}
        counts = [Top(_shown(bucket["key"]), bucket["doc_count"]) for bucket in self._buckets(compiled, values)]
        return sorted(counts, key=lambda top: (-top.count, top.value))[:size]

    def _buckets(self, query: dict[str, Any], aggregation: dict[str, Any]) -> list[dict[str, Any]]:
        with translated(self._options):
            answer = self._search(query, size=0, track_total_hits=False, aggs={"asked": aggregation})
        found: list[dict[str, Any]] = answer.get("aggregations", {}).get("asked", {}).get("buckets", [])
        return found

    def examine(self) -> list[Finding]:
        options = self._options
        with translated(options):
            version = self._client.info()["version"]["number"]
            health = self._client.cluster.health()
            templates = self._client.options(ignore_status=404).indices.get_index_template(name=f"{options.prefix}-*")
        made = [template["name"] for template in templates.body.get("index_templates", ())]
        return [
            Finding("store", "ok", f"Elasticsearch {version} at {options.places}"),
            judged(
                "store", f"the cluster is {health['status']}, {health['number_of_data_nodes']} data nodes, "
                f"{health['active_shards']} shards", good=health["status"] == "green",
                otherwise="fail" if health["status"] == "red" else "warn",
                advice="Yellow: replicas have no second node to lie on (store.replicas). Red: shards are missing.",
            ),
            judged(
                "store", f"templates {', '.join(made) or 'none'}", good=bool(made), otherwise="warn",
                advice="`taishi topics` puts them; the processor does too when it starts.",
            ),
        ]  # fmt: skip

    def prepare(self) -> None:
        """Put templates and lifecycle policies before the first event. Raises StoreError."""
        with self._lock, translated(self._options):
            self._setup.ensure()

    def close(self) -> None:
        for snapshot in list(self._snapshots):
            self._forget(snapshot)
        self._client.close()


def _operation(document: Document) -> bytes:
    head = orjson.dumps({"index": {"_index": document.index, "_id": document.id}})
    return b"".join((head, b"\n", document.line, b"\n"))


def _deletion(name: str, event_id: str) -> bytes:
    return orjson.dumps({"delete": {"_index": name, "_id": event_id}}) + b"\n"


def _shown(key: object) -> str:
    return str(int(key)) if isinstance(key, float) and key.is_integer() else str(key)
