"""Every benchmark runs and gives ratios; how fast it was is nobody's business here."""

from __future__ import annotations

import importlib

import pytest

from bench.__main__ import SUITES


@pytest.mark.slow
@pytest.mark.parametrize("name", SUITES)
def test_a_benchmark_measures_at_two_sizes(name: str) -> None:
    rows = importlib.import_module(SUITES[name][0]).run(1500)
    figures = [value for row in rows for key, value in row.items() if "ratio" in key]
    assert figures
    assert all(value > 0 for value in figures)
    if name in {"stages", "correlation", "stream", "end_to_end"}:
        assert len({row["events"] for row in rows}) == 2
