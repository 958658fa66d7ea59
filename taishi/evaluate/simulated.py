"""Days of the simulator's province, read by the real parsers, with the truth that the simulator knows."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from collectors.framing import Frame
from collectors.normalise import Reader
from collectors.sources import SourceInfo
from processor import inventory
from processor.inventory import Inventory
from simulator.line import Line
from simulator.noise import Noise
from simulator.onboard import onboard
from simulator.province import Province, build
from simulator.schedule import DAY, timeline
from simulator.state import Installation
from taishi import clock
from taishi.evaluate.labelled import NOISE, Labelled, Scenario
from taishi.records.sql import SqlRecords
from taishi.scope import EVERYTHING

ANCHOR = 1_780_000_000.0


def scenarios(seed: int, days: int, enterprises: int) -> tuple[list[Scenario], Inventory]:
    """One scenario an enterprise that sent alerts. Labels are `step.kind.attack`."""
    province = build(seed=seed, enterprises=enterprises)
    readers: dict[str, Reader] = {}
    found: dict[str, list[Labelled]] = defaultdict(list)
    for line in timeline(province, Noise(province), ANCHOR, ANCHOR + days * DAY, ANCHOR, None):
        _read(readers, line, found[line.feed.site_id])
    made = [
        Scenario(identity, _without_clock_faults(alerts), f"simulator-{seed}")
        for identity, alerts in sorted(found.items())
    ]
    return [scenario for scenario in made if scenario.alerts], _inventory(province)


def _read(readers: dict[str, Reader], line: Line, alerts: list[Labelled]) -> None:
    feed = line.feed
    reader = readers.get(feed.id)
    if reader is None:
        reader = readers[feed.id] = Reader(
            SourceInfo(feed.id, feed.site_id, feed.parser, "Asia/Shanghai", "", "", "active", 1e9)
        )
    batch = reader.batch([Frame(line.text.encode())], "simulated", line.at + 1.0)
    truth = line.truth
    label = f"{truth.step or 'step'}.{truth.kind}.{truth.attack}" if truth.attack else NOISE
    for event in batch.events:
        if event.get("event.kind") == "alert":
            alerts.append(Labelled(len(alerts), clock.to_seconds(event["@timestamp"]), label, event))


def _without_clock_faults(alerts: list[Labelled]) -> list[Labelled]:
    """Some simulated sources have wrong clocks, which is the collectors' business: here what happened before or long after
    the days is left out."""
    kept = [alert for alert in alerts if alert.t >= ANCHOR - 3600.0]
    return [replace(alert, index=index) for index, alert in enumerate(kept)]


def _inventory(province: Province) -> Inventory:
    with tempfile.TemporaryDirectory() as folder:
        records = SqlRecords(f"sqlite:///{Path(folder) / 'records.sqlite'}")
        records.migrate()
        installation = Installation(province.region, province.seed, len(province.sites), ANCHOR)
        onboard(records, province, installation, [])
        with records.read(EVERYTHING) as session:
            loaded = inventory.load(session)
        records.close()
    return loaded
