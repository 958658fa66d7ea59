"""Servers that stop, freeze, die and refuse under load: afterwards every balance closes and the results are the same."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from elasticsearch import ApiError
from elasticsearch import Elasticsearch as Client

from tests.scenarios.feed import make_feeds
from tests.scenarios.platform import Engines, Platform
from tests.scenarios.runs import Outcome, agree, run
from tests.servers.kafka import Brokers, Kafka

FEEDS = make_feeds(count=4, batches=24, size=60)
OUTAGE = 8.0
"""Seconds: longer than the clients' patience with one request, so that retries, spool and return are all used."""

MINUTE = 60.0

SMALL_SPOOL = {"TAISHI_COLLECT__SPOOL_BYTES": "65536"}

Fault = Callable[[Engines], None]


def _engines(platform: Platform) -> Engines:
    assert platform.engines
    return platform.engines


def _broker(engines: Engines) -> Kafka:
    assert isinstance(engines.kafka, Kafka)
    return engines.kafka


def stream_is_stopped(engines: Engines) -> None:
    _broker(engines).stop()
    time.sleep(MINUTE)
    _broker(engines).start()


def stream_is_killed(engines: Engines) -> None:
    _broker(engines).kill()
    _broker(engines).start()


def stream_is_frozen(engines: Engines) -> None:
    _broker(engines).freeze()
    time.sleep(OUTAGE)
    _broker(engines).thaw()


def stream_is_away_and_the_spool_is_full(engines: Engines) -> None:
    """What no longer fits is refused with 503 and sent again by who has it."""
    _broker(engines).kill()
    time.sleep(OUTAGE)
    _broker(engines).start()


def store_has_no_memory(engines: Engines) -> None:
    """Each request is answered 429 by the circuit breaker, but not those that set it."""
    with Client(engines.elasticsearch.url) as client:
        client.cluster.put_settings(persistent={"indices.breaker.total.limit": "1mb"})
        try:
            with pytest.raises(ApiError) as refused:
                client.index(index="other", document={"a": 1})
            assert refused.value.status_code == 429
            time.sleep(OUTAGE / 2)
        finally:
            client.cluster.put_settings(persistent={"indices.breaker.total.limit": None})


def store_is_killed(engines: Engines) -> None:
    engines.elasticsearch.kill()
    time.sleep(OUTAGE / 2)
    engines.elasticsearch.start()


def store_is_frozen(engines: Engines) -> None:
    engines.elasticsearch.freeze()
    time.sleep(OUTAGE)
    engines.elasticsearch.thaw()


def store_is_read_only(engines: Engines) -> None:
    """As after the disk's flood stage."""
    with Client(engines.elasticsearch.url) as client:
        client.indices.put_settings(
            index=f"{engines.prefix}-*", settings={"index.blocks.write": True}, allow_no_indices=True
        )
        time.sleep(OUTAGE / 2)
        client.indices.put_settings(
            index=f"{engines.prefix}-*", settings={"index.blocks.write": None}, allow_no_indices=True
        )


def records_are_killed(engines: Engines) -> None:
    engines.postgres.kill()
    time.sleep(OUTAGE / 2)
    engines.postgres.start()


def records_lose_their_sessions(engines: Engines) -> None:
    """In the middle of whatever transaction there is."""
    address = engines.postgres.url.replace("+psycopg", "")
    for _ in range(10):
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'taishi-%'"
            )
        time.sleep(0.4)


FAULTS: list[Fault] = [
    stream_is_stopped, stream_is_killed, stream_is_frozen, stream_is_away_and_the_spool_is_full,
    store_is_killed, store_is_frozen, store_is_read_only, store_has_no_memory,
    records_are_killed, records_lose_their_sessions,
]  # fmt: skip


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What one worker on the embedded engines makes of the same feeds, undisturbed."""
    return run(tmp_path_factory.mktemp("embedded") / "run", FEEDS)


@pytest.mark.slow
@pytest.mark.xdist_group("whole-platform")
@pytest.mark.parametrize("fault", FAULTS, ids=[fault.__name__ for fault in FAULTS])
def test_a_fault_changes_nothing(engines: Engines, expected: Outcome, tmp_path: Path, fault: Fault) -> None:
    def disturb(platform: Platform, dice: random.Random) -> None:
        time.sleep(dice.uniform(1, 2))  # under load, not before it
        fault(_engines(platform))

    if fault is stream_is_away_and_the_spool_is_full:
        engines.more = SMALL_SPOOL
    agree(FEEDS, expected, run(tmp_path / "servers", FEEDS, disturb, engines=engines, workers=2, pause=0.5))


@pytest.mark.slow
@pytest.mark.xdist_group("whole-platform")
def test_a_worker_that_slept_through_its_lease_changes_nothing(
    engines: Engines, expected: Outcome, tmp_path: Path
) -> None:
    """A zombie: frozen with uncommitted work until others own its partitions, then awake again."""

    def disturb(platform: Platform, dice: random.Random) -> None:
        time.sleep(dice.uniform(1, 2))
        platform.freeze("process.0")
        time.sleep(14)  # a session lasts ten seconds
        platform.thaw("process.0")

    agree(FEEDS, expected, run(tmp_path / "servers", FEEDS, disturb, engines=engines, workers=2, pause=0.5))


@pytest.mark.slow
@pytest.mark.xdist_group("whole-platform")
def test_a_broker_of_three_dies_for_good(three_brokers: Engines, expected: Outcome, tmp_path: Path) -> None:
    """Each partition has three copies, two of which must have a record before it is acknowledged."""

    def disturb(platform: Platform, dice: random.Random) -> None:
        time.sleep(dice.uniform(1, 2))
        assert isinstance(three_brokers.kafka, Brokers)
        dice.choice(three_brokers.kafka.members).kill()

    agree(FEEDS, expected, run(tmp_path / "servers", FEEDS, disturb, engines=three_brokers, workers=2, pause=0.5))
