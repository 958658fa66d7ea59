"""A plain Sigma evaluator to measure the engine against: it walks pySigma's own condition tree for every rule and event
and shares no matching code with `taishi.sigma`; only the mapping of names (data) is the same.

Meaning of each test, as the specification gives it and where it leaves room as docs/spec/detection.md decides: text is
compared without case unless `cased`; a field with several values matches when any does; numbers are compared as text
after whole ones lost their fraction; `null` is a field that is absent.
"""

from __future__ import annotations

import datetime
import ipaddress
import math
import re
from typing import Any

from sigma.conditions import ConditionAND, ConditionFieldEqualsValueExpression, ConditionNOT, ConditionValueExpression
from sigma.rule import SigmaRule
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from taishi.event import Event
from taishi.sigma.taxonomy import Taxonomy, ours


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return str(int(value))
    return str(value)


class Reference:
    def __init__(self, rule: SigmaRule, taxonomy: Taxonomy | None = None) -> None:
        self.taxonomy = taxonomy or ours()
        source = rule.logsource
        self.logsource = (source.product or "", source.category or "", source.service or "")
        self.trees = [condition.parsed for condition in rule.detection.parsed_condition]

    def fits(self, event: Event) -> bool:
        """Whether the event is of the rule's log source."""
        for alternative in self.taxonomy.source(self.logsource).when:
            if all(self._routed(event, name, wanted) for name, wanted in alternative.items()):
                return True
        return False

    @staticmethod
    def _routed(event: Event, name: str, wanted: frozenset[str]) -> bool:
        value = event.get(name)
        if value is None:
            return False
        texts = [_text(one).lower() for one in (value if isinstance(value, list) else [value])]
        return "*" in wanted or any(text in wanted for text in texts)

    def matches(self, event: Event) -> bool:
        return self.fits(event) and any(self._holds(tree, event) for tree in self.trees)

    def _holds(self, node: Any, event: Event) -> bool:
        if isinstance(node, ConditionFieldEqualsValueExpression):
            return self._test(node.value, self._values(event, node.field), event, keyword=False)
        if isinstance(node, ConditionValueExpression):
            return self._test(node.value, self._values(event, ""), event, keyword=True)
        if isinstance(node, ConditionNOT):
            return not self._holds(node.args[0], event)
        results = [self._holds(part, event) for part in node.args]
        return all(results) if isinstance(node, ConditionAND) else any(results)

    def _values(self, event: Event, name: str) -> list[str]:
        found: list[str] = []
        for field in self.taxonomy.fields(self.logsource, name):
            value = event.get(field)
            found += [_text(one) for one in (value if isinstance(value, list) else [value]) if one is not None]
        return found

    def _test(self, value: Any, texts: list[str], event: Event, *, keyword: bool) -> bool:
        if isinstance(value, SigmaExpansion):
            return any(self._test(one, texts, event, keyword=keyword) for one in value.values)
        if isinstance(value, SigmaNull):
            return not texts
        if isinstance(value, SigmaExists):
            return bool(texts) == value.exists
        if isinstance(value, SigmaFieldReference):
            others = self._values(event, value.field)
            return any(_refers(one.lower(), two.lower(), value) for one in texts for two in others)
        return any(_one(value, text, keyword=keyword) for text in texts)


def _refers(one: str, two: str, value: SigmaFieldReference) -> bool:
    if value.starts_with and value.ends_with:
        return two in one
    if value.starts_with:
        return one[: len(two)] == two
    return one[len(one) - len(two) :] == two if value.ends_with and len(two) <= len(one) else one == two


def _one(value: Any, text: str, *, keyword: bool) -> bool:
    if isinstance(value, SigmaTimestampPart):
        return _part(value, text) == value.number
    if isinstance(value, SigmaNumber):
        wanted = _text(value.number)
        return wanted in text if keyword else wanted == text
    if isinstance(value, SigmaBool):
        return text.lower() == str(value.boolean).lower()
    if isinstance(value, SigmaRegularExpression):
        flags = 0
        for flag in value.flags:
            flags |= SigmaRegularExpression.sigma_to_python_flags[flag]
        return re.search(str(value.regexp), text, flags) is not None
    if isinstance(value, SigmaCIDRExpression):
        try:
            return ipaddress.ip_address(text) in value.network
        except ValueError:
            return False
    if isinstance(value, SigmaCompareExpression):
        return _compared(value, text)
    assert isinstance(value, SigmaString)
    return _glob(value, text, keyword=keyword)


def _glob(value: SigmaString, text: str, *, keyword: bool) -> bool:
    cased = isinstance(value, SigmaCasedString)
    pattern = ""
    for part in value.s:
        if part is SpecialChars.WILDCARD_MULTI:
            pattern += "(?s:.*?)"
        elif part is SpecialChars.WILDCARD_SINGLE:
            pattern += "(?s:.)"
        else:
            assert isinstance(part, str)
            pattern += re.escape(part if cased else part.lower())
    subject = text if cased else text.lower()
    return (re.search(pattern, subject) if keyword else re.fullmatch(pattern, subject)) is not None


def _number(text: str) -> float | None:
    if not re.match(r"[-+.\d]", text) or len(text) > 64:
        return None
    try:
        found = float(int(text, 16)) if text.lower().startswith("0x") else float(text)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _part(value: SigmaTimestampPart, text: str) -> float | None:
    seconds = _number(text)
    try:
        if seconds is not None and "-" not in text[1:]:
            at = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
        else:
            at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    except (ValueError, OverflowError, OSError):
        return None
    at = at.replace(tzinfo=datetime.UTC) if at.tzinfo is None else at.astimezone(datetime.UTC)
    name = value.timestamp_part.name.lower()
    return float(at.isocalendar()[1] if name == "week" else getattr(at, name))


def _compared(value: SigmaCompareExpression, text: str) -> bool:
    bound = value.number
    left = _part(bound, text) if isinstance(bound, SigmaTimestampPart) else _number(text)
    if left is None:
        return False
    right = float(bound.number)
    return {
        "LT": left < right, "LTE": left <= right, "GT": left > right, "GTE": left >= right, "NEQ": left != right,
    }[value.op.name]  # fmt: skip
