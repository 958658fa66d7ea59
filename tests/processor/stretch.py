"""Running stages alone, as pure functions: state in a dictionary, work made from batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processor.inventory import AssetFacts, EnterpriseFacts, Inventory
from processor.pipeline import stages
from processor.stage import Decided, Row, Stage, Work
from processor.stages.correlate import Correlate
from taishi.event import Batch
from taishi.settings import Settings
from tests.processor.material import copy


def inventory() -> Inventory:
    """The enterprise of `material.onboard`, without a database."""
    facts = EnterpriseFacts(
        "e1", "企业 e1", "", "330106", ("330000", "330100", "330106"), "C36", "industrial", 2, "park", "miit",
        stamp={"organization.id": "e1", "organization.name": "企业 e1", "taishi.region": "330106",
               "taishi.region_path": ["330000", "330100", "330106"], "taishi.industry": "C36"},
    )  # fmt: skip
    for address, name, kind, criticality in (
        ("10.1.0.20", "web1", "server", 0.5), ("10.1.0.30", "eng1", "engineering", 0.8),
        ("10.1.0.40", "plc1", "plc", 1.0), ("10.1.0.53", "ns1", "dns", 0.6),
    ):  # fmt: skip
        asset = AssetFacts(f"a-{name}", name, kind, address, name, criticality, 1.0, "none", ())
        facts.assets[address] = facts.assets[name] = asset
    return Inventory({"e1": facts})


@dataclass
class Memory:
    """A StateView whose values live as encoded blobs, so that every stretch also tests load and dump."""

    stage: Stage
    blobs: dict[str, bytes] = field(default_factory=dict)

    def get(self, key: str) -> Any | None:
        return self.stage.load(self.blobs[key]) if key in self.blobs else None

    def put(self, key: str, value: Any) -> None:
        self.blobs[key] = self.stage.dump(value)


class Pipeline:
    """All stages over stretches, collecting rows as the records would."""

    def __init__(self, facts: Inventory | None = None) -> None:
        self.stages = stages(Settings(data_dir=Path("unused")))
        self.views = {stage.name: Memory(stage) for stage in self.stages}
        self.facts = facts or inventory()
        self.rows: dict[tuple[str, str], Row] = {}
        self.news: list[tuple[str, str]] = []
        self.closed: frozenset[str] = frozenset()

    def run(self, batches: Sequence[Batch]) -> Work:
        work = Work(0, [copy(batch) for batch in batches], self.facts, self.closed, rows=self.rows)
        for stage in self.stages:
            stage.run(work, self.views[stage.name])
        self.news.extend(work.changes)
        return work

    def tick(self, at: float) -> None:
        self.run([Batch("", "e1", f"tick-{at}", at, 0)])

    def decide(self, *decisions: Decided) -> None:
        stage = self.stages[-1]
        assert isinstance(stage, Correlate)
        work = Work(0, [], self.facts, rows=self.rows)
        stage.decide(work, self.views[stage.name], list(decisions))

    def table(self, name: str) -> dict[str, dict[str, Any]]:
        return {key[1]: row.values for key, row in self.rows.items() if key[0] == name}

    @property
    def metas(self) -> dict[str, dict[str, Any]]:
        return self.table("meta_alert")

    @property
    def incidents(self) -> dict[str, dict[str, Any]]:
        """Without those merged into others."""
        return {key: row for key, row in self.table("incident").items() if not row.get("merged_into")}

    def members(self, incident: str) -> dict[str, dict[str, Any]]:
        return {key: row for key, row in self.metas.items() if row.get("incident_id") == incident}
