"""Cisco Firepower (FTD 430001–430005, and the older `SFIMS:` lines): connections, intrusions, files and malware."""

from __future__ import annotations

from typing import Final

from collectors.parsers._common import UNSET, Fields, apply, integer, ip, keep, lower, port, text, transport
from collectors.parsers._device import duration, names
from collectors.parsers._endpoint import file
from collectors.parsers._firewall import network, session
from collectors.parsers._ids import alert, blocked
from collectors.parsers._time import epoch
from collectors.parsers._web import url
from taishi.event import Event


def _dns_type(value: str) -> str | None:
    """`a host address` → A: the record type is the first word of its description."""
    return value.split(maxsplit=1)[0].upper() if value.strip() else None


FIELDS: Final[Fields] = {
    "SrcIP": ("source.ip", ip),
    "DstIP": ("destination.ip", ip),
    "SrcPort": ("source.port", port),
    "DstPort": ("destination.port", port),
    "Protocol": ("network.transport", transport),
    "ApplicationProtocol": ("network.protocol", lower),
    "Application Protocol": ("network.protocol", lower),
    "WebApplication": ("network.application", lower),
    "IngressInterface": ("observer.ingress.interface.name", text),
    "EgressInterface": ("observer.egress.interface.name", text),
    "IngressZone": ("observer.ingress.zone", text),
    "EgressZone": ("observer.egress.zone", text),
    "InitiatorBytes": ("source.bytes", integer),
    "ResponderBytes": ("destination.bytes", integer),
    "InitiatorPackets": ("source.packets", integer),
    "ResponderPackets": ("destination.packets", integer),
    "NAT_InitiatorIP": ("source.nat.ip", ip),
    "NAT_ResponderIP": ("destination.nat.ip", ip),
    "NAT_InitiatorPort": ("source.nat.port", port),
    "NAT_ResponderPort": ("destination.nat.port", port),
    "DNSQuery": ("dns.question.name", text),
    "DNSRecordType": ("dns.question.type", _dns_type),
    "DNSResponseType": ("dns.response_code", text),
    "UserAgent": ("user_agent.original", text),
    "HTTPReferer": ("http.request.referrer", text),
    "HTTPResponse": ("http.response.status_code", integer),
    "FileName": ("file.path", text),
    "FileSHA256": ("file.hash.sha256", lower),
    "FileSize": ("file.size", integer),
    "FileType": ("file.type", text),
    "SSLServerName": ("tls.client.server_name", text),
    "SSLVersion": ("tls.version", text),
    "SSLCipherSuite": ("tls.cipher", text),
    "SID": ("rule.id", text),
    "Revision": ("rule.version", text),
    "Classification": ("rule.category", text),
    "DeviceUUID": ("observer.serial_number", text),
    "User": ("user.name", text),
    "Message": ("message", text),
}
_NOBODY: Final = frozenset({"No Authentication Required", "Unknown", "Not Found", "Failed Authentication", "Pending"})
_OWN: Final = names("URL ReferencedHost HTTP_Hostname ConnectionDuration FirstPacketSecond") | frozenset(FIELDS)
_PRIORITIES: Final = {"1": 80, "high": 80, "2": 55, "medium": 55, "3": 30, "low": 30}
_ACTIONS: Final = {"430001": "intrusion-detected", "430002": "connection-started", "430003": "connection-finished",
                   "430004": "file-detected", "430005": "malware-detected"}  # fmt: skip


def read(event: Event, code: str, pairs: dict[str, str]) -> None:
    """Fill the event from the pairs of a Firepower line and decide what it is; `code` is the message number or ""."""
    if pairs.get("User") in _NOBODY:
        del pairs["User"]
    apply(event, pairs, FIELDS)
    keep(event, "cisco.ftd.", {key.replace(" ", "_"): value for key, value in pairs.items() if value not in UNSET},
         {key.replace(" ", "_") for key in _OWN})  # fmt: skip
    if (target := pairs.get("URL", "")) not in UNSET:
        url(event, target, pairs.get("HTTP_Hostname") or pairs.get("ReferencedHost") or "")
    elif (host := pairs.get("HTTP_Hostname") or pairs.get("ReferencedHost") or "") not in UNSET:
        event["url.domain"] = host
    if "file.path" in event:
        file(event, event["file.path"])
    duration(event, integer(pairs.get("ConnectionDuration")))
    if (
        start := epoch(pairs["FirstPacketSecond"]) if pairs.get("FirstPacketSecond", "").isdecimal() else None
    ) is not None:
        event["event.start"] = start
    if policy := pairs.get("ACPolicy"):
        event["rule.ruleset"] = policy
    _decide(event, code or _kind(pairs), pairs)


def _kind(pairs: dict[str, str]) -> str:
    if "SID" in pairs:
        return "430001"
    if "FileSHA256" in pairs or "FileName" in pairs:
        return "430005" if pairs.get("ThreatName") or pairs.get("SHA_Disposition") == "Malware" else "430004"
    return "430002" if pairs.get("ConnectType", "").lower() == "start" else "430003"


def _decide(event: Event, code: str, pairs: dict[str, str]) -> None:
    event["event.action"] = _ACTIONS.get(code, "firewall-event")
    if code == "430001":
        event["rule.name"] = pairs.get("Message") or f"SID {pairs.get('SID', '?')}"
        event["event.severity"] = _PRIORITIES.get(pairs.get("Priority", "").lower(), 50)
        result = pairs.get("InlineResult", "")
        alert(event, blocked=None if not result else blocked(result.lower()) or "drop" in result.lower())
        network(event)
    elif code == "430005":
        event["rule.name"] = pairs.get("ThreatName") or pairs.get("SHA_Disposition") or "malware"
        event["event.severity"] = 75
        stopped = "block" in pairs.get("FileAction", "").lower()
        alert(event, blocked=stopped, category="malware", swap=pairs.get("FileDirection") == "Download")
        network(event)
    elif code == "430004":
        event["event.category"], event["event.type"] = ["file", "network"], ["info"]
        network(event)
    else:
        _connection(event, code, pairs)


def _connection(event: Event, code: str, pairs: dict[str, str]) -> None:
    action = pairs.get("AccessControlRuleAction", "")
    if name := pairs.get("AccessControlRuleName") or pairs.get("Prefilter Policy") or "":
        event["rule.name"] = name
    stopped = blocked(action.lower()) if action else None
    allowed = action.lower().startswith(("allow", "trust", "fastpath", "monitor"))
    session(event, denied=stopped if stopped is not None else False if allowed else None,
            phase="start" if code == "430002" else "end")  # fmt: skip
