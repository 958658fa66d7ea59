"""The figures of scenarios in their variants, for `taishi.evaluate.sensitivity`: apart, because it imports the stages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from taishi.evaluate.measures import figures
from taishi.evaluate.play import play
from taishi.evaluate.readers import alert_table, files_below, is_alert_table
from taishi.evaluate.variants import FIXED, vary


def rows(data: Path, variants: tuple[str, ...], seeds: int) -> dict[str, list[dict[str, Any]]]:
    """Variant → one row of figures a play, with `found` 1 or 0. Only AIT-ADS tables are varied: they have labels."""
    scenarios = [alert_table(path) for path in files_below(data) if is_alert_table(path)]
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in variants}
    for name in variants:
        for seed in range(1 if name in FIXED else seeds):
            for scenario in vary(name, scenarios, seed):
                row = figures(scenario, play(scenario)).row()
                found[name].append({**row, "found": float(bool(row["attack_found"]))})
    return found
