"""Moves that several attacks share."""

from __future__ import annotations

from simulator.equipment import Asset
from simulator.scene import Scene

POWERSHELL = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
CMD = "C:\\Windows\\System32\\cmd.exe"


def beacon(scene: Scene, victim: Asset, times: int, over: float) -> None:
    """Call home: the IDS sees it, the firewall lets it pass."""
    scene.step("command and control", "T1071.001", 60)
    target = (scene.control, 443)
    scene.write(
        "fw", lambda at: scene.wall.allow(at, scene.of(victim), target, country=scene.country, sent=900, got=52_000)
    )
    scene.repeat("ids", times, over, lambda at: scene.sensor.alert(
        at, scene.of(victim), target, f"MALWARE Implant CnC checkin ({scene.control_name})",
        "Malware Command and Control Activity Detected", severity=1, techniques=("T1071.001",), app="tls"))  # fmt: skip


def dump_credentials(scene: Scene, victim: Asset) -> None:
    """Read the memory of LSASS."""
    scene.step("credential dumping", "T1003.001", 600)
    command = "rundll32.exe C:\\Windows\\System32\\comsvcs.dll, MiniDump 684 C:\\Windows\\Temp\\d.dmp full"
    scene.write("win", lambda at: scene.hosts.process(at, victim, "C:\\Windows\\System32\\rundll32.exe", command, "SYSTEM",
                                                      CMD, "T1003.001"))  # fmt: skip
    scene.write("hids", lambda at: scene.hosts.wazuh(
        at, victim, 92900, 12, "Lsass process was accessed by rundll32.exe with read permissions, possible credential dump",
        ("sysmon", "sysmon_event_10", "windows"), ("T1003.001", "Credential Access", "LSASS Memory"),
        {"win": {"eventdata": {"sourceImage": "C:\\\\Windows\\\\System32\\\\rundll32.exe",
                               "targetImage": "C:\\\\Windows\\\\system32\\\\lsass.exe"}}}), delay=2)  # fmt: skip
    scene.write("av", lambda at: _av_dump(scene, at, victim), delay=4)


def _av_dump(scene: Scene, at: float, victim: Asset) -> str:
    from simulator.formats import leef  # noqa: PLC0415

    feed = scene.feed("av")
    host = feed.host if feed else ""
    return leef.malware(at, host, scene.hosts.computer(victim), victim.address, "SYSTEM", "HackTool.Win32.CredDump.DEMO",
                        "C:\\Windows\\Temp\\d.dmp", sha256=scene.sha256("dump"), cleaned=False, severity=8)  # fmt: skip


def look_around(scene: Scene, origin: Asset, targets: list[Asset], port: int, over: float = 240) -> None:
    """Scan inside: the IDS's verdict, the OT sensor's notice, and refused connections."""
    scene.step("internal scan", "T1046", 420)
    scene.repeat("ids", 12, over, lambda at: scene.sensor.alert(
        at, scene.of(origin), (scene.rng.choice(targets).address, port),
        "SCAN Internal host sweeping many addresses", "Detection of a Network Scan", severity=2,
        techniques=("T1046",)))  # fmt: skip
    scene.write("ot", lambda at: _scan_notice(scene, at, origin, targets[0], port))


def _scan_notice(scene: Scene, at: float, origin: Asset, target: Asset, port: int) -> str:
    from simulator.formats import zeek  # noqa: PLC0415

    return zeek.notice(at, scene.sensor.uid(), scene.of(origin), (target.address, port), "Scan::Port_Scan",
                       f"{origin.address} scanned at least 15 unique ports of host {target.address} in 0m3s", "local")  # fmt: skip


def remote_desktop(scene: Scene, origin: Asset, target: Asset, user: str, after: float) -> None:
    """Move on by RDP with somebody's password."""
    scene.step(f"remote desktop to {target.hostname}", "T1021.001", after)
    scene.write("win", lambda at: scene.hosts.logon(at, target, user, origin.address, 10))
    scene.write("ids", lambda at: scene.sensor.alert(
        at, scene.of(origin), (target.address, 3389), "POLICY Remote desktop between zones that never talked",
        "Potentially Bad Traffic", severity=2, techniques=("T1021.001",), app="rdp"), delay=1)  # fmt: skip
    scene.write("hids", lambda at: scene.hosts.wazuh(
        at, target, 92653, 8, f"User: {scene.hosts.domain}\\{user} logged using Remote Desktop Connection (RDP) from ip:"
        f"{origin.address}.", ("win_evt_channel", "windows", "authentication_success"),
        ("T1021.001", "Lateral Movement", "Remote Desktop Protocol"),
        {"win": {"eventdata": {"targetUserName": user, "ipAddress": origin.address, "logonType": "10"}}}), delay=2)  # fmt: skip
