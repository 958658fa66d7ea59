"""A web shell on the portal: directory guessing, upload, commands through the shell, data taken."""

from __future__ import annotations

from simulator.formats import cef, suricata, wazuh
from simulator.scene import Attack, Scene


def play(scene: Scene) -> None:
    web = scene.asset("web", "server")
    site = f"portal.{scene.site.domain}"
    waf = scene.feed("waf")
    host = waf.host if waf else ""
    scene.step("directory guessing", "T1595.003", 10)
    scene.repeat("waf", 40, 300, lambda at: cef.waf(
        at, host, scene.out(), (web.address, 443), "Directory brute force", url=f"/{scene.rng.randrange(10**6)}.jsp", blocked=False,
        severity="Medium", status=404, category="scan"))  # fmt: skip
    scene.repeat("ids", 10, 60, lambda at: scene.sensor.alert(
        at, scene.out(), (web.address, 80), "SCAN Web directory brute force tool", "Web Application Attack", severity=2,
        techniques=("T1595.003",), app="http", more=suricata.http("GET", site, "/admin/", 404, agent="dirsearch")))  # fmt: skip
    scene.step("shell uploaded", "T1505.003", 500)
    scene.write("waf", lambda at: cef.waf(at, host, scene.out(), (web.address, 443), "Executable file upload",
                                          url="/upload/file.do", blocked=False, method="POST", status=200,
                                          category="webshell upload"))  # fmt: skip
    scene.write("ids", lambda at: scene.sensor.alert(
        at, scene.out(), (web.address, 80), "EXPLOIT JSP file upload to portal", "Attempted Administrator Privilege Gain",
        severity=1, techniques=("T1190",), app="http",
        more=suricata.http("POST", site, "/upload/file.do", 200)), delay=1)  # fmt: skip
    scene.write("hids", lambda at: wazuh.integrity(at, scene.hosts.agent(web), "/opt/tomcat/webapps/ROOT/upload/x9.jsp", "added",
                                                   sha256=scene.sha256("shell"), size=2713), delay=2)  # fmt: skip
    scene.step("commands through the shell", "T1505.003", 240)
    scene.repeat("ids", 14, 1500, lambda at: scene.sensor.alert(
        at, scene.out(), (web.address, 80), "WEBSHELL Encrypted POST to JSP web shell", "A Network Trojan was detected",
        severity=1, techniques=("T1505.003",), app="http", more=suricata.http("POST", site, "/upload/x9.jsp", 200)))  # fmt: skip
    scene.write("ids", lambda at: scene.sensor.alert(
        at, scene.of(web, 80), scene.out(), "ATTACK_RESPONSE id check returned tomcat", "Potentially Bad Traffic", severity=1,
        techniques=("T1059.004",), app="http"))  # fmt: skip
    scene.write("hids", lambda at: scene.hosts.wazuh(
        at, web, 31_533, 12, "Web server process started a shell", ("audit", "web", "attack"),
        ("T1059.004", "Execution", "Unix Shell"), linux=True), delay=2)  # fmt: skip
    scene.step("data taken", "T1041", 1200)
    scene.write("fw", lambda at: scene.wall.allow(at, scene.of(web), (scene.control, 443), country=scene.country,
                                                  sent=812_000_000, got=90_000, seconds=740))  # fmt: skip
    scene.repeat("ids", 4, 200, lambda at: scene.sensor.alert(
        at, scene.of(web), (scene.control, 443), "MALWARE Large exfiltration over TLS to unusual host",
        "Large Scale Information Leak", severity=1, techniques=("T1041",), app="tls"))  # fmt: skip


ATTACK = Attack("web_shell", "网站后门", "Web shell", ("industrial", "platform"), ("ids", "waf"), 4500, play)
