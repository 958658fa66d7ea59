"""SQL Server's audit records in the Application log (event 33205): `name:value` lines in one text.

Reference: https://learn.microsoft.com/sql/relational-databases/security/auditing/sql-server-audit-records
"""

from __future__ import annotations

from typing import Final

from collectors.parsers._common import Fields, apply, ip, text
from taishi.event import Event

_FIELDS: Final[Fields] = {
    "session_server_principal_name": ("user.name", text), "server_principal_name": ("user.name", text),
    "target_server_principal_name": ("user.target.name", text), "client_ip": ("source.ip", ip),
    "address": ("source.ip", ip),
    "action_id": ("winlog.sql.action_id", text), "statement": ("winlog.sql.statement", text),
    "database_name": ("winlog.sql.database_name", text), "object_name": ("winlog.sql.object_name", text),
    "server_instance_name": ("service.name", text), "application_name": ("winlog.sql.application_name", text),
}  # fmt: skip
_LOGINS: Final = {"LGIS": "success", "LGIF": "failure", "DBAS": "success", "DBAF": "failure"}


def sql_audit(event: Event, body: str) -> None:
    """Fill what an audit record says: who, from where, which statement on which object, and whether it succeeded."""
    pairs: dict[str, str] = {}
    for line in body.splitlines()[:200]:
        name, _, value = line.partition(":")
        pairs.setdefault(name.strip(), value.strip())
    apply(event, pairs, _FIELDS)
    if account := event.get("user.name"):
        domain, _, user = account.rpartition("\\")
        event["user.name"] = user
        if domain:
            event["user.domain"] = domain
    action = pairs.get("action_id", "")
    event["event.category"], event["event.type"] = ["database"], ["access"]
    event["event.action"] = f"sql-audit-{action.lower()}" if action else "sql-audit"
    if action in _LOGINS:
        event["event.category"], event["event.type"] = ["authentication", "database"], ["start"]
    succeeded = pairs.get("succeeded", "").lower()
    if succeeded in {"true", "false"}:
        event["event.outcome"] = "success" if succeeded == "true" else "failure"
