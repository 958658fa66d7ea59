"""From the office into the plant: stolen VPN password, foothold, credentials, engineering station, controllers stopped."""

from __future__ import annotations

from simulator.attacks._common import CMD, POWERSHELL, beacon, dump_credentials, look_around, remote_desktop
from simulator.equipment import Asset
from simulator.formats import zeek
from simulator.scene import Attack, Scene


def _remote_access(scene: Scene, user: str) -> None:
    scene.step("VPN password guessing", "T1110.003", 30)
    scene.repeat("fw", 24, 900, lambda at: scene.wall.vpn(at, scene.user(), scene.out(), scene.country, success=False))
    scene.write("ids", lambda at: scene.sensor.alert(
        at, scene.out(), (scene.site.public, 443), "SCAN VPN portal password guessing", "Attempted User Privilege Gain",
        severity=2, techniques=("T1110.003",)))  # fmt: skip
    scene.step("VPN sign-in with a stolen password", "T1133", 400)
    scene.write("fw", lambda at: scene.wall.vpn(at, user, scene.out(), scene.country, success=True))


def _foothold(scene: Scene, victim: Asset, user: str) -> None:
    scene.step("remote script on an office computer", "T1059.001", 700)
    scene.write("win", lambda at: scene.hosts.logon(at, victim, user, scene.attacker, 10))
    command = "powershell.exe -nop -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQA"
    scene.write(
        "win", lambda at: scene.hosts.process(at, victim, POWERSHELL, command, user, CMD, "T1059.001"), delay=40
    )
    scene.write("hids", lambda at: scene.hosts.wazuh(
        at, victim, 92057, 12, "Powershell.exe spawned a powershell process which executed a base64 encoded command",
        ("sysmon", "sysmon_eid1_detections", "windows"), ("T1059.001", "Execution", "PowerShell"),
        {"win": {"eventdata": {"commandLine": command}}}), delay=41)  # fmt: skip


def _controllers(scene: Scene, station: Asset, plcs: list[Asset]) -> None:
    scene.step("program download to controllers", "T0843", 900)
    for plc in plcs:
        scene.write(
            "ot",
            lambda at, plc=plc: scene.sensor.s7(at, station.address, plc.address, "Request Download", "0x1a"),  # type: ignore[misc]
        )
        scene.write("ids", lambda at, plc=plc: scene.sensor.alert(  # type: ignore[misc]
            at, scene.of(station), (plc.address, 102), "ICS S7comm program download from a station that never programs",
            "Targeted Malicious Activity was Detected", severity=1, techniques=("T0843",)), delay=1)  # fmt: skip
        scene.pause(25)
    scene.step("writing set points", "T0836", 300)
    plc = plcs[0]
    scene.repeat(
        "ot", 10, 120, lambda at: scene.sensor.modbus(at, station.address, plc.address, "WRITE_MULTIPLE_REGISTERS")
    )
    scene.write("ot", lambda at: zeek.register_change(at, scene.sensor.uid(), scene.of(station), (plc.address, 502), 40_011,
                                                      620, 1480))  # fmt: skip
    scene.repeat("ids", 4, 30, lambda at: scene.sensor.alert(
        at, scene.of(station), (plc.address, 502), "ICS Modbus write multiple registers from unusual master",
        "Targeted Malicious Activity was Detected", severity=1, techniques=("T0836",), app="modbus"))  # fmt: skip
    scene.step("stopping controllers", "T0858", 200)
    for plc in plcs[:2]:
        scene.write("ot", lambda at, plc=plc: scene.sensor.s7(at, station.address, plc.address, "PLC Stop", "0x29"))  # type: ignore[misc]
        scene.write("ids", lambda at, plc=plc: scene.sensor.alert(  # type: ignore[misc]
            at, scene.of(station), (plc.address, 102), "ICS S7comm PLC stop command", "Targeted Malicious Activity was Detected",
            severity=1, techniques=("T0816",)), delay=1)  # fmt: skip
        scene.pause(8)


def play(scene: Scene) -> None:
    user = scene.user()
    office, station = scene.asset("workstation"), scene.asset("engineering", "scada", "hmi")
    jump = scene.asset("historian", "server")
    plcs = scene.site.all_of("plc")[:3]
    _remote_access(scene, user)
    _foothold(scene, office, user)
    beacon(scene, office, 8, 1200)
    dump_credentials(scene, office)
    look_around(scene, office, scene.site.all_of("server", "scada", "historian"), 445)
    remote_desktop(scene, office, jump, "administrator", 1500)
    remote_desktop(scene, jump, station, "engineer", 1800)
    scene.step("reading the control project", "T0845", 1200)
    scene.write("ot", lambda at: scene.sensor.s7(at, station.address, plcs[0].address, "Start Upload", "0x1d"))
    scene.write("ids", lambda at: scene.sensor.alert(
        at, scene.of(station), (plcs[0].address, 102), "ICS S7comm program upload", "Attempted Information Leak", severity=2,
        techniques=("T0845",)), delay=1)  # fmt: skip
    _controllers(scene, station, plcs)


ATTACK = Attack(
    "it_to_ot", "从办公网侵入生产网", "Intrusion from IT into OT", ("industrial",), ("ids", "ot"), 12_000, play
)
