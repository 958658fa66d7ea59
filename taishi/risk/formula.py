"""From findings to an asset's risk: hazards that add, and a noisy-or that keeps the sum below one.

A hazard is −ln(1 − p) of a probability p, so adding hazards is combining independent probabilities: R = 1 − exp(−Σh) =
1 − ∏(1 − pᵢ). It is monotone in every finding, bounded by one, and shares of R by hazard add up exactly.
All functions are pure; times are in seconds; criticality is 0.2–1.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, expm1, log1p

from taishi.risk.weights import Weights

DAY = 86_400.0


def hazard_of(probability: float, weights: Weights) -> float:
    """−ln(1 − p), finite."""
    return -log1p(-min(weights.hazard["probability_cap"], max(0.0, probability)))


def vulnerability_hazard(
    weights: Weights, *, criticality: float, epss: float, known_exploited: bool, cvss: float, age: float
) -> float:
    """`epss` 0–1 (probability of exploitation within 30 days), `cvss` 0–10, `age` seconds since it was found."""
    chance = max(epss, weights.hazard["kev_floor"] if known_exploited else 0.0) * max(0.0, min(10.0, cvss)) / 10.0
    older = min(1.0, max(0.0, age) / (weights.hazard["age_days"] * DAY))
    return (
        weights.hazard["vulnerability"]
        * criticality
        * hazard_of(chance, weights)
        * (1.0 + weights.hazard["age_gain"] * older)
    )


def exposure_hazard(weights: Weights, *, criticality: float, protocol: str) -> float:
    """A protocol open to the Internet."""
    return weights.hazard["exposure"] * criticality * weights.of_protocol(protocol)


def incident_hazard(
    weights: Weights,
    *,
    criticality: float,
    severity: int,
    score: float,
    closed_for: float | None,
    acknowledged_after: float,
) -> float:
    """`score` is the incident's S (0–1), `closed_for` seconds since closure (None: open), `acknowledged_after` seconds
    from escalation to acknowledgement, or until now while nobody has acknowledged."""
    fading = 1.0 if closed_for is None else exp(-max(0.0, closed_for) / (weights.hazard["closed_days"] * DAY))
    late = max(0.0, acknowledged_after / weights.acknowledge_seconds(severity) - 1.0)
    urgency = 1.0 + weights.hazard["delay_gain"] * min(weights.hazard["delay_cap"], late)
    level = max(0, min(100, severity)) / 100.0
    return weights.hazard["incident"] * criticality * level * hazard_of(score, weights) * fading * urgency


def noisy_or(hazards: Sequence[float]) -> float:
    """R = 1 − exp(−Σh), in [0, 1]."""
    return -expm1(-sum(hazards))


def hazard_shares(hazards: Sequence[float]) -> list[float]:
    """Each hazard's share of the whole; they sum to one unless all are zero."""
    total = sum(hazards)
    return [hazard / total for hazard in hazards] if total > 0 else [0.0] * len(hazards)
