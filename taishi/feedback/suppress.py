"""What a suppression hides: one matcher for the stream and for the preview. Pure functions of an event.

A suppression never hides a success, nothing from severity 80 on, and nothing above the severity that was seen when it
was made. What is hidden stays stored and searchable; it only takes no part in correlation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from taishi.event import Event
from taishi.feedback.parameters import parameters
from taishi.scope import region_prefix

MARK: Final = "taishi.suppressed_by"
BEHAVIOUR: Final = "taishi.behaviour"
CONDITIONS: Final = ("rule", "behaviour", "attacker", "victim", "user", "process")
"""What a condition may name."""

MAX_TEXT: Final = 200
DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Suppression:
    """`extent`: asset | enterprise | region | all. `region` covers its subtree; empty `enterprise_id` and `authority` are
    no restriction. `condition` maps names of `CONDITIONS` to values, all of which must hold. Times in epoch seconds."""

    id: str
    extent: str
    enterprise_id: str
    region: str
    authority: str
    asset_id: str
    condition: Mapping[str, str]
    seen_severity: int
    expires_at: float


def values_of(event: Event) -> dict[str, frozenset[str]]:
    """The values an event has for each condition, as texts; empty where it has none."""
    get = event.get
    return {
        "rule": _texts(str(get("rule.name") or get("message") or "")[:MAX_TEXT]),
        "behaviour": _texts(get(BEHAVIOUR)),
        "attacker": _texts(get("taishi.attacker.ip"), get("taishi.attacker.host")),
        "victim": _texts(get("taishi.victim.ip"), get("taishi.victim.host")),
        "user": _texts(get("related.user"), get("user.name")),
        "process": _texts(get("process.name")),
    }


def _texts(*values: Any) -> frozenset[str]:
    found: list[str] = []
    for value in values:
        found.extend(item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str) and item)
    return frozenset(found)


def severity_of(event: Event) -> int:
    value = event.get("event.severity")
    return min(100, max(0, value)) if isinstance(value, int) else 0


def untouchable(event: Event) -> bool:
    """What no suppression ever hides."""
    critical = severity_of(event) >= parameters()["suppression"]["critical"]
    return critical or event.get("taishi.outcome") == "success"


def matches(suppression: Suppression, event: Event, values: Mapping[str, frozenset[str]], at: float) -> bool:
    """Whether the suppression hides this alert, received at `at`. `values` are `values_of(event)`."""
    if at >= suppression.expires_at or severity_of(event) > suppression.seen_severity or untouchable(event):
        return False
    if not suppression.condition or not _covers(suppression, event):
        return False
    return all(value in values[name] for name, value in suppression.condition.items())


def _covers(suppression: Suppression, event: Event) -> bool:
    get = event.get
    if suppression.enterprise_id and get("organization.id") != suppression.enterprise_id:
        return False
    if suppression.authority and not suppression.enterprise_id and get("taishi.authority") != suppression.authority:
        return False
    if suppression.extent == "asset" and get("taishi.asset.id") != suppression.asset_id:
        return False
    if suppression.extent in {"asset", "enterprise"}:
        return bool(suppression.enterprise_id)
    region = get("taishi.region")
    return isinstance(region, str) and bool(region) and region.startswith(region_prefix(suppression.region))


@dataclass(slots=True)
class Matcher:
    """Many suppressions at once, by rule where they name one; of several that match, the smallest id."""

    by_rule: dict[str, list[Suppression]] = field(default_factory=dict)
    others: list[Suppression] = field(default_factory=list)

    @classmethod
    def of(cls, suppressions: Iterable[Suppression]) -> Matcher:
        made = cls()
        for one in sorted(suppressions, key=lambda one: one.id):
            rule = one.condition.get("rule")
            (made.others if rule is None else made.by_rule.setdefault(rule, [])).append(one)
        return made

    def __bool__(self) -> bool:
        return bool(self.by_rule or self.others)

    def find(self, event: Event, at: float) -> Suppression | None:
        """The suppression that hides an alert received at `at`, or None."""
        values = values_of(event)
        candidates = list(self.others)
        for rule in values["rule"]:
            candidates.extend(self.by_rule.get(rule, ()))
        hiding = [one for one in candidates if matches(one, event, values, at)]
        return min(hiding, key=lambda one: one.id, default=None)


def common_condition(events: Iterable[Event]) -> dict[str, str]:
    """A condition that holds for all of these alerts: per field the value they share, the first where there are several."""
    shared: dict[str, frozenset[str]] = {}
    for number, event in enumerate(events):
        values = values_of(event)
        shared = values if number == 0 else {name: shared[name] & values[name] for name in shared}
    return {name: min(values) for name, values in shared.items() if values}


def narrowing_query(suppression: Suppression) -> str:
    """A Lucene query that finds at least what the suppression matches, so that a preview need not read everything."""
    parts = ["event.kind:alert"]
    if suppression.enterprise_id:
        parts.append(f"organization.id:{_quoted(suppression.enterprise_id)}")
    elif suppression.region:
        parts.append(f"taishi.region_path:{_quoted(suppression.region)}")
    if suppression.extent == "asset":
        parts.append(f"taishi.asset.id:{_quoted(suppression.asset_id)}")
    behaviour = suppression.condition.get("behaviour")
    if behaviour:
        parts.append(f"{BEHAVIOUR}:{_quoted(behaviour)}")
    rule = suppression.condition.get("rule")
    if rule and len(rule) < MAX_TEXT and rule.isprintable():
        parts.append(f"(rule.name:{_quoted(rule)} OR message:{_quoted(rule)})")
    return " AND ".join(parts)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
