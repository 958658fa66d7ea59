"""A vendor's remote-maintenance tool turns against its customers: the same update, the same caller, at each of them."""

from __future__ import annotations

from simulator.attacks._common import CMD
from simulator.equipment import Asset
from simulator.formats import leef
from simulator.province import Site
from simulator.scene import Attack, Scene

CUSTOMERS = 5
TOOL = "C:\\Program Files\\RemoteCare\\rcagent.exe"


def _vendors(site: Site) -> set[str]:
    """Whose controllers, gateways and operator stations an enterprise has."""
    return {asset.vendor for asset in site.assets if asset.kind in {"plc", "gateway", "hmi"} and asset.vendor}


def _update(scene: Scene, station: Asset) -> None:
    scene.step("tampered update of the maintenance tool", "T1195.002", 40)
    name, digest = scene.control_name, scene.sha256("update")
    scene.write("ids", lambda at: scene.sensor.alert(
        at, scene.of(station), (scene.control, 443), "SUPPLY Update of a maintenance tool signed with a revoked certificate",
        "A suspicious filename was detected", severity=1, techniques=("T1195.002",), app="tls",
        more={"tls": {"sni": name, "version": "TLS 1.2"}}))  # fmt: skip
    scene.write("win", lambda at: scene.hosts.process(at, station, TOOL, "rcagent.exe --apply 7.4.2", "SYSTEM", CMD,
                                                      "T1195.002"), delay=5)  # fmt: skip
    feed = scene.feed("av")
    scene.write("av", lambda at: leef.malware(at, feed.host if feed else "", scene.hosts.computer(station), station.address,
                                              "SYSTEM", "Backdoor.Win64.RCUPDATE.DEMO", TOOL, sha256=digest, cleaned=False,
                                              severity=8), delay=9)  # fmt: skip
    scene.write("hids", lambda at: scene.hosts.wazuh(
        at, station, 92200, 12, "Maintenance agent replaced by a binary that its vendor did not sign",
        ("sysmon", "sysmon_event_11", "windows"), ("T1195.002", "Initial Access", "Compromise Software Supply Chain"),
        {"win": {"eventdata": {"targetFilename": TOOL.replace("\\", "\\\\"), "hashes": f"SHA256={digest.upper()}"}}}),
        delay=12)  # fmt: skip


def _use(scene: Scene, station: Asset) -> None:
    scene.step("calling the tool's operator", "T1071.001", 200)
    scene.repeat("ids", 5, 300, lambda at: scene.sensor.alert(
        at, scene.of(station), (scene.control, 443), "MALWARE Maintenance agent beacon to an unknown operator",
        "Malware Command and Control Activity Detected", severity=1, techniques=("T1071.001",), app="tls",
        more={"tls": {"sni": scene.control_name, "version": "TLS 1.2"}}))  # fmt: skip
    scene.step("reading control projects", "T0845", 400)
    for plc in scene.site.all_of("plc")[:2]:
        scene.write("ot", lambda at, plc=plc: scene.sensor.s7(at, station.address, plc.address, "Start Upload", "0x1d"))  # type: ignore[misc]
        scene.write("ids", lambda at, plc=plc: scene.sensor.alert(  # type: ignore[misc]
            at, scene.of(station), (plc.address, 102), "ICS S7comm program upload", "Attempted Information Leak", severity=2,
            techniques=("T0845",)), delay=1)  # fmt: skip
        scene.pause(30)


def play(scene: Scene) -> None:
    first = scene.site
    customers = [
        site
        for site in scene.province.sites
        if site.id != first.id
        and site.kind == "industrial"
        and "ids" in site.by_role
        and _vendors(site) & _vendors(first)
    ]
    scene.rng.shuffle(customers)  # a vendor's customers are everywhere, unlike a worm's neighbours
    for site in [first, *customers[: CUSTOMERS - 1]]:
        scene.enter(site)
        station = scene.asset("engineering", "scada", "hmi", "server")
        _update(scene, station)
        _use(scene, station)
        scene.pause(600)


ATTACK = Attack(
    "supply_chain",
    "远程运维工具供应链攻击",
    "Supply chain of a maintenance tool",
    ("industrial",),
    ("ids",),
    8500,
    play,
)
