"""Normalising: each parser on the lines of its own samples, beside orjson decode + encode of the same lines.

For JSON formats the yardstick is orjson.loads + orjson.dumps of the line; for text formats, of the resulting event
(what any JSON shipper would have had to carry). `ratio` is yardstick ÷ parser: at 0.5
parsing costs twice the round trip. Yardstick and parser alternate within the run and the best
of several rounds counts, so other load disturbs both alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import orjson

from collectors import registry
from collectors.parser import Framed, Parser, Received
from taishi.event import Event

SAMPLES = Path(__file__).resolve().parent.parent / "tests" / "samples"
RECEIVED = Received(received_at=1772410600.0)
ROUNDS = 7
Item = TypeVar("Item")


def _lines(parser: Parser) -> list[str]:
    return [
        line for path in sorted((SAMPLES / parser.name).glob("*.log")) for line in path.read_text("utf-8").split("\n")
        if line and "_tsv" not in path.stem
    ]  # fmt: skip


def _seconds(action: Callable[[Item], object], items: list[Item], repeat: int) -> float:
    """How long `repeat` passes over the items take."""
    start = time.perf_counter()
    for _ in range(repeat):
        for item in items:
            action(item)
    return time.perf_counter() - start


def _row(parser: Parser, name: str, lines: list[str], events: int) -> dict[str, Any]:
    frames = [Framed(line, {}, line) for line in lines]
    parsed: list[Event] = [event for frame in frames for event in parser.parse(frame, RECEIVED)]
    texts = lines if lines[0].startswith("{") else [orjson.dumps(event).decode() for event in parsed]
    repeat = max(1, min(events, 20_000) // len(lines))

    own = yard = float("inf")
    for _ in range(ROUNDS):
        own = min(own, _seconds(lambda frame: parser.parse(frame, RECEIVED), frames, repeat))
        yard = min(yard, _seconds(lambda text: orjson.dumps(orjson.loads(text)), texts, repeat))
    sniffed = min(_seconds(registry.sniff, frames, repeat) for _ in range(2))
    count = repeat * len(lines)
    return {
        "parser": name,
        "lines": len(lines),
        "bytes/line": sum(len(line.encode()) for line in lines) // len(lines),
        "parse µs": own / count * 1e6,
        "sniff µs": sniffed / count * 1e6,
        "orjson µs": yard / count * 1e6,
        "ratio": yard / own,
        "events/s": int(count / own),
    }


def run(events: int = 1_000_000) -> list[dict[str, Any]]:
    """One row a parser (JSON and text samples apart); `events` caps how many lines each round reads."""
    rows = []
    for parser in registry.all():
        lines = _lines(parser)
        for name, part in (
            (f"{parser.name} (JSON)", [line for line in lines if line.startswith("{")]),
            (f"{parser.name} (text)", [line for line in lines if not line.startswith("{")]),
        ):
            if part:
                rows.append(_row(parser, name, part, events))
    return rows
