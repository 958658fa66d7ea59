"""The command line. `taishi --help` lists the commands; each prints examples with `--help`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from taishi.errors import TaishiError
from taishi.evaluate.command import app as evaluation
from taishi.observe import configure_logging
from taishi.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Taishi 态势: provincial industrial-internet security situational awareness.",
)


app.add_typer(evaluation, name="evaluate")


def _start(role: str) -> Settings:
    settings = Settings()
    configure_logging(settings, role)
    return settings


@app.command(epilog="Example: `taishi serve` · `TAISHI_API__PORT=9000 taishi serve`")
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


@app.command(
    epilog="Examples: `taishi replay eve.json.gz --source SRC --key tsk_…` · "
    "`TAISHI_KEY=tsk_… taishi replay logs/*.json --source SRC --json`"
)
def replay(
    files: Annotated[list[Path], typer.Argument(help="Plain, gzip or zstd; lines, NDJSON or JSON documents.")],
    source: Annotated[str, typer.Option(help="Id of the source that these records come from.")],
    key: Annotated[str, typer.Option(envvar="TAISHI_KEY", help="The source's API key.")] = "",
    url: Annotated[str, typer.Option(help="Address of the HTTP listener; default: that of these settings.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The closing balance as JSON on stdout.")] = False,
) -> None:
    """Feed real files into the running platform; the same file again stores nothing twice. Exit code 1 where the
    balance does not close."""
    from taishi.tools import run_replay, temporary_key

    settings = _start("replay")
    secret = key or temporary_key(settings, source)
    if not run_replay(settings, files, source, secret, url, as_json=as_json):
        raise typer.Exit(1)


@app.command(
    epilog="Examples: `taishi parse /var/log/auth.log` · `taishi parse --parser suricata --report eve.json > events.ndjson`"
    " · `zcat old.gz | taishi parse -`"
)
def parse(
    files: Annotated[list[Path], typer.Argument(help="Files to read; `-` is standard input.")],
    parser: Annotated[str, typer.Option(help="Use this parser; default: look at each record.")] = "",
    report: Annotated[bool, typer.Option("--report", help="A table by parser on stderr.")] = False,
) -> None:
    """Read files as the collectors would and write one JSON object a record to stdout; needs no platform."""
    from taishi.parsing import run_parse

    run_parse(files, parser, report=report)


@app.command(epilog="Example: `taishi demo` · `taishi demo --region 120000 --enterprises 150`")
def demo(
    region: Annotated[str, typer.Option(help="Six-digit code of the province (GB/T 2260).")] = "330000",
    seed: Annotated[int, typer.Option(help="Another seed is another province.")] = 1,
    enterprises: Annotated[int, typer.Option(help="How many invented enterprises.", min=20, max=5000)] = 300,
) -> None:
    """The whole platform on this machine with a living sample province. Ctrl-C stops it; run again, it goes on."""
    from taishi.demo import demonstrate

    demonstrate(_start("demo"), region, seed, enterprises)


@app.command(
    epilog="Examples: `taishi simulate --duration 3600 --dry-run lines/` writes files · "
    "`taishi simulate --onboard` plays a day into the platform of these settings · "
    "`taishi simulate --duration 600 --scale 10 --json`"
)
def simulate(
    region: Annotated[str, typer.Option(help="Six-digit code of the province; default: the platform's.")] = "",
    seed: Annotated[int, typer.Option(help="Another seed is another province and another day.")] = 1,
    enterprises: Annotated[int, typer.Option(min=20, max=5000)] = 300,
    duration: Annotated[float, typer.Option(help="Seconds of event time.", min=1)] = 86_400.0,
    start: Annotated[float | None, typer.Option(help="Epoch seconds of the first event; default: ends now.")] = None,
    scale: Annotated[float, typer.Option(help="Event seconds in a real second; 0 = as fast as taken.", min=0)] = 0.0,
    rate: Annotated[float | None, typer.Option(help="At most so many lines a second.", min=1)] = None,
    noise: Annotated[float, typer.Option(help="Factor on the background noise.", min=0)] = 1.0,
    truth: Annotated[Path | None, typer.Option(help="Write the ground truth here (NDJSON).")] = None,
    dry_run: Annotated[Path | None, typer.Option(help="Write files into this folder instead of sending.")] = None,
    onboard: Annotated[bool, typer.Option(help="Enter enterprises, sources, people first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The closing report as JSON on stdout.")] = False,
) -> None:
    """Seeded noise and attacks in real product formats, with a ground-truth file."""
    from simulator.demo import targets_of
    from simulator.run import STATE_FILE, Options
    from taishi.demo import simulate_into

    settings = _start("simulate")
    options = Options(
        region=region or settings.region, seed=seed, enterprises=enterprises, start=start, duration=duration,
        scale=scale, rate=rate, noise=noise, truth=truth, dry_run=dry_run,
        targets=targets_of(settings), state=(dry_run or settings.data_dir) / STATE_FILE,
    )  # fmt: skip
    simulate_into(settings, options, onboard=onboard, as_json=as_json)


@app.command(epilog="Examples: `taishi doctor` · `taishi doctor --json`")
def doctor(as_json: Annotated[bool, typer.Option("--json", help="One JSON array on stdout.")] = False) -> None:
    """Examine what these settings need: engines, versions, permissions, clocks, disks, certificates. Changes nothing.
    Exit code 1 where something is missing."""
    from taishi.tools import run_doctor

    if not run_doctor(_start("doctor"), as_json=as_json):
        raise typer.Exit(1)


@app.command(epilog="Example: `taishi migrate` before the new version's processes start.")
def migrate() -> None:
    """Bring the records schema up to date. Every role does it at its start too; one at a time, others wait."""
    from taishi.compose import prepare

    prepare(_start("migrate"))


@app.command(epilog="Example: `taishi topics` once, with an account that may create topics and templates.")
def topics() -> None:
    """Create the topics of the stream and the templates of the store where they are absent. Changes nothing that is
    there."""
    from taishi.tools import run_topics

    run_topics(_start("topics"))


@app.command(
    epilog="Example: `taishi size --enterprises 50000 --rate 50000` · `taishi size --enterprises 200 --rate 50 --json`"
)
def size(
    enterprises: Annotated[int, typer.Option(help="How many report.", min=1)],
    rate: Annotated[float, typer.Option(help="Events a second, on average over a day.", min=0.001)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Machines, partitions, shards, disks and money for a load, from measured costs (docs/sizing.md)."""
    from taishi.tools import run_size

    run_size(enterprises, rate, as_json=as_json)


rules = typer.Typer(no_args_is_help=True, help="Detection rules in Sigma: check, add, list, test.")
app.add_typer(rules, name="rules")


@rules.command(epilog="Examples: `taishi rules check` · `taishi rules check sigma.tar.gz --json`")
def check(
    path: Annotated[
        Path | None, typer.Argument(help="A file, folder or archive; without it the platform's own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Say which rules can be evaluated, which are refused, and why. Exit code 1 where one is refused."""
    from taishi.rules_command import check

    if not check(path, as_json=as_json):
        sys.exit(1)


@rules.command(
    epilog="Examples: `taishi rules add sigma.tar.gz --set sigmahq` · `taishi rules add mine.yml --state test`"
)
def add(
    path: Annotated[Path, typer.Argument(help="A file, folder or archive of Sigma rules.")],
    name: Annotated[str, typer.Option("--set", help="Name of the rule set; default: the file's own name.")] = "",
    state: Annotated[str, typer.Option(help="State of rules that are new: draft, test, stable or off.")] = "stable",
    actor: Annotated[str, typer.Option(help="Who adds them.")] = "operator",
) -> None:
    """Store rules; running processors take them up within seconds. Again with changed rules: new versions of them."""
    from taishi.rules_command import add

    add(_start("rules"), path, name, state, actor)


@rules.command("list", epilog="Examples: `taishi rules list` · `taishi rules list --set sigmahq --json`")
def list_rules(
    name: Annotated[str, typer.Option("--set", help="Only this rule set.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array on stdout.")] = False,
) -> None:
    """Print stored rules with their state, version, hits and cost."""
    from taishi.rules_command import list_rules

    list_rules(_start("rules"), name, as_json=as_json)


@rules.command(epilog="Example: `taishi rules set 3f1c… off --actor zhang`")
def set(  # noqa: A001 - the word of the command line
    rule: Annotated[str, typer.Argument(help="Id of the rule.")],
    state: Annotated[str, typer.Argument(help="draft, test, stable or off.")],
    actor: Annotated[str, typer.Option(help="Who decides.")] = "operator",
) -> None:
    """Change a rule's state; a rule that the platform had switched off for its cost starts again."""
    from taishi.rules_command import set_state

    set_state(_start("rules"), rule, state, actor)


@rules.command(epilog="Example: `taishi rules diff 3f1c…` · `taishi rules diff 3f1c… --old 1`")
def diff(
    rule: Annotated[str, typer.Argument(help="Id of the rule.")],
    old: Annotated[int, typer.Option(help="Version to compare with; default: the one before.")] = 0,
) -> None:
    """Print what changed between two versions of a rule."""
    from taishi.rules_command import diff

    diff(_start("rules"), rule, old)


@rules.command("test", epilog="Examples: `taishi rules test` · `taishi rules test my-rules/`")
def cases(
    path: Annotated[
        Path | None, typer.Argument(help="A file, folder or archive; without it the platform's own.")
    ] = None,
) -> None:
    """Run the true and false cases that rules carry. Exit code 1 where one fails."""
    from taishi.rules_command import run_tests

    if not run_tests(path):
        sys.exit(1)


intel = typer.Typer(no_args_is_help=True, help="Threat intelligence: feeds, indicators, what a value meets.")
app.add_typer(intel, name="intel")

FORMAT_HELP = "auto, stix, misp, csv or json; for an address also taxii."
COLUMN_HELP = "MEANING=COLUMN of a list, such as value=ioc_value; again for more."
KIND_HELP = "Kind of values that do not say theirs: ip, domain, url, hash, ja3 …"


@intel.command(
    "add",
    epilog="Examples: `taishi intel add bad.csv --feed cert-list --confidence 70` · "
    "`taishi intel add bundle.json --feed isac --tlp amber` · "
    "`taishi intel add https://host/api1/collections/ID/ --feed isac --format taxii --secret isac` · "
    "`taishi intel add https://host/feed/ --feed misp-feed --format misp` · "
    "`taishi intel add https://host/list.txt --feed blocklist --replace --column value=ip`",
)
def add_intel(
    where: Annotated[str, typer.Argument(metavar="PATH|URL", help="A file, or the address of a feed to pull.")],
    feed: Annotated[str, typer.Option(help="Name of the feed.")],
    form: Annotated[str, typer.Option("--format", help=FORMAT_HELP)] = "auto",
    column: Annotated[list[str] | None, typer.Option(help=COLUMN_HELP)] = None,
    kind: Annotated[str, typer.Option(help=KIND_HELP)] = "",
    confidence: Annotated[int | None, typer.Option(help="0-100, where the feed says none.", min=0, max=100)] = None,
    tlp: Annotated[
        str | None, typer.Option(help="clear, green, amber, amber+strict or red, where it says none.")
    ] = None,
    days: Annotated[
        float | None, typer.Option(help="Days an indicator holds where the feed says no end.", min=0.01)
    ] = None,
    every: Annotated[float | None, typer.Option(help="Seconds between pulls.", min=60)] = None,
    replace: Annotated[bool, typer.Option("--replace", help="What a pull no longer lists is withdrawn.")] = False,
    user: Annotated[str, typer.Option(help="User name of the feed; its password is the secret.")] = "",
    secret: Annotated[
        str, typer.Option(help="Name in [intel.secrets] of the settings: password, API key or token.")
    ] = "",
    actor: Annotated[str, typer.Option(help="Who adds it.")] = "operator",
) -> None:
    """Take in a file, or enter a feed that is pulled from then on. What cannot be matched is refused by name."""
    from taishi.intel_command import add, options_of

    defaults = {
        "confidence": confidence, "tlp": tlp, "valid_days": days, "interval": every, "secret": secret,
        "mode": "replace" if replace else "append", "options": {"user": user} if user else {},
    }  # fmt: skip
    add(_start("intel"), where, feed, form, options_of(column or [], kind), defaults=defaults, actor=actor)


@intel.command(
    "check", epilog="Examples: `taishi intel check bundle.json` · `taishi intel check list.csv --kind ip --json`"
)
def check_intel(
    path: Annotated[Path, typer.Argument(help="A file of indicators; plain, gzip or zip.")],
    form: Annotated[str, typer.Option("--format", help=FORMAT_HELP)] = "auto",
    column: Annotated[list[str] | None, typer.Option(help=COLUMN_HELP)] = None,
    kind: Annotated[str, typer.Option(help=KIND_HELP)] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Say what a file holds, what is refused, and what is on a warning list. Stores nothing. Exit code 1 where something is
    refused."""
    from taishi.intel_command import check, options_of

    if not check(path, form, options_of(column or [], kind), as_json=as_json):
        sys.exit(1)


@intel.command("keep", epilog="Example: `taishi intel keep` on every machine that runs `taishi process`.")
def keep_intel() -> None:
    """Pull feeds, build what processors match, search stored days for new indicators; until it is stopped."""
    from taishi.compose import run_intel

    run_intel(_start("intel"))


@intel.command("feeds", epilog="Examples: `taishi intel feeds` · `taishi intel feeds --json`")
def list_feeds(as_json: Annotated[bool, typer.Option("--json", help="One JSON array on stdout.")] = False) -> None:
    """Print the feeds with their indicators, the last pull and its problem."""
    from taishi.intel_command import feeds

    feeds(_start("intel"), as_json=as_json)


@intel.command(
    "search", epilog="Examples: `taishi intel search 198.51.100.7` · `taishi intel search 'evil[.]example' --json`"
)
def search_intel(
    value: Annotated[str, typer.Argument(help="An address, domain, URL, digest …; defanged is understood.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array on stdout.")] = False,
) -> None:
    """Print the indicators that a value meets, with networks and domains above it. Exit code 1 where there is none."""
    from taishi.intel_command import search

    if not search(_start("intel"), value, as_json=as_json):
        sys.exit(1)


@intel.command("set", epilog="Example: `taishi intel set cert-list paused`")
def set_feed(
    feed: Annotated[str, typer.Argument(help="Name of the feed.")],
    state: Annotated[str, typer.Argument(help="active, paused or removed.")],
) -> None:
    """Pause, start or remove a feed; matching follows within seconds."""
    from taishi.intel_command import set_state

    set_state(_start("intel"), feed, state)


risk = typer.Typer(no_args_is_help=True, help="The regional risk index.")
app.add_typer(risk, name="risk")


@risk.callback()
def _risk() -> None:
    """A group of commands, also while it has only one."""


@risk.command(
    epilog="Examples: `taishi risk explain 330000` · `taishi risk explain 杭州市 --depth 2` · "
    "`taishi risk explain enterprise:ent-330106-009 --json` · `taishi risk explain industry:C36`"
)
def explain(
    region: Annotated[
        str, typer.Argument(help="A division's code or name; or enterprise:ID, industry:C36, park:ID, asset:ID.")
    ],
    depth: Annotated[int, typer.Option(help="Levels of parts.", min=1, max=12)] = 4,
    most: Annotated[int, typer.Option(help="Lines below each line; the others are summed.", min=1, max=200)] = 6,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """The sum behind a risk number: every line with its share of it, down to the reasons of an incident."""
    from taishi.risk_explain import run as run_explain

    run_explain(_start("risk"), region, depth, most, as_json=as_json)


def run() -> None:
    """Entry point: deliberate errors become one sentence and exit code 2, everything else a traceback."""
    try:
        app()
    except TaishiError as error:
        print(f"taishi: {error}", file=sys.stderr)  # noqa: T201  a command line talks to its user
        sys.exit(2)


if __name__ == "__main__":
    run()
