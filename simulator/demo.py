"""`taishi demo`: a living sample province on a platform that is being started beside us.

First the past day is filled in as fast as the collectors take it, then noise and attacks go on in real time. The position
is kept beside the platform's data: the next start goes on where this one ended.
"""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from simulator.noise import Noise
from simulator.onboard import SignIn, onboard, people
from simulator.player import Player, Progress
from simulator.province import ENTERPRISES, Province, build
from simulator.run import LONGEST_GAP, SILENT_BEFORE, STATE_FILE, contact_site, crew, installation, wait_for_platform
from simulator.schedule import DAY, timeline
from simulator.senders import Stopped, Targets
from simulator.state import Installation, save
from simulator.truth import TruthFile
from taishi.errors import ConfigError
from taishi.records.port import Records
from taishi.settings import Settings

ROLES: Final = {
    "analyst": "安全分析员 analyst", "official": "主管部门 official", "contact": "企业联系人 contact",
    "operator": "平台运维 operator", "auditor": "审计员 auditor",
}  # fmt: skip


def targets_of(settings: Settings) -> Targets:
    """Where this platform's listeners are. Raises ConfigError where one that the sample province needs is off."""
    syslog, push = settings.syslog, settings.http
    if push.port is None or (syslog.tcp_port is None and syslog.udp_port is None):
        raise ConfigError("the sample province needs the HTTP listener and a syslog listener; switch them on")
    scheme = "https" if push.certificate else "http"
    return Targets(
        f"{scheme}://{_reachable(push.host)}:{push.port}", _reachable(syslog.host), syslog.tcp_port, syslog.udp_port
    )


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104  compared, not bound


def address_of(settings: Settings) -> str:
    return settings.api.public_url or f"http://{_reachable(settings.api.host)}:{settings.api.port}/"


def run_demo(
    settings: Settings,
    records: Records,
    *,
    seed: int = 1,
    enterprises: int = ENTERPRISES,
    stop: threading.Event | None = None,
    console: Console | None = None,
) -> None:
    """Onboard the sample province of `settings.region`, show how to sign in, fill the past day, and play until `stop`.

    `records` is migrated. The platform's roles may still be starting: this waits for them. Blocks; set `stop` from a
    signal handler. Raises NotFound for an unknown region, ConfigError where the platform refuses the sources."""
    stop = stop or threading.Event()
    console = console or Console()
    path = settings.data_dir / STATE_FILE
    province = build(settings.region, seed, enterprises)
    kept = installation(path, settings.region, seed, enterprises, float(int(time.time())) - DAY)
    signs = people(province, contact_site(province, kept.anchor))
    with console.status(f"{province.name} {province.name_en}: {len(province.sites)} 家企业 enterprises …"):
        onboard(records, province, kept, signs)
    truth = TruthFile(settings.data_dir / "truth.ndjson")
    try:
        _run(settings, province, kept, signs, truth, stop, console)
    except Stopped:
        pass  # Ctrl-C: positions are kept
    finally:
        save(path, kept)
        truth.close()


def _run(
    settings: Settings, province: Province, kept: Installation, signs: Sequence[SignIn], truth: TruthFile,
    stop: threading.Event, console: Console,
) -> None:  # fmt: skip
    targets = targets_of(settings)
    with console.status("等待平台启动 waiting for the platform …"):
        wait_for_platform(targets, kept, province, stop)
        _wait_for_api(address_of(settings), stop)
    _show(console, settings, province, kept, signs)
    noise = Noise(province, silent_after=kept.anchor + DAY - SILENT_BEFORE)
    now = float(int(time.time()))
    start = max(now - LONGEST_GAP, kept.reached or 0.0, kept.anchor)
    first = not kept.positions
    with crew(targets, kept, truth, stop, kept.positions) as (workers, positions):
        player = Player(workers, stop, positions, lambda: save(settings.data_dir / STATE_FILE, kept))
        begin = min([*positions.values(), start]) if positions else start
        begin = max(begin, now - LONGEST_GAP)
        _fill(player, province, noise, kept, begin, now, console, first=first)
        console.print(
            "[bold]实时运行中[/] live: 每两分钟一次新的攻击 a new attack every two minutes. Ctrl-C 停止 stops everything."
        )
        player.play(timeline(province, noise, now, float("inf"), kept.anchor, now), now)


def _fill(
    player: Player, province: Province, noise: Noise, kept: Installation, begin: float, now: float, console: Console, *,
    first: bool,
) -> None:  # fmt: skip
    """The past up to now, with a bar by event time."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
               TextColumn("{task.fields[lines]:,} 行 lines"), TimeElapsedColumn())  # fmt: skip
    text = "补入过去 24 小时 filling in the past day" if first else "补入停机期间 filling in the pause"
    with Bar(*columns, console=console) as bar:
        task = bar.add_task(text, total=max(1.0, now - begin), lines=0)
        over = threading.Event()

        def show() -> None:
            while not over.wait(0.2):
                _advance(bar, task, player.progress, begin)

        thread = threading.Thread(target=show, daemon=True)
        thread.start()
        try:
            player.backfill(timeline(province, noise, begin, now, kept.anchor), now)
            bar.update(task, completed=max(1.0, now - begin), lines=player.progress.lines)
        finally:
            over.set()
            thread.join()


def _advance(bar: Bar, task: int, progress: Progress, begin: float) -> None:
    from rich.progress import TaskID  # noqa: PLC0415

    bar.update(TaskID(task), completed=max(0.0, progress.at - begin), lines=progress.lines)


def _wait_for_api(address: str, stop: threading.Event) -> None:
    """Return when the address answers anything over HTTP; raises Stopped."""
    while True:
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310  our own address
                return
        except urllib.error.HTTPError:
            return
        except (OSError, ValueError):
            if stop.wait(0.3):
                raise Stopped from None


def _show(
    console: Console, settings: Settings, province: Province, kept: Installation, signs: Sequence[SignIn]
) -> None:
    table = Table(title=f"态势 Taishi · {province.name} {province.name_en}", title_style="bold", show_lines=False)
    table.add_column("角色 role")
    table.add_column("登录名 login", style="bold cyan")
    table.add_column("范围 scope")
    for sign in signs:
        table.add_row(ROLES[sign.role], sign.login, f"{sign.place_zh} {sign.place_en}")
    console.print(table)
    console.print(f"地址 address   [bold underline]{address_of(settings)}[/]")
    console.print(f"口令 password  [bold]{kept.password}[/]  （所有演示账户相同 the same for every demo sign-in）")
