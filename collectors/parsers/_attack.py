"""What a product calls an attack → MITRE ATT&CK, from `data/attack_categories.tsv` (its sources are noted there)."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from taishi.event import Event

TACTICS: Final = {
    "TA0043": "Reconnaissance", "TA0042": "Resource Development", "TA0001": "Initial Access", "TA0002": "Execution",
    "TA0003": "Persistence", "TA0004": "Privilege Escalation", "TA0005": "Defense Evasion",
    "TA0006": "Credential Access",
    "TA0007": "Discovery", "TA0008": "Lateral Movement", "TA0009": "Collection", "TA0011": "Command and Control",
    "TA0010": "Exfiltration", "TA0040": "Impact",
    "TA0108": "Initial Access", "TA0104": "Execution", "TA0110": "Persistence", "TA0111": "Privilege Escalation",
    "TA0103": "Evasion", "TA0102": "Discovery", "TA0109": "Lateral Movement", "TA0100": "Collection",
    "TA0101": "Command and Control", "TA0107": "Inhibit Response Function", "TA0106": "Impair Process Control",
    "TA0105": "Impact",
}  # fmt: skip
"""ATT&CK Enterprise and ICS tactic id → name."""
_BY_NAME: Final = {name.lower(): identity for identity, name in reversed(list(TACTICS.items()))}
_TECHNIQUE: Final = re.compile(r"T\d{4}(?:\.\d{3})?")


def _load() -> tuple[dict[str, tuple[str, str]], tuple[tuple[str, str, str], ...]]:
    exact: dict[str, tuple[str, str]] = {}
    words: list[tuple[str, str, str]] = []
    path = Path(__file__).parent / "data" / "attack_categories.tsv"
    for line in path.read_text("utf-8").splitlines():
        if line.startswith(("#", "source\t")):
            continue
        _, how, match, technique, tactic = line.split("\t")
        if how == "exact":
            exact[match] = (technique, tactic)
        else:
            words.append((match, technique, tactic))
    return exact, tuple(words)


_EXACT, _WORDS = _load()


KEPT: Final = 512
"""Characters of the names whose meaning is remembered: who writes a log must not fill memory with long ones."""


def classify(*names: str) -> tuple[str, str] | None:
    """(technique, tactic) of the first category or rule name the table knows: whole names first, then words in them."""
    return (_classify if sum(map(len, names)) <= KEPT else _classify.__wrapped__)(*names)


@lru_cache(maxsize=16384)
def _classify(*names: str) -> tuple[str, str] | None:
    lowered = [name.lower() for name in names]
    for name in lowered:
        if name in _EXACT:
            return _EXACT[name]
    for name in lowered:
        for word, technique, tactic in _WORDS:
            if word in name:
                return technique, tactic
    return None


def tactic_id(value: str) -> str | None:
    """A tactic id from an id or a name ("Initial Access", "initial_access")."""
    if value in TACTICS:
        return value
    return _BY_NAME.get(value.lower().replace("_", " ").replace("-", " "))


def set_tactics(event: Event, values: list[str]) -> None:
    """Set `threat.tactic.id/name` from the product's own tactic ids or names."""
    found = [identity for identity in map(tactic_id, values) if identity]
    if found:
        event["threat.tactic.id"] = found
        event["threat.tactic.name"] = [TACTICS[identity] for identity in found]


def set_techniques(event: Event, values: list[str]) -> None:
    """Set `threat.technique.id` from the product's own words; what is not a technique id is ignored."""
    found = list(dict.fromkeys(match.group() for value in values for match in [_TECHNIQUE.search(value)] if match))
    if found:
        event["threat.technique.id"] = found


def infer(event: Event, *names: str | None) -> None:
    """Where the product names no technique, take the table's for its category or rule name."""
    if "threat.technique.id" in event:
        return
    found = classify(*[name for name in names if name])
    if found is not None:
        event["threat.technique.id"] = [found[0]]
        if "threat.tactic.id" not in event and found[1]:
            event["threat.tactic.id"] = [found[1]]
            event["threat.tactic.name"] = [TACTICS[found[1]]]
