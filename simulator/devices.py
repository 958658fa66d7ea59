"""The products of one enterprise as pens: the same fact written by whichever product stands there."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulator.equipment import Asset, Feed
from simulator.formats import fortigate, huawei_usg, linux_auth, suricata, wazuh, windows, zeek
from simulator.province import Site

Socket = tuple[str, int]


def high_port(rng: random.Random) -> int:
    return rng.randint(1024, 65_000)


@dataclass(slots=True)
class Wall:
    """The firewall: FortiGate or Huawei USG, by the feed's style."""

    feed: Feed
    rng: random.Random

    @property
    def _device(self) -> fortigate.Device:
        number = int.from_bytes(self.feed.host.encode()[-3:], "big") % 1_000_000
        return fortigate.Device(self.feed.host.upper(), f"FGT60FTK{number:08d}")

    def deny(self, at: float, source: Socket, target: Socket, country: str, proto: int = 6) -> str:
        if self.feed.style == "fortigate":
            return fortigate.traffic(at, self._device, source, target, action="deny", country=country, proto=proto)
        return huawei_usg.policy(at, self.feed.host, source, target, permit=False, proto=proto,
                                 number=self.rng.randint(1, 999))  # fmt: skip

    def allow(
        self, at: float, source: Socket, target: Socket, *, country: str = "", inward: bool = False, sent: int = 1200,
        got: int = 5400, seconds: int = 12, policy: int = 12,
    ) -> str:  # fmt: skip
        """The end of an allowed session; `country` is the outside party's."""
        if self.feed.style == "fortigate":
            return fortigate.traffic(
                at, self._device, source, target, action="close", policy=policy, sent=sent, got=got, seconds=seconds,
                session=self.rng.randint(1, 10**6), inward=inward, country=country if inward else "",
                target_country="" if inward else country,
            )  # fmt: skip
        zones = ("untrust", "dmz") if inward else ("trust", "untrust")
        return huawei_usg.session(at, self.feed.host, source, target, sent=sent, got=got, seconds=seconds, zones=zones)

    def threat(
        self, at: float, source: Socket, target: Socket, name: str, category: str, *, severity: str = "high",
        blocked: bool = False, country: str = "", url: str = "", brief: str = "DETECT", victim: str = "server",
    ) -> str:  # fmt: skip
        """An intrusion prevention verdict. FortiOS writes the name with dots."""
        number = 40_000 + sum(name.encode()) % 9000
        if self.feed.style == "fortigate":
            return fortigate.ips(at, self._device, source, target, name.replace(" ", "."), attack_id=number,
                                 severity=severity, blocked=blocked, country=country, url=url)  # fmt: skip
        return huawei_usg.threat(at, self.feed.host, source, target, name, sign_id=number, severity=severity,
                                 category=category, blocked=blocked, brief=brief, victim=victim)  # fmt: skip

    def sweep(self, at: float, source: str, target: Socket, country: str, count: int) -> str:
        """The verdict of attack defence on a port scan."""
        if self.feed.style == "fortigate":
            return fortigate.anomaly(at, self._device, source, target, "tcp_port_scan", count, country)
        return huawei_usg.attack(at, self.feed.host, "Port scan attack", source, target[0], count)

    def virus(
        self, at: float, client: Socket, server: Socket, name: str, file: str, sha256: str, *, blocked: bool
    ) -> str:
        if self.feed.style == "fortigate":
            return fortigate.virus(at, self._device, client, server, name, file, sha256, blocked=blocked,
                                   url=f"http://files.example/{file}")  # fmt: skip
        return huawei_usg.threat(at, self.feed.host, server, client, name, sign_id=70_000 + len(name), severity="high",
                                 category="Trojan", blocked=blocked, brief="TROJAN", victim="client")  # fmt: skip

    def vpn(self, at: float, user: str, source: Socket, country: str, *, success: bool) -> str:
        """Remote sign-in: the SSL-VPN of FortiGate, the device's own sign-in log of USG."""
        if self.feed.style == "fortigate":
            return fortigate.vpn(at, self._device, user, source[0], success=success, country=country)
        return huawei_usg.login(at, self.feed.host, user, source[0], success=success)

    def leak(self, at: float, source: Socket, target: Socket, user: str, file: str, size: int) -> str:
        """Data leak prevention; USG reports the session with its bytes instead."""
        if self.feed.style == "fortigate":
            return fortigate.dlp(at, self._device, source, target, user, file, size)
        return huawei_usg.session(at, self.feed.host, source, target, sent=size, got=40_000, seconds=95)


@dataclass(slots=True)
class Sensor:
    """The network IDS and the OT sensor."""

    rng: random.Random

    def alert(
        self, at: float, source: Socket, target: Socket, signature: str, category: str, *, severity: int = 2,
        techniques: Sequence[str] = (), blocked: bool = False, app: str = "", protocol: str = "TCP",
        more: dict[str, Any] | None = None,
    ) -> str:  # fmt: skip
        return suricata.alert(
            at, source, target, signature, category, sid=9_000_000 + sum(signature.encode()) * 7 % 99_991,
            severity=severity, techniques=techniques, blocked=blocked, flow_id=self.rng.getrandbits(50), app=app,
            protocol=protocol, more=more,
        )  # fmt: skip

    def uid(self) -> str:
        alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"
        return "C" + "".join(self.rng.choices(alphabet, k=16))

    def modbus(self, at: float, source: str, target: str, function: str) -> str:
        return zeek.modbus(at, self.uid(), (source, high_port(self.rng)), (target, 502), function,
                           tid=self.rng.randint(1, 65_535))  # fmt: skip

    def s7(self, at: float, source: str, target: str, function: str, code: str) -> str:
        return zeek.s7comm(at, self.uid(), (source, high_port(self.rng)), (target, 102), function, code)


@dataclass(slots=True)
class Hosts:
    """Windows, Linux and Wazuh of one enterprise."""

    site: Site
    rng: random.Random

    def computer(self, asset: Asset) -> str:
        return f"{asset.hostname}.{self.site.domain}"

    @property
    def domain(self) -> str:
        return self.site.domain.partition(".")[0].upper()

    def record(self) -> int:
        return self.rng.randint(10_000, 9_999_999)

    def agent(self, asset: Asset) -> tuple[str, str, str]:
        number = sum(asset.id.encode()) % 900 + 10
        return f"{number:03d}", asset.hostname, asset.address

    def process(
        self, at: float, asset: Asset, image: str, command: str, user: str, parent: str, technique: str = ""
    ) -> str:
        return windows.process(at, self.computer(asset), image, command, f"{self.domain}\\{user}", record=self.record(),
                               parent=parent, technique=technique)  # fmt: skip

    def logon(self, at: float, asset: Asset, user: str, address: str, kind: int) -> str:
        return windows.logon(at, self.computer(asset), user, self.domain, address, kind=kind, record=self.record(),
                             port=high_port(self.rng))  # fmt: skip

    def logon_failed(self, at: float, asset: Asset, user: str, address: str, kind: int = 3) -> str:
        return windows.logon_failed(at, self.computer(asset), user, self.domain, address, kind=kind,
                                    record=self.record(), unknown=self.rng.random() < 0.4)  # fmt: skip

    def wazuh(
        self, at: float, asset: Asset, rule: int, level: int, text: str, groups: Sequence[str],
        technique: tuple[str, str, str] | None = None, data: dict[str, Any] | None = None, *, linux: bool = False,
    ) -> str:  # fmt: skip
        return wazuh.alert(
            at, self.agent(asset), rule, level, text, groups, techniques=[technique] if technique else (), data=data,
            location="/var/log/auth.log" if linux else "EventChannel",
            decoder="sshd" if linux else "windows_eventchannel", manager=f"wazuh-{self.site.index:03d}",
        )  # fmt: skip

    def ssh_failed(self, at: float, asset: Asset, user: str, source: Socket, *, invalid: bool = False) -> str:
        return linux_auth.failed(at, asset.hostname.lower(), user, source, pid=self.rng.randint(500, 32_000),
                                 invalid=invalid)  # fmt: skip

    def ssh_accepted(self, at: float, asset: Asset, user: str, source: Socket, method: str = "publickey") -> str:
        return linux_auth.accepted(at, asset.hostname.lower(), user, source, pid=self.rng.randint(500, 32_000),
                                   method=method)  # fmt: skip
