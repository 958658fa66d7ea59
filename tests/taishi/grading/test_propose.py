"""A grade proposal is a floor: more facts never lower it. The tables are complete and each row says where it is from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taishi.grading.propose import GRADED_FACTS, KNOWN_FACTS, IncidentFacts, countdowns, importance, propose
from taishi.grading.tables import categories, criteria, limits, matrix, rows, sign_of, signs

TECHNIQUES = st.lists(st.sampled_from([*signs(), "T1110.001", "T9999", "T1486"]), max_size=6).map(
    lambda found: [one for one in found if one != "*"]
)
INCIDENTS = st.builds(
    IncidentFacts, TECHNIQUES, st.sampled_from(["success", "failure", "unknown"]), st.floats(0.2, 1.0)
)
FACTS = st.dictionaries(st.sampled_from(sorted(KNOWN_FACTS)), st.floats(0, 1e12), max_size=6)
QUIET = IncidentFacts(["T1046"], "failure", 0.3)


@pytest.mark.parametrize("name", ["categories", "signs", "matrix", "criteria", "clocks"])
def test_every_row_says_where_it_is_from_and_how_far_it_was_checked(name: str) -> None:
    found = list(rows(name))
    assert found
    for row in found:
        assert row["status"] in {"final", "draft", "verify"}
        assert row["source"]


def test_the_tables_are_whole() -> None:
    assert len(categories()) == 10
    assert set(matrix()) == {(thing, loss) for thing in (1, 2, 3) for loss in range(4)}
    assert {sign.category for sign in signs().values()} <= set(categories())
    assert {limit.track for limit in limits()} == {"cii", "state", "other"}
    by_fact: dict[str, list[tuple[int, float]]] = {}
    for row in criteria():
        by_fact.setdefault(row.fact, []).append((row.level, row.at_least))
    for lines in by_fact.values():  # a higher level asks for at least as much
        ordered = sorted(lines)
        assert [amount for _, amount in ordered] == sorted(amount for _, amount in ordered)


def test_the_matrix_rises_in_both_directions() -> None:
    for (thing, loss), level in matrix().items():
        assert matrix().get((thing + 1, loss), 4) >= level
        assert matrix().get((thing, loss + 1), 4) >= level


@given(INCIDENTS, st.integers(1, 3), FACTS)
def test_levels_are_levels_and_hits_explain_them(
    incident: IncidentFacts, enterprise: int, facts: dict[str, float]
) -> None:
    found = propose(incident, enterprise, facts)
    assert 1 <= found.level <= 4
    assert 0 <= found.reporting <= 4
    assert found.level_hits
    assert found.category_hits
    assert bool(found.reporting_hits) == (found.reporting > 0)
    assert not set(found.missing) & set(facts)


@given(INCIDENTS, st.integers(1, 3), FACTS, st.sampled_from(sorted(KNOWN_FACTS)), st.floats(0, 1e12))
def test_one_more_or_larger_fact_never_lowers_a_level(
    incident: IncidentFacts, enterprise: int, facts: dict[str, float], name: str, amount: float
) -> None:
    less = propose(incident, enterprise, facts)
    more = propose(incident, enterprise, {**facts, name: max(amount, facts.get(name, 0.0))})
    assert more.level >= less.level
    assert more.reporting >= less.reporting


@given(INCIDENTS, st.integers(1, 3), FACTS, st.randoms())
def test_the_order_of_techniques_and_facts_changes_nothing(
    incident: IncidentFacts, enterprise: int, facts: dict[str, float], random: object
) -> None:
    techniques, items = list(incident.techniques), list(facts.items())
    random.shuffle(techniques)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    random.shuffle(items)  # type: ignore[attr-defined]
    other = propose(IncidentFacts(techniques, incident.outcome, incident.criticality), enterprise, dict(items))
    first = propose(incident, enterprise, facts)
    assert (other.category, other.level, other.reporting) == (first.category, first.level, first.reporting)
    assert other.missing == first.missing


@pytest.mark.parametrize(
    ("fact", "amount", "level"),
    [
        ("personal_records", 100_000_000, 4), ("personal_records", 99_999_999, 3), ("personal_records", 10_000_000, 3),
        ("personal_records", 1_000_000, 2), ("personal_records", 999_999, 1), ("loss_yuan", 5_000_000, 2),
        ("loss_yuan", 20_000_000, 3), ("loss_yuan", 100_000_000, 4), ("people_affected", 10_000_000, 4),
        ("cii_whole_hours", 6, 4), ("cii_whole_hours", 0.5, 2), ("cii_main_hours", 6, 3), ("city_share", 30, 3),
        ("content_home_hours", 0.4, 1), ("data_threat", 3, 4),
    ],
)  # fmt: skip
def test_the_lines_of_the_annex_include_their_number(fact: str, amount: float, level: int) -> None:
    assert propose(QUIET, 1, {fact: amount}).reporting == level


def test_without_harm_no_reporting_level_is_proposed_and_the_missing_facts_are_named() -> None:
    found = propose(QUIET, 1, {})
    assert found.reporting == 0
    assert set(found.missing) == KNOWN_FACTS
    assert set(found.missing) > GRADED_FACTS


def test_encrypted_disks_of_an_important_asset_are_major_and_malware() -> None:
    found = propose(IncidentFacts(["T1110.001", "T1486"], "success", 0.95), 3, {})
    assert (found.category, found.level, found.reporting) == ("malware", 4, 1)
    attempt = propose(IncidentFacts(["T1110.001", "T1486"], "failure", 0.95), 3, {})
    assert attempt.level == 1


def test_a_sub_technique_counts_as_its_parent() -> None:
    assert sign_of("T1567.002") == sign_of("T1567")
    assert sign_of("T0000").technique == "*"


@given(st.floats(0.2, 1.0), st.floats(0.2, 1.0), st.integers(1, 3))
def test_importance_rises_with_criticality(one: float, other: float, level: int) -> None:
    assert importance(min(one, other), level) <= importance(max(one, other), level)


HOUR = 3600.0


@pytest.mark.parametrize(("track", "hours", "relay"), [("cii", 1, 0.5), ("state", 2, 1), ("other", 4, 1)])
def test_time_limits_by_track(track: str, hours: float, relay: float) -> None:
    assert countdowns(track, 1, 1000.0, None, None) == []
    larger = {one.step: one for one in countdowns(track, 2, 1000.0, None, None)}
    assert set(larger) == {"report", "summary"}
    assert larger["report"].due == 1000.0 + hours * HOUR
    assert larger["summary"].due is None
    major = {one.step: one for one in countdowns(track, 3, 1000.0, 2000.0, 9000.0)}
    assert major["report"].done_at == 2000.0
    assert major["relay"].due == 2000.0 + relay * HOUR
    assert major["summary"].due == 9000.0 + 30 * 24 * HOUR
