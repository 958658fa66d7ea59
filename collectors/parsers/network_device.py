"""Switches, routers and controllers that write `%FACILITY-SEVERITY-MNEMONIC: text`: Cisco IOS, IOS XE, NX-OS, IOS XR, ACI,
Viptela, UCM, Arista EOS, Ruijie, Dell, Brocade and others.

The form is the same whoever writes it, so a vendor is named only where the line does (a node name of IOS XR, `%Viptela-`,
`%ASR`). Access-list hits are connections; logins, commands, configuration and port security are read from their mnemonics
and sentences; every other message keeps facility, mnemonic, severity and text.

Reference: https://www.cisco.com/c/en/us/td/docs/routers/access/wireless/software/guide/SysMsgLogging.html
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._cisco import prefix
from collectors.parsers._common import SYSLOG_SEVERITY, UNSET, transport
from collectors.parsers._device import change, finish, login, names, numbers, observer, peer, plain
from collectors.parsers._firewall import session
from collectors.parsers._ids import alert
from collectors.parsers._sentence import read, station
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "network_device"
_HEAD: Final = re.compile(
    r"%([A-Za-z][A-Za-z0-9_.]{1,40}(?:-[A-Za-z][A-Za-z0-9_.\-]{0,60}?)?)-(?:SP-|SW\d-|STDBY-|DFC\d{1,2}-)?([0-7])-"
    r"([A-Z0-9a-z][A-Za-z0-9_\-]{1,63}?)(?: ?: ?|[ ,]|$)"
)
_NODE: Final = re.compile(r"(?:RP|LC|SP|\d{1,2})/\d{1,2}/(?:RSP|RP|CPU|SP|\w{1,4})\d{0,2}/CPU\d:")
_HIT: Final = re.compile(
    r"(?:list|ACL:?|acl) ['\"]?([^\s'\",]{1,128})['\"]?,? .{0,40}?(permitted|denied|Denied|Permitted|deny|permit) (\S{1,16}) "
    r"([^\s(]{2,64}) ?(?:\((\d{1,5})\))?(?: ?\([^)]{0,64}\))? ?-> ?([^\s(,]{2,64}) ?(?:\((\d{1,5})(?:/\d+)?\))?"
)
_ONE: Final = re.compile(r"list (\S{1,128}) (permitted|denied) ([0-9A-Fa-f.:]{3,45}) ")
_FLOW: Final = re.compile(
    r"(?:Dropping|Stop|Start|Sig:\d+ Subsig:\d+ Sev:\d+ (.{1,160}?)) (?:(\w{2,8}) (?:session|pkt)(?: from)?:? ?)?(?:initiator )?"
    r"[\[(]?([0-9A-Fa-f.:]{3,45}?):(\d{1,5})\)?(?: sent (\d+) bytes)?"
    r"(?: -- responder| ->| =>)? ?\(?([0-9A-Fa-f.:]{3,45}?):(\d{1,5})\b"
)
_BRACKETED: Final = re.compile(r"\[ ?([A-Za-z]{2,24}) ?[:=] ?([^\]]{0,256})\]")
_LOGGED: Final = re.compile(r"User:(\S{0,128}) {1,2}logged command:(.*)", re.DOTALL)
_VENDORS: Final = {"Viptela": ("Cisco", "SD-WAN"), "UC_AUDITLOG": ("Cisco", "UCM"), "CCM_RTMT": ("Cisco", "UCM"),
                   "MERAKI": ("Cisco", "Meraki")}  # fmt: skip


def _access_list(event: Event, text: str) -> bool:
    found = _HIT.search(text, 0, 1024)
    if found is not None:
        name, verdict, protocol, source, number, target, other = found.groups()
        peer(event, "source", source, number)
        peer(event, "destination", target, other)
        if (kind := transport(protocol)) is not None and kind not in {"ip", "0"}:
            event["network.transport"] = kind
            if "icmp" in kind:  # after the addresses stand type and code
                event.pop("source.port", None)
                event.pop("destination.port", None)
    elif found := _ONE.search(text, 0, 1024):
        name, verdict, source = found.groups()
        peer(event, "source", source)
    else:
        return False
    event["rule.name"] = name
    event["event.action"] = "firewall-rule"
    session(event, denied=verdict.lower().startswith("den"))
    return True


def _login(event: Event, mnemonic: str, text: str) -> bool:
    """`Login Success [user: a] [Source: 10.1.1.1] [localport: 22]` and what UCM writes as `[ UserID =a]`."""
    pairs = {key.lower(): value.strip() for key, value in _BRACKETED.findall(text[:2048])}
    name = pairs.get("user") or pairs.get("userid") or ""
    if not pairs.keys() & {"user", "userid"}:
        return False
    if name not in UNSET:
        event["user.name"] = name
    peer(event, "source", pairs.get("source") or pairs.get("clientaddress") or "")
    if "reason" in pairs:
        event["event.reason"] = pairs["reason"]
    status = pairs.get("eventstatus", "").lower()
    if (
        "userid" in pairs
        and "login" not in pairs.get("eventtype", "").lower()
        and "LOG" not in pairs.get("eventtype", "")
    ):
        change(event, status != "failure")
    else:
        login(event, status == "success" if status else "SUCCESS" in mnemonic or "uccess" in text[:32])
    event["event.action"] = pairs.get("eventtype", event.get("event.action", "login"))
    return True


def _flow(event: Event, facility: str, text: str) -> bool:
    found = _FLOW.search(text, 0, 1024)
    if found is None:
        return False
    name, protocol, source, number, sent, target, other = found.groups()
    peer(event, "source", source, number)
    peer(event, "destination", target, other)
    if protocol and (kind := transport(protocol)) is not None:
        event["network.transport"] = kind
    if sent:
        numbers(event, [("source.bytes", sent)])
    if facility == "IPS" and name:
        event["rule.name"] = name
        alert(event, blocked=None)
    else:
        session(event, denied=True if "Dropping" in text[:32] else None,
                phase="start" if text.startswith("Start") else "end" if text.startswith("Stop") else "")  # fmt: skip
    return True


def _decide(event: Event, facility: str, mnemonic: str, text: str) -> None:
    if logged := _LOGGED.search(text, 0, 4096):
        change(event)
        event["event.action"], event["process.command_line"] = "command-executed", logged[2].strip()
        if logged[1] not in UNSET:
            event["user.name"] = logged[1]
    elif _access_list(event, text) or _flow(event, facility, text) or _login(event, mnemonic, text):
        pass
    elif "PSECURE_VIOLATION" in mnemonic or mnemonic.startswith(("DHCP_SNOOPING", "ARP_INSPECTION", "SPOOF")):
        station(event, text)
        event["rule.name"], event["rule.id"] = f"{facility} {mnemonic}", mnemonic
        event.setdefault("host.hostname", "switch")
        alert(event, blocked=True)
    elif facility in {"DOT1X", "AUTHMGR", "MAB", "DOT11"} and ("FAIL" in mnemonic or "SUCCESS" in mnemonic):
        station(event, text)
        login(event, "FAIL" not in mnemonic)
    else:
        plain(event)
        read(event, text)
        if "CONFIG" in mnemonic and event["event.category"] == ["host"]:
            change(event)
    event.setdefault("event.action", mnemonic.lower())


def parse(framed: Framed, received: Received) -> list[Event]:
    whole = framed.text
    found = _HEAD.search(whole, 0, 1024)
    if found is None:
        raise ParseError("no %FACILITY-SEVERITY-MNEMONIC in the record", NAME)
    facility, level, mnemonic = found.groups()
    event: Event = dict(framed.syslog)
    prefix(event, framed, whole[: found.start()], received)
    text = whole[found.end() :].strip()
    event["event.module"], event["event.dataset"] = NAME, "switch.log"
    event["event.code"], event["event.provider"] = mnemonic, facility
    event["event.severity"], event["taishi.severity_original"] = SYSLOG_SEVERITY[int(level)], level
    event["message"] = text
    event["switch.facility"] = facility
    known = _VENDORS.get(facility.split("-", 1)[0])
    if known is not None:
        observer(event, *known)
    elif facility.startswith(_XR) or _NODE.search(whole, 0, found.start()):
        observer(event, "Cisco", "IOS XR")
    elif facility.removesuffix("-SP") in _CISCO or mnemonic == "SYSTEM_MSG":
        observer(event, "Cisco")
    event["observer.type"] = "switch" if "observer.product" not in event else "router"
    _decide(event, facility, mnemonic, text)
    return finish(event, received)


_CISCO: Final = names(
    "SEC SEC_LOGIN IPV6_ACL ACLLOG LOG_ LOG_LOCAL0 LOG_LOCAL1 LOG_LOCAL2 LOG_LOCAL3 LOG_LOCAL4 LOG_LOCAL5 LOG_LOCAL6 LOG_LOCAL7 "
    "AUTHPRIV VSHD VPC MODULE ADJ FEX PFMA VDC_MGR ETHPORT AUTHMGR MAB EPM ILPOWER CDP HSRP DUAL EIGRP SW_MATM PM PLATFORM "
    "IOSXE IOSXE_INFRA IOSXE_OIR CRYPTO CAPWAP DOT11 LWAPP C4K_EBM SPA_OIR SMART_LIC NATIVE_VLAN_MISMATCH UC_CALLMANAGER"
)
"""Facilities that Cisco alone documents, of protocols or systems of its own; SYS, LINK and OSPF name no vendor."""
_XR: Final = ("SECURITY-", "MGBL-", "PKT_INFRA-", "ROUTING-", "OS-", "L2-", "INFRA-", "HA-", "MPLS-", "SYSDB-")
"""Groups of IOS XR, which alone writes %GROUP-FACILITY-n-MNEMONIC."""
_FOREIGN: Final = ("%ASA-", "%FTD-", "%PIX-", "%FWSM-", "%NGIPS-", "%%")


def sniff(framed: Framed) -> float:
    source = framed.text[:400]
    at = source.find("%")
    if at < 0 or any(mark in source for mark in _FOREIGN) or source[:1] == "{":
        return 0.0
    found = _HEAD.search(source, at)
    if found is None:
        return 0.0
    return (
        0.92
        if found[1].replace("_", "").replace("-", "").replace(".", "").isupper() or found[1][:7] == "Viptela"
        else 0.6
    )


PARSER = Parser(
    name=NAME,
    product="Switches and routers with %FACILITY-n-MNEMONIC messages (Cisco IOS, NX-OS, IOS XR, Arista and others)",
    data_kind="network",
    reference="https://www.cisco.com/c/en/us/td/docs/routers/access/wireless/software/guide/SysMsgLogging.html",
    parse=parse,
    sniff=sniff,
    markers=tuple(f"-{level}-" for level in range(8)),
)
