"""A detection rule in our own form: a tree of matches over Sigma's field names, JSON all the way, so that workers load
what `parse` made once and never parse YAML themselves.

After the Sigma specification 2.1 (https://sigmahq.io/sigma-specification/).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final

ANY: Final = 0
"""In a pattern: any number of characters (`*`)."""
ONE: Final = 1
"""In a pattern: exactly one character (`?`)."""

KEYWORD: Final = ""
"""The field of a keyword: the whole record, whatever fields it has."""


@dataclass(frozen=True, slots=True)
class Text:
    """The value's text equals the pattern: text parts with ANY and ONE between them. Case counts only if `cased`."""

    parts: tuple[str | int, ...]
    cased: bool = False


@dataclass(frozen=True, slots=True)
class Regex:
    """The pattern is found somewhere in the value's text. `flags` is a subset of "ims"."""

    pattern: str
    flags: str = ""


@dataclass(frozen=True, slots=True)
class Cidr:
    network: str


@dataclass(frozen=True, slots=True)
class Compare:
    """The value, read as a number, is `op` (lt, lte, gt, gte, neq) the number."""

    op: str
    number: float


@dataclass(frozen=True, slots=True)
class Exists:
    """The field has a value, or has none."""

    present: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """The value equals another field's value, or starts or ends with it; case does not count."""

    field: str
    mode: str = "equals"


@dataclass(frozen=True, slots=True)
class TimePart:
    """A part (minute, hour, day, week, month, year) of the value read as a time in UTC, compared by `op` (eq, lt, …)."""

    part: str
    op: str
    number: float


Test = Text | Regex | Cidr | Compare | Exists | Reference | TimePart


@dataclass(frozen=True, slots=True)
class Match:
    """One test of one field (Sigma's name); any value of a field with several satisfies it."""

    field: str
    test: Test


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


Node = And | Or | Not | Match

LogSource = tuple[str, str, str]
"""(product, category, service), "" where the rule names none."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule is to an analyst, and the condition it stands for. `severity` is 0–100 by its level."""

    id: str
    name: str
    title: str
    level: str
    severity: int
    status: str
    description: str
    author: str
    tags: tuple[str, ...]
    references: tuple[str, ...]
    falsepositives: tuple[str, ...]
    logsource: LogSource
    condition: Node
    techniques: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()
    title_zh: str = ""
    advice_zh: str = ""
    advice_en: str = ""
    ruleset: str = ""
    version: str = ""
    silent: bool = False
    """It only feeds a correlation rule: its own matches are no alerts."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation rule (Sigma correlation specification 2.1). `threshold` is compared by `op` with the count, sum,
    average or percentile of `fields` over `timespan` seconds; temporal kinds need every rule in `rules`, or what the
    `expression` over rule names says (nested lists: ["and", …], ["or", …], ["not", x], name)."""

    id: str
    name: str
    title: str
    level: str
    severity: int
    status: str
    description: str
    author: str
    tags: tuple[str, ...]
    kind: str
    rules: tuple[str, ...]
    group_by: tuple[str, ...]
    timespan: float
    op: str = "gte"
    threshold: float = 1
    fields: tuple[str, ...] = ()
    percentile: float = 50
    aliases: dict[str, dict[str, str]] = field(default_factory=dict)
    expression: Any = None
    generate: bool = False
    techniques: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()
    title_zh: str = ""
    advice_zh: str = ""
    advice_en: str = ""
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    ruleset: str = ""
    version: str = ""
    silent: bool = False


AnyRule = Rule | Correlation

_TESTS: Final[dict[str, type[Any]]] = {
    kind.__name__.lower(): kind for kind in (Text, Regex, Cidr, Compare, Exists, Reference, TimePart)
}


def encode_node(node: Node) -> list[Any]:
    """A condition as nested JSON lists."""
    if isinstance(node, Match):
        return ["match", node.field, type(node.test).__name__.lower(), asdict(node.test)]
    if isinstance(node, Not):
        return ["not", encode_node(node.part)]
    return [type(node).__name__.lower(), [encode_node(part) for part in node.parts]]


def decode_node(raw: list[Any]) -> Node:
    """The condition from its JSON; raises KeyError or TypeError on what `encode_node` does not write."""
    kind = raw[0]
    if kind == "match":
        values = dict(raw[3])
        if "parts" in values:
            values["parts"] = tuple(values["parts"])
        return Match(raw[1], _TESTS[raw[2]](**values))
    if kind == "not":
        return Not(decode_node(raw[1]))
    parts = tuple(decode_node(part) for part in raw[1])
    return And(parts) if kind == "and" else Or(parts)


_TUPLES: Final = (
    "tags", "references", "falsepositives", "techniques", "tactics", "rules", "group_by", "fields", "logsource",
)  # fmt: skip


def encode(rule: AnyRule) -> dict[str, Any]:
    """A rule as JSON."""
    names = rule.__dataclass_fields__
    raw = {name: getattr(rule, name) for name in names if name != "condition"}
    if isinstance(rule, Rule):
        raw["condition"] = encode_node(rule.condition)
    return raw


def decode(raw: dict[str, Any]) -> AnyRule:
    """The rule from its JSON. What a newer version wrote beside is left out."""
    kind: type[AnyRule] = Rule if "condition" in raw else Correlation
    values = {name: raw[name] for name in kind.__dataclass_fields__ if name in raw}
    for name in _TUPLES:
        if name in values:
            values[name] = tuple(values[name])
    if kind is Rule:
        values["condition"] = decode_node(raw["condition"])
    return kind(**values)
