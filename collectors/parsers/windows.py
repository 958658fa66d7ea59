"""Windows events in every JSON rendering and as XML: Security, Sysmon, PowerShell, Defender, System and the rest.

`winlog.channel`, `winlog.event_id` and `winlog.event_data.*` stay as they are, so that Sigma rules read them; the
common facts (process, user, source, registry, file) are also ECS fields. Times are UTC.

Reference: https://learn.microsoft.com/windows/win32/wes/eventschema-systempropertiestype-complextype
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import infer, set_techniques
from collectors.parsers._common import UNSET, body_of, holds_object, integer, ip, load_object, relate, split_user, text
from collectors.parsers._endpoint import executable, file, hashes
from collectors.parsers._firewall import network
from collectors.parsers._time import fallback
from collectors.parsers._time import parse as parse_time
from collectors.parsers._windows_fields import COMMON, EVENTS, FAILURES, FILES, LOGON_TYPES, PATHS, source
from collectors.parsers._windows_forms import Record, from_xml, read
from collectors.parsers._windows_sql import sql_audit
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "windows"
_LEVELS: Final = {
    "1": 90, "2": 60, "3": 50, "4": 10, "0": 10, "5": 5, "critical": 90, "error": 60, "warning": 50, "information": 10,
    "info": 10,
    "verbose": 5, "audit_success": 10, "audit_failure": 30, "debug": 5, "信息": 10, "警告": 50, "错误": 60, "关键": 90,
}  # fmt: skip
_TARGET_IS_USER: Final = frozenset(
    {4624, 4625, 4634, 4647, 4768, 4769, 4770, 4771, 4776, 4777, 4778, 4779, 4825, 4800, 4801}
)
"""Security events whose Target is who acted; elsewhere the Subject acts on the Target."""
_UTC: Final = Received(0.0, "UTC")


def _user(event: Event, field: str, name: str | None, domain: str | None, sid: str | None) -> None:
    if name and name not in UNSET:
        own, found = split_user(name)
        found_domain = own if "\\" in name else domain or own
        if found:
            event[f"{field}.name"] = found
        if found_domain and found_domain not in UNSET:
            event[f"{field}.domain"] = found_domain
    if sid and sid.startswith("S-1-") and sid != "S-1-0-0":
        event[f"{field}.id"] = sid


def _users(event: Event, record: Record, kind: str) -> None:
    get = record.data.get
    if kind == "sysmon" or "User" in record.data:
        _user(event, "user", get("User") or get("SourceUser"), None, None)
        if "user.name" in event:
            return
    subject = get("SubjectUserName"), get("SubjectDomainName"), get("SubjectUserSid")
    identity = get("TargetUserSid") or get("TargetSid")
    target = get("TargetUserName") or get("TargetAccount"), get("TargetDomainName"), identity
    if record.event_id in _TARGET_IS_USER and kind == "security" and target[0] not in UNSET:
        _user(event, "user", *target)
        if subject[0] and subject[0] not in UNSET:
            event["winlog.subject.user.name"] = subject[0]
    else:
        _user(event, "user", *subject)
        _user(event, "user.target", *target)
    if group := (target[0] if record.event_id in _GROUPS and kind == "security" else None):
        event["group.name"] = group
        event.pop("user.target.name", None)
        member = get("MemberName")
        if member and member not in UNSET:
            event["user.target.name"] = member.partition(",")[0].removeprefix("CN=").removeprefix("cn=")
        if (sid := get("MemberSid")) and sid.startswith("S-1-"):
            event["user.target.id"] = sid
    if "user.name" not in event:
        _user(event, "user", get("AccountName") or get("UserName") or get("param1" if kind == "terminal" else "-"),
            get("Domain"),
              record.user_sid)  # fmt: skip


_GROUPS: Final = frozenset({4727, 4728, 4729, 4730, 4731, 4732, 4733, 4734, 4735, 4737, 4754, 4755, 4756, 4757, 4758})


def _process(event: Event, record: Record, kind: str) -> None:
    data = record.data
    for key, owner in PATHS.items():
        path = data.get(key)
        if path and path not in UNSET and f"{owner}.executable" not in event:
            executable(event, owner, path)
    name = data.get("ProcessName")
    if name and name not in UNSET and "process.executable" not in event:
        executable(event, "process", name)
    own, parent = data.get("NewProcessId"), data.get("ProcessId")
    if own is not None:
        pid, above = integer(own), integer(parent)
        if above is not None:
            event.setdefault("process.parent.pid", above)
    else:
        pid = integer(parent) if parent is not None else None
    if pid is not None:
        event["process.pid"] = pid
    _files(event, record, kind)
    if "TargetImage" in data:
        executable(event, "winlog.target.process", data["TargetImage"])


def _files(event: Event, record: Record, kind: str) -> None:
    data = record.data
    if "Hashes" in data or "Hash" in data:
        owner = (
            "file" if record.event_id in {15, 23, 26, 27, 28, 29} else "dll" if record.event_id in {6, 7} else "process"
        )
        hashes(event, owner, data.get("Hashes") or data.get("Hash") or "")
    for key in FILES:
        if (path := data.get(key)) and path not in UNSET:
            file(event, path)
            break
    if kind == "security" and (path := data.get("ObjectName")) and path not in UNSET:
        if data.get("ObjectType") == "Key":
            event.setdefault("registry.path", path)
        elif data.get("ObjectType") == "File":
            file(event, path)


def _logon(event: Event, record: Record) -> None:
    kind = record.data.get("LogonType")
    if kind in LOGON_TYPES:
        event["winlog.logon.type"] = LOGON_TYPES[kind]
    reason = None
    for key in ("SubStatus", "Status", "FailureCode", "ErrorCode"):
        code = record.data.get(key, "").lower()
        if code and code.strip("0x") and (reason := FAILURES.get(code)):
            break
    if reason:
        event["event.reason"] = reason


def _detection(event: Event, record: Record) -> None:
    """Microsoft Defender's findings are alerts whose victim is the host."""
    data = record.data
    event["event.kind"] = "alert"
    severity = data.get("Severity Name", "").lower()
    event["event.severity"] = {"severe": 90, "high": 75, "moderate": 50, "medium": 50, "low": 30}.get(severity, 75)
    event["taishi.severity_original"] = data.get("Severity Name") or "Defender"
    path = (data.get("Path") or "").removeprefix("containerfile:_").removeprefix("file:_")
    path = path.partition(";")[0].partition("->")[0]
    if path and path not in UNSET:
        file(event, path)
    event.setdefault("rule.name", data.get("RuleName") or data.get("ID") or event.get("event.action", "detection"))
    if name := text(data.get("Process Name") or data.get("Process")):
        executable(event, "process", name)
    _user(event, "user", data.get("Detection User") or data.get("User"), None, None)
    action = (data.get("Action Name") or "").lower()
    done = any(word in action for word in ("quarantine", "remove", "clean", "block")) or record.event_id in {
        1121,
        1123,
        1126,
        1127,
    }
    event["taishi.outcome"] = "failure" if done else "unknown"
    event["event.type"] = ["denied"] if done else ["info"]
    if "user.name" in event:
        event["taishi.victim.user"] = event["user.name"]
    infer(event, event.get("rule.category"), event.get("rule.name"))


_DETECTIONS: Final = frozenset({1006, 1007, 1008, 1015, 1116, 1117, 1118, 1119, 1121, 1122, 1123, 1125, 1126, 1127})


def _shape(event: Event, record: Record, kind: str) -> None:
    event["event.kind"] = "event"
    row = EVENTS.get((kind, record.event_id or 0))
    if row is None and record.event_id in {104, 1102} and "eventlog" in record.provider.lower():
        row = EVENTS["security", 1102]
    if row is None:
        event["event.category"], event["event.type"] = ["host"], ["info"]
        named = record.task and not record.task.isdecimal()
        event["event.action"] = record.task if named else f"{kind}-{record.event_id}"
    else:
        event["event.category"], event["event.type"], event["event.action"] = list(row[0]), list(row[1]), row[2]
        if row[3]:
            event["event.outcome"] = row[3]
    keywords = record.keywords.lower()
    if "failure" in keywords or "0x8010" in keywords:
        event["event.outcome"] = "failure"
    elif "event.outcome" not in event and ("success" in keywords or "0x8020" in keywords):
        event["event.outcome"] = "success"
    if record.event_id in {4768, 4769, 4776} and kind == "security":
        code = (record.data.get("Status") or record.data.get("ErrorCode") or "0x0").lower()
        event["event.outcome"] = "success" if not code.strip("0x") else "failure"
    level = str(record.level if type(record.level) is not dict else "").lower()
    event["event.severity"] = _LEVELS.get(level, 10)
    if level:
        event["taishi.severity_original"] = level


_PRODUCTS: Final = {"sysmon": "Sysmon", "defender": "Defender Antivirus"}


def _head(event: Event, record: Record, kind: str) -> None:
    event["event.module"] = NAME
    event["event.dataset"] = "windows." + kind
    event["event.code"] = str(record.event_id)
    event["winlog.event_id"] = str(record.event_id)
    event["observer.vendor"] = "Microsoft"
    event["observer.product"] = _PRODUCTS.get(kind, "Windows")
    event["observer.type"] = "host"
    event["host.os.type"] = "windows"
    for field, value in (("winlog.channel", record.channel), ("winlog.provider_name", record.provider),
        ("event.provider",
                         record.provider), ("winlog.computer_name", record.computer),
                         ("winlog.record_id", record.record_id),
                         ("message", record.message)):  # fmt: skip
        if value:
            event[field] = value
    if record.computer:
        event["host.name"] = record.computer
        event["host.hostname"] = record.computer.partition(".")[0]
    if record.thread_id is not None:
        event["winlog.process.thread.id"] = record.thread_id
    if record.process_id is not None:
        event["winlog.process.pid"] = record.process_id


def _time(event: Event, record: Record, received: Received) -> None:
    found = parse_time(record.time, _UTC if type(record.time) is not str or "T" in record.time else received)
    if found is None or found[1] != "exact":
        own = record.data.get("UtcTime")
        exact = parse_time(own, _UTC) if own else None
        found = (exact[0], "exact") if exact else found
    if found is not None:
        event["@timestamp"], event["taishi.time.quality"] = found
    fallback(event, received)


@lru_cache(maxsize=4096)
def _names(key: str) -> tuple[str, tuple[str, Any] | None] | None:
    """(`winlog.event_data.<key>`, its ECS field and converter); cached, because a name is met a million times."""
    return (f"winlog.event_data.{key}", COMMON.get(key)) if len(key) <= 128 else None


def _data(event: Event, record: Record) -> None:
    for key, value in record.data.items():
        if not value or (names := _names(key)) is None:
            continue
        event[names[0]] = value
        known = names[1]
        if known is not None and value not in UNSET and known[0] not in event:
            converted = known[1](value)
            if converted is not None:
                event[known[0]] = converted


def _build(record: Record, framed: Framed, received: Received) -> Event:
    event: Event = dict(framed.syslog)
    event.pop("process.name", None)
    event.pop("process.pid", None)
    kind = source(record.channel, record.provider)
    _head(event, record, kind)
    _time(event, record, received)
    _shape(event, record, kind)
    _data(event, record)
    _users(event, record, kind)
    _process(event, record, kind)
    if event["event.category"][0] == "authentication":
        _logon(event, record)
    if kind == "sysmon" and "technique_id=" in record.data.get("RuleName", ""):
        set_techniques(event, record.data["RuleName"].split(","))
    if kind == "defender" and record.event_id in _DETECTIONS:
        _detection(event, record)
        if "host.name" in event:
            event["taishi.victim.host"] = event["host.name"]
    if record.event_id == 33205:
        sql_audit(event, record.data.get("Data") or record.data.get("param1") or "")
    if "dns.answers.data" in event:
        addresses = [found for found in map(ip, event["dns.answers.data"]) if found]
        if addresses:
            event["dns.resolved_ip"] = addresses
    if "destination.ip" in event:
        network(event)
    return relate(event)


def parse(framed: Framed, received: Received) -> list[Event]:
    body = body_of(framed)
    start = body.lstrip("\ufeff- \t\r\n")
    if "<Event" in body[:400] and start[:1] == "<":
        record = from_xml(body)
        if record.event_id is None:
            raise ParseError("a Windows event without an event id", NAME)
    else:
        record = read(load_object(framed, NAME))
        if not record.channel and not record.provider:
            raise ParseError("a Windows event names its channel or provider; this record has neither", NAME)
    return [_build(record, framed, received)]


def sniff(framed: Framed) -> float:
    body = framed.body or framed.text
    if "<Event" in body[:400] and "<System>" in body[:800]:
        return 0.95
    if not holds_object(body):
        return 0.0
    if '"winlog"' in body or '"winlog.' in body or '"event_data"' in body:
        return 0.94
    if '"EventID"' in body or '"EventId"' in body:
        return 0.9 if any(sign in body for sign in _SIGNS) else 0.0
    return 0.9 if '\\"EventID\\"' in body and "System" in body else 0.0


_SIGNS: Final = (
    '"Channel"',
    '"SourceName"',
    '"ProviderName"',
    '"Provider"',
    '"System"',
    '"Provider_Name"',
    '"EventLog"',
)

PARSER = Parser(
    name=NAME,
    product="Windows events (Winlogbeat, NXLog, evtx_dump, WEF XML), Sysmon, PowerShell, Defender",
    data_kind="platform",
    reference="https://learn.microsoft.com/windows/win32/wes/eventschema-systempropertiestype-complextype",
    parse=parse,
    sniff=sniff,
    markers=("<Event", "winlog", "event_data", "EventI"),
)
