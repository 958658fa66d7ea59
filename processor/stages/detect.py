"""detect: rules over every event. A match becomes an alert event of its own; what correlation rules wait for is remembered.

State of an enterprise: the windows of its correlation rules (`taishi.sigma.correlation.Memory`), in event time. The
rules themselves come with the stretch (`Work.rules`) and are replaced only between checkpoints.
"""

from __future__ import annotations

from typing import Final

import orjson

from processor.inventory import EnterpriseFacts
from processor.stage import StateView, Work
from processor.stages.enrich import assign
from taishi import clock
from taishi.event import Batch, Event
from taishi.sigma.alert import alert, correlated
from taishi.sigma.correlation import Memory
from taishi.sigma.index import Entry
from taishi.sigma.rule import AnyRule
from taishi.sigma.ruleset import Ruleset

MAX_ALERTS: Final = 16
"""Alerts that one event may make; the gravest stay, the rest are counted as `dropped`."""


class Detect:
    name = "detect"

    def load(self, blob: bytes) -> Memory:
        return Memory.load(orjson.loads(blob))

    def dump(self, value: Memory) -> bytes:
        return orjson.dumps(value.dump())

    def run(self, work: Work, state: StateView) -> None:
        rules = work.rules
        if not rules:
            return
        for batch in work.batches:
            if batch.events:
                _Delivery(work, rules, batch, state).run()


class _Delivery:
    """One delivery on its way through the rules."""

    def __init__(self, work: Work, rules: Ruleset, batch: Batch, state: StateView) -> None:
        self.work, self.rules, self.batch, self.state = work, rules, batch, state
        self.facts: EnterpriseFacts = work.inventory.enterprise(batch.enterprise_id)
        self.memory: Memory | None = None

    def run(self) -> None:
        match = self.rules.engine.match
        made: list[Event] = []
        for event in self.batch.events:
            if "taishi.detection.event" in event:
                continue  # an alert of an indicator: the event it was made of is here too
            fired = match(event)
            if fired:
                made += self._made(event, fired)
        if made:
            self.batch.events = [*self.batch.events, *made]
        if self.memory is not None:
            self.state.put(self.batch.enterprise_id, self.memory)

    def _made(self, event: Event, fired: list[Entry]) -> list[Event]:
        alerts: list[tuple[AnyRule, Event]] = []
        for entry in fired:
            self._count(entry.rule.id, "hits")
            if not entry.rule.silent and self._loud(entry.rule, event):
                alerts.append((entry.rule, alert(event, entry.rule, entry.fired_by(event))))
            if self.rules.correlator.listens_to(entry.rule.id):
                alerts += self._correlated(entry.rule.id, event)
        if len(alerts) > MAX_ALERTS:
            alerts.sort(key=lambda one: (-one[0].severity, one[0].id))
            for rule, _ in alerts[MAX_ALERTS:]:
                self._count(rule.id, "dropped")
        result = [made for _, made in alerts[:MAX_ALERTS]]
        for made in result:
            assign(self.facts, made)
        return result

    def _correlated(self, rule_id: str, event: Event) -> list[tuple[AnyRule, Event]]:
        if self.memory is None:
            known: Memory | None = self.state.get(self.batch.enterprise_id)
            self.memory = Memory() if known is None else known
        memory: Memory = self.memory
        alerts: list[tuple[AnyRule, Event]] = []
        for found in self.rules.correlator.observe(memory, rule_id, event, clock.to_seconds(event["@timestamp"])):
            self._count(found.rule.id, "hits")
            if not found.rule.silent and self._loud(found.rule, event):
                alerts.append((found.rule, correlated(event, found)))
        return alerts

    def _loud(self, rule: AnyRule, event: Event) -> bool:
        """Whether a match becomes an alert: the rule is past its trial, and no exception covers the event."""
        if rule.id in self.rules.trial:
            return False
        batch = self.batch
        if self.rules.exempted(rule.id, event, self.facts, batch.received_at):
            self._count(rule.id, "excepted")
            return False
        return True

    def _count(self, rule_id: str, what: str) -> None:
        key = (rule_id, self.batch.enterprise_id, what)
        self.work.figures[key] = self.work.figures.get(key, 0) + 1
