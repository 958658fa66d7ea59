"""The campaign measures on material whose answer is known, and on a small simulated province."""

from __future__ import annotations

import pytest

from taishi.evaluate.campaigns import Material, Report, _inject, _judge, evaluate
from tests.taishi.campaigns.material import HASH, HOUR, START, seen


def _material() -> Material:
    sightings = [seen(number, HASH, number) for number in range(4)]
    return Material(
        sightings, {HASH: {f"e{n}" for n in range(4)}}, {"worm-x": {f"e{n}": START + n * HOUR for n in range(4)}}, 120
    )


def test_a_file_is_recognised_at_the_second_enterprise() -> None:
    report = Report([1], 120)
    _judge(report, _material(), 1)
    (attack,) = report.attacks
    assert (attack.enterprises, attack.recognised_at) == (4, 2)
    assert (report.true_pairs, report.found_pairs, report.right_pairs, report.false_campaigns) == (6, 6, 6, 0)


def test_what_is_not_recognised_is_said_to_be_missed() -> None:
    material = _material()
    material.sightings = material.sightings[:1]
    report = Report([1], 120)
    _judge(report, material, 1)
    assert report.as_json()["missed"] == 1
    assert report.as_json()["pair_recall"] == 0.0


def test_injected_values_are_in_the_material_and_change_nothing() -> None:
    material = _material()
    _inject(material)
    assert len({one.indicator for one in material.sightings}) == 4
    report = Report([1], 120)
    _judge(report, material, 1)
    assert report.false_campaigns == 0


@pytest.mark.slow
def test_worm_and_supply_chain_of_a_simulated_day_are_recognised() -> None:
    found = evaluate([11], 60).as_json()
    assert {attack["name"].partition("-")[0] for attack in found["attacks"]} == {"11:worm", "11:supply_chain"}
    assert (found["missed"], found["false_campaigns"]) == (0, 0)
