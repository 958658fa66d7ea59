"""A rule over stored days: what it would have found, what would have become of it, and what it would have cost.

The same engine as the stream's runs over the events of the rule's log source in order of their time, page by page. The
alerts it would have made go through aggregation and correlation with empty memories: so many meta-alerts and incidents
would they have made by themselves. Exceptions in force are applied; suppressions, which people make of alerts, are not.
Everything but what is measured in nanoseconds is the same each time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from processor.inventory import Inventory
from processor.pipeline import stages
from processor.stage import Row, Work
from processor.stages.detect import Detect
from taishi import clock
from taishi.event import Batch, Event
from taishi.rules.library import BUDGET
from taishi.rules.stored import Narrower, Period, pages
from taishi.settings import Settings
from taishi.sigma.explain import Reason
from taishi.sigma.rule import AnyRule, Correlation
from taishi.sigma.ruleset import Ruleset
from taishi.store.port import EventStore

DAY: Final = 86_400.0
MAX_SAMPLES: Final = 40
SAMPLES_EACH: Final = 4
"""Sample events of one enterprise."""
MAX_ENTERPRISES: Final = 200
"""Enterprises named in a result, the most hit first; the others are counted together."""
MAX_ALERTS: Final = 50_000
"""Alerts that go through aggregation and correlation; a rule that makes more is not asked for its incidents."""

Progress = Callable[[int, int, int], bool]
"""(events seen, events in all, hits) → whether to go on."""


class Stopped(Exception):
    """Somebody cancelled it."""


@dataclass(slots=True)
class Found:
    """What a run has found so far."""

    seen: int = 0
    hits: int = 0
    excepted: int = 0
    nanoseconds: int = 0
    by_day: Counter[float] = field(default_factory=Counter)
    by_enterprise: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    alerts: int = 0


class Backtest:
    """One run. `rules`: the rule under test first, then those it builds on, as `Ruleset` of them all."""

    def __init__(
        self, rule: AnyRule, rules: Ruleset, store: EventStore, inventory: Inventory, period: Period,
        ticks: Callable[[], int],
    ) -> None:  # fmt: skip
        """`ticks` gives nanoseconds."""
        self.rule, self.rules, self.store, self.inventory, self.period = rule, rules, store, inventory, period
        self.ticks = ticks
        self.found = Found()
        self._detect = Detect()
        self._memory = _Memory()
        self._after = _Afterwards(inventory)

    def run(self, progress: Progress) -> dict[str, Any]:
        """The result as JSON. Raises Stopped, and StoreError where the store fails."""
        simple = [entry.rule for entry in self.rules.engine.entries]
        query = Narrower(self.store, self.period, self.rules.engine.taxonomy).query(simple)
        period = self.period
        total = 0 if query is None else self.store.count(query, period.scope, period.since, period.until)
        everything = self.store.count("", period.scope, period.since, period.until)
        for events in pages(self.store, query, period) if query is not None else ():
            self._page(events)
            if not progress(self.found.seen, max(total, self.found.seen), self.found.hits):
                raise Stopped
        return self._result(query, everything)

    # -------------------------------------------------------- events

    def _page(self, events: list[Event]) -> None:
        self.found.seen += len(events)
        groups: dict[str, list[Event]] = {}
        for event in events:
            groups.setdefault(str(event.get("organization.id", "")), []).append(event)
        for enterprise_id, some in sorted(groups.items()):
            self._delivery(enterprise_id, some)

    def _delivery(self, enterprise_id: str, events: list[Event]) -> None:
        """Events of one enterprise through the detect stage, as if they had come together."""
        found = self.found
        newest = max(clock.to_seconds(str(event["@timestamp"])) for event in events)
        batch = Batch("stored", enterprise_id, f"{enterprise_id}-{found.seen}", newest, len(events), list(events))
        work = Work(0, [batch], self.inventory, rules=self.rules)
        started = self.ticks()
        self._detect.run(work, self._memory)
        found.nanoseconds += self.ticks() - started
        made = [event for event in batch.events[len(events) :] if event["rule.id"] == self.rule.id]
        found.excepted += sum(
            n for (rule, _, what), n in work.figures.items() if (rule, what) == (self.rule.id, "excepted")
        )
        by_id = {str(event["event.id"]): event for event in events}
        for alert in made:
            self._hit(enterprise_id, alert, by_id[str(alert["taishi.detection.event"])])
        if made and found.alerts < MAX_ALERTS:
            found.alerts += len(made)
            self._after.take(enterprise_id, made, newest)

    def _hit(self, enterprise_id: str, alert: Event, event: Event) -> None:
        found = self.found
        found.hits += 1
        at = clock.to_seconds(str(event["@timestamp"]))
        found.by_day[math.floor(at / DAY) * DAY] += 1
        found.by_enterprise[enterprise_id] += 1
        mine = found.samples.setdefault(enterprise_id, [])
        if len(mine) < SAMPLES_EACH and sum(map(len, found.samples.values())) < MAX_SAMPLES:
            mine.append(self._sample(enterprise_id, alert, event, at))

    def _sample(self, enterprise_id: str, alert: Event, event: Event, at: float) -> dict[str, Any]:
        return {
            "event_id": str(event["event.id"]), "at": at, "enterprise_id": enterprise_id,
            "message": str(event.get("message") or event.get("event.original") or "")[:300],
            "reasons": [_reason(one) for one in self._reasons(event)],
            "events": list(alert.get("taishi.detection.events", ()))[:20],
            "group": dict(zip(alert["taishi.detection.fields"], alert["taishi.detection.values"], strict=True))
            if isinstance(self.rule, Correlation) else {},
        }  # fmt: skip

    def _reasons(self, event: Event) -> list[Reason]:
        """Of a correlation: those of the rule whose match completed it."""
        return [reason for entry in self.rules.engine.match(event) for reason in entry.explainer.reasons(event)]

    # -------------------------------------------------------- the result

    def _result(self, query: str | None, everything: int) -> dict[str, Any]:
        found = self.found
        whole = found.alerts < MAX_ALERTS
        metas, incidents, escalated = self._after.end() if whole else (None, None, None)
        each = found.nanoseconds / found.seen if found.seen else 0.0
        share = found.nanoseconds / everything if everything else 0.0
        first = math.floor(self.period.since / DAY)
        days = range(first, max(first, math.ceil(self.period.until / DAY)))
        ranked = sorted(found.by_enterprise.items(), key=lambda one: (-one[1], one[0]))
        return {
            "events": found.seen, "stored": everything, "query": query or "", "hits": found.hits,
            "excepted": found.excepted,
            "by_day": [{"start": day * DAY, "count": found.by_day[day * DAY]} for day in days],
            "enterprises": len(ranked),
            "by_enterprise": [{"id": name, "count": count} for name, count in ranked[:MAX_ENTERPRISES]],
            "samples": [one for name in sorted(found.samples) for one in found.samples[name]],
            "meta_alerts": metas, "incidents": incidents, "escalated": escalated,
            "nanoseconds": each, "share_nanoseconds": share, "budget_nanoseconds": BUDGET, "throttled": share > BUDGET,
        }  # fmt: skip


def _reason(one: Reason) -> dict[str, str]:
    return {"field": one.field, "value": one.value, "op": one.op, "operand": one.operand, "name": one.name}


class _Memory:
    """State of a stage that stays decoded."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str) -> Any | None:
        return self.values.get(key)

    def put(self, key: str, value: Any) -> None:
        self.values[key] = value


class _Afterwards:
    """Aggregation and correlation of the alerts alone."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        chosen = stages(Settings(data_dir=Path("unused")))
        self._stages = [stage for stage in chosen if stage.name in {"aggregate", "correlate"}]
        self._views = {stage.name: _Memory() for stage in self._stages}
        self._rows: dict[tuple[str, str], Row] = {}
        self._last: dict[str, float] = {}
        self._number = 0

    def take(self, enterprise_id: str, alerts: list[Event], newest: float) -> None:
        self._last[enterprise_id] = max(newest, self._last.get(enterprise_id, 0.0))
        self._run("stored", enterprise_id, alerts, newest)

    def _run(self, source: str, enterprise_id: str, alerts: list[Event], newest: float) -> None:
        self._number += 1
        batch = Batch(source, enterprise_id, f"backtest-{self._number}", newest, len(alerts), alerts)
        work = Work(0, [batch], self._inventory, rows=self._rows)
        work.newest[batch.delivery] = newest
        for stage in self._stages:
            stage.run(work, self._views[stage.name])

    def end(self) -> tuple[int, int, int]:
        """(meta-alerts, incidents, incidents that would have asked for a person)."""
        for enterprise_id, last in sorted(self._last.items()):
            self._run("", enterprise_id, [], last + DAY)  # a tick: nothing waits any longer
        metas = sum(1 for table, _ in self._rows if table == "meta_alert")
        whole = [
            row.values
            for (table, _), row in self._rows.items()
            if table == "incident" and not row.values.get("merged_into")
        ]
        return metas, len(whole), sum(1 for row in whole if row.get("escalated"))
