"""Sophos: XG and SFOS firewalls (`device_name="SFW" log_type=…`), UTM 9 (`id="2001" sys="SecureNet"`), and Web Appliance.

SFOS types are Firewall, IDP, Anti-Virus, Anti-Spam, Content Filtering, WAF, Event, ATP, Sandbox, Heartbeat, SSL; UTM's
`sub` is packetfilter, ips, http, auth, and so on. Both write pairs; the Web Appliance writes short keys (`h= u= s= X= t=`).

Reference: https://docs.sophos.com/nsg/sophos-firewall/20.0/help/en-us/webhelp/onlinehelp/AdministratorHelp/Logs/LogFileDetails/
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._access import access, agent, request
from collectors.parsers._common import (
    Fields,
    body_of,
    integer,
    ip,
    lower,
    mac,
    port,
    split_user,
    text,
    transport,
    word_severity,
)  # fmt: skip
from collectors.parsers._device import begin, change, finish, login, observer, plain
from collectors.parsers._ids import blocked
from collectors.parsers._pairs import detection, fill, flow
from collectors.parsers._text import spaced_pairs
from collectors.parsers._time import parse as parse_time
from collectors.parsers._time import stamp
from collectors.parsers._verdict import outcome
from collectors.parsers._web import url
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "sophos"
_UTM_TIME: Final = re.compile(
    r"(\d{4}):(\d\d):(\d\d)-(\d\d:\d\d:\d\d) (\S{1,255}) (?:([A-Za-z0-9_.\-/]{1,64})\[(\d{1,10})\]: )?"
)
FIELDS: Final[Fields] = {
    "src_ip": ("source.ip", ip),
    "srcip": ("source.ip", ip),
    "dst_ip": ("destination.ip", ip),
    "dstip": ("destination.ip", ip),
    "src_port": ("source.port", port),
    "srcport": ("source.port", port),
    "dst_port": ("destination.port", port),
    "dstport": ("destination.port", port),
    "protocol": ("network.transport", transport),
    "proto": ("network.transport", transport),
    "tran_src_ip": ("source.nat.ip", ip),
    "tran_dst_ip": ("destination.nat.ip", ip),
    "tran_src_port": ("source.nat.port", port),
    "tran_dst_port": ("destination.nat.port", port),
    "src_trans_ip": ("source.nat.ip", ip),
    "src_trans_port": ("source.nat.port", port),
    "src_mac": ("source.mac", mac),
    "srcmac": ("source.mac", mac),
    "dst_mac": ("destination.mac", mac),
    "dstmac": ("destination.mac", mac),
    "user_name": ("user.name", text),
    "user": ("user.name", text),
    "name": ("rule.description", text),
    "usergroupname": ("user.group.name", text),
    "user_gp": ("user.group.name", text),
    "user_group": ("user.group.name", text),
    "auth_client": ("sophos.auth_client", text),
    "bytes_sent": ("source.bytes", integer),
    "sent_bytes": ("source.bytes", integer),
    "bytes_received": ("destination.bytes", integer),
    "recv_bytes": ("destination.bytes", integer),
    "packets_sent": ("source.packets", integer),
    "sent_pkts": ("source.packets", integer),
    "packets_received": ("destination.packets", integer),
    "recv_pkts": ("destination.packets", integer),
    "fw_rule_id": ("rule.id", text),
    "fwrule": ("rule.id", text),
    "fw_rule_name": ("rule.name", text),
    "signature_id": ("rule.id", text),
    "sid": ("rule.id", text),
    "classification": ("rule.category", text),
    "src_zone": ("observer.ingress.zone", text),
    "srczone": ("observer.ingress.zone", text),
    "dst_zone": ("observer.egress.zone", text),
    "dstzone": ("observer.egress.zone", text),
    "in_interface": ("observer.ingress.interface.name", text),
    "initf": ("observer.ingress.interface.name", text),
    "out_interface": ("observer.egress.interface.name", text),
    "outitf": ("observer.egress.interface.name", text),
    "application": ("network.application", lower),
    "app_name": ("network.application", lower),
    "device_id": ("observer.serial_number", text),
    "device_serial_id": ("observer.serial_number", text),
    "device_model": ("observer.version", text),
    "log_id": ("event.code", text),
    "http_status": ("http.response.status_code", integer),
    "httpresponsecode": ("http.response.status_code", integer),
    "statuscode": ("http.response.status_code", integer),
    "status_code": ("http.response.status_code", integer),
    "user_agent": ("user_agent.original", text),
    "useragent": ("user_agent.original", text),
    "ua": ("user_agent.original", text),
    "referer": ("http.request.referrer", text),
    "method": ("http.request.method", text),
    "file_name": ("file.name", text),
    "filename": ("file.name", text),
    "file_path": ("file.path", text),
    "file_size": ("file.size", integer),
    "sha1sum": ("file.hash.sha1", lower),
    "sha256": ("file.hash.sha256", lower),
    "virus": ("threat.software.name", text),
    "malware": ("threat.software.name", text),
    "threatname": ("threat.software.name", text),
    "threat": ("threat.software.name", text),
    "sender": ("email.from.address", lambda value: [value]),
    "from_email_address": ("email.from.address", lambda value: [value]),
    "recipient": ("email.to.address", lambda value: [value]),
    "to_email_address": ("email.to.address", lambda value: [value]),
    "from": ("email.from.address", lambda value: [value]),
    "to": ("email.to.address", lambda value: [value]),
    "subject": ("email.subject", text),
    "email_subject": ("email.subject", text),
    "message": ("message", text),
    "host": ("source.ip", ip),
    "ep_ip": ("source.ip", ip),
    "source_ip": ("source.ip", ip),
    "destination_ip": ("destination.ip", ip),
    "srccountry": ("source.geo.country_iso_code", text),
    "src_country": ("source.geo.country_iso_code", text),
    "src_country_code": ("source.geo.country_iso_code", text),
    "dst_country": ("destination.geo.country_iso_code", text),
    "dst_country_code": ("destination.geo.country_iso_code", text),
    "reason": ("event.reason", text),
    "duration": ("sophos.duration", text),
    "domain": ("url.domain", text),
}
_SKIP: Final = frozenset(
    {"date", "time", "timezone", "timestamp", "url", "severity", "priority", "status", "action", "device"}
)
_DETECT: Final = frozenset({"IDP", "IPS", "Anti-Virus", "ATP", "Sandbox", "Zero-Day", "Advanced threat protection"})


_NAMES: Final = ("signature_msg", "virus", "malware", "threatname", "message")


def _severity(event: Event, value: str) -> None:
    if value:
        event["taishi.severity_original"] = value
        event["event.severity"] = word_severity(value) or 10


def _stopped(pairs: dict[str, str]) -> bool | None:
    for key in ("log_subtype", "status", "action"):
        value = pairs.get(key, "").lower()
        if value in {
            "denied",
            "deny",
            "drop",
            "block",
            "blocked",
            "discard",
            "reject",
            "quarantined",
            "clientless denied",
        }:
            return True
        if value in {"allowed", "allow", "pass", "accept", "detect", "log"}:
            return False
    return blocked(pairs.get("action", "").lower())


def _sfos(event: Event, pairs: dict[str, str], received: Received) -> None:
    observer(event, "Sophos", "SFOS", "firewall")
    kind, part, subtype = pairs.get("log_type", ""), pairs.get("log_component", ""), pairs.get("log_subtype", "")
    event["event.dataset"] = "sophos.sfos"
    if "timestamp" in pairs:
        stamp(event, pairs["timestamp"], received)
    elif "date" in pairs and (found := parse_time(f"{pairs['date']} {pairs.get('time', '')}", received)):
        event["@timestamp"], event["taishi.time.quality"] = found
    _severity(event, pairs.get("severity") or pairs.get("priority") or "")
    seconds = pairs.get("duration", "")
    if seconds.isdecimal() and len(seconds) < 10:
        event["event.duration"] = int(seconds) * 10**9
    stopped = _stopped(pairs)
    event["event.action"] = (pairs.get("status") or subtype or kind).lower() or "log"
    if kind in _DETECT or (kind == "WAF" and stopped):
        name = next((pairs[key] for key in _NAMES if pairs.get(key)), f"{kind} {part}")
        malware = kind in {"Anti-Virus", "ATP", "Sandbox", "Zero-Day", "Advanced threat protection"}
        detection(event, name, "", "malware" if malware else "intrusion_detection", denied=stopped)
        event["event.severity"] = max(event["event.severity"], 50)
    elif kind == "Event":
        _event(event, pairs, part, subtype)
    else:
        phase = (pairs.get("con_event") or pairs.get("connevent") or "").lower()
        flow(event, "", "start" if phase == "start" else "end" if phase in {"stop", "end"} else "", stopped)
        if kind in {"Content Filtering", "Web Filter", "WAF"}:
            event["event.category"] = ["web", "network"]
        elif kind == "Anti-Spam":
            event["event.category"] = ["email"]


def _event(event: Event, pairs: dict[str, str], part: str, subtype: str) -> None:
    words = f"{subtype} {pairs.get('status', '')} {pairs.get('message', '')}".lower()
    result = outcome(pairs.get("status"), pairs.get("message"))
    if subtype == "Authentication" or (
        "log" in words and ("logged in" in words or "login" in words or "logged out" in words)
    ):
        login(
            event, {"success": True, "failure": False}.get(result or ""), out="logged out" in words or "logout" in words
        )
        event["event.action"] = "logout" if "out" in event["event.type"] else "login"
    elif subtype == "Admin" or part in {"GUI", "CLI", "API"}:
        change(event, result != "failure")
    elif "VPN" in part or "IPSec" in part:
        event["event.category"], event["event.type"] = ["network", "session"], ["info"]
    else:
        plain(event)


def _utm(event: Event, pairs: dict[str, str]) -> None:
    observer(event, "Sophos", "UTM", "firewall")
    sub, action = pairs.get("sub", ""), pairs.get("action", "")
    event["event.dataset"] = f"sophos.utm.{sub[:24] or 'log'}"
    event["event.code"] = pairs.get("id", "")
    event["message"] = pairs.get("name", "")
    _severity(event, pairs.get("severity", ""))
    words = pairs.get("name", "").lower()
    if sub in {"ips", "advancedthreatprotection", "atp"} or ("virus" in words and action == "block"):
        detection(event, pairs.get("reason") or pairs.get("threatname") or pairs.get("virus") or pairs.get("name", ""), action,
                  "intrusion_detection" if sub == "ips" else "malware", severity=50)  # fmt: skip
        event["event.severity"] = max(event["event.severity"], 50)
    elif "authentication" in words or "login" in words or "logout" in words or (sub == "auth" and "user" in pairs):
        login(event, {"success": True, "failure": False}.get(outcome(words) or ""), out="logout" in words)
    elif sub == "http":
        flow(event, action, "", action == "block")
        event["event.category"] = ["web", "network"]
    elif "source.ip" in event:
        flow(event, action)
    else:
        plain(event)
        event["event.action"] = action or sub or "log"


def _appliance(event: Event, pairs: dict[str, str], received: Received) -> None:
    """Web Appliance: h client, u user, s status, t epoch, T microseconds, in/out bytes, req request line, act 1 allowed."""
    observer(event, "Sophos", "Web Appliance", "proxy")
    event["event.dataset"] = "sophos.webappliance"
    stamp(event, pairs.get("t"), received)
    access(event, pairs.get("s"))
    if (found := ip(pairs.get("h"))) is not None:
        event["source.ip"] = event["source.address"] = found
    domain, name = split_user(pairs.get("u", "")) if pairs.get("u", "-") != "-" else (None, None)
    if name:
        event["user.name"] = name
    if domain:
        event["user.domain"] = domain
    request(event, pairs.get("req", ""))
    agent(event, pairs.get("ref", ""), pairs.get("ua", ""))
    if pairs.get("act") not in {"1", None}:
        event["event.type"] = ["access", "denied"]
    for key in ("cat", "app", "rsn", "threat", "X", "act"):
        if pairs.get(key, "-") != "-":
            event[f"sophos.{key.lower()}"] = pairs[key]


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME)
    pairs = spaced_pairs(body if "=" in body else framed.text)
    if found := _UTM_TIME.search(framed.text, 0, 256):
        stamped = parse_time(f"{found[1]}-{found[2]}-{found[3]} {found[4]}", received)
        if stamped:
            event["@timestamp"], event["taishi.time.quality"] = stamped
        event["host.hostname"] = found[5]
        if found[6]:
            event["process.name"] = found[6]
    if "req" in pairs and "h" in pairs and "s" in pairs:
        _appliance(event, pairs, received)
        return finish(event, received)
    if not pairs.keys() & {"log_type", "sub", "log_id"}:
        raise ParseError("neither log_type= (SFOS) nor sub= (UTM)", NAME)
    if target := pairs.get("url"):
        url(event, target)
    fill(event, pairs, FIELDS, "sophos.", _SKIP)
    if "log_type" in pairs or "log_id" in pairs:
        if name := pairs.get("device_name"):
            event["observer.name"] = name
        _sfos(event, pairs, received)
    else:
        _utm(event, pairs)
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    if 'log_component="' in source and 'log_type="' in source:
        return 0.99
    if 'sys="' in source[:256] and 'sub="' in source[:300] and 'id="' in source[:256]:
        return 0.97
    return (
        0.95
        if (source.startswith("h=") and " sav-ev=" in source) or (" sav-ev=" in source and " meth=" in source)
        else 0.0
    )


PARSER = Parser(
    name=NAME,
    product="Sophos Firewall (SFOS, XG), UTM and Web Appliance",
    data_kind="security",
    reference="https://docs.sophos.com/nsg/sophos-firewall/20.0/help/en-us/webhelp/onlinehelp/AdministratorHelp/Logs/",
    parse=parse,
    sniff=sniff,
    markers=('log_component="', 'sys="', " sav-ev="),
)
