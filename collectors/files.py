"""Files as records: plain, gzip or zstd, lines or JSON documents, read as they come with bounded memory."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import zstandard

from collectors.framing import Frame, split_body
from taishi.errors import Refused

CHUNK = 256 * 1024
DOCUMENT_LIMIT = 256 * 1024 * 1024
"""Bytes of a file that is one JSON document or an array: it must be read whole."""

MAX_RECORDS = 5_000_000


class Unreadable(Refused):
    """A file cannot be opened or unpacked; the message says which and why."""

    code = "unreadable_file"
    status = 400


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked by its first bytes, not its name; `-` is standard input. Raises Unreadable."""
    try:
        raw: BinaryIO = sys.stdin.buffer if str(path) == "-" else path.open("rb")
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}") from error
    with raw:
        buffered = io.BufferedReader(raw, CHUNK) if isinstance(raw, io.RawIOBase) else raw
        head = buffered.peek(4)[:4]  # type: ignore[attr-defined]  # both kinds are buffered readers
        try:
            if head.startswith(b"\x1f\x8b"):
                yield gzip.GzipFile(fileobj=buffered)  # type: ignore[misc]
            elif head == b"\x28\xb5\x2f\xfd":
                unpack = zstandard.ZstdDecompressor(max_window_size=1 << 27)
                yield io.BufferedReader(unpack.stream_reader(buffered, read_across_frames=True), CHUNK)
            else:
                yield buffered
        except (EOFError, gzip.BadGzipFile, zstandard.ZstdError) as error:
            raise Unreadable(f"{path} ends or breaks in the middle of its compression: {error}") from error


def frames(stream: BinaryIO, max_line: int) -> Iterator[Frame]:
    """Records in order. A JSON array or one document over several lines is read whole, up to `DOCUMENT_LIMIT` bytes;
    UTF-16 by its byte-order mark; everything else by line, longer lines cut and flagged."""
    head = stream.read(CHUNK)
    if not head:
        return
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or _is_document(head):
        body = head + stream.read(DOCUMENT_LIMIT - len(head) + 1)
        if len(body) > DOCUMENT_LIMIT:
            raise Unreadable(f"one document of more than {DOCUMENT_LIMIT} bytes; split it, or send one record a line")
        yield from split_body(body, MAX_RECORDS, max_line)
        return
    yield from _lines(head.removeprefix(b"\xef\xbb\xbf"), stream, max_line)


def _is_document(head: bytes) -> bool:
    """An array, or an object whose first line does not end it."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"["):
        return start[1:].lstrip()[:1] in (b"{", b"[", b"]", b'"')
    first, newline, rest = start.partition(b"\n")
    return start.startswith(b"{") and bool(newline) and not first.rstrip().endswith(b"}") and bool(rest.strip())


def _lines(head: bytes, stream: BinaryIO, max_line: int) -> Iterator[Frame]:
    rest = bytearray(head)
    skipping = False
    while True:
        start = 0
        while (end := rest.find(b"\n", start)) >= 0:
            if skipping:
                skipping = False
            elif rest[start:end].strip(b"\r\x00 \t"):
                yield _frame(bytes(rest[start:end]), max_line)
            start = end + 1
        del rest[:start]
        if len(rest) > max_line:
            if not skipping:
                yield Frame(bytes(rest[:max_line]), cut=True)
            skipping = True
            rest.clear()
        chunk = stream.read(CHUNK)
        if not chunk:
            break
        rest += chunk
    if not skipping and rest.strip(b"\r\x00 \t"):
        yield _frame(bytes(rest), max_line)


def _frame(line: bytes, max_line: int) -> Frame:
    line = line.rstrip(b"\r\x00")
    return Frame(line[:max_line], cut=True) if len(line) > max_line else Frame(line)
