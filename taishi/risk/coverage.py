"""How much of the truth was heard, and the interval that follows from it.

A silent sensor is not a safe plant: risk is reported as [low, mid, high], which opens as coverage falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from taishi.risk.weights import Weights


@dataclass(frozen=True, slots=True)
class Interval:
    """`mid` = R where coverage is whole or R is above the prior; `unseen` is what the prior adds to it."""

    low: float
    mid: float
    high: float
    coverage: float
    insufficient: bool
    unseen: float


def heard(weights: Weights, *, last_seen: float | None, period: float, at: float) -> float:
    """Confidence in one source, 0–1: 1 within its expected period, then fading; 0 if it was never heard."""
    if last_seen is None:
        return 0.0
    period = max(1.0, period)
    silence = max(0.0, at - last_seen - weights.coverage["grace_periods"] * period)
    return exp(-silence / (weights.coverage["decay_periods"] * period))


def mean(parts: Sequence[tuple[float, float]]) -> float:
    """Σ w·q / Σ w over (weight, coverage); 0 where nothing is expected, because nothing can be heard."""
    total = sum(weight for weight, _ in parts)
    return sum(weight * coverage for weight, coverage in parts) / total if total > 0 else 0.0


def interval(weights: Weights, risk: float, coverage: float) -> Interval:
    """[q·R, q·R + (1 − q)·max(R, prior), q·R + (1 − q)]."""
    coverage = max(0.0, min(1.0, coverage))
    low = coverage * risk
    mid = low + (1.0 - coverage) * max(risk, weights.rollup["prior"])
    return Interval(
        low=low,
        mid=mid,
        high=low + (1.0 - coverage),
        coverage=coverage,
        insufficient=coverage < weights.rollup["insufficient"],
        unseen=max(0.0, mid - risk),
    )
