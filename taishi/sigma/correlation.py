"""Correlation rules: matches of other rules over event time, per group, with bounded and counted state.

Meaning (Sigma correlation specification 2.1, and where it leaves room): a match belongs to the group that its group-by
values name; a match that lacks one of them belongs to none. The window ends at the newest match of the group, so that
late matches count where they belong and replaying gives the same. A correlation fires when its condition becomes true
and then not again for the same group until its timespan has passed in event time.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from taishi.event import Event
from taishi.sigma import values
from taishi.sigma.rule import Correlation

MAX_WINDOW: Final = 2_000
"""Matches of one group kept inside its window where all of them matter: sums, averages, percentiles and orders."""
MAX_GROUPS: Final = 2_000
"""Groups of one correlation and enterprise; the one silent for longest goes first."""

COUNTING: Final = frozenset({"event_count", "value_count", "temporal", "temporal_ordered"})

Seen = list[Any]
"""[event time, event id, rule id, value]"""


@dataclass(slots=True)
class Group:
    """One group's matches in order of time, and when it last fired."""

    seen: list[Seen] = field(default_factory=list)
    fired: float = -math.inf


@dataclass(slots=True)
class Memory:
    """What an enterprise's correlations remember: rule → group → matches. `evicted` counts what bounds took away."""

    groups: dict[str, dict[str, Group]] = field(default_factory=dict)
    evicted: int = 0

    def dump(self) -> dict[str, Any]:
        return {
            "evicted": self.evicted,
            "groups": {
                rule: {key: [one.seen, one.fired if math.isfinite(one.fired) else None] for key, one in groups.items()}
                for rule, groups in self.groups.items()
                if groups
            },
        }

    @classmethod
    def load(cls, raw: Mapping[str, Any]) -> Memory:
        groups = {
            rule: {key: Group(seen, -math.inf if fired is None else fired) for key, (seen, fired) in known.items()}
            for rule, known in raw["groups"].items()
        }
        return cls(groups, raw["evicted"])


@dataclass(frozen=True, slots=True)
class Fired:
    """A correlation whose condition became true: the matches that made it, and the number compared."""

    rule: Correlation
    seen: list[Seen]
    value: float
    group: dict[str, str]


def trouble(rule: Correlation) -> str:
    """Why a correlation cannot be evaluated, or ""."""
    if rule.kind not in _MEASURES and not rule.kind.startswith("temporal"):
        return f"correlations of type {rule.kind} are not supported"
    if rule.kind in COUNTING and rule.op in {"lt", "lte", "neq"}:
        return f"{rule.kind} with `{rule.op}` asks for what did not happen, which no event tells"
    if rule.expression is not None and _negates(rule.expression):
        return "its condition asks for a rule that did not match, which no event tells"
    if not rule.rules:
        return "it names no rules"
    return ""


def _negates(expression: Any) -> bool:
    return isinstance(expression, list) and (expression[0] == "not" or any(_negates(part) for part in expression[1:]))


Mapped = Callable[[str, str], tuple[str, ...]]
"""(id of the matching rule, its field name) → our fields."""


class Correlator:
    """All correlation rules of one set."""

    def __init__(self, rules: Sequence[Correlation], mapped: Mapped) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self._listeners: dict[str, list[Correlation]] = {}
        for rule in rules:
            for name in rule.rules:
                self._listeners.setdefault(name, []).append(rule)
        self._mapped = mapped

    def listens_to(self, rule_id: str) -> bool:
        return rule_id in self._listeners

    def observe(self, memory: Memory, rule_id: str, event: Event, at: float) -> list[Fired]:
        """A rule matched an event at event time `at`: what fires now. Correlations of correlations fire in turn."""
        fired: list[Fired] = []
        waiting, known = [(rule_id, rule_id)], {rule_id}
        while waiting:
            name, base = waiting.pop(0)
            for rule in self._listeners.get(name, ()):
                found = self._one(memory, rule, name, base, event, at)
                if found is not None:
                    fired.append(found)
                    if rule.id not in known:
                        known.add(rule.id)
                        waiting.append((rule.id, base))
        return fired

    def _one(self, memory: Memory, rule: Correlation, name: str, base: str, event: Event, at: float) -> Fired | None:
        exact = values.Exact(event)
        key = self._texts(rule, name, base, rule.group_by, exact)
        if any(text is None for text in key):
            return None
        measured: Any = None
        if rule.fields:
            texts = self._texts(rule, name, base, rule.fields, exact)
            if any(text is None for text in texts):
                return None
            measured = "\x1f".join(str(text) for text in texts)
            if rule.kind != "value_count" and values.number(measured) is None:
                return None
        group = _group(memory, rule, "\x1f".join(str(text) for text in key))
        newest = group.seen[-1][0] if group.seen else at
        if at <= newest - rule.timespan:
            return None
        insort(group.seen, [at, str(event.get("event.id", "")), name, measured], key=lambda one: one[0])
        newest = max(newest, at)
        while group.seen[0][0] <= newest - rule.timespan:
            group.seen.pop(0)
        memory.evicted += _trim(rule, group)
        if at < group.fired + rule.timespan:
            return None
        value = _measure(rule, group.seen)
        if value is None or not values.compare(rule.op, rule.threshold)(repr(value)):
            return None
        group.fired = at
        return Fired(rule, list(group.seen), value, dict(zip(rule.group_by, map(str, key), strict=True)))

    def _texts(
        self, rule: Correlation, name: str, base: str, fields: Sequence[str], exact: values.Exact
    ) -> list[str | None]:
        found: list[str | None] = []
        for alias in fields:
            own = rule.aliases.get(alias, {}).get(name, alias)
            value = exact[self._mapped(base, own)]
            found.append(value if type(value) is str else next(iter(value), None))
        return found


def _trim(rule: Correlation, group: Group) -> int:
    """Forget what the condition cannot need: of counts all but the newest that reach the threshold, of values and rules
    all but the newest of each. Returns how many were lost that it might have needed."""
    newest = group.seen
    if rule.kind in {"value_count", "temporal"}:
        index = 3 if rule.kind == "value_count" else 2
        group.seen = newest = sorted({one[index]: one for one in newest}.values(), key=lambda one: one[0])
    if rule.kind in {"event_count", "value_count"}:
        del newest[: -(math.ceil(rule.threshold) + 1)]
        return 0
    lost = max(0, len(newest) - MAX_WINDOW)
    del newest[:lost]
    return lost


def _group(memory: Memory, rule: Correlation, key: str) -> Group:
    groups = memory.groups.setdefault(rule.id, {})
    group = groups.pop(key, None)
    if group is None:
        group = Group()
        if len(groups) >= MAX_GROUPS:
            groups.pop(next(iter(groups)))
            memory.evicted += 1
    groups[key] = group  # to the end: the first is the one silent for longest
    return group


def _measure(rule: Correlation, seen: list[Seen]) -> float | None:
    """What the threshold is compared with; None where the condition cannot hold."""
    if not rule.kind.startswith("temporal"):
        return _MEASURES[rule.kind](rule, seen)
    names = {one[2] for one in seen}
    if rule.expression is not None:
        return rule.threshold if _true(rule.expression, names) else None
    if rule.kind == "temporal_ordered":
        return rule.threshold if _in_order(rule.rules, seen) else None
    return rule.threshold if names.issuperset(rule.rules) else None


def _true(expression: Any, names: set[str]) -> bool:
    if isinstance(expression, str):
        return expression in names
    results = (_true(part, names) for part in expression[1:])
    return all(results) if expression[0] == "and" else any(results)


def _in_order(rules: Sequence[str], seen: list[Seen]) -> bool:
    """Whether the rules matched one after another, in their order."""
    at = 0
    for one in seen:
        if at < len(rules) and one[2] == rules[at]:
            at += 1
    return at == len(rules)


def _percentile(rule: Correlation, seen: list[Seen]) -> float:
    """Nearest rank, the definition without interpolation."""
    numbers = sorted(_numbers(seen))
    return numbers[max(0, math.ceil(rule.percentile / 100.0 * len(numbers)) - 1)]


def _numbers(seen: list[Seen]) -> list[float]:
    return [number for one in seen if (number := values.number(one[3])) is not None]


_MEASURES: Final[dict[str, Callable[[Correlation, list[Seen]], float]]] = {
    "event_count": lambda _, seen: float(len(seen)),
    "value_count": lambda _, seen: float(len({one[3] for one in seen})),
    "value_sum": lambda _, seen: math.fsum(_numbers(seen)),
    "value_avg": lambda _, seen: math.fsum(_numbers(seen)) / len(seen),
    "value_percentile": _percentile,
}
