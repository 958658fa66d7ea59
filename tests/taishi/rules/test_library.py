"""Rules in Records: versions, what ships beside what people wrote, the rules that correlations build on; exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from taishi.errors import QueryError
from taishi.records.sql import SqlRecords
from taishi.records.tables import DetectionRule, DetectionRuleVersion, RuleException
from taishi.rules import exceptions, library
from taishi.scope import EVERYTHING
from taishi.sigma.parse import Parsed, parse, place
from taishi.sigma.ruleset import Exemption
from tests import databases

AT = 1_790_000_000.0
RULE = """title: Logon of a watched person
name: watched
id: 5d3fb7a4-7a5b-4d29-9c5e-0d3a1f5d2a01
logsource: {product: linux, service: auth}
detection:
  sel: {user.name: eve}
  condition: sel
level: high
tags: [attack.t1078]
"""
MANY = """title: Many of them
id: 5d3fb7a4-7a5b-4d29-9c5e-0d3a1f5d2a02
correlation: {type: event_count, rules: [watched], group-by: [user.name], timespan: 5m, condition: {gte: 3}}
level: high
"""
ID, MANY_ID = "5d3fb7a4-7a5b-4d29-9c5e-0d3a1f5d2a01", "5d3fb7a4-7a5b-4d29-9c5e-0d3a1f5d2a02"
SHIPS = library.By("platform", AT, seeds=True)
PERSON = library.By("zhang", AT + 9)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecords]:
    opened = SqlRecords(databases.records_url(tmp_path))
    opened.migrate()
    yield opened
    opened.close()
    databases.discard(tmp_path)


def _parsed(*bodies: str) -> list[Parsed]:
    parsed, refused = parse([(f"{number}.yml", body) for number, body in enumerate(bodies)])
    assert not refused
    return parsed


def _add(records: SqlRecords, by: library.By, *bodies: str) -> library.Added:
    with records.write(EVERYTHING) as session:
        return library.add(session, _parsed(*bodies), "own", "stable", by)


def _row(records: SqlRecords) -> DetectionRule:
    with records.read(EVERYTHING) as session:
        row = session.get(DetectionRule, ID)
        assert row is not None
        session.expunge(row)
        return row


def test_lists_find_what_the_current_version_says(records: SqlRecords) -> None:
    _add(records, SHIPS, RULE)
    row = _row(records)
    assert (row.product, row.category, row.service, row.name, row.techniques) == (
        "linux", "", "auth", "watched", ["T1078"],
    )  # fmt: skip


def test_what_ships_does_not_take_the_place_of_what_a_person_wrote(records: SqlRecords) -> None:
    _add(records, SHIPS, RULE)
    _add(records, PERSON, RULE.replace("eve", "bob"))
    assert _add(records, SHIPS, RULE).unchanged == 1  # the next start of the platform
    assert _row(records).current == 2
    assert _add(records, SHIPS, RULE.replace("eve", "carol")).changed == 1  # an upgrade brings a new text
    assert _row(records).current == 2
    with records.read(EVERYTHING) as session:
        newest = session.get(DetectionRuleVersion, (ID, 3))
        assert newest is not None
        assert "carol" in newest.body
    _add(records, PERSON, RULE.replace("eve", "carol"))
    assert _row(records).current == 4


def test_what_ships_replaces_what_shipped(records: SqlRecords) -> None:
    _add(records, SHIPS, RULE)
    _add(records, SHIPS, RULE.replace("eve", "bob"))
    assert _row(records).current == 2


def test_a_state_is_a_decision_with_its_reason(records: SqlRecords) -> None:
    _add(records, SHIPS, RULE)
    with records.write(EVERYTHING) as session:
        row = session.get(DetectionRule, ID)
        assert row is not None
        row.throttled = "it cost too much"
        library.set_state(row, "off", PERSON, "noise")
    row = _row(records)
    assert (row.state, row.throttled, row.version, row.changed_by) == ("off", "", 2, "zhang")
    assert row.history[-1] == {"at": AT + 9, "actor": "zhang", "action": "stable → off", "note": "noise"}


def test_a_correlation_finds_its_rules_by_name_among_the_stored(records: SqlRecords) -> None:
    _add(records, SHIPS, RULE)
    assert parse([("m.yml", MANY)])[1][0].reason == "the rules it names are not here: watched"
    with records.read(EVERYTHING) as session:
        (found,), refused = parse([("m.yml", MANY)], known=lambda names: library.known(session, names))
        assert not refused
        assert {one.id for one in library.family(session, found.rule)} == {ID, MANY_ID}


@dataclass
class Works:
    id: str = "e1"
    region: str = "331002"
    authority: str = "miit"


def _exempt(**more: Any) -> Exemption:
    given = {"id": "x", "rule_id": ID, "fields": {}, "query": "", "enterprise_id": "", "region": "331000",
             "authority": "", "created_at": AT, "expires_at": AT + 99}  # fmt: skip
    return Exemption.of(exceptions.exempt(RuleException(**{**given, **more})))


def test_a_region_ends_where_its_code_does() -> None:
    """331000 is a city of its own: cut to "331" it would take the next one along."""
    assert _exempt().covers(Works())
    assert not _exempt().covers(Works(region="331102"))


def test_an_exception_of_a_region_stays_with_its_authority() -> None:
    assert not _exempt(authority="ca").covers(Works())
    assert _exempt(authority="miit").covers(Works())
    assert not _exempt(enterprise_id="e2").covers(Works())


def test_all_conditions_of_an_exception_hold_together() -> None:
    one = _exempt(fields={"user.name": "e*"}, query="source.ip:10.0.0.0/8 AND event.severity:[0 TO 60]")
    event = {"user.name": "eve", "source.ip": "10.1.1.1", "event.severity": 50}
    assert one.applies(event)
    assert not one.applies({**event, "user.name": "bob"})
    assert not one.applies({**event, "source.ip": "192.0.2.1"})
    assert not one.applies({**event, "event.severity": 70})


@pytest.mark.parametrize(("fields", "query"), [({"no.such": "x"}, ""), ({}, "user.name:("), ({}, "nonsense:1")])
def test_a_condition_that_cannot_be_asked_is_refused(fields: dict[str, str], query: str) -> None:
    with pytest.raises(QueryError):
        exceptions.check(fields, query, AT)


def test_those_withdrawn_hide_nothing_and_those_unreadable_neither(records: SqlRecords) -> None:
    common: dict[str, Any] = {"rule_id": ID, "fields": {}, "enterprise_id": "e1", "region": "330106", "owner": "zhang",
                              "created_at": AT, "expires_at": AT + 99}  # fmt: skip
    with records.write(EVERYTHING) as session:
        session.add_all(
            [
                RuleException(id="kept", **common),
                RuleException(id="over", withdrawn_at=AT, **common),
                RuleException(id="unreadable", query="(", **common),
            ]
        )
    with records.read(EVERYTHING) as session:
        assert [one.id for one in exceptions.in_force(session)] == ["kept"]


@pytest.mark.parametrize(
    ("reason", "where"),
    [
        ("condition is empty", (7, 3)),
        ("the rules it names are not here: 'auth'", (4, 38)),
        ("something else", (0, 0)),
        ("Sigma rule identifier must be an UUID", (3, 1)),
    ],
)
def test_a_reason_points_into_the_text(reason: str, where: tuple[int, int]) -> None:
    assert place(RULE, reason) == where


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (RULE.replace("level: high", "level: loud"), 8),
        (RULE.replace("sel: {user.name: eve}", "sel: {user.name|re: '(a'}"), 6),
        (RULE.replace("condition: sel", "condition: sel and other"), 7),
        (RULE.replace("  sel: {", "\tsel: {"), 6),
    ],
)
def test_a_refused_rule_says_where(body: str, line: int) -> None:
    parsed, (refused,) = parse([("a.yml", body)])
    assert not parsed
    assert refused.line == line, refused
