"""What a match writes on an event, and the alert it becomes."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from taishi import clock
from taishi.event import Event
from taishi.intel.indicator import shown_id
from taishi.intel.match import Match
from taishi.intel.policy import Raise, on_events, raised
from taishi.intel.snapshot import FOREVER, Hit
from taishi.reference.attack import label

MARK: Final = "taishi.intel.id"
"""Indicators that an event holds; an event that has it is not looked at again."""

TYPES: Final = {
    "ip": "ipv4-addr", "cidr": "ipv4-addr", "domain": "domain-name", "url": "url", "hash": "file", "ja3": "network-traffic",
    "ja4": "network-traffic", "certificate": "x509-certificate", "serial": "x509-certificate", "email": "email-addr",
}  # fmt: skip
"""Kind → ECS `threat.indicator.type` (STIX 2.1 cyber-observable)."""

_REPLACED: Final = (
    "rule.",
    "threat.technique",
    "threat.tactic",
    "event.risk_score",
    "event.reference",
    "event.hash",
    "error.",
)


def confidence_word(confidence: int) -> str:
    """ECS's words for 0–100, by the scale of STIX 2.1 (appendix A: none, low, medium, high)."""
    return "None" if confidence == 0 else "Low" if confidence < 30 else "Medium" if confidence < 70 else "High"


def marks(matches: list[Match]) -> Event:
    """The `threat.*` fields of an event: the surest indicator in full, all of them by id, field and value."""
    best: Hit = matches[0].hit
    profile = best.profile
    kind = TYPES[best.kind]
    fields: Event = {
        MARK: [shown_id(one.hit.id) for one in matches],
        "threat.enrichments.matched.field": [one.field for one in matches],
        "threat.enrichments.matched.atomic": [one.hit.value for one in matches],
        "threat.indicator.type": "ipv6-addr" if kind == "ipv4-addr" and ":" in best.value else kind,
        "threat.indicator.name": best.value,
        "threat.indicator.confidence": confidence_word(profile.confidence),
        "threat.indicator.marking.tlp": profile.tlp.upper(),
        "threat.feed.name": profile.feed_name,
        "taishi.intel.confidence": profile.confidence,
    }
    if profile.name:
        fields["threat.indicator.description"] = profile.name
    if profile.purpose:
        fields["taishi.intel.purpose"] = profile.purpose
    if best.valid_until < FOREVER:
        fields["taishi.intel.valid_until"] = clock.to_text(float(best.valid_until))
    return fields


def tellable(matches: list[Match]) -> list[Match]:
    """Those that may be named on an event."""
    allowed = on_events()
    return [one for one in matches if one.hit.profile.tlp in allowed]


def verdict(matches: list[Match]) -> tuple[Raise, Match] | None:
    """The gravest alert that the matches become, with the indicator that makes it."""
    found = [
        (row, one)
        for one in matches
        if (row := raised(one.hit.profile.purpose, one.direction, one.hit.profile.confidence)) is not None
    ]
    return max(
        found, key=lambda pair: (pair[0].severity, pair[1].hit.profile.confidence, -pair[1].hit.id), default=None
    )


def identity(event_id: str, match: Match) -> str:
    """Of the alert that a match makes of an event; the same whether it was found at once or in stored days."""
    return f"{event_id}~i{blake2b(f'{match.hit.kind}:{match.hit.value}'.encode(), digest_size=6).hexdigest()}"


def alert(event: Event, row: Raise, match: Match) -> Event:
    """An alert of its own beside the event, as a rule's would be. `event` carries its marks already."""
    made: Event = {name: value for name, value in event.items() if not name.startswith(_REPLACED)}
    made["event.kind"] = "alert"
    made["event.id"] = identity(str(event["event.id"]), match)
    made["event.category"] = ["threat", "intrusion_detection"]
    made["event.severity"] = row.severity
    made["taishi.severity_original"] = str(match.hit.profile.confidence)
    made["taishi.outcome"] = "failure" if event.get("event.outcome") == "failure" else "unknown"
    made["rule.id"] = row.id
    made["rule.name"] = row.name_zh
    made["rule.description"] = f"{row.name_en}. {row.reason_en}"
    made["rule.ruleset"] = "intel"
    made["threat.framework"] = "MITRE ATT&CK"
    made["threat.technique.id"] = [row.technique]
    made["threat.technique.name"] = [label(row.technique)[1]]
    made["taishi.detection.event"] = str(event["event.id"])
    made["taishi.detection.fields"] = [match.field]
    made["taishi.detection.values"] = [match.hit.value]
    _roles(made, match)
    return made


def _roles(made: Event, match: Match) -> None:
    """What is out there attacks; who went to it suffers."""
    for part in ("ip", "host", "user"):
        made.pop(f"taishi.attacker.{part}", None)
        made.pop(f"taishi.victim.{part}", None)
    if match.direction == "out":
        if "destination.ip" in made and match.field != "dns.question.name":
            made["taishi.attacker.ip"] = made["destination.ip"]
        else:
            made["taishi.attacker.host"] = match.hit.value
        if "source.ip" in made:
            made["taishi.victim.ip"] = made["source.ip"]
        elif "host.name" in made:
            made["taishi.victim.host"] = made["host.name"]
    elif match.direction == "file" and "host.name" in made:
        made["taishi.victim.host"] = made["host.name"]
