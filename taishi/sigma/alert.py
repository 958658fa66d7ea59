"""A rule that matched → an alert event of its own, beside the event that made it.

The alert's id derives from the event's and the rule's, so that a repeat overwrites itself; it carries the event's facts,
so that aggregation and correlation read it as any product's alert, and names the event in `taishi.detection.event`.
Ledgers count what sources sent: alerts made here are not in them.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final

from taishi.event import Event
from taishi.reference import attack
from taishi.sigma.correlation import Fired
from taishi.sigma.rule import AnyRule

MAX_EVENTS: Final = 20
"""Ids of contributing events named by a correlation's alert."""

_REPLACED: Final = ("rule.", "threat.", "event.risk_score", "event.reference", "event.hash", "error.")


def identity(event_id: str, rule_id: str) -> str:
    """Id of the alert that a rule makes of an event."""
    return f"{event_id}~{blake2b(rule_id.encode(), digest_size=6).hexdigest()}"


def alert(event: Event, rule: AnyRule, fields: dict[str, str]) -> Event:
    """`fields` made the rule fire: our field name → value, shortened."""
    made: Event = {name: value for name, value in event.items() if not name.startswith(_REPLACED)}
    made["event.kind"] = "alert"
    made["event.id"] = identity(str(event["event.id"]), rule.id)
    categories = made.get("event.category")
    if isinstance(categories, list) and "intrusion_detection" not in categories:
        made["event.category"] = [*categories, "intrusion_detection"]
    made["event.severity"] = rule.severity
    made["taishi.severity_original"] = rule.level
    made["taishi.outcome"] = "failure" if event.get("event.outcome") == "failure" else "unknown"
    made["rule.id"] = rule.id
    made["rule.name"] = rule.title_zh or rule.title
    made["rule.description"] = f"{rule.title}. {rule.description}".strip() if rule.title_zh else rule.description
    made["rule.ruleset"] = rule.ruleset or "sigma"
    if rule.version:
        made["rule.version"] = rule.version
    if rule.references:
        made["rule.reference"] = rule.references[0]
    _threat(made, rule)
    made["taishi.detection.event"] = str(event["event.id"])
    made["taishi.detection.fields"] = list(fields)
    made["taishi.detection.values"] = list(fields.values())
    if rule.advice_zh:
        made["taishi.detection.advice"] = rule.advice_zh
    if rule.advice_en:
        made["taishi.detection.advice_en"] = rule.advice_en
    return made


def _threat(made: Event, rule: AnyRule) -> None:
    if not rule.techniques and not rule.tactics:
        return
    industrial = any(one.startswith("T0") for one in rule.techniques)
    made["threat.framework"] = "MITRE ATT&CK for ICS" if industrial else "MITRE ATT&CK"
    if rule.techniques:
        made["threat.technique.id"] = list(rule.techniques)
        made["threat.technique.name"] = [attack.label(one)[1] for one in rule.techniques]
    if rule.tactics:
        made["threat.tactic.id"] = list(rule.tactics)
        made["threat.tactic.name"] = [attack.label(one)[1] for one in rule.tactics]


def correlated(event: Event, fired: Fired) -> Event:
    """The alert of a correlation, on the event that completed it."""
    made = alert(event, fired.rule, fired.group)
    seen: list[Any] = fired.seen[-MAX_EVENTS:]
    made["taishi.detection.events"] = list(dict.fromkeys(str(one[1]) for one in seen))
    made["taishi.detection.count"] = len(fired.seen)
    return made
