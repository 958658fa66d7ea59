"""The parameters of the risk index: one data file, read once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Weights:
    """See `weights.toml` for what each parameter means and why it has its value."""

    hazard: dict[str, float]
    rollup: dict[str, float]
    grade: dict[int, float]
    coverage: dict[str, float]
    acknowledge_hours: dict[str, float]
    protocol: dict[str, float]

    def acknowledge_seconds(self, severity: int) -> float:
        """Time to acknowledge an incident of this severity (0–100), seconds."""
        level = "critical" if severity >= 80 else "high" if severity >= 60 else "medium" if severity >= 40 else "low"
        return self.acknowledge_hours[level] * 3600.0

    def of_protocol(self, name: str) -> float:
        return self.protocol.get(name.lower(), self.protocol["other"])

    def of_level(self, level: int) -> float:
        return self.grade.get(level, self.grade[1])


@lru_cache(maxsize=1)
def weights() -> Weights:
    raw = tomllib.loads((Path(__file__).parent / "weights.toml").read_text("utf-8"))
    return Weights(
        hazard=raw["hazard"],
        rollup=raw["rollup"],
        grade={int(level): weight for level, weight in raw["grade"].items()},
        coverage=raw["coverage"],
        acknowledge_hours=raw["acknowledge_hours"],
        protocol=raw["protocol"],
    )
