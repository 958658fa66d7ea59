"""The examples that a rule carries in its `taishi.cases`: events, and whether the rule must match them.

    taishi:
      cases:
        - match: true
          events: [{event.dataset: zeek.modbus, …}, …]     # one event, or several in order for a correlation

Events are our flat fields. A plain rule is run over each event of a case and must match (or not match) every one; a
correlation is run with the rules it names over the whole case, a second between events unless they carry `@timestamp`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from taishi import clock
from taishi.event import Event
from taishi.sigma.correlation import Memory
from taishi.sigma.parse import Parsed
from taishi.sigma.rule import Rule
from taishi.sigma.ruleset import Ruleset, build

START = 1_790_000_000.0
"""Epoch seconds of a case's first event where it says none."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that does not hold: its place in the rule, and whether the rule should have matched."""

    source: str
    rule_id: str
    number: int
    wanted: bool


def cases_of(parsed: Parsed) -> list[tuple[bool, list[Event]]]:
    """(must match, events) of each case of a rule."""
    own = parsed.document.get("taishi")
    raw: Any = own.get("cases") if isinstance(own, dict) else None
    found = []
    for case in raw or ():
        events = [dict(event) for event in case["events"]]
        for index, event in enumerate(events):
            event.setdefault("event.id", f"case-{index}")
            event.setdefault("@timestamp", clock.to_text(START + index))
        found.append((bool(case["match"]), events))
    return found


def run_cases(parsed: Sequence[Parsed]) -> tuple[int, list[Failure]]:
    """Run every case of every rule; how many there are, and those that do not hold."""
    rules = build(one.rule for one in parsed)
    count, failures = 0, []
    for one in parsed:
        for number, (wanted, events) in enumerate(cases_of(one), 1):
            count += 1
            if not _holds(rules, one, events, wanted=wanted):
                failures.append(Failure(one.source, one.rule.id, number, wanted))
    return count, failures


def _holds(rules: Ruleset, one: Parsed, events: list[Event], *, wanted: bool) -> bool:
    if isinstance(one.rule, Rule):
        hits = [one.rule.id in {entry.rule.id for entry in rules.engine.match(event)} for event in events]
        return all(hits) if wanted else not any(hits)
    memory = Memory()
    fired = {
        found.rule.id
        for event in events
        for entry in rules.engine.match(event)
        for found in rules.correlator.observe(memory, entry.rule.id, event, clock.to_seconds(event["@timestamp"]))
    }
    return (one.rule.id in fired) == wanted
