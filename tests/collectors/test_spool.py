"""The spool and the publisher: durable before acknowledged, in order, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.publisher import GROUP_MESSAGES, Publisher
from collectors.spool import SEGMENT_BYTES, Spool
from taishi.errors import StreamError, Unavailable
from taishi.event import Batch
from taishi.stream.port import Message, Partition, Stream

TOPIC = "t"


def _read(spool: Spool) -> list[Message]:
    return [message for segment in spool.segments() for _, message in spool.read(segment)]


def _message(number: int, size: int = 10) -> Message:
    return Message("e1", b"%d " % number + b"x" * size, (("delivery", b"%d" % number),))


@given(st.lists(st.lists(st.binary(max_size=50), min_size=1, max_size=4), max_size=6))
def test_what_was_appended_is_read_in_order_by_the_next_process(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    sent = []
    for group in groups:  # each group by a process of its own
        messages = [Message(f"k{number}", value, (("h", value),)) for number, value in enumerate(group)]
        Spool(folder, 1 << 20).append(TOPIC, messages)
        sent += messages
    assert _read(Spool(folder, 1 << 20)) == sent


def test_a_torn_tail_is_left_out_wherever_it_is_torn(tmp_path: Path) -> None:
    Spool(tmp_path, 1 << 20).append(TOPIC, [_message(0), _message(1)])
    (segment,) = Spool(tmp_path, 1 << 20).segments()
    whole = segment.read_bytes()
    for length in range(len(whole)):
        segment.write_bytes(whole[:length])
        assert _read(Spool(tmp_path, 1 << 20)) == ([_message(0)] if length >= len(whole) // 2 else [])
        after = Spool(tmp_path, 1 << 20)
        after.append(TOPIC, [_message(2)])
        assert _read(after)[-1] == _message(2)
        for fresh in after.segments()[1:]:
            fresh.unlink()


def test_a_full_spool_refuses_and_keeps_nothing_of_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 500)
    spool.append(TOPIC, [_message(0)])
    with pytest.raises(Unavailable) as refused:
        spool.append(TOPIC, [_message(1, 600)])
    assert refused.value.retry_after
    assert _read(spool) == [_message(0)]


def test_segments_stay_small(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1 << 30)
    for number in range(3):
        spool.append(TOPIC, [_message(number, SEGMENT_BYTES)])
    assert len(spool.segments()) == 3


class Fake:
    """Takes messages; fails when `left` is used up, until more is given."""

    def __init__(self) -> None:
        self.left = 0
        self.taken: list[bytes] = []
        self.error: Exception = StreamError("down for the test")

    def publish(self, topic: str, messages: Sequence[Message]) -> list[tuple[Partition, int]]:
        if self.left <= 0:
            raise self.error
        self.left -= 1
        self.taken += [message.headers[0][1] for message in messages]
        return []


def _batch(number: int) -> Batch:
    return Batch("s1", "e1", f"{number}", 0.0, 0)


def _publisher(tmp_path: Path, stream: Fake, **more: Any) -> Publisher:
    return Publisher(
        cast("Stream", stream), Spool(tmp_path / "spool", 1 << 20), **{"wait": 0.0, "max_pending": 1 << 20, **more}
    )


@pytest.mark.anyio
async def test_after_an_outage_everything_comes_once_and_in_order(tmp_path: Path) -> None:
    stream = Fake()
    publisher = _publisher(tmp_path, stream)
    running = asyncio.create_task(publisher.run())
    total = GROUP_MESSAGES * 2 + 5
    for number in range(total):
        await publisher.publish(_batch(number))  # returns: it is in the spool
    assert publisher.problem
    stream.left = 1  # comes back for one append only: the next attempt goes on from there
    while publisher.problem:
        if stream.taken:
            stream.left = 1 << 30
        await asyncio.sleep(0.01)
    await publisher.publish(_batch(total))
    assert stream.taken == [b"%d" % number for number in range(total + 1)]
    publisher.stop()
    await running


@pytest.mark.anyio
async def test_an_unexpected_error_is_raised_and_the_waiting_are_told(tmp_path: Path) -> None:
    stream = Fake()
    stream.error = ZeroDivisionError("a defect")
    publisher = _publisher(tmp_path, stream)
    waiting = [asyncio.ensure_future(publisher.publish(_batch(number))) for number in range(GROUP_MESSAGES + 3)]
    await asyncio.sleep(0)
    with pytest.raises(ZeroDivisionError):
        await publisher.run()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(answer) for answer in answers} == {Unavailable}


@pytest.mark.anyio
async def test_memory_is_bounded_and_room_is_announced(tmp_path: Path) -> None:
    stream = Fake()
    stream.left = 1 << 30
    publisher = _publisher(tmp_path, stream, max_pending=1)
    first = asyncio.ensure_future(publisher.publish(_batch(0)))
    await asyncio.sleep(0)
    assert publisher.full
    with pytest.raises(Unavailable):
        await publisher.publish(_batch(1))
    running = asyncio.create_task(publisher.run())
    await first
    await publisher.wait_for_room()
    await publisher.publish(_batch(2))
    publisher.stop()
    await running
    assert stream.taken == [b"0", b"2"]
