"""The rules that ship with the platform: each maps to ATT&CK, advises in both languages and holds on its own cases."""

from __future__ import annotations

import pytest

from taishi import fields
from taishi.reference import attack
from taishi.sigma import packs
from taishi.sigma.cases import cases_of, run_cases
from taishi.sigma.correlation import MAX_WINDOW
from taishi.sigma.parse import Parsed, parse
from taishi.sigma.rule import Rule
from taishi.sigma.ruleset import build


@pytest.fixture(scope="module")
def rules() -> list[Parsed]:
    parsed, refused = parse(packs.own())
    assert refused == []
    return parsed


def test_every_rule_says_what_an_analyst_needs(rules: list[Parsed]) -> None:
    assert len(rules) >= 80
    assert MAX_WINDOW >= 1000
    for one in rules:
        rule = one.rule
        assert rule.techniques, one.source
        assert all(attack.technique(technique) for technique in rule.techniques), (one.source, rule.techniques)
        assert rule.title_zh, one.source
        assert rule.advice_zh, one.source
        assert rule.advice_en, one.source
        assert rule.description, one.source
        assert rule.falsepositives, one.source
    assert len({one.rule.title for one in rules}) == len(rules)
    assert len({one.rule.title_zh for one in rules}) == len(rules)


def test_every_rule_has_true_and_false_cases(rules: list[Parsed]) -> None:
    for one in rules:
        assert {wanted for wanted, _ in cases_of(one)} == {True, False}, one.source


def test_every_case_holds(rules: list[Parsed]) -> None:
    count, failures = run_cases(rules)
    assert count >= 2 * len(rules)
    assert failures == []


def test_rules_read_documented_fields(rules: list[Parsed]) -> None:
    """A rule on a field that no event can carry would never fire outside its own cases."""
    for one in rules:
        for _, events in cases_of(one):
            for event in events:
                assert all(map(fields.known, event)), (
                    one.source,
                    event,
                )


def test_the_same_event_fires_no_rule_without_a_witness(rules: list[Parsed]) -> None:
    engine = build(one.rule for one in rules).engine
    assert [entry.rule.title for entry in engine.without_witness()] == []
    assert len(engine.entries) == sum(isinstance(one.rule, Rule) for one in rules)
