"""How unusual a meta-alert is, and what it is worth: pure functions of counts and times.

λ = openings per hour of observation, decayed over 48 h; p = 1 − exp(−(λ + 1/168)) is the chance of at least one opening
in an hour (Gamma-Poisson with one opening a week as prior); rarity ρ = clip(−log₁₀ p / 2.2); volume v compares the
count with what is typical. Surprise is the larger; risk r = severity · (0.15 + 0.85 · surprise).
"""

from __future__ import annotations

from math import exp, log10

BASE_MEMORY = 48 * 3600.0
"""Time constant of the baselines, seconds."""

WARM_CAP = 0.2
"""Until a day has been observed nothing is known to be rare: low severities cannot weigh more than this."""

UNPROVEN = 0.75
"""An attempt from outside whose outcome nobody reported: the Internet makes many."""

FAILED = 0.5
"""An attempt that was blocked."""


def clip(value: float) -> float:
    return 0.0 if value <= 0.0 else min(value, 1.0)


def opening_probability(decayed: float, observed: float) -> float:
    """`decayed` former openings, `observed` seconds since the first event; the chance of an opening in an hour."""
    hours = max(1.0, min(BASE_MEMORY, observed) / 3600.0)
    return 1.0 - exp(-(decayed / hours + 1.0 / 168.0))


def rarity(probability: float) -> float:
    return clip(-log10(max(1e-12, probability)) / 2.2)


def surprise_of(own: float, behaviour: float) -> float:
    """A new pair of hosts is no surprise where the behaviour itself is everyday business of the enterprise; both
    arguments are opening probabilities."""
    return rarity(own) * (0.2 + 0.8 * rarity(behaviour))


def volume(count: int, typical: float) -> float:
    """0 while nothing typical is known: being the first is rarity's business."""
    return clip(log10(count / (4.0 * typical)) / 2.0) if typical > 0 else 0.0


def severity_of(prior: float, severity: int, outcome: str, *, external: bool, stage: int) -> float:
    """0–1: half the behaviour's prior, half the product's word; not below a product's "critical" unless blocked: a
    scan stays a scan however loudly a product reports it."""
    level = 0.5 * prior + 0.5 * severity / 100.0
    if severity >= 80 and stage > 0:
        level = max(level, severity / 100.0)
    if outcome == "success":
        return min(0.98, level * 1.2)
    if outcome == "failure":
        return level * FAILED
    return level * UNPROVEN if external and stage <= 1 else level


def meta_risk(
    prior: float, severity: int, outcome: str, surprise: float, *, external: bool, stage: int, warming: bool
) -> float:
    """r in [0, 0.98]."""
    level = severity_of(prior, severity, outcome, external=external, stage=stage)
    risk = level * (0.15 + 0.85 * surprise)
    return min(risk, WARM_CAP) if warming and severity < 60 and outcome != "success" else min(0.98, risk)
