"""Sigma YAML → our own rules, by pySigma. What cannot be supported is refused by name with the reason.

Placeholders (`%name%`, modifier `expand`) take their values from the caller; one without values refuses its rule.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Final

import yaml
from sigma.collection import SigmaCollection
from sigma.conditions import ConditionAND, ConditionFieldEqualsValueExpression, ConditionNOT, ConditionValueExpression
from sigma.correlations import (
    CorrelationConditionItem,
    SigmaCorrelationCondition,
    SigmaCorrelationRule,
    SigmaRuleReference,
)
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.policy import SigmaPolicy
from sigma.policy.regex_engine import PythonRegexEngine
from sigma.rule import SigmaRule
from sigma.types import (
    Placeholder,
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

from taishi.reference import attack
from taishi.sigma import correlation, regexes
from taishi.sigma.rule import (
    ANY,
    KEYWORD,
    ONE,
    And,
    AnyRule,
    Cidr,
    Compare,
    Correlation,
    Exists,
    Match,
    Node,
    Not,
    Or,
    Reference,
    Regex,
    Rule,
    Test,
    Text,
    TimePart,
)

SEVERITIES: Final = {"informational": 10, "low": 30, "medium": 50, "high": 75, "critical": 90}
"""Level of a rule → `event.severity`, on the scale that parsers use for products' words."""

MAX_DOCUMENT: Final = 1 << 20
"""Bytes of one rule file; SigmaHQ's longest has 60 KB."""

POLICY: Final = SigmaPolicy(regex_engine=PythonRegexEngine())
"""pySigma's own default takes only what RE2 reads; we also take look-arounds, and guard their time (`regexes`)."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Placeholders = Mapping[str, Iterable[str]]


class Unsupported(ValueError):
    """Why a rule cannot be evaluated."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that is no rule of ours: where it stands, what it calls itself, and why."""

    source: str
    id: str
    title: str
    reason: str
    line: int = 0
    """From 1; 0 where the place is not known."""
    column: int = 0


Known = Callable[[Sequence[str]], Mapping[str, str]]
"""Names (or ids) of rules that are kept elsewhere → their ids; what is not there is left out."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A rule with the document it was made from; `cases` are its true and false examples (custom field)."""

    rule: AnyRule
    source: str
    document: dict[str, Any]
    body: str
    filters: int = 0


def parse(
    files: Iterable[tuple[str, str]], placeholders: Placeholders | None = None, known: Known | None = None
) -> tuple[list[Parsed], list[Refused]]:
    """Read (name, YAML text) of many files together: filters and correlations may name rules of other files, and
    correlations those that `known` knows."""
    refused: list[Refused] = []
    documents = [found for name, body in files for found in _documents(name, body, refused)]
    filters: list[SigmaFilter] = []
    rules: list[tuple[SigmaRule | SigmaCorrelationRule, str, dict[str, Any], str]] = []
    for name, document, _body in documents:
        try:
            for item in _objects(document):
                if isinstance(item, SigmaFilter):
                    filters.append(item)
                else:
                    rules.append((item, name, document, _body))
        except (SigmaError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            # pySigma reports most faults as SigmaError; documents of the wrong shape end in the other kinds.
            refused.append(_refusal(name, document, str(error) or type(error).__name__, _body))
    parsed = []
    for item, name, document, body in rules:
        try:
            parsed.append(_one(item, name, document, body, filters, placeholders or {}))
        except (SigmaError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            refused.append(_refusal(name, document, str(error) or type(error).__name__, body))
    return _link(_unique(parsed, refused), refused, known), refused


def _refusal(name: str, document: Mapping[str, Any], reason: str, body: str) -> Refused:
    line, column = place(body, reason)
    return Refused(name, str(document.get("id") or ""), str(document.get("title") or ""), reason, line, column)


_QUOTED: Final = re.compile(r"[\"'`]([^\"'`\n]{1,200})[\"'`]")
_WORDS: Final = (
    "condition",
    "logsource",
    "detection",
    "correlation",
    "timespan",
    "level",
    "status",
    "tags",
    "identifier",
    "id",
)


def place(body: str, reason: str) -> tuple[int, int]:
    """Line and column (from 1) in a rule's text that a reason speaks of, (0, 0) where none is clear: what it quotes, else
    the first key that it names."""
    for quoted in _QUOTED.findall(reason):
        at = body.find(quoted)
        if at >= 0:
            return _line_column(body, at)
    lowered = reason.lower()
    for word in _WORDS:
        key = "id" if word == "identifier" else word
        found = re.search(rf"(?m)^\s*({key})\s*:", body) if re.search(rf"\b{word}", lowered) else None
        if found:
            return _line_column(body, found.start(1))
    return 0, 0


def _line_column(body: str, at: int) -> tuple[int, int]:
    return body.count("\n", 0, at) + 1, at - body.rfind("\n", 0, at)


def _documents(name: str, body: str, refused: list[Refused]) -> list[tuple[str, dict[str, Any], str]]:
    """The YAML documents of a file that are mappings, with Sigma's `action: global` merged in."""
    if len(body) > MAX_DOCUMENT:
        refused.append(Refused(name, "", "", f"the file has more than {MAX_DOCUMENT} characters"))
        return []
    try:
        found = [one for one in yaml.load_all(body, Loader=_LOADER) if one is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        at = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        refused.append(Refused(name, "", "", f"no YAML: {' '.join(str(error).split())}", *at))
        return []
    result, common = [], {}
    for one in found:
        if not isinstance(one, dict):
            refused.append(Refused(name, "", "", "a rule is a mapping"))
        elif one.get("action") == "global":
            common = {key: value for key, value in one.items() if key != "action"}
        elif one.get("action") == "reset":
            common = {}
        else:
            merged = _merged(common, one) if common else one
            text = body if len(found) == 1 else yaml.safe_dump(merged, allow_unicode=True, sort_keys=False)
            result.append((name, merged, text))
    return result


def _merged(common: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    result = dict(common)
    for key, value in own.items():
        known = result.get(key)
        result[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return result


def _objects(document: dict[str, Any]) -> list[SigmaRule | SigmaCorrelationRule | SigmaFilter]:
    collection = SigmaCollection.from_dicts(
        [dict(document)], collect_filters=True, resolve_references=False, policy=POLICY
    )
    return [*collection.rules, *collection.filters]


def _one(
    item: SigmaRule | SigmaCorrelationRule, name: str, document: dict[str, Any], body: str,
    filters: list[SigmaFilter], placeholders: Placeholders,
) -> Parsed:  # fmt: skip
    if isinstance(item, SigmaCorrelationRule):
        return Parsed(_correlation(item, document, name), name, document, body)
    applied = 0
    for one in filters:
        before = len(item.detection.detections)
        changed = one.apply_on_rule(item)
        if isinstance(changed, SigmaRule):
            item = changed
        applied += len(item.detection.detections) > before
    conditions = [_node(one.parsed, placeholders) for one in item.detection.parsed_condition]
    if not conditions:
        raise Unsupported("it has no condition")
    condition = conditions[0] if len(conditions) == 1 else Or(tuple(conditions))
    source = item.logsource
    rule = Rule(
        **_common(item, document, name),
        logsource=(source.product or "", source.category or "", source.service or ""),
        condition=condition,
    )
    return Parsed(rule, name, document, body, applied)


def _common(item: SigmaRule | SigmaCorrelationRule, document: dict[str, Any], name: str) -> dict[str, Any]:
    level = item.level.name.lower() if item.level else "medium"
    tags = tuple(str(tag) for tag in item.tags)
    techniques, tactics = mapped(tags)
    own = document.get("taishi")
    own = own if isinstance(own, dict) else {}
    advice = own.get("advice")
    advice = advice if isinstance(advice, dict) else {}
    short = str(item.name or "")
    return {
        "id": str(item.id or short or PurePath(name).stem), "name": short, "title": item.title or short,
        "level": level, "severity": SEVERITIES[level], "status": item.status.name.lower() if item.status else "",
        "description": str(item.description or ""), "author": str(item.author or ""), "tags": tags,
        "references": tuple(str(one) for one in item.references or ()),
        "falsepositives": tuple(str(one) for one in item.falsepositives or ()),
        "techniques": techniques, "tactics": tactics, "title_zh": str(own.get("title_zh") or ""),
        "advice_zh": str(advice.get("zh") or ""), "advice_en": str(advice.get("en") or ""),
        "version": str(document.get("modified") or document.get("date") or ""),
    }  # fmt: skip


def mapped(tags: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`attack.t1059.001`, `attack.credential-access`, `attack.t0855` → technique ids and tactic ids."""
    techniques: dict[str, None] = {}
    tactics: dict[str, None] = {}
    names = []
    for tag in tags:
        space, _, value = tag.lower().partition(".")
        if space not in {"attack", "attack-ics", "ics"}:
            continue
        if value[:1] == "t" and value[1:5].isdecimal():
            techniques[value.upper()] = None
        elif value[:2] == "ta" and value[2:].isdecimal():
            tactics[value.upper()] = None
        else:
            names.append((space, value.replace("_", "-")))
    industrial = any(one.startswith("T0") for one in techniques)
    for space, name in names:
        if found := attack.tactic_named(name, "ics" if industrial or space != "attack" else "enterprise"):
            tactics[found] = None
    return tuple(techniques), tuple(tactics)


# ------------------------------------------------------------ conditions


def _node(item: Any, placeholders: Placeholders) -> Node:
    if isinstance(item, ConditionFieldEqualsValueExpression):
        return _match(item.field, item.value, placeholders)
    if isinstance(item, ConditionValueExpression):
        return _match(KEYWORD, item.value, placeholders)
    if isinstance(item, ConditionNOT):
        return Not(_node(item.args[0], placeholders))
    if item is None:
        raise Unsupported("a selection is empty")
    parts = tuple(_node(part, placeholders) for part in item.args)
    return And(parts) if isinstance(item, ConditionAND) else Or(parts)


def _match(field: str, value: Any, placeholders: Placeholders) -> Node:
    if isinstance(value, SigmaExpansion):
        return Or(tuple(_match(field, one, placeholders) for one in value.values))
    if isinstance(value, SigmaNull):
        return Match(field, Exists(present=False))
    if isinstance(value, (SigmaString, SigmaRegularExpression)) and value.contains_placeholder():
        filled = value.replace_placeholders(lambda one: _filled(one, placeholders))
        return Or(tuple(_match(field, one, placeholders) for one in filled))
    test = _test(value)
    if field == KEYWORD and isinstance(test, Text):
        # A keyword is looked for anywhere in the record.
        parts = test.parts
        parts = parts if parts and parts[0] == ANY and type(parts[0]) is int else (ANY, *parts)
        parts = parts if parts[-1] == ANY and type(parts[-1]) is int else (*parts, ANY)
        test = replace(test, parts=parts)
    return Match(field, test)


def _filled(one: Placeholder, placeholders: Placeholders) -> Any:
    values = placeholders.get(one.name)
    if values is None:
        raise Unsupported(f"placeholder %{one.name}% has no values")
    for value in values:
        yield SigmaString(value)


_OPS: Final = {"LT": "lt", "LTE": "lte", "GT": "gt", "GTE": "gte", "NEQ": "neq"}


def _test(value: Any) -> Test:
    if isinstance(value, SigmaString):
        return Text(tuple(_part(part) for part in value.s), isinstance(value, SigmaCasedString))
    if isinstance(value, SigmaTimestampPart):
        return TimePart(value.timestamp_part.name.lower(), "eq", float(value.number))
    if isinstance(value, (SigmaNumber, SigmaBool)):
        return Text((number_text(value.number) if isinstance(value, SigmaNumber) else str(value.boolean).lower(),))
    if isinstance(value, SigmaRegularExpression):
        return _regex(value)
    if isinstance(value, SigmaCIDRExpression):
        return Cidr(str(value.network))
    if isinstance(value, SigmaCompareExpression):
        op, number = _OPS[value.op.name], value.number
        if isinstance(number, SigmaTimestampPart):
            return TimePart(number.timestamp_part.name.lower(), op, float(number.number))
        return Compare(op, float(number.number))
    return _relation(value)


def _relation(value: Any) -> Test:
    """Tests that look at more than the value itself."""
    if isinstance(value, SigmaExists):
        return Exists(value.exists)
    if isinstance(value, SigmaFieldReference):
        mode = "contains" if value.starts_with and value.ends_with else "startswith" if value.starts_with else "equals"
        return Reference(value.field, "endswith" if mode == "equals" and value.ends_with else mode)
    raise Unsupported(f"a value of kind {type(value).__name__} is not supported")


def number_text(number: float) -> str:
    """A number as text, whole ones without a fraction: how events and rules are compared."""
    return str(int(number)) if math.isfinite(number) and number == int(number) else str(number)


def pattern(text: str) -> Text:
    """A Sigma pattern with its wildcards, without modifiers."""
    return Text(tuple(_part(part) for part in SigmaString(text).s))


def _part(part: Any) -> str | int:
    if isinstance(part, str):
        return part
    if part is SpecialChars.WILDCARD_MULTI:
        return ANY
    if part is SpecialChars.WILDCARD_SINGLE:
        return ONE
    raise Unsupported(f"a pattern part of kind {type(part).__name__} is not supported")


def _regex(value: SigmaRegularExpression) -> Regex:
    pattern = str(value.regexp)
    flags = "".join(sorted(flag.name[0].lower() if flag.name != "DOTALL" else "s" for flag in value.flags))
    pattern, inline = _inline(pattern)
    flags = "".join(sorted(set(flags) | set(inline)))
    if reason := regexes.trouble(pattern, flags):
        raise Unsupported(f"regular expression {pattern[:120]!r}: {reason}")
    return Regex(pattern, flags)


def _inline(pattern: str) -> tuple[str, str]:
    """`(?i)` at the start of a pattern is a flag."""
    if pattern.startswith("(?") and 2 < pattern.find(")") <= 5:
        letters = pattern[2 : pattern.index(")")]
        if letters and set(letters) <= set("ims"):
            return pattern[len(letters) + 3 :], letters
    return pattern, ""


# ------------------------------------------------------------ correlations


def _correlation(item: SigmaCorrelationRule, document: dict[str, Any], name: str) -> Correlation:
    condition = item.condition
    expression = None
    values: dict[str, Any] = {}
    if isinstance(condition, SigmaCorrelationCondition):
        named = condition.fieldref
        fields = (named,) if isinstance(named, str) else tuple(named or ())
        values = {"op": condition.op.name.lower(), "threshold": float(condition.count), "fields": fields}
        if condition.percentile is not None:
            values["percentile"] = float(condition.percentile)
    elif condition is not None:
        expression = _expression(condition.parsed)
    kind = item.type.name.lower()
    if kind == "value_median":
        kind, values = "value_percentile", {**values, "percentile": 50.0}
    if kind.startswith("value_") and not values.get("fields"):
        raise Unsupported(f"a correlation of type {kind} names the field it reads")
    rules = tuple(one.reference for one in item.rules or ()) or tuple(_names(expression))
    aliases = {
        alias.alias: {reference.reference: field for reference, field in alias.mapping.items()}
        for alias in item.aliases
    }
    found = Correlation(
        **_common(item, document, name), kind=kind, rules=rules, group_by=tuple(item.group_by or ()),
        timespan=float(item.timespan.seconds), aliases=aliases, expression=expression, generate=bool(item.generate),
        **values,
    )  # fmt: skip
    if reason := correlation.trouble(found):
        raise Unsupported(reason)
    return found


def _expression(item: CorrelationConditionItem | SigmaRuleReference) -> Any:
    if isinstance(item, SigmaRuleReference):
        return item.reference
    word = type(item).__name__.removeprefix("CorrelationCondition").lower()
    return [word, *(_expression(arg) for arg in item.args)]


def _names(expression: Any) -> list[str]:
    if isinstance(expression, str):
        return [expression]
    return [name for part in (expression or [""])[1:] for name in _names(part)]


def _unique(parsed: list[Parsed], refused: list[Refused]) -> list[Parsed]:
    """One rule an id: the first stays, the next are refused."""
    known: dict[str, str] = {}
    result = []
    for one in parsed:
        if one.rule.id in known:
            reason = f"its id is that of {known[one.rule.id]}"
            refused.append(Refused(one.source, one.rule.id, one.rule.title, reason))
            continue
        known[one.rule.id] = one.source
        result.append(one)
    return result


def _link(parsed: list[Parsed], refused: list[Refused], known: Known | None) -> list[Parsed]:
    """Resolve the rules that correlations name to ids."""
    by_name = {one.rule.name: one.rule.id for one in parsed if one.rule.name} | {
        one.rule.id: one.rule.id for one in parsed
    }
    elsewhere = {
        name for one in parsed if isinstance(one.rule, Correlation) for name in one.rule.rules
    } - by_name.keys()
    if known is not None and elsewhere:
        by_name = {**known(sorted(elsewhere)), **by_name}
    resolved: dict[str, Correlation] = {}
    for one in parsed:
        rule = one.rule
        if not isinstance(rule, Correlation):
            continue
        missing = [name for name in rule.rules if name not in by_name]
        if missing:
            reason = f"the rules it names are not here: {', '.join(missing)}"
            refused.append(Refused(one.source, rule.id, rule.title, reason, *place(one.body, f"'{missing[0]}'")))
            continue
        ids = tuple(by_name[name] for name in rule.rules)
        aliases = {alias: {by_name[n]: f for n, f in m.items() if n in by_name} for alias, m in rule.aliases.items()}
        expression = _resolved(rule.expression, by_name)
        resolved[rule.id] = replace(rule, rules=ids, aliases=aliases, expression=expression)
    result = []
    for one in parsed:
        rule = one.rule
        if isinstance(rule, Correlation):
            if rule.id not in resolved:
                continue
            rule = resolved[rule.id]
        result.append(replace(one, rule=rule))
    return result


def _resolved(expression: Any, by_name: Mapping[str, str]) -> Any:
    if isinstance(expression, str):
        return by_name[expression]
    return [expression[0], *(_resolved(part, by_name) for part in expression[1:])] if expression else None
