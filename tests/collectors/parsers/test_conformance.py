"""The house rules, for every parser in the registry."""

from __future__ import annotations

import importlib
from pathlib import Path

import orjson
import pytest

from collectors import registry
from collectors.parser import Parser
from collectors.parser_page import PAGE, page
from taishi.event import Event
from taishi.fields import VENDOR_PREFIXES, table
from tests.collectors.parsers.support import cases, expected_path, files, framed, lines, parse_file

PARSERS = registry.all()
KINDS = {"identifier", "network", "platform", "security", "third-party"}
TYPES: dict[str, tuple[type, ...]] = {
    "keyword": (str,), "text": (str,), "ip": (str,), "date": (str,), "long": (int,), "float": (float, int),
    "boolean": (bool,),
    "flattened": (dict, str),
}  # fmt: skip


def ids(value: object) -> str:
    return value.name if isinstance(value, Parser) else value.stem if isinstance(value, Path) else str(value)


def wrong_fields(event: Event) -> list[str]:
    """Fields that the table does not know or that have another type there."""
    wrong = []
    for name, value in event.items():
        if name.startswith(VENDOR_PREFIXES):
            continue
        field = table().get(name)
        if field is None:
            wrong.append(f"{name} is unknown")
            continue
        values = value if field.array else [value]
        if not isinstance(values, list):
            wrong.append(f"{name} must be a list")
            continue
        types, boolean = TYPES[field.type], field.type == "boolean"
        wrong += [
            f"{name} holds {item!r}, not a {field.type}"
            for item in values
            if not isinstance(item, types)
            or isinstance(item, bool) != boolean
            or (type(item) is int and abs(item) >= 2**63)
        ]
    return wrong


def test_the_registry_has_the_listed_parsers() -> None:
    names = {parser.name for parser in PARSERS}
    assert names >= {
        "suricata",
        "zeek",
        "cef",
        "leef",
        "windows",
        "wazuh",
        "fortigate",
        "huawei_usg",
        "linux_auth",
        "generic",
    }
    assert PARSERS[-1].name == "generic"


@pytest.mark.parametrize("parser", PARSERS, ids=ids)
def test_parser_says_what_it_is(parser: Parser) -> None:
    module = importlib.import_module(f"collectors.parsers.{parser.name}")
    assert len((module.__doc__ or "").splitlines()) >= 3
    assert parser.reference.startswith("https://")
    assert parser.product
    assert parser.data_kind in KINDS
    assert sum(len(lines(path)) for path in files(parser.name)) >= 5


@pytest.mark.parametrize(("parser", "path"), list(cases()), ids=ids)
def test_samples_give_the_expected_events(parser: str, path: Path) -> None:
    assert parse_file(parser, path) == orjson.loads(expected_path(path).read_bytes())


@pytest.mark.parametrize(("parser", "path"), list(cases()), ids=ids)
def test_events_have_known_fields_of_the_right_type(parser: str, path: Path) -> None:
    for event in parse_file(parser, path):
        assert wrong_fields(event) == []
        assert event["event.module"] == parser
        assert event["event.kind"] in {"event", "alert", "enrichment", "metric"}
        assert 0 <= event.get("event.severity", 0) <= 100
        assert event["@timestamp"].endswith("Z")
        assert event["taishi.time.quality"] in {"exact", "no_zone", "no_year", "received"}
        assert event.get("event.outcome", "unknown") in {"success", "failure", "unknown"}


@pytest.mark.parametrize(("parser", "path"), list(cases()), ids=ids)
def test_alerts_name_rule_outcome_and_a_role(parser: str, path: Path) -> None:
    for event in parse_file(parser, path):
        if event["event.kind"] == "alert":
            assert event["rule.name"]
            assert event["taishi.outcome"] in {"success", "failure", "unknown"}
            assert any(name.startswith(("taishi.attacker.", "taishi.victim.")) for name in event)


@pytest.mark.parametrize(("parser", "path"), list(cases()), ids=ids)
def test_sniffing_picks_the_parser_of_the_sample(parser: str, path: Path) -> None:
    for line in lines(path):
        if not (path.stem.endswith("_tsv") and not line.startswith("#")):
            assert registry.sniff(framed(line)).name == parser, line
            assert registry.candidates(framed(line))[0].name == parser
            assert registry.candidates(framed(line))[-1].name == "generic"


def test_a_parser_knows_no_text_without_its_markers() -> None:
    """Else looking parsers up by their markers would not answer what asking everyone would."""
    for _, path in cases():
        for line in lines(path):
            record = framed(line)
            for parser in PARSERS:
                if parser.markers and not any(marker in line for marker in parser.markers):
                    assert parser.sniff(record) == 0, (parser.name, line)
            asked = max((parser.sniff(record) for parser in PARSERS if parser.name != "generic"), default=0)
            found = registry.sniff(record)
            assert found.name == "generic" or found.sniff(record) == asked
            assert found.name != "generic" or asked == 0


def test_unknown_names_are_refused() -> None:
    with pytest.raises(KeyError):
        registry.by_name("no-such-parser")


def test_the_reference_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page()
