"""`make bench`: every figure beside its yardstick, measured in one run.

Machines are noisy, so ratios are what to read; absolute figures come with them for scale.
`python -m bench [NAME …] [--events N] [--json]` runs all or the named benchmarks.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import logging
import platform
import sys
from typing import Any

import structlog
from rich.console import Console
from rich.table import Table

from processor.worker import GC_THRESHOLDS

SUITES = {
    "parsers": ("bench.bench_parsers", "Normalise: each parser beside orjson decode + encode of the same lines"),
    "stages": ("bench.bench_stages", "Stages of the processor, per event"),
    "correlation": ("bench.bench_correlation", "Aggregate and correlate, per alert of one enterprise"),
    "sigma": ("bench.bench_sigma", "Sigma rules over every event"),
    "intel": ("bench.bench_intel", "A million indicators of threat intelligence on every event"),
    "stream": ("bench.bench_stream", "Stream: durable append and read back"),
    "store": ("bench.bench_store", "Event store: ingest and query latencies"),
    "end_to_end": ("bench.bench_end_to_end", "End to end: raw lines to the durable log and to the search index"),
}
"""Every module has `run(events: int) -> list[dict]`; each dict is a row of the printed table."""

SERVERS = {
    "servers": ("bench.bench_servers", "Kafka and Elasticsearch behind the ports, beside their clients alone"),
    "scale": ("bench.bench_scale", "End to end on Kafka, Elasticsearch and PostgreSQL, per number of processors"),
}
"""Run only when named: they need servers (`scale` starts its own)."""


def _print(title: str, rows: list[dict[str, Any]]) -> None:
    """One table for each kind of row, told by its first column."""
    for first in dict.fromkeys(next(iter(row)) for row in rows):
        _table(title, [row for row in rows if next(iter(row)) == first])


def _table(title: str, rows: list[dict[str, Any]]) -> None:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column in {"what", "parser", "stage", "query"} else "right")
    for row in rows:
        values = [row.get(column, "") for column in columns]
        table.add_row(*[f"{value:,.3g}" if isinstance(value, float) else f"{value}" for value in values])
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help=f"of {', '.join(SUITES | SERVERS)}; by default all but {', '.join(SERVERS)}"
    )
    parser.add_argument("--events", type=int, default=1_000_000, help="size of the largest run")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    options = parser.parse_args()
    unknown = set(options.names) - set(SUITES | SERVERS)
    if unknown:
        parser.error(f"no benchmark is named {', '.join(sorted(unknown))}")
    gc.set_threshold(*GC_THRESHOLDS)  # as the processes of the platform do
    # A bench prints figures; what the parts log about themselves would only stand between.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    results = {}
    for name in options.names or SUITES:
        module, title = (SUITES | SERVERS)[name]
        print(f"{name} …", file=sys.stderr)
        results[name] = importlib.import_module(module).run(options.events)
        if not options.json:
            _print(title, results[name])
    if options.json:
        print(json.dumps({"python": platform.python_version(), "results": results}, ensure_ascii=False))


if __name__ == "__main__":
    main()
