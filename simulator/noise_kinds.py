"""The kinds of noise by the role of a source: how often an hour, what kind, and how it is written."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.devices import Hosts, Sensor, Socket, Wall, high_port
from simulator.equipment import Asset, Feed
from simulator.formats import cef, leef, linux_auth, suricata, wazuh, windows, zeek
from simulator.province import Site, country_of, outside


@dataclass(slots=True)
class Context:
    """One enterprise in one hour."""

    site: Site
    rng: random.Random
    sensor: Sensor
    hosts: Hosts
    scanners: tuple[tuple[str, str], ...]
    ports: tuple[int, ...]
    wall: Wall | None = None

    def scanner(self) -> tuple[Socket, str]:
        """Most come from the few that are about in this hour, some from anywhere."""
        if self.rng.random() < 0.85:
            address, country = self.rng.choice(self.scanners)
        else:
            address, country = outside(2000 + self.rng.randrange(40_000)), country_of(self.rng)
        return (address, high_port(self.rng)), country

    def port(self) -> int:
        return self.rng.choice(self.ports)

    def asset(self, *kinds: str) -> Asset:
        found = self.site.all_of(*kinds)
        return self.rng.choice(found) if found else self.site.assets[0]

    def user(self) -> str:
        return self.rng.choice(self.site.users)

    def cloud(self) -> Socket:
        """A service that everybody uses."""
        return f"198.18.250.{self.rng.randint(1, 60)}", self.rng.choice((443, 443, 443, 80, 8443))


Write = Callable[[Context, Feed, float], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """`rate` is lines an hour at an average enterprise; `office` follows working hours."""

    rate: float
    noise: str
    write: Write
    office: bool = False


def _wall(context: Context, feed: Feed) -> Wall:
    return context.wall or Wall(feed, context.rng)


def _fw_scan(context: Context, feed: Feed, at: float) -> str:
    source, country = context.scanner()
    return _wall(context, feed).deny(at, source, (context.site.public, context.port()), country)


def _fw_sniff(context: Context, feed: Feed, at: float) -> str:
    source, country = context.scanner()
    return _wall(context, feed).deny(
        at, source, (context.site.public, context.rng.choice((161, 53, 123, 5060))), country, 17
    )


def _fw_sweep(context: Context, feed: Feed, at: float) -> str:
    source, country = context.scanner()
    target = (context.site.public, context.port())
    return _wall(context, feed).sweep(at, source[0], target, country, context.rng.randint(1100, 9000))


EXPLOITS: Final = (
    ("Apache.Struts.OGNL.Remote.Code.Execution", "Code-Execution"), ("ThinkPHP.Controller.Parameter.Remote.Code.Execution",
     "Code-Execution"), ("PHPUnit.Eval-stdin.PHP.Remote.Code.Execution", "Code-Execution"),
    ("Generic.Path.Traversal.Detection", "Directory traversal"), ("D-Link.Devices.HNAP.Command.Execution", "Command-Injection"),
    ("Generic.SQL.Injection.Tautology", "SQL-Injection"),
)  # fmt: skip


def _fw_exploit(context: Context, feed: Feed, at: float) -> str:
    source, country = context.scanner()
    name, category = context.rng.choice(EXPLOITS)
    return _wall(context, feed).threat(at, source, (context.site.public, 80), name.replace(".", " "), category,
                                       severity=context.rng.choice(("medium", "high")), blocked=True, country=country)  # fmt: skip


def _fw_allowed(context: Context, feed: Feed, at: float) -> str:
    client = context.asset("workstation", "server")
    rng = context.rng
    return _wall(context, feed).allow(at, (client.address, high_port(rng)), context.cloud(), country="China",
                                      sent=rng.randint(400, 30_000), got=rng.randint(1000, 900_000),
                                      seconds=rng.randint(1, 240))  # fmt: skip


_SCANS: Final = (
    ("SCAN Suspicious inbound to MSSQL port 1433", "Potentially Bad Traffic", 1433),
    ("SCAN Suspicious inbound to MySQL port 3306", "Potentially Bad Traffic", 3306),
    ("SCAN Inbound probe to Modbus TCP port 502", "Detection of a Network Scan", 502),
    ("SCAN Inbound probe to S7comm port 102", "Detection of a Network Scan", 102),
    ("SCAN Masscan banner grab", "Detection of a Network Scan", 80),
    ("SCAN ZGrab research scanner", "Detection of a Network Scan", 443),
    ("SCAN SSH version exchange from known scanner", "Detection of a Network Scan", 22),
    ("SCAN RDP cookie probe", "Attempted Information Leak", 3389),
    ("SCAN VNC authentication probe", "Attempted Information Leak", 5900),
    ("SCAN Behavioural unusual port 445 traffic, potential scan", "Misc activity", 445),
)


def _ids_scan(context: Context, feed: Feed, at: float) -> str:
    source, _ = context.scanner()
    signature, category, port = context.rng.choice(_SCANS)
    return context.sensor.alert(at, source, (context.site.public, port), signature, category, severity=3,
                                techniques=("T1595.001",) if context.rng.random() < 0.5 else ())  # fmt: skip


_WEB: Final = (
    ("WEB_SERVER Possible shell command in URI", "/cgi-bin/luci/;stok=/locale", "Web Application Attack", 1),
    ("WEB_SERVER Directory traversal attempt", "/../../../../etc/passwd", "Web Application Attack", 2),
    (
        "EXPLOIT Router command injection attempt",
        "/boaform/admin/formLogin",
        "Attempted Administrator Privilege Gain",
        1,
    ),
    ("EXPLOIT Log4j lookup string in header", "/", "Attempted Administrator Privilege Gain", 1),
    ("WEB_SERVER PHP RCE attempt", "/index.php?s=/index/think/app/invokefunction", "Web Application Attack", 1),
    ("POLICY Request for configuration backup", "/.env", "Attempted Information Leak", 2),
)


def _ids_exploit(context: Context, feed: Feed, at: float) -> str:
    source, _ = context.scanner()
    signature, url, category, severity = context.rng.choice(_WEB)
    more = suricata.http("GET", f"www.{context.site.domain}", url, 404, agent="python-requests/2.31", length=162)
    return context.sensor.alert(at, source, (context.site.public, 80), signature, category, severity=severity,
                                techniques=("T1190",), blocked=context.rng.random() < 0.5, app="http", more=more)  # fmt: skip


def _ids_policy(context: Context, feed: Feed, at: float) -> str:
    """What office computers do and signatures dislike: the daily false positives."""
    client = context.asset("workstation", "server")
    signature = context.rng.choice(
        ("POLICY Outgoing Basic Auth unencrypted", "INFO Windows Update P2P activity", "POLICY Dropbox client broadcast",
         "INFO Session Traversal Utilities for NAT", "POLICY GNU/Linux APT user-agent outbound")
    )  # fmt: skip
    return context.sensor.alert(at, (client.address, high_port(context.rng)), context.cloud(), signature,
                                "Potential Corporate Privacy Violation", severity=3)  # fmt: skip


def _ids_flow(context: Context, feed: Feed, at: float) -> str:
    rng, client = context.rng, context.asset("workstation", "server")
    source = (client.address, high_port(rng))
    choice = rng.random()
    if choice < 0.4:
        return suricata.flow(at, source, context.cloud(), app="tls", sent=rng.randint(500, 40_000),
                             got=rng.randint(2000, 400_000), seconds=rng.uniform(0.5, 90), flow_id=rng.getrandbits(50))  # fmt: skip
    if choice < 0.7:
        name = rng.choice(("update", "mail", "time", "cdn", "oa", "erp")) + ".services.example"
        return suricata.dns(at, source, f"{context.site.network}.20.11", name, context.cloud()[0],
                            flow_id=rng.getrandbits(50))  # fmt: skip
    return suricata.tls(at, source, context.cloud(), "portal.services.example", flow_id=rng.getrandbits(50))


def _ot_poll(context: Context, feed: Feed, at: float) -> str:
    """The operator screens read their controllers: by far the most of what an OT network says."""
    reader, plc = context.asset("hmi", "scada"), context.asset("plc")
    if feed.style == "tsv":
        return zeek.conn_row(_poll_conn(context, at, reader, plc))
    if plc.vendor == "Siemens":
        return context.sensor.s7(at, reader.address, plc.address, "Read Variable", "0x04")
    return context.sensor.modbus(at, reader.address, plc.address, "READ_HOLDING_REGISTERS")


def _poll_conn(context: Context, at: float, reader: Asset, plc: Asset) -> dict[str, object]:
    source, target = (reader.address, high_port(context.rng)), (plc.address, 502)
    return zeek.conn(at, context.sensor.uid(), source, target, service="modbus", seconds=30.0, sent=2400, got=5200)


def _ot_conn(context: Context, feed: Feed, at: float) -> str:
    """The historian collects from the supervisory servers."""
    rng = context.rng
    source = (context.asset("historian", "scada").address, high_port(rng))
    fields = zeek.conn(at, context.sensor.uid(), source, (context.asset("scada", "hmi").address, 4840), service="opcua",
                       seconds=rng.uniform(5, 300), sent=rng.randint(2000, 9000), got=rng.randint(9000, 90_000))  # fmt: skip
    return zeek.conn_row(fields) if feed.style == "tsv" else zeek.conn_line(fields)


def _win_logon(context: Context, feed: Feed, at: float) -> str:
    host = context.asset("workstation", "server", "engineering")
    kind = context.rng.choice((2, 3, 3, 3, 10))
    address = "-" if kind == 2 else context.asset("workstation").address
    return context.hosts.logon(at, host, context.user(), address, kind)


def _win_typo(context: Context, feed: Feed, at: float) -> str:
    return context.hosts.logon_failed(at, context.asset("workstation", "server"), context.user(),
                                      context.asset("workstation").address, 2)  # fmt: skip


_PROGRAMS: Final = (
    ("C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE", "WINWORD.EXE /n D:\\docs\\weekly.docx"),
    ("C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", "chrome.exe --type=renderer"),
    ("C:\\Windows\\System32\\svchost.exe", "svchost.exe -k netsvcs -p -s wuauserv"),
    ("C:\\Program Files (x86)\\Siemens\\Automation\\WinCC RT\\bin\\CCAgent.exe", "CCAgent.exe"),
    ("C:\\Windows\\System32\\taskhostw.exe", "taskhostw.exe Install $(Arg0)"),
)


def _win_process(context: Context, feed: Feed, at: float) -> str:
    image, command = context.rng.choice(_PROGRAMS)
    return context.hosts.process(at, context.asset("workstation", "engineering", "scada"), image, command, context.user(),
                                 "C:\\Windows\\explorer.exe")  # fmt: skip


def _win_connect(context: Context, feed: Feed, at: float) -> str:
    host, hosts = context.asset("workstation"), context.hosts
    return windows.connection(at, hosts.computer(host), "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
                              f"{hosts.domain}\\{context.user()}", (host.address, high_port(context.rng)), context.cloud(),
                              record=hosts.record())  # fmt: skip


def _hids_small(context: Context, feed: Feed, at: float) -> str:
    rule, level, text, groups = context.rng.choice(
        (
            (60106, 3, "Windows logon success.", ("windows", "windows_security", "authentication_success")),
            (60122, 5, "Logon failure - Unknown user or bad password.", ("windows", "authentication_failed")),
            (19007, 7, "CIS benchmark: ensure screen lock is enabled.", ("sca",)),
            (2902, 7, "New dpkg (Debian Package) installed.", ("syslog", "dpkg", "config_changed")),
            (61104, 5, "Windows: service startup type was changed.", ("windows", "windows_system", "policy_changed")),
        )
    )
    return context.hosts.wazuh(at, context.asset("server", "workstation"), rule, level, text, groups)


def _hids_file(context: Context, feed: Feed, at: float) -> str:
    host = context.asset("server")
    path = context.rng.choice(("/etc/ntp.conf", "/etc/cron.d/backup", "/usr/share/app/app.jar", "/etc/resolv.conf"))
    return wazuh.integrity(at, context.hosts.agent(host), path, "modified", sha256=f"{context.rng.getrandbits(256):064x}",
                           size=context.rng.randint(300, 90_000))  # fmt: skip


_GUESSES: Final = ("root", "admin", "test", "oracle", "postgres", "ubuntu", "git", "ftpuser", "pi", "hadoop")


def _lin_guess(context: Context, feed: Feed, at: float) -> str:
    source, _ = context.scanner()
    user = context.rng.choice(_GUESSES)
    return context.hosts.ssh_failed(at, context.asset("web", "server"), user, source, invalid=user != "root")


def _lin_probe(context: Context, feed: Feed, at: float) -> str:
    source, _ = context.scanner()
    return linux_auth.probe(
        at, context.asset("web", "server").hostname.lower(), source, pid=context.rng.randint(500, 32_000)
    )


def _lin_login(context: Context, feed: Feed, at: float) -> str:
    host = context.asset("server", "web")
    if context.rng.random() < 0.4:
        command = context.rng.choice(
            ("/usr/bin/systemctl restart mes", "/usr/bin/apt-get update", "/usr/bin/tail /var/log/mes.log")
        )
        return linux_auth.sudo(at, host.hostname.lower(), "ops", command)
    return context.hosts.ssh_accepted(at, host, "ops", (context.asset("workstation").address, high_port(context.rng)))


def _lin_cron(context: Context, feed: Feed, at: float) -> str:
    host = context.asset("server").hostname.lower()
    return linux_auth.cron(at, host, "root", "/usr/lib/sysstat/debian-sa1 1 1", pid=context.rng.randint(500, 32_000))


_WAF: Final = (
    ("SQL injection", "/login?user=admin%27--", "SQL injection"),
    ("Cross-site scripting", "/search?q=%3Cscript%3E", "cross-site scripting"),
    ("Directory traversal", "/download?file=../../etc/passwd", "directory traversal"),
    ("Known scanner user agent", "/actuator/env", "scan"),
)


def _waf_attempt(context: Context, feed: Feed, at: float) -> str:
    source, _ = context.scanner()
    name, url, category = context.rng.choice(_WAF)
    return cef.waf(at, feed.host, source, (context.asset("web").address, 443), name, url=url, blocked=True,
                   severity=context.rng.choice(("Medium", "High")), category=category)  # fmt: skip


def _av_update(context: Context, feed: Feed, at: float) -> str:
    host = context.asset("workstation", "server")
    return leef.line(at, feed.host, "Trend Micro", "Deep Security Agent", "20.0", "720", cat="System",
                     name="Policy sent", sev=2, identHostName=context.hosts.computer(host), dvc=host.address,
                     act="Update", msg="Agent configuration is up to date")  # fmt: skip


def _av_adware(context: Context, feed: Feed, at: float) -> str:
    host, number = context.asset("workstation"), context.rng.getrandbits(256)
    return leef.malware(at, feed.host, context.hosts.computer(host), host.address, context.user(), "PUA.Win32.Toolbar.DEMO",
                        "C:\\Users\\Public\\Downloads\\setup.exe", sha256=f"{number:064x}", cleaned=True, severity=3)  # fmt: skip


def _idr_resolve(context: Context, feed: Feed, at: float) -> str:
    rng = context.rng
    source = (outside(30_000 + rng.randrange(900)), high_port(rng))
    handle = f"88.{100 + context.site.index}.1/{rng.randrange(10**8):08d}"
    return cef.identifier(at, feed.host, source, (context.asset("resolver").address, 2641), "ID-100", "Identifier resolved",
                          1, handle=handle, outcome="success")  # fmt: skip


def _idr_missing(context: Context, feed: Feed, at: float) -> str:
    source, _ = context.scanner()
    handle = f"88.{100 + context.site.index}.9/{context.rng.randrange(10**8):08d}"
    return cef.identifier(at, feed.host, source, (context.asset("resolver").address, 2641), "ID-104", "Identifier not found",
                          2, handle=handle, outcome="failure")  # fmt: skip


KINDS: Final[dict[str, tuple[Kind, ...]]] = {
    "fw": (
        Kind(1.5, "benign", _fw_allowed, office=True), Kind(5.0, "scan", _fw_scan), Kind(1.2, "scan", _fw_sniff),
        Kind(0.25, "scan", _fw_sweep), Kind(0.9, "exploit", _fw_exploit),
    ),
    "ids": (
        Kind(1.2, "benign", _ids_flow, office=True), Kind(3.2, "scan", _ids_scan), Kind(1.5, "exploit", _ids_exploit),
        Kind(0.3, "benign", _ids_policy, office=True),
    ),
    "ot": (Kind(2.4, "process", _ot_poll), Kind(0.6, "process", _ot_conn)),
    "win": (
        Kind(1.3, "benign", _win_logon, office=True), Kind(0.12, "benign", _win_typo, office=True),
        Kind(0.9, "benign", _win_process, office=True), Kind(0.5, "benign", _win_connect, office=True),
    ),
    "hids": (Kind(0.7, "benign", _hids_small, office=True), Kind(0.2, "benign", _hids_file)),
    "lin": (
        Kind(0.5, "benign", _lin_login, office=True), Kind(0.4, "benign", _lin_cron), Kind(1.6, "brute", _lin_guess),
        Kind(0.7, "scan", _lin_probe),
    ),
    "waf": (Kind(1.8, "exploit", _waf_attempt),),
    "av": (Kind(0.4, "benign", _av_update), Kind(0.06, "benign", _av_adware, office=True),),
    "idr": (Kind(3.0, "benign", _idr_resolve), Kind(0.5, "probe", _idr_missing)),
}  # fmt: skip
"""Role → kinds, the most harmless first: that one keeps an otherwise quiet source alive."""
