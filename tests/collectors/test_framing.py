"""Framing and decoding: pure functions that must not care how bytes arrive."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.decode import decode
from collectors.framing import BATCH_BYTES, Frame, LineFramer, depth_of, parts, split_body
from taishi.errors import TooLarge

RECORD = st.binary(min_size=1, max_size=60).filter(lambda data: b"\n" not in data and data.strip(b"\r\x00 "))


def _chunked(data: bytes, cuts: list[int], limit: int = 200) -> list[Frame]:
    framer, frames, start = LineFramer(limit), [], 0
    for cut in sorted({min(cut, len(data)) for cut in cuts} | {len(data)}):
        frames += framer.feed(data[start:cut])
        start = cut
    return frames + framer.end()


@given(st.binary(max_size=600), st.lists(st.integers(0, 600), max_size=12))
def test_how_bytes_are_cut_into_chunks_changes_nothing(data: bytes, cuts: list[int]) -> None:
    assert _chunked(data, cuts, 50) == _chunked(data, [], 50)


@given(st.lists(RECORD, max_size=12), st.lists(st.integers(0, 900), max_size=12))
def test_octet_counted_records_come_out_as_they_went_in(records: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(b"%d <%s" % (len(record) + 1, record) for record in records)
    expected = [(b"<" + record).rstrip(b"\r\n\x00") for record in records]
    assert [frame.data for frame in _chunked(stream, cuts)] == expected


@given(st.lists(RECORD.map(lambda data: b"<1>" + data.rstrip(b"\r\x00 ")), max_size=12), st.lists(st.integers(0, 900)))
def test_lines_come_out_as_they_went_in(records: list[bytes], cuts: list[int]) -> None:
    assert [frame.data for frame in _chunked(b"\n".join(records) + b"\n", cuts)] == records


def test_a_record_over_the_limit_is_cut_flagged_and_the_next_is_whole() -> None:
    frames = _chunked(b"x" * 500 + b"\nshort\n" + b"500 <" + b"y" * 499 + b"10 <123456789", [7, 300, 800])
    assert [(frame.data[:1], len(frame.data), frame.cut) for frame in frames] == [
        (b"x", 200, True), (b"s", 5, False), (b"<", 200, True), (b"<", 10, False),
    ]  # fmt: skip


def test_a_number_at_the_beginning_of_a_line_is_text() -> None:
    assert [frame.data for frame in _chunked(b"2026 was a year\n12 monkeys\n", [])] == [
        b"2026 was a year",
        b"12 monkeys",
    ]


TRICKY = st.text(alphabet='[]{}"\\a,:', max_size=6)
DOCUMENT = st.recursive(
    st.none() | st.integers() | TRICKY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TRICKY, inner, max_size=3),
    max_leaves=20,
)


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


@given(DOCUMENT, st.integers(0, 6))
def test_depth_is_that_of_the_document_whatever_its_strings_hold(document: object, limit: int) -> None:
    data = json.dumps(document).encode()
    assert (depth_of(data, limit) > limit) == (_depth(document) > limit)


def test_an_array_whose_elements_cannot_be_written_again_is_taken_by_line() -> None:
    deep = b"[" + b"[" * 300 + b"]" * 300 + b"]"
    assert [frame.data for frame in split_body(deep, 10, 10_000)] == [deep]
    bottomless = b"[" * 100_000
    assert [frame.data for frame in split_body(bottomless, 10, 1_000_000)] == [bottomless]


def test_bodies_of_every_shape() -> None:
    assert [f.data for f in split_body(b'[{"a":1},{"a":2}]', 10, 100)] == [b'{"a":1}', b'{"a":2}']
    assert [f.data for f in split_body(b'{"a":1}\n{"a":2}\n', 10, 100)] == [b'{"a":1}', b'{"a":2}']
    assert len(split_body(b'{\n "a": 1\n}', 10, 100)) == 1
    assert [f.data for f in split_body("\ufeffeins\r\nzwei".encode(), 10, 100)] == [b"eins", b"zwei"]
    assert [f.data.decode() for f in split_body("行一\n行二\n".encode("utf-16"), 10, 100)] == ["行一", "行二"]
    with pytest.raises(TooLarge):
        split_body(b"a\nb\nc\n", 2, 100)


@given(st.binary(max_size=200))
def test_any_bytes_become_text(data: bytes) -> None:
    assert "\x00" not in decode(data)
    decode(data).encode("utf-8", "surrogatepass")


@given(st.text(alphabet=st.characters(codec="gb18030", exclude_characters="\x00"), max_size=50))
def test_utf8_is_read_as_it_is(text: str) -> None:
    assert decode(text.encode()) == text.removeprefix("\ufeff")


def test_gbk_utf16_and_broken_bytes() -> None:
    assert decode("防火墙拒绝连接".encode("gbk")) == "防火墙拒绝连接"
    assert decode("日志".encode("utf-16")) == "日志"
    assert decode("日志".encode("big5"), "big5") == "日志"
    assert "\ufffd" in decode(b"ok \xff\xff\xff ok")


@given(st.lists(st.integers(0, 700_000), max_size=12), st.integers(1, 5))
def test_stream_messages_are_bounded_in_records_and_bytes(sizes: list[int], most: int) -> None:
    frames = [Frame(bytes(size)) for size in sizes]
    cut = list(parts(frames, most))
    assert [frame for _, part in cut for frame in part] == frames
    assert [start for start, _ in cut] == [sum(len(part) for _, part in cut[:number]) for number in range(len(cut))]
    for _, part in cut:
        assert len(part) <= most
        assert len(part) == 1 or sum(len(frame.data) for frame in part) <= BATCH_BYTES
