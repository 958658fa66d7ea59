"""Wazuh alerts (`alerts.json`, or a full indexer document with `_source`) and OSSEC's older JSON output.

Every record is a rule's verdict. Level 0–15 is mapped to 0–100 by Wazuh's own classification of rule levels. What the
decoder found (`data.*`), file integrity (`syscheck`) and the vulnerability detector become ECS fields; the rest stays
under `wazuh.*`. Timestamps carry their zone.

Reference: https://documentation.wazuh.com/current/user-manual/manager/alert-management.html
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import infer, set_tactics, set_techniques
from collectors.parsers._common import (
    Fields,
    apply,
    holds_object,
    integer,
    ip,
    keep,
    load_object,
    lower,
    port,
    relate,
    text,
    texts,
    transport,
)
from collectors.parsers._endpoint import executable, file
from collectors.parsers._firewall import network
from collectors.parsers._ids import blocked, roles
from collectors.parsers._time import stamp
from collectors.parsers._web import url
from collectors.parsers._windows_fields import COMMON, EVENTS, PATHS, source
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "wazuh"
_LEVEL: Final = (5, 5, 10, 15, 20, 30, 35, 40, 45, 50, 55, 60, 75, 80, 90, 100)
"""Rule level 0–15: 0-3 nothing to see, 4-6 low, 7-11 medium, 12-14 high, 15 severe (Wazuh "Rules classification")."""
_DATA: Final[Fields] = {
    "srcip": ("source.ip", ip), "src_ip": ("source.ip", ip), "srcport": ("source.port", port),
    "src_port": ("source.port", port),
    "srcuser": ("source.user.name", text), "dstip": ("destination.ip", ip), "dest_ip": ("destination.ip", ip),
    "dstport": ("destination.port", port), "dest_port": ("destination.port", port), "dstuser": ("user.name", text),
    "protocol": ("network.transport", transport), "proto": ("network.transport", transport),
    "app_proto": ("network.protocol", lower),
    "action": ("event.action", lower), "id": ("wazuh.data.id", text), "status": ("wazuh.data.status", text),
    "url": ("url.original", text), "command": ("process.command_line", text), "hostname": ("source.domain", text),
    "program_name": ("process.name", text), "pwd": ("process.working_directory", text), "tty": ("wazuh.data.tty", text),
    "uid": ("wazuh.data.uid", text), "euid": ("wazuh.data.euid", text), "user": ("user.name", text),
    "file": ("file.path", text),
}  # fmt: skip
_DATA_SKIP: Final = frozenset({*_DATA, "win", "alert"})
_BESIDE: Final[Fields] = {key: _DATA[key] for key in ("srcip", "srcport", "srcuser", "dstip", "dstport", "dstuser")}
_SYSCHECK: Final[Fields] = {
    "md5_after": ("file.hash.md5", lower), "sha1_after": ("file.hash.sha1", lower),
    "sha256_after": ("file.hash.sha256", lower),
    "size_after": ("file.size", integer), "uname_after": ("file.owner", text), "gname_after": ("file.group", text),
    "uid_after": ("file.uid", text), "gid_after": ("file.gid", text), "perm_after": ("file.mode", text),
    "inode_after": ("file.inode", text),
}  # fmt: skip
_GROUPS: Final = (
    ("authentication_failed", ["authentication"], ["start"], "failure"),
    ("authentication_failures", ["authentication"], ["start"], "failure"),
    ("invalid_login", ["authentication"], ["start"], "failure"),
    ("win_authentication_failed", ["authentication"], ["start"], "failure"),
    ("authentication_success", ["authentication"], ["start"], "success"), ("syscheck", ["file"], ["change"], None),
    ("rootcheck", ["host"], ["info"], None), ("vulnerability-detector", ["vulnerability"], ["info"], None),
    ("attack", ["intrusion_detection"], ["info"], None), ("ids", ["intrusion_detection", "network"], ["info"], None),
    ("malware", ["malware"], ["info"], None), ("virus", ["malware"], ["info"], None),
    ("web", ["web", "network"], ["access"], None),
    ("account_changed", ["iam"], ["change"], None), ("adduser", ["iam"], ["user", "creation"], None),
    ("firewall", ["network"], ["connection"], None),
    ("config_changed", ["configuration"], ["change"], None), ("syslog", ["host"], ["info"], None),
)  # fmt: skip


def _rule(event: Event, rule: dict[str, Any]) -> list[str]:
    event["rule.id"] = str(rule.get("id", rule.get("sidid", "")))
    name = text(rule.get("description", rule.get("comment")))
    if name:
        event["rule.name"] = name
        event["message"] = name
    groups = texts(rule.get("groups", rule.get("group"))) or []
    groups = [part.strip() for group in groups for part in group.split(",") if part.strip()]
    if groups:
        event["rule.category"] = groups[0]
        event["wazuh.rule.groups"] = groups
    level = integer(rule.get("level"))
    if level is not None:
        event["event.severity"] = _LEVEL[min(15, max(0, level))]
        event["taishi.severity_original"] = str(level)
    mitre = rule.get("mitre")
    if type(mitre) is dict:
        set_techniques(event, texts(mitre.get("id")) or [])
        set_tactics(event, texts(mitre.get("tactic")) or [])
        if names := texts(mitre.get("technique")):
            event["threat.technique.name"] = names
    for key in ("firedtimes", "frequency"):
        if (count := integer(rule.get(key))) is not None:
            event[f"wazuh.rule.{key}"] = count
    keep(event, "wazuh.rule.", rule, _RULE_SKIP)
    return groups


_RULE_SKIP: Final = dict.fromkeys(
    ("id", "sidid", "description", "comment", "groups", "group", "level", "mitre", "firedtimes", "frequency", "mail")
)


def _agent(event: Event, raw: dict[str, Any]) -> None:
    agent, manager = raw.get("agent"), raw.get("manager")
    if type(manager) is dict and (found := text(manager.get("name"))):
        event["observer.name"] = found
    if found := text(raw.get("location")):
        event["log.file.path"] = found
    if type(agent) is dict:
        for key, field in (("id", "agent.id"), ("name", "agent.name")):
            if found := text(agent.get(key)):
                event[field] = found
        if found := text(agent.get("name")):
            event["host.name"] = found
        if (address := ip(agent.get("ip"))) is not None:
            event["host.ip"] = [address]


def _predecoded(event: Event, raw: dict[str, Any]) -> None:
    predecoder = raw.get("predecoder")
    if type(predecoder) is dict:
        if found := text(predecoder.get("hostname")):
            event["host.hostname"] = found
        if found := text(predecoder.get("program_name")):
            event["process.name"] = found


def _windows(event: Event, part: dict[str, Any]) -> None:
    """`data.win`: keys are Windows names with a lower first letter."""
    system, data = part.get("system"), part.get("eventdata")
    system = system if type(system) is dict else {}
    data = {key[:1].upper() + key[1:]: value for key, value in data.items()} if type(data) is dict else {}
    for key, field in (
        ("channel", "winlog.channel"),
        ("providerName", "winlog.provider_name"),
        ("computer", "host.name"),
    ):
        if found := text(system.get(key)):
            event[field] = found
    number = integer(system.get("eventID"))
    if number is not None:
        event["event.code"] = event["winlog.event_id"] = str(number)
        row = EVENTS.get((source(event.get("winlog.channel", ""), event.get("winlog.provider_name", "")), number))
        if row is not None:
            event["event.category"], event["event.type"], event["event.action"] = list(row[0]), list(row[1]), row[2]
            if row[3]:
                event["event.outcome"] = row[3]
    apply(event, data, COMMON)
    for key, owner in PATHS.items():
        if (path := text(data.get(key))) and f"{owner}.executable" not in event:
            executable(event, owner, path)
    for key, field in (("TargetUserName", "user.name"), ("SubjectUserName", "user.name"), ("User", "user.name")):
        if found := text(data.get(key)):
            event.setdefault(field, found.rpartition("\\")[2])
    keep(event, "winlog.event_data.", data, {})


def _data(event: Event, data: dict[str, Any]) -> None:
    win = data.get("win")
    if type(win) is dict:
        _windows(event, win)
    _suricata(event, data.get("alert"))
    apply(event, data, _DATA)
    if (path := event.get("file.path")) is not None:
        file(event, path)
    if target := event.get("url.original"):
        url(event, target)
    vulnerability = data.get("vulnerability")
    if type(vulnerability) is dict:
        if cve := text(vulnerability.get("cve")):
            event["vulnerability.id"] = [cve]
        if severity := text(vulnerability.get("severity")):
            event["vulnerability.severity"] = severity
    keep(event, "wazuh.data.", data, _DATA_SKIP)


def _suricata(event: Event, alert: Any) -> None:
    """An EVE alert that Wazuh relays keeps its own rule."""
    if type(alert) is dict:
        if signature := text(alert.get("signature")):
            event["message"] = event["rule.name"] = signature
        if alert.get("signature_id") is not None:
            event["rule.id"] = str(alert["signature_id"])
        if category := text(alert.get("category")):
            event["rule.category"] = category


def _syscheck(event: Event, part: dict[str, Any]) -> None:
    if path := text(part.get("path")):
        if path.startswith(("HKEY_", "[x32] HKEY", "[x64] HKEY")):
            event["registry.path"] = path
        else:
            file(event, path)
    apply(event, part, _SYSCHECK)
    kind = text(part.get("event")) or "modified"
    event["event.action"] = kind
    event["event.type"] = [{"added": "creation", "deleted": "deletion"}.get(kind, "change")]
    event["event.category"] = ["registry" if "registry.path" in event else "file"]
    audit = part.get("audit")
    if type(audit) is dict:
        for key, field in (("user", "user.name"), ("process", "process.executable")):
            inner = audit.get(key)
            if type(inner) is dict and (found := text(inner.get("name"))):
                event[field] = found


def _classify(event: Event, groups: list[str]) -> None:
    event["event.category"], event["event.type"] = ["intrusion_detection"], ["info"]
    for name, category, types, outcome in _GROUPS:
        if name in groups:
            event["event.category"], event["event.type"] = list(category), list(types)
            if outcome:
                event["event.outcome"] = outcome
            return


def _roles(event: Event, groups: list[str]) -> None:
    """The agent's host is the victim unless the record names another destination."""
    roles(event, swap=False)
    if event.get("event.outcome") == "success" and "authentication_success" in groups:
        event["taishi.outcome"] = "unknown"
    elif blocked(event.get("event.action")):
        event["taishi.outcome"] = "failure"
    else:
        event["taishi.outcome"] = event.get("event.outcome", "unknown")
    if "taishi.victim.ip" not in event and event.get("host.ip"):
        event["taishi.victim.ip"] = event["host.ip"][0]
    if "host.name" in event:
        event["taishi.victim.host"] = event["host.name"]
    if "user.name" in event and "taishi.victim.user" not in event:
        event["taishi.victim.user"] = event["user.name"]


def parse(framed: Framed, received: Received) -> list[Event]:
    raw = load_object(framed, NAME)
    if type(raw.get("_source")) is dict:
        raw = raw["_source"]
    rule = raw.get("rule")
    if type(rule) is not dict or ("level" not in rule and "id" not in rule):
        raise ParseError("a Wazuh alert holds its `rule` with level and id", NAME)
    event: Event = dict(framed.syslog)
    event["event.module"] = NAME
    event["event.dataset"] = "wazuh.alerts"
    event["observer.vendor"], event["observer.product"], event["observer.type"] = "Wazuh", "Wazuh", "hids"
    event["event.kind"] = "alert"
    groups = _rule(event, rule)
    _classify(event, groups)
    _agent(event, raw)
    _predecoded(event, raw)
    if type(raw.get("data")) is dict:
        _data(event, raw["data"])
    if type(raw.get("syscheck")) is dict:
        _syscheck(event, raw["syscheck"])
    # OSSEC and early Wazuh put the decoded fields beside the rule.
    apply(event, raw, _BESIDE)
    if found := text(raw.get("full_log")):
        event["wazuh.full_log"] = found
    if found := text(raw.get("id")):
        event["wazuh.id"] = found
    decoder = raw.get("decoder")
    if type(decoder) is dict and (found := text(decoder.get("name"))):
        event["wazuh.decoder.name"] = found
    stamp(event, raw.get("timestamp", raw.get("@timestamp")), received)
    infer(event, *groups[:4], event.get("rule.name"))
    _roles(event, groups)
    if "source.ip" in event:
        network(event)
    return [relate(event)]


def sniff(framed: Framed) -> float:
    source = framed.body or framed.text
    if '"rule"' not in source or not holds_object(source):
        return 0.0
    return 0.97 if '"level"' in source and any(sign in source for sign in _SIGNS) else 0.0


_SIGNS: Final = ('"agent"', '"manager"', '"decoder"', '"full_log"')


PARSER = Parser(
    name=NAME,
    product="Wazuh (alerts.json)",
    data_kind="security",
    reference="https://documentation.wazuh.com/current/user-manual/manager/alert-management.html",
    parse=parse,
    sniff=sniff,
    markers=('"rule"',),
)
