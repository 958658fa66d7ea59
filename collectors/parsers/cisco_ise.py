"""Cisco ISE and ACS: `CISE_Category id total segment time zone sequence code LEVEL Class: text, Key=value, …`.

A long message comes in segments; each is an event, and only the first has time, code and text. RADIUS and TACACS
authentications, authorisations, accounting, posture, administration audit, alarms and system statistics are read. Commas in
values are escaped; the keys that repeat (`Step`) are kept as lists.

Reference: https://www.cisco.com/c/en/us/td/docs/security/ise/syslog/Cisco_ISE_Syslogs.html
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import Fields, ip, mac, port, text, word_severity
from collectors.parsers._device import begin, change, finish, login, observer, plain
from collectors.parsers._ids import alert
from collectors.parsers._pairs import addresses, fill
from collectors.parsers._time import parse as parse_time
from collectors.parsers._verdict import outcome
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "cisco_ise"
_HEAD: Final = re.compile(r"(CISE|CSCOacs)_([A-Za-z_]{2,64}):? ?")
_SEGMENT: Final = re.compile(r"(\d{4,12}) (\d{1,3}) (\d{1,3}) {1,2}")
_FIRST: Final = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?) ([+-]\d\d:\d\d) (\d{1,12}) (\d{4,6}) ([A-Z]{3,8}) +"
    r"([A-Za-z][A-Za-z \-]{1,63}): (.*)",
    re.DOTALL,
)
_SPLIT: Final = re.compile(r"(?<!\\), ?")


def _address(value: Any) -> str | None:
    return ip(value) or (ip(value.partition(",")[0]) if type(value) is str else None)


FIELDS: Final[Fields] = {
    "UserName": ("user.name", text),
    "User-Name": ("user.name", text),
    "User": ("user.name", text),
    "AdminName": ("user.name", text),
    "Device IP Address": ("observer.ip", lambda value: [found] if (found := ip(value)) else None),
    "NetworkDeviceName": ("cisco.ise.network_device", text),
    "Framed-IP-Address": ("source.ip", ip),
    "FramedIPAddress": ("source.ip", ip),
    "Remote-Address": ("source.ip", ip),
    "AdminIPAddress": ("source.ip", ip),
    "Endpoint IP": ("source.ip", ip),
    "Calling-Station-ID": ("source.mac", mac),
    "EndpointMacAddress": ("source.mac", mac),
    "Endpoint MAC": ("source.mac", mac),
    "DestinationIPAddress": ("destination.ip", _address),
    "DestinationPort": ("destination.port", port),
    "NAS-IP-Address": ("cisco.ise.nas_ip", text),
    "Protocol": ("network.protocol", lambda value: value.lower() if value else None),
    "FailureReason": ("event.reason", text),
    "Failure Reason": ("event.reason", text),
    "CmdSet": ("process.command_line", text),
    "AD-User-DNS-Domain": ("user.domain", text),
    "AD-User-Resolved-Identities": ("user.full_name", text),
    "Port": ("cisco.ise.port", text),
    "SelectedAuthorizationProfiles": ("rule.name", text),
    "ISEPolicySetName": ("rule.ruleset", text),
    "AuthorizationPolicyMatchedRule": ("rule.name", text),
    "OperationMessageText": ("message", text),
    "SessionId": ("cisco.ise.session", text),
    "Server": ("host.hostname", text),
    "PostureStatus": ("cisco.ise.posture", text),
    "IdentityGroup": ("user.group.name", text),
    "EndPointMACAddress": ("source.mac", mac),
}


def _pairs(body: str, separator: re.Pattern[str] = _SPLIT) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for cell in separator.split(body)[:512]:
        key, sign, value = cell.strip().partition("=")
        if not sign or not key or len(key) > 64:
            continue
        value = value.replace("\\,", ",").replace("\\=", "=").strip()
        if key in pairs:
            kept = pairs[key]
            if isinstance(kept, list):
                if len(kept) < 64:
                    kept.append(value)
            elif kept != value:
                pairs[key] = [kept, value]
        else:
            pairs[key] = value
    return pairs


def _decide(event: Event, category: str, said: str, pairs: dict[str, Any]) -> None:
    words = f"{category} {said}".lower()
    if "accounting" in words:
        kind = str(pairs.get("Acct-Status-Type", "")).lower()
        event["event.category"] = ["session"]
        event["event.type"] = ["start" if "start" in kind else "end" if "stop" in kind else "info"]
        event["event.outcome"] = "success"
    elif "failed_" in words or "passed_" in words or "authentication" in words or "authorization" in words:
        good = "passed" in category.lower() or (outcome(said) == "success" and "failed" not in category.lower())
        bad = "failed" in category.lower() or outcome(said) == "failure"
        login(event, False if bad else True if good else None)
    elif "alarm" in words:
        event["rule.name"] = said.partition(" : ")[0].strip()[:256] or category
        event.setdefault("host.hostname", "ise")
        event.setdefault("event.severity", 50)
        alert(event, blocked=None)
    elif "administrative" in words or "audit" in words:
        if "login" in words or "logged" in words:
            login(event, outcome(said) != "failure", out="logout" in words or "logged out" in words)
        else:
            change(event)
    else:
        plain(event)
    event.setdefault("event.action", category.lower())


def parse(framed: Framed, received: Received) -> list[Event]:
    found = _HEAD.search(framed.text, 0, 512)
    if found is None:
        raise ParseError("no CISE_ or CSCOacs_ category in the record", NAME)
    event, _ = begin(framed, received, NAME, "cisco.ise" if found[1] == "CISE" else "cisco.acs")
    for key in ("process.name", "process.pid"):
        event.pop(key, None)
    category = found[2].rstrip("_:")
    observer(event, "Cisco", "ISE" if found[1] == "CISE" else "ACS", "identity")
    rest = framed.text[found.end() :]
    event["cisco.ise.category"] = category
    said, body = "", rest
    if segment := _SEGMENT.match(rest):
        event["cisco.ise.message_id"], event["cisco.ise.segment"] = segment[1], segment[3]
        event["cisco.ise.segments"] = segment[2]
        body = rest[segment.end() :]
    if first := _FIRST.match(body):
        time, zone, sequence, code, level, kind, body = first.groups()
        if stamped := parse_time(f"{time}{zone}", received):
            event["@timestamp"], event["taishi.time.quality"] = stamped
        event["event.code"], event["log.level"], event["cisco.ise.class"] = code, level.lower(), kind
        event["event.sequence"] = int(sequence)
        event["event.severity"] = word_severity(level) or 10
        said, _, body = body.partition(",")
        event["message"] = said.strip()
    elif not segment:  # an alarm: "LEVEL: text : Key=value; Key=value"
        level, _, body = rest.partition(": ")
        event["event.severity"], event["log.level"] = word_severity(level) or 50, level.lower()
        said, _, body = body.partition(" : ")
        event["message"] = said.strip()
    pairs = _pairs(body, _SPLIT if segment else re.compile("; ?"))
    fill(event, pairs, FIELDS, "cisco.ise.")
    _decide(event, category, said, pairs)
    addresses(event)
    return finish(event, received)


def sniff(framed: Framed) -> float:
    return 0.98 if _HEAD.search(framed.text, 0, 256) else 0.0


PARSER = Parser(
    name=NAME,
    product="Cisco ISE and ACS",
    data_kind="security",
    reference="https://www.cisco.com/c/en/us/td/docs/security/ise/syslog/Cisco_ISE_Syslogs.html",
    parse=parse,
    sniff=sniff,
    markers=("CISE_", "CSCOacs_"),
)
