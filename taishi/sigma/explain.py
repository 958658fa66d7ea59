"""Why a rule matched an event: which values of which of our fields satisfied which of its tests.

Only tests that hold are named, and of a field with several values those that satisfied the test. What a rule asks to be
absent (`not`, `exists: false`) has no value to show and is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from taishi.event import Event
from taishi.sigma import expression, values
from taishi.sigma.rule import (
    ANY,
    And,
    Cidr,
    Compare,
    Exists,
    Match,
    Node,
    Not,
    Reference,
    Regex,
    Test,
    Text,
    TimePart,
)

MAX_REASONS: Final = 16
MAX_VALUE: Final = 256
MAX_VALUES: Final = 100
"""Values of one field that are looked at."""


@dataclass(frozen=True, slots=True)
class Reason:
    """`value` of our field satisfied a test. `op` and `operand` say it: equals, contains, startswith, endswith, like,
    regex, cidr, lt, lte, gt, gte, neq, exists, field, or a part of a time. `name` is the rule's own word for the field,
    "" for a keyword."""

    field: str
    value: str
    op: str
    operand: str
    name: str


@dataclass(slots=True)
class Explainer:
    """One rule's condition; keeps the compiled tests. `fields`: Sigma field name → ours."""

    condition: Node
    fields: expression.Fields
    _compiled: dict[tuple[Match, str], expression.Compiled] = field(default_factory=dict)

    def reasons(self, event: Event) -> list[Reason]:
        """Empty where the condition does not hold."""
        found: dict[Reason, None] = {}
        self._explain(self.condition, event, found)
        return list(found)[:MAX_REASONS]

    def fired_by(self, event: Event) -> dict[str, str]:
        """Our field → the first value of it that satisfied a test."""
        found: dict[str, str] = {}
        for reason in self.reasons(event):
            found.setdefault(reason.field, reason.value)
        return found

    def _explain(self, node: Node, event: Event, found: dict[Reason, None]) -> bool:
        if isinstance(node, Match):
            return self._match(node, event, found)
        if isinstance(node, Not):
            return not self._explain(node.part, event, {})
        mine: dict[Reason, None] = {}
        results = [self._explain(part, event, mine) for part in node.parts]
        holds = all(results) if isinstance(node, And) else any(results)
        if holds:
            found.update(mine)
        return holds

    def _match(self, match: Match, event: Event, found: dict[Reason, None]) -> bool:
        absent = isinstance(match.test, Exists) and not match.test.present
        holds = self._holds(match, "", event)
        if absent or not holds:
            return holds
        op, operand = described(match.test)
        for own in self.fields(match.field):
            several = values.of(event, own)
            for value in (several,) if type(several) is str else tuple(several)[:MAX_VALUES]:
                if value and self._holds(match, own, event if type(several) is str else {**event, own: value}):
                    found[Reason(own, value[:MAX_VALUE], op, operand[:MAX_VALUE], match.field)] = None
        return True

    def _holds(self, match: Match, own: str, event: Event) -> bool:
        """Whether the test holds of one of our fields, or ("") of all that the rule's field stands for together."""
        test = self._compiled.get((match, own))
        if test is None:
            asked = match.field
            test = expression.compiled(match, lambda name: (own,) if own and name == asked else self.fields(name))
            self._compiled[match, own] = test
        exact = values.Exact(event)
        return test(values.Lower(exact), exact)


def described(test: Test) -> tuple[str, str]:
    """(operator, operand) of a test, for people."""
    if isinstance(test, Text):
        return _text(test)
    if isinstance(test, Regex):
        return "regex", f"(?{test.flags}){test.pattern}" if test.flags else test.pattern
    if isinstance(test, Cidr):
        return "cidr", test.network
    if isinstance(test, Compare):
        return test.op, f"{test.number:g}"
    if isinstance(test, Exists):
        return "exists", "true" if test.present else "false"
    if isinstance(test, Reference):
        return "field", test.field
    assert isinstance(test, TimePart)  # noqa: S101  the last kind there is
    return test.part, f"{test.op} {test.number:g}"


def _text(test: Text) -> tuple[str, str]:
    texts = [part for part in test.parts if isinstance(part, str)]
    stars = [type(part) is int and part == ANY for part in test.parts]
    if len(texts) == 1 and len(test.parts) <= 3 and sum(stars) == len(test.parts) - 1:
        ops = {1: "equals", 2: "endswith" if stars[0] else "startswith", 3: "contains"}
        return ops[len(test.parts)], texts[0]
    if not test.parts:
        return "equals", ""
    shown = "".join(part if isinstance(part, str) else "*" if part == ANY else "?" for part in test.parts)
    return "like", shown
