"""CrowdStrike Falcon: event streams (SIEM connector JSON) and Falcon Data Replicator, one JSON object an event.

Streams wrap the event in `metadata` + `event` and carry detections, incidents, firewall matches and audit; the replicator
names the event by `event_simpleName`, its numbers sometimes with the suffix `_decimal`. CEF and LEEF of the connector go
to those parsers.
Reference: https://developer.crowdstrike.com/docs/event-streams-api/ and the Falcon Data Replicator guide
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import set_tactics, set_techniques
from collectors.parsers._common import Fields, integer, ip, lower, port, text
from collectors.parsers._documents import (
    Product,
    auth,
    begin,
    change,
    close,
    fill,
    mail_user,
    other,
    outcome,
    says,
)
from collectors.parsers._documents import severity as rate
from collectors.parsers._endpoint import executable, file, hashes
from collectors.parsers._ids import alert
from taishi.event import Event

NAME: Final = "crowdstrike"
FIELDS: Final[Fields] = {
    "event_simpleName": ("event.action", text),
    "ComputerName": ("host.name", text),
    "Hostname": ("host.name", text),
    "HostName": ("host.name", text),
    "HostnameField": ("host.name", text),
    "aid": ("agent.id", text),
    "AgentIdString": ("agent.id", text),
    "SensorId": ("agent.id", text),
    "LocalIP": ("host.ip", lambda value: [found] if (found := ip(value)) else None),
    "LocalAddressIP4": ("source.ip", ip),
    "LocalAddressIP6": ("source.ip", ip),
    "LocalAddress": ("source.ip", ip),
    "LocalPort": ("source.port", port),
    "RemoteAddressIP4": ("destination.ip", ip),
    "RemoteAddressIP6": ("destination.ip", ip),
    "RemoteAddress": ("destination.ip", ip),
    "RemotePort": ("destination.port", port),
    "UserIp": ("source.ip", ip),
    "DomainName": ("dns.question.name", text),
    "CommandLine": ("process.command_line", text),
    "TargetProcessId": ("process.entity_id", text),
    "RawProcessId": ("process.pid", integer),
    "ProcessId": ("process.pid", integer),
    "ParentProcessId": ("process.parent.entity_id", text),
    "ParentCommandLine": ("process.parent.command_line", text),
    "GrandParentCommandLine": ("crowdstrike.grandparent_command_line", text),
    "UserName": ("user.name", text),
    "UserSid": ("user.id", text),
    "UserPrincipal": ("user.email", text),
    "LogonDomain": ("user.domain", text),
    "MachineDomain": ("host.domain", text),
    "MD5String": ("process.hash.md5", lower),
    "SHA1String": ("process.hash.sha1", lower),
    "SHA256String": ("process.hash.sha256", lower),
    "DetectName": ("rule.name", text),
    "Name": ("rule.name", text),
    "RuleName": ("rule.name", text),
    "DetectId": ("rule.id", text),
    "CompositeId": ("rule.id", text),
    "DetectDescription": ("message", text),
    "Description": ("message", text),
    "FalconHostLink": ("event.reference", text),
    "PatternDispositionDescription": ("event.reason", text),
    "OperationName": ("event.action", text),
    "ServiceName": ("event.provider", text),
    "RegObjectName": ("registry.path", text),
    "RegValueName": ("registry.value", text),
    "MachOSubType": ("crowdstrike.mach_o_sub_type", text),
}
PRODUCT: Final = Product(
    NAME, "CrowdStrike", "Falcon", "edr", "crowdstrike.", FIELDS,
    ("ContextTimeStamp", "timestamp", "UTCTimestamp", "ProcessStartTime", "eventCreationTime", "StartTimestamp"),
)  # fmt: skip
_OS: Final = {"Win": "windows", "Mac": "macos", "Lin": "linux"}
_LEVELS: Final = {"1": 10, "2": 30, "3": 50, "4": 75, "5": 90}


def _plain(flat: dict[str, Any]) -> dict[str, Any]:
    """Keys without wrapping and without the replicator's type suffixes; the inner event wins over its envelope."""
    named: dict[str, Any] = {}
    for key, value in flat.items():
        lead = next((each for each in ("event.", "unknown_payload.", "metadata.") if key.startswith(each)), "")
        name = key[len(lead) :].removesuffix("_decimal")
        if lead:
            named.pop(name, None)
        named.setdefault(name, value)
    return named


def _process(event: Event, flat: dict[str, Any]) -> None:
    path = text(flat.get("ImageFileName"))
    folder, name = text(flat.get("FilePath")), text(flat.get("FileName"))
    if path:
        executable(event, "process", path)
    elif folder and name:
        executable(event, "process", folder if folder.endswith(name) else folder.rstrip("\\/") + _slash(folder) + name)
    if parent := text(flat.get("ParentImageFileName") or flat.get("ParentBaseFileName")):
        event["process.parent.name"] = parent.rpartition("\\")[2].rpartition("/")[2]
        if parent != event["process.parent.name"]:
            event["process.parent.executable"] = parent
    for key in ("SHA256HashData", "SHA1HashData", "MD5HashData"):
        if value := text(flat.get(key)):
            hashes(event, "process", value)
    if target := text(flat.get("TargetFileName")):
        file(event, target)


def _slash(folder: str) -> str:
    return "/" if folder.startswith("/") else "\\"


def _time(flat: dict[str, Any]) -> None:
    """Falcon writes epoch seconds with a fraction, milliseconds, or ISO text; text numbers are numbers."""
    for key in PRODUCT.times:
        value = flat.get(key)
        if isinstance(value, str) and value.replace(".", "", 1).isdecimal() and len(value) < 24:
            flat[key] = float(value)


_KINDS: Final = (
    ("ProcessRollup", "process", "start"), ("SyntheticProcess", "process", "start"), ("ProcessBlocked", "process", "denied"),
    ("EndOfProcess", "process", "end"), ("NetworkConnect", "network", "connection"), ("NetworkReceive", "network", "connection"),
    ("NetworkListen", "network", "start"), ("DnsRequest", "network", "protocol"), ("UserLogonFailed", "authentication", "start"),
    ("UserLogon", "authentication", "start"), ("UserLogoff", "authentication", "end"), ("UserIdentity", "authentication", "info"),
    ("UserAccount", "iam", "user"), ("FileWritten", "file", "creation"), ("NewExecutable", "file", "creation"),
    ("FileDeleted", "file", "deletion"), ("FileRename", "file", "change"), ("Reg", "registry", "change"),
    ("AsepValue", "registry", "change"), ("ServiceStart", "process", "start"), ("ScheduledTask", "configuration", "change"),
    ("ModuleLoad", "library", "start"), ("ImageLoad", "library", "start"), ("DriverLoad", "driver", "start"),
)  # fmt: skip


def _replicated(event: Event, action: str) -> None:
    category, kind = next(((each[1], each[2]) for each in _KINDS if each[0] in action), ("host", "info"))
    other(event, category, kind)
    if category == "authentication":
        event["event.outcome"] = "failure" if "Failed" in action else "success"
    if "dns.question.name" in event:
        event["network.protocol"] = "dns"


def _detected(event: Event, flat: dict[str, Any], kind: str) -> None:
    event.setdefault("rule.name", text(flat.get("Technique")) or kind or "detection")
    named = text(flat.get("SeverityName"))
    rate(event, named or flat.get("Severity"), None if named else _LEVELS)
    set_tactics(event, [value for value in [text(flat.get("Tactic")), text(flat.get("TacticIds"))] if value])
    set_techniques(
        event, [str(flat.get("TechniqueId", "")), str(flat.get("Technique", "")), str(flat.get("Objective", ""))]
    )
    said = (event.get("event.reason") or "").lower()
    stopped = (
        True if "block" in said or "kill" in said or "prevent" in said.partition(",")[0] else False if said else None
    )
    event["event.action"] = kind or "detection"
    event.setdefault("host.name", "unknown") if "user.name" not in event and "source.ip" not in event else None
    alert(event, blocked=stopped, category="malware", swap=None)


def _audited(event: Event, flat: dict[str, Any]) -> None:
    action = event.get("event.action", "")
    words = action.lower()
    if "authenticate" in words or "login" in words or "twofactor" in words or "session" in words:
        auth(event)
    else:
        other(event, "configuration" if "user" not in words and "role" not in words else "iam", change(action))
    event["event.outcome"] = outcome(flat.get("Success")) or "unknown"
    for index in range(4):
        key, value = flat.get(f"AuditKeyValues.{index}.Key"), text(flat.get(f"AuditKeyValues.{index}.ValueString"))
        if key == "target_name" and value:
            mail_user(event, value, "user.target")
        elif isinstance(key, str) and value:
            event[f"crowdstrike.audit.{key[:64]}"] = value
    mail_user(event, flat.get("UserId"))


def parse(framed: Framed, received: Received) -> list[Event]:
    event, raw = begin(PRODUCT, framed, received)
    flat = _plain(raw)
    _time(flat)
    fill(event, PRODUCT, flat, received)
    _process(event, flat)
    if (system := _OS.get(str(flat.get("event_platform")))) is not None:
        event["host.os.type"] = system
    user = event.get("user.name", "")
    if "@" in user or "\\" in user:
        del event["user.name"]
        mail_user(event, user)
    kind = text(flat.get("eventType") or flat.get("ExternalApiType") or flat.get("EventType")) or ""
    if "event_simpleName" in flat:
        _replicated(event, event.get("event.action", ""))
    elif "Detect" in kind or "DetectName" in flat or "Incident" in kind or "IdpDetection" in kind:
        _detected(event, flat, kind)
    elif "OperationName" in flat:
        _audited(event, flat)
    else:
        event.setdefault("event.action", kind or "event")
        other(event, "network" if "Firewall" in kind else "session" if "Session" in kind else "host")
    if event["event.kind"] != "alert":
        event.pop("rule.name", None) if "Firewall" not in kind else None
    return close(event)


def sniff(framed: Framed) -> float:
    if says(framed, ("event_simpleName",)):
        return 0.99
    if says(framed, ("metadata", "event", "eventType"), ("customerIDString",)):
        return 0.99
    return 0.97 if says(framed, ("ExternalApiType",)) or says(framed, ("AgentIdString", "cid")) else 0.0


PARSER = Parser(
    name=NAME,
    product="CrowdStrike Falcon (event streams, Data Replicator)",
    data_kind="security",
    reference="https://developer.crowdstrike.com/docs/event-streams-api/",
    parse=parse,
    sniff=sniff,
    markers=('"event_simpleName"', '"customerIDString"', '"ExternalApiType"', '"AgentIdString"'),
)
