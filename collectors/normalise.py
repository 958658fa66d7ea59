"""Framed bytes of one delivery → a `Batch`: decode, read the header, parse, stamp identity, time and ownership.

The hot path: one pass per record, flat dicts, no validation beyond what a parser did. What cannot be read is kept whole
in quarantine with the reason. A record that holds several events counts as several, a header line that makes none is
counted as suppressed, so that received = events + quarantined + suppressed always holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import structlog
from prometheus_client import Counter

from collectors import registry
from collectors.decode import decode
from collectors.framing import Frame, depth_of
from collectors.parser import Framed, Parse, Parser, Received
from collectors.sources import SourceInfo
from collectors.syslog_header import read_header
from taishi import clock
from taishi.errors import ParseError
from taishi.event import Batch, Event, Quarantined, event_id
from taishi.mapping import PREFIX

log = structlog.get_logger()

ORIGINAL_LIMIT = 32 * 1024
"""Characters of a record that travel with its event; of a longer one head and tail do, with its digest."""

FUTURE_LIMIT = 300.0
"""Seconds a sender's clock may be ahead before its time is not believed."""

SURE = 0.95
"""How certain a sniff is when it has seen a format's own marks and not only words that occur in it."""

LIKELY = 0.9
"""How certain it must be that a record is of the format before it, for no other to be asked: relays mix formats."""

ECS_VERSION = "9.0.0"

PARSED = Counter("taishi_records_parsed_total", "Records read by a parser.", ["parser"])
QUARANTINED = Counter("taishi_records_quarantined_total", "Records that no parser could read.", ["parser"])
DEFECTS = Counter("taishi_parser_defects_total", "Unexpected exceptions inside parsers.", ["parser"])


@dataclass(slots=True)
class Reader:
    """Parses the records of one source, connection or file: remembers a sniffed format and a format's header lines."""

    source: SourceInfo
    max_depth: int = 64
    _parsers: dict[str, Parse] = field(default_factory=dict)
    _last: Parser | None = None
    _defects: set[str] = field(default_factory=set)
    _read: dict[str, int] = field(default_factory=dict)
    _latest: str = ""

    def batch(self, frames: Sequence[Frame], delivery: str, received_at: float, sender: str = "") -> Batch:
        source = self.source
        batch = Batch(source.id, source.enterprise_id, delivery, received_at, 0)
        received = Received(received_at, source.timezone, sender)
        stamp = _stamp(source, received_at)
        self._latest = clock.to_text(received_at + FUTURE_LIMIT)
        self._read.clear()
        for index, frame in enumerate(frames):
            self._record(batch, index, frame, received, stamp)
        for name, records in self._read.items():
            PARSED.labels(name).inc(records)
        batch.received = len(batch.events) + len(batch.quarantined) + batch.suppressed
        return batch

    def _record(self, batch: Batch, index: int, frame: Frame, received: Received, stamp: Event) -> None:
        text = decode(frame.data, self.source.encoding)
        try:
            framed = read_header(text, received)
            if frame.known and "@timestamp" in frame.known:
                framed.syslog.setdefault("@timestamp", frame.known["@timestamp"])
            self._check(frame, framed.body)
            parser, events = self._parse(framed, received)
        except ParseError as error:
            QUARANTINED.labels(error.parser or self.source.parser or "sniffed").inc()
            batch.quarantined.append(Quarantined(index, text, error.reason, error.parser))
            return
        self._read[parser.name] = self._read.get(parser.name, 0) + 1
        if not events:
            batch.suppressed += 1
        for number, event in enumerate(events):
            identity = event_id(batch.delivery, index)
            event["event.id"] = identity if number == 0 else f"{identity}.{number}"
            _finish(event, text, len(frame.data), parser, received, stamp)
            for name, value in (frame.known or {}).items():
                event.setdefault(name, value)
            _check_time(event, stamp["event.created"], self._latest)
            batch.events.append(event)

    def _check(self, frame: Frame, body: str) -> None:
        if frame.cut:
            raise ParseError("the record is longer than the limit; only its beginning was kept")
        if body[:1] in {"{", "["} and depth_of(frame.data, self.max_depth) > self.max_depth:
            raise ParseError(f"the record nests deeper than {self.max_depth}")

    def _parse(self, framed: Framed, received: Received) -> tuple[Parser, list[Event]]:
        mapping = self.source.mapping
        if mapping is not None and mapping.sniff(framed):
            return mapping, self._run(mapping, framed, received)
        named = self.source.parser
        if named and mapping is None:
            parser = _named(named)
            return parser, self._run(parser, framed, received)
        last = self._last
        if last is not None and last.sniff(framed) >= LIKELY:
            try:
                return last, self._run(last, framed, received)
            except ParseError:
                pass  # the sender changed its format, or sends several: look again
        parser = registry.sniff(framed)
        if parser.name != registry.GENERIC:
            return self._try(parser, framed, received)
        if last is not None and last.session is not None:  # rows under a header look like nothing by themselves
            try:
                return last, self._run(last, framed, received)
            except ParseError:
                pass
        return parser, self._run(parser, framed, received)

    def _try(self, parser: Parser, framed: Framed, received: Received) -> tuple[Parser, list[Event]]:
        """A sniffed parser. One that only guessed and then refuses was wrong: the record goes to the next; a refusal by
        one that was sure means that the record is broken."""
        try:
            events = self._run(parser, framed, received)
        except ParseError as refusal:
            if parser.sniff(framed) >= SURE:
                raise
            for other in registry.candidates(framed)[1:]:
                try:
                    return other, self._run(other, framed, received)
                except ParseError:
                    continue
            raise refusal from None
        self._last = parser
        return parser, events

    def _run(self, parser: Parser, framed: Framed, received: Received) -> list[Event]:
        parse = self._parsers.get(parser.name)
        if parse is None:
            parse = self._parsers[parser.name] = parser.session() if parser.session else parser.parse
        try:
            return parse(framed, received)
        except ParseError as error:
            error.parser = error.parser or parser.name
            raise
        except Exception as error:  # a defect of ours must cost one record, not the listener
            DEFECTS.labels(parser.name).inc()
            if parser.name not in self._defects:
                self._defects.add(parser.name)
                log.exception("A parser failed unexpectedly; its records go to quarantine.", parser=parser.name)
            raise ParseError(f"the parser failed: {type(error).__name__}: {error}", parser.name) from error


def _named(name: str) -> Parser:
    try:
        return registry.by_name(name)
    except KeyError as error:
        if name.startswith(PREFIX):
            raise ParseError(f"the source names the mapping {name!r}, which is gone or cannot be read", name) from error
        raise ParseError(f"the source names the parser {name!r}, which does not exist", name) from error


def _stamp(source: SourceInfo, received_at: float) -> Event:
    return {
        "event.created": clock.to_text(received_at),
        "organization.id": source.enterprise_id,
        "taishi.source_id": source.id,
        "ecs.version": ECS_VERSION,
    }


def _finish(event: Event, text: str, size: int, parser: Parser, received: Received, stamp: Event) -> None:
    event.update(stamp)
    event["taishi.parser"] = parser.name
    event.setdefault("taishi.data_kind", parser.data_kind)
    event.setdefault("event.kind", "event")
    event.setdefault("event.module", parser.name)
    if received.sender:
        event.setdefault("log.source.address", received.sender)
    if len(text) <= ORIGINAL_LIMIT:
        event["event.original"] = text
    else:
        half = ORIGINAL_LIMIT // 2
        event["event.original"] = f"{text[:half]} … {text[-half:]}"
        event["event.hash"] = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        event["taishi.truncated"] = True
        event["taishi.original_bytes"] = size


def _check_time(event: Event, received: str, latest: str) -> None:
    """A time that is missing, or later than a clock may be ahead, is that of the receipt; equal formats compare as text."""
    stamp = event.get("@timestamp")
    if stamp is None:
        event["@timestamp"] = received
        event["taishi.time.quality"] = "received"
    elif stamp > latest:
        event["@timestamp"] = received
        event["taishi.time.quality"] = "clamped"
