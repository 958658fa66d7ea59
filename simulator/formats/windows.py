"""Windows Security and Sysmon events as Winlogbeat ships them.

Reference: https://www.elastic.co/guide/en/beats/winlogbeat/current/exported-fields-winlog.html and the event pages of
Microsoft's security auditing and Sysmon documentation.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from simulator.formats.moments import iso_utc, utc_words

SECURITY: Final = "Microsoft-Windows-Security-Auditing"
SYSMON: Final = "Microsoft-Windows-Sysmon"


def event(
    at: float, computer: str, channel: str, provider: str, code: int, data: dict[str, str], *, record: int,
    keywords: tuple[str, ...] = (), level: str = "information", message: str = "",
) -> str:  # fmt: skip
    """One event of any channel; `data` is EventData by name."""
    winlog: dict[str, Any] = {
        "channel": channel,
        "event_id": str(code),
        "provider_name": provider,
        "computer_name": computer,
        "record_id": record,
        "api": "wineventlog",
        "event_data": data,
    }
    if keywords:
        winlog["keywords"] = list(keywords)
    host = computer.partition(".")[0]
    document = {
        "@timestamp": iso_utc(at),
        "winlog": winlog,
        "event": {"code": str(code), "kind": "event", "provider": provider},
        "host": {"name": host},
        "agent": {"type": "winlogbeat", "version": "8.19.0", "name": host},
        "ecs": {"version": "8.0.0"},
        "log": {"level": level},
    }
    if message:
        document["message"] = message
    return orjson.dumps(document).decode()


def security(at: float, computer: str, code: int, data: dict[str, str], *, record: int, success: bool = True) -> str:
    words = ("Audit Success",) if success else ("Audit Failure",)
    return event(at, computer, "Security", SECURITY, code, data, record=record, keywords=words)


def logon(
    at: float, computer: str, user: str, domain: str, address: str, *, kind: int, record: int, port: int = 0,
    workstation: str = "-",
) -> str:  # fmt: skip
    """4624: `kind` 2 interactive, 3 network, 10 remote interactive."""
    return security(
        at,
        computer,
        4624,
        {
            "SubjectUserSid": "S-1-5-18", "SubjectUserName": computer.partition(".")[0] + "$",
            "SubjectDomainName": domain, "TargetUserSid": f"S-1-5-21-1004336348-1177238915-682003330-{1100 + record % 400}",
            "TargetUserName": user, "TargetDomainName": domain, "TargetLogonId": f"0x{record:x}",
            "LogonType": str(kind), "LogonProcessName": "User32" if kind in {2, 10} else "NtLmSsp",
            "AuthenticationPackageName": "Negotiate" if kind in {2, 10} else "NTLM", "WorkstationName": workstation,
            "ProcessId": "0x0", "ProcessName": "-", "IpAddress": address, "IpPort": str(port),
        },
        record=record,
    )  # fmt: skip


def logon_failed(
    at: float, computer: str, user: str, domain: str, address: str, *, kind: int, record: int, unknown: bool = False
) -> str:
    """4625: wrong password, or a user that does not exist."""
    data = {
        "SubjectUserSid": "S-1-0-0", "SubjectUserName": "-", "SubjectDomainName": "-", "TargetUserSid": "S-1-0-0",
        "TargetUserName": user, "TargetDomainName": domain, "Status": "0xc000006d",
        "SubStatus": "0xc0000064" if unknown else "0xc000006a", "FailureReason": "%%2313", "LogonType": str(kind),
        "LogonProcessName": "NtLmSsp", "AuthenticationPackageName": "NTLM", "WorkstationName": "-", "IpAddress": address,
        "IpPort": "0",
    }  # fmt: skip
    return security(at, computer, 4625, data, record=record, success=False)


def sysmon(at: float, computer: str, code: int, data: dict[str, str], *, record: int) -> str:
    return event(at, computer, "Microsoft-Windows-Sysmon/Operational", SYSMON, code, {"UtcTime": utc_words(at), **data},
                 record=record)  # fmt: skip


def process(
    at: float, computer: str, image: str, command: str, user: str, *, record: int, parent: str, parent_command: str = "",
    technique: str = "", sha256: str = "",
) -> str:  # fmt: skip
    """Sysmon 1, process creation; `technique` goes into RuleName as configurations with ATT&CK tags write it."""
    data = {
        "RuleName": f"technique_id={technique},technique_name={technique}" if technique else "-",
        "ProcessGuid": f"{{{record:08x}-0000-0000-0000-000000000000}}", "ProcessId": str(2000 + record % 6000),
        "Image": image, "FileVersion": "10.0.19041.1", "CommandLine": command, "CurrentDirectory": "C:\\Windows\\",
        "User": user, "LogonId": "0x3e7", "TerminalSessionId": "1", "IntegrityLevel": "High",
        "Hashes": f"SHA256={(sha256 or f'{record:064x}').upper()}", "ParentImage": parent,
        "ParentProcessId": str(1000 + record % 900), "ParentCommandLine": parent_command or parent,
    }  # fmt: skip
    return sysmon(at, computer, 1, data, record=record)


def connection(
    at: float, computer: str, image: str, user: str, source: tuple[str, int], target: tuple[str, int], *, record: int
) -> str:
    """Sysmon 3, network connection."""
    data = {
        "RuleName": "-", "ProcessId": str(2000 + record % 6000), "Image": image, "User": user, "Protocol": "tcp",
        "Initiated": "true", "SourceIsIpv6": "false", "SourceIp": source[0], "SourcePort": str(source[1]),
        "DestinationIsIpv6": "false", "DestinationIp": target[0], "DestinationPort": str(target[1]),
    }  # fmt: skip
    return sysmon(at, computer, 3, data, record=record)


def service_installed(at: float, computer: str, name: str, path: str, account: str, *, record: int) -> str:
    """System 7045, written by the Service Control Manager."""
    data = {"ServiceName": name, "ImagePath": path, "ServiceType": "user mode service", "StartType": "demand start",
            "AccountName": account}  # fmt: skip
    return event(at, computer, "System", "Service Control Manager", 7045, data, record=record)


def share_access(
    at: float, computer: str, user: str, domain: str, address: str, share: str, path: str, *, record: int
) -> str:
    """5145, a file of a share was opened."""
    data = {
        "SubjectUserSid": "S-1-5-21-1004336348-1177238915-682003330-1188", "SubjectUserName": user,
        "SubjectDomainName": domain, "ObjectType": "File", "IpAddress": address, "IpPort": "50123", "ShareName": share,
        "ShareLocalPath": "\\??\\D:\\data", "RelativeTargetName": path, "AccessMask": "0x1", "AccessList": "%%4416",
    }  # fmt: skip
    return security(at, computer, 5145, data, record=record)
