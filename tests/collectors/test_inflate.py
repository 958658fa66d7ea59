"""Packed bytes in any pieces: all of it, or an error; never a part that passes for the whole."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from collectors.inflate import MAX_FRAMES, STEP, Broken, Inflater

PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstandard.compress}
PARTS = st.lists(st.binary(max_size=300), min_size=1, max_size=4)


def _unpack(data: bytes, encoding: str, piece: int) -> bytes:
    inflater = Inflater(encoding)
    found = b"".join(part for at in range(0, len(data), piece) for part in inflater.feed(data[at : at + piece]))
    inflater.finish()
    return found


@pytest.mark.parametrize("encoding", PACKERS)
@given(parts=PARTS, piece=st.integers(1, 400))
def test_frames_in_a_row_are_one_stream_however_they_come(encoding: str, parts: list[bytes], piece: int) -> None:
    packed = b"".join(map(PACKERS[encoding], parts))
    assert _unpack(packed, encoding, piece) == b"".join(parts)


@pytest.mark.parametrize("encoding", PACKERS)
@given(data=st.binary(min_size=1, max_size=300), piece=st.integers(1, 100), share=st.floats(0, 0.999))
def test_what_ends_too_early_is_broken(encoding: str, data: bytes, piece: int, share: float) -> None:
    packed = PACKERS[encoding](data)
    with pytest.raises(Broken):
        _unpack(packed[: max(1, int(len(packed) * share))], encoding, piece)


@pytest.mark.parametrize("encoding", PACKERS)
@given(data=st.binary(min_size=1, max_size=100))
def test_garbage_is_broken(encoding: str, data: bytes) -> None:
    with pytest.raises(Broken):
        _unpack(b"\x00" + data, encoding, 50)


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_bomb_comes_in_bounded_steps(encoding: str) -> None:
    bomb = PACKERS[encoding](bytes(64 << 20))
    inflater, total, largest = Inflater(encoding), 0, 0
    tracemalloc.start()
    try:
        for part in inflater.feed(bomb):
            total += len(part)
            largest = max(largest, len(part))
            del part
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == 64 << 20
    assert largest <= 8 * STEP
    assert peak < 24 << 20


def test_frames_without_end_are_refused() -> None:
    with pytest.raises(Broken, match="frames"):
        _unpack(gzip.compress(b"") * (MAX_FRAMES + 1), "gzip", 1 << 16)


def test_nothing_is_nothing() -> None:
    assert _unpack(b"", "gzip", 1) == b""
