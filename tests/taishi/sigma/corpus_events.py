"""Events of the corpus of real logs, normalised as a collector would, for tests and benchmarks of rules."""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from collectors import registry
from collectors.parser import Framed, Parse, Received
from collectors.syslog_header import read_header
from taishi.errors import ParseError
from taishi.event import Event
from tests.collectors.parsers.corpus_sources import SOURCES, Line

RECEIVED = Received(1_773_000_000.0, "Asia/Shanghai")


def pack(corpus: Path) -> list[tuple[str, str]]:
    """(name, YAML) of SigmaHQ's rules."""
    with tarfile.open(corpus / "sigma" / "sigmahq-rules.tar.gz") as archive:
        files = [member for member in archive if member.isfile() and member.name.endswith((".yml", ".yaml"))]
        opened = [(member.name, archive.extractfile(member)) for member in files]
        return sorted((name, file.read().decode()) for name, file in opened if file is not None)


def events(corpus: Path, *, of_a_kind: int, source: str = "") -> Iterator[Event]:
    """Events of one source or all, at most so many of a kind (data set, code)."""
    seen: Counter[tuple[object, object]] = Counter()
    for name in [source] if source else SOURCES:
        sessions: dict[str, Parse] = {}
        for line in SOURCES[name](corpus / "given"):
            for event in _events(line.text, line.group, sessions):
                kind = event.get("event.dataset"), event.get("event.code")
                seen[kind] += 1
                if seen[kind] <= of_a_kind:
                    yield event


def lines(corpus: Path, source: str) -> Iterator[Line]:
    """Raw lines of one source."""
    return SOURCES[source](corpus / "given")


def _events(text: str, group: str, sessions: dict[str, Parse]) -> list[Event]:
    framed: Framed = read_header(text, RECEIVED)
    try:
        if group:
            session = registry.by_name("zeek").session
            assert session is not None
            found = sessions.setdefault(group, session())(framed, RECEIVED)
        else:
            found = registry.sniff(framed).parse(framed, RECEIVED)
    except ParseError:
        return []
    for event in found:
        event.setdefault("event.original", text[:65_536])
    return found


def of_documents(body: str) -> list[Event]:
    """The events of one or more JSON documents in a row."""
    decoder, at, found = json.JSONDecoder(), 0, []
    while at < len(body):
        if body[at].isspace():
            at += 1
            continue
        document, at = decoder.raw_decode(body, at)
        found += _events(json.dumps(document), "", {})
    return found
