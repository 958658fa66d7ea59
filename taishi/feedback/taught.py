"""What people taught, all together: suppressions, lessons of verdicts, sources that are still learning."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from taishi.feedback.parameters import parameters
from taishi.feedback.priors import Counts, Lessons, protected
from taishi.feedback.suppress import Matcher, Suppression


@dataclass(eq=False)
class Feedback:
    """`own`: enterprise → rule → [true, false, benign]; `everywhere` likewise without the enterprise."""

    fingerprint: list[Any] = field(default_factory=list)
    suppressions: list[Suppression] = field(default_factory=list)
    everywhere: dict[str, list[int]] = field(default_factory=dict)
    own: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    learning: list[str] = field(default_factory=list)

    @cached_property
    def matcher(self) -> Matcher:
        return Matcher.of(self.suppressions)

    @cached_property
    def lessons(self) -> Lessons:
        everywhere = {rule: Counts(*counts) for rule, counts in self.everywhere.items()}
        own = {
            enterprise: {rule: Counts(*counts) for rule, counts in rules.items()}
            for enterprise, rules in self.own.items()
        }
        return Lessons(everywhere, own)

    @cached_property
    def novices(self) -> frozenset[str]:
        """Sources that are still learning."""
        return frozenset(self.learning)

    def weigh(
        self, risk: float, enterprise_id: str, rules: dict[str, int], severity: int, outcome: str, *, novice: bool
    ) -> tuple[float, dict[str, Any]]:
        """(risk, the lesson as JSON). `novice`: only learning sources reported it, so being new proves nothing."""
        factor, told = self.lessons.weigh(enterprise_id, rules, severity, outcome)
        weighed = min(0.98, risk * factor)
        if novice and not protected(severity, outcome):
            weighed = min(weighed, parameters()["warm_up"]["cap"])
        return weighed, told


NOTHING = Feedback()
