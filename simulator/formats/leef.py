"""IBM QRadar LEEF 2.0 over syslog, as endpoint protection sends it.

Reference: IBM "Log Event Extended Format (LEEF)"; Trend Micro Deep Security "Syslog message formats".
"""

from __future__ import annotations

from simulator.formats.moments import bsd, words


def line(at: float, host: str, vendor: str, product: str, version: str, event: str, **fields: object) -> str:
    """Tab-separated attributes; `devTime` is written with its format."""
    body = "\t".join(f"{key}={str(value).replace(chr(9), ' ')}" for key, value in fields.items() if value != "")
    return (
        f"<134>{bsd(at)} {host} LEEF:2.0|{vendor}|{product}|{version}|{event}|x09|"
        f"{body}\tdevTime={words(at)}\tdevTimeFormat=MMM dd yyyy HH:mm:ss"
    )


def malware(
    at: float, host: str, computer: str, address: str, user: str, name: str, path: str, *, sha256: str, cleaned: bool,
    severity: int = 6,
) -> str:  # fmt: skip
    """An anti-malware event of an agent."""
    return line(
        at, host, "Trend Micro", "Deep Security Agent", "20.0", "4000030", cat="Anti-Malware", name=name, desc=name,
        sev=severity, cn1=241, cn1Label="Host ID", identHostName=computer, dvc=address, usrName=user, filePath=path,
        fileHash=sha256, act="Quarantine" if cleaned else "Pass", msg="Realtime", TrendMicroDsTenant="Primary",
        TrendMicroDsMalwareTargetType="File System",
    )  # fmt: skip


def device(at: float, host: str, computer: str, address: str, user: str, name: str) -> str:
    """Device control: removable storage was attached and allowed."""
    return line(
        at, host, "Trend Micro", "Deep Security Agent", "20.0", "7000000", cat="Device Control",
        name="Removable storage attached", sev=4, identHostName=computer, dvc=address, usrName=user, resource=name,
        act="Allow",
    )  # fmt: skip
