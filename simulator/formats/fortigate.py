"""Fortinet FortiGate syslog in the default format.

Reference: https://docs.fortinet.com/document/fortigate/7.6.0/fortios-log-message-reference
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulator.formats.moments import local

_NUMBERS: Final = frozenset(
    {
        "eventtime", "srcip", "dstip", "srcport", "dstport", "proto", "policyid", "sessionid", "duration", "sentbyte",
        "rcvdbyte", "sentpkt", "rcvdpkt", "remip", "tunnelid", "incidentserialno", "attackid", "filesize", "count",
        "transip", "transport", "crscore", "virusid", "appid",
    }
)  # fmt: skip
"""Keys whose values FortiOS writes without quotes."""


@dataclass(frozen=True, slots=True)
class Device:
    name: str
    serial: str


def line(
    at: float, device: Device, kind: str, subtype: str, logid: str, level: str, priority: int, **pairs: object
) -> str:
    """One record: the fixed head, then `pairs` in their order; a trailing underscore in a key is dropped."""
    moment = local(at)
    head = (
        f'<{priority}>date={moment:%Y-%m-%d} time={moment:%H:%M:%S} devname="{device.name}" devid="{device.serial}" '
        f'eventtime={int(at * 1e9)} tz="+0800" logid="{logid}" type="{kind}" subtype="{subtype}" '
        f'level="{level}" vd="root"'
    )
    rest = (
        f"{key.rstrip('_')}={value}" if key in _NUMBERS else f'{key.rstrip("_")}="{value}"'
        for key, value in pairs.items()
        if value != ""
    )
    return head + " " + " ".join(rest)


def traffic(
    at: float, device: Device, source: tuple[str, int], target: tuple[str, int], *, action: str, country: str = "",
    service: str = "", proto: int = 6, policy: int = 0, sent: int = 0, got: int = 0, seconds: int = 0, session: int = 0,
    inward: bool = True, target_country: str = "",
) -> str:  # fmt: skip
    """A forward traffic record: `action` accept, close, deny, …; `inward` from the WAN."""
    return line(
        at, device, "traffic", "forward", "0000000013", "notice", 189, srcip=source[0], srcport=source[1],
        srcintf="wan1" if inward else "lan", srcintfrole="wan" if inward else "lan", dstip=target[0], dstport=target[1],
        dstintf="dmz" if inward else "wan1", dstintfrole="dmz" if inward else "wan",
        srccountry=country or ("Reserved" if not inward else ""), dstcountry=target_country or ("Reserved" if inward else ""),
        sessionid=session, proto=proto, action=action, policyid=policy, policytype="policy",
        service=service or f"tcp/{target[1]}", trandisp="noop", duration=seconds, sentbyte=sent, rcvdbyte=got,
        sentpkt=max(1, sent // 600) if sent else 0, rcvdpkt=got // 900,
    )  # fmt: skip


def ips(
    at: float, device: Device, source: tuple[str, int], target: tuple[str, int], attack: str, *, attack_id: int,
    severity: str, blocked: bool, country: str = "", service: str = "HTTP", url: str = "", host: str = "", session: int = 0,
) -> str:  # fmt: skip
    return line(
        at, device, "utm", "ips", "0419016384", "alert", 185, eventtype="signature", severity=severity, srcip=source[0],
        srccountry=country, dstip=target[0], dstcountry="Reserved", srcintf="wan1", srcintfrole="wan", dstintf="dmz",
        dstintfrole="dmz", sessionid=session, action="dropped" if blocked else "detected", proto=6, service=service,
        policyid=3, attack=attack, srcport=source[1], dstport=target[1], hostname=host, url=url, direction="outgoing",
        attackid=attack_id, profile="protect", ref=f"http://www.fortinet.com/ids/VID{attack_id}", incidentserialno=session,
        msg=f"signature: {attack},", crscore=30, craction="8192", crlevel=severity if severity != "info" else "low",
    )  # fmt: skip


def virus(
    at: float, device: Device, source: tuple[str, int], target: tuple[str, int], name: str, file: str, sha256: str, *,
    blocked: bool, url: str = "", session: int = 0,
) -> str:  # fmt: skip
    """An infected download: `source` is the client that fetched it."""
    return line(
        at, device, "utm", "virus", "0211008192" if blocked else "0211008193", "warning", 188, eventtype="infected",
        msg="File is infected." if blocked else "File reported infected by monitor.",
        action="blocked" if blocked else "passthrough", service="HTTP", sessionid=session, srcip=source[0], dstip=target[0],
        srcport=source[1], dstport=target[1], srcintf="lan", srcintfrole="lan", dstintf="wan1", dstintfrole="wan",
        srccountry="Reserved", policyid=12, proto=6, direction="incoming", filename=file,
        quarskip="Quarantine-disabled", virus=name, viruscat="Virus", dtype="av-engine", virusid=8_000_000,
        url=url, profile="protect", analyticscksum=sha256, analyticssubmit="false", crscore=50, craction="2",
        crlevel="critical",
    )  # fmt: skip


def anomaly(
    at: float, device: Device, source: str, target: tuple[str, int], attack: str, count: int, country: str
) -> str:
    """The DoS policy: scans and floods over a threshold."""
    return line(
        at, device, "utm", "anomaly", "0720018432", "alert", 185, eventtype="anomaly", severity="critical",
        srcip=source, srccountry=country, dstip=target[0], dstport=target[1], srcintf="wan1", srcintfrole="wan",
        sessionid=0, action="clear_session", proto=6, service=f"tcp/{target[1]}", count=count, attack=attack,
        attackid=16777316, policyid=1, policytype="DoS-policy", ref="http://www.fortinet.com/ids/VID16777316",
        msg=f"anomaly: {attack}, {count} > threshold 1000, repeats {count} times", crscore=50, craction="4096",
        crlevel="critical",
    )  # fmt: skip


def vpn(at: float, device: Device, user: str, address: str, *, success: bool, country: str = "") -> str:
    """SSL-VPN sign-in."""
    if success:
        return line(
            at, device, "event", "vpn", "0101039947", "information", 190, logdesc="SSL VPN tunnel up", action="tunnel-up",
            tunneltype="ssl-tunnel", tunnelid=1_870_000_000 + int(at) % 1000, remip=address, srccountry=country, user=user,
            group="remote-maintenance", dst_host="N/A", reason="login successfully", msg="SSL tunnel established",
        )  # fmt: skip
    return line(
        at, device, "event", "vpn", "0101039426", "alert", 185, logdesc="SSL VPN login fail", action="ssl-login-fail",
        tunneltype="ssl-web", tunnelid=0, remip=address, srccountry=country, user=user, group="N/A", dst_host="N/A",
        reason="sslvpn_login_permission_denied", msg="SSL user failed to logged in",
    )  # fmt: skip


def admin_login(at: float, device: Device, user: str, address: str, *, success: bool) -> str:
    return line(
        at, device, "event", "system", "0100032001" if success else "0100032002", "information" if success else "alert",
        190 if success else 185, logdesc="Admin login successful" if success else "Admin login failed", user=user,
        ui=f"https({address})", method="https", srcip=address, action="login", status="success" if success else "failed",
        reason="none" if success else "passwd_invalid",
        msg=f"Administrator {user} login {'successfully' if success else 'failed'} from https({address})",
    )  # fmt: skip


def dlp(
    at: float, device: Device, source: tuple[str, int], target: tuple[str, int], user: str, file: str, size: int
) -> str:
    """Data leak prevention, monitoring only."""
    return line(
        at, device, "utm", "dlp", "0954024576", "warning", 188, eventtype="dlp", filtername="engineering-drawings",
        dlpextra="builtin", filtertype="file-type", filtercat="file", severity="medium", policyid=12, sessionid=0,
        user=user, srcip=source[0], srcport=source[1], srcintf="lan", srcintfrole="lan", dstip=target[0],
        dstport=target[1], dstintf="wan1", dstintfrole="wan", proto=6, service="HTTPS", filetype="rar",
        direction="outgoing", action="log-only", hostname="upload.example", filename=file, filesize=size,
        profile="watch",
    )  # fmt: skip
