"""gzip and zstd, piece by piece: a body or a file never grows in memory by more than a step at a time.

Both formats may be several frames in a row (`cat a.gz b.gz`, log rotation, parallel packers): they are one stream.
Reference: RFC 1952 §2.2, RFC 8878 §3.
"""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterator
from typing import Protocol

import zstandard

STEP = 1 << 20
"""Bytes that one step of gzip may yield: a kilobyte of it may hold a megabyte of zeros."""

ZSTD_PIECE = 64
"""zstandard's object bounds no step, its input does: a block of four bytes may hold 128 KiB."""

ZSTD_WINDOW = 1 << 27
MAX_FRAMES = 10_000
"""Frames of one stream; more are an attack on our time, not on our memory."""


class Broken(ValueError):
    """The bytes are not of the format, or end in the middle; the message says which."""


class _Step(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


class Inflater:
    """`encoding` is "gzip" or "zstd". Feed what came, in any pieces, then `finish`."""

    def __init__(self, encoding: str, max_window: int = ZSTD_WINDOW) -> None:
        self._encoding = encoding
        self._zstd = zstandard.ZstdDecompressor(max_window_size=max_window) if encoding == "zstd" else None
        self._frames = 0
        self._open = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Inflated pieces. Raises Broken."""
        try:
            while chunk:
                if not self._open:
                    self._begin()
                if self._zstd:
                    chunk = yield from self._feed_zstd(chunk)
                else:
                    chunk = yield from self._feed_gzip(chunk)
        except (zlib.error, zstandard.ZstdError) as error:
            raise Broken(f"not valid {self._encoding}: {error}") from error

    def finish(self) -> None:
        """Raises Broken where the last frame is not complete: what is missing must not pass for the whole."""
        if self._open:
            raise Broken(f"the {self._encoding} data ends in the middle")

    @property
    def frames(self) -> int:
        """How many were begun."""
        return self._frames

    def _begin(self) -> None:
        self._frames += 1
        if self._frames > MAX_FRAMES:
            raise Broken(f"more than {MAX_FRAMES} {self._encoding} frames in a row")
        self._open = True
        if self._zstd:
            self._unzstd = self._zstd.decompressobj()
        else:
            self._unzip = zlib.decompressobj(wbits=31)

    def _feed_gzip(self, chunk: bytes) -> Generator[bytes, None, bytes]:
        yield self._unzip.decompress(chunk, STEP)
        return self._rest(self._unzip) if self._unzip.eof else self._unzip.unconsumed_tail

    def _feed_zstd(self, chunk: bytes) -> Generator[bytes, None, bytes]:
        for start in range(0, len(chunk), ZSTD_PIECE):
            yield self._unzstd.decompress(chunk[start : start + ZSTD_PIECE])
            if self._unzstd.eof:
                return self._rest(self._unzstd) + chunk[start + ZSTD_PIECE :]
        return b""

    def _rest(self, step: _Step) -> bytes:
        self._open = False
        return step.unused_data
