"""Names of Windows event data → ECS, shared by Security, Sysmon, PowerShell, Defender and the other channels.

After each event's page at learn.microsoft.com and Elastic's Winlogbeat modules (Security, Sysmon, PowerShell).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from collectors.parsers._common import Fields, integer, ip, lower, port, text, texts, transport

Row = tuple[list[str], list[str], str, str]


def _load() -> dict[tuple[str, int], Row]:
    found: dict[tuple[str, int], Row] = {}
    path = Path(__file__).parent / "data" / "windows_events.tsv"
    for line in path.read_text("utf-8").splitlines():
        if line.startswith(("#", "source\t")):
            continue
        source, number, category, kind, action, outcome = line.split("\t")
        found[source, int(number)] = (category.split(","), kind.split(","), action, outcome)
    return found


EVENTS: Final = _load()
"""(source, event id) → category, type, action, outcome."""

_SOURCES: Final = (
    ("sysmon", "sysmon"), ("powershell", "powershell"), ("windows defender", "defender"), ("taskscheduler", "tasks"),
    ("terminalservices", "terminal"), ("remotedesktopservices", "terminal"), ("applocker", "applocker"),
    ("codeintegrity", "applocker"), ("windows firewall", "firewall"), ("wmi-activity", "wmi"), ("bits-client", "bits"),
    ("dns-client", "dns"), ("openssh", "openssh"), ("security-auditing", "security"), ("eventlog", "system"),
)  # fmt: skip


def source(channel: str, provider: str) -> str:
    """Which table of events a channel or provider belongs to."""
    return _source(channel, provider) if len(channel) + len(provider) <= 256 else _source.__wrapped__(channel, provider)


@lru_cache(maxsize=1024)
def _source(channel: str, provider: str) -> str:
    name = channel.lower()
    if name == "security":
        return "security"
    if name == "system":
        return "system"
    words = f"{name} {provider.lower()}"
    return next((kind for sign, kind in _SOURCES if sign in words), "application")


def _pid(value: Any) -> int | None:
    return integer(value)


def _guid(value: Any) -> str | None:
    found = text(value)
    return found.strip("{}") if found else None


def _flag(value: Any) -> str | None:
    return {"true": "outbound", "false": "inbound"}.get(str(value).lower())


def _filtering(value: Any) -> str | None:
    """%%14592 inbound, %%14593 outbound (Windows Filtering Platform)."""
    return {"%%14592": "inbound", "%%14593": "outbound", "inbound": "inbound", "outbound": "outbound"}.get(
        str(value).lower()
    )


def _answers(value: Any) -> list[str] | None:
    """Sysmon's QueryResults: `type:  5 a.example;::ffff:1.2.3.4;`."""
    found = text(value)
    if not found:
        return None
    parts = [part.strip().rpartition(" ")[2] for part in found.split(";")]
    return [part.removeprefix("::ffff:") for part in parts if part] or None


def _signed(value: Any) -> bool | None:
    return {"true": True, "false": False}.get(str(value).lower())


COMMON: Final[Fields] = {
    "CommandLine": ("process.command_line", text), "ProcessCommandLine": ("process.command_line", text),
    "ParentCommandLine": ("process.parent.command_line", text), "CurrentDirectory": ("process.working_directory", text),
    "ProcessGuid": ("process.entity_id", _guid), "ParentProcessGuid": ("process.parent.entity_id", _guid),
    "SourceProcessGuid": ("process.entity_id", _guid), "SourceProcessGUID": ("process.entity_id", _guid),
    "ParentProcessId": ("process.parent.pid", _pid), "SourceProcessId": ("process.pid", _pid),
    "SourceThreadId": ("process.thread.id", integer), "OriginalFileName": ("process.pe.original_file_name", text),
    "FileVersion": ("process.pe.file_version", text), "Description": ("process.pe.description", text),
    "Company": ("process.pe.company", text), "Product": ("process.pe.product", text),
    "IpAddress": ("source.ip", ip), "ClientAddress": ("source.ip", ip), "SourceIp": ("source.ip", ip),
    "SourceAddress": ("source.ip", ip),
    "Address": ("source.ip", ip), "ClientIP": ("source.ip", ip), "IpPort": ("source.port", port),
    "SourcePort": ("source.port", port),
    "SourceHostname": ("source.domain", text), "WorkstationName": ("source.domain", text),
    "Workstation": ("source.domain", text),
    "ClientName": ("source.domain", text), "DestinationIp": ("destination.ip", ip),
    "DestAddress": ("destination.ip", ip),
    "DestinationPort": ("destination.port", port), "DestPort": ("destination.port", port),
    "DestinationHostname": ("destination.domain", text), "TargetServerName": ("destination.domain", text),
    "Protocol": ("network.transport", transport), "Initiated": ("network.direction", _flag),
    "Direction": ("network.direction", _filtering),
    "TargetObject": ("registry.path", text), "Details": ("registry.data.strings", texts),
    "ObjectValueName": ("registry.value", text),
    "QueryName": ("dns.question.name", lower), "QueryResults": ("dns.answers.data", _answers),
    "PipeName": ("file.name", text), "ServiceName": ("service.name", text),
    "ServiceFileName": ("process.command_line", text),
    "ImagePath": ("process.command_line", text), "ShareName": ("winlog.event_data.ShareName", text),
    "ScriptBlockText": ("powershell.file.script_block_text", text),
    "ScriptBlockId": ("powershell.file.script_block_id", text),
    "MessageNumber": ("powershell.sequence", integer), "MessageTotal": ("powershell.total", integer),
    "SubjectLogonId": ("winlog.logon.id", text), "TargetLogonId": ("winlog.logon.id", text),
    "LogonId": ("winlog.logon.id", text),
    "Threat Name": ("rule.name", text), "Threat ID": ("rule.id", text), "Category Name": ("rule.category", text),
    "Signature": ("file.code_signature.subject_name", text),
    "SignatureStatus": ("file.code_signature.status", text), "Signed": ("file.code_signature.signed", _signed),
    "StartModule": ("winlog.event_data.StartModule", text), "ThreatName": ("rule.name", text),
}  # fmt: skip

PATHS: Final = {
    "Image": "process", "NewProcessName": "process", "SourceImage": "process", "ParentImage": "process.parent",
    "ParentProcessName": "process.parent", "Application": "process", "CallerProcessName": "process",
}  # fmt: skip
"""Data that is the path of an executable, and whose it is."""
FILES: Final = ("TargetFilename", "RelativeTargetName", "ImageLoaded")
LOGON_TYPES: Final = {
    "0": "System", "2": "Interactive", "3": "Network", "4": "Batch", "5": "Service", "7": "Unlock",
    "8": "NetworkCleartext",
    "9": "NewCredentials", "10": "RemoteInteractive", "11": "CachedInteractive", "12": "CachedRemoteInteractive",
    "13": "CachedUnlock",
}  # fmt: skip
FAILURES: Final = {
    "0xc000005e": "no logon servers", "0xc0000064": "user name does not exist", "0xc000006a": "bad password",
    "0xc000006d": "bad user name or password", "0xc000006e": "account restriction",
    "0xc000006f": "outside authorised hours",
    "0xc0000070": "unauthorised workstation", "0xc0000071": "password expired", "0xc0000072": "account disabled",
    "0xc0000133": "clocks out of sync", "0xc000015b": "logon type not granted", "0xc0000192": "netlogon not started",
    "0xc0000193": "account expired", "0xc0000224": "password must change", "0xc0000234": "account locked out",
    "0xc0000413": "authentication firewall", "0x6": "user name does not exist",
    "0x12": "account disabled, expired or locked out",
    "0x17": "password expired", "0x18": "bad password", "0x25": "clocks out of sync",
    "0x1b": "service requires user to user",
}  # fmt: skip
"""NTSTATUS and Kerberos result codes of failed logons (Microsoft, events 4625, 4771, 4776)."""
