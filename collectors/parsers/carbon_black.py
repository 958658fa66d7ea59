"""VMware Carbon Black: Cloud alerts, watchlist hits, endpoint events and audit as JSON; Response (EDR) server's JSON.

Cloud alerts have `type` CB_ANALYTICS, WATCHLIST, DEVICE_CONTROL, …; the Data Forwarder's endpoint events `endpoint.event.*`;
audit `loginName` and `description`. The server product names events by their bus (`alert.watchlist.hit.…`, `ingress.event.…`).
Reference: https://developer.carbonblack.com/reference/carbon-black-cloud/data-forwarder/
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import set_techniques
from collectors.parsers._common import Fields, integer, ip, lower, port, text
from collectors.parsers._documents import Product, auth, begin, change, close, fill, iam, mail_user, other, says
from collectors.parsers._endpoint import executable, file, hashes
from collectors.parsers._ids import alert
from taishi.event import Event

NAME: Final = "carbon_black"
FIELDS: Final[Fields] = {
    "type": ("event.action", text),
    "id": ("carbon_black.id", text),
    "reason": ("message", text),
    "description": ("message", text),
    "device_name": ("host.name", text),
    "hostname": ("host.name", text),
    "computer_name": ("host.name", text),
    "device_os": ("host.os.type", lower),
    "os_type": ("host.os.type", lower),
    "device_os_version": ("host.os.version", text),
    "device_id": ("host.id", text),
    "device_internal_ip": ("host.ip", lambda value: [found] if (found := ip(value)) else None),
    "device_username": ("user.name", text),
    "process_username": ("user.name", text),
    "username": ("user.name", text),
    "loginName": ("user.name", text),
    "clientIp": ("source.ip", ip),
    "process_pid": ("process.pid", integer),
    "pid": ("process.pid", integer),
    "process_guid": ("process.entity_id", text),
    "process_cmdline": ("process.command_line", text),
    "cmdline": ("process.command_line", text),
    "parent_cmdline": ("process.parent.command_line", text),
    "parent_pid": ("process.parent.pid", integer),
    "parent_guid": ("process.parent.entity_id", text),
    "remote_ip": ("destination.ip", ip),
    "netconn_remote_ip": ("destination.ip", ip),
    "remote_port": ("destination.port", port),
    "netconn_remote_port": ("destination.port", port),
    "local_ip": ("source.ip", ip),
    "netconn_local_ip": ("source.ip", ip),
    "local_port": ("source.port", port),
    "netconn_local_port": ("source.port", port),
    "netconn_domain": ("destination.domain", text),
    "report_name": ("rule.name", text),
    "report_title": ("rule.name", text),
    "ioc_id": ("rule.id", text),
    "watchlist_name": ("rule.category", text),
    "alert_url": ("event.reference", text),
    "regmod_name": ("registry.path", text),
    "requestUrl": ("url.original", text),
}
PRODUCT: Final = Product(
    NAME, "VMware", "Carbon Black", "edr", "carbon_black.", FIELDS,
    ("backend_timestamp", "create_time", "detection_timestamp", "eventTime", "device_timestamp", "timestamp", "created_time"),
)  # fmt: skip
_KINDS: Final = (
    ("procstart", "process", "start"), ("procend", "process", "end"), ("netconn", "network", "connection"),
    ("filemod", "file", "change"), ("regmod", "registry", "change"), ("moduleload", "library", "start"),
    ("modload", "library", "start"), ("crossproc", "process", "access"), ("childproc", "process", "start"),
    ("process.start", "process", "start"), ("scriptload", "process", "info"), ("apicall", "process", "info"),
)  # fmt: skip


def _things(event: Event, flat: dict[str, Any]) -> None:
    for key, owner in (("process_path", "process"), ("process_name", "process"), ("parent_path", "process.parent"),
                       ("parent_name", "process.parent"), ("path", "process")):  # fmt: skip
        if (path := text(flat.get(key))) and f"{owner}.executable" not in event:
            executable(event, owner, path)
    for key, owner in (("process_hash", "process"), ("process_sha256", "process"), ("process_md5", "process"),
                       ("threat_cause_actor_sha256", "process"), ("md5", "process"), ("sha256", "process"),
                       ("filemod_hash", "file")):  # fmt: skip
        value = flat.get(key)
        for digest in value if isinstance(value, list) else [value]:
            if found := text(digest):
                hashes(event, owner, found)
    if name := text(flat.get("filemod_name")):
        file(event, name)
    domain, slash, host = str(event.get("host.name", "")).partition("\\")
    if slash and domain and host:
        event["host.name"], event["host.domain"] = host, domain
    user = event.get("user.name", "")
    if "\\" in user or "@" in user:
        del event["user.name"]
        mail_user(event, user)


def _alerted(event: Event, flat: dict[str, Any]) -> None:
    event.setdefault("rule.name", event.get("message") or event.get("event.action") or "alert")
    level = integer(flat.get("severity") or flat.get("alert_severity"))
    event["event.severity"] = 60 if level is None else min(100, max(0, level * 10 if level <= 10 else level))
    event["taishi.severity_original"] = str(flat.get("severity", ""))
    techniques = [str(flat.get(key, "")) for key in ("attack_technique", "mitre_technique")]
    techniques += [str(item).upper() for key in ("ttps", "process_effective_reputation")
                   if isinstance(value := flat.get(key), list) for item in value]  # fmt: skip
    set_techniques(event, [item.replace("MITRE_", "").replace("_", " ") for item in techniques])
    applied = str(flat.get("policy_applied") or flat.get("sensor_action") or "").lower()
    stopped = {"applied": True, "deny": True, "terminate": True, "not_applied": False, "allow": False}.get(applied)
    event["event.action"] = str(event.get("event.action", "alert")).lower()
    if "host.name" not in event and "user.name" not in event:
        event["host.name"] = "unknown"
    alert(event, blocked=stopped, category="malware")


def parse(framed: Framed, received: Received) -> list[Event]:
    event, flat = begin(PRODUCT, framed, received)
    fill(event, PRODUCT, flat, received)
    _things(event, flat)
    action = event.get("event.action", "")
    if "loginName" in flat or "requestUrl" in flat:
        said = str(event.get("message", "")).lower()
        event["event.action"] = "audit"
        if "logged in" in said or "login" in said:
            auth(event)
            event["event.outcome"] = "failure" if "fail" in said else "success"
        elif "user" in said or "grant" in said or "role" in said:
            iam(event, "user", change(said))
        else:
            other(event, "configuration", change(said))
    elif ".event." in action or action.startswith("ingress."):
        category, kind = next(((each[1], each[2]) for each in _KINDS if each[0] in action), ("host", "info"))
        other(event, category, kind)
    elif action or "alert_severity" in flat or "severity" in flat:
        _alerted(event, flat)
    else:
        other(event, "host")
    if event["event.kind"] != "alert":
        event.pop("rule.name", None)
    return close(event)


_ALERTS: Final = ('"CB_ANALYTICS"', '"WATCHLIST"', '"DEVICE_CONTROL"', '"HOST_BASED_FIREWALL"', '"CONTAINER_RUNTIME"',
    '"INTRUSION_DETECTION_SYSTEM"', '"NETWORK_TRAFFIC_ANALYSIS"')  # fmt: skip


def sniff(framed: Framed) -> float:
    body = framed.body or framed.text
    if "{" not in body[:300]:
        return 0.0
    if '"endpoint.event.' in body or '"ingress.event.' in body or '"alert.watchlist.' in body:
        return 0.98
    if ('"legacy_alert_id"' in body or '"alert_url"' in body or '"device_name"' in body) and any(
        each in body for each in _ALERTS
    ):
        return 0.97
    return 0.95 if says(framed, ("loginName", "orgName", "eventId")) else 0.0


PARSER = Parser(
    name=NAME,
    product="VMware Carbon Black (Cloud, EDR)",
    data_kind="security",
    reference="https://developer.carbonblack.com/reference/carbon-black-cloud/data-forwarder/",
    parse=parse,
    sniff=sniff,
    markers=(*_ALERTS, '"endpoint.event.', '"ingress.event.', '"alert.watchlist.', '"loginName"'),
)
