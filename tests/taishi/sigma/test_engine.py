"""The engine finds what a plain evaluator finds, rule by rule: on drawn rules and events, and on real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaError

from taishi.event import Event
from taishi.sigma.index import Engine
from taishi.sigma.parse import POLICY, Parsed, Refused, parse
from taishi.sigma.rule import Rule, decode, encode
from tests.collectors.parsers.corpus_sources import SOURCES
from tests.taishi.sigma import corpus_events, rules
from tests.taishi.sigma.reference import Reference


def _engine(documents: list[dict[str, Any]]) -> tuple[Engine, dict[str, Reference]]:
    """The accepted ones of some documents, in the engine and for the plain evaluator."""
    texts = [(f"{index}.yml", yaml.safe_dump(one, allow_unicode=True)) for index, one in enumerate(documents)]
    parsed, _ = parse(texts)
    references = {
        one.rule.id: Reference(SigmaCollection.from_dicts([one.document], policy=POLICY).rules[0])  # type: ignore[arg-type]
        for one in parsed
    }
    return Engine(one.rule for one in parsed if isinstance(one.rule, Rule)), references


def _parses(document: dict[str, Any]) -> bool:
    try:
        rule = SigmaCollection.from_dicts([document], policy=POLICY).rules[0]
        return all(condition.parsed is not None for condition in rule.detection.parsed_condition)  # type: ignore[union-attr]
    except (SigmaError, ValueError):
        return False


@given(
    st.lists(rules.documents().filter(_parses), min_size=1, max_size=6), st.lists(rules.events, min_size=1, max_size=6)
)
@settings(deadline=None, max_examples=60)
def test_drawn_rules_match_what_the_plain_evaluator_matches(
    documents: list[dict[str, Any]], events: list[Event]
) -> None:
    engine, references = _engine(documents)
    for event in events:
        wanted = {name for name, reference in references.items() if reference.matches(event)}
        assert {entry.rule.id for entry in engine.match(event)} == wanted
    engine.learn(events)
    for event in events:
        wanted = {name for name, reference in references.items() if reference.matches(event)}
        fired = engine.match(event)
        assert {entry.rule.id for entry in fired} == wanted
        for entry in fired:
            entry.fired_by(event)


@given(rules.documents().filter(_parses))
@settings(deadline=None, max_examples=30)
def test_a_rule_is_the_same_after_storing(document: dict[str, Any]) -> None:
    parsed, _ = parse([("a.yml", yaml.safe_dump(document, allow_unicode=True))])
    for one in parsed:
        assert decode(encode(one.rule)) == one.rule


Pack = tuple[list[Parsed], list[Refused]]


@pytest.fixture(scope="module")
def pack(corpus: Path) -> Pack:
    return parse(corpus_events.pack(corpus))


@pytest.fixture(scope="module")
def plain(pack: Pack) -> dict[tuple[str, str, str], dict[str, Reference]]:
    """The plain evaluator's rules by log source."""
    by_source: dict[tuple[str, str, str], dict[str, Reference]] = {}
    for one in pack[0]:
        found = SigmaCollection.from_dicts([dict(one.document)], policy=POLICY).rules[0]
        reference = Reference(found)  # type: ignore[arg-type]
        by_source.setdefault(reference.logsource, {})[one.rule.id] = reference
    return by_source


def test_the_pack_is_accepted_but_for_rules_that_want_values(pack: Pack) -> None:
    assert len(pack[0]) > 3700
    assert all("has no values" in one.reason for one in pack[1]), pack[1]
    assert len(pack[1]) < 5


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_the_pack_matches_real_logs_as_the_plain_evaluator_does(
    corpus: Path, pack: Pack, plain: dict[tuple[str, str, str], dict[str, Reference]], source: str
) -> None:
    engine = Engine(one.rule for one in pack[0] if isinstance(one.rule, Rule))
    for event in corpus_events.events(corpus, of_a_kind=8, source=source):
        wanted = {
            name
            for references in plain.values()
            if next(iter(references.values())).fits(event)
            for name, reference in references.items()
            if reference.matches(event)
        }
        assert {entry.rule.id for entry in engine.match(event)} == wanted


def test_the_given_regression_cases_fire_their_rule(corpus: Path, pack: Pack) -> None:
    engine = Engine(one.rule for one in pack[0] if isinstance(one.rule, Rule))
    missed = []
    cases = 0
    for info in sorted((corpus / "given" / "sigma-regression").rglob("info.yml")):
        records = list(info.parent.glob("*.json"))
        if not records:
            continue
        cases += 1
        wanted = {one["id"] for one in yaml.safe_load(info.read_text())["rule_metadata"]}
        fired = {
            entry.rule.id
            for path in records
            for event in corpus_events.of_documents(path.read_text())
            for entry in engine.match(event)
        }
        if not wanted <= fired:
            missed.append(info.parent.name)
    assert cases > 100
    assert missed == []
