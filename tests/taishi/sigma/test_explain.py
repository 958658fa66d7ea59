"""Why a rule matched: only fields that it tests, only values that are there, only tests that hold."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from taishi.event import Event
from taishi.sigma import expression, values
from taishi.sigma.explain import MAX_REASONS, Explainer, Reason, described
from taishi.sigma.index import Engine
from taishi.sigma.parse import parse
from taishi.sigma.rule import And, Match, Node, Not, Or, Rule
from tests.taishi.sigma import rules


def _rule(detection: str, logsource: str = "{product: taishi}") -> Rule:
    parsed, refused = parse(
        [
            (
                "a.yml",
                f"title: t\nid: 5d3fb7a4-7a5b-4d29-9c5e-0d3a1f5d1a09\nlogsource: {logsource}\ndetection: {detection}\nlevel: high",
            )
        ]
    )
    assert not refused
    assert isinstance(parsed[0].rule, Rule)
    return parsed[0].rule


def _reasons(detection: str, event: Event, logsource: str = "{product: taishi}") -> list[Reason]:
    (entry,) = Engine([_rule(detection, logsource)]).entries
    return entry.explainer.reasons(event)


def test_of_several_values_the_one_that_matched_is_named() -> None:
    found = _reasons("{s: {host.ip|cidr: 10.0.0.0/8}, condition: s}", {"host.ip": ["192.0.2.1", "10.1.2.3"]})
    assert found == [Reason("host.ip", "10.1.2.3", "cidr", "10.0.0.0/8", "host.ip")]


def test_of_several_fields_the_one_that_matched_is_named() -> None:
    event = {"winlog.provider_name": "a", "winlog.event_data.Source": "b"}
    found = _reasons("{s: {Source: b}, condition: s}", event, "{product: windows}")
    assert [(one.field, one.name) for one in found] == [("winlog.event_data.Source", "Source")]


def test_the_alternative_that_does_not_hold_is_left_out() -> None:
    detection = "{a: {user.name: eve}, b: {user.name: bob, host.name: x}, condition: a or b}"
    found = _reasons(detection, {"user.name": "eve", "host.name": "x"})
    assert [(one.field, one.operand) for one in found] == [("user.name", "eve")]


def test_what_must_be_absent_has_nothing_to_show() -> None:
    detection = "{a: {user.name: eve}, b: {host.name: x}, c: {file.path: null}, condition: a and c and not b}"
    assert [one.field for one in _reasons(detection, {"user.name": "eve", "host.name": "y"})] == ["user.name"]
    assert _reasons(detection, {"user.name": "eve", "host.name": "x"}) == []


def test_a_keyword_names_the_text_it_was_found_in() -> None:
    (one,) = _reasons("{k: [whoami], condition: k}", {"message": "sh -c whoami"})
    assert (one.field, one.op, one.operand, one.name) == ("message", "contains", "whoami", "")


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("a: x", ("equals", "x")),
        ("a|contains: x", ("contains", "x")),
        ("a|startswith: x", ("startswith", "x")),
        ("a|endswith: x", ("endswith", "x")),
        ("a: 'x*y?'", ("like", "x*y?")),
        ("a: ''", ("equals", "")),
        ("a|re|i: x.y", ("regex", "(?i)x.y")),
        ("a|gte: 5", ("gte", "5")),
        ("a|exists: true", ("exists", "true")),
        ("a|fieldref: b", ("field", "b")),
        ("a|hour: 3", ("hour", "eq 3")),
    ],
)
def test_tests_are_said_for_people(item: str, said: tuple[str, str]) -> None:
    condition = _rule(f"{{s: {{{item}}}, condition: s}}").condition
    while not isinstance(condition, Match):
        assert isinstance(condition, (And, Or))
        condition = condition.parts[0]
    assert described(condition.test) == said


def _matches(node: Node) -> list[Match]:
    if isinstance(node, Match):
        return [node]
    if isinstance(node, Not):
        return _matches(node.part)
    return [one for part in node.parts for one in _matches(part)]


@given(rules.documents(), st.lists(rules.events, min_size=1, max_size=4))
@settings(deadline=None, max_examples=80)
def test_every_field_named_is_tested_by_the_rule_and_holds(document: dict[str, Any], events: list[Event]) -> None:
    parsed, _ = parse([("a.yml", yaml.safe_dump(document, allow_unicode=True))])
    entries = Engine(one.rule for one in parsed if isinstance(one.rule, Rule)).entries
    for entry in entries:
        explainer = Explainer(entry.rule.condition, entry.fields)
        for event in events:
            exact = values.Exact(event)
            holds = entry.run(values.Lower(exact), exact)
            found = explainer.reasons(event)
            assert len(found) <= MAX_REASONS
            assert holds or not found
            for reason in found:
                _check(reason, entry.rule.condition, entry.fields, event)


def _check(reason: Reason, condition: Node, fields: expression.Fields, event: Event) -> None:
    tested = [
        one
        for one in _matches(condition)
        if one.field == reason.name and described(one.test) == (reason.op, reason.operand)
    ]
    assert tested
    assert reason.field in {own for one in tested for own in fields(one.field)}
    there = values.of(event, reason.field)
    assert reason.value in {one[:256] for one in ((there,) if type(there) is str else tuple(there))}
    alone = {**event, reason.field: reason.value}
    exact = values.Exact(alone)
    assert any(
        expression.compiled(one, lambda name: (reason.field,) if name == reason.name else fields(name))(
            values.Lower(exact), exact
        )
        for one in tested
    )
