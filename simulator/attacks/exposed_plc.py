"""A controller that the Internet can reach: found by scanning, read, then written and stopped."""

from __future__ import annotations

from simulator.equipment import Asset
from simulator.formats import zeek
from simulator.province import Site
from simulator.scene import Attack, Scene


def _exposed(site: Site) -> Asset | None:
    return next((plc for plc in site.all_of("plc") if plc.exposure == "internet"), None)


def play(scene: Scene) -> None:
    plc = _exposed(scene.site) or scene.asset("plc")
    outside = (scene.site.public, 502)
    scene.step("probing for Modbus", "T0883", 10)
    scene.write("fw", lambda at: scene.wall.sweep(at, scene.attacker, outside, scene.country, 2300))
    scene.repeat("ids", 6, 60, lambda at: scene.sensor.alert(
        at, scene.out(), (plc.address, 502), "ICS Modbus device identification from the Internet", "Attempted Information Leak",
        severity=2, techniques=("T0888",), app="modbus"))  # fmt: skip
    scene.step("connected from outside", "T0883", 120)
    scene.write("fw", lambda at: scene.wall.allow(at, scene.out(), outside, country=scene.country, inward=True, sent=9000,
                                                  got=22_000, seconds=600, policy=31))  # fmt: skip
    scene.write("ot", lambda at: zeek.conn_line(zeek.conn(
        at, scene.sensor.uid(), scene.out(), (plc.address, 502), service="modbus", seconds=600.0, sent=9000,
        got=22_000)))  # fmt: skip
    scene.step("reading registers", "T0861", 90)
    scene.repeat(
        "ot", 12, 90, lambda at: scene.sensor.modbus(at, scene.attacker, plc.address, "READ_HOLDING_REGISTERS")
    )
    scene.step("writing set points", "T0836", 200)
    scene.repeat(
        "ot", 14, 150, lambda at: scene.sensor.modbus(at, scene.attacker, plc.address, "WRITE_SINGLE_REGISTER")
    )
    scene.repeat("ids", 8, 60, lambda at: scene.sensor.alert(
        at, scene.out(), (plc.address, 502), "ICS Modbus write from the Internet", "Targeted Malicious Activity was Detected",
        severity=1, techniques=("T0836",), app="modbus"))  # fmt: skip
    scene.write(
        "ot",
        lambda at: zeek.register_change(at, scene.sensor.uid(), scene.out(), (plc.address, 502), 40_003, 350, 990),
    )
    scene.step("forced coils", "T0855", 150)
    scene.repeat("ids", 4, 30, lambda at: scene.sensor.alert(
        at, scene.out(), (plc.address, 502), "ICS Modbus force coils, control output changed from the Internet",
        "Targeted Malicious Activity was Detected", severity=1, techniques=("T0855",), app="modbus"))  # fmt: skip
    scene.step("controller restarted", "T0816", 90)
    scene.write("ids", lambda at: scene.sensor.alert(
        at, scene.out(), (plc.address, 502), "ICS Modbus diagnostics: force listen only, controller unavailable",
        "Targeted Malicious Activity was Detected", severity=1, techniques=("T0814",), app="modbus"))  # fmt: skip


ATTACK = Attack("exposed_plc", "暴露控制器被篡改", "Tampering with an exposed PLC", ("industrial",), ("ids", "ot"), 1200, play,
                lambda site: _exposed(site) is not None)  # fmt: skip
