"""Endpoint antivirus in the texts that consoles send: Symantec (SEPM), Kaspersky (KSC), ESET, Cylance, ClamAV.

* SEPM: `Virus found,IP Address: 10.1.1.4,Computer name: ENG-7,Source: …,Risk name: …,Occurrences: 1,C:\\…,"",Actual action: …`
  and `ENG-7,Event Description: [SID: 30006] …,Local Host IP: …,Remote Host IP: …,Inbound,TCP,,Begin: …`
* KSC: RFC 5424 with `[event@23668 p1="…" et="GNRL_EV_VIRUS_FOUND" hdn="…" hip="…" …]`
* ESET PROTECT: JSON with `event_type` (Threat_Event, FirewallAggregated_Event …), `ipv4`, `hostname`, `threat_name`
* Cylance: `Event Type: Threat, Event Name: threat_found, Device Name: …, IP Address: (…), File Name: …, SHA256: …`
* ClamAV: `/srv/x.exe: Win.Trojan.Agent-1 FOUND`

Their CEF and LEEF exports are read by those parsers.

Reference: Broadcom "External Logging settings and log event severity levels for SEPM" (TECH171741); Kaspersky Security Center
help "Exporting events to SIEM systems in Syslog format"; ESET PROTECT help "Events exported to JSON format"; CylancePROTECT Syslog
Guide; clamd(8)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import set_tactics, set_techniques
from collectors.parsers._common import (
    Fields,
    holds_object,
    ip,
    load_object,
    lower,
    mac,
    port,
    split_user,
    text,
    transport,
)
from collectors.parsers._device import begin, change, finish, login, observer, plain
from collectors.parsers._endpoint import file, hashes
from collectors.parsers._pairs import detection, fill
from collectors.parsers._text import split_outside_quotes
from collectors.parsers._time import parse as parse_time
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "endpoint_av"
_GOOD: Final = ("clean", "quarantin", "delet", "block", "disinfect", "remov", "terminat", "restrict", "denied", "drop")
_LEFT: Final = ("left alone", "not disinfected", "not cleaned", "allowed", "none", "no action", "could not", "fail", "unhandled",
                "unsafe", "detected", "pending")  # fmt: skip


def _ips(value: Any) -> list[str] | None:
    found = ip(value)
    return [found] if found else None


def _macs(value: Any) -> list[str] | None:
    found = mac(value)
    return [found] if found else None


# ---------------------------------------------------------------- Symantec

_SEPM_HEADS: Final = (
    "Virus found", "Security risk found", "Potential risk found", "Risk repaired", "Risk repair failed", "Compressed File",
    "SONAR detection now allowed", "Forced SONAR threat detected", "Suspicious Behavior", "Commercial application detected",
)  # fmt: skip
_SEPM_KEY: Final = re.compile(r"\s*([A-Z][A-Za-z /]{1,39}): ?(.*)", re.DOTALL)
_SEPM: Final[Fields] = {
    "IP Address": ("host.ip", _ips), "Computer name": ("host.name", text), "Computer": ("host.name", text),
    "Risk name": ("rule.name", text), "Source": ("symantec.source", text), "Actual action": ("event.action", lower),
    "Requested action": ("symantec.requested_action", text), "Secondary action": ("symantec.secondary_action", text),
    "User": ("user.name", text), "User1": ("user.name", text), "User Name": ("user.name", text), "Domain Name": ("user.domain",
    text),
    "Admin": ("user.name", text), "Server": ("observer.hostname", text), "Application name": ("process.name", text),
    "Application": ("process.executable", text), "Web domain": ("url.domain", text), "Local Host IP": ("host.ip", _ips),
    "Local Host": ("host.ip", _ips), "Remote Host IP": ("symantec.remote_ip", ip), "Remote Host MAC": ("symantec.remote_mac", mac),
    "Local Host MAC": ("host.mac", _macs), "CIDS Signature ID": ("rule.id", text), "CIDS Signature string": ("rule.name", text),
    "Group": ("symantec.group", text), "Group Name": ("symantec.group", text), "Rule": ("rule.ruleset", text),
    "Category set": ("symantec.category_set", text), "Category type": ("rule.category", text),
    "Event Description": ("message", text), "Domain": ("symantec.domain", text),
}  # fmt: skip
_SEPM_OWN: Final = frozenset({
    "Application hash", "Hash type", "Local Port", "Remote Port", "Inbound", "Event time", "Begin", "Event Time", "Occurrences",
    "File path",
})  # fmt: skip


_TRANSPORTS: Final = frozenset({"TCP", "UDP", "ICMP", "ICMPv4", "ICMPv6"})


def _sepm(event: Event, body: str, received: Received) -> None:
    observer(event, "Symantec", "Endpoint Protection", "antivirus")
    event["event.dataset"] = "symantec.endpoint"
    parts = split_outside_quotes(body)
    pairs: dict[str, str] = {}
    loose: list[str] = []
    for part in parts[:120]:
        found = _SEPM_KEY.fullmatch(part)
        if found is not None:
            pairs.setdefault(found[1], found[2].strip().strip('"'))
        elif part.strip(' "'):
            loose.append(part.strip(' "'))
    values: dict[str, Any] = {key: value for key, value in pairs.items() if value}
    fill(event, values, _SEPM, "symantec.", _SEPM_OWN)
    if "@timestamp" not in event:  # the console does not say whose zone its own times are in; the header's is known
        stamp(event, pairs.get("Event time") or pairs.get("Event Time") or pairs.get("Begin") or "", received)
    head = loose[0] if loose else ""
    path = pairs.get("File path") or next((one for one in loose[1:] if "\\" in one or one.startswith("/")), "")
    if path:
        file(event, path)
        hashes(event, "file", pairs.get("Application hash", ""))
    if "Remote Host IP" in pairs or "Remote Port" in pairs:
        _sepm_network(event, pairs, loose)
    elif any(body.startswith(one) for one in _SEPM_HEADS) or "Risk name" in pairs:
        event.setdefault("message", head)
        _found(event, str(event.get("rule.name") or head), str(event.get("event.action", "")))
    elif "Admin" in pairs:
        _administrator(event)
    else:
        event.setdefault("message", body[:512])
        plain(event)


def _sepm_network(event: Event, pairs: Mapping[str, str], loose: list[str]) -> None:
    inbound = "Outbound" not in loose
    near, far = ("destination", "source") if inbound else ("source", "destination")
    for name, value in (
        (f"{near}.ip", ip(pairs.get("Local Host IP"))), (f"{far}.ip", event.pop("symantec.remote_ip", None)),
        (f"{near}.port", port(pairs.get("Local Port"))), (f"{far}.port", port(pairs.get("Remote Port"))),
        ("network.transport", next((transport(one) for one in loose if one in _TRANSPORTS), None)),
    ):  # fmt: skip
        if value not in (None, 0):
            event[name] = value
    event["network.direction"] = "inbound" if inbound else "outbound"
    said = str(event.get("message", ""))
    if loose and "Computer name" not in pairs:
        event.setdefault("host.name", loose[0])
    if not event.get("rule.name") and said:
        event["rule.name"] = said.partition("]")[2].strip()[:200] or said[:200]
    denied = "block" in said.lower() or any("block" in one.lower() for one in loose)
    detection(
        event, str(event.get("rule.name", "")), "blocked" if denied else "", "intrusion_detection", 60, denied or None
    )


def _administrator(event: Event) -> None:
    said = str(event.get("message", ""))
    if "log on" in said.lower() or "log off" in said.lower():
        login(event, "succeeded" in said.lower(), out="log off" in said.lower())
    else:
        change(event)
        event.setdefault("event.action", "administration")


# ---------------------------------------------------------------- Kaspersky

_KSC: Final = re.compile(r"\[event@23668 ((?:[^\"\]\\]{0,60}\"(?:[^\"\\]|\\.){0,4000}\"){0,60})\s?\]")
_KSC_PAIR: Final = re.compile(r'(\w{1,16})="((?:[^"\\]|\\.){0,4000})"')
_KSC_FIELDS: Final[Fields] = {
    "hdn": ("host.name", text), "hip": ("host.ip", _ips), "et": ("event.code", text), "tdn": ("observer.product", text),
    "gn": ("kaspersky.group", text), "etdn": ("rule.category", text), "kscfqdn": ("observer.hostname", text),
}  # fmt: skip
_KSC_FOUND: Final = ("VIRUS", "OBJECT_", "SUSPICIOUS", "ATTACK", "MALICIOUS", "INFECTED", "THREAT", "EXPLOIT", "RANSOM")
_KSC_LEFT: Final = ("NOTCURED", "NOT_CURED", "VIRUS_FOUND", "NOTDELETED")


def _ksc(event: Event, raw: str, body: str) -> None:
    observer(event, "Kaspersky", "Security Center", "antivirus")
    event["event.dataset"] = "kaspersky.event"
    pairs = {key: re.sub(r"\\(.)", r"\1", value) for key, value in _KSC_PAIR.findall(raw)}
    fill(event, {key: value for key, value in pairs.items() if value}, _KSC_FIELDS, "kaspersky.")
    code = pairs.get("et", "")
    event["message"] = (body.lstrip("\ufeff ") or pairs.get("etdn", "") or code)[:1024]
    if pairs.get("p7"):
        domain, user = split_user(pairs["p7"])
        event["user.name"] = user or pairs["p7"]
        if domain:
            event["user.domain"] = domain
    if "ATTACK_DETECTED" in code:
        if sender := ip(pairs.get("p3")):
            event["source.ip"] = sender
        _found(event, pairs.get("p1") or code, "blocked", "intrusion_detection")
    elif any(word in code for word in _KSC_FOUND):
        if pairs.get("p1", "")[1:3] in {":\\", ":/"} or pairs.get("p1", "").startswith("/"):
            file(event, pairs["p1"])
        _found(
            event,
            pairs.get("p5") or pairs.get("etdn") or code,
            "detected" if any(w in code for w in _KSC_LEFT) else "blocked",
        )
    elif "AUDIT" in code or "KLAUD" in code:
        if user := text(pairs.get("p1")):
            event["user.name"] = user
        if "CONNECT" in code:
            login(event, True, out="DISCONNECT" in code)
        else:
            change(event)
            event["event.action"] = code.lower()
    else:
        plain(event)


# ---------------------------------------------------------------- ESET

_ESET: Final[Fields] = {
    "ipv4": ("host.ip", _ips), "ipv6": ("host.ip", _ips), "hostname": ("host.name", text), "username": ("user.name", text),
    "threat_name": ("rule.name", text), "threat_type": ("rule.category", text), "action_taken": ("event.action", lower),
    "source_address": ("source.ip", ip), "source_port": ("source.port", port), "target_address": ("destination.ip", ip),
    "target_port": ("destination.port", port), "protocol": ("network.transport", transport), "rule_name": ("rule.name", text),
    "processname": ("process.executable", text), "process_name": ("process.executable", text), "detail": ("message", text),
    "event": ("message", text), "os_name": ("host.os.name", text), "group_name": ("eset.group", text), "user": ("user.name", text),
    "rule": ("rule.name", text), "action": ("event.action", lower), "operation": ("eset.operation", text),
}  # fmt: skip
_ESET_LEVELS: Final = {"information": 10, "notice": 20, "warning": 50, "error": 60, "critical": 85, "fatal": 90}
_ESET_OWN: Final = frozenset(
    {
        "event_type",
        "occured",
        "occurred",
        "severity",
        "object_uri",
        "hash",
        "threat_handled",
        "domain",
        "target",
        "result",
    }
)


def _eset(event: Event, raw: dict[str, Any], received: Received) -> None:
    observer(event, "ESET", "PROTECT", "antivirus")
    kind = str(raw["event_type"])
    event["event.dataset"], event["event.code"] = f"eset.{kind.partition('_')[0].lower()}", kind
    fill(event, {key: value for key, value in raw.items() if value not in (None, "")}, _ESET, "eset.", _ESET_OWN)
    if (
        stamped := parse_time(raw.get("occured") or raw.get("occurred"), Received(received.received_at, "UTC"))
    ) is not None:
        event["@timestamp"], event["taishi.time.quality"] = stamped[0], "exact"  # the export is in UTC
    if "\\" in str(raw.get("username", "")):
        event["user.domain"], event["user.name"] = str(raw["username"]).split("\\", 1)
    level = str(raw.get("severity", "")).lower()
    if level in _ESET_LEVELS:
        event["event.severity"], event["taishi.severity_original"] = _ESET_LEVELS[level], str(raw["severity"])
    target = text(raw.get("object_uri"))
    if target:
        if "://" in target and not target.startswith("file:"):
            event["url.original"] = target
        else:
            file(event, target.removeprefix("file:///").replace("%20", " "))
        hashes(event, "file", str(raw.get("hash") or ""))
    if kind.startswith("Audit"):
        said = f"{raw.get('action', '')} {raw.get('detail', '')}".lower()
        if "log" in said and ("in" in said or "out" in said) and "login" in said.replace(" ", ""):
            login(event, "fail" not in str(raw.get("result", "")).lower(), out="logout" in said.replace(" ", ""))
        else:
            change(event, "fail" not in str(raw.get("result", "")).lower())
    else:
        malware = kind.startswith(("Threat", "Hips", "Blocked"))
        action = (
            "blocked"
            if raw.get("threat_handled") is True and "event.action" not in event
            else str(event.get("event.action", ""))
        )
        _found(event, str(event.get("rule.name") or kind), action, "malware" if malware else "intrusion_detection")


# ---------------------------------------------------------------- Cylance and ClamAV

_CYLANCE_KEY: Final = re.compile(r"(?:^|, )([A-Z][A-Za-z0-9 ]{1,30}): ")
_CYLANCE: Final[Fields] = {
    "Device Name": ("host.name", text), "File Name": ("file.name", text), "Event Name": ("event.action", lower),
    "Status": ("cylance.status", text), "User": ("user.name", text), "User Name": ("user.name", text),
    "Threat Classification": ("rule.category", text), "Threat Class": ("rule.category", text),
    "Process Name": ("process.executable", text),
    "Violation Type": ("rule.name", text), "Message": ("message", text), "Source IP": ("source.ip", ip),
}  # fmt: skip
_CLAM: Final = re.compile(
    r"(?:^|: |-> )((?:[A-Za-z]:\\|/|instream|stream)[^\n]{0,1000}): ([A-Za-z][\w.:+!/()-]{2,200}) FOUND\b"
)


def _cylance(event: Event, body: str) -> None:
    observer(event, "Cylance", "PROTECT", "antivirus")
    event["event.dataset"] = "cylance.event"
    body = body[body.index("Event Type: ") :]
    marks = list(_CYLANCE_KEY.finditer(body))[:80]
    pairs = {
        one[1]: body[one.end() : following.start() if following is not None else len(body)].strip()
        for one, following in zip(marks, [*marks[1:], None], strict=True)
    }
    own = {"Event Type", "SHA256", "MD5", "IP Address", "Path", "Severity"}
    fill(event, {key: value for key, value in pairs.items() if value}, _CYLANCE, "cylance.", own)
    addresses = [found for one in pairs.get("IP Address", "").strip("()").split(",") if (found := ip(one.strip()))]
    if addresses:
        event["host.ip"] = addresses
    if pairs.get("Path"):
        folder, name = pairs["Path"].rstrip("\\"), str(event.get("file.name", ""))
        file(event, f"{folder}\\{name}" if name and not folder.endswith(name) else folder)
    for name in ("SHA256", "MD5"):
        hashes(event, "file", pairs.get(name, ""))
    kind = pairs.get("Event Type", "")
    if kind in {
        "Threat",
        "ExploitAttempt",
        "ScriptControl",
        "OpticsCaeNetworkEvent",
        "OpticsCaeProcessEvent",
        "DeviceControl",
    }:
        verdict = str(event.get("cylance.status") or event.get("event.action", ""))
        name = str(event.get("rule.name") or event.get("rule.category") or event.get("event.action", kind))
        _found(event, name, verdict, "malware" if kind == "Threat" else "intrusion_detection")
    elif "Login" in pairs.get("Event Name", "") or "login" in pairs.get("Event Name", "").lower():
        login(event, "fail" not in body.lower())
    else:
        change(event)
    event.setdefault("message", body[:512])


def _clam(event: Event, found: re.Match[str], body: str, received: Received) -> None:
    observer(event, "ClamAV", "ClamAV", "antivirus")
    event["event.dataset"] = "clamav.detection"
    if found[1].startswith(("/", "\\")) or found[1][1:3] == ":\\":
        file(event, found[1])
    event["message"] = f"{found[2]} FOUND"
    if "@timestamp" not in event and " -> " in body[:40]:
        stamp(event, " ".join(body.partition(" -> ")[0].split()[1:]), received)
    _found(event, found[2], "detected")


def _found(event: Event, name: str, action: str, category: str = "malware") -> None:
    """A finding with what was done: stopped, left alone, or not said. What was left is worse than what was stopped."""
    said = action.lower()
    left = any(word in said for word in _LEFT)
    stopped = not left and any(word in said for word in _GOOD)
    denied = True if stopped else False if left else None
    if category == "malware":
        set_tactics(event, ["TA0002"])
        set_techniques(event, ["T1204.002"])  # a file that was found, whatever its name says it would do
    detection(event, name[:256], action, category, 70 if stopped else 85, denied)


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME)
    raw = framed.text
    if holds_object(raw):
        values = load_object(framed, NAME)
        if not isinstance(values.get("event_type"), str):
            raise ParseError("no event_type of ESET", NAME)
        _eset(event, values, received)
    elif (ksc := _KSC.search(raw, 0, 4000)) is not None:
        _ksc(event, ksc[1], raw[ksc.end() :])
    elif "Event Type: " in body and "Event Name: " in body:
        _cylance(event, body)
    elif (clam := _CLAM.search(body, 0, 2000)) is not None:
        _clam(event, clam, body, received)
    elif _is_sepm(raw):
        _sepm(event, body.removeprefix("SymantecServer: "), received)
    else:
        raise ParseError("none of the antivirus consoles' forms", NAME)
    return finish(event, received)


def _is_sepm(source: str) -> bool:
    return "SymantecServer" in source[:200] or ("Actual action: " in source and "Risk name: " in source)


def sniff(framed: Framed) -> float:
    source = framed.text[:4000]
    if holds_object(source):
        return 0.95 if '"event_type"' in source and '_Event"' in source and '"occur' in source else 0.0
    if "[event@23668 " in source:
        return 0.97
    if "Event Type: " in source and "Event Name: " in source and "Device Name: " in source:
        return 0.95
    if _is_sepm(source):
        return 0.96
    return 0.9 if " FOUND" in source and _CLAM.search(source) is not None else 0.0


PARSER = Parser(
    name=NAME,
    product="Symantec, Kaspersky, ESET, Cylance, ClamAV (antivirus consoles)",
    data_kind="security",
    reference="https://knowledge.broadcom.com/external/article?legacyId=tech171741",
    parse=parse,
    sniff=sniff,
    markers=("SymantecServer", "Actual action: ", "[event@23668 ", '_Event"', "Event Name: ", " FOUND"),
)
