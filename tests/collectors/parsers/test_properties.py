"""Hostile input: whatever the record, every parser gives events or ParseError, in time linear in its length."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors import registry
from collectors.parser import Framed, Parser
from taishi.errors import ParseError
from tests.collectors.parsers.support import RECEIVED, cases, framed, lines
from tests.collectors.parsers.test_conformance import ids, wrong_fields

PARSERS = registry.all()
SAMPLES = [(parser, line) for parser, path in cases() for line in lines(path)]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
RELAXED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def check(parser: Parser, record: Framed) -> None:
    """Parse with every entry the parser has; anything but events or ParseError fails the test."""
    for parse in [parser.parse] + ([parser.session()] if parser.session else []):
        try:
            events = parse(record, RECEIVED)
        except ParseError:
            continue
        for event in events:
            assert wrong_fields(event) == []
            orjson.dumps(event)
    sure = parser.sniff(record)
    assert 0 <= sure <= 1
    assert sure == 0 or not parser.markers or any(marker in record.text for marker in parser.markers)


@pytest.mark.parametrize("parser", PARSERS, ids=ids)
@RELAXED
@given(text=st.text(max_size=400))
def test_any_text(parser: Parser, text: str) -> None:
    check(parser, framed(text))


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, str]:
    """A sample line with pieces cut, doubled, replaced or glued in from another sample."""
    parser, line = draw(st.sampled_from(SAMPLES))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(line)))
        end = draw(st.integers(start, min(len(line), start + 60)))
        piece = draw(
            st.sampled_from(["", line[start:end] * 2, '"', "\\", "=", "|", "\x00", "�", "{", "\n"])
            | st.text(max_size=8)
        )
        line = line[:start] + piece + line[end:]
    return parser, line


@settings(RELAXED, max_examples=600)
@given(case=mutated())
def test_mutated_samples(case: tuple[str, str]) -> None:
    parser, line = case
    check(registry.by_name(parser), framed(line))
    check(registry.sniff(framed(line)), framed(line))


def _replaced(value: Any, draw: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(inner, draw) for key, inner in value.items()}
    return draw(JSON) if draw(st.integers(0, 5)) == 0 else value


@st.composite
def retyped(draw: st.DrawFn) -> tuple[str, str]:
    """A JSON sample whose values changed type."""
    parser, line = draw(st.sampled_from([case for case in SAMPLES if case[1].startswith("{")]))
    return parser, json.dumps(_replaced(json.loads(line), draw), ensure_ascii=False)


@settings(RELAXED, max_examples=400)
@given(case=retyped())
def test_values_of_another_type(case: tuple[str, str]) -> None:
    parser, line = case
    check(registry.by_name(parser), framed(line))


ODD: Final[tuple[Any, ...]] = (
    None,
    True,
    [],
    {},
    [None],
    [{}],
    {"a": [1]},
    -1,
    2**70,
    1e308,
    "",
    "\x00",
    "-",
    "9" * 30,
    "2026-13-45T99:99:99Z",
)


def _places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*path, key)
        yield from _places(part, (*path, key))


@pytest.mark.parametrize(("parser", "path"), list(cases()), ids=ids)
def test_each_value_of_each_odd_type(parser: str, path: Path) -> None:
    """One value at a time, so that no draw can miss a parser; the drawn cases above change several at once."""
    for line in lines(path):
        if not line.startswith("{"):
            continue
        document = json.loads(line)
        for place in _places(document):
            holder = document
            for key in place[:-1]:
                holder = holder[key]
            kept = holder[place[-1]]
            for odd in ODD:
                holder[place[-1]] = odd
                check(registry.by_name(parser), framed(json.dumps(document, ensure_ascii=False)))
            holder[place[-1]] = kept


ODD_TEXT = ("", "-", '"', "\\", "=", "9" * 24, "\x00", "{", "|", "<", " ", "\u00b2", "nan", "1e999")
WORD = re.compile(r"[0-9A-Za-z_.\u4e00-\u9fff]+|\s+|.")
WORDS = 120
"""Words of a line that are changed; of a longer line an even choice."""


@pytest.mark.parametrize(("parser", "path"), list(cases()), ids=ids)
def test_each_word_replaced_and_each_end_cut_off(parser: str, path: Path) -> None:
    found = registry.by_name(parser)
    for line in lines(path)[:6]:
        words = [match.span() for match in WORD.finditer(line)]
        for start, end in words[:: len(words) // WORDS + 1]:
            check(found, framed(line[:start]))
            check(found, framed(line[start:]))
            for odd in ODD_TEXT:
                check(found, framed(line[:start] + odd + line[end:]))


HOSTILE = (
    '{"a":', "[", "a=", 'a="', "a=\\", "CEF:0|", "|", "LEEF:2.0|", "\\", '\\"', "%%01A/1/B(l):", "A=1, ", '" A=', "(",
        "<Data>",
    "<Event><System>", "\t", "#fields\t", " from ", "sshd[1]: Failed ", " ; ", "x: ", "<1>", "A/1/", "\\x", "a.", "9" ,
    "-", ",;",
)  # fmt: skip


def operations(action: Callable[[], object]) -> int:
    """Lines and calls executed: a measure of work that no other load on the machine changes."""
    count = 0

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    except ParseError:
        pass
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("parser", PARSERS, ids=ids)
@pytest.mark.parametrize("unit", HOSTILE)
def test_twice_the_input_is_at_most_about_twice_the_work(parser: Parser, unit: str) -> None:
    def work(times: int) -> int:
        line = unit * times
        return operations(lambda: (parser.sniff(framed(line)), parser.parse(framed(line), RECEIVED)))

    small = work(1000)
    assert work(2000) <= 2.6 * small + 200


@pytest.mark.parametrize(("parser", "path"), list(cases()), ids=ids)
def test_long_values_parse(parser: str, path: Path) -> None:
    """64 kB in a value, and 64 kB of the same line: read or refused, never hung (the suite's own limit tells)."""
    for line in lines(path)[:3]:
        check(registry.by_name(parser), framed(line.replace("=", "=" + "A" * 65536, 1)))
        check(registry.by_name(parser), framed(line * (65536 // len(line) + 1)))


def test_times_outside_the_calendar_fall_back_to_receipt() -> None:
    line = '{"timestamp":"9999-99-99T99:99:99Z","event_type":"flow","src_ip":"300.1.1.1","src_port":70000}'
    event = registry.by_name("suricata").parse(framed(line), RECEIVED)[0]
    assert event["taishi.time.quality"] == "received"
    assert "source.ip" not in event
    assert "source.port" not in event
