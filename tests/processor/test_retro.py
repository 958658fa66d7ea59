"""New indicators against stored days: sightings and alerts of those days, once, whatever breaks between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from processor.retro import AT_ONCE, Retro
from processor.stages.intel import RETRO
from taishi import clock
from taishi.errors import StreamError
from taishi.event import TOPIC_EVENTS
from taishi.intel import book, builds
from taishi.intel.alert import MARK
from taishi.intel.indicator import Indicator as Given
from taishi.records.tables import Indicator, IndicatorSighting, Ledger, MetaAlert
from taishi.scope import EVERYTHING
from taishi.store.embedded import TantivyStore
from tests.processor.material import START, batches, flow
from tests.processor.world import World

AT = START + 90_000
C2 = "192.0.2.10"
UNTIL = START + 1e9


class Stored:
    """A world whose events are also in a real store, as the worker's store would be."""

    def __init__(self, folder: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = World(folder, template)
        self.world.clock = lambda: AT
        monkeypatch.setattr(clock, "now", lambda: AT)
        self.store = TantivyStore(folder / "events", writable=True)
        self.retro = Retro(self.world.records, self.store, self.world.stream, 30.0)
        self.folder = folder
        with self.world.records.write(EVERYTHING) as session:
            session.add(book.new_feed("list", "List", START, "tester"))

    def run(self, events: list[dict[str, Any]], name: str = "b") -> None:
        self.world.publish(batches(events, 4, name=name))
        self.follow()

    def follow(self) -> None:
        self.world.drive()
        self.store.index(list(self.world.store.durable.values()))
        self.store.flush()

    def add(self, *given: Given) -> None:
        book.take_in(self.world.records, "list", given, AT)
        builds.build(self.world.records, self.folder / "intel")

    def look_back(self) -> int:
        rounds = 0
        while self.retro.run(AT + 3600):
            rounds += 1
        return rounds

    def seen(self) -> list[tuple[str, int, int, bool]]:
        with self.world.records.read(EVERYTHING) as session:
            rows = session.scalars(select(IndicatorSighting))
            return sorted((row.value, row.count, row.alerts, row.retro) for row in rows)

    def alerts(self) -> list[dict[str, Any]]:
        return [event for event in self.world.store.durable.values() if event.get(RETRO)]


@pytest.fixture
def stored(tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stored]:
    made = Stored(tmp_path, template, monkeypatch)
    yield made
    made.store.close()
    made.world.close()


def events(count: int = 6) -> list[dict[str, Any]]:
    return [
        {**flow(START + 60.0 * n, "10.1.0.20", C2), "related.ip": ["10.1.0.20", C2], "related.hosts": ["cc.evil.example"],
         "dns.question.name": "cc.evil.example"}
        for n in range(count)
    ]  # fmt: skip


def test_stored_days_are_searched_once_and_alerts_say_so(stored: Stored) -> None:
    stored.run(events())
    assert stored.seen() == []
    stored.add(
        Given("ip", C2, 80, "green", labels=("c2",), valid_from=AT - 10, valid_until=UNTIL),
        Given("domain", "evil.example", 80, "green", labels=("c2",), valid_until=UNTIL),
        Given("ip", "203.0.113.200", 80, "green", labels=("c2",), valid_until=UNTIL),
    )
    assert stored.look_back() == 2, "a round for each kind"
    assert stored.seen() == [(C2, 6, 5, True), ("evil.example", 6, 5, True)]
    stored.follow()
    made = stored.alerts()
    assert len(made) == 10, "five of each indicator on a day; the rest is counted"
    assert {event["event.kind"] for event in made} == {"alert"}
    assert all(event[MARK] and event["taishi.detection.event"] in stored.world.store.durable for event in made)
    with stored.world.records.read(EVERYTHING) as session:
        assert "T1071" in {row.technique for row in session.scalars(select(MetaAlert))}
        assert sum(row.stored for row in session.scalars(select(Ledger))) == 6, "balances count what sources sent"
    assert stored.look_back() == 0
    assert stored.seen() == [(C2, 6, 5, True), ("evil.example", 6, 5, True)]
    assert set(stored.world.balances()) == {0}


def test_a_repeat_after_a_failure_doubles_nothing(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    stored.run(events())
    stored.add(Given("ip", C2, 80, "green", labels=("c2",), valid_until=UNTIL))
    real = stored.world.stream.publish

    def breaks(topic: str, messages: Any) -> Any:
        real(topic, messages)
        raise StreamError("it is on the stream, and nobody heard")

    monkeypatch.setattr(stored.world.stream, "publish", breaks)
    with pytest.raises(StreamError):
        stored.retro.run(AT + 3600)
    assert stored.seen() == []
    monkeypatch.setattr(stored.world.stream, "publish", real)
    stored.look_back()
    assert sum(len(log) for log in stored.world.stream.logs.values()) > 10, "the alerts are on the stream twice"
    stored.follow()
    assert stored.seen() == [(C2, 6, 5, True)]
    assert len(stored.alerts()) == 5
    stored.run([flow(START + 9000, "10.1.0.20", "198.51.100.1")], "later")  # time goes on, so nothing waits any more
    with stored.world.records.read(EVERYTHING) as session:
        counts = [row.count for row in session.scalars(select(MetaAlert).where(MetaAlert.technique == "T1071"))]
    assert sum(counts) == 5


def test_what_was_matched_as_it_came_is_not_found_again(stored: Stored) -> None:
    stored.add(Given("ip", C2, 80, "green", labels=("c2",), valid_until=UNTIL))
    stored.run(events())
    live = stored.seen()
    assert live == [(C2, 6, 6, False)]
    stored.look_back()
    assert stored.seen() == live
    assert stored.alerts() == []


def test_withdrawn_warned_and_red(stored: Stored) -> None:
    stored.run(events())
    stored.add(
        Given("ip", C2, 90, "red", labels=("c2",), valid_until=UNTIL), Given("ip", "10.1.0.20", 90, "green", labels=("c2",)),
        Given("domain", "evil.example", 90, "green", labels=("c2",), revoked=True),
    )  # fmt: skip
    stored.look_back()
    stored.follow()
    assert stored.seen() == [(C2, 6, 0, True)]
    assert stored.alerts() == []


def test_many_indicators_go_in_bounded_rounds(stored: Stored) -> None:
    stored.run(events())
    many = [Given("ip", f"198.51.{n // 250}.{n % 250}", 80, "green", valid_until=UNTIL) for n in range(3 * AT_ONCE)]
    others = [
        Given("url", "http://cc.evil.example/a", 80), Given("hash", "ab" * 32, 80), Given("serial", "deadbeef01", 80),
        Given("email", "boss@evil.example", 80), Given("ja4", "t13d1516h2_8daaf6152771_b186095e22b6", 80),
        Given("cidr", "192.0.2.0/28", 80, labels=("c2",), valid_until=UNTIL), Given("cidr", "2001:db8::/32", 80),
    ]  # fmt: skip
    stored.add(*many, *others)
    assert stored.look_back() == 3 + 6
    assert stored.seen() == [("192.0.2.0/28", 6, 5, True)]
    with stored.world.records.read(EVERYTHING) as session:
        assert not session.scalars(select(Indicator).where(Indicator.retro_at.is_(None))).all()
    assert TOPIC_EVENTS
