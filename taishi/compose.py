"""The composition root: the one place that turns settings into adapters and adapters into running roles."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
import uvloop
from fastapi import FastAPI

from api.app import create_app
from collectors.collector import Collector
from collectors.onboarding import Guides
from collectors.trial import CollectorTrial
from processor import rule_store
from processor.backtest_job import BacktestJob
from processor.intel_keeper import Keeper
from processor.retro import Retro
from processor.worker import Worker
from taishi import clock
from taishi.errors import ConfigError
from taishi.observe import Health, serve_health
from taishi.records.port import Records
from taishi.records.sql import SqlRecords
from taishi.settings import Settings
from taishi.store.embedded import TantivyStore
from taishi.store.port import EventStore
from taishi.stream.port import Stream
from taishi.stream.sqlite import SqliteStream


def build_records(settings: Settings) -> SqlRecords:
    """Raises ConfigError for a URL that names no engine."""
    chosen = settings.records
    if not chosen.url:
        return SqlRecords(f"sqlite:///{settings.data_dir.absolute() / 'records.sqlite'}")
    return SqlRecords(chosen.url, chosen.password.get_secret_value())


def build_stream(settings: Settings) -> Stream:
    """Raises ConfigError for a URL that names no engine."""
    chosen = settings.stream
    if not chosen.url:
        return SqliteStream(settings.data_dir.absolute() / "stream.sqlite")
    from taishi.stream.kafka import KafkaStream  # its protocol tables take a while to load
    from taishi.stream.kafka_client import KafkaOptions, servers_of

    servers, tls = servers_of(chosen.url)
    return KafkaStream(
        KafkaOptions(
            servers,
            tls=tls,
            ca=chosen.ca,
            certificate=chosen.certificate,
            private_key=chosen.private_key,
            mechanism=chosen.sasl_mechanism,
            username=chosen.username,
            password=chosen.password.get_secret_value(),
            replication=chosen.replication,
            compression=chosen.compression,
        )
    )


def build_store(settings: Settings, *, writable: bool) -> EventStore:
    """Raises ConfigError for a URL that names no engine."""
    chosen = settings.store
    if not chosen.url:
        return TantivyStore(settings.data_dir.absolute() / "events", writable=writable)
    from taishi.store.elastic import ElasticStore
    from taishi.store.elastic_client import ElasticOptions

    options = ElasticOptions(
        _hosts(chosen.url),
        user=chosen.username,
        password=chosen.password.get_secret_value(),
        api_key=chosen.api_key.get_secret_value(),
        ca=chosen.ca,
        prefix=chosen.prefix,
        shards=chosen.shards,
        replicas=chosen.replicas,
        events_days=chosen.events_days,
        alerts_days=chosen.alerts_days,
    )
    return ElasticStore(options, writable=writable)


def _hosts(url: str) -> list[str]:
    """`https://h1:9200,h2:9200` → both, with the scheme of the first."""
    first = url.split("://", maxsplit=1)[0]
    if first not in {"http", "https"}:
        raise ConfigError("store.url is https://host:9200, with further hosts after commas")
    return [host if "://" in host else f"{first}://{host}" for host in url.split(",") if host]


def prepare(settings: Settings) -> None:
    """Make the data directory and bring the records schema up to date; every role calls it, one at a time does it."""
    Path(settings.data_dir).mkdir(parents=True, exist_ok=True)
    records = build_records(settings)
    try:
        records.migrate()
    finally:
        records.close()


def run_collect(settings: Settings) -> None:
    """The collectors, until SIGTERM or SIGINT; then what was accepted is drained."""
    prepare(settings)
    with _closing(build_stream(settings), build_records(settings)) as (stream, records):
        uvloop.run(_collect(settings, stream, records))


async def _collect(settings: Settings, stream: Stream, records: Records) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    await Collector(settings, stream, records).run(stop)


def run_process(settings: Settings) -> None:
    """The processor, until SIGTERM or SIGINT; the checkpoint in hand is committed first."""
    prepare(settings)
    stop = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stop.set())
    store = build_store(settings, writable=True)
    with _closing(build_stream(settings), build_records(settings)) as (stream, records):
        rule_store.seed(records, clock.now())
        worker = Worker(settings, stream, store, records)
        end_health = None
        if settings.metrics_port is not None:
            end_health = serve_health(settings.metrics_host, settings.metrics_port, Health({"worker": worker.problem}))
        try:
            worker.run(stop)
        finally:
            if end_health:
                end_health()
            store.close()


def run_intel(settings: Settings) -> None:
    """Feeds, snapshots, looking back and back-tests of rules, until SIGTERM or SIGINT; what is half done is done again."""
    prepare(settings)
    stop = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stop.set())
    store = build_store(settings, writable=False)
    with _closing(build_stream(settings), build_records(settings)) as (stream, records):
        retro = Retro(records, store, stream, settings.intel.retro_days)
        keeper = Keeper(records, settings.data_dir.absolute() / "intel", settings.intel.secrets, retro)
        end_health = None
        if settings.intel.health_port is not None:
            end_health = serve_health(
                settings.metrics_host, settings.intel.health_port, Health({"intel": keeper.problem})
            )
        beside = threading.Thread(target=BacktestJob(records, store).run, args=(stop,), name="backtests")
        beside.start()
        try:
            keeper.run(stop)
        finally:
            stop.set()
            beside.join()
            if end_health:
                end_health()
            store.close()


def build_api(settings: Settings) -> tuple[FastAPI, list[EventStore | Records | Stream]]:
    """The application, and what to close after it."""
    store, records, stream = build_store(settings, writable=False), build_records(settings), build_stream(settings)
    return create_app(settings, store, records, stream, CollectorTrial(), Guides()), [store, records, stream]


def run_api(settings: Settings) -> None:
    """The API and the dashboards, until SIGTERM or SIGINT."""
    prepare(settings)
    app, opened = build_api(settings)
    try:
        uvicorn.run(
            app,
            host=settings.api.host,
            port=settings.api.port,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=3,  # live views hold connections open for ever
        )
    finally:
        for port in opened:
            port.close()


@contextmanager
def _closing(stream: Stream, records: Records) -> Iterator[tuple[Stream, Records]]:
    try:
        yield stream, records
    finally:
        stream.close()
        records.close()
