"""Sizing: more load never needs less, nothing vanishes in the sums, and the page is what the code computes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taishi import sizing
from taishi.errors import ConfigError
from taishi.settings import Settings
from taishi.sizing import EXAMPLES, Load, as_json, report, size

ROOT = Path(__file__).resolve().parents[2]

loads = st.builds(
    Load,
    enterprises=st.integers(1, 500_000),
    events_per_second=st.floats(0.001, 2e6),
    peak_factor=st.floats(1, 20),
    line_bytes=st.floats(40, 20_000),
    alert_share=st.floats(0, 1),
    events_days=st.integers(1, 1000),
    alerts_days=st.integers(1, 1000),
    stream_days=st.floats(0, 30),
    replicas=st.integers(0, 3),
    stream_replication=st.integers(1, 5),
    sources_per_enterprise=st.floats(0, 100),
    records_per_delivery=st.floats(1, 500),
)

GROWING = (
    "enterprises", "events_per_second", "peak_factor", "line_bytes", "events_days", "alerts_days", "stream_days",
    "replicas", "stream_replication", "sources_per_enterprise",
)  # fmt: skip


@given(loads, st.sampled_from(GROWING), st.floats(1, 100))
def test_more_load_never_needs_less(load: Load, name: str, factor: float) -> None:
    value = getattr(load, name)
    grown = replace(load, **{name: int(value * factor) if isinstance(value, int) else value * factor})
    small, large = size(load), size(grown)
    figures = {"cores", "disk_gb", "machines", "money", "partitions", "platforms", "shards", "kept_events"}
    if large.shape != small.shape and load.replicas == 0:
        figures -= {"disk_gb", "money"}  # Kafka compresses its log, the embedded stream does not
    for figure in sorted(figures):
        assert getattr(large, figure) >= getattr(small, figure) * (1 - 1e-9), figure
    if large.shape == small.shape:  # only Kafka compresses
        assert large.stream_in_bytes >= small.stream_in_bytes
    assert large.stream_network_bytes >= small.stream_network_bytes


@given(loads)
def test_there_is_always_a_machine_and_every_part_runs_somewhere(load: Load) -> None:
    sizing_ = size(load)
    assert sizing_.machines >= {"embedded": 1, "three": 3, "apart": 4}[sizing_.shape]
    assert all(part.processes >= 1 and part.cores > 0 and part.disk_gb >= 0 for part in sizing_.parts)
    assert sizing_.platforms >= 1
    assert sizing_.partitions >= next(part.processes for part in sizing_.parts if part.name == "process")
    if sizing_.shape == "apart":
        engines = {part.name: part.machines for part in sizing_.parts}
        assert min(engines["kafka"], engines["elasticsearch"]) >= 3
        assert engines["postgresql"] >= 2


@given(loads)
def test_sums_match_their_parts(load: Load) -> None:
    sizing_ = size(load)
    for figure in ("cores", "disk_gb", "machines", "money"):
        assert getattr(sizing_, figure) == pytest.approx(sum(getattr(part, figure) for part in sizing_.parts))
    prices = sizing.PRICES
    assert sizing_.money == pytest.approx(sizing_.cores * prices.core_month + sizing_.disk_gb * prices.gb_month)


@given(loads)
def test_the_report_and_the_data_can_be_made_of_any_load(load: Load) -> None:
    text = report(load)
    assert "together" in text
    assert max(map(len, text.splitlines())) < 160
    data = json.loads(json.dumps(as_json(load)))
    assert data["sizing"]["machines"] == size(load).machines
    assert data["load"]["enterprises"] == load.enterprises


def test_machines_hold_what_is_put_on_them() -> None:
    for _, load in EXAMPLES:
        for part in size(load).parts:
            if part.name in {"kafka", "elasticsearch", "postgresql"}:
                assert part.cores <= part.machines * sizing.MACHINE.cores
                assert part.disk_gb <= part.machines * sizing.MACHINE.disk_gb


def test_the_examples_by_hand() -> None:
    county, city, _, nation = (size(load) for _, load in EXAMPLES)
    assert county.shape == "embedded"
    # 50 events/s · 86,400 s · (0.65 · 180 + 0.35 · 365) days
    assert county.kept_events == pytest.approx(50 * 86_400 * 244.75)
    # 150 events/s at the peak · 170 µs / 0.6
    assert next(part.cores for part in county.parts if part.name == "process") == pytest.approx(0.0425)
    # 2,000 events/s · 86,400 s · 1,130 bytes = 195 GB a day, 40 GB a shard
    assert city.shards_per_day == 5
    assert nation.platforms > 1


@pytest.mark.parametrize(
    "wrong",
    [{"enterprises": 0}, {"events_per_second": -1.0}, {"peak_factor": 0.5}, {"alert_share": 1.5}, {"replicas": -1}],
)
def test_a_load_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        replace(Load(enterprises=10, events_per_second=10), **wrong)  # type: ignore[arg-type]


def test_defaults_agree_with_the_settings() -> None:
    load, settings = Load(enterprises=1, events_per_second=1), Settings.model_construct()
    assert (load.events_days, load.alerts_days) == (settings.store.events_days, settings.store.alerts_days)
    limits = type(settings.stream).model_json_schema()["properties"]["partitions"]
    assert limits["maximum"] == sizing.MOST_PARTITIONS
    assert limits["default"] == size(load).partitions


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "sizing.md").read_text("utf-8") == sizing.page(), "run `python -m taishi.sizing`"
