"""`taishi parse`: what would become of these lines, without a platform.

One JSON object a record, in order: the event, or `{"error": …, "event.original": …}`. Records go the way they go in the
collectors: the same framing, decoding, headers, sniffing and parsers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import orjson

from collectors import registry
from collectors.files import frames, opened
from collectors.framing import Frame
from collectors.normalise import Reader
from collectors.sources import SourceInfo
from taishi import clock
from taishi.errors import ConfigError
from taishi.event import Batch

BATCH = 500
MAX_LINE = 256 * 1024
MAX_REASONS = 8


@dataclass(slots=True)
class Tally:
    """What became of the records that one parser was tried on."""

    lines: int = 0
    parsed: int = 0
    headers: int = 0
    quarantined: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Report:
    """By parser; records that no parser took are under the one that refused them last, or "sniffed"."""

    parsers: dict[str, Tally] = field(default_factory=dict)

    def of(self, name: str) -> Tally:
        return self.parsers.setdefault(name, Tally())


def reader_for(parser: str) -> Reader:
    """A reader that belongs to no registered source. Raises ConfigError naming the parsers there are."""
    known = [one.name for one in registry.all()]
    if parser and parser not in known:
        raise ConfigError(f"there is no parser {parser!r}; there are: {', '.join(known)}")
    return Reader(SourceInfo("", "", parser, "Asia/Shanghai", "", "", "active", 0.0))


def parse(paths: Sequence[Path], parser: str, out: BinaryIO, report: Report) -> None:
    """Write one JSON object for each record of the files to `out`. Raises ConfigError and Unreadable."""
    reader_for(parser)
    for path in paths:
        reader = reader_for(parser)  # a file is a session: its header lines end with it
        with opened(path) as stream:
            for some in _grouped(frames(stream, MAX_LINE)):
                batch = reader.batch(some, str(path), clock.now())
                _write(batch, len(some), out)
                _count(batch, parser, report)


def _grouped(records: Iterator[Frame]) -> Iterator[list[Frame]]:
    some: list[Frame] = []
    for record in records:
        some.append(record)
        if len(some) == BATCH:
            yield some
            some = []
    if some:
        yield some


def _write(batch: Batch, records: int, out: BinaryIO) -> None:
    """Events and refusals in the order of their records. Ownership is left out: nobody owns these lines yet."""
    bad = {one.index: one for one in batch.quarantined}
    events: dict[int, list[bytes]] = {}
    for event in batch.events:
        index = int(str(event["event.id"]).rpartition("-")[2].partition(".")[0])
        for name in ("event.id", "organization.id", "taishi.source_id"):
            event.pop(name, None)
        events.setdefault(index, []).append(orjson.dumps(event))
    for index in range(records):
        refused = bad.get(index)
        if refused is not None:
            out.write(orjson.dumps({"error": refused.reason, "event.original": refused.original}) + b"\n")
        out.writelines(line + b"\n" for line in events.get(index, ()))


def _count(batch: Batch, parser: str, report: Report) -> None:
    for event in batch.events:
        tally = report.of(str(event["taishi.parser"]))
        tally.lines += 1
        tally.parsed += 1
    for refused in batch.quarantined:
        tally = report.of(refused.parser or parser or "sniffed")
        tally.lines += 1
        tally.quarantined += 1
        reason = refused.reason.partition(":")[0][:100]
        if reason in tally.reasons or len(tally.reasons) < MAX_REASONS:
            tally.reasons[reason] += 1
    if batch.suppressed:
        tally = report.of(parser or "headers")
        tally.lines += batch.suppressed
        tally.headers += batch.suppressed
