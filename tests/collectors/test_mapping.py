"""An operator's mapping: the four forms, typed values, what is refused, and that hostile records cost only themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collectors.framing import Frame
from collectors.mapping import MAX_RECORDS, Mapped, compiled
from collectors.normalise import Reader
from collectors.sources import SourceInfo
from collectors.trial import CollectorTrial
from taishi import fields
from taishi.mapping import Mapping
from tests.collectors.parsers.test_conformance import wrong_fields

AT = 1_780_100_000.0


def _spec(form: str, *maps: tuple[str, str] | dict[str, Any], **others: Any) -> Mapping:
    found = [one if isinstance(one, dict) else {"key": one[0], "to": one[1]} for one in maps]
    return Mapping.model_validate({"form": form, "fields": found, **others})


def _read(spec: Mapping, *lines: str) -> list[dict[str, Any]]:
    reader = Reader(
        SourceInfo("s", "e", "map:x", "Asia/Shanghai", "", "", "active", 0.0, mapping=compiled("map:x", spec))
    )
    batch = reader.batch([Frame(line.encode("utf-8", "replace")) for line in lines], "d", AT)
    assert batch.received == len(batch.events) + len(batch.quarantined) + batch.suppressed
    return [*batch.events, *({"quarantined": one.reason} for one in batch.quarantined)]


def test_json_is_mapped_by_paths_and_typed_by_the_fields() -> None:
    spec = _spec(
        "json", ("ev.time", "@timestamp"), ("net.src", "source.ip"), ("net.sport", "source.port"), ("risk", "event.severity"),
        {"key": "act", "to": "event.outcome", "table": {"拦截": "failure", "放行": "success"}},
        ("name", "rule.name"), ("tags", "tags"),
        constants={"event.kind": "alert", "event.category": ["intrusion_detection"], "observer.vendor": "某厂"},
    )  # fmt: skip
    line = (
        '{"ev":{"time":"2026-05-29 08:00:00"},"net":{"src":"10.1.2.3","sport":"44321"},"risk":"高","act":"拦截",'
        '"name":"口令爆破","tags":["a","b"],"extra":{"line":7}}'
    )
    event = _read(spec, line)[0]
    assert event["@timestamp"] == "2026-05-29T00:00:00.000Z"
    assert (event["source.ip"], event["source.port"], event["event.severity"]) == ("10.1.2.3", 44321, 75)
    assert (event["event.outcome"], event["rule.name"], event["tags"]) == ("failure", "口令爆破", ["a", "b"])
    assert (event["event.kind"], event["event.category"], event["observer.vendor"]) == (
        "alert",
        ["intrusion_detection"],
        "某厂",
    )
    assert event["generic.extra.line"] == "7"
    assert event["taishi.severity_original"] == "高"
    assert event["related.ip"] == ["10.1.2.3"]
    assert event["taishi.parser"] == "map:x"
    assert event["event.original"] == line
    assert wrong_fields(event) == []


def test_key_values_behind_a_syslog_header() -> None:
    spec = _spec(
        "pairs", ("src", "source.ip"), ("user", "user.name"), {"key": "lv", "to": "event.severity"}, rest="drop"
    )
    line = '<134>May 29 08:00:00 gw01 audit: src=192.0.2.7 user="zhang san" lv=8 other=1'
    event = _read(spec, line)[0]
    assert (event["source.ip"], event["user.name"], event["event.severity"]) == ("192.0.2.7", "zhang san", 79)
    assert event["host.hostname"] == "gw01"
    assert not [name for name in event if name.startswith("generic.")]


def test_key_values_with_their_own_signs() -> None:
    spec = _spec("pairs", ("源地址", "source.ip"), ("级别", "event.severity"), pairs={"between": "|", "assign": ":"})
    event = _read(spec, "源地址:192.0.2.7|级别:中|其他:值")[0]
    assert (event["source.ip"], event["event.severity"], event["generic.其他"]) == ("192.0.2.7", 50, "值")


def test_csv_by_named_columns_by_number_and_by_its_header_line() -> None:
    named = _spec("csv", ("ip", "source.ip"), ("what", "rule.name"), csv={"columns": ["t", "ip", "what"]})
    numbered = _spec("csv", ("#2", "source.ip"), ("#3", "rule.name"))
    headed = _spec("csv", ("ip", "source.ip"), ("what", "rule.name"))
    row = '2026-05-29 08:00:00,192.0.2.7,"a, quoted ""name"""'
    for spec, lines in ((named, [row]), (numbered, [row]), (headed, ["t,ip,what", row])):
        event = _read(spec, *lines)[0]
        assert (event["source.ip"], event["rule.name"]) == ("192.0.2.7", 'a, quoted "name"')
    assert "no header line" in _read(headed, row)[0]["quarantined"]


def test_xml_elements_attributes_and_lists_of_records() -> None:
    spec = _spec("xml", ("Src.@ip", "source.ip"), ("Name", "rule.name"), records="Alerts.Alert")
    line = (
        '<?xml version="1.0"?><r xmlns="urn:x"><Alerts><Alert><Src ip="192.0.2.7"/><Name>甲</Name></Alert>'
        '<Alert><Src ip="192.0.2.8"/><Name>乙</Name></Alert></Alerts></r>'
    )
    found = _read(spec, line)
    assert [(one["source.ip"], one["rule.name"]) for one in found] == [("192.0.2.7", "甲"), ("192.0.2.8", "乙")]
    assert found[1]["event.id"] == f"{found[0]['event.id']}.1"


def test_a_json_list_makes_one_event_each() -> None:
    spec = _spec("json", ("ip", "source.ip"), records="data.rows")
    found = _read(spec, '{"data":{"rows":[{"ip":"192.0.2.1"},{"ip":"192.0.2.2"}]}}')
    assert [one["source.ip"] for one in found] == ["192.0.2.1", "192.0.2.2"]
    assert len(_read(_spec("json", ("ip", "source.ip")), '[{"ip":"192.0.2.1"},{"ip":"192.0.2.2"}]')) == 2


def test_records_without_the_mark_go_to_the_parsers_that_know_them() -> None:
    spec = _spec("json", ("ip", "source.ip"), match='"product":"ours"')
    ours, other = _read(
        spec, '{"product":"ours","ip":"192.0.2.1"}', '{"timestamp":"2026-05-29T08:00:00Z","level":"info"}'
    )
    assert (ours["taishi.parser"], other["taishi.parser"]) == ("map:x", "generic")


@pytest.mark.parametrize(
    "line",
    [
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a><b></a>", "", "<a" * 1000, "\x00\x01", "<a>" * 100_000,
        "<r>" + "<x/>" * (MAX_RECORDS + 1) + "</r>",
    ],
)  # fmt: skip
def test_hostile_xml_is_quarantined(line: str) -> None:
    assert "quarantined" in _read(_spec("xml", ("a", "message"), records="x"), line)[0]


def test_deep_xml_is_read_as_far_as_a_person_would() -> None:
    deep = "<a>" * 20_000 + "end" + "</a>" * 20_000
    assert _read(_spec("xml", ("n", "message")), f"<r>{deep}<n>said</n></r>")[0]["message"] == "said"


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
TARGETS = [name for name in fields.table() if name.startswith(("source.", "url.", "http.", "file."))]


@given(
    values=st.lists(VALUES, min_size=1, max_size=30), form=st.sampled_from(["json", "pairs"]), start=st.integers(0, 60)
)
def test_whatever_values_hold_the_event_is_typed(values: list[Any], form: str, start: int) -> None:
    targets = (TARGETS * 2)[start : start + len(values)]
    spec = _spec(form, *[(f"k{at}", name) for at, name in enumerate(targets)])
    pairs = {f"k{at}": value for at, value in enumerate(values)}
    line = json.dumps(pairs) if form == "json" else " ".join(f"{key}={value}" for key, value in pairs.items())
    for event in _read(spec, line):
        assert "quarantined" in event or wrong_fields(event) == []


@given(text=st.text(max_size=200), form=st.sampled_from(["json", "pairs", "csv", "xml"]))
def test_any_text_is_read_or_refused(text: str, form: str) -> None:
    spec = _spec(form, ("a", "message"), ("#1", "source.ip"))
    Mapped("map:x", spec)
    _read(spec, text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fields": []}, "at least 1"),
        ({"fields": [{"key": "a", "to": "source.adress"}]}, "no field"),
        ({"fields": [{"key": "a", "to": "organization.id"}]}, "set by the platform"),
        ({"fields": [{"key": "a", "to": "taishi.source_id"}]}, "set by the platform"),
        ({"fields": [{"key": "a", "to": "event.original"}]}, "set by the platform"),
        ({"constants": {"event.category": "x"}}, "takes a list"),
        ({"constants": {"event.severity": "high"}}, "whole number"),
        ({"constants": {"source.ip": "192.0.2.1"}}, "comes from the record"),
        ({"form": "csv", "records": "a.b"}, "one event"),
        ({"form": "yaml"}, "Input should be"),
        ({"unknown": 1}, "not permitted"),
    ],
)
def test_what_is_no_mapping_is_refused_in_words(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Mapping.model_validate({"form": "json", "fields": [{"key": "a", "to": "message"}], **change})


def test_a_mapping_that_is_gone_quarantines_with_the_reason() -> None:
    reader = Reader(SourceInfo("s", "e", "map:gone", "Asia/Shanghai", "", "", "active", 0.0))
    batch = reader.batch([Frame(b"a=1 b=2")], "d", AT)
    assert "is gone" in batch.quarantined[0].reason


@pytest.mark.parametrize(
    ("sample", "form", "wanted"),
    [
        ('{"srcIp":"192.0.2.1","alarmTime":"2026-05-29 08:00:00","用户名":"li"}\n', "json",
         {"srcIp": "source.ip", "用户名": "user.name"}),
        ("<13>May 29 08:00:00 h p: sip=192.0.2.1 dip=192.0.2.2 dport=80", "pairs",
         {"sip": "source.ip", "dip": "destination.ip", "dport": "destination.port"}),
        ("time;src_ip;username\n2026-05-29 08:00:00;192.0.2.1;li", "csv", {"src_ip": "source.ip", "username": "user.name"}),
        ("<alert><srcip>192.0.2.1</srcip><username>li</username></alert>", "xml", {"srcip": "source.ip", "username": "user.name"}),
    ],
)  # fmt: skip
def test_a_first_mapping_is_drafted_from_the_records(sample: str, form: str, wanted: dict[str, str]) -> None:
    trial = CollectorTrial()
    drafted = trial.draft(sample)
    assert drafted is not None
    assert drafted.form == form
    assert {one.key: one.to for one in drafted.fields}.items() >= wanted.items()
    tried = trial.read(sample, mapping=drafted)
    assert [one.reason for one in tried.records if one.reason] == []
    assert tried.records[-1].events[0]["source.ip"] == "192.0.2.1"


def test_nothing_is_drafted_from_a_sentence() -> None:
    assert CollectorTrial().draft("nothing here") is None
    assert CollectorTrial().draft("") is None
