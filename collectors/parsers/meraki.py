"""Cisco Meraki MX, MS and MR: `1 epoch.fraction device type key=value …`, for all event types.

Types are urls, flows, firewall, vpn_firewall, cellular_firewall, ip_flow_start and _end, ids-alerts, security_event,
airmarshal_events and events. The time is the device's epoch. Flows tell `allow`, `deny` or a `pattern:`.

Reference: https://documentation.meraki.com/General_Administration/Monitoring_and_Reporting/Syslog_Event_Types_and_Log_Samples
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import Fields, ip, lower, mac, port, text, transport
from collectors.parsers._device import begin, finish, login, names, observer, peer, plain
from collectors.parsers._endpoint import file
from collectors.parsers._pairs import detection, fill, flow
from collectors.parsers._sentence import read, station
from collectors.parsers._text import spaced_pairs
from collectors.parsers._time import stamp
from collectors.parsers._web import url
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "meraki"
_HEAD: Final = re.compile(
    r"(?:^|[>\s])(?:1 )?(\d{10}\.\d{1,9}) (\S{1,128}) "
    r"(urls|flows|firewall|vpn_firewall|cellular_firewall|bridge_anyconnect_client_vpn_firewall|"
    r"ip_flow_start|ip_flow_end|ids-alerts|security_event|airmarshal_events|events)(?: |$)"
)
_REQUEST: Final = re.compile(r"request: (\S{1,32}) (\S{1,8192})")
_AGENT: Final = re.compile(r"agent='((?:[^'\\]|\\.)*+)'")
_MESSAGE: Final = re.compile(r"message: (.{1,1024})")
_PATTERN: Final = re.compile(r"pattern: (\S{1,16}) ?(.{0,256})")
_CONTENT: Final = re.compile(r"name='([^']{0,256})'")
FIELDS: Final[Fields] = {
    "mac": ("source.mac", mac),
    "protocol": ("network.transport", transport),
    "sport": ("source.port", port),
    "dport": ("destination.port", port),
    "translated_src_ip": ("source.nat.ip", ip),
    "translated_dst_ip": ("destination.nat.ip", ip),
    "dhost": ("destination.mac", mac),
    "smac": ("source.mac", mac),
    "dmac": ("destination.mac", mac),
    "sha256": ("file.hash.sha256", lower),
    "client_ip": ("source.ip", ip),
    "client_mac": ("source.mac", mac),
    "local_ip": ("source.ip", ip),
    "user": ("user.name", text),
    "identity": ("user.name", text),
    "user_id": ("user.name", text),
    "bssid": ("meraki.bssid", text),
    "ssid": ("network.name", text),
}
_PERSON: Final = re.compile(r"user id '([^']{1,256})'")
_INSIDE: Final = re.compile(r"local ip ([0-9A-Fa-f.:]{3,45})")
_REMOTE: Final = re.compile(r"connected from ([0-9A-Fa-f.:]{3,45})")
_SKIP: Final = names("src dst url type request timestamp signature action disposition name translated_port direction")
_PRIORITY: Final = {"1": 80, "2": 55, "3": 30, "4": 10}


def _alert(event: Event, pairs: dict[str, str], rest: str) -> None:
    signature = pairs.get("signature", "")
    parts = signature.split(":")
    if len(parts) > 1:
        event["rule.id"] = parts[1]
        event["rule.version"] = parts[2] if len(parts) > 2 else "0"
    if protocol := pairs.get("protocol", "").partition("/")[0]:
        event["network.transport"] = transport(protocol) or protocol
    said = _MESSAGE.search(rest)
    content = _CONTENT.search(rest)
    action, malicious = pairs.get("action", ""), pairs.get("disposition") == "malicious"
    if content:
        file(event, content[1])
    if malicious or "security_filtering_file" in rest[:64]:
        event["event.severity"] = 75 if malicious else 20
        detection(event, content[1] if content else pairs.get("disposition", ""), action, "malware", swap=True)
    else:
        event["event.severity"] = _PRIORITY.get(pairs.get("priority", ""), 50)
        detection(event, said[1].strip() if said else signature, action or pairs.get("decision", ""))
    event["event.action"] = (
        rest.partition(" ")[0] if rest[:1].isalpha() and "=" not in rest.partition(" ")[0] else "ids-alerted"
    )


def _flows(event: Event, kind: str, rest: str) -> None:
    first = rest.partition(" ")[0].lower()
    verb = first if first in {"allow", "deny", "drop"} else ""
    if not verb and (found := _PATTERN.search(rest)):
        verb = {"allow": "allow", "1": "allow", "deny": "deny", "0": "deny"}.get(found[1].lower(), "")
        if found[2].strip():
            event["rule.name"] = found[2].strip()
    phase = "start" if kind == "ip_flow_start" else "end" if kind == "ip_flow_end" else ""
    flow(event, "", phase, {"allow": False, "deny": True, "drop": True}.get(verb))
    event["event.action"] = kind if phase else f"flow-{verb or 'log'}"


def _urls(event: Event, rest: str) -> None:
    if found := _REQUEST.search(rest):
        event["http.request.method"] = found[1] if found[1] != "UNKNOWN" else "CONNECT"
        url(event, found[2])
    if found := _AGENT.search(rest):
        event["user_agent.original"] = found[1]
    flow(event, "", "", None)
    event["event.category"], event["event.type"], event["event.action"] = ["network", "web"], ["access"], "http-access"


_LOGINS: Final = names(
    "8021x_eap_success 8021x_eap_failure wpa_auth wpa_deauth 8021x_auth 8021x_deauth splash_auth 8021x_client_deauth "
    "client_vpn_connect anyconnect_vpn_connect anyconnect_vpn_auth_success anyconnect_vpn_auth_failure"
)


def _event(event: Event, pairs: dict[str, str], rest: str) -> None:
    kind = pairs.get("type", "")
    first = rest.partition(" ")[0]
    if not kind and "_" in first and "=" not in first:
        kind = first
    if found := _PERSON.search(rest):
        event["user.name"] = found[1]
    for side, key in (("destination", "server"), ("source", "peer_contact")):
        if key in pairs:
            peer(event, side, pairs[key])
    event["event.action"] = kind or rest.partition(" ")[0][:64] or "event"
    if kind in _LOGINS:
        login(event, "fail" not in kind, out="deauth" in kind or "disconnect" in kind)
        event["event.action"] = kind
        if (inside := _INSIDE.search(rest)) and (address := ip(inside[1])) is not None:
            event["source.nat.ip"] = address
        if found := _REMOTE.search(rest):
            peer(event, "source", found[1])
    elif kind == "content_filtering_block":
        flow(event, "", "", True)
        event["event.category"], event["event.action"] = ["network", "web"], kind
    else:
        plain(event, "network" if kind else "host")
        if not kind:
            read(event, rest)
            station(event, rest)


def parse(framed: Framed, received: Received) -> list[Event]:
    found = _HEAD.search(framed.text, 0, 512)
    if found is None:
        raise ParseError("no epoch, device and Meraki event type in the record", NAME)
    event, _ = begin(framed, received, NAME, "meraki.log")
    time, device, kind = found.groups()
    stamp(event, time, received)
    event.pop("process.name", None)
    event["host.hostname"] = event["observer.hostname"] = device
    observer(event, "Cisco", "Meraki", "firewall")
    rest = framed.text[found.end() :].strip()
    event["message"] = rest
    pairs = {key: value.strip("'") for key, value in spaced_pairs(rest.replace("type= ", "type=", 1)).items()}
    for side, key in (("source", "src"), ("destination", "dst")):
        peer(event, side, pairs.get(key, "").strip("'"))
    fill(event, pairs, FIELDS, "meraki.", _SKIP)
    if target := pairs.get("url"):
        url(event, target)
    if kind in {"ids-alerts", "security_event"}:
        _alert(event, pairs, rest)
    elif kind == "urls":
        _urls(event, rest)
    elif kind == "airmarshal_events":
        detection(event, pairs.get("type", "airmarshal"), "", severity=50)
        event["event.action"] = pairs.get("type", "airmarshal")
    elif kind == "events":
        _event(event, pairs, rest)
    else:
        _flows(event, kind, rest)
    return finish(event, received)


def sniff(framed: Framed) -> float:
    return 0.98 if _HEAD.search(framed.text, 0, 256) else 0.0


PARSER = Parser(
    name=NAME,
    product="Cisco Meraki",
    data_kind="network",
    reference="https://documentation.meraki.com/General_Administration/Monitoring_and_Reporting/Syslog_Event_Types_and_Log_Samples",
    parse=parse,
    sniff=sniff,
    markers=(
        " urls",
        " flows",
        "firewall",
        " ip_flow_",
        " ids-alerts",
        " security_event",
        " airmarshal_events",
        " events",
    ),
)
