"""How surprising a count is: the mid-p of a negative binomial as a normal deviate.

Source: expectation-based negative-binomial residuals for surveillance counts, mid-p after Lancaster (1961); the normal
quantile after Wichura's AS 241, in the standard library.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, log, log1p, sqrt
from statistics import NormalDist

_NORMAL = NormalDist()
TERMS = 2000
"""Terms of the distribution that are added up; beyond them the count is far out anyway."""


def deviate(count: int, mean: float, size: float, least: float, most: float) -> float:
    """z = Φ⁻¹(P(X < c) + ½·P(X = c)) for X negative binomial with that mean and variance mean + mean²/size, within bounds.

    `mean` > 0, `size` > 0. O(count) for the first of its kind.
    """
    return _deviate(count, float(f"{mean:.3g}"), float(f"{size:.3g}"), least, most)


@lru_cache(maxsize=200_000)
def _deviate(count: int, mean: float, size: float, least: float, most: float) -> float:
    if count > TERMS:
        return most if count > mean else least
    # P(0) = (size / (size + mean))^size;  P(x+1)/P(x) = (x + size)/(x + 1) · mean/(size + mean)
    ratio = mean / (size + mean)
    probability = exp(-size * log1p(mean / size))
    if probability == 0.0:
        return _far(count, mean, size, least, most)
    above = 1.0
    for x in range(count):
        above -= probability
        probability *= (x + size) / (x + 1) * ratio
    upper = above - 0.5 * probability
    if upper < 1e-6:  # what is left after so many subtractions is rounding: add the tail up itself
        upper = _tail(count, mean, size)
    return max(least, min(most, -_NORMAL.inv_cdf(min(1 - 1e-12, max(1e-12, upper)))))


def _tail(count: int, mean: float, size: float) -> float:
    """P(X > c) + ½·P(X = c)."""
    ratio = mean / (size + mean)
    term = exp(lgamma(count + size) - lgamma(size) - lgamma(count + 1) - size * log1p(mean / size) + count * log(ratio))
    total = 0.5 * term
    for x in range(count, count + TERMS):
        term *= (x + size) / (x + 1) * ratio
        total += term
        if term < total * 1e-9:
            break
    return total


def _far(count: int, mean: float, size: float, least: float, most: float) -> float:
    """For means so large that P(0) vanishes: the normal of the same mean and variance."""
    return max(least, min(most, (count - mean) / sqrt(mean + mean * mean / size)))
