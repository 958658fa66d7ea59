"""What the words of a rule are taken for, and what surrounds an escalated incident."""

from __future__ import annotations

from importlib import import_module

import pytest

from processor.behaviours import TELLING, VAGUE, WEAK, behaviour_of, table
from processor.lexicon import meaning, rows
from processor.parameters import asked, change, count, names, number
from taishi import clock
from tests.processor.material import START, alert, intrusion
from tests.processor.test_stages import _run


@pytest.mark.parametrize(
    ("text", "behaviour"),
    [
        ("Possible port sweep of internal hosts", "T1046"), ("检测到端口扫描行为", "T1046"),
        ("Repeated failed logins for one account", "T1110"), ("SSH 暴力破解", "T1110"),
        ("Web shell traffic detected", "T1505.003"), ("发现网页后门上传", "T1505.003"),
        ("sudo command executed as root", "T1548.003"), ("Zone transfer attempt", "T1590.002"),
        ("DNS tunnel suspected", "T1071.004"), ("主机回连恶意域名", "T1071"),
        ("PLC stop command", "T0858"), ("控制器程序下装", "T0843"), ("Antivirus definition database updated", "generic:update"),
        ("A value never seen before", "generic:first_seen"), ("SQL注入攻击", "T1190"), ("勒索病毒加密文件", "T1486"),
    ],
)  # fmt: skip
def test_words_of_security_products_are_understood(text: str, behaviour: str) -> None:
    found = meaning(text)
    assert found is not None
    assert found.behaviour == behaviour


def test_text_without_meaning_has_none_and_every_row_leads_to_a_behaviour() -> None:
    assert meaning("Quarterly review 7") is None
    assert {row.meaning.behaviour for row in rows()} <= table().keys()
    assert all(0.0 < row.meaning.certainty <= 1.0 for row in rows())


def test_what_the_event_says_itself_wins_over_words() -> None:
    words = {"rule.name": "Web server 404 error code", "event.category": ["web"]}
    inferred = behaviour_of(words)
    assert (inferred.technique, inferred.level, inferred.inferred) == ("T1595.003", WEAK, True)
    told = behaviour_of({**words, "threat.technique.id": ["T1003"]})
    assert (told.technique, told.level, told.inferred) == ("T1003", TELLING, False)
    assert behaviour_of({"rule.name": "New event type"}).level == VAGUE


def test_every_parameter_is_a_number_with_a_reason() -> None:
    assert all(number(name) >= 0 for name in names())
    with pytest.raises(ValueError, match="whole number"):
        count("join.theta")


def test_every_parameter_is_read_by_something_and_cannot_be_changed_half() -> None:
    import_module("processor.pipeline")
    assert set(names()) - asked() == set()
    with pytest.raises(RuntimeError, match="cannot be changed"):
        change({"join.theta": 0.5})
    with pytest.raises(KeyError):
        change({"join.nothing": 0.5})


def test_context_is_shown_with_an_escalated_incident_and_adds_nothing_to_its_score() -> None:
    day = 86_400.0
    quiet = [alert(START + i * 7200, "", "POLICY cleartext", 20, "10.1.0.60", "10.1.0.61") for i in range(12)]
    attack = intrusion(START + 1.5 * day)
    zone = {
        "@timestamp": clock.to_text(START + 1.5 * day - 120.0), "event.kind": "alert", "rule.name": "Zone transfer attempt",
        "host.name": "ns9", "event.category": ["network"],
    }  # fmt: skip
    plain, surrounded = _run([*quiet, *attack]), _run([*quiet, zone, *attack])
    (one,) = [row for row in plain.incidents.values() if row["escalated"]]
    ((identity, other),) = [(key, row) for key, row in surrounded.incidents.items() if row["escalated"]]
    assert other["meta_count"] == one["meta_count"] + 1
    assert (other["score"], other["techniques"]) == (one["score"], one["techniques"])
    assert [reason["share"] for reason in other["reasons"]] == [reason["share"] for reason in one["reasons"]]
    joins = [row["join"] for row in surrounded.members(identity).values() if row["technique"] == "T1590.002"]
    assert [join["weight"] for join in joins] == [0.0]
    assert sum(reason["share"] for reason in other["reasons"]) == pytest.approx(1.0)
