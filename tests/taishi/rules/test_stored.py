"""Reading only what a rule's log source may hold loses no event: every sample event against every rule of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from taishi import clock
from taishi.rules.stored import Narrower, Period, pages
from taishi.scope import EVERYTHING, Scope
from taishi.sigma.cases import cases_of
from taishi.sigma.index import Engine
from taishi.sigma.packs import own
from taishi.sigma.parse import parse
from taishi.sigma.rule import LogSource, Rule
from taishi.store.embedded import TantivyStore

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
START = 1_790_000_000.0
HOUR = 3600.0


@dataclass
class Stored:
    store: TantivyStore
    events: list[dict[str, Any]]
    period: Period


def _events() -> list[dict[str, Any]]:
    """The events of all sample folders and of the rules' own cases within an hour, each with an id of its own."""
    found: list[Any] = []
    for path in sorted(SAMPLES.glob("*/*.expected.json")):
        read = json.loads(path.read_text("utf-8"))
        found += read if isinstance(read, list) else []
    found = [event for event in found if isinstance(event, dict)]
    found += [event for one in parse(own())[0] for _, events in cases_of(one) for event in events]
    step = HOUR / (len(found) + 1)
    return [
        {**event, "event.id": f"s-{number:06}", "@timestamp": clock.to_text(START + number * step),
         "taishi.region_path": ["330000"], "organization.id": "e1"}
        for number, event in enumerate(found)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    store = TantivyStore(tmp_path_factory.mktemp("samples") / "events", writable=True)
    events = _events()
    refused = {identity for identity, _ in store.index(events).rejected}
    store.flush()
    yield Stored(
        store, [one for one in events if one["event.id"] not in refused], Period(START, START + HOUR, EVERYTHING)
    )
    store.close()


def _hits(engine: Engine, events: list[dict[str, Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for event in events:
        if "taishi.detection.event" not in event:
            for entry in engine.match(event):
                found.setdefault(entry.rule.id, set()).add(str(event["event.id"]))
    return found


def test_no_event_is_lost(stored: Stored) -> None:
    parsed, _ = parse(own())
    rules = [one.rule for one in parsed if isinstance(one.rule, Rule)]
    expected = _hits(Engine(rules), stored.events)
    assert sum(map(len, expected.values())) > 300, "samples and rules that say nothing of each other prove nothing"
    by_source: dict[LogSource, list[Rule]] = {}
    for rule in rules:
        by_source.setdefault(rule.logsource, []).append(rule)
    narrower = Narrower(stored.store, stored.period, Engine([]).taxonomy)
    read = 0
    for some in by_source.values():
        query = narrower.query(some)
        found = (
            [event for page in pages(stored.store, query, stored.period) for event in page] if query is not None else []
        )
        read += len(found)
        mine = {rule.id for rule in some}
        wanted = {identity: hits for identity, hits in expected.items() if identity in mine}
        assert _hits(Engine(some), found) == wanted, (some[0].logsource, query)
    assert read < 0.7 * len(stored.events) * len(by_source), "it also narrows"


def test_pages_are_in_order_and_whole(stored: Stored) -> None:
    found = [str(event["event.id"]) for page in pages(stored.store, "", stored.period) for event in page]
    assert found == [str(event["event.id"]) for event in stored.events]
    nothing = Period(START, START + HOUR, Scope(nothing=True))
    assert [event for page in pages(stored.store, "", nothing) for event in page] == []
