"""`taishi parse` on the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from collectors.parse_files import Report, parse


def run_parse(paths: Sequence[Path], parser: str, *, report: bool) -> None:
    """Raises what `collectors.parse_files.parse` raises. A reader that goes away (`| head`) ends it quietly."""
    found = Report()
    try:
        parse(paths, parser, sys.stdout.buffer, found)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Nobody reads on: what is still buffered must not raise again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if report:
        _print(found)


def _print(report: Report) -> None:
    table = Table(title="records by parser")
    table.add_column("parser")
    for name in ("lines", "parsed", "headers", "quarantined"):
        table.add_column(name, justify="right")
    table.add_column("reasons")
    for name, tally in sorted(report.parsers.items()):
        reasons = "; ".join(f"{reason} ×{times}" for reason, times in tally.reasons.most_common())
        counts = (tally.lines, tally.parsed, tally.headers, tally.quarantined)
        table.add_row(name, *(f"{count:,}" for count in counts), reasons)
    Console(stderr=True).print(table)
