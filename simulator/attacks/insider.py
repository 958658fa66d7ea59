"""An insider takes drawings: after hours, from shares, packed, to a stick and to a drive on the Internet."""

from __future__ import annotations

from simulator.formats import leef, windows
from simulator.scene import Attack, Scene


def play(scene: Scene) -> None:
    user, desk, server = scene.user(), scene.asset("workstation"), scene.asset("server")
    hosts = scene.hosts
    av = scene.feed("av")
    scene.step("sign-in after hours", "T1078.002", 10)
    scene.write("win", lambda at: hosts.logon(at, desk, user, "-", 2))
    scene.step("drawings read from shares", "T1039", 300)
    scene.repeat("win", 90, 1200, lambda at: windows.share_access(
        at, hosts.computer(server), user, hosts.domain, desk.address, "\\\\*\\drawings",
        f"2026\\furnace\\{scene.rng.randrange(10**4)}.dwg", record=hosts.record()))  # fmt: skip
    scene.write("hids", lambda at: hosts.wazuh(
        at, server, 100_410, 10, "One user read an unusual number of files of the share drawings", ("windows", "data_access"),
        ("T1039", "Collection", "Data from Network Shared Drive"), {"win": {"eventdata": {"subjectUserName": user,
        "ipAddress": desk.address}}}))  # fmt: skip
    scene.step("packed with a password", "T1560.001", 240)
    scene.write("win", lambda at: hosts.process(at, desk, "C:\\Program Files\\WinRAR\\Rar.exe",
                                                "Rar.exe a -hpS3cret -v500m C:\\Users\\Public\\p.rar D:\\tmp\\drawings", user,
                                                "C:\\Windows\\System32\\cmd.exe", "T1560.001"))  # fmt: skip
    scene.write("hids", lambda at: hosts.wazuh(
        at, desk, 92_213, 10, "Password-protected archive created with Rar.exe", ("sysmon", "sysmon_eid1_detections", "windows"),
        ("T1560.001", "Collection", "Archive via Utility"), {"win": {"eventdata": {"user": user}}}), delay=2)  # fmt: skip
    scene.step("copied to a stick", "T1052.001", 400)
    scene.write(
        "av", lambda at: leef.device(at, av.host if av else "", hosts.computer(desk), desk.address, user, "USB disk")
    )
    data = {"SubjectUserName": user, "SubjectDomainName": hosts.domain, "DeviceDescription": "USB Mass Storage",
            "ClassName": "DiskDrive", "VendorIds": "USBSTOR"}  # fmt: skip
    scene.write(
        "win", lambda at: windows.security(at, hosts.computer(desk), 6416, data, record=hosts.record()), delay=2
    )
    scene.step("uploaded to a drive on the Internet", "T1567.002", 600)
    for part in range(1, 4):
        scene.write("fw", lambda at, part=part: scene.wall.leak(at, scene.of(desk), (scene.control, 443), user, f"p.part{part}.rar",  # type: ignore[misc]
                                                                524_288_000))  # fmt: skip
        scene.pause(200)
    scene.repeat("ids", 4, 300, lambda at: scene.sensor.alert(
        at, scene.of(desk), (scene.control, 443), "POLICY Large upload to personal cloud drive, possible exfiltration",
        "Large Scale Information Leak", severity=1, techniques=("T1567.002",), app="tls"))  # fmt: skip


ATTACK = Attack(
    "insider", "内部人员数据外传", "Insider taking data", ("industrial",), ("ids", "win", "hids"), 3600, play
)
