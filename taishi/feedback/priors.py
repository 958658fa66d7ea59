"""What closed incidents teach about a rule: a bounded factor on the risk of its meta-alerts. Pure functions of counts.

Let t true positives and f false ones (benign ones count half) be the closed incidents that held a rule. Province-wide the
share of true ones is m = (a·c + t)/(a + t + f), a weak Beta prior around the centre c; at one enterprise with its own counts
p = (k·m + t_e)/(k + t_e + f_e): a Beta posterior shrunk towards the province. The factor is 1 at p = c, falls linearly to the
lower bound at 0 and rises to the upper at 1. So it is bounded, monotone in every verdict, independent of their order, and
taking a verdict back takes its effect back. A success or a critical is never lowered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taishi.feedback.parameters import parameters


@dataclass(frozen=True, slots=True)
class Counts:
    """Closed incidents with a rule, by verdict."""

    true: int = 0
    false: int = 0
    benign: int = 0

    @property
    def judged(self) -> int:
        return self.true + self.false + self.benign

    @property
    def against(self) -> float:
        return self.false + parameters()["priors"]["benign"] * self.benign

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.true + other.true, self.false + other.false, self.benign + other.benign)


NOTHING = Counts()


def true_share(own: Counts, everywhere: Counts) -> float:
    """Posterior mean of the share of true positives, 0–1; `everywhere` includes `own`."""
    given = parameters()["priors"]
    mean = (given["weak"] * given["centre"] + everywhere.true) / (given["weak"] + everywhere.true + everywhere.against)
    return (given["shrink"] * mean + own.true) / (given["shrink"] + own.true + own.against)


def factor(own: Counts, everywhere: Counts) -> float:
    """On a meta-alert's risk, within [lowest, highest]; exactly 1 where nobody judged."""
    if not everywhere.judged and not own.judged:
        return 1.0
    given = parameters()["priors"]
    share, centre = true_share(own, everywhere), given["centre"]
    if share <= centre:
        return given["lowest"] + (1.0 - given["lowest"]) * share / centre
    return 1.0 + (given["highest"] - 1.0) * (share - centre) / (1.0 - centre)


def protected(severity: int, outcome: str) -> bool:
    """What no lesson and no learning period lowers."""
    return outcome == "success" or severity >= parameters()["suppression"]["critical"]


@dataclass(slots=True)
class Lessons:
    """Verdict counts by rule, of the province and of enterprises."""

    everywhere: Mapping[str, Counts]
    own: Mapping[str, Mapping[str, Counts]]

    def of(self, enterprise_id: str, rule: str) -> tuple[Counts, Counts]:
        own = self.own.get(enterprise_id, {}).get(rule, NOTHING)
        return own, self.everywhere.get(rule, NOTHING)

    def weigh(
        self, enterprise_id: str, rules: Mapping[str, int], severity: int, outcome: str
    ) -> tuple[float, dict[str, Any]]:
        """(factor, what it rests on as JSON) of a meta-alert with these rules. The kindest rule decides, so that one noisy
        rule cannot quieten what another reports; empty where nothing was learned."""
        if not self.everywhere or not rules:
            return 1.0, {}
        best, told = 0.0, {}
        for rule in sorted(rules):
            own, everywhere = self.of(enterprise_id, rule)
            found = factor(own, everywhere)
            if found > best:
                counts = own if own.judged else everywhere
                best, told = found, {
                    "rule": rule, "factor": round(found, 4), "here": bool(own.judged), "judged": counts.judged,
                    "true": counts.true, "false": counts.false, "benign": counts.benign,
                }  # fmt: skip
        if best == 1.0 or (best < 1.0 and protected(severity, outcome)):
            return 1.0, {}
        return best, told


def explain(told: Mapping[str, Any]) -> tuple[str, str]:
    """The lesson in words, Chinese and English; two empty texts for none."""
    if not told:
        return "", ""
    raised = told["factor"] > 1
    effect_zh, effect_en = ("风险上调", "risk raised") if raised else ("风险下调", "risk lowered")
    if not told["here"]:  # how often other enterprises had it is theirs
        zh = f"规则“{told['rule']}”在全省的研判结论：{effect_zh}，×{told['factor']:.2f}"
        return zh, f"verdicts on the rule “{told['rule']}” in the province: {effect_en}, ×{told['factor']:.2f}"
    number, kind_zh, kind_en = (
        (told["true"], "真实攻击", "a true positive")
        if raised
        else (told["false"] + told["benign"], "误报或良性", "false or benign")
    )
    zh = (
        f"规则“{told['rule']}”在本企业已关闭的 {told['judged']} 起事件中有 {number} 起判为{kind_zh}："
        f"{effect_zh}，×{told['factor']:.2f}"
    )
    en = (
        f"{number} of {told['judged']} closed incidents with the rule “{told['rule']}” here were {kind_en}: "
        f"{effect_en}, ×{told['factor']:.2f}"
    )
    return zh, en
