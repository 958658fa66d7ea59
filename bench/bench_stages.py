"""The stages of the processor one by one, on parsed events, beside an orjson encode + decode of the same events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.material import STRETCH, Clock, Normaliser, copies, deliveries, event_round_trip, facts, peak_memory
from processor.inventory import Inventory
from processor.pipeline import stages
from processor.stage import Stage, Work
from taishi.event import Batch
from taishi.settings import Settings


class View:
    """State that stays decoded between stretches, as the worker's cache keeps it."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def get(self, key: str) -> Any | None:
        return self._values.get(key)

    def put(self, key: str, value: Any) -> None:
        self._values[key] = value


class Pipeline:
    """All stages over stretches of deliveries, with a clock each."""

    def __init__(self, inventory: Inventory) -> None:
        self.stages: tuple[Stage, ...] = stages(Settings(data_dir=Path("unused")))
        self.clocks = {stage.name: Clock() for stage in self.stages}
        self._views = {stage.name: View() for stage in self.stages}
        self._inventory = inventory

    def run(self, batches: list[Batch]) -> Work:
        work = Work(0, batches, self._inventory)
        for stage in self.stages:
            with self.clocks[stage.name]:
                stage.run(work, self._views[stage.name])
        return work


def _measure(events: int) -> list[dict[str, Any]]:
    pipeline, normaliser, yard = Pipeline(facts(copies(events))), Normaliser(), Clock()
    count = alerts = 0
    waiting: list[Batch] = []
    for _, delivery in deliveries(events):
        waiting.append(normaliser.batch(delivery))
        if len(waiting) == STRETCH:
            count, alerts = _stretch(pipeline, waiting, yard, count, alerts)
            waiting = []
    count, alerts = _stretch(pipeline, waiting, yard, count, alerts)
    spent = {name: clock.seconds for name, clock in pipeline.clocks.items()}
    spent["all stages"] = sum(spent.values())
    return [
        {
            "stage": name, "events": count, "alerts": alerts, "µs/event": seconds / count * 1e6,
            "orjson µs/event": yard.seconds / count * 1e6, "ratio": yard.seconds / seconds, "peak MB": peak_memory(),
        }
        for name, seconds in spent.items()
    ]  # fmt: skip


def _stretch(pipeline: Pipeline, batches: list[Batch], yard: Clock, count: int, alerts: int) -> tuple[int, int]:
    events = [event for batch in batches for event in batch.events]
    with yard:
        event_round_trip(events)
    alerts += sum(event["event.kind"] == "alert" for event in events)
    pipeline.run(batches)
    return count + len(events), alerts


def run(events: int = 1_000_000) -> list[dict[str, Any]]:
    """Rows at a tenth of `events` and at `events`: a growing cost per event would show between them."""
    return [row for size in (max(1, events // 10), events) for row in _measure(size)]
