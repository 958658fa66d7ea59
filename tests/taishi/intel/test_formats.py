"""What feeds say, read as it was meant; what values cannot match, refused by name; hostile feeds, refused in words."""

from __future__ import annotations

import gzip
import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taishi.intel import read as reading
from taishi.intel.indicator import FeedError, Indicator, Refusal
from taishi.intel.pattern import Unmatchable, values
from taishi.intel.read import Format, read
from tests.taishi.intel.senders import indicator


def both(
    raw: str | bytes | dict[str, Any] | list[Any], form: Format = "auto", **options: Any
) -> tuple[list[Indicator], list[Refusal]]:
    data = raw if isinstance(raw, bytes) else raw.encode() if isinstance(raw, str) else json.dumps(raw).encode()
    items = list(read(data, form, options))
    return [one for one in items if isinstance(one, Indicator)], [one for one in items if isinstance(one, Refusal)]


# ---------------------------------------------------------------- lists


def test_a_list_with_columns() -> None:
    found, refused = both(
        "# a comment\n"
        "ioc_type,ioc_value,threat_type,malware_printable,confidence_level,first_seen,tlp\n"
        'ip:port,"198.51.100.7:4444",botnet_cc,Cobalt Strike,90,2026-05-01 08:00:00,TLP:GREEN\n'
        "domain,evil[.]example,payload_delivery,,60%,,\n"
        "sha256_hash," + "ab" * 32 + ",,,,,\n"
        "filename,evil.exe,,,,,\n"
        "ip,999.1.1.1,,,,,\n"
    )
    assert [(one.kind, one.value, one.confidence) for one in found] == [
        ("ip", "198.51.100.7", 90), ("domain", "evil.example", 60), ("hash", "ab" * 32, None),
    ]  # fmt: skip
    assert (found[0].name, found[0].tlp, found[0].labels) == ("Cobalt Strike", "green", ("botnet_cc",))
    assert found[0].valid_from == 1_777_622_400.0
    assert [one.reason for one in refused] == ["the type 'filename' cannot be matched", "'999.1.1.1' is no IP address"]


def test_a_chinese_list_in_gb18030() -> None:
    text = "类型；"  # a full-width mark in a header must not hurt
    raw = f"指标,类型,置信度,威胁名称,失效时间,{text}\n恶意[.]example,域名,高,某远控木马,2027-01-01,\n198.51.100.0/24,网段,中,,,\n"
    found, refused = both(raw.encode("gb18030"))
    assert not refused
    assert [(one.kind, one.value, one.confidence, one.name) for one in found] == [
        ("domain", "xn--5bu4m.example", 85, "某远控木马"), ("cidr", "198.51.100.0/24", 60, ""),
    ]  # fmt: skip


def test_bare_values_and_a_column_mapping() -> None:
    found, refused = both("ip\n192.0.2.1\n192.0.2.2 # why\nhxxp://evil.example/a\nnonsense\n")
    assert [one.value for one in found] == ["192.0.2.1", "192.0.2.2", "http://evil.example/a"]
    assert len(refused) == 1
    found, _ = both("a;b\nx;192.0.2.9\n", columns={"value": "b", "name": "a"})
    assert [(one.value, one.name) for one in found] == [("192.0.2.9", "x")]
    with pytest.raises(FeedError, match="no column 'c'"):
        both("a;b\nx;192.0.2.9\n", columns={"value": "c"})
    with pytest.raises(FeedError, match="no column holds the value"):
        both("foo,bar\n1,2\n")
    found, _ = both({"generated": "x", "data": [{"indicator": "192.0.2.3", "tags": ["tor"]}, {"indicator": {"a": 1}}]})
    assert [(one.value, one.labels) for one in found] == [("192.0.2.3", ("tor",))]
    found, _ = both("a" * 32 + "\n", kind="ja3")
    assert [one.kind for one in found] == ["ja3"]


# ---------------------------------------------------------------- STIX


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[ipv4-addr:value = '198.51.100.7']", [("ip", "198.51.100.7")]),
        ("[ipv4-addr:value = '198.51.100.0/24']", [("cidr", "198.51.100.0/24")]),
        ("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", [("cidr", "198.51.100.0/24")]),
        ("[domain-name:value='evil.example' OR url:value = 'http://evil.example/a']",
         [("domain", "evil.example"), ("url", "http://evil.example/a")]),
        ("[domain-name:value IN ('a.example', 'b.example')]", [("domain", "a.example"), ("domain", "b.example")]),
        ("[file:hashes.'SHA-256' = '" + "ab" * 32 + "' AND file:name = 'x.exe']", [("hash", "ab" * 32)]),
        ("[file:hashes.MD5 = '" + "a" * 32 + "' AND file:hashes.'SHA-1' = '" + "b" * 40 + "']",
         [("hash", "a" * 32), ("hash", "b" * 40)]),
        ("([ipv4-addr:value = '192.0.2.1'] OR [ipv6-addr:value = '2001:db8::1'])", [("ip", "192.0.2.1"), ("ip", "2001:db8::1")]),
        ("[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '192.0.2.5']", [("ip", "192.0.2.5")]),
        ("[network-traffic:dst_ref.value = 'evil.example']", [("domain", "evil.example")]),
        ("[email-message:from_ref.value = 'Boss@evil.example']", [("email", "boss@evil.example")]),
        ("[x509-certificate:hashes.'SHA-1' = '" + "c" * 40 + "']", [("certificate", "c" * 40)]),
        ("[x509-certificate:serial_number = 'DE:AD:BE:EF:01']", [("serial", "deadbeef01")]),
        ("[network-traffic:extensions.'tls-ext'.ja3_hash = '" + "d" * 32 + "']", [("ja3", "d" * 32)]),
        (r"[url:value = 'http://evil.example/it\'s']", [("url", "http://evil.example/it's")]),
        ("[ipv4-addr:value = '192.0.2.1' OR (domain-name:value = 'evil.example' AND url:value = 'http://x.example/')]",
         [("ip", "192.0.2.1")]),
    ],
)  # fmt: skip
def test_patterns_by_value(pattern: str, expected: list[tuple[str, str]]) -> None:
    assert values(pattern)[0] == expected


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("[ipv4-addr:value = '192.0.2.1' AND domain-name:value = 'evil.example']", "must hold together"),
        ("[ipv4-addr:value = '192.0.2.1'] AND [domain-name:value = 'evil.example']", "seen together"),
        ("[ipv4-addr:value = '192.0.2.1'] FOLLOWEDBY [domain-name:value = 'evil.example']", "order of events"),
        ("[ipv4-addr:value = '192.0.2.1'] REPEATS 5 TIMES", "count"),
        ("[ipv4-addr:value = '192.0.2.1'] WITHIN 300 SECONDS", "span of time"),
        ("[url:value MATCHES '(a+)+$']", "regular expression"),
        ("[domain-name:value LIKE '%.evil.example']", "wildcard"),
        ("[ipv4-addr:value != '192.0.2.1']", "excluded"),
        ("[file:size > 100]", "by size"),
        ("[file:name = 'evil.exe']", "nothing that is looked up"),
        ("[windows-registry-key:key = 'x']", "nothing that is looked up"),
        ("[ipv4-addr:value = '192.0.2.1'", "ends too early"),
        ("nonsense", "does not fit"),
        ("[ipv4-addr:value = 'x\x00", "no part of a pattern"),
        ("(" * 5000 + "[ipv4-addr:value = '192.0.2.1']" + ")" * 5000, "nest deeper"),
        ("[" + " OR ".join(["ipv4-addr:value = '192.0.2.1'"] * 6000) + "]", "longer than|more than"),
    ],
)  # fmt: skip
def test_patterns_refused_with_the_reason(pattern: str, reason: str) -> None:
    with pytest.raises(Unmatchable, match=reason):
        values(pattern)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["[", "]", "(", ")", "a:b", "=", "'x'", "AND", "OR", "NOT", "IN", ",", "'", "\\", "MATCHES", " "]
        )
    )
)
def test_any_pattern_is_read_or_refused(parts: list[str]) -> None:
    try:
        values(" ".join(parts))
    except Unmatchable:
        return


def test_a_bundle_with_markings_and_what_it_indicates() -> None:
    bundle = {
        "type": "bundle", "id": "bundle--1", "objects": [
            {"type": "malware", "id": "malware--1", "name": "PlantWiper"},
            {"type": "marking-definition", "id": "marking-definition--7", "definition_type": "tlp", "definition": {"tlp": "red"}},
            indicator(1, "[domain-name:value = 'evil.example']", indicator_types=["malicious-activity"], confidence=88,
                      object_marking_refs=["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"],
                      kill_chain_phases=[{"kill_chain_name": "x", "phase_name": "command-and-control"}],
                      valid_until="2026-12-31T00:00:00Z"),
            indicator(2, "[ipv4-addr:value = '192.0.2.1']", revoked=True, object_marking_refs=["marking-definition--7"]),
            indicator(3, "rule x {}", pattern_type="yara", name="a yara rule"),
            {"type": "relationship", "relationship_type": "indicates", "source_ref": indicator(1, "")["id"],
             "target_ref": "malware--1"},
        ],
    }  # fmt: skip
    found, refused = both(bundle)
    first, second = found
    assert (first.name, first.confidence, first.tlp) == ("PlantWiper", 88, "amber")
    assert first.labels == ("malicious-activity", "command-and-control", "PlantWiper")
    assert first.valid_until == 1_798_675_200.0
    assert (second.revoked, second.tlp) == (True, "red")
    assert [(one.what, one.reason) for one in refused] == [("a yara rule", "a YARA rule looks into files")]


def test_given_bundles_are_read(corpus: Path) -> None:
    files = [
        path
        for name in ("stix21-examples", "stix2-python-testdata")
        for path in (corpus / "given" / name).rglob("*.json")
    ]
    if not files:
        pytest.skip("the corpus holds no STIX bundles")
    found: list[Indicator] = []
    refused: list[Refusal] = []
    for path in files:
        one, other = both(path.read_bytes(), "stix")
        found += one
        refused += other
    assert len(found) > 50
    assert {one.kind for one in found} >= {"ip", "domain", "hash"}
    assert all(one.reason for one in refused)
    assert len(refused) < len(found) / 5


# ---------------------------------------------------------------- MISP


def event(**more: Any) -> dict[str, Any]:
    return {
        "info": "某 APT 投递活动", "date": "2026-05-01", "uuid": "a",
        "Tag": [{"name": "tlp:green"}, {"name": 'misp-galaxy:tool="PlantRat"'}],
        "Attribute": [
            {"type": "ip-dst|port", "value": "198.51.100.7|443", "to_ids": True, "category": "Network activity", "uuid": "u1"},
            {"type": "domain|ip", "value": "evil.example|198.51.100.8", "to_ids": True, "Tag": [{"name": "tlp:red"}]},
            {"type": "filename|sha256", "value": "x.exe|" + "ab" * 32, "to_ids": True, "deleted": True},
            {"type": "comment", "value": "hello", "to_ids": True},
            {"type": "domain", "value": "good.example", "to_ids": False},
        ],
        "Object": [{"name": "file", "Attribute": [{"type": "md5", "value": "A" * 32, "to_ids": True}]}],
        **more,
    }  # fmt: skip


def test_a_misp_event() -> None:
    found, refused = both({"Event": event()})
    assert [(one.kind, one.value, one.tlp) for one in found] == [
        ("ip", "198.51.100.7", "green"), ("domain", "evil.example", "red"), ("ip", "198.51.100.8", "red"),
        ("hash", "ab" * 32, "green"), ("hash", "a" * 32, "green"),
    ]  # fmt: skip
    assert found[0].name == "某 APT 投递活动"
    assert "PlantRat" in found[0].labels
    assert found[3].revoked
    assert {one.reason for one in refused} == {
        "the attribute type 'comment' is nothing that is looked up by value",
        "its author does not want it matched (to_ids is off)",
    }
    assert len(both({"response": [{"Event": event()}, {"Event": event()}]})[0]) == 10
    assert both({"Event": event(Tag=[], distribution="0")})[0][0].tlp == "amber+strict"


# ---------------------------------------------------------------- hostile


def test_hostile_feeds_are_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 1_000_000)
    monkeypatch.setattr(reading, "MAX_JSON", 500_000)
    bomb = gzip.compress(b"\0" * 50_000_000)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.csv", b"1" * 50_000_000)
    two = io.BytesIO()
    with zipfile.ZipFile(two, "w") as file:
        file.writestr("a", b"1")
        file.writestr("b", b"1")
    for raw, word in (
        (b"", "empty"), (bomb, "larger than"), (archive.getvalue(), "larger than"), (two.getvalue(), "2 files"),
        (b"\x1f\x8bgarbage", "damaged"), (b"PK\x03\x04garbage", "damaged"), (b'[{"a": ' * 100_000, "larger|cannot be read"),
        (b"[" * 3000 + b"]" * 3000, "cannot be read"), (b"\xff\xfe\xff", "no text"), (b"{" + b" " * 600_000 + b"}", "larger than"),
        (b"\x00\x01\x02\x03" * 100, "no text"), (b'{"a": 1}', "no array"), (b'"text"', "no array|no column|cannot"),
    ):  # fmt: skip
        with pytest.raises(FeedError, match=word):
            list(read(raw, "json" if raw.startswith((b'"', b"{", b"[")) else "auto"))


def test_a_regular_expression_in_a_pattern_is_never_run() -> None:
    started = time.perf_counter()
    _, refused = both({"objects": [indicator(1, "[url:value MATCHES '^(([a-z])+.)+[A-Z]([a-z])+$']")]})
    assert "regular expression" in refused[0].reason
    assert time.perf_counter() - started < 5, "nothing waits on it"


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["type", "objects", "pattern", "Event", "Attribute", "value", "to_ids", "Tag", "id", "ip",
                             "Object"]), inner,
            max_size=5,
        ),
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(_json, st.sampled_from(["auto", "stix", "misp", "json"]))
def test_any_document_is_read_or_refused(raw: Any, form: Format) -> None:
    try:
        both(json.dumps(raw).encode(), form)
    except FeedError:
        return
