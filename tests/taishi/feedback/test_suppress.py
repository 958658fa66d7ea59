"""What a suppression can hide, and what it never can, however it was made."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taishi.event import Event
from taishi.feedback.suppress import CONDITIONS, Matcher, Suppression, common_condition, matches, values_of

NOW = 1_790_000_000.0


def alert(**more: Any) -> Event:
    return {
        "event.kind": "alert", "event.severity": 40, "rule.name": "SCAN ssh", "taishi.behaviour": "T1046",
        "taishi.attacker.ip": "203.0.113.9", "taishi.victim.ip": "10.1.0.20", "related.user": ["li.wei"],
        "process.name": "ssh", "organization.id": "e1", "taishi.region": "330106", "taishi.authority": "miit",
        "taishi.asset.id": "a1", "taishi.outcome": "failure", **more,
    }  # fmt: skip


def suppression(**more: Any) -> Suppression:
    given: dict[str, Any] = {
        "id": "s1", "extent": "enterprise", "enterprise_id": "e1", "region": "330106", "authority": "miit",
        "asset_id": "", "condition": {"rule": "SCAN ssh"}, "seen_severity": 60, "expires_at": NOW + 1, **more,
    }  # fmt: skip
    return Suppression(**given)


def hides(one: Suppression, event: Event, at: float = NOW) -> bool:
    return Matcher.of([one]).find(event, at) is not None


def test_it_hides_what_it_names() -> None:
    assert hides(suppression(), alert())
    assert hides(suppression(condition=common_condition([alert()])), alert())


@pytest.mark.parametrize(
    "more",
    [
        {"taishi.outcome": "success"}, {"event.severity": 61}, {"event.severity": 80}, {"event.severity": 100},
        {"rule.name": "SCAN telnet"}, {"organization.id": "e2"}, {"rule.name": ""},
    ],
)  # fmt: skip
def test_it_never_hides_a_success_a_rise_a_critical_or_anything_else(more: dict[str, Any]) -> None:
    assert not hides(suppression(), alert(**more))


SEVERITIES = st.integers(-5, 200)
CONDITION = st.dictionaries(st.sampled_from(CONDITIONS), st.sampled_from(["SCAN ssh", "T1046", "203.0.113.9", "x"]))
EXTENTS = st.sampled_from(["asset", "enterprise", "region", "all", "", "platform"])


@given(CONDITION, EXTENTS, SEVERITIES, SEVERITIES, st.sampled_from(["success", "failure", "unknown", None]))
def test_no_suppression_of_any_shape_hides_the_untouchable(
    condition: dict[str, str], extent: str, seen: int, severity: int, outcome: str | None
) -> None:
    event = alert(**{"event.severity": severity, "taishi.outcome": outcome})
    one = suppression(condition=condition, extent=extent, seen_severity=seen, asset_id="a1")
    if hides(one, event):
        assert severity < 80
        assert severity <= max(seen, 0)
        assert outcome != "success"
        assert condition
        assert all(value in values_of(event)[name] for name, value in condition.items())


def test_it_ends_when_it_expires() -> None:
    assert hides(suppression(), alert(), NOW + 0.5)
    assert not hides(suppression(), alert(), NOW + 1)


def test_an_empty_condition_hides_nothing() -> None:
    assert not hides(suppression(condition={}, extent="all", enterprise_id="", region="330000"), alert())


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"extent": "asset", "asset_id": "a1"}, True), ({"extent": "asset", "asset_id": "a2"}, False),
        ({"extent": "region", "enterprise_id": "", "region": "330100"}, True),
        ({"extent": "region", "enterprise_id": "", "region": "330200"}, False),
        ({"extent": "region", "enterprise_id": "", "region": "330100", "authority": "ca"}, False),
        ({"extent": "all", "enterprise_id": "", "region": "330000", "authority": ""}, True),
        ({"extent": "enterprise", "enterprise_id": ""}, False),
        ({"extent": "asset", "enterprise_id": "", "asset_id": "a1"}, False),
    ],
)  # fmt: skip
def test_the_extent_bounds_it(more: dict[str, Any], expected: bool) -> None:
    assert hides(suppression(**more), alert()) is expected


def test_an_enterprise_without_a_region_is_hidden_by_no_region() -> None:
    wide = suppression(extent="all", enterprise_id="", region="330000", authority="")
    assert not hides(wide, alert(**{"taishi.region": ""}))
    assert not hides(wide, alert(**{"taishi.region": None}))


@given(
    st.lists(
        st.builds(
            lambda i, r: suppression(id=f"s{i}", condition={"rule": r}),
            st.integers(0, 9),
            st.sampled_from(["SCAN ssh", "other"]),
        ),
        max_size=8,
    ),
    st.randoms(),
)
def test_the_order_of_suppressions_changes_nothing(some: list[Suppression], random: Any) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)
    one, other = Matcher.of(some).find(alert(), NOW), Matcher.of(shuffled).find(alert(), NOW)
    assert (one and one.id) == (other and other.id)
    plain = any(matches(s, alert(), values_of(alert()), NOW) for s in some)
    assert (one is not None) == plain


def test_a_common_condition_holds_for_each_and_drops_what_differs() -> None:
    events = [alert(), alert(**{"taishi.attacker.ip": "203.0.113.10", "process.name": None})]
    found = common_condition(events)
    assert found == {"rule": "SCAN ssh", "behaviour": "T1046", "victim": "10.1.0.20", "user": "li.wei"}
    assert all(hides(suppression(condition=found), event) for event in events)
    assert common_condition([]) == {}
