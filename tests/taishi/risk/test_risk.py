"""The properties an official may rely on: bounded, monotone, blind to order and to replication, shares that add up."""

from __future__ import annotations

import random
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taishi.risk.coverage import heard, interval, mean
from taishi.risk.formula import exposure_hazard, hazard_shares, incident_hazard, noisy_or, vulnerability_hazard
from taishi.risk.rollup import Child, contributions, power_mean
from taishi.risk.weights import weights

W = weights()
P = W.rollup["power"]
UNIT = st.floats(0, 1)
CHILD = st.builds(Child, st.floats(0.1, 10), UNIT)
CHILDREN = st.lists(CHILD, min_size=1, max_size=40)
HAZARDS = st.lists(st.floats(0, 20), max_size=30)


@given(HAZARDS)
def test_an_assets_risk_is_a_probability(hazards: list[float]) -> None:
    assert 0.0 <= noisy_or(hazards) <= 1.0


@given(HAZARDS, st.floats(0, 20))
def test_another_finding_never_lowers_an_assets_risk(hazards: list[float], more: float) -> None:
    assert noisy_or([*hazards, more]) >= noisy_or(hazards)


@given(HAZARDS)
def test_hazard_shares_sum_to_one(hazards: list[float]) -> None:
    total = sum(hazard_shares(hazards))
    assert isclose(total, 1.0, abs_tol=1e-9) if sum(hazards) > 0 else total == 0.0


@given(CHILDREN)
def test_a_mean_lies_between_its_children(children: list[Child]) -> None:
    risk = power_mean(children, P)
    assert min(c.risk for c in children) - 1e-9 <= risk <= max(c.risk for c in children) + 1e-9


@given(CHILDREN, st.data())
def test_a_mean_rises_with_any_child(children: list[Child], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(children) - 1))
    child = children[index]
    raised = [*children]
    raised[index] = Child(child.weight, data.draw(st.floats(child.risk, 1)))
    assert power_mean(raised, P) >= power_mean(children, P) - 1e-12


@given(CHILDREN, st.randoms(use_true_random=False), st.integers(2, 4))
def test_order_and_replication_change_nothing(children: list[Child], dice: random.Random, times: int) -> None:
    shuffled = [*children] * times
    dice.shuffle(shuffled)
    assert isclose(power_mean(shuffled, P), power_mean(children, P), abs_tol=1e-9)


@given(CHILDREN)
def test_contributions_sum_to_the_mean(children: list[Child]) -> None:
    assert isclose(sum(contributions(children, P)), power_mean(children, P), abs_tol=1e-9)


@given(st.lists(CHILDREN, min_size=1, max_size=6))
def test_groups_roll_up_to_what_their_members_would(groups: list[list[Child]]) -> None:
    nested = power_mean([Child(sum(c.weight for c in group), power_mean(group, P)) for group in groups], P)
    flat = power_mean([child for group in groups for child in group], P)
    assert isclose(nested, flat, rel_tol=1e-6, abs_tol=1e-9)


@given(UNIT, UNIT)
def test_the_interval_holds_the_risk_and_opens_as_coverage_falls(risk: float, coverage: float) -> None:
    found = interval(W, risk, coverage)
    assert 0.0 <= found.low <= found.mid <= found.high + 1e-12 <= 1.0 + 1e-9
    assert found.low <= risk + 1e-12 <= found.high + 1e-9
    assert isclose(found.high - found.low, 1.0 - coverage, abs_tol=1e-9)
    assert isclose(found.mid, risk + found.unseen, abs_tol=1e-9)
    assert found.insufficient == (coverage < W.rollup["insufficient"])


@given(st.floats(0, 1e6), st.floats(1, 1e5), st.floats(0, 1e6))
def test_silence_never_raises_confidence(last: float, period: float, later: float) -> None:
    soon = heard(W, last_seen=last, period=period, at=last)
    assert soon == 1.0
    assert 0.0 <= heard(W, last_seen=last, period=period, at=last + later) <= soon


def test_never_heard_and_nothing_expected_are_no_coverage() -> None:
    assert heard(W, last_seen=None, period=60, at=0) == 0.0
    assert mean([]) == 0.0


@given(UNIT, UNIT, st.integers(0, 100), st.integers(0, 100), st.floats(0, 1e6))
def test_an_incidents_hazard_rises_with_score_and_severity_and_fades_after_closure(
    score: float, more: float, severity: int, higher: int, later: float
) -> None:
    low, high = sorted((severity, higher))

    def hazard(score: float, severity: int, closed: float | None, delay: float = 0.0) -> float:
        return incident_hazard(
            W, criticality=1.0, severity=severity, score=score, closed_for=closed, acknowledged_after=delay
        )

    assert hazard(max(score, more), high, None) >= hazard(min(score, more), low, None)
    assert hazard(score, severity, later) <= hazard(score, severity, None)
    assert hazard(score, severity, None, later) >= hazard(score, severity, None)


def test_one_burning_plant_among_two_hundred_stays_visible() -> None:
    quiet = [Child(1.0, 0.05)] * 199
    assert power_mean([*quiet, Child(1.0, 0.95)], P) == pytest.approx(0.253, abs=0.001)


@given(UNIT, st.floats(0, 10), st.floats(0, 1e8))
def test_known_exploitation_and_age_only_add(epss: float, cvss: float, age: float) -> None:
    def hazard(known: bool, age: float) -> float:
        return vulnerability_hazard(W, criticality=0.8, epss=epss, known_exploited=known, cvss=cvss, age=age)

    assert hazard(True, 0) >= hazard(False, 0) >= 0
    assert hazard(False, age) >= hazard(False, 0)


def test_an_open_controller_protocol_weighs_more_than_a_web_page() -> None:
    modbus, web = (exposure_hazard(W, criticality=1.0, protocol=name) for name in ("Modbus", "https"))
    assert modbus > 5 * web
    assert exposure_hazard(W, criticality=1.0, protocol="unheard-of") > 0
