"""The Stream contract. A further engine joins by one more entry in `tests.streams`."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from taishi.errors import StreamError
from taishi.stream.port import Consumer, Message, Partition, Record, partition_for
from tests import streams
from tests.scenarios.platform import wait_for
from tests.streams import Streams


@pytest.fixture(params=streams.ENGINES)
def open_stream(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Streams]:
    with streams.opened(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
def topic() -> str:
    """One that nobody else has: a server outlives a test. Groups are named after it."""
    return f"test.{uuid4().hex}"


def drain(consumer: Consumer, count: int) -> list[Record]:
    found: list[Record] = []

    def enough() -> bool:
        found.extend(consumer.poll(100, 0.1))
        return len(found) >= count

    wait_for(enough, f"{count} records")
    return found


def test_order_holds_within_a_key_and_offsets_count_up(open_stream: Streams, topic: str) -> None:
    stream = open_stream()
    stream.ensure_topic(topic, 4)
    places = stream.publish(topic, [Message(f"k{n % 5}", b"%d" % n, (("delivery", b"\xff\x00"),)) for n in range(100)])
    consumer = stream.consumer([topic], topic)
    records = drain(consumer, 100)
    for key in {record.key for record in records}:
        values = [int(record.value) for record in records if record.key == key]
        assert values == sorted(values)
    assert {(record.partition, record.offset) for record in records} == set(places)
    assert all(record.headers == (("delivery", b"\xff\x00"),) for record in records)
    assert all(record.partition.number == partition_for(record.key, 4) for record in records)
    assert sum(stream.end_offsets(topic).values()) == 100
    consumer.close()


def test_a_topic_keeps_its_partitions_and_an_unknown_one_is_refused(open_stream: Streams, topic: str) -> None:
    stream = open_stream()
    stream.ensure_topic(topic, 3)
    stream.ensure_topic(topic, 9)
    assert stream.partitions(topic) == tuple(Partition(topic, n) for n in range(3))
    with pytest.raises(StreamError):
        stream.publish("unknown", [Message("k", b"")])


def test_seek_repeats_and_an_unassigned_partition_cannot_be_sought(open_stream: Streams, topic: str) -> None:
    stream = open_stream()
    stream.ensure_topic(topic, 1)
    stream.publish(topic, [Message("k", b"%d" % n) for n in range(5)])
    consumer = stream.consumer([topic], topic, on_assigned=lambda gained: None)
    assert len(drain(consumer, 5)) == 5
    consumer.seek(Partition(topic, 0), 3)
    assert [record.value for record in drain(consumer, 2)] == [b"3", b"4"]
    with pytest.raises(StreamError):
        consumer.seek(Partition(topic, 7), 0)
    consumer.close()


def test_members_share_and_hand_over_without_losing_a_partition(open_stream: Streams, topic: str) -> None:
    stream = open_stream()
    stream.ensure_topic(topic, 6)
    events: list[tuple[str, int]] = []
    first = stream.consumer(
        [topic], topic,
        lambda gained: events.append(("gained", len(gained))), lambda lost: events.append(("lost", len(lost))),
    )  # fmt: skip
    wait_for(lambda: bool(first.poll(1, 0.1)) or len(first.assignment()) == 6, "one member to have all")
    second = open_stream().consumer([topic], topic)

    def shared() -> bool:
        first.poll(1, 0.05)
        second.poll(1, 0.05)
        assert not first.assignment() & second.assignment()
        return len(first.assignment()) == len(second.assignment()) == 3

    wait_for(shared, "two members with three partitions each")
    assert events == [("gained", 6), ("lost", 3)]
    first.close()
    wait_for(lambda: bool(second.poll(1, 0.05)) or len(second.assignment()) == 6, "the rest to move at once")
    second.close()


def test_a_silent_member_loses_its_partitions_after_its_lease(open_stream: Streams, topic: str) -> None:
    stream = open_stream()
    stream.ensure_topic(topic, 2)
    silent = stream.consumer([topic], topic)
    wait_for(lambda: bool(silent.poll(1, 0.1)) or len(silent.assignment()) == 2, "one member to have all")
    heir = stream.consumer([topic], topic)
    wait_for(lambda: bool(heir.poll(1, 0.05)) or len(heir.assignment()) == 2, "the lease to run out")
    lost: list[frozenset[Partition]] = []
    silent._on_revoked = lost.append  # type: ignore[attr-defined]
    wait_for(lambda: bool(silent.poll(1, 0.3)) or bool(lost), "the frozen member to notice")
    silent.close()
    heir.close()


def test_publishing_from_many_threads_keeps_everything(open_stream: Streams, topic: str) -> None:
    stream = open_stream()
    stream.ensure_topic(topic, 3)

    def publish(worker: int) -> None:
        for n in range(50):
            stream.publish(topic, [Message(f"w{worker}", b"%d" % n)])

    threads = [threading.Thread(target=publish, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    consumer = stream.consumer([topic], topic)
    records = drain(consumer, 300)
    for worker in range(6):
        assert [int(r.value) for r in records if r.key == f"w{worker}"] == list(range(50))
    consumer.close()


def test_trim_removes_the_old_and_keeps_offsets(open_stream: Streams, topic: str) -> None:
    stream = open_stream()
    stream.ensure_topic(topic, 1)
    stream.publish(topic, [Message("k", b"old")])
    assert stream.trim(topic, time.time() + 1, {Partition(topic, 0): 1}) == 1
    stream.publish(topic, [Message("k", b"new")])
    consumer = stream.consumer([topic], topic)
    assert [(record.offset, record.value) for record in drain(consumer, 1)] == [(1, b"new")]
    consumer.close()


def test_trim_spares_what_is_young_or_not_consumed(open_stream: Streams, topic: str) -> None:
    stream = open_stream()
    stream.ensure_topic(topic, 1)
    place = Partition(topic, 0)
    stream.publish(topic, [Message("k", b"%d" % n) for n in range(4)])
    assert stream.trim(topic, time.time() - 60, {place: 4}) == 0
    assert stream.trim(topic, time.time() + 1, {}) == 0
    assert stream.trim(topic, time.time() + 1, {place: 3}) == 3
    consumer = stream.consumer([topic], topic)
    assert [record.value for record in drain(consumer, 1)] == [b"3"]
    consumer.close()


KILLED_PUBLISHER = """
import sys
from pathlib import Path
from taishi.stream.port import Message
from tests.streams import Streams
stream = Streams(sys.argv[1], Path(sys.argv[2]))()
for n in range(10**9):
    stream.publish(sys.argv[3], [Message("k", b"%d" % n), Message("k", b"second")])
    print(n, flush=True)
"""


def test_what_was_acknowledged_survives_kill_9(open_stream: Streams, topic: str, tmp_path: Path) -> None:
    stream = open_stream()
    stream.ensure_topic(topic, 1)
    publisher = subprocess.Popen(
        [sys.executable, "-c", KILLED_PUBLISHER, open_stream.engine, str(tmp_path), topic],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert publisher.stdout
    acknowledged = [int(publisher.stdout.readline()) for _ in range(40)]
    publisher.send_signal(signal.SIGKILL)
    publisher.wait()
    publisher.stdout.close()
    consumer = stream.consumer([topic], topic)
    values = [record.value for record in drain(consumer, 2 * len(acknowledged))]
    assert values[: 2 * len(acknowledged)] == [v for n in acknowledged for v in (b"%d" % n, b"second")]
    consumer.close()
