"""The arithmetic of campaigns: rarity, decayed enterprises, hazard, similarity of technique sequences.

Monotone by construction: a further enterprise never lowers a hazard, a further one that merely met the value never
raises it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log1p, log10

from taishi.campaigns.parameters import Parameters

HOUR = 3600.0


def rarity(given: Parameters, background: int, enterprises: int) -> float:
    """0–1: 1 for a value that nobody else met, 0 for one that all did."""
    total = max(float(enterprises), given.rarity["min_enterprises"])
    return max(0.0, min(1.0, -log10((background + 1.0) / total) / log10(total)))


def kappa(given: Parameters, kind: str, attempt: bool) -> float:
    """How much sharing an indicator of this kind suggests."""
    return given.kind["ip_attempt"] if kind == "ip" and attempt else given.kind.get(kind, 0.0)


def effective(firsts: Sequence[tuple[float, float]], tau: float) -> float:
    """The most enterprises that were hit close together: max over t of Σ S·exp(−(t − tₑ)/τ), over (tₑ, S) with tₑ ≤ t.

    The maximum lies at one of the tₑ. What began together stays a campaign however long ago it was."""
    best = run = 0.0
    last: float | None = None
    for at, score in sorted(firsts):
        run = (run * exp(-(at - last) / tau) if last is not None else 0.0) + score
        last, best = at, max(best, run)
    return best


def hazard(given: Parameters, kind: str, attempt: bool, rare: float, enterprises: float) -> float:
    """rare · κ · max(0, E − 1)."""
    return rare * kappa(given, kind, attempt) * max(0.0, enterprises - 1.0)


def score(total: float) -> float:
    """C = 1 − exp(−h)."""
    return 1.0 - exp(-total)


def as_hazard(chance: float) -> float:
    return -log1p(-min(0.999, chance))


def parent(technique: str) -> str:
    return technique.partition(".")[0]


def common_steps(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence: techniques that both show in the same order (sub-techniques as their
    parents)."""
    left, right = [parent(t) for t in one], [parent(t) for t in other]
    row = [0] * (len(right) + 1)
    for technique in left:
        before = 0
        for place, against in enumerate(right, 1):
            kept = row[place]
            row[place] = before + 1 if technique == against else max(row[place], row[place - 1])
            before = kept
    return row[-1]


def similarity(one: Sequence[str], other: Sequence[str]) -> float:
    """Common steps over the longer sequence, 0–1."""
    longer = max(len(one), len(other))
    return common_steps(one, other) / longer if longer else 0.0
