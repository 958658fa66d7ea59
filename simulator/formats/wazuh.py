"""Wazuh alerts.json. Reference: https://documentation.wazuh.com/current/user-manual/manager/alert-management.html"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from simulator.formats.moments import local


def alert(
    at: float,
    agent: tuple[str, str, str],
    rule: int,
    level: int,
    description: str,
    groups: Sequence[str],
    *,
    manager: str = "wazuh-manager",
    techniques: Sequence[tuple[str, str, str]] = (),
    data: dict[str, Any] | None = None,
    syscheck: dict[str, Any] | None = None,
    location: str = "EventChannel",
    decoder: str = "windows_eventchannel",
    full_log: str = "",
) -> str:
    """`agent` is (id, name, address); `techniques` are (id, tactic, technique name)."""
    moment = local(at)
    body: dict[str, Any] = {
        "timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0800",
        "rule": {"level": level, "description": description, "id": str(rule), "firedtimes": 1, "mail": level >= 12,
                 "groups": list(groups)},
        "agent": {"id": agent[0], "name": agent[1], "ip": agent[2]},
        "manager": {"name": manager},
        "id": f"{at:.5f}",
        "decoder": {"name": decoder},
        "location": location,
    }  # fmt: skip
    if techniques:
        body["rule"]["mitre"] = {
            "id": [item[0] for item in techniques],
            "tactic": [item[1] for item in techniques],
            "technique": [item[2] for item in techniques],
        }
    if full_log:
        body["full_log"] = full_log
    if data:
        body["data"] = data
    if syscheck:
        body["syscheck"] = syscheck
    return orjson.dumps(body).decode()


def integrity(at: float, agent: tuple[str, str, str], path: str, event: str, *, sha256: str, size: int) -> str:
    """File integrity monitoring: rules 550 (modified), 553 (deleted), 554 (added)."""
    rule, text = {"modified": (550, "Integrity checksum changed."), "deleted": (553, "File deleted."),
                  "added": (554, "File added to the system.")}[event]  # fmt: skip
    detail = {"path": path, "mode": "realtime", "size_after": str(size), "perm_after": "rw-r--r--", "uid_after": "33",
              "uname_after": "www-data", "sha256_after": sha256, "event": event}  # fmt: skip
    return alert(at, agent, rule, 7 if event != "added" else 5, text,
                 ("ossec", "syscheck", f"syscheck_entry_{event}", "syscheck_file"), syscheck=detail,
                 location="syscheck", decoder=f"syscheck_{'new_entry' if event == 'added' else 'integrity_changed'}")  # fmt: skip
