"""A range of a growing file → its records and where the next range begins. Pure: the same bytes give the same records."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from collectors.framing import Frame

_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def encoding_of(head: bytes) -> str:
    """The name of UTF-16 where the file begins with its byte-order mark, else "" for one byte a line end."""
    return _MARKS.get(head[:2], "")


@dataclass(frozen=True, slots=True)
class Cut:
    """`length` bytes make whole records; `within` says that the next range begins within a line over the limit."""

    frames: list[Frame]
    length: int
    within: bool = False


@dataclass(frozen=True, slots=True)
class Cutter:
    """`limit` is in bytes of a line; `most` records make a range."""

    limit: int
    most: int

    def cut(self, data: bytes, *, within: bool, encoding: str, last: bool = False) -> Cut:
        """Whole lines of what was read. `last`: what follows the last line end is a line too."""
        newline = "\n".encode(encoding or "ascii")
        if len(newline) == 2:
            data = data[: len(data) & ~1]
        begin = 0
        if within:  # the rest of a line that was cut
            end = _find(data, newline, 0)
            if end < 0:
                return Cut([], len(data), within=True)
            begin = end + len(newline)
        end = _after_lines(data, newline, begin, self.most)
        rest = len(data) - begin
        over = end == begin and rest > self.limit
        if over or (end == begin and last):
            end = len(data)
        return Cut(self._frames(data[begin:end], encoding), end, within=over)

    def again(self, data: bytes, *, within: bool, encoding: str) -> Cut:
        """The records of a range that was cut before: all of it, whatever the settings are now."""
        return Cutter(self.limit, len(data)).cut(data, within=within, encoding=encoding, last=True)

    def _frames(self, data: bytes, encoding: str) -> list[Frame]:
        if encoding:
            data = data.decode(encoding, "replace").removeprefix("\ufeff").encode()
        return [
            Frame(line[: self.limit].rstrip(b"\r\x00"), cut=len(line) > self.limit)
            for line in data.split(b"\n")
            if line.strip(b"\r\x00 \t")
        ]


def _find(data: bytes, newline: bytes, start: int) -> int:
    """Of a line end that lies on a whole character."""
    at = data.find(newline, start)
    while at >= 0 and at % len(newline):
        at = data.find(newline, at + 1)
    return at


def _after_lines(data: bytes, newline: bytes, begin: int, most: int) -> int:
    """Where the line after at most `most` lines begins."""
    if len(newline) == 1 and most >= len(data):
        return max(begin, data.rfind(newline) + 1)
    for _ in range(most):
        end = _find(data, newline, begin)
        if end < 0:
            break
        begin = end + len(newline)
    return begin
