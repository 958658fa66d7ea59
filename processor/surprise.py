"""How unusual a meta-alert is, and what it is worth: pure functions of counts and times.

λ = openings per hour of observation, decayed over 48 h; p = 1 − exp(−(λ + 1/168)) is the chance of at least one opening
in an hour (Gamma-Poisson with one opening a week as prior); rarity ρ = clip(−log₁₀ p / 2.2); volume v compares the
count with what is typical. Surprise is the larger; risk r = severity · (0.15 + 0.85 · surprise).
"""

from __future__ import annotations

from math import exp, log10

from processor.parameters import number

BASE_MEMORY = number("surprise.memory")
"""Time constant of the baselines, seconds."""

PRIOR = 1.0 / number("surprise.prior")
RARE = number("surprise.rare")
PAIR = number("surprise.pair")
LOUDER = number("surprise.louder")
LOUDEST = number("surprise.loudest")
FLOOR = number("risk.floor")
WARM = number("risk.warm")
"""Seconds until which nothing is known to be rare: low severities cannot weigh more than `WARM_CAP`."""

WARM_CAP = number("risk.warm_cap")
STATED = number("risk.stated")
CRITICAL = number("risk.critical")
SUCCEEDED = number("risk.succeeded")
HIGH = number("risk.high")
UNPROVEN = number("risk.unproven")
FAILED = number("risk.failed")
MOST = number("risk.most")


def clip(value: float) -> float:
    return 0.0 if value <= 0.0 else min(value, 1.0)


def opening_probability(decayed: float, observed: float) -> float:
    """`decayed` former openings, `observed` seconds since the first event; the chance of an opening in an hour."""
    hours = max(1.0, min(BASE_MEMORY, observed) / 3600.0)
    return 1.0 - exp(-(decayed / hours + PRIOR))


def rarity(probability: float) -> float:
    return clip(-log10(max(1e-12, probability)) / RARE)


def surprise_of(own: float, behaviour: float) -> float:
    """A new pair of hosts is no surprise where the behaviour itself is everyday business of the enterprise; both
    arguments are opening probabilities."""
    return rarity(own) * (PAIR + (1.0 - PAIR) * rarity(behaviour))


def volume(count: int, typical: float) -> float:
    """0 while nothing typical is known: being the first is rarity's business."""
    return clip(log10(count / (LOUDER * typical)) / LOUDEST) if typical > 0 else 0.0


def severity_of(prior: float, severity: int, outcome: str, *, external: bool, stage: int) -> float:
    """0–1: half the behaviour's prior, half the product's word; not below a product's "critical" unless blocked: a
    scan stays a scan however loudly a product reports it."""
    level = (1.0 - STATED) * prior + STATED * severity / 100.0
    if severity >= CRITICAL and stage > 0:
        level = max(level, severity / 100.0)
    if outcome == "success":
        return min(MOST, level * SUCCEEDED)
    if outcome == "failure":
        return level * FAILED
    return level * UNPROVEN if external and stage <= 1 else level


def meta_risk(
    prior: float, severity: int, outcome: str, surprise: float, *, external: bool, stage: int, warming: bool
) -> float:
    """r in [0, MOST]."""
    level = severity_of(prior, severity, outcome, external=external, stage=stage)
    risk = level * (FLOOR + (1.0 - FLOOR) * surprise)
    return min(risk, WARM_CAP) if warming and severity < HIGH and outcome != "success" else min(MOST, risk)
