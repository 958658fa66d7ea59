"""Times, identities, batches and settings: what everything else stands on."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from taishi import clock
from taishi.demo import demo_settings, environment_of
from taishi.event import Batch, Quarantined, decode_batch, delivery_id, encode_batch, event_id
from taishi.settings import Settings


@given(st.integers(0, 4_000_000_000_000))
def test_a_time_survives_its_text_to_the_millisecond(millis: int) -> None:
    text = clock.to_text(millis / 1000)
    assert round(clock.to_seconds(text) * 1000) == millis
    assert len(text) == len("2026-01-01T00:00:00.000Z")


@given(st.lists(st.integers(0, 4_000_000_000_000), min_size=2, max_size=2))
def test_times_compare_as_text(two: list[int]) -> None:
    one, other = (clock.to_text(millis / 1000) for millis in two)
    assert (one < other) == (two[0] < two[1])


@given(st.text(), st.lists(st.text() | st.integers(), max_size=3))
def test_a_delivery_keeps_its_identity(source: str, parts: list[str | int]) -> None:
    assert delivery_id(source, *parts) == delivery_id(source, *parts)
    assert delivery_id(source, *parts) != delivery_id(source, *parts, "more")
    assert event_id(delivery_id(source), 3).endswith("-3")


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(TEXT, TEXT, st.dictionaries(TEXT, TEXT | st.integers(-(2**53), 2**53) | st.lists(TEXT, max_size=3), max_size=5))
def test_a_batch_survives_the_stream(source: str, original: str, event: dict[str, object]) -> None:
    batch = Batch(source, "e", "d", 1.5, 3, [event], [Quarantined(1, original, "why", "p")], suppressed=1)
    assert decode_batch(encode_batch(batch)) == batch


VALUE = st.text() | st.integers() | st.none() | st.lists(st.text() | st.integers() | st.none(), max_size=3)


@given(st.lists(st.dictionaries(st.text(max_size=8), VALUE, max_size=5), min_size=1, max_size=4))
def test_what_json_cannot_carry_costs_only_itself(events: list[dict[str, object]]) -> None:
    events.append({"rule.name": "kept", "halves": "a\ud800b\U0001f600", "large": 2**70, "some": [1, 2**64, None]})
    batch = Batch("s", "e", "d", 1.0, len(events), list(events), [Quarantined(0, "\udfff", "why", "p")])
    decoded = decode_batch(encode_batch(batch))
    assert len(decoded.events) == len(events)
    assert decoded.events[-1] == {"rule.name": "kept", "halves": "a\ufffdb\U0001f600", "some": [1, None]}
    assert decoded.quarantined[0].original == "\ufffd"
    for sent, got in zip(events, decoded.events, strict=True):
        for name, value in sent.items():
            if isinstance(value, int) and abs(value) < 2**63 and name.isascii():
                assert got[name] == value


@given(st.binary(max_size=80))
def test_what_is_no_batch_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  orjson's and ours are of this kind
        decode_batch(data)


def test_settings_come_from_file_and_environment_and_refuse_what_they_do_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "t.toml"
    file.write_text('region = "120000"\n[syslog]\ntcp_port = 1514\n[[follow]]\npath = "/x"\nsource = "s"\n')
    monkeypatch.setenv("TAISHI_CONFIG", str(file))
    monkeypatch.setenv("TAISHI_SYSLOG__UDP_PORT", "off")
    settings = Settings()
    assert (settings.region, settings.syslog.tcp_port, settings.syslog.udp_port) == ("120000", 1514, None)
    assert settings.follow[0].source == "s"
    file.write_text("regoin = 1\n")
    with pytest.raises(ValidationError, match="regoin"):
        Settings()


def test_a_demo_has_its_own_folder_and_ports_that_are_free(tmp_path: Path) -> None:
    given_settings = Settings(data_dir=tmp_path)
    found = demo_settings(given_settings, "120000")
    assert found.data_dir == tmp_path / "demo-120000"
    assert len({found.api.port, found.http.port, found.syslog.tcp_port}) == 3
    assert environment_of(found)["TAISHI_REGION"] == "120000"
