"""Abuse of an identifier-resolution node: enumeration, the registration interface forced, records pointed elsewhere."""

from __future__ import annotations

from simulator.formats import cef, suricata
from simulator.scene import Attack, Scene


def play(scene: Scene) -> None:
    node = scene.asset("resolver", "server")
    feed = scene.feed("idr")
    host = feed.host if feed else ""
    prefix = f"88.{100 + scene.site.index}"
    target = (node.address, 2641)

    def say(signature: str, name: str, severity: int, **more: str | int) -> None:
        handle = f"{prefix}.1/{scene.rng.randrange(10**8):08d}"
        scene.write("idr", lambda at: cef.identifier(at, host, scene.out(), target, signature, name, severity, handle=handle,
                                                     **more))  # type: ignore[arg-type]  # fmt: skip

    scene.step("identifiers enumerated", "T1595", 10)
    scene.repeat("idr", 140, 600, lambda at: cef.identifier(
        at, host, scene.out(), target, "ID-104", "Identifier not found", 2, handle=f"{prefix}.1/{scene.rng.randrange(10**6):06d}",
        outcome="failure"))  # fmt: skip
    say("ID-310", "Identifier enumeration attack detected", 6, count=140, category="reconnaissance")
    scene.repeat("ids", 6, 60, lambda at: scene.sensor.alert(
        at, scene.out(), target, "IDENTIFIER Resolution flood with sequential handles", "Attempted Information Leak", severity=2,
        techniques=("T1595",)))  # fmt: skip
    scene.step("registration interface forced", "T1110.001", 400)
    for _ in range(12):
        say("ID-201", "Registration login failed", 4, user="registrar", outcome="failure")
        scene.pause(9)
    say("ID-311", "Brute force attack on registration interface", 7, user="registrar", category="brute force")
    scene.step("signed in as the registrar", "T1078", 60)
    say("ID-200", "Registration login succeeded", 3, user="registrar", outcome="success")
    scene.write("ids", lambda at: scene.sensor.alert(
        at, scene.out(), (node.address, 8443), "EXPLOIT Registration interface authorisation bypass",
        "Attempted Administrator Privilege Gain", severity=1, techniques=("T1190",), app="http",
        more=suricata.http("POST", f"idr.{scene.site.domain}", "/identity/v1/register", 200)), delay=2)  # fmt: skip
    scene.step("records pointed elsewhere", "T1565.001", 200)
    for _ in range(9):
        say("ID-320", "Unauthorised change attack: identifier record redirected", 9, user="registrar", outcome="success",
            category="stored data manipulation")  # fmt: skip
        scene.pause(14)
    scene.repeat("ids", 5, 90, lambda at: scene.sensor.alert(
        at, scene.of(node, 2641), scene.out(), "IDENTIFIER Resolution answers point to unregistered host, successful tampering",
        "Targeted Malicious Activity was Detected", severity=1, techniques=("T1565.001",)))  # fmt: skip


ATTACK = Attack(
    "identifier", "标识解析节点被滥用", "Abuse of an identifier node", ("identifier",), ("ids", "idr"), 1800, play
)
