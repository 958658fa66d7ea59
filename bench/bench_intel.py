"""A million indicators on every event, beside plain dicts that do the same: time, memory, and what building takes.

Everything that tells memory runs in a process of its own, so that neither hides in the other's heap.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final

from bench.bench_stages import View
from bench.material import Normaliser, copies, deliveries, facts, folder
from processor.stage import Work
from processor.stages.intel import Intel
from taishi.event import Event
from taishi.intel import snapshot
from taishi.intel.match import Matcher
from taishi.intel.snapshot import Entry, Profile, Snapshot
from taishi.intel.values import above

ROOT: Final = Path(__file__).resolve().parent.parent
INDICATORS: Final = 1_000_000
DELIVERY: Final = 500
REPEATS: Final = 5
"""The least of so many runs is taken."""

SHARES: Final = (("domain", 0.5), ("ip", 0.3), ("hash", 0.1), ("url", 0.05), ("cidr", 0.05))


def indicators(count: int) -> Iterator[Entry]:
    """A mix of kinds as large feeds have it; none lies where the sample province's events do."""
    dice = random.Random(7)
    profiles = [Profile(f"feed-{n}", f"Feed {n}", 40 + n, "amber", "c2", f"family {n}") for n in range(40)]
    number = 0
    for kind, share in SHARES:
        for _ in range(int(count * share)):
            number += 1
            yield Entry(number, kind, _value(kind, dice), profiles[number % 40], None, 2e9)  # type: ignore[arg-type]


def _value(kind: str, dice: random.Random) -> str:
    word = f"{dice.getrandbits(60):x}"
    if kind == "domain":
        return f"{word[:10]}.{word[10:]}evil.example"
    if kind == "ip":
        return str(ip_address(0x2000_0000 + dice.getrandbits(28)))
    if kind == "hash":
        return f"{dice.getrandbits(256):064x}"
    if kind == "url":
        return f"http://{word[:8]}.evil.example/{word}"
    return str(ip_network((0x3000_0000 + dice.getrandbits(28), dice.choice((22, 24, 26, 28))), strict=False))


def sample(count: int) -> list[Event]:
    normaliser = Normaliser()
    return [event for _, delivery in deliveries(count) for event in normaliser.batch(delivery).events][:count]


def fresh(events: list[Event]) -> list[Event]:
    """The same events with addresses and names that were never met, so that no memory of values helps."""
    found = []
    for number, event in enumerate(events):
        made = dict(event)
        made["related.ip"] = [str(ip_address(0x0B00_0000 + 2 * number)), str(ip_address(0x0B00_0001 + 2 * number))]
        made["related.hosts"] = [f"h{number}.new.example"]
        found.append(made)
    return found


class Plain:
    """The reference: one dict a kind, a set for each prefix length, a walk up the labels."""

    def __init__(self, entries: Iterator[Entry]) -> None:
        self.known: dict[str, dict[str, tuple[Any, ...]]] = {kind: {} for kind, _ in SHARES}
        self.networks: dict[int, dict[int, tuple[Any, ...]]] = {}
        for entry in entries:
            held = (entry.id, entry.profile, entry.valid_from, entry.valid_until)
            if entry.kind == "cidr":
                network = ip_network(entry.value)
                self.networks.setdefault(network.prefixlen, {})[int(network.network_address)] = held
            else:
                self.known[entry.kind][entry.value] = held

    def look(self, event: Event) -> int:
        found = 0
        get = event.get
        addresses, names, digests = self.known["ip"], self.known["domain"], self.known["hash"]
        for one in get("related.ip") or ():
            found += one in addresses
            number = int(ip_address(one)) if ":" not in one else 0
            found += any(number >> (32 - length) << (32 - length) in kept for length, kept in self.networks.items())
        for one in get("related.hosts") or ():
            found += any(part in names for part in above(one))
        for one in get("related.hash") or ():
            found += one in digests
        url = get("url.full") or get("url.original")
        return found + (url in self.known["url"])


def _memory() -> dict[str, float]:
    """MB of this process: resident, and its own part of that."""
    found: dict[str, float] = {}
    for line in Path("/proc/self/smaps_rollup").read_text("ascii").splitlines()[1:]:
        name, value = line.split(":")
        found[name] = int(value.split()[0]) / 1024
    return {
        "resident": found["Rss"],
        "own": found["Private_Dirty"] + found["Private_Clean"] - found.get("Private_File", 0.0),
    }


def _least(work: Callable[[], Any]) -> float:
    times = []
    for _ in range(REPEATS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def _touched(look: Callable[[Event], Any], events: list[Event]) -> float:
    """CPU seconds of looking at events a delivery at a time, each just read as the stage before leaves it: to fetch an
    event from main memory costs more than to look it up, and is not the matcher's."""
    spent = 0.0
    for start in range(0, len(events), DELIVERY):
        some = events[start : start + DELIVERY]
        for event in some:
            sum(len(value) for value in event.values() if type(value) is str)
        started = time.process_time()
        for event in some:
            look(event)
        spent += time.process_time() - started
    return spent


def _child(what: str, path: Path, events: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.bench_intel", what, str(path), str(events)],
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _measured(what: str, path: Path, count: int) -> dict[str, Any]:
    """In a child: load, look at the events, tell time and memory."""
    events = sample(count)
    new = fresh(events)
    before = _memory()
    started = time.perf_counter()
    ours = what == "snapshot"
    look: Callable[[Event], Any] = Matcher(Snapshot(path)).look if ours else Plain(indicators(INDICATORS)).look
    loading = time.perf_counter() - started
    first = time.process_time()
    for event in new:
        look(event)
    cold = time.process_time() - first
    warm = min(_touched(look, events) for _ in range(REPEATS))
    after = _memory()
    return {
        "loading": loading, "cold": cold / count * 1e6, "warm": warm / count * 1e6,
        "resident": after["resident"] - before["resident"],
    }  # fmt: skip


def _stage(path: Path, count: int) -> list[dict[str, Any]]:
    """What the stage adds in the pipeline."""
    normaliser, stage, matcher = Normaliser(), Intel(), Matcher(Snapshot(path))
    inventory = facts(copies(count))
    batches = [normaliser.batch(delivery) for _, delivery in deliveries(count)]
    events = sum(len(batch.events) for batch in batches)
    rows = []
    for what, chosen in (("no indicators", None), (f"{INDICATORS:,} indicators", matcher)):

        def run(chosen: Matcher | None = chosen) -> None:
            work = Work(0, [replace(batch) for batch in batches], inventory)
            work.intel = chosen
            stage.run(work, View())

        run()
        rows.append({"stage": f"intel, {what}", "events": events, "µs added/event": _least(run) / events * 1e6})
    return rows


def run(events: int = 1_000_000) -> list[dict[str, Any]]:
    count = min(events, 100_000)
    with folder() as place:
        path = place / "indicators-000000000001.bin"
        started = time.process_time()
        held = snapshot.write(path, indicators(INDICATORS), {"change": 1})
        building = time.process_time() - started
        started = time.process_time()
        for _ in indicators(INDICATORS):
            pass
        building -= time.process_time() - started
        ours, plain = _child("snapshot", path, count), _child("plain", path, count)
        rows: list[dict[str, Any]] = [
            {"build": "snapshot", "indicators": held, "CPU s": building, "µs/indicator": building / held * 1e6,
             "file MB": path.stat().st_size / 1e6}
        ]  # fmt: skip
        for what, one in (("mapped snapshot", ours), ("plain dicts", plain)):
            rows.append(
                {
                    "what": what, "indicators": held, "events": count, "µs/event": one["warm"], "new values µs/event": one["cold"],
                    "ready after s": one["loading"], "memory MB": one["resident"],
                    "speed ratio": plain["warm"] / one["warm"], "memory ratio": one["resident"] / plain["resident"],
                }
            )  # fmt: skip
        return rows + _stage(path, count)


if __name__ == "__main__":
    print(json.dumps(_measured(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
