"""`taishi demo`: the whole platform as child processes on a data directory of its own, and a province played into it."""

from __future__ import annotations

import signal
import socket
import threading
from dataclasses import asdict
from types import FrameType

from rich.console import Console

from simulator.demo import run_demo
from simulator.run import Options, run_simulator
from taishi.compose import build_records, prepare
from taishi.settings import ApiSettings, HttpSettings, Settings, SyslogSettings
from taishi.supervise import Supervisor


def demo_settings(given: Settings, region: str) -> Settings:
    """The demo's own data directory, and ports nearby where the usual ones are taken by something else."""
    syslog = _free(given.syslog.tcp_port or 5514, datagram=True)
    return given.model_copy(
        update={
            "region": region,
            "data_dir": given.data_dir / f"demo-{region}",
            "api": ApiSettings.model_validate({**given.api.model_dump(), "port": _free(given.api.port)}),
            "http": HttpSettings.model_validate({**given.http.model_dump(), "port": _free(given.http.port or 8089)}),
            "syslog": SyslogSettings.model_validate(
                {**given.syslog.model_dump(), "tcp_port": syslog, "udp_port": syslog}
            ),
        }
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """What the roles need to know that the settings file may say otherwise."""
    return {
        "TAISHI_REGION": settings.region,
        "TAISHI_DATA_DIR": str(settings.data_dir.absolute()),
        "TAISHI_API__PORT": str(settings.api.port),
        "TAISHI_HTTP__PORT": str(settings.http.port),
        "TAISHI_SYSLOG__TCP_PORT": str(settings.syslog.tcp_port),
        "TAISHI_SYSLOG__UDP_PORT": str(settings.syslog.udp_port),
    }


def demonstrate(given: Settings, region: str, seed: int, enterprises: int) -> None:
    """Blocks until SIGINT or SIGTERM. Raises what `simulator.demo.run_demo` raises."""
    settings = demo_settings(given, region)
    console = Console()
    stop = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    prepare(settings)
    log_file = settings.data_dir / "platform.log"
    console.print(f"平台日志 platform log: {log_file}")
    supervisor = Supervisor(environment=environment_of(settings), log_file=log_file)
    watching = threading.Thread(target=supervisor.watch, name="supervisor", daemon=True)
    watching.start()
    records = build_records(settings)
    try:
        run_demo(settings, records, seed=seed, enterprises=enterprises, stop=stop, console=console)
    finally:
        records.close()
        with console.status("正在停止 stopping …"):
            supervisor.request_stop()
            watching.join()
            supervisor.stop()
        console.print("已停止；再次运行从此处继续。Stopped; the same command goes on from here.")


def simulate_into(settings: Settings, options: Options, *, onboard: bool, as_json: bool) -> None:
    """`taishi simulate`: a run with progress on stderr and a closing report on stdout."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    console = Console(stderr=True)
    records = None
    if onboard and options.dry_run is None:
        prepare(settings)
        records = build_records(settings)
    try:
        with console.status("…") as status:
            report = run_simulator(
                options, records=records, stop=stop, watch=lambda progress: status.update(f"{progress.lines:,} lines")
            )
    finally:
        if records:
            records.close()
    if as_json:
        Console().print_json(data=asdict(report))
    else:
        Console().print(
            f"{report.lines:,} lines in {report.seconds:.1f} s, {report.attack_lines:,} of them belong to "
            f"{len(report.attacks)} attacks: {', '.join(report.attacks)}"
        )


def _free(preferred: int, *, datagram: bool = False) -> int:
    """The port, or the next one that nothing listens on."""
    kinds = [socket.SOCK_STREAM, socket.SOCK_DGRAM] if datagram else [socket.SOCK_STREAM]
    for port in range(preferred, preferred + 200):
        if all(_can_bind(port, kind) for kind in kinds):
            return port
    return preferred


def _can_bind(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
