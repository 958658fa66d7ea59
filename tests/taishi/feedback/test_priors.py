"""What verdicts teach: bounded, monotone, reversible, blind to order; never against a success or a critical."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from taishi.feedback.parameters import parameters
from taishi.feedback.priors import Counts, Lessons, explain, factor, true_share
from taishi.feedback.taught import NOTHING, Feedback

P = parameters()["priors"]
NUMBER = st.integers(0, 10_000)
COUNTS = st.builds(Counts, NUMBER, NUMBER, NUMBER)
RULES = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(1, 9), min_size=1)


@given(COUNTS, COUNTS)
def test_the_factor_is_bounded(own: Counts, others: Counts) -> None:
    assert P["lowest"] <= factor(own, own + others) <= P["highest"]


def test_without_verdicts_nothing_changes() -> None:
    assert factor(Counts(), Counts()) == 1.0
    assert NOTHING.weigh(0.4, "e1", {"a": 1}, 50, "unknown", novice=False) == (0.4, {})


@given(COUNTS, COUNTS)
def test_each_verdict_moves_it_its_own_way(own: Counts, others: Counts) -> None:
    here = factor(own, own + others)
    for more in (Counts(0, 1, 0), Counts(0, 0, 1)):
        if own.judged or others.judged:  # the first verdict of all starts from exactly 1
            assert factor(own + more, own + more + others) <= max(here, 1e-12) + 1e-12
    assert factor(own + Counts(1, 0, 0), own + Counts(1, 0, 0) + others) >= min(here, 1.0) - 1e-12


@given(st.lists(st.sampled_from(["true", "false", "benign"]), max_size=30), st.randoms())
def test_order_does_not_matter_and_taking_back_takes_back(verdicts: list[str], random: Any) -> None:
    def total(some: list[str]) -> float:
        counted = Counter(some)
        counts = Counts(counted["true"], counted["false"], counted["benign"])
        return factor(counts, counts)

    shuffled = list(verdicts)
    random.shuffle(shuffled)
    assert total(verdicts) == total(shuffled)
    assert total([*verdicts, "false"][:-1]) == total(verdicts)


@given(COUNTS, COUNTS)
def test_an_enterprise_lies_between_its_own_share_and_the_provinces(own: Counts, others: Counts) -> None:
    if not own.judged:
        return
    mean = true_share(Counts(), own + others)
    alone = own.true / max(1e-9, own.true + own.against)
    assert min(mean, alone) - 1e-9 <= true_share(own, own + others) <= max(mean, alone) + 1e-9


def _feedback(own: dict[str, list[int]]) -> Feedback:
    return Feedback(everywhere=dict(own), own={"e1": own})


@given(st.dictionaries(st.sampled_from(["a", "b"]), st.tuples(NUMBER, NUMBER, NUMBER).map(list)), RULES,
       st.floats(0, 0.98), st.integers(0, 100), st.sampled_from(["success", "failure", "unknown"]), st.booleans())  # fmt: skip
def test_a_success_or_a_critical_is_never_lowered(
    own: dict[str, list[int]], rules: dict[str, int], risk: float, severity: int, outcome: str, novice: bool
) -> None:
    weighed, _ = _feedback(own).weigh(risk, "e1", rules, severity, outcome, novice=novice)
    assert 0.0 <= weighed <= 0.98
    if outcome == "success" or severity >= 80:
        assert weighed >= risk
    elif novice:
        assert weighed <= parameters()["warm_up"]["cap"]
    else:
        assert risk * P["lowest"] - 1e-9 <= weighed <= risk * P["highest"] + 1e-9


def test_one_noisy_rule_does_not_quieten_what_another_reports() -> None:
    feedback = _feedback({"noisy": [0, 50, 0]})
    assert feedback.weigh(0.5, "e1", {"noisy": 9}, 50, "unknown", novice=False)[0] < 0.2
    assert feedback.weigh(0.5, "e1", {"noisy": 9, "new": 1}, 50, "unknown", novice=False) == (0.5, {})


def test_the_lesson_is_told_in_words() -> None:
    feedback = _feedback({"noisy": [2, 12, 0]})
    _, told = feedback.weigh(0.5, "e1", {"noisy": 9}, 50, "unknown", novice=False)
    zh, en = explain(told)
    assert "14 起事件中有 12 起" in zh
    assert "12 of 14 closed incidents" in en
    assert explain({}) == ("", "")
    _, elsewhere = feedback.weigh(0.5, "e2", {"noisy": 9}, 50, "unknown", novice=False)
    assert "in the province" in explain(elsewhere)[1]


def test_the_provinces_lesson_is_weaker_than_ones_own() -> None:
    lessons = Lessons({"r": Counts(0, 10, 0)}, {"e1": {"r": Counts(0, 10, 0)}})
    assert lessons.weigh("e1", {"r": 1}, 50, "unknown")[0] < lessons.weigh("e2", {"r": 1}, 50, "unknown")[0] < 1.0
