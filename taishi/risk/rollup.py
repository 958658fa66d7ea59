"""From assets to enterprise, park, county, city, province, industry: weighted power means with exact shares.

R = (Σ w·Rᵖ / Σ w)^(1/p). With p = 4 one burning plant among many stays visible (noisy-or would saturate, a mean would
hide it). A group whose weight is the sum of its members' weights rolls up further to the same number as its members
would directly. Child i contributes R · wᵢRᵢᵖ / Σ wⱼRⱼᵖ: the Euler (Aumann–Shapley) share, additive and exact, though
not the Shapley value of each child. Adding a child of low risk lowers a power mean: children therefore come from the
inventory, never from who reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Child:
    """`weight` ≥ 0; `risk` in [0, 1]."""

    weight: float
    risk: float


def power_mean(children: Sequence[Child], power: float) -> float:
    """In [min, max] of the children's risks; 0 without children of positive weight."""
    top = max((child.risk for child in children if child.weight > 0), default=0.0)
    total = sum(child.weight for child in children)
    if top <= 0.0 or total <= 0.0:
        return 0.0
    # Scaled by the largest, so that tiny risks do not vanish in the power.
    mean = sum(child.weight * (child.risk / top) ** power for child in children) / total
    return float(top * mean ** (1.0 / power))


def contributions(children: Sequence[Child], power: float) -> list[float]:
    """What each child adds to the mean; they sum to it."""
    top = max((child.risk for child in children if child.weight > 0), default=0.0)
    if top <= 0.0:
        return [0.0] * len(children)
    terms = [child.weight * (child.risk / top) ** power for child in children]
    mean, total = power_mean(children, power), sum(terms)
    return [mean * term / total for term in terms]
