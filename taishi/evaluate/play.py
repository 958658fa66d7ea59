"""Alerts through the platform's own stages, in memory: no stream, no database, the state that the worker would keep."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processor.inventory import EnterpriseFacts, Inventory
from processor.pipeline import stages
from processor.stage import Row, Stage, Work
from processor.stages.aggregate import DISORDER, Aggregate
from processor.stages.aggregate_state import TICK_RELEASE
from taishi.evaluate.labelled import Labelled, Scenario, event_of
from taishi.event import Batch
from taishi.settings import Settings

BATCH = 200
"""Alerts of one delivery."""

MEASURED = ("aggregate", "correlate")


@dataclass(slots=True)
class Played:
    """What became of the alerts of one scenario. `meta` by index; `incident` by meta-alert, merges followed; the rows of
    meta-alerts and incidents as the records would have them; `seconds` in aggregate and correlate; `state` in bytes."""

    meta: dict[int, str] = field(default_factory=dict)
    incident: dict[str, str] = field(default_factory=dict)
    metas: dict[str, dict[str, Any]] = field(default_factory=dict)
    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: float = 0.0
    state: int = 0

    def escalated(self, identity: str) -> bool:
        return bool(self.incidents.get(identity, {}).get("escalated"))


class View:
    """State that stays decoded; `reload` makes it as if the process had been restarted."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.values: dict[str, Any] = {}

    def get(self, key: str) -> Any | None:
        return self.values.get(key)

    def put(self, key: str, value: Any) -> None:
        self.values[key] = value

    def size(self, key: str) -> int:
        return len(self._stage.dump(self.values[key])) if key in self.values else 0

    def reload(self) -> None:
        self.values = {key: self._stage.load(self._stage.dump(value)) for key, value in self.values.items()}


class Pipeline:
    """The stages of one partition. `gap_scale` is that of Aggregate; without `inventory` an enterprise has no assets."""

    def __init__(self, names: Sequence[str], gap_scale: float = 1.0, inventory: Inventory | None = None) -> None:
        self._placed: dict[str, str] = {}
        chosen = stages(Settings(data_dir=Path("unused")))
        self._stages: list[Stage] = [
            Aggregate(gap_scale, self._placed.__setitem__) if stage.name == "aggregate" else stage for stage in chosen
        ]
        self._views = {stage.name: View(stage) for stage in self._stages}
        self._inventory = inventory or Inventory({name: _enterprise(name) for name in names})
        self._rows: dict[tuple[str, str], Row] = {}
        self._played = {name: Played() for name in names}
        self._numbers = dict.fromkeys(names, 0)

    def take(self, name: str, alerts: Sequence[Labelled], received_at: float) -> None:
        """One delivery of one enterprise; with no alerts a tick."""
        self._numbers[name] += 1
        events = [event_of(name, alert) for alert in alerts]
        source = "sensors" if alerts else ""
        batch = Batch(source, name, f"{name}-{self._numbers[name]}", received_at, len(events), events)
        work = Work(0, [batch], self._inventory, rows=self._rows)
        for stage in self._stages:
            began = time.perf_counter()
            stage.run(work, self._views[stage.name])
            if stage.name in MEASURED:
                self._played[name].seconds += time.perf_counter() - began

    def rows(self, table: str) -> dict[str, dict[str, Any]]:
        """The rows of a table as the records would have them, by key."""
        return {identity: row.values for (kind, identity), row in self._rows.items() if kind == table}

    def restart(self) -> None:
        """All state through its stored form."""
        for view in self._views.values():
            view.reload()

    def end(self) -> dict[str, Played]:
        """What is held is released; then the outcome by enterprise."""
        for name, played in self._played.items():
            last = max((row.values["last_seen"] for row in self._of("meta_alert", name).values()), default=0.0)
            self.take(name, [], last + 86_400.0 + TICK_RELEASE)
            played.state = sum(self._views[stage].size(name) for stage in MEASURED)
        for name, played in self._played.items():
            self._collect(name, played)
        return self._played

    def _of(self, table: str, name: str) -> dict[str, Row]:
        return {
            identity: row
            for (kind, identity), row in self._rows.items()
            if kind == table and row.values.get("enterprise_id", name) == name
        }

    def _collect(self, name: str, played: Played) -> None:
        played.metas = {identity: row.values for identity, row in self._of("meta_alert", name).items()}
        played.incidents = {identity: row.values for identity, row in self._of("incident", name).items()}
        for identity, values in played.metas.items():
            played.incident[identity] = self._final(str(values.get("incident_id") or ""))
        for event_id, meta in self._placed.items():
            scenario, _, index = event_id.rpartition("-")
            if scenario == name:
                played.meta[int(index)] = meta

    def _final(self, identity: str) -> str:
        while identity and (row := self._rows.get(("incident", identity))) and row.values.get("merged_into"):
            identity = str(row.values["merged_into"])
        return identity


def _enterprise(name: str) -> EnterpriseFacts:
    return EnterpriseFacts(
        name, name, name, "330106", ("330000", "330100", "330106"), "C36", "industrial", 2, "", "miit",
        stamp={"organization.id": name},
    )  # fmt: skip


Arrival = Callable[[Labelled], float]


def in_order(alert: Labelled) -> float:
    return alert.t


def deliveries(
    scenario: Scenario, arrival: Arrival = in_order, size: int = BATCH
) -> Iterator[tuple[list[Labelled], float]]:
    """Alerts in order of arrival, cut into deliveries, each with its time of receipt."""
    ordered = sorted(scenario.alerts, key=lambda alert: (arrival(alert), alert.index))
    for start in range(0, len(ordered), size):
        some = ordered[start : start + size]
        yield some, max(arrival(alert) for alert in some) + DISORDER


def play(scenario: Scenario, gap_scale: float = 1.0, inventory: Inventory | None = None) -> Played:
    """One scenario by itself."""
    pipeline = Pipeline([scenario.name], gap_scale, inventory)
    for some, received_at in deliveries(scenario):
        pipeline.take(scenario.name, some, received_at)
    return pipeline.end()[scenario.name]
