"""Commands beside the platform that need its parts put together: replay, doctor, topics, size."""

from __future__ import annotations

import json
import secrets
import signal
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from collectors.replay import BALANCE, ReplayResult, Target, ledger_of, replay, settle
from taishi import sizing
from taishi.compose import build_records, build_store, build_stream
from taishi.doctor import examine
from taishi.errors import ConfigError
from taishi.event import TOPIC_EVENTS
from taishi.records.tables import Source
from taishi.scope import EVERYTHING
from taishi.security.keys import hash_key
from taishi.settings import Settings

SETTLE_SECONDS = 60.0


def run_replay(settings: Settings, paths: Sequence[Path], source_id: str, key: str, url: str, *, as_json: bool) -> bool:
    """Feed files and print the closing balance; True where it closes. Raises ConfigError and ReplayRefused."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    target = Target(url or _listener(settings), key)
    console = Console(stderr=True)
    result = ReplayResult()
    records = build_records(settings)
    try:
        with records.read(EVERYTHING) as session:
            source = session.get(Source, source_id)
            if source is None:
                raise ConfigError(f"there is no source {source_id!r} on this platform; onboard it first")
        before = ledger_of(records, source_id)
        _feed(paths, target, result, stop, console)
        with console.status("waiting for the processor …"):
            result.balance = settle(records, source_id, before, result.records, stop, SETTLE_SECONDS)
    finally:
        records.close()
    _print(result, as_json=as_json)
    return result.difference == 0 and result.balance["received"] >= result.records


def _listener(settings: Settings) -> str:
    if settings.http.port is None:
        raise ConfigError("the HTTP listener is switched off; give the address of one with --url")
    scheme = "https" if settings.http.certificate else "http"
    host = "127.0.0.1" if settings.http.host in {"0.0.0.0", "::"} else settings.http.host  # noqa: S104  compared only
    return f"{scheme}://{host}:{settings.http.port}"


def _feed(paths: Sequence[Path], target: Target, result: ReplayResult, stop: threading.Event, console: Console) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[records]:,} records"),
               TimeElapsedColumn())  # fmt: skip
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("replay", total=len(paths), records=0)

        def watch(path: Path, _sent: int) -> None:
            bar.update(task, description=path.name, completed=result.files - 1, records=result.records)

        replay(paths, target, result, stop=stop, watch=watch)
        bar.update(task, completed=result.files, records=result.records)


def _print(result: ReplayResult, *, as_json: bool) -> None:
    out = Console()
    if as_json:
        out.print_json(data={**asdict(result), "difference": result.difference})
        return
    table = Table(title=f"{result.records:,} records of {result.files} files")
    for name in (*BALANCE, "difference"):
        table.add_column(name, justify="right")
    table.add_row(*(f"{result.balance.get(name, 0):,}" for name in BALANCE), str(result.difference))
    out.print(table)
    for reason, times in result.waits.items():
        out.print(f"waited {times} times: {reason}")


def temporary_key(settings: Settings, source_id: str) -> str:
    """A fresh key for a source that has none yet, for whoever runs the platform itself; kept as its hash. Raises
    ConfigError where the source has a key already: replacing it would cut off its sender."""
    records = build_records(settings)
    try:
        with records.write(EVERYTHING) as session:
            source = session.get(Source, source_id)
            if source is None:
                raise ConfigError(f"there is no source {source_id!r} on this platform; onboard it first")
            if source.key_hash is not None:
                raise ConfigError(f"source {source_id} has a key: give it with --key or TAISHI_KEY")
            key = f"tsk_{secrets.token_urlsafe(24)}"
            source.key_hash = hash_key(key)
            source.version += 1
    finally:
        records.close()
    return key


MARKS = {"ok": "[green]✓[/green]", "warn": "[yellow]![/yellow]", "fail": "[red]✗[/red]"}


def run_doctor(settings: Settings, *, as_json: bool) -> bool:
    """Print every finding; True where none is a failure."""
    found = examine(settings)
    if as_json:
        print(json.dumps([asdict(finding) for finding in found], ensure_ascii=False))  # noqa: T201  the command's output
    else:
        console = Console()
        for finding in found:
            console.print(f"{MARKS[finding.state]} [bold]{finding.part}[/bold] {escape(finding.found)}")
            if finding.state != "ok":
                console.print(f"    → {escape(finding.advice)}")
    return all(finding.state != "fail" for finding in found)


def run_topics(settings: Settings) -> None:
    """Make what must be there before the first event. Raises StreamError and StoreError."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    stream, store = build_stream(settings), build_store(settings, writable=True)
    try:
        stream.ensure_topic(TOPIC_EVENTS, settings.stream.partitions)
        store.prepare()
        console = Console()
        console.print(f"topic {TOPIC_EVENTS}: {len(stream.partitions(TOPIC_EVENTS))} partitions")
    finally:
        stream.close()
        store.close()


def run_size(enterprises: int, rate: float, *, as_json: bool) -> None:
    """Print what a load needs. Raises ConfigError for a load that makes no sense."""
    load = sizing.Load(enterprises=enterprises, events_per_second=rate)
    if as_json:
        print(json.dumps(sizing.as_json(load), ensure_ascii=False))  # noqa: T201  the command's output
    else:
        print(sizing.report(load))  # noqa: T201
