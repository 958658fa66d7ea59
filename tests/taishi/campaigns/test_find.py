"""Campaigns: what forms one, what must not, and properties that hold for every input."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taishi.campaigns import formula
from taishi.campaigns.find import Found, Seen, campaigns
from taishi.campaigns.parameters import parameters
from taishi.campaigns.warning_list import groups, listed
from tests.taishi.campaigns.material import CALLED, HASH, seen

PROVINCE = 300


def find(sightings: list[Seen], uses: dict[tuple[str, str], int] | None = None, of: int = PROVINCE) -> list[Found]:
    counted: dict[tuple[str, str], set[str]] = {}
    for one in sightings:
        counted.setdefault(one.indicator, set()).add(one.enterprise)
    return campaigns(parameters(), sightings, {k: len(v) for k, v in counted.items()} | (uses or {}), of)


def test_three_enterprises_with_a_rare_address_are_a_campaign() -> None:
    (found,) = find([seen(n, CALLED, hours=n) for n in range(3)])
    assert (found.criterion, found.kind, found.enterprises) == ("three", "worm", ["e0", "e1", "e2"])
    assert sum(amount for _, _, amount in found.hazards) == pytest.approx(formula.as_hazard(found.score))


def test_two_enterprises_suffice_for_a_file_and_for_a_called_address_with_the_same_steps() -> None:
    assert [found.criterion for found in find([seen(1), seen(2, hours=30)])] == ["two"]
    assert [found.criterion for found in find([seen(1, CALLED), seen(2, CALLED, hours=2)])] == ["two"]


@pytest.mark.parametrize(
    "second",
    [
        seen(2, hours=100),
        seen(2, score=0.3),
        seen(1, incident="i9"),
        seen(2, CALLED),
        seen(2, attempt=True),
    ],
)
def test_two_that_chance_may_have_brought_together_are_none(second: Seen) -> None:
    assert find([seen(1), second]) == []


def test_an_address_with_other_steps_or_days_later_needs_a_third_enterprise() -> None:
    other = seen(2, CALLED, hours=2, techniques=("T1110", "T1486"))
    late = seen(2, CALLED, hours=40)
    assert find([seen(1, CALLED), other]) == []
    assert find([seen(1, CALLED), late]) == []


def test_nothing_is_a_campaign_without_an_incident_that_is_worth_a_look() -> None:
    assert find([seen(n, escalated=False, score=0.7) for n in range(5)]) == []
    assert len(find([seen(n, escalated=n == 3, score=0.7) for n in range(5)])) == 1
    assert len(find([seen(n, escalated=False, score=0.7 + (n == 3) / 10) for n in range(5)])) == 1


@pytest.mark.parametrize(
    "indicator",
    [
        ("ip", "1.1.1.1"), ("ip", "8.8.8.8"), ("ip", "223.5.5.5"), ("ip", "::ffff:8.8.8.8"), ("ip", "10.0.0.8"),
        ("ip", "192.168.1.1"), ("ip", "104.18.3.2"), ("ip", "not an address"), ("domain", "dl.windowsupdate.com"),
        ("domain", "www.baidu.com"), ("domain", "plc1.corp"), ("hash", "d41d8cd98f00b204e9800998ecf8427e"),
    ],
)  # fmt: skip
def test_listed_values_never_form_one(indicator: tuple[str, str]) -> None:
    assert find([seen(n, indicator, hours=n / 10) for n in range(12)]) == []


def test_each_group_of_the_warning_list_has_its_reason_and_works() -> None:
    for group in groups():
        assert group.reason_zh
        assert group.reason_en
        for network in group.networks:
            assert listed("ip", str(network[0]))
        for domain in group.domains:
            assert listed("domain", f"a.{domain}")
            assert not listed("domain", f"a{domain}.example")


def test_background_scanners_form_none() -> None:
    """They try everywhere, here and there within somebody's incident."""
    scanner = ("ip", "45.83.64.1")
    attempts = [seen(n, scanner, hours=n / 4, attempt=True) for n in range(4)]
    assert find(attempts, {scanner: 150}) == []
    assert find([seen(n, scanner, hours=n / 4) for n in range(6)], {scanner: 150}) == []
    assert find([seen(n, scanner, hours=n / 4, attempt=True, escalated=False) for n in range(40)]) == []


def test_a_popular_value_forms_none_however_bad_its_incidents() -> None:
    popular = ("domain", "portal.example-vendor.cn")
    assert find([seen(n, popular, hours=n / 10) for n in range(200)]) == []


def test_a_scanner_in_two_campaigns_does_not_glue_them() -> None:
    scanner = ("ip", "45.83.64.1")
    one = [seen(n, HASH, n) for n in range(3)]
    other = [seen(n, ("hash", "beef" * 16), n) for n in range(10, 13)]
    both = [seen(n, scanner, n) for n in (0, 1, 2, 10, 11, 12)]
    assert len(find([*one, *other, *both], {scanner: 120})) == 2


def test_indicators_of_the_same_incidents_are_one_campaign() -> None:
    rows = [seen(n, which, n) for n in range(3) for which in (HASH, CALLED)]
    (found,) = find(rows)
    assert {one.indicator for one in found.evidence} == {HASH, CALLED}
    assert found.score > find([row for row in rows if row.indicator == HASH])[0].score


def test_technique_similarity_alone_opens_nothing() -> None:
    assert find([seen(n, ("hash", f"{n:064d}"), n) for n in range(10)]) == []


rows = st.lists(
    st.builds(
        seen,
        st.integers(0, 7),
        st.sampled_from([HASH, CALLED, ("domain", "c2.example-bad.cn"), ("ip", "45.90.1.8")]),
        st.floats(0, 200),
        score=st.floats(0.1, 1.0),
        escalated=st.booleans(),
        attempt=st.booleans(),
    ),
    max_size=20,
    unique_by=lambda one: (one.indicator, one.incident),
)


def _shown(found: list[Found]) -> list[Any]:
    return [(f.id, f.criterion, f.score, f.enterprises, [e.indicator for e in f.evidence]) for f in found]


@settings(max_examples=150, deadline=None)
@given(rows, st.randoms())
def test_the_order_of_sightings_changes_nothing(sightings: list[Seen], dice: random.Random) -> None:
    shuffled = list(sightings)
    dice.shuffle(shuffled)
    assert _shown(find(sightings)) == _shown(find(shuffled))


@settings(max_examples=150, deadline=None)
@given(rows, st.sampled_from([HASH, CALLED]), st.floats(0, 200))
def test_a_further_enterprise_never_lowers_a_score(
    sightings: list[Seen], indicator: tuple[str, str], hours: float
) -> None:
    before = find(sightings)
    after = find([*sightings, seen(99, indicator, hours)])
    for one in before:
        mine = {seen.incident for seen in one.sightings}
        grown = [other for other in after if mine & {seen.incident for seen in other.sightings}]
        assert len(grown) == 1
        assert grown[0].score >= one.score - 1e-12
        assert mine <= {seen.incident for seen in grown[0].sightings}


@settings(max_examples=100, deadline=None)
@given(rows, st.integers(0, 300), st.integers(0, 300))
def test_being_common_never_raises_a_score(sightings: list[Seen], few: int, more: int) -> None:
    few, more = sorted((few, more))
    some, many = find(sightings, {HASH: few}), find(sightings, {HASH: more})
    best = max((found.score for found in some), default=0.0)
    assert max((found.score for found in many), default=0.0) <= best + 1e-12


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1)), max_size=12))
def test_effective_enterprises_are_bounded_by_their_number(firsts: list[tuple[float, float]]) -> None:
    assert 0.0 <= formula.effective(firsts, 3600.0) <= len(firsts) + 1e-9
