"""Stored events that a rule can match: those of its log source, oldest first, page by page.

What narrows the reading never loses an event: values are compared without case by rules and with case by the stores, so
the values that the period really holds are asked first, and a field that the store cannot count narrows nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from taishi import fields as field_table
from taishi.event import Event
from taishi.scope import Scope
from taishi.sigma.rule import Rule
from taishi.sigma.taxonomy import Condition, Taxonomy
from taishi.store.port import EventStore, Search

MAX_VALUES: Final = 200
"""Values of a routing field that are looked at; of a field with more nothing is known, and it narrows nothing."""
PAGE: Final = 500
MADE: Final = "taishi.detection.event"
"""Alerts that rules made carry it; rules do not see them."""


@dataclass(frozen=True, slots=True)
class Period:
    """Event time, epoch seconds: `since` inclusive, `until` exclusive; of what the scope may see."""

    since: float
    until: float
    scope: Scope


class Narrower:
    """Rules of one log source and another → a query that every event they can match is a result of."""

    def __init__(self, store: EventStore, period: Period, taxonomy: Taxonomy) -> None:
        self._store, self._period, self._taxonomy = store, period, taxonomy
        self._values: dict[str, dict[str, list[str]] | None] = {}

    def query(self, rules: Iterable[Rule]) -> str | None:
        """None: no stored event of the period is of any of their log sources."""
        found: dict[str, None] = {}
        for logsource in dict.fromkeys(rule.logsource for rule in rules):
            for condition in self._taxonomy.source(logsource).when:
                clause = self._clause(condition)
                if clause is not None:
                    found[clause] = None
        if not found:
            return None
        clauses = " OR ".join(f"({clause})" for clause in found if clause) if all(found) else ""
        return f"NOT _exists_:{MADE}" + (f" AND ({clauses})" if clauses else "")

    def _clause(self, condition: Condition) -> str | None:
        parts = []
        for name, wanted in sorted(condition.items()):
            there = self._there(name)
            if there is None or "*" in wanted:
                continue
            values = sorted(value for low in wanted for value in there.get(low, ()))
            if not values:
                return None
            parts.append(f"{name}:({' OR '.join(_quoted(value) for value in values)})")
        return " AND ".join(parts)

    def _there(self, name: str) -> dict[str, list[str]] | None:
        """Lower case → the values of a field that the period holds; None where that is not known."""
        if name not in self._values:
            self._values[name] = self._asked(name)
        return self._values[name]

    def _asked(self, name: str) -> dict[str, list[str]] | None:
        described = field_table.table().get(name)
        if described is None or not described.column or described.type != "keyword":
            return None
        period = self._period
        top = self._store.top("", period.scope, name, MAX_VALUES, period.since, period.until)
        if len(top) >= MAX_VALUES:
            return None
        found: dict[str, list[str]] = {}
        for one in top:
            found.setdefault(one.value.lower(), []).append(one.value)
        return found


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def pages(store: EventStore, query: str, period: Period) -> Iterator[list[Event]]:
    """Events in order of their time."""
    cursor = None
    while True:
        page = store.search(Search(query, period.since, period.until, PAGE, cursor, ascending=True), period.scope)
        yield page.events
        cursor = page.cursor
        if cursor is None:
            return
