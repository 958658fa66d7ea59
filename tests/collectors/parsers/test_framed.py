"""The same record through the transports' header reader: the parser is found and says the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors import registry
from collectors.syslog_header import read_header
from tests.collectors.parsers.support import RECEIVED, cases, framed, lines
from tests.collectors.parsers.test_conformance import ids

HEADER_ONLY = ("log.syslog.", "host.hostname", "process.", "related.hosts", "observer.name")
"""What only the header says: where it was written, by which program."""


@pytest.mark.parametrize(("parser", "path"), [case for case in cases() if "_tsv" not in case[1].stem], ids=ids)
def test_header_reader_and_parser_agree(parser: str, path: Path) -> None:
    for line in lines(path):
        record = read_header(line, RECEIVED)
        assert registry.sniff(record).name == parser, line
        through = registry.by_name(parser).parse(record, RECEIVED)[0]
        direct = registry.by_name(parser).parse(framed(line), RECEIVED)[0]
        assert {name: value for name, value in through.items() if not name.startswith(HEADER_ONLY)} == {
            name: value for name, value in direct.items() if not name.startswith(HEADER_ONLY)
        }, line
