"""The EventStore contract, and the proof by comparison: what a store finds is what the plain evaluator finds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taishi import clock
from taishi.errors import QueryError, StoreError
from taishi.event import Event
from taishi.scope import EVERYTHING, NOTHING, Scope
from taishi.store.port import Search
from taishi.store.query import matches, parse
from tests import stores
from tests.stores import Stores

DAY = 1_780_012_800.0  # 2026-05-29T00:00:00Z


@pytest.fixture(params=stores.ENGINES)
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    """Opens the same store again and again, writable or not."""
    with stores.empty(request.param, tmp_path) as opener:
        yield opener


def event(number: int, seconds: float = DAY, **fields: object) -> Event:
    return {
        "event.id": f"d{number // 10}-{number}",
        "@timestamp": clock.to_text(seconds),
        "event.created": clock.to_text(DAY),
        "event.kind": "alert" if number % 2 else "event",
        "organization.id": "a",
        "taishi.region_path": ["330000", "330100", "330106"],
        **fields,
    }


def ids(events: list[Event]) -> list[str]:
    return [found["event.id"] for found in events]


def test_what_is_flushed_is_seen_by_another_reader(open_store: Stores) -> None:
    writer, reader = open_store(True), open_store(False)
    result = writer.index([event(1), event(2)])
    assert (result.stored, result.replaced, result.rejected) == (2, 0, [])
    writer.flush()
    assert reader.count("", EVERYTHING) == 2
    writer.index([event(3)])
    writer.flush()
    assert sorted(ids(reader.search(Search(), EVERYTHING).events)) == ["d0-1", "d0-2", "d0-3"]


def test_the_same_id_again_replaces(open_store: Stores) -> None:
    store = open_store(True)
    store.index([event(1, message="old"), event(1, message="middle")])
    store.flush()
    again = store.index([event(1, seconds=DAY - 86_400, message="new")])
    store.flush()
    assert (again.stored, again.replaced) == (0, 1)
    assert [found["message"] for found in store.search(Search(), EVERYTHING).events] == ["new"]
    assert store.count("old", EVERYTHING) == 0


@pytest.mark.parametrize("flushed", [True, False], ids=["flushed", "pending"])
def test_the_same_id_of_another_day_or_kind_replaces(open_store: Stores, flushed: bool) -> None:
    store = open_store(True)
    for seconds, kind in ((DAY, "event"), (DAY - 86_400, "event"), (DAY - 86_400, "alert"), (DAY, "alert")):
        store.index([event(0), event(1, seconds=seconds, **{"event.kind": kind})])
        if flushed:
            store.flush()
    store.flush()
    assert sorted(ids(store.search(Search(), EVERYTHING).events)) == ["d0-0", "d0-1"]
    assert store.count("event.kind:alert", EVERYTHING, DAY) == 1


def test_a_cursor_outlives_what_it_pointed_into(open_store: Stores) -> None:
    store = open_store(True)
    store.index([event(n, seconds=DAY + n) for n in range(6)])
    store.flush()
    cursor = store.search(Search(limit=2), EVERYTHING).cursor
    behind = store.search(Search(limit=2, cursor=cursor), EVERYTHING).cursor
    store.expire(float("inf"))
    for place in (cursor, behind):
        assert store.search(Search(limit=2, cursor=place), EVERYTHING).events == []


def test_a_broken_event_is_rejected_alone(open_store: Stores) -> None:
    store = open_store(True)
    result = store.index([event(1), event(2) | {"@timestamp": "yesterday"}, event(3)])
    store.flush()
    assert result.stored == 2
    assert [event_id for event_id, _ in result.rejected] == ["d0-2"]
    assert store.count("", EVERYTHING) == 2


def test_pages_follow_each_other_without_gap_while_events_arrive(open_store: Stores) -> None:
    store = open_store(True)
    store.index([event(n, seconds=DAY + n // 4) for n in range(50)])
    store.flush()
    seen: list[str] = []
    cursor = None
    while True:
        page = store.search(Search(limit=7, cursor=cursor), EVERYTHING)
        seen += ids(page.events)
        store.index([event(1000 + len(seen), seconds=DAY + 9999)])
        store.flush()
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(f"d{n // 10}-{n}" for n in range(50))
    ascending = store.search(Search(limit=1000, ascending=True), EVERYTHING).events
    times = [found["@timestamp"] for found in ascending]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        (Scope(regions=("330100",)), {"d0-1"}),
        (Scope(enterprises=("b",)), {"d0-2"}),
        (Scope(regions=("330000",)), {"d0-1", "d0-2"}),
        (Scope(regions=("330100",), enterprises=("b",)), set()),
        (Scope(authorities=("ca",)), {"d0-2"}),
        (NOTHING, set()),
    ],
    ids=["region", "enterprise", "province", "region-and-enterprise", "authority", "nothing"],
)
def test_the_scope_is_in_every_reading(open_store: Stores, scope: Scope, seen: set[str]) -> None:
    store = open_store(True)
    foreign = {"organization.id": "b", "taishi.region_path": ["330000", "330200"], "taishi.authority": "ca"}
    store.index([event(1), event(2) | foreign])
    store.flush()
    assert set(ids(store.search(Search(), scope).events)) == seen
    assert set(ids(store.get(["d0-1", "d0-2"], scope))) == seen
    assert store.count("", scope) == len(seen)
    assert sum(bar.count for bar in store.histogram("", scope, DAY, DAY + 60, 10)) == len(seen)
    assert sum(top.count for top in store.top("", scope, "organization.id")) == len(seen)


def test_counting_over_days(open_store: Stores) -> None:
    store = open_store(True)
    store.index([event(n, seconds=DAY + n * 3600, **{"source.ip": f"10.0.0.{n % 3}", "rule.name": "ET scan"})
                 for n in range(48)])  # fmt: skip
    store.flush()
    bars = store.histogram("scan", EVERYTHING, DAY, DAY + 48 * 3600, 21_600)
    assert [(bar.start, bar.count) for bar in bars] == [(DAY + k * 21_600, 6) for k in range(8)]
    assert [(top.value, top.count) for top in store.top("", EVERYTHING, "source.ip", 2)] == [
        ("10.0.0.0", 16), ("10.0.0.1", 16),
    ]  # fmt: skip
    assert store.top("", EVERYTHING, "rule.name")[0].value == "ET scan"
    assert store.count("", EVERYTHING, DAY + 3600, DAY + 7200) == 1
    with pytest.raises(QueryError):
        store.top("", EVERYTHING, "message")
    assert store.expire(DAY + 86_400) == 24
    assert store.count("", EVERYTHING) == 24


def test_retention_knows_alerts_from_events(open_store: Stores) -> None:
    store = open_store(True)
    store.index([event(1), event(2)])
    store.flush()
    assert store.expire(DAY + 90_000, "event") == 1
    assert ids(store.search(Search(), EVERYTHING).events) == ["d0-1"]


def test_a_reader_cannot_write(open_store: Stores) -> None:
    with pytest.raises(StoreError):
        open_store(False).index([event(1)])


def test_hostile_timestamps_do_not_choose_the_number_of_shards(open_store: Stores) -> None:
    store = open_store(True)
    store.index([event(n, seconds=86_400.0 * n * 7) for n in range(4000)])  # from 1970 to 2046
    store.flush()
    assert open_store.shards() <= 2 * (31 + 31 + 13 + 2)
    assert store.count("", EVERYTHING) == 4000


WORDS = st.sampled_from(["modbus", "write", "工控安全", "勒索", "scan", "10.0.0.7", "a_b"])
EVENTS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "message": st.lists(WORDS, max_size=4).map(" ".join),
            "rule.name": st.lists(WORDS, min_size=1, max_size=3).map(" ".join),
            "event.original": st.lists(WORDS, max_size=3).map(" ".join),
            "event.severity": st.integers(0, 100),
            "source.ip": st.sampled_from(["10.0.0.7", "10.0.1.9", "192.0.2.1", "2001:db8::5", "::ffff:10.0.0.7"]),
            "related.ip": st.lists(st.sampled_from(["10.0.0.7", "198.51.100.3"]), max_size=2, unique=True),
            "user.name": st.sampled_from(["admin", "Admin", "root", "管理员", "a*b"]),
            "event.category": st.lists(st.sampled_from(["network", "malware"]), max_size=2, unique=True),
            "taishi.asset.criticality": st.sampled_from([0.2, 0.5, 1.0]),
            "tls.established": st.booleans(),
            "zeek.uid": st.sampled_from(["C1", "C2"]),
        },
    ),
    min_size=1,
    max_size=12,
)
LEAVES = st.sampled_from(
    [
        "modbus", '"modbus write"', "工控", "工控安全", "mod*", "wri?e", "rule.name:scan", 'rule.name:"scan modbus"',
        "event.severity:50", "event.severity:[20 TO 60}", "event.severity:>70", "event.severity:<=3",
        "source.ip:10.0.0.0/16", "source.ip:10.0.0.7", 'source.ip:"2001:db8::/32"', "source.ip:[10.0.0.8 TO 192.0.2.1]",
        "related.ip:198.51.100.3", "user.name:admin", "user.name:adm*", "user.name:管*", "user.name:a\\*b",
        "_exists_:user.name", "user.name:*", "_exists_:zeek.uid", "_exists_:event.severity", "event.category:malware",
        "taishi.asset.criticality:0.5", "taishi.asset.criticality:[0.3 TO *]", "tls.established:true", "zeek.uid:C1",
        "@timestamp:>=2026-05-29T00:00:05Z".replace(":00:05", "\\:00\\:05"), "event.kind:alert", "*",
    ]
)  # fmt: skip
QUERIES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        inner.map(lambda q: f"(NOT {q})"),
    ),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=EVENTS, queries=st.lists(QUERIES, min_size=8, max_size=8))
def test_the_store_finds_what_the_plain_evaluator_finds(
    open_store: Stores, fields: list[dict[str, object]], queries: list[str]
) -> None:
    store = open_store(True)
    store.expire(float("inf"))
    events = [event(n, seconds=DAY + n, **extra) for n, extra in enumerate(fields)]
    store.index(events)
    store.flush()
    for query in queries:
        tree = parse(query, DAY)
        expected = {found["event.id"] for found in events if matches(tree, found)}
        assert set(ids(store.search(Search(query), EVERYTHING).events)) == expected, query
    store.close()


KILLED_WRITER = """
import sys
from tests.contracts.test_store import event
from tests.stores import opened
store = opened(sys.argv[1], sys.argv[2], writable=True)
for start in range(0, 10**9, 200):
    store.index([event(n) for n in range(start, start + 200)])
    store.flush()
    print("flushed", start + 200, flush=True)
"""


@pytest.mark.parametrize("flushes", [1, 4])
def test_what_was_flushed_survives_kill_9_and_the_index_opens(open_store: Stores, flushes: int) -> None:
    arguments = [sys.executable, "-c", KILLED_WRITER, open_store.engine, open_store.place]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        said = (int(line.split()[1]) for line in writer.stdout if line.startswith("flushed "))
        promised = [next(said) for _ in range(flushes)][-1]
        writer.kill()
    store = open_store(True)
    assert store.count("", EVERYTHING) >= promised
    store.index([event(10**9)])
    store.flush()
    assert store.get([event(10**9)["event.id"]], EVERYTHING)
