"""One spelling for every value: defanged, shouted, international; and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taishi.intel.policy import purpose_of, raised, rows
from taishi.intel.values import KINDS, BadValue, Kind, guess, normalise
from taishi.intel.warned import warned


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("ip", "192[.]0[.]2[.]7", "192.0.2.7"),
        ("ip", "::ffff:192.0.2.7", "192.0.2.7"),
        ("ip", "2001:DB8::0001", "2001:db8::1"),
        ("cidr", "198.51.100.77/24", "198.51.100.0/24"),
        ("domain", "EVIL[.]Example.", "evil.example"),
        ("domain", "*.evil.example", "evil.example"),
        ("domain", "恶意.example", "xn--5bu4m.example"),
        ("domain", "evil。example", "evil.example"),
        ("url", "hxxps://Evil[.]example:443/A/b?x=1#top", "https://evil.example/A/b?x=1"),
        ("url", "hXXp[:]//evil.example", "http://evil.example/"),
        ("url", "hxxp[://]evil[.]example/%2e%2f", "http://evil.example/%2E%2F"),
        ("hash", "AA:" * 15 + "AA", "aa" * 16),
        ("hash", "SHA256:" + "0F" * 32, "0f" * 32),
        ("certificate", "AB:" * 19 + "AB", "ab" * 20),
        ("serial", "0x00DEADBEEF01", "deadbeef01"),
        ("email", "Boss[at]Evil(dot)example", "boss@evil.example"),
        ("ja4", "T13D1516H2_8DAAF6152771_B186095E22B6", "t13d1516h2_8daaf6152771_b186095e22b6"),
    ],
)
def test_spellings(kind: Kind, written: str, value: str) -> None:
    assert normalise(kind, written) == value
    assert normalise(kind, value) == value, "normalising again changes nothing"


@pytest.mark.parametrize(
    ("kind", "written", "word"),
    [
        ("ip", "300.1.1.1", "no IP"), ("cidr", "10.0.0.0/4", "broader"), ("domain", "com", "top-level"),
        ("domain", "a..b", "no domain"), ("domain", "1.2.3.4", "number"), ("hash", "abcd", "no MD5"), ("serial", "01", "repeat"),
        ("url", "http://", "without host"), ("url", "http://[::1", "no URL"), ("url", "x" * 3000, "longer"),
        ("email", "nobody", "no e-mail"), ("ja3", "zz", "JA3"), ("domain", "", "empty"),
    ],
)  # fmt: skip
def test_refusals_say_why(kind: Kind, written: str, word: str) -> None:
    with pytest.raises(BadValue, match=word):
        normalise(kind, written)


@given(st.sampled_from(KINDS), st.text(max_size=80))
def test_any_text_is_a_value_or_refused(kind: Kind, text: str) -> None:
    try:
        value = normalise(kind, text)
    except BadValue:
        return
    assert normalise(kind, value) == value


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("192.0.2.1", "ip"), ("192.0.2.0/25", "cidr"), ("evil[.]example", "domain"), ("hxxp://evil.example/a", "url"),
        ("aa" * 32, "hash"), ("a@evil.example", "email"), ("evil.example/path", "url"),
    ],
)  # fmt: skip
def test_bare_values_are_recognised(text: str, kind: str) -> None:
    assert guess(text)[0] == kind


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("ip", "1.1.1.1", "resolvers"), ("ip", "10.1.2.3", "inside"), ("cidr", "8.8.0.0/16", "resolvers"),
        ("domain", "cdn.jsdelivr.net", "cdn"), ("domain", "evil.example", ""), ("url", "http://192.168.1.1/x", "inside"),
        ("url", "https://github.com/x/evil.exe", ""), ("hash", "d41d8cd98f00b204e9800998ecf8427e", "digests"),
        ("ip", "203.0.113.99", "own"),
    ],
)  # fmt: skip
def test_warning_lists(kind: Kind, value: str, reason: str) -> None:
    assert warned(kind, value, frozenset({"203.0.113.99"})) == reason


def test_purposes_and_the_table_of_alerts() -> None:
    assert purpose_of(["malicious-activity", "C2"], "") == "c2"
    assert purpose_of([], "某远控木马回连地址") == "c2"
    assert purpose_of(["TOR"], "") == "anonymizer"
    assert purpose_of(["tornado"], "") == ""
    found = raised("c2", "out", 50)
    assert found
    assert found.technique == "T1071"
    assert raised("c2", "out", 39) is None
    assert raised("scanner", "in", 100) is None, "who only knocks raises nothing"
    assert raised("sinkhole", "out", 100) is None
    for row in rows():
        assert row.reason_zh, "every row says why"
        assert row.reason_en
