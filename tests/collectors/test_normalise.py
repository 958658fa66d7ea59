"""Framed bytes to batches: which parser reads a record, and that the sum always closes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import registry
from collectors.framing import Frame
from collectors.normalise import ORIGINAL_LIMIT, Reader
from collectors.sources import SourceInfo
from taishi import clock
from taishi.event import Batch, decode_batch, encode_batch

NOW = 1_790_000_000.0


def _reader(parser: str = "", encoding: str = "") -> Reader:
    return Reader(SourceInfo("s1", "e1", parser, "Asia/Shanghai", encoding, "", "active", 0.0))


def _batch(reader: Reader, *lines: bytes) -> Batch:
    return reader.batch([Frame(line) for line in lines], "d1", NOW)


def test_a_guess_that_was_wrong_goes_to_the_next_parser() -> None:
    batch = _batch(_reader(), b'{"event_type": 9, "thread": {"id": 3}}', b"06.04.2026 13:44:51 the pump was started")
    assert [event["taishi.parser"] for event in batch.events] == ["generic", "generic"]


def test_a_broken_record_of_a_format_with_marks_is_kept_with_the_reason() -> None:
    batch = _batch(_reader(), b'{"timestamp":"2026-01-01T00:00:00Z","event_type":"alert","src_ip":"10.0.0.1","alert":{')
    (refused,) = batch.quarantined
    assert refused.parser == "suricata"
    assert refused.original.startswith('{"timestamp"')


def test_a_source_that_names_its_parser_is_never_guessed() -> None:
    batch = _batch(_reader("suricata"), b"plain text", b'{"a": 1}')
    assert [refused.parser for refused in batch.quarantined] == ["suricata", "suricata"]
    (unknown,) = _batch(_reader("gone"), b"x").quarantined
    assert "'gone'" in unknown.reason


@pytest.mark.parametrize("parser", ["", *(one.name for one in registry.all())])
@given(lines=st.lists(st.binary(max_size=80) | st.text(max_size=60).map(str.encode), max_size=6))
def test_every_record_is_an_event_a_header_or_in_quarantine(parser: str, lines: list[bytes]) -> None:
    batch = _batch(_reader(parser), *lines)
    assert batch.received == len(batch.events) + len(batch.quarantined) + batch.suppressed >= len(lines)
    assert len({event["event.id"] for event in batch.events}) == len(batch.events)
    for event in batch.events:
        assert event["organization.id"] == "e1"
        assert event["taishi.source_id"] == "s1"
        assert event["@timestamp"] <= clock.to_text(NOW + 300)
    assert decode_batch(encode_batch(batch)) == batch


def test_the_same_delivery_read_again_is_the_same_batch() -> None:
    lines = [b"<34>Oct 11 22:14:15 gw sshd[8]: Failed password for root from 203.0.113.9 port 22 ssh2", b"{", b"x=1"]
    assert _batch(_reader(), *lines) == _batch(_reader(), *lines)


def test_a_long_record_keeps_head_tail_digest_and_its_size() -> None:
    line = "头".encode() + b"m" * 50_000 + "尾".encode()
    (event,) = _batch(_reader("generic"), line).events
    assert event["event.original"].startswith("头")
    assert event["event.original"].endswith("尾")
    assert len(event["event.original"]) <= ORIGINAL_LIMIT + 3
    assert event["taishi.truncated"] is True
    assert event["taishi.original_bytes"] == len(line)
    assert len(event["event.hash"]) == 64


def test_a_clock_ahead_of_ours_is_not_believed_but_said() -> None:
    ahead = b'{"@timestamp": "2099-01-01T00:00:00Z", "message": "m"}'
    (event,) = _batch(_reader("generic"), ahead).events
    assert event["@timestamp"] == clock.to_text(NOW)
    assert event["taishi.time.quality"] == "clamped"


def test_a_defect_of_a_parser_costs_one_record() -> None:
    reader = _reader("generic")
    reader._parsers["generic"] = lambda framed, received: 1 // 0  # type: ignore[assignment,return-value]
    batch = _batch(reader, b"x", b"y")
    assert ["ZeroDivisionError" in refused.reason for refused in batch.quarantined] == [True, True]
