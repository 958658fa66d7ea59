"""Guessing SSH passwords until one fits, then making oneself at home."""

from __future__ import annotations

from simulator.formats import linux_auth
from simulator.scene import Attack, Scene


def play(scene: Scene) -> None:
    server = scene.asset("web", "server")
    host = server.hostname.lower()
    scene.step("password guessing", "T1110.001", 10)
    scene.repeat("ids", 9, 200, lambda at: scene.sensor.alert(
        at, scene.out(), (server.address, 22), "SCAN SSH brute force, many attempts from one source",
        "Attempted User Privilege Gain", severity=2, techniques=("T1110.001",), app="ssh"))  # fmt: skip
    users = ("root", "admin", "ops", "mes", "backup", "oracle")
    scene.repeat("lin", 180, 1500, lambda at: scene.hosts.ssh_failed(at, server, scene.rng.choice(users), scene.out()))
    scene.write("hids", lambda at: scene.hosts.wazuh(
        at, server, 5712, 10, "sshd: brute force trying to get access to the system. Authentication failed.",
        ("syslog", "sshd", "authentication_failures"), ("T1110.001", "Credential Access", "Password Guessing"),
        {"srcip": scene.attacker, "srcuser": "ops"}, linux=True))  # fmt: skip
    scene.step("password found", "T1078", 30)
    scene.write("lin", lambda at: scene.hosts.ssh_accepted(at, server, "backup", scene.out(), "password"))
    scene.write("ids", lambda at: scene.sensor.alert(
        at, scene.of(server, 22), scene.out(), "ATTACK_RESPONSE Successful SSH sign-in after brute force",
        "Successful User Privilege Gain", severity=1, techniques=("T1078",), app="ssh"), delay=2)  # fmt: skip
    scene.write("hids", lambda at: scene.hosts.wazuh(
        at, server, 40112, 12, "Multiple authentication failures followed by a success.", ("syslog", "attacks",
        "authentication_success"), ("T1078", "Initial Access", "Valid Accounts"),
        {"srcip": scene.attacker, "dstuser": "backup"}, linux=True), delay=3)  # fmt: skip
    scene.step("root and an account to come back", "T1136.001", 240)
    scene.write("lin", lambda at: linux_auth.sudo(at, host, "backup", "/usr/sbin/useradd -m -s /bin/bash sysupd"))
    scene.write(
        "lin", lambda at: linux_auth.useradd(at, host, "sysupd", 1011, pid=scene.rng.randint(500, 32_000)), delay=1
    )
    scene.write("hids", lambda at: scene.hosts.wazuh(
        at, server, 5902, 8, "New user added to the system.", ("syslog", "adduser"), ("T1136.001", "Persistence", "Local Account"),
        {"dstuser": "sysupd"}, linux=True), delay=2)  # fmt: skip
    scene.step("tools fetched", "T1105", 200)
    scene.write("fw", lambda at: scene.wall.allow(at, scene.of(server), (scene.control, 443), country=scene.country, sent=2000,
                                                  got=9_400_000, seconds=33))  # fmt: skip
    scene.repeat("ids", 5, 300, lambda at: scene.sensor.alert(
        at, scene.of(server), (scene.control, 443), f"MALWARE Reverse shell over TLS to {scene.control_name}",
        "Malware Command and Control Activity Detected", severity=1, techniques=("T1071.001",), app="tls"))  # fmt: skip


ATTACK = Attack("credential_theft", "口令爆破并登录成功", "Brute force that succeeds", ("industrial", "platform", "identifier"),
                ("ids", "lin"), 3000, play)  # fmt: skip
