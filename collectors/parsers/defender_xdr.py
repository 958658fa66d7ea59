"""Microsoft Defender XDR: alerts and incidents of the Graph and Defender APIs, and advanced hunting as streamed.

Graph's alerts (v1 and v2) carry `evidence` or states, Defender for Endpoint's the machine; streamed hunting tables come as
`category: AdvancedHunting-Device…` with `properties`. Alerts give rule, technique, severity, host, user and hashes.
Reference: https://learn.microsoft.com/graph/api/resources/security-alert and the advanced hunting schema tables
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import set_tactics, set_techniques
from collectors.parsers._common import Fields, integer, ip, lower, port, text
from collectors.parsers._documents import Product, auth, begin, close, fill, mail_user, other, outcome
from collectors.parsers._documents import severity as rate
from collectors.parsers._endpoint import executable, file, hashes
from collectors.parsers._ids import alert
from taishi.event import Event

NAME: Final = "defender_xdr"
FIELDS: Final[Fields] = {
    "title": ("rule.name", text),
    "description": ("message", text),
    "id": ("rule.id", text),
    "alertId": ("rule.id", text),
    "category": ("rule.category", text),
    "incidentId": ("m365_defender.incident_id", text),
    "alertWebUrl": ("event.reference", text),
    "recommendedActions": ("taishi.detection.advice", text),
    "computerDnsName": ("host.name", text),
    "machineId": ("host.id", text),
    "DeviceName": ("host.name", text),
    "DeviceId": ("host.id", text),
    "ActionType": ("event.action", text),
    "ProcessCommandLine": ("process.command_line", text),
    "ProcessId": ("process.pid", integer),
    "InitiatingProcessCommandLine": ("process.parent.command_line", text),
    "InitiatingProcessId": ("process.parent.pid", integer),
    "AccountName": ("user.name", text),
    "AccountDomain": ("user.domain", text),
    "AccountSid": ("user.id", text),
    "AccountObjectId": ("user.id", text),
    "AccountDisplayName": ("user.full_name", text),
    "InitiatingProcessAccountName": ("user.name", text),
    "InitiatingProcessAccountDomain": ("user.domain", text),
    "LocalIP": ("source.ip", ip),
    "LocalPort": ("source.port", port),
    "IPAddress": ("source.ip", ip),
    "RemoteIP": ("destination.ip", ip),
    "RemotePort": ("destination.port", port),
    "Protocol": ("network.transport", lower),
    "RemoteUrl": ("url.original", text),
    "RegistryKey": ("registry.key", text),
    "RegistryValueName": ("registry.value", text),
    "UserAgent": ("user_agent.original", text),
    "Title": ("rule.name", text),
    "AlertId": ("rule.id", text),
    "SenderFromAddress": ("email.from.address", lambda value: [str(value)[:1024]]),
    "RecipientEmailAddress": ("email.to.address", lambda value: [str(value)[:1024]]),
    "Subject": ("email.subject", text),
    "InternetMessageId": ("email.message_id", text),
    "FileSize": ("file.size", integer),
}
PRODUCT: Final = Product(
    NAME, "Microsoft", "Defender XDR", "edr", "m365_defender.", FIELDS,
    ("Timestamp", "eventDateTime", "createdDateTime", "alertCreationTime", "creationTime", "firstActivityDateTime",
     "createdTime", "time"),
)  # fmt: skip
_TABLES: Final = {
    "DeviceProcessEvents": ("process", "start"), "DeviceNetworkEvents": ("network", "connection"),
    "DeviceFileEvents": ("file", "change"), "DeviceRegistryEvents": ("registry", "change"),
    "DeviceLogonEvents": ("authentication", "start"), "DeviceImageLoadEvents": ("library", "start"),
    "IdentityLogonEvents": ("authentication", "start"), "IdentityQueryEvents": ("network", "info"),
    "IdentityDirectoryEvents": ("iam", "change"), "EmailEvents": ("email", "info"), "EmailUrlInfo": ("email", "info"),
    "EmailAttachmentInfo": ("email", "info"), "UrlClickEvents": ("web", "access"), "CloudAppEvents": ("web", "access"),
    "DeviceInfo": ("host", "info"), "DeviceNetworkInfo": ("host", "info"), "DeviceEvents": ("host", "info"),
    "AADSignInEventsBeta": ("authentication", "start"),
}  # fmt: skip
_SEVERITIES: Final = {"informational": 20, "low": 35, "medium": 55, "high": 80, "unspecified": 40, "unknown": 40}
_HOSTS: Final = (
    "devicednsname", "hostname", "computerdnsname", "fqdn", "netbiosname", "deviceevidence.devicednsname",
)  # fmt: skip


def _evidence(event: Event, flat: dict[str, Any]) -> None:
    """The first host, user, address, process and file among evidence, entities and states."""
    for key, value in flat.items():
        head, _, rest = key.partition(".")
        if head not in _LISTS or not isinstance(value, str | int):
            continue
        _one(event, rest.partition(".")[2].lower(), value)


_LISTS: Final = frozenset({"evidence", "entities", "hostStates", "userStates", "networkConnections", "fileStates", "processes",
    "alerts", "devices"})  # fmt: skip


_LEAVES: Final = {
    **dict.fromkeys(_HOSTS, "host.name"), "accountname": "user.name", "processcommandline": "process.command_line",
    "commandline": "process.command_line", "filename": "file.name", "filepath": "file.directory", "url": "url.original",
}  # fmt: skip
_ADDRESSES: Final = {
    "ipaddress": "source.ip",
    "sourceaddress": "source.ip",
    "logonip": "source.ip",
    "destinationaddress": "destination.ip",
}


def _one(event: Event, name: str, value: str | int) -> None:
    leaf = name.rpartition(".")[2]
    found = str(value)
    if leaf in _LEAVES:
        event.setdefault(_LEAVES[leaf], found)
    elif leaf == "userprincipalname" and "@" in found:
        mail_user(event, found)
    elif leaf in _ADDRESSES and (address := ip(value)):
        event.setdefault(_ADDRESSES[leaf], address)
    elif leaf == "processid" and (number := integer(value)) is not None:
        event.setdefault("process.pid", number)
    elif leaf in {"sha1", "sha256", "md5"} and f"file.hash.{leaf}" not in event:
        hashes(event, "file", found)


def _raise(event: Event, flat: dict[str, Any]) -> None:
    _evidence(event, flat)
    rate(event, flat.get("severity") or flat.get("Severity"), _SEVERITIES)
    event["event.action"] = "alert"
    techniques = flat.get("mitreTechniques") or flat.get("AttackTechniques")
    if not isinstance(techniques, list):
        techniques = [value for key, value in flat.items() if "mitreTechniques" in key and isinstance(value, list)]
        techniques = techniques[0] if techniques else [str(flat.get("AttackTechniques", ""))]
    set_techniques(event, [str(item) for item in techniques])
    if name := event.get("rule.category"):
        set_tactics(event, [_spaced(name)])
    said = str(flat.get("status") or flat.get("evidence.0.remediationStatus") or "").lower()
    stopped = True if said in {"prevented", "blocked", "remediated"} else None
    event.setdefault("rule.name", text(flat.get("incidentName")) or "incident")
    if not any(name in event for name in ("host.name", "user.name", "source.ip", "destination.ip")):
        event["host.name"] = text(flat.get("tenantId")) or "unknown"
    alert(
        event,
        blocked=stopped,
        category="malware" if event.get("rule.category") in {"Malware", "Ransomware"} else "intrusion_detection",
    )


def _spaced(name: str) -> str:
    """`LateralMovement` → `Lateral Movement`."""
    return "".join(f" {char}" if char.isupper() and at else char for at, char in enumerate(name[:64])).replace(
        "And ", "and "
    )


def _things(event: Event, flat: dict[str, Any], category: str) -> None:
    """The process or file of a hunting row, and the process that started or touched it."""
    folder, name = text(flat.get("FolderPath")), text(flat.get("FileName"))
    owner = "process" if category == "process" else "dll" if category == "library" else "file"
    if folder or name:
        path = folder if folder and (not name or folder.endswith(name)) else f"{folder}\\{name}" if folder else name
        if owner == "process":
            executable(event, "process", str(path))
        else:
            file(event, str(path))
    for key in ("SHA1", "SHA256", "MD5"):
        if value := text(flat.get(key)):
            hashes(event, "process" if owner == "process" else "file", value)
    parent = text(flat.get("InitiatingProcessFolderPath"))
    starter = "process.parent" if owner == "process" else "process"
    if parent:
        executable(event, starter, parent)
    elif found := text(flat.get("InitiatingProcessFileName")):
        event[f"{starter}.name"] = found
    if owner != "process":
        for field in ("command_line", "pid"):
            if (value := event.pop(f"process.parent.{field}", None)) is not None:
                event.setdefault(f"process.{field}", value)


def _hunted(event: Event, flat: dict[str, Any], table: str) -> None:
    category, kind = _TABLES.get(table, ("host", "info"))
    other(event, category, kind)
    action = str(event.get("event.action", ""))
    if category == "authentication":
        auth(event)
        event["event.outcome"] = outcome(action.replace("Logon", "")) or ("failure" if "Fail" in action else "unknown")
    _things(event, flat, category)
    if table == "AlertInfo":
        _raise(event, flat)


def _streamed(flat: dict[str, Any]) -> dict[str, Any]:
    return {key.removeprefix("properties."): value for key, value in flat.items() if key != "category"}


def parse(framed: Framed, received: Received) -> list[Event]:
    event, flat = begin(PRODUCT, framed, received)
    table = str(flat.get("category", ""))
    if table.startswith("AdvancedHunting-"):
        flat = _streamed(flat)
        fill(event, PRODUCT, flat, received)
        event["event.dataset"] = "m365_defender.event"
        event["m365_defender.table"] = table.removeprefix("AdvancedHunting-")
        _hunted(event, flat, event["m365_defender.table"])
        if event["event.kind"] != "alert":
            event.pop("rule.name", None)
    else:
        flat = (
            {key.removeprefix("alerts.0."): value for key, value in flat.items()} if "alerts.0.title" in flat else flat
        )
        fill(event, PRODUCT, flat, received)
        event["event.dataset"] = "m365_defender.alert"
        _raise(event, flat)
    return close(event)


def sniff(framed: Framed) -> float:
    body = framed.body or framed.text
    if "{" not in body[:300]:
        return 0.0
    if '"AdvancedHunting-' in body:
        return 0.99
    if '"serviceSource"' in body and '"title"' in body:
        return 0.97
    if ('"vendorInformation"' in body and '"azureTenantId"' in body) or (
        '"computerDnsName"' in body and '"incidentId"' in body
    ):
        return 0.97
    return 0.95 if '"incidentName"' in body and '"alerts"' in body else 0.0


PARSER = Parser(
    name=NAME,
    product="Microsoft Defender XDR (alerts, incidents, advanced hunting)",
    data_kind="security",
    reference="https://learn.microsoft.com/graph/api/resources/security-alert",
    parse=parse,
    sniff=sniff,
    markers=('"AdvancedHunting-', '"serviceSource"', '"vendorInformation"', '"computerDnsName"', '"incidentName"'),
)
