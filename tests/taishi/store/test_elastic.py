"""Elasticsearch beyond the contract: what is made from the field table, and how failures are met.

The failures come from a client that answers as the server is documented to; one refusal is the server's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from elastic_transport import ApiResponseMeta, ConnectionError, HttpHeaders, NodeConfig  # noqa: A004  its own name
from elasticsearch import ApiError, Elasticsearch

from taishi.errors import QueryError, StoreError
from taishi.event import Event
from taishi.fields import table
from taishi.scope import EVERYTHING
from taishi.store.elastic import ElasticStore
from taishi.store.elastic_client import PAUSES, Bulk, ElasticOptions, connect, reason, translated
from taishi.store.elastic_document import build, read
from taishi.store.elastic_query import compile_node, read_cursor, wildcard, write_cursor
from taishi.store.elastic_template import ORIGINAL, TOKENS, VENDOR, policy, templates
from taishi.store.port import Search
from taishi.store.query import parse
from tests import stores

PLAIN = {"keyword", "text", "ip", "date", "long", "double", "boolean", "flattened"}
NOBODY = ElasticOptions(["http://reader:hunter2@127.0.0.1:9"], user="reader", password="hunter2")
AT = "2026-05-29T00:00:00.000Z"


def event(**fields: Any) -> Event:
    return {"event.id": "d-1", "@timestamp": AT, "event.created": AT, "event.kind": "event", **fields}


@pytest.fixture
def store() -> Iterator[ElasticStore]:
    with stores.prefix() as name:
        opened = ElasticStore(stores.options(name), writable=True)
        yield opened
        opened.close()


# ---------------------------------------------------------------- templates


def columns(kind: str, *, typed: bool) -> dict[str, Any]:
    found: dict[str, Any] = templates("t", typed=typed)[f"t-{kind}"]["template"]["mappings"]["properties"]
    return found


@pytest.mark.parametrize("typed", [True, False], ids=["typed", "plain"])
def test_every_field_of_the_table_is_a_column(typed: bool) -> None:
    for kind in ("events", "alerts"):
        made = columns(kind, typed=typed)
        assert set(table()) <= set(made)
        assert {f"{TOKENS}{name}" for name, field in table().items() if field.type == "text"} <= set(made)


def test_the_plain_template_asks_for_nothing_that_a_small_server_lacks() -> None:
    assert {column["type"] for column in columns("alerts", typed=False).values()} <= PLAIN


def test_the_typed_template_says_what_ecs_says() -> None:
    made = columns("alerts", typed=True)
    assert made["message"] == {"type": "match_only_text"}
    assert made["process.command_line"]["type"] == "wildcard"
    assert made["event.kind"] == {"type": "constant_keyword", "value": "alert"}
    assert made["taishi.asset.criticality"]["type"] == "scaled_float"
    assert columns("events", typed=True)["event.kind"]["type"] == "keyword"


def test_a_lifecycle_leaves_alone_what_never_ends() -> None:
    made = templates("t", typed=True, lifecycle=True)
    assert made["t-events"]["template"]["settings"]["index.lifecycle.name"] == "t-events"
    older = made["t-events-older"]
    assert older["priority"] > made["t-events"]["priority"]
    assert "index.lifecycle.name" not in older["template"]["settings"]
    assert policy(180)["phases"]["delete"]["min_age"] == "182d"


def test_the_server_takes_the_plain_template_as_it_is(store: ElasticStore) -> None:
    store.index([event()])
    with Elasticsearch(stores.server()) as client:
        (made,) = client.indices.get(index=f"{store._aliases[0]}-*").body.values()
    assert set(made["aliases"]) == {store._aliases[0]}
    assert made["mappings"]["properties"]["source.ip"] == {"type": "ip"}


def test_a_template_that_was_deleted_or_changed_is_there_again_before_the_next_index(store: ElasticStore) -> None:
    store.index([event(**{"event.id": "d-1"})])
    name = store._aliases[0]
    with Elasticsearch(stores.server()) as client:
        client.indices.put_index_template(
            name=name, index_patterns=[f"{name}-*"], priority=900,
            template={"mappings": {"properties": {"source.ip": {"type": "keyword"}}}},
        )  # fmt: skip
        store.index([event(**{"event.id": "d-2", "@timestamp": "2026-05-30T00:00:00.000Z", "source.ip": "10.1.2.3"})])
        store.flush()
        assert store.count("source.ip:10.0.0.0/8", EVERYTHING) >= 1
        client.indices.delete_index_template(name=name)
        store.index([event(**{"event.id": "d-3", "@timestamp": "2026-05-31T00:00:00.000Z", "source.ip": "10.1.2.4"})])
        store.flush()
        made = client.indices.get(index=f"{name}-*").body
    assert {one["mappings"]["properties"]["source.ip"]["type"] for one in made.values()} == {"ip"}
    assert len(made) == 3


# ---------------------------------------------------------------- documents


ODD: list[tuple[str, Any]] = [
    ("event.severity", "high"), ("event.severity", 2**63), ("event.severity", True), ("source.ip", "no address"),
    ("source.ip", "fe80::1%eth0"), ("user.name", ["a", 7]), ("user.name", "x" * 50_000), ("user.name", {"a": {"b": 1}}),
    ("message", 7), ("message", ["one", "two"]), ("message", "y" * 70_000), ("event.start", "2026-05-29 08:00:00+08:00"),
    ("event.start", "yesterday"), ("tls.established", "yes"), ("labels", "flat"), ("labels", {"k" * 40_000: "v"}),
    ("labels", {"a": {"b": ["c", "d" * 40_000]}}), ("labels.site", "A"), ("zeek.uid", {"deep": [1, {"er": None}]}),
    ("zeek.long", "😀" * 20_000), ("zeek." + "n" * 40_000, "v"), ("nobody.knows", {"this": 1}), ("event.original", "z" * 90_000),
    ("taishi_index.delivery", {"a": "forged"}), ("event.risk_score", "7"), ("event.risk_score", [7.5]), ("http.version", None),
]  # fmt: skip


def test_odd_values_neither_cost_the_event_nor_change_it(store: ElasticStore) -> None:
    events = [event(**{"event.id": f"d-{n}", name: value}) for n, (name, value) in enumerate(ODD)]
    result = store.index(events)
    assert result.rejected == []
    store.flush()
    found = store.search(Search(limit=100), EVERYTHING).events
    assert sorted(found, key=lambda one: int(one["event.id"][2:])) == events
    assert store.count("_exists_:event.severity", EVERYTHING) == 0
    assert store.count("labels.site:A", EVERYTHING) == 1
    assert store.count('event.start:"2026-05-29T00:00:00Z"', EVERYTHING) == 1


def test_an_event_that_fits_is_its_own_source() -> None:
    said = event(message="工控 Modbus", **{"zeek.uid": "C1", "source.ip": "10.0.0.1"})
    line = orjson.loads(build(said, "taishi").line)
    assert ORIGINAL not in line
    assert {name: value for name, value in line.items() if not name.startswith("taishi_index.")} == said
    assert line[f"{TOKENS}message"] == "工控 modbus"
    assert line[VENDOR] == {"zeek.uid": "C1"}
    odd = orjson.loads(build(event(**{"event.severity": "high"}), "taishi").line)
    assert "event.severity" not in odd
    assert read(odd) == event(**{"event.severity": "high"})


@pytest.mark.parametrize(
    ("kind", "at", "name"),
    [
        ("event", AT, "taishi-events-2026.05.29"),
        ("alert", AT, "taishi-alerts-2026.05.29"),
        ("event", "2026-03-01T00:00:00.000Z", "taishi-events-2026.03"),
        ("event", "1999-01-01T00:00:00.000Z", "taishi-events-older"),
        ("event", "2091-01-01T00:00:00.000Z", "taishi-events-later"),
    ],
)
def test_the_index_follows_from_kind_and_time(kind: str, at: str, name: str) -> None:
    assert build(event(**{"event.kind": kind, "@timestamp": at}), "taishi").index == name


@pytest.mark.parametrize("event_id", ["", "x" * 513, "工" * 200])
def test_an_id_that_would_fail_the_whole_request_is_rejected_alone(event_id: str) -> None:
    with pytest.raises(ValueError, match="512 bytes"):
        build(event(**{"event.id": event_id}), "taishi")


# ---------------------------------------------------------------- queries and cursors


def test_wildcards_are_lucenes_with_nothing_special_left() -> None:
    assert compile_node(parse(r"user.name:a\*b?c*", 0)) == {"wildcard": {"user.name": {"value": r"a\*b?c*"}}}
    assert wildcard(r".*\#\~\\x.") == r"*#~\\x?"


def test_a_cursor_is_ours_or_refused() -> None:
    assert read_cursor(write_cursor([5, "d-1"], "abc")) == ([5, "d-1"], "abc")
    for forged in ("x", "!!", "bnVsbA", write_cursor([5], "a"), write_cursor(["5", "a"], "b"), "工"):
        with pytest.raises(QueryError):
            read_cursor(forged)


def test_pages_stay_in_their_point_in_time_and_outlive_it(store: ElasticStore) -> None:
    def page(cursor: str | None) -> tuple[list[str], str | None]:
        found = store.search(Search(limit=2, cursor=cursor, ascending=True), EVERYTHING)
        return [one["event.id"] for one in found.events], found.cursor

    def add(*numbers: int) -> None:
        store.index(
            [event(**{"event.id": f"d-{n}", "@timestamp": AT.replace("00:00:00", f"00:00:{n:02d}")}) for n in numbers]
        )
        store.flush()

    add(1, 3, 5, 7, 9)
    first, cursor = page(None)
    second, cursor = page(cursor)
    add(6, 8)
    third, last = page(cursor)
    assert (first, second, third, last) == (["d-1", "d-3"], ["d-5", "d-7"], ["d-9"], None)
    assert store._snapshots == {}, "the point in time is closed with the last page"
    assert page(cursor) == (["d-8", "d-9"], None), "without it the same cursor goes on among what is there now"


# ---------------------------------------------------------------- failures


class Answers:
    """A client that gives bulk requests the answers it was told, and counts what it was sent."""

    def __init__(self, *answers: list[int] | int) -> None:
        self.answers = list(answers)
        self.sent: list[list[bytes]] = []

    def options(self, **_: object) -> Answers:
        return self

    def perform_request(self, _method: str, _target: str, *, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        assert "ndjson" in headers["content-type"]
        self.sent.append(body.splitlines())
        answer = self.answers.pop(0)
        if isinstance(answer, int):
            meta = ApiResponseMeta(answer, "1.1", HttpHeaders(), 0.1, NodeConfig("http", "h", 9200))
            raise ApiError("busy", meta, {"error": {"type": "es_rejected_execution_exception", "reason": "queue full"}})
        return {"items": [{"index": _item(status)} for status in answer]}


def _item(status: int) -> dict[str, Any]:
    if status < 300:
        return {"status": status, "result": "created" if status == 201 else "updated"}
    kinds = {400: "document_parsing_exception", 429: "es_rejected_execution_exception", 403: "cluster_block_exception"}
    return {"status": status, "error": {"type": kinds.get(status, "exception"), "reason": f"because {status}"}}


def bulk(*answers: list[int] | int) -> tuple[Bulk, Answers, list[float]]:
    client = Answers(*answers)
    pauses: list[float] = []
    return Bulk(client, NOBODY, pauses.append), client, pauses  # type: ignore[arg-type]


def test_only_what_the_server_had_no_room_for_is_sent_again() -> None:
    sender, client, pauses = bulk([201, 429, 200, 503], [201, 429], [201])
    done = sender.send([b"a\n", b"b\n", b"c\n", b"d\n"])
    assert [outcome.result for outcome in done] == ["created", "created", "updated", "created"]
    assert client.sent == [[b"a", b"b", b"c", b"d"], [b"b", b"d"], [b"d"]]
    assert pauses == list(PAUSES[:2])


def test_a_request_refused_as_a_whole_is_sent_again() -> None:
    sender, client, pauses = bulk(429, 503, [201])
    assert [outcome.result for outcome in sender.send([b"a\n"])] == ["created"]
    assert len(client.sent) == 3
    assert pauses == list(PAUSES[:2])


def test_a_server_that_stays_full_fails_the_batch_in_the_end() -> None:
    sender, client, pauses = bulk(*[[429]] * 20)
    with pytest.raises(StoreError, match=r"no room for 1 operations in 7 attempts.*because 429"):
        sender.send([b"a\n"])
    assert (len(client.sent), pauses) == (7, list(PAUSES))


def test_what_the_server_refuses_for_good_comes_back_with_its_reason() -> None:
    sender, _, _ = bulk([201, 400, 201])
    done = sender.send([b"a\n", b"b\n", b"c\n"])
    assert [outcome.refusal for outcome in done] == ["", "document_parsing_exception: because 400", ""]


def test_a_state_of_the_server_quarantines_nothing() -> None:
    sender, _, _ = bulk([201, 403])
    with pytest.raises(StoreError, match="not for what the event says"):
        sender.send([b"a\n", b"b\n"])


def test_a_document_of_the_wrong_shape_is_refused_by_the_server_itself(
    store: ElasticStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(build.__globals__, "_line", lambda said, _: orjson.dumps(said))  # no check of ours before it
    bad = event(**{"event.id": "d-2", "event.severity": "high"})
    result = store.index([event(), bad, event(**{"event.id": "d-3"})])
    assert result.stored == 2
    ((event_id, why),) = result.rejected
    assert event_id == "d-2"
    assert "event.severity" in why
    assert "high" in why


def test_a_server_that_is_away_is_a_sentence_without_secrets() -> None:
    store = ElasticStore(NOBODY, writable=True)
    with pytest.raises(StoreError, match=r"cannot be reached at http://127.0.0.1:9; check that it runs") as failure:
        store.count("", EVERYTHING)
    with pytest.raises(StoreError, match="cannot be reached"):
        store.index([event()])
    assert "hunter2" not in f"{failure.value} {failure.value.__cause__!r} {NOBODY!r} {NOBODY.places}"
    store.close()


def test_settings_that_make_no_connection_are_a_sentence_without_secrets() -> None:
    with pytest.raises(StoreError, match="check the hosts") as failure:
        connect(ElasticOptions(["http://reader:hunter2@host-without-port"]))
    assert "hunter2" not in f"{failure.value} {failure.value.__cause__!r}"


def test_reasons_are_the_servers_and_bounded() -> None:
    said = {
        "error": {
            "type": "t",
            "reason": "outer",
            "caused_by": {"reason": "middle", "caused_by": {"reason": "x" * 9999}},
        }
    }
    assert reason(said).startswith("outer: xxx")
    assert len(reason(said)) == 500
    assert reason({"error": "no handler"}) == "no handler"
    with pytest.raises(StoreError, match="cannot be reached"), translated(NOBODY):
        raise ConnectionError("refused")
