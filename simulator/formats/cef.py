"""ArcSight Common Event Format over syslog, as a web application firewall and an identifier gateway send it.

Reference: "Micro Focus Security ArcSight Common Event Format", version 25; Imperva's CEF layout for SecureSphere.
"""

from __future__ import annotations

from simulator.formats.moments import bsd


def _head(value: str) -> str:
    return value.replace("\\", "\\\\").replace("|", "\\|")


def _value(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace("=", "\\=").replace("\n", "\\n")


def line(
    at: float,
    host: str,
    vendor: str,
    product: str,
    version: str,
    signature: str,
    name: str,
    severity: int | str,
    **fields: object,
) -> str:
    """`fields` are CEF extension keys; their order is kept."""
    head = "|".join(_head(str(part)) for part in ("CEF:0", vendor, product, version, signature, name, severity))
    rest = " ".join(f"{key}={_value(value)}" for key, value in {"rt": int(at * 1000), **fields}.items() if value != "")
    return f"<134>{bsd(at)} {host} {head}|{rest}"


def waf(
    at: float, host: str, source: tuple[str, int], target: tuple[str, int], name: str, *, url: str, blocked: bool,
    severity: str = "High", method: str = "GET", status: int = 403, category: str = "",
) -> str:  # fmt: skip
    """A web application firewall's alert."""
    return line(
        at, host, "Imperva Inc.", "SecureSphere", "14.7", "Signature", name, severity, act="Block" if blocked else "None",
        dst=target[0], dpt=target[1], src=source[0], spt=source[1], proto="TCP", cat=category or "Alert",
        request=url, requestMethod=method, cn1Label="Response Code", cn1=status, cs1Label="Policy", cs1="Web attacks",
        cs2Label="Server Group", cs2="production", cs3Label="Service Name", cs3="portal",
    )  # fmt: skip


def identifier(
    at: float, host: str, source: tuple[str, int], target: tuple[str, int], signature: str, name: str, severity: int, *,
    handle: str, user: str = "", outcome: str = "", count: int = 1, category: str = "",
) -> str:  # fmt: skip
    """The gateway of an identifier-resolution node: resolutions, registrations and its own verdicts."""
    return line(
        at, host, "Taishi Demo", "Identifier Gateway", "2.1", signature, name, severity, src=source[0], spt=source[1],
        dst=target[0], dpt=target[1], proto="TCP", suser=user, outcome=outcome, cnt=count, cat=category,
        cs1Label="Identifier", cs1=handle, cs2Label="Prefix", cs2=handle.partition("/")[0], app="handle",
    )  # fmt: skip
