"""The rules that ship with the platform: each maps to ATT&CK, advises in both languages and holds on its own cases."""

from __future__ import annotations

from pathlib import Path

import orjson
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


PLANT = Path(__file__).resolve().parents[2] / "samples" / "zeek" / "plant.expected.json"


def test_rules_fire_on_what_zeek_writes_of_a_plant(rules: list[Parsed]) -> None:
    """From the log line through its parser to the rule: fields that only the cases had would fail here."""
    engine = build(one.rule for one in rules).engine
    fired: dict[str, set[str]] = {}
    for number, event in enumerate(orjson.loads(PLANT.read_bytes())):
        titles = {entry.rule.title for entry in engine.match({**event, "event.id": f"line-{number}"})}
        fired.setdefault(event["event.dataset"], set()).update(titles)
    for dataset, title in (
        ("modbus_read_device_identification", "Modbus device identification read"),
        ("dnp3_control", "DNP3 trip command"),
        ("s7comm", "S7 controller stopped"),
        ("s7comm_upload_download", "Program downloaded to an S7 controller"),
        ("enip", "EtherNet/IP identity sweep request"),
        ("cip", "CIP stop service"),
        ("bacnet_device_control", "BACnet device reinitialised"),
        ("opcua_binary", "OPC UA write"),
        ("opcua_binary_activate_session", "OPC UA session without a user"),
        ("omron_fins_detail", "Omron FINS operating mode changed"),
        ("iec104", "IEC 104 command from outside"),
    ):
        assert title in fired[f"zeek.{dataset}"], (dataset, fired[f"zeek.{dataset}"])
    assert fired["zeek.ecat_arp_info"] == fired["zeek.cip_identity"] == set()
