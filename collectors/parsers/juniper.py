"""Juniper Junos and SRX: structured syslog `[junos@2636.… key="value" …]` and the same messages as sentences.

RT_FLOW sessions, RT_IDP attacks, RT_SCREEN attacks, RT_UTM verdicts, RT_AAMW malware, secure intelligence,
`UI_` commands and logins, `SSHD_LOGIN_`; every other `TAG: text` of a Junos device keeps tag and sentence.

Reference: https://www.juniper.net/documentation/us/en/software/junos/network-mgmt/topics/topic-map/system-log-messages.html
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import Fields, integer, ip, lower, port, text, transport, word_severity
from collectors.parsers._device import begin, change, finish, login, observer, peer, plain
from collectors.parsers._endpoint import file
from collectors.parsers._pairs import detection, fill, flow
from collectors.parsers._sentence import read
from collectors.parsers._text import spaced_pairs
from collectors.parsers._web import url
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "juniper"
_STRUCTURED: Final = re.compile(r"\s([A-Za-z][A-Za-z0-9_\-]{2,63}) \[junos@2636\.([0-9.]{1,32}) ?")
_TAG: Final = re.compile(
    r"(?:^|[\s:])((?:RT_[A-Z0-9]{2,16}: )?(?:RT_(?:FLOW|IDP|SCREEN|UTM|AAMW|SECINTEL|SRC)[A-Z0-9_]{1,48}|IDP_[A-Z_]{3,48}|"
    r"UI_[A-Z0-9_]{3,48}|SSHD_LOGIN_[A-Z_]{3,48}|LOGIN_[A-Z_]{3,48}|AAMW_[A-Z_]{3,48}|WEBFILTER_[A-Z_]{3,48}|AV_[A-Z_]{3,48}|"
    r"APPTRACK_[A-Z_]{3,48}|SECINTEL_[A-Z_]{3,48}|SNMP_TRAP_[A-Z_]{3,48}|RPD_[A-Z_]{3,48}|KMD_[A-Z_]{3,48}|FWAUTH_[A-Z_]{3,48}|"
    r"ANTISPAM_[A-Z_]{3,48}|CONTENT_FILTERING_[A-Z_]{3,48}|JSRPD_[A-Z_]{3,48}|CHASSISD_[A-Z_]{3,48}|PFE_FW_[A-Z_0-9]{3,48})) ?: ?"
)
FIELDS: Final[Fields] = {
    "source-address": ("source.ip", ip),
    "destination-address": ("destination.ip", ip),
    "source-port": ("source.port", port),
    "destination-port": ("destination.port", port),
    "nat-source-address": ("source.nat.ip", ip),
    "nat-destination-address": ("destination.nat.ip", ip),
    "nat-source-port": ("source.nat.port", port),
    "nat-destination-port": ("destination.nat.port", port),
    "protocol-id": ("network.transport", transport),
    "protocol": ("network.transport", transport),
    "protocol-name": ("network.transport", transport),
    "policy-name": ("rule.name", text),
    "source-zone-name": ("observer.ingress.zone", text),
    "destination-zone-name": ("observer.egress.zone", text),
    "source-zone": ("observer.ingress.zone", text),
    "destination-zone": ("observer.egress.zone", text),
    "packet-incoming-interface": ("observer.ingress.interface.name", text),
    "interface-name": ("observer.ingress.interface.name", text),
    "destination-interface-name": ("observer.egress.interface.name", text),
    "source-interface-name": ("observer.ingress.interface.name", text),
    "username": ("user.name", text),
    "user-name": ("user.name", text),
    "roles": ("user.roles", lambda value: [value] if value and value != "N/A" else None),
    "application": ("network.application", lower),
    "service-name": ("network.protocol", lower),
    "bytes-from-client": ("source.bytes", integer),
    "bytes-from-server": ("destination.bytes", integer),
    "packets-from-client": ("source.packets", integer),
    "packets-from-server": ("destination.packets", integer),
    "inbound-bytes": ("destination.bytes", integer),
    "outbound-bytes": ("source.bytes", integer),
    "inbound-packets": ("destination.packets", integer),
    "outbound-packets": ("source.packets", integer),
    "reason": ("event.reason", text),
    "command": ("process.command_line", text),
    "local-address": ("destination.ip", ip),
    "remote-address": ("source.ip", ip),
    "client-ip": ("source.ip", ip),
    "client-ip-str": ("source.ip", ip),
    "hostname": ("host.hostname", text),
    "filename": ("file.name", text),
    "file-name": ("file.name", text),
    "sha256": ("file.hash.sha256", lower),
    "file-hash-lookup": ("file.hash.sha256", lower),
    "malware-info": ("threat.software.name", text),
    "threat-severity": ("taishi.severity_original", text),
    "profile-name": ("rule.ruleset", text),
    "rule-name": ("rule.id", text),
    "category": ("rule.category", text),
}
# RT_FLOW_SESSION_CREATE as a sentence: 10.1.1.1/5000->10.2.2.2/80 0x0 junos-http 203.0.113.1/6000->10.2.2.2/80 …
_SENTENCE: Final = re.compile(
    r"session (created|closed|denied)(?: ([^:]{1,64}):)? ?([0-9A-Fa-f.:]{3,45})/(\d{1,5})->([0-9A-Fa-f.:]{3,45})/(\d{1,5})(.*)",
    re.DOTALL,
)
_NAT: Final = re.compile(r"([0-9A-Fa-f.:]{3,45})/(\d{1,5})->([0-9A-Fa-f.:]{3,45})/(\d{1,5})")
_DENIED_TAIL: Final = re.compile(r" (?:0x\w+ )?(\S{1,64}) (\d{1,3})\((\d{1,3})\) (\S{1,128}) (\S{1,64}) (\S{1,64})")
_BYTES: Final = re.compile(r" (\d{1,12})\((\d{1,18})\) (\d{1,12})\((\d{1,18})\) (\d{1,10})(?: |$)")
_SCREEN: Final = re.compile(
    r"^(.{2,64}?)! source: ([0-9A-Fa-f.:]{3,45}?)(?::(\d{1,5}))?, destination: ([0-9A-Fa-f.:]{3,45}?)(?::(\d{1,5}))?"
    r"(?:, protocol-id: (\d{1,3}))?, (?:zone name|zone-name): ([^,]{1,64}), interface name: ([^,]{1,64})(?:, action: (\w{1,16}))?"
)
_ATTACKED: Final = re.compile(r"([0-9A-Fa-f.:]{3,45})/(\d{1,5})(?:>| > |->)([0-9A-Fa-f.:]{3,45})/(\d{1,5})")
_SSH: Final = re.compile(r"ssh-connection '([0-9A-Fa-f.:]{3,45}) (\d{1,5}) ([0-9A-Fa-f.:]{3,45}) (\d{1,5})'")
_SIGNS: Final = ("ATTACK", "SCREEN", "MALWARE", "VIRUS", "SECINTEL", "BOTNET", "HOST_INFECTED")


def _session(event: Event, tag: str, pairs: dict[str, str], text_: str) -> None:
    denied = "DENY" in tag
    phase = "start" if "CREATE" in tag else "end" if "CLOSE" in tag else ""
    if not pairs and (found := _SENTENCE.search(text_, 0, 4096)):
        peer(event, "source", found[3], found[4])
        peer(event, "destination", found[5], found[6])
        _tail(event, found[7], found[2])
    seconds = pairs.get("elapsed-time", "")
    if seconds.isdecimal() and len(seconds) < 10:
        event["event.duration"] = int(seconds) * 10**9
    flow(event, "", phase, denied)
    event["event.action"] = {"CREATE": "flow_started", "CLOSE": "flow_close", "DENY": "flow_deny"}.get(
        tag.rpartition("_")[2], tag.lower()
    )


def _mapped(event: Event, rest: str) -> str:
    """Sets the translated addresses; the text after them."""
    mapped = _NAT.search(rest)
    if mapped is None:
        return rest
    for side, at in (("source", 1), ("destination", 3)):
        if (found := ip(mapped[at])) is not None:
            event[f"{side}.nat.ip"] = found
            if (through := port(mapped[at + 1])) is not None:
                event[f"{side}.nat.port"] = through
    return rest[mapped.end() :]


def _tail(event: Event, rest: str, reason: str | None) -> None:
    if reason:
        event["event.reason"] = reason
    if denied := _DENIED_TAIL.match(rest):
        event["network.protocol"] = denied[1].lower()
        event["rule.name"] = denied[4]
        number = denied[2]
        event["observer.ingress.zone"], event["observer.egress.zone"] = denied[5], denied[6]
    else:
        parts = _mapped(event, rest).split()
        at = next(
            (at for at, part in enumerate(parts) if part.isdecimal() and int(part) in {1, 6, 17, 47, 50, 58, 132}), -1
        )
        number = parts[at] if at >= 0 else ""
        if at >= 0 and len(parts) > at + 3:
            event["rule.name"], event["observer.ingress.zone"], event["observer.egress.zone"] = parts[at + 1 : at + 4]
        if sizes := _BYTES.search(rest):
            for name, value in zip(("source.packets", "source.bytes", "destination.packets", "destination.bytes"),
                                   sizes.groups(), strict=False):  # fmt: skip
                event[name] = int(value)
            event["event.duration"] = int(sizes[5]) * 10**9
    if number and (kind := transport(number)) is not None:
        event["network.transport"] = kind


def _attack(event: Event, tag: str, pairs: dict[str, str], text_: str) -> None:
    name = pairs.get("attack-name") or pairs.get("threat-name") or pairs.get("name") or pairs.get("malware-info") or ""
    action = pairs.get("action") or ""
    if not pairs and (found := _SCREEN.search(text_, 0, 1024)):
        name, source, number, target, other, protocol, zone, interface, action = found.groups(default="")
        peer(event, "source", source, number)
        peer(event, "destination", target, other)
        event["observer.ingress.zone"], event["observer.ingress.interface.name"] = zone, interface
        if protocol and (kind := transport(protocol)) is not None:
            event["network.transport"] = kind
    elif not pairs and (found := _ATTACKED.search(text_, 0, 2048)):
        peer(event, "source", found[1], found[2])
        peer(event, "destination", found[3], found[4])
    if policy := event.get("rule.name"):
        event["rule.ruleset"] = policy
    severity = word_severity(pairs.get("threat-severity") or pairs.get("severity"))
    if severity is not None:
        event["event.severity"] = severity
    elif "SCREEN" in tag or "ATTACK" in tag:
        event["event.severity"] = 50
    malware = any(sign in tag for sign in ("MALWARE", "VIRUS", "INFECTED", "SECINTEL"))
    detection(
        event,
        name.strip() or text_[:120] or tag,
        action or pairs.get("verdict", ""),
        "malware" if malware else "intrusion_detection",
    )
    event["event.action"] = tag.lower()


def _decide(event: Event, tag: str, pairs: dict[str, str], text_: str) -> None:
    if "SESSION" in tag and tag.startswith(("RT_FLOW", "APPTRACK")):
        _session(event, tag, pairs, text_)
    elif any(sign in tag for sign in _SIGNS):
        _attack(event, tag, pairs, text_)
    elif tag.startswith(("WEBFILTER", "CONTENT_FILTERING", "ANTISPAM", "AV_")):
        if target := pairs.get("url"):
            url(event, target)
        flow(event, tag.lower(), "", "BLOCK" in tag or "blocked" in text_.lower())
        event["event.category"] = ["web", "network"]
    elif tag.startswith(("UI_CMDLINE", "UI_CFG", "UI_COMMIT", "UI_LOAD")):
        change(event)
        event["event.action"] = "command-executed" if "CMDLINE" in tag else tag.lower()
        read_names(event, text_)
    elif "LOGIN" in tag or "LOGOUT" in tag or "AUTH" in tag:
        if found := _SSH.search(text_):
            peer(event, "source", found[1], found[2])
            peer(event, "destination", found[3], found[4])
        read(event, text_)
        login(event, "FAIL" not in tag and "failed" not in text_.lower(), out="LOGOUT" in tag)
        event["event.action"] = tag.lower()
    else:
        plain(event)
        read(event, text_)
        event.setdefault("event.action", tag.lower())


def read_names(event: Event, text_: str) -> None:
    """`User 'admin', command 'configure '` → user and command."""
    found = re.search(r"[Uu]ser '([^']{1,128})'", text_, 0)
    if found and "user.name" not in event:
        event["user.name"] = found[1]
    found = re.search(r"command '([^']{1,1024})'", text_, 0)
    if found and "process.command_line" not in event:
        event["process.command_line"] = found[1].strip()


def parse(framed: Framed, received: Received) -> list[Event]:
    whole = framed.text
    event, body = begin(framed, received, NAME, "juniper.junos")
    pairs: dict[str, str] = {}
    if found := _STRUCTURED.search(whole, 0, 512):
        tag = found[1]
        end = whole.find('"]', found.end())
        pairs = spaced_pairs(whole[found.end() : end + 1 if end > 0 else len(whole)])
        text_ = whole[end + 2 :].strip() if end > 0 else ""
        fill(event, pairs, FIELDS, "juniper.", {"elapsed-time", "attack-name", "threat-name", "action", "severity"})
        event["juniper.platform"] = found[2]
    elif found := _TAG.search(body, 0, 256) or _TAG.search(whole, 0, 400):
        tag = found[1].rpartition(" ")[2]
        text_ = found.string[found.end() :].strip()
    else:
        raise ParseError("neither [junos@2636… nor a tag of Junos", NAME)
    observer(
        event, "Juniper", "SRX" if tag.startswith("RT_") else "Junos", "firewall" if tag.startswith("RT_") else "router"
    )
    event["event.code"] = tag
    if text_:
        event["message"] = text_
    if "file.name" in event:
        file(event, event["file.name"])
    _decide(event, tag, pairs, text_)
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = framed.text
    if "[junos@2636." in source[:512]:
        return 1.0
    return 0.95 if _TAG.search(source, 0, 256) else 0.0


PARSER = Parser(
    name=NAME,
    product="Juniper Junos and SRX",
    data_kind="security",
    reference="https://www.juniper.net/documentation/us/en/software/junos/network-mgmt/topics/topic-map/system-log-messages.html",
    parse=parse,
    sniff=sniff,
    markers=(
        "[junos@2636.",
        "RT_",
        "IDP_",
        "UI_",
        "LOGIN_",
        "AAMW_",
        "WEBFILTER_",
        "AV_",
        "APPTRACK_",
        "SECINTEL_",
        "SNMP_TRAP_",
        "RPD_",
        "KMD_",
        "FWAUTH_",
        "ANTISPAM_",
        "CONTENT_FILTERING_",
        "JSRPD_",
        "CHASSISD_",
        "PFE_FW_",
    ),
)
