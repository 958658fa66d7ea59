"""Runs of the simulator: against a platform's listeners, or into files.

options = Options(region="330000", duration=3600)
run_simulator(options, stop=threading.Event())
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson

from simulator.line import Line
from simulator.noise import Noise
from simulator.onboard import onboard, people
from simulator.player import Crew, Delivery, Player, Progress
from simulator.province import ENTERPRISES, Province, Site, build
from simulator.schedule import DAY, planned, timeline
from simulator.senders import HttpSender, Stopped, Targets, body_of
from simulator.state import Installation, load, save
from simulator.truth import TruthFile
from taishi.errors import ConfigError
from taishi.records.port import Records

STATE_FILE: Final = "simulator.json"
SILENT_BEFORE: Final = 3 * 3600.0
"""Sources that fall silent do so three hours before a first start."""
LONGEST_GAP: Final = DAY
"""After a longer pause no more than this is filled in."""


@dataclass(frozen=True, slots=True)
class Options:
    """What `taishi simulate` is asked for.

    `start`: epoch seconds of the first event, None for `duration` before now. `duration`: seconds of event time, None for
    ever. `scale`: event seconds in a real second, 0 for as fast as it is taken. `rate`: at most so many lines a second.
    `dry_run`: write files into this folder instead of sending."""

    region: str = "330000"
    seed: int = 1
    enterprises: int = ENTERPRISES
    targets: Targets = field(default_factory=Targets)
    start: float | None = None
    duration: float | None = DAY
    scale: float = 0.0
    rate: float | None = None
    noise: float = 1.0
    truth: Path | None = None
    state: Path = Path("var") / STATE_FILE
    dry_run: Path | None = None
    live_attacks: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a run sent: lines, how many of them belong to attacks, and the real seconds it took."""

    lines: int
    attack_lines: int
    attacks: tuple[str, ...]
    seconds: float


def installation(path: Path, region: str, seed: int, enterprises: int, anchor: float) -> Installation:
    """The one kept at `path`, or a new one written there. Raises ConfigError where it is of another province."""
    found = load(path)
    if found is None:
        found = Installation(region, seed, enterprises, anchor)
        save(path, found)
    elif (found.region, found.seed, found.enterprises) != (region, seed, enterprises):
        raise ConfigError(
            f"{path} belongs to region {found.region}, seed {found.seed}, {found.enterprises} enterprises; "
            "use another data directory, or remove it to begin anew"
        )
    return found


def contact_site(province: Province, anchor: float) -> Site:
    """The enterprise whose contact may sign in: one that is attacked in the first day, and sees something therefore."""
    attacks = planned(province, anchor, anchor, anchor + DAY)
    chosen = next((attack for attack in attacks if attack.attack.name == "ransomware"), None)
    return chosen.site if chosen else attacks[0].site if attacks else province.sites[0]


def run_simulator(
    options: Options,
    *,
    records: Records | None = None,
    stop: threading.Event | None = None,
    watch: Callable[[Progress], None] | None = None,
) -> Report:
    """Run until the duration is over or `stop` is set. With `records` the province is onboarded first.

    Raises NotFound for an unknown region, ConfigError where the platform refuses the sources."""
    stop = stop or threading.Event()
    begun = time.monotonic()
    start = _start(options)
    end = start + options.duration if options.duration is not None else float("inf")
    kept = installation(options.state, options.region, options.seed, options.enterprises, start)
    province = build(options.region, options.seed, options.enterprises)
    noise = Noise(province, silent_after=kept.anchor + DAY - SILENT_BEFORE)
    noise.rate *= options.noise
    session = start if options.live_attacks else None
    lines = timeline(province, noise, start, end, kept.anchor, session)
    truth = TruthFile(options.truth)
    try:
        if options.dry_run is not None:
            progress = _write(lines, province, options.dry_run, truth, stop)
        else:
            if records is not None:
                onboard(records, province, kept, people(province, contact_site(province, kept.anchor)))
            progress = _send(lines, options, kept, province, truth, stop, start, end, watch)
    finally:
        truth.close()
    names = tuple(attack.identity for attack in planned(province, kept.anchor, start, min(end, start + 30 * DAY)))
    return Report(progress.lines, progress.attack_lines, names, time.monotonic() - begun)


def _start(options: Options) -> float:
    if options.start is not None:
        return float(int(options.start))
    return float(int(time.time() - (options.duration or 0.0 if options.scale == 0 else 0.0)))


def _send(
    lines: Iterator[Line], options: Options, kept: Installation, province: Province, truth: TruthFile,
    stop: threading.Event, start: float, end: float, watch: Callable[[Progress], None] | None,
) -> Progress:  # fmt: skip
    wait_for_platform(options.targets, kept, province, stop)
    with crew(options.targets, kept, truth, stop, {}) as (workers, positions):
        player = Player(workers, stop, positions, rate=options.rate)
        with _watching(player, watch):
            try:
                if options.scale == 0:
                    player.backfill(lines, end)
                else:
                    player.play(lines, start, options.scale, end)
            except Stopped:
                pass  # asked to end: what is confirmed is confirmed
        return player.progress


@contextmanager
def crew(
    targets: Targets, kept: Installation, truth: TruthFile, stop: threading.Event, positions: dict[str, float]
) -> Iterator[tuple[Crew, dict[str, float]]]:
    """Sending threads that move `positions` on as deliveries are accepted."""

    def confirmed(delivery: Delivery) -> None:
        positions[delivery.site_id] = max(positions.get(delivery.site_id, 0.0), delivery.end)

    workers = Crew(targets, kept.key, truth, stop, confirmed)
    workers.start()
    try:
        yield workers, positions
    finally:
        workers.close()


@contextmanager
def _watching(player: Player, watch: Callable[[Progress], None] | None) -> Iterator[None]:
    """Tell the caller about progress a few times a second, from a thread of its own."""
    if watch is None:
        yield
        return
    over = threading.Event()

    def tell() -> None:
        while not over.wait(0.2):
            watch(player.progress)

    thread = threading.Thread(target=tell, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        watch(player.progress)


def wait_for_platform(targets: Targets, kept: Installation, province: Province, stop: threading.Event) -> None:
    """Return when the listener answers and knows the newest of our sources; raises Stopped."""
    feed = next((feed for feed in reversed(province.feeds) if feed.transport == "http"), None)
    if feed is None:
        return
    probe = HttpSender(targets.http_url, kept.key, TruthFile(None), stop)
    try:
        probe.reach(feed)
    finally:
        probe.close()


def _write(
    lines: Iterable[Line], province: Province, folder: Path, truth: TruthFile, stop: threading.Event
) -> Progress:
    """One file a source, in its format, with `sources.json` beside them: enterprise, parser and transport of each."""
    folder.mkdir(parents=True, exist_ok=True)
    progress = Progress()
    waiting: dict[str, list[Line]] = {}
    counts: dict[str, int] = {}

    def flush(source: str) -> None:
        some = waiting.pop(source)
        first = counts.get(source, 0)
        body, head = (
            body_of(some[0].feed, some) if first == 0 else ("\n".join(line.text for line in some).encode() + b"\n", 0)
        )
        with (folder / f"{source}.log").open("ab" if first else "wb") as file:
            file.write(body)
        truth.add(some, first=first + head)
        counts[source] = first + head + len(some)

    for line in lines:
        if stop.is_set():
            break
        waiting.setdefault(line.feed.id, []).append(line)
        progress.lines += 1
        progress.attack_lines += bool(line.truth.attack)
        progress.at = line.at
        if len(waiting[line.feed.id]) >= 200:
            flush(line.feed.id)
    for source in list(waiting):
        flush(source)
    described = {
        feed.id: {"enterprise": feed.site_id, "parser": feed.parser, "product": feed.product, "transport": feed.transport}
        for feed in province.feeds if feed.id in counts
    }  # fmt: skip
    (folder / "sources.json").write_bytes(orjson.dumps(described, option=orjson.OPT_INDENT_2))
    return progress
