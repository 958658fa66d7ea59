"""Reading the samples: raw lines in `tests/samples/<parser>/*.log`, expected events beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from collectors import registry
from collectors.parser import Framed, Received
from taishi.event import Event

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
RECEIVED = Received(received_at=1772410600.0, timezone="Asia/Shanghai", sender="10.20.0.1")
"""When and where all samples were received: 2026-03-02 08:16:40 in Shanghai."""


def framed(line: str) -> Framed:
    return Framed(text=line, syslog={}, body=line)


def files(parser: str) -> list[Path]:
    return sorted((SAMPLES / parser).glob("*.log"))


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").split("\n") if line]


def expected_path(path: Path) -> Path:
    return path.with_name(path.stem + ".expected.json")


def parse_file(parser: str, path: Path) -> list[Event]:
    """All events of a sample file, in order, through the parser's session where it has one."""
    found = registry.by_name(parser)
    parse = found.session() if found.session else found.parse
    return [event for line in lines(path) for event in parse(framed(line), RECEIVED)]


def cases() -> Iterator[tuple[str, Path]]:
    for parser in registry.all():
        for path in files(parser.name):
            yield parser.name, path
