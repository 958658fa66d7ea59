"""`taishi evaluate …`: the commands, and what they print for people."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
import typer
from rich.console import Console
from rich.table import Table

from taishi.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="How well the platform does on material whose truth is known.")

COLUMNS = {
    "scenario": "scenario", "alerts": "alerts", "reduction": "reduction", "meta_ari": "ARI", "attack_found": "found",
    "false_per_day": "false/day", "noise_fpr": "noise FPR", "step_recall": "step recall", "step_capture": "capture",
    "main_purity": "purity", "delay_minutes": "delay min", "f1_with_noise": "F1", "alerts_per_second": "alerts/s",
    "state_bytes": "state B",
}  # fmt: skip

MOST_ROWS = 40
WIDE = 170
"""Columns of the output where it goes into a file or a pipe."""


@app.callback()
def _group() -> None:
    """A group of commands, also while it has only one."""


@app.command(
    epilog="Examples: `taishi evaluate correlation --data ait-ads/` · "
    "`taishi evaluate correlation --data ait-ads/ --json --dump alerts.ndjson` · "
    "`taishi evaluate correlation --simulator 7 --days 2`"
)
def correlation(
    data: Annotated[Path | None, typer.Option(help="Folder of a labelled set (docs/evaluation.md).")] = None,
    simulator: Annotated[int | None, typer.Option(help="Instead: the simulator's province with this seed.")] = None,
    days: Annotated[int, typer.Option(help="Days that the simulator plays.", min=1, max=60)] = 2,
    enterprises: Annotated[int, typer.Option(help="Of the simulator's province.", min=20, max=5000)] = 300,
    split: Annotated[str, typer.Option(help="Of the configurations: train, val or test.")] = "test",
    dump: Annotated[Path | None, typer.Option(help="Write one JSON line an alert here.")] = None,
    sweep: Annotated[bool, typer.Option(help="Areas under the curve: many runs of each set.")] = True,
    checks: Annotated[bool, typer.Option(help="Jitter, restarts, partitions, equal addresses.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Aggregation and correlation on labelled alerts: the measures of docs/evaluation.md, by scenario and on average."""
    from taishi.evaluate.correlation import evaluate, gather, of_simulator

    if (data is None) == (simulator is None):
        raise ConfigError("say either --data FOLDER or --simulator SEED")
    if split not in {"train", "val", "test"}:
        raise ConfigError(f"--split {split}: it is train, val or test")
    console = Console(stderr=True)
    if data is not None:
        material = gather(data, split)
    else:
        console.print("simulating …", style="dim")
        material = of_simulator(simulator or 0, days, enterprises)
    with ExitStack() as open_files:
        out = open_files.enter_context(dump.open("w", encoding="utf-8")) if dump else None
        report = evaluate(material, out, lambda text: console.print(text, style="dim"), sweep=sweep, checks=checks)
    if as_json:
        sys.stdout.write(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        _print(report.as_json())


@app.command("campaigns", epilog="Example: `taishi evaluate campaigns --seed 21 --seed 22 --enterprises 120`")
def campaigns_command(
    seed: Annotated[list[int] | None, typer.Option(help="Simulated provinces, one a seed.")] = None,
    enterprises: Annotated[int, typer.Option(help="Of each province.", min=20, max=5000)] = 120,
    injected: Annotated[
        bool, typer.Option(help="With popular values and background scanners in the incidents.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Campaigns on simulated days: at which enterprise each is recognised, and whether anything else is called one."""
    from taishi.evaluate.campaigns import evaluate

    report = evaluate(seed or [21], enterprises, injected=injected).as_json()
    if as_json:
        sys.stdout.write(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    console = Console(width=WIDE)
    for attack in report.pop("attacks"):
        console.print(", ".join(f"{key} {_plain(part)}" for key, part in attack.items()))
    console.print(", ".join(f"{key} {_plain(value)}" for key, value in report.items()))


@app.command(
    epilog="Examples: `taishi evaluate sensitivity --data ait-ads/` · "
    "`taishi evaluate sensitivity --data ait-ads/ --only join.theta --only risk.floor --json`"
)
def sensitivity(
    data: Annotated[Path, typer.Option(help="Folder with tables of AIT-ADS.")],
    only: Annotated[
        list[str] | None, typer.Option(help="Parameters; without it all that decide, not the bounds.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Of each variant.", min=1, max=20)] = 1,
    processes: Annotated[int, typer.Option(help="At a time.", min=1, max=64)] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a setting.")] = False,
) -> None:
    """Change each number of the correlation by itself, on scenarios and their variants (docs/evaluation.md)."""
    from processor.parameters import names
    from taishi.evaluate.sensitivity import study

    chosen = only or [name for name in names() if not name.startswith(("bounds.", "kinds."))]
    if unknown := sorted(set(chosen) - set(names())):
        raise ConfigError(f"{', '.join(unknown)}: no parameter of processor/data/correlation.toml")
    console = Console(width=WIDE)
    for outcome in study(data, chosen, seeds, processes):
        if as_json:
            sys.stdout.write(orjson.dumps(outcome.row()).decode() + "\n")
            continue
        setting = ", ".join(f"{name} = {value:g}" for name, value in outcome.changes.items()) or "as they are"
        means = ", ".join(f"{name} {value:.4f}" for name, value in outcome.means.items())
        console.print(f"{setting}: shortfall {outcome.shortfall:.4f}; {means}")


def _print(report: dict[str, Any]) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDE)
    table = Table(title="Scenarios", title_justify="left")
    for title in COLUMNS.values():
        table.add_column(title, justify="left" if title == "scenario" else "right")
    rows = report["scenarios"]
    first = sorted(
        rows, key=lambda row: (row["attack_found"] is None, -row["escalated"])
    )  # what happened, before quiet ones
    for row in rows if len(rows) <= MOST_ROWS else first[:MOST_ROWS]:
        table.add_row(*[_shown(name, row[name]) for name in COLUMNS])
    average = {"scenario": f"average of {len(rows)}", "attack_found": _found(report["average"]), **report["average"]}
    table.add_row(*[_shown(name, average.get(name)) for name in COLUMNS], style="bold")
    console.print(table)
    _print_captures(console, rows)
    _print_areas(console, report["area_under_curve"])
    for name in ("throughput", "determinism", "self_check"):
        if report[name]:
            console.print(f"{name}: " + ", ".join(f"{key} {_plain(value)}" for key, value in report[name].items()))
    for note in report["notes"]:
        console.print(f"note: {note}")


def _found(average: dict[str, Any]) -> str:
    return f"{average['attacks_found']}/{average['attacks']}"


def _print_captures(console: Console, rows: list[dict[str, Any]]) -> None:
    steps = sorted({step for row in rows for step in row["captures"]})
    if not steps or len(steps) > MOST_ROWS:
        return
    table = Table(title="Share of each step's alerts that lie in escalated incidents", title_justify="left")
    for title in ("step", *(row["scenario"] for row in rows if row["captures"])):
        table.add_column(title, justify="left" if title == "step" else "right")
    for step in steps:
        table.add_row(step, *[_plain(row["captures"].get(step)) for row in rows if row["captures"]])
    console.print(table)


def _print_areas(console: Console, areas: dict[str, dict[str, float]]) -> None:
    if not areas:
        return
    table = Table(title="Pairwise macro area under the curve, and F1 at the operating point", title_justify="left")
    names = list(next(iter(areas.values())))
    for title in ("set", *(name.replace("_", " ") for name in names)):
        table.add_column(title, justify="left" if title == "set" else "right")
    for unit, found in areas.items():
        table.add_row(unit, *[_plain(found[name]) for name in names])
    console.print(table)


def _shown(name: str, value: Any) -> str:
    if name == "reduction" and value is not None:
        return f"{value:.2%}"
    if name == "noise_fpr" and value is not None:
        return f"{value:.5f}"
    if name in {"alerts_per_second", "state_bytes", "alerts"} and value is not None:
        return f"{value:,.0f}"
    return _plain(value)


def _plain(value: Any) -> str:
    kinds: dict[Literal[True, False], str] = {True: "yes", False: "NO"}
    if isinstance(value, bool):
        return kinds[value]
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


@app.command(epilog="Examples: `taishi evaluate bursts` · `taishi evaluate bursts --first-seed 201 --seeds 20 --json`")
def bursts(
    first_seed: Annotated[int, typer.Option(help="First of the seeds; 1–10 were used to choose the threshold.")] = 101,
    seeds: Annotated[int, typer.Option(help="How many.", min=1, max=200)] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Burst detection on drawn counts: false alarms of a technique in 14 days, and hours until an outbreak is called one."""
    from dataclasses import asdict

    from taishi.bursts.parameters import parameters
    from taishi.evaluate.bursts import delays, nulls

    console = Console(stderr=True)
    drawn = range(first_seed, first_seed + seeds)
    threshold = parameters().alarm["threshold"]
    with console.status("drawing …"):
        quiet = nulls(drawn, [threshold])
        found = delays(drawn)
    if as_json:
        told = {
            "threshold": threshold,
            "seeds": list(drawn),
            "null": [{"rate": row.rate, "mean": row.mean[threshold], "worst": row.worst[threshold]} for row in quiet],
            "delay": [asdict(row) for row in found],
        }
        sys.stdout.write(orjson.dumps(told).decode() + "\n")
        return
    table = Table("occurrences / enterprise / h", "false alarms / 14 d, mean", "worst seed")
    for one in quiet:
        table.add_row(f"{one.rate:g}", f"{one.mean[threshold]:.2f}", str(one.worst[threshold]))
    Console().print(table)
    table = Table("outbreak", "everyday rate", "median h", "within 3 h", "found")
    for row in found:
        waited = f"{row.median:g}" if row.median is not None else "–"
        table.add_row(row.outbreak, f"{row.rate:g}", waited, f"{row.within_3:.0%}", f"{row.detected:.0%}")
    Console().print(table)
