"""A worm across enterprises: the same SMB exploit, the same file and the same caller, from one victim to the next."""

from __future__ import annotations

from simulator.equipment import Asset
from simulator.formats import leef, wazuh
from simulator.scene import Attack, Scene

VICTIMS = 7


def _infect(scene: Scene, origin: str, victim: Asset) -> None:
    scene.step("SMB exploited from outside", "T1210", 30)
    scene.repeat("ids", 5, 40, lambda at: scene.sensor.alert(
        at, (origin, scene.rng.randint(1024, 65_000)), (victim.address, 445), "EXPLOIT SMBv1 transaction overflow (worm)",
        "Attempted Administrator Privilege Gain", severity=1, techniques=("T1210",), app="smb"))  # fmt: skip
    scene.write("fw", lambda at: scene.wall.allow(at, (origin, 51_000), (scene.site.public, 445), inward=True,
                                                  country=scene.country, sent=48_000, got=6000))  # fmt: skip
    scene.step("payload dropped and started", "T1569.002", 15)
    digest = "c0ffee" + scene.sha256("worm")[6:]
    scene.write("hids", lambda at: wazuh.integrity(at, scene.hosts.agent(victim), "C:\\Windows\\mssvc32.exe", "added",
                                                   sha256=digest, size=3_723_264))  # fmt: skip
    scene.write("win", lambda at: scene.hosts.process(at, victim, "C:\\Windows\\mssvc32.exe", "mssvc32.exe -m security", "SYSTEM",
                                                      "C:\\Windows\\System32\\services.exe", "T1569.002"), delay=1)  # fmt: skip
    feed = scene.feed("av")
    scene.write("av", lambda at: leef.malware(at, feed.host if feed else "", scene.hosts.computer(victim), victim.address,
                                              "SYSTEM", "Worm.Win32.SMBSPREAD.DEMO", "C:\\Windows\\mssvc32.exe", sha256=digest,
                                              cleaned=False, severity=9), delay=3)  # fmt: skip


def _spread(scene: Scene, victim: Asset) -> None:
    scene.step("caller", "T1071.001", 40)
    scene.repeat("ids", 4, 90, lambda at: scene.sensor.alert(
        at, scene.of(victim), (scene.control, 443), "MALWARE Worm CnC checkin", "Malware Command and Control Activity Detected",
        severity=1, techniques=("T1071.001",), app="tls"))  # fmt: skip
    scene.step("scanning for the next", "T1018", 20)
    scene.repeat("ids", 18, 120, lambda at: scene.sensor.alert(
        at, scene.of(victim), (f"{scene.site.network}.{scene.rng.choice((10, 20, 50))}.{scene.rng.randint(2, 250)}", 445),
        "SCAN Internal host sweeping SMB", "Detection of a Network Scan", severity=2, techniques=("T1018",)))  # fmt: skip
    scene.repeat("fw", 12, 60, lambda at: scene.wall.allow(
        at, scene.of(victim), (f"198.19.{scene.rng.randrange(2)}.{scene.rng.randint(1, 250)}", 445), sent=3000, got=200,
        seconds=1))  # fmt: skip


def play(scene: Scene) -> None:
    first, origin = scene.site, scene.attacker
    same = [
        site
        for site in scene.province.sites
        if site.id != first.id and "ids" in site.by_role and site.kind == "industrial"
    ]
    near = sorted(
        same, key=lambda site: (site.region[:4] != first.region[:4], site.industry != first.industry, site.index)
    )
    for site in [first, *near[: VICTIMS - 1]]:
        scene.enter(site)
        victim = scene.asset("workstation", "server")
        _infect(scene, origin, victim)
        _spread(scene, victim)
        origin = site.public
        scene.pause(120)


ATTACK = Attack("worm", "跨企业蠕虫传播", "Worm across enterprises", ("industrial",), ("ids",), 3600, play)
