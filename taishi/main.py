"""The command line. `taishi --help` lists the commands; each prints examples with `--help`."""

from __future__ import annotations

import sys

import typer

from taishi.errors import TaishiError
from taishi.observe import configure_logging
from taishi.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Taishi 态势: provincial industrial-internet security situational awareness.",
)


def _start(role: str) -> Settings:
    settings = Settings()
    configure_logging(settings, role)
    return settings


@app.command(
    epilog="Example: `taishi serve` · `TAISHI_API__PORT=9000 taishi serve`"
)
def serve() -> None:
    """Run the whole platform: collectors, processor and API as child processes, restarted when they die."""
    from taishi.compose import prepare
    from taishi.supervise import run_until_signal

    prepare(_start("serve"))
    run_until_signal()


@app.command(epilog="Example: `taishi collect` beside `taishi process` and `taishi api` on other machines.")
def collect() -> None:
    """Run the collectors only: syslog, HTTP push and followed files onto the stream."""
    from taishi.compose import run_collect

    run_collect(_start("collect"))


@app.command(epilog="Example: `TAISHI_METRICS_PORT=9101 taishi process`; start it twice to share the partitions.")
def process() -> None:
    """Run the processor only: stream to events, alerts, incidents and risk."""
    from taishi.compose import run_process

    run_process(_start("process"))


@app.command(epilog="Example: `TAISHI_API__HOST=0.0.0.0 taishi api` behind a TLS proxy.")
def api() -> None:
    """Run the API and the dashboards only."""
    from taishi.compose import run_api

    run_api(_start("api"))


def run() -> None:
    """Entry point: deliberate errors become one sentence and exit code 2, everything else a traceback."""
    try:
        app()
    except TaishiError as error:
        print(f"taishi: {error}", file=sys.stderr)  # noqa: T201  a command line talks to its user
        sys.exit(2)


if __name__ == "__main__":
    run()
