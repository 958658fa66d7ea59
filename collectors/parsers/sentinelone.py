"""SentinelOne management: threats, alerts, agents and activities as JSON (API, cloud funnel), and CEF-like syslog.

Activities carry `activityType` and two descriptions; threats `threatInfo` and `agentRealtimeInfo`; keys may be in lower case.
A threat that the agent mitigated was blocked. The syslog form `CEF:2|SentinelOne|Mgmt|` keeps its pairs after the last bar.
Reference: https://docs.sentinelone.com/ (Activity, Threats and Alerts APIs; Syslog CEF2 format)
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import set_tactics, set_techniques
from collectors.parsers._common import Fields, ip, load_object, lower, port, text
from collectors.parsers._documents import (
    Product,
    auth,
    change,
    close,
    fill,
    flatten,
    iam,
    mail_user,
    opened,
    other,
    says,
)
from collectors.parsers._documents import severity as rate
from collectors.parsers._endpoint import executable, file, hashes
from collectors.parsers._ids import alert
from collectors.parsers._text import spaced_pairs
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "sentinelone"
FIELDS: Final[Fields] = {
    "activitytype": ("event.code", text),
    "primarydescription": ("message", text),
    "data.computername": ("host.name", text),
    "data.endpointname": ("host.name", text),
    "agentrealtimeinfo.agentcomputername": ("host.name", text),
    "agentdetectioninfo.agentcomputername": ("host.name", text),
    "agentcomputername": ("host.name", text),
    "computername": ("host.name", text),
    "sourcehostname": ("host.name", text),
    "agentid": ("agent.id", text),
    "agentrealtimeinfo.agentid": ("agent.id", text),
    "agentrealtimeinfo.agentversion": ("agent.version", text),
    "agentrealtimeinfo.agentosname": ("host.os.name", text),
    "agentrealtimeinfo.agentostype": ("host.os.type", lower),
    "agentdetectioninfo.agentipv4": ("host.ip", lambda value: [found] if (found := ip(value)) else None),
    "data.agentipv4": ("host.ip", lambda value: [found] if (found := ip(value)) else None),
    "data.ipaddress": ("source.ip", ip),
    "data.srcip": ("source.ip", ip),
    "data.srcport": ("source.port", port),
    "data.dstip": ("destination.ip", ip),
    "data.dstport": ("destination.port", port),
    "sourceipaddress": ("source.ip", ip),
    "agentdetectioninfo.agentlastloggedinusername": ("user.name", text),
    "threatinfo.processuser": ("user.name", text),
    "data.username": ("user.name", text),
    "data.byuser": ("user.name", text),
    "suser": ("user.name", text),
    "data.userid": ("user.id", text),
    "userid": ("user.id", text),
    "threatinfo.threatname": ("rule.name", text),
    "threatinfo.threatid": ("rule.id", text),
    "data.threatname": ("rule.name", text),
    "threatname": ("rule.name", text),
    "data.rulename": ("rule.name", text),
    "ruleinfo.name": ("rule.name", text),
    "data.ruleid": ("rule.id", text),
    "ruleinfo.id": ("rule.id", text),
    "threatid": ("rule.id", text),
    "threatinfo.classification": ("rule.category", text),
    "data.threatclassification": ("rule.category", text),
    "threatclassification": ("rule.category", text),
    "threatinfo.originatorprocess": ("process.parent.name", text),
    "threatinfo.maliciousprocessarguments": ("process.command_line", text),
    "sourceprocessinfo.commandline": ("process.command_line", text),
    "sourceprocessinfo.user": ("user.name", text),
}
PRODUCT: Final = Product(
    NAME, "SentinelOne", "Singularity", "edr", "sentinel_one.", FIELDS,
    ("threatinfo.createdat", "threatinfo.identifiedat", "alertinfo.createdat", "createdat", "eventtime", "rt", "updatedat"),
)  # fmt: skip
_THREATS: Final = frozenset({"18", "19", "4003", "4002", "3608", "4108", "4109", "4112", "2004", "2001"})
"""Activity types that are a new threat, a detection by a custom rule, or what the agent did about one."""
_SEVERITY: Final = {"e_critical": 90, "e_high": 75, "e_medium": 50, "e_low": 30, "malicious": 80, "suspicious": 60}


def _flat(framed: Framed) -> dict[str, Any]:
    source = framed.text
    at = source.find("SentinelOne|")
    if "CEF:2|" in source and at >= 0:
        parts = source[at:].split("|", 6)
        if len(parts) < 4:
            raise ParseError("the CEF2 header is cut short", NAME)
        flat: dict[str, Any] = {key.lower(): value for key, value in spaced_pairs(parts[-1].replace("|", " ")).items()}
        for piece in source[at:].split("|")[2:64]:
            key, sign, value = piece.partition("=")
            if sign and key.strip() and value:
                flat[key.strip().lower()] = value.strip()
        return flat
    return {key.lower(): value for key, value in flatten(load_object(framed, NAME)).items()}


def _threat(event: Event, flat: dict[str, Any]) -> None:
    event.setdefault("rule.name", event.get("message") or "threat")
    for key in (
        "threatinfo.sha1",
        "threatinfo.sha256",
        "threatinfo.md5",
        "data.filecontenthash",
        "filecontenthash",
        "filehash",
    ):
        if value := text(flat.get(key)):
            hashes(event, "file", value)
    for key in ("threatinfo.filepath", "data.filepath", "filepath"):
        if value := text(flat.get(key)):
            file(event, value)
            break
    if path := text(flat.get("sourceprocessinfo.filepath")):
        executable(event, "process", path)
    said = text(flat.get("threatinfo.confidencelevel") or flat.get("data.confidencelevel") or flat.get("data.severity"))
    rate(event, said or flat.get("ruleinfo.severity") or "high", _SEVERITY)
    status = (text(flat.get("threatinfo.mitigationstatus")) or text(flat.get("data.status")) or "").lower()
    blocked = True if status in {"mitigated", "blocked", "success"} else False if "not_mitigated" in status else None
    tactics = [str(value) for key, value in flat.items() if ".tactics." in key and key.endswith(".name")]
    set_tactics(event, tactics)
    set_techniques(
        event, [str(value) for key, value in flat.items() if ".techniques." in key and key.endswith(".name")]
    )
    if "user.name" not in event and "source.ip" not in event:
        event.setdefault("host.name", text(flat.get("sitename")) or "unknown")
    alert(event, blocked=blocked, category="malware")


def _classify(event: Event, said: str) -> None:
    if "logged in" in said or "login" in said or "two factor" in said:
        auth(event)
        event["event.outcome"] = "failure" if "fail" in said else "success"
    elif "logged out" in said:
        auth(event, "end")
    elif "user" in said or "role" in said or "token" in said:
        iam(event, "user", change(said))
    elif "policy" in said or "changed" in said or "exclusion" in said or "modified" in said:
        other(event, "configuration", change(said))
    else:
        other(event, "host")


def parse(framed: Framed, received: Received) -> list[Event]:
    flat = _flat(framed)
    event = opened(PRODUCT, framed, received)
    fill(event, PRODUCT, flat, received)
    user = event.get("user.name", "")
    if "\\" in user or "@" in user:
        del event["user.name"]
        mail_user(event, user)
    said = str(event.get("message", "")).lower()
    event["event.action"] = text(flat.get("eventdesc")) or f"activity-{event.get('event.code', 'threat')}"
    threat = "threatinfo.threatname" in flat or "alertinfo.alertid" in flat or "threatname" in flat
    if threat or event.get("event.code") in _THREATS or "threat with confidence" in said:
        _threat(event, flat)
    else:
        event.pop("rule.name", None)
        _classify(event, said)
    return close(event)


def sniff(framed: Framed) -> float:
    if "|SentinelOne|" in framed.text[:400]:
        return 0.99 if "CEF:2|" in framed.text[:400] else 0.0
    if says(framed, ("threatInfo", "agentRealtimeInfo")) or says(framed, ("alertInfo", "agentDetectionInfo")):
        return 0.98
    if says(framed, ("activityType",), ("primaryDescription", "agentId")):
        return 0.95
    return 0.95 if says(framed, ("activitytype",), ("primarydescription",)) else 0.0


PARSER = Parser(
    name=NAME,
    product="SentinelOne Singularity",
    data_kind="security",
    reference="https://docs.sentinelone.com/",
    parse=parse,
    sniff=sniff,
    markers=("|SentinelOne|", '"threatInfo"', '"alertInfo"', '"activityType"', '"activitytype"'),
)
