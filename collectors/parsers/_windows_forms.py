"""The many shapes in which a Windows event travels → one record: what `System` says, and the event's data by name.

Shapes: Winlogbeat/Elastic (nested or dotted, version 6 and later), NXLog and other flat JSON (HELK, OTRF, Sentinel),
evtx_dump and xmltodict JSON (`Event.System`, attributes under `#attributes` or `@Name`), XML (Event Viewer, WEF).
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from collectors.parsers._common import integer, keep
from taishi.errors import ParseError

NAME: Final = "windows"


@dataclass(slots=True)
class Record:
    """One Windows event. `data` holds EventData or UserData values as texts, by their names."""

    event_id: int | None = None
    channel: str = ""
    provider: str = ""
    computer: str = ""
    time: Any = None
    record_id: str = ""
    level: Any = None
    keywords: str = ""
    task: str = ""
    opcode: str = ""
    process_id: int | None = None
    thread_id: int | None = None
    user_sid: str = ""
    message: str = ""
    data: dict[str, str] = field(default_factory=dict)


def _value(value: Any) -> str:
    if type(value) is str:
        return value
    if value is None:
        return ""
    if type(value) is dict:
        inner = value.get("#text", value.get("text", value.get("Value", "")))
        return inner if type(inner) is str else "" if inner is None else str(inner)
    if type(value) is list:
        return ",".join(map(_value, value[:256]))
    return "" if value is None else str(value)


def _attribute(part: Any, name: str) -> str:
    """An XML attribute in any JSON rendering: under `#attributes` or `attributes`, as `@Name`, as `Name`."""
    if type(part) is not dict:
        return ""
    for holder in (part.get("#attributes"), part.get("attributes"), part):
        if type(holder) is dict:
            found = holder.get(name, holder.get(f"@{name}"))
            if found is not None:
                return _value(found)
    return ""


def _named(part: Any) -> dict[str, str]:
    """EventData in any rendering: a plain object, `Data: [{"@Name", "#text"}]`, or a list of unnamed values."""
    if type(part) is list:
        part = {"Data": part}
    if type(part) is not dict:
        return {}
    items = part.get("Data")
    if items is None or type(items) is str:
        return {
            key: _value(value)
            for key, value in part.items()
            if type(key) is str and not key.startswith(("#", "@")) and key != "xmlns"
        }
    found: dict[str, str] = {}
    for index, item in enumerate(items if type(items) is list else [items], start=1):
        name = _attribute(item, "Name") if type(item) is dict else ""
        if len(found) < 256:
            found[name or f"param{index}"] = _value(item)
    if type(items) is dict and not _attribute(items, "Name"):
        return {key: _value(value) for key, value in items.items() if not key.startswith(("#", "@"))}
    return found


def _user_data(part: Any) -> dict[str, str]:
    """UserData holds one element of the provider's own; its children are the data."""
    if type(part) is not dict:
        return {}
    for key, inner in part.items():
        if type(inner) is dict and not key.startswith(("#", "@")):
            return {name: _value(value) for name, value in inner.items() if not name.startswith(("#", "@", "xmlns"))}
    return {key: _value(value) for key, value in part.items() if not key.startswith(("#", "@"))}


def from_event(raw: dict[str, Any]) -> Record:
    """evtx_dump, xmltodict and similar: `{"Event": {"System": …, "EventData": …}}`."""
    system = raw.get("System")
    if type(system) is not dict:
        raise ParseError("a Windows event without its System part", NAME)
    execution = system.get("Execution")
    rendering = raw.get("RenderingInfo")
    time = _attribute(system.get("TimeCreated"), "SystemTime") or _value(system.get("TimeCreated"))
    return Record(
        event_id=integer(_value(system.get("EventID"))),
        channel=_value(system.get("Channel")),
        provider=_attribute(system.get("Provider"), "Name") or _value(system.get("ProviderName")),
        computer=_value(system.get("Computer")),
        time=time,
        record_id=_value(system.get("EventRecordID")),
        level=system.get("Level"),
        keywords=_value(system.get("Keywords")),
        task=_value(system.get("Task")),
        opcode=_value(system.get("Opcode")),
        process_id=integer(_attribute(execution, "ProcessID")),
        thread_id=integer(_attribute(execution, "ThreadID")),
        user_sid=_attribute(system.get("Security"), "UserID"),
        message=_value(rendering.get("Message")) if type(rendering) is dict else "",
        data=_named(raw.get("EventData")) or _user_data(raw.get("UserData")),
    )


def _texts(part: Any) -> dict[str, str]:
    if type(part) is not dict:
        return {}
    flat: dict[str, Any] = {}
    keep(flat, "", part, {})
    return {key: value if type(value) is str else _value(value) for key, value in flat.items()}


def _dotted(raw: dict[str, Any]) -> dict[str, Any]:
    """`winlog.event_data.Image` keys → the nesting Winlogbeat had."""
    winlog: dict[str, Any] = {"event_data": {}}
    for key, value in raw.items():
        if key.startswith("winlog.event_data."):
            winlog["event_data"][key[18:]] = value
        elif key.startswith("winlog."):
            winlog[key[7:]] = value
    return winlog


def from_winlogbeat(raw: dict[str, Any]) -> Record:
    """Winlogbeat, Elastic Agent, and what was exported from Elasticsearch (`_source`)."""
    winlog = raw.get("winlog")
    if type(winlog) is not dict:
        winlog = _dotted(raw) if any(key.startswith("winlog.") for key in raw) else raw
    event = raw.get("event")
    event = event if type(event) is dict else {}
    process = winlog.get("process")
    process = process if type(process) is dict else {}
    thread = process.get("thread")
    user = winlog.get("user")
    host = raw.get("host")
    named = _value(host.get("name")) if type(host) is dict else ""
    log = raw.get("log")
    return Record(
        event_id=integer(winlog.get("event_id", event.get("code", raw.get("event.code")))),
        channel=_value(winlog.get("channel", winlog.get("log_name"))),
        provider=_value(winlog.get("provider_name", winlog.get("source_name", event.get("provider")))),
        computer=_value(winlog.get("computer_name")) or named,
        time=raw.get("@timestamp"),
        record_id=_value(winlog.get("record_id", winlog.get("record_number"))),
        level=winlog.get("level") or (log.get("level") if type(log) is dict else None),
        keywords=_value(winlog.get("keywords")),
        task=_value(winlog.get("task")),
        opcode=_value(winlog.get("opcode")),
        process_id=integer(process.get("pid", winlog.get("process_id"))),
        thread_id=integer(thread.get("id")) if type(thread) is dict else integer(winlog.get("thread_id")),
        user_sid=_value(user.get("identifier")) if type(user) is dict else "",
        message=_value(raw.get("message")),
        data=_texts(winlog.get("event_data")) or _texts(winlog.get("user_data")),
    )


_SYSTEM: Final = frozenset(
    {
        "EventID", "EventId", "event_id", "Channel", "SourceName", "ProviderName", "Provider_Name", "ProviderGuid",
        "Provider",
        "Hostname", "Computer", "ComputerName", "EventTime", "@timestamp", "@version", "TimeCreated", "TimeGenerated",
        "SystemTime",
        "UtcTimeStamp", "RecordNumber", "EventRecordID", "Severity", "SeverityValue", "Level", "Keywords", "Task",
        "Opcode",
        "OpcodeValue", "ExecutionProcessID", "ThreadID", "Message", "EventReceivedTime", "SourceModuleName",
        "SourceModuleType",
        "port", "host", "tags", "type", "timestamp", "Version", "EventTypeOrignal", "Guid", "Execution_ProcessID",
        "Execution_ThreadID", "Security_UserID", "EventLog", "LogName", "EventData", "winlog", "agent",
    }
)  # fmt: skip


def _first(raw: dict[str, Any], *names: str) -> Any:
    for name in names:
        value = raw.get(name)
        if value is not None and value != "":
            return value
    return None


def from_flat(raw: dict[str, Any]) -> Record:
    """NXLog, HELK/OTRF, Sentinel: system and event fields side by side, named as in the XML."""
    data = {
        key: value if type(value) is str else _value(value)
        for key, value in raw.items()
        if key not in _SYSTEM and type(value) is not dict
    }
    inner = raw.get("EventData")
    if type(inner) is dict:
        data.update(_named(inner))
    elif type(inner) is str and "<Data" in inner:
        data.update(_xml_data(inner))
    return Record(
        event_id=integer(_first(raw, "EventID", "EventId", "event_id")),
        channel=_value(_first(raw, "Channel", "LogName", "EventLog", "log_name")),
        provider=_value(_first(raw, "SourceName", "ProviderName", "Provider_Name", "Provider", "source_name")),
        computer=_value(_first(raw, "Hostname", "Computer", "ComputerName", "computer_name")),
        time=_first(
            raw, "@timestamp", "SystemTime", "TimeCreated", "TimeGenerated", "EventTime", "UtcTime", "timestamp"
        ),
        record_id=_value(_first(raw, "RecordNumber", "EventRecordID")),
        level=_first(raw, "Severity", "Level"),
        keywords=_value(_first(raw, "Keywords")),
        task=_value(_first(raw, "Task", "Category")),
        opcode=_value(_first(raw, "Opcode")),
        process_id=integer(_first(raw, "ExecutionProcessID", "Execution_ProcessID")),
        thread_id=integer(_first(raw, "ThreadID", "Execution_ThreadID")),
        user_sid=_value(_first(raw, "UserID", "Security_UserID")),
        message=_value(_first(raw, "Message")),
        data=data,
    )


# One `<Data Name="…">…</Data>`; attribute quotes are either kind.
_DATA: Final = re.compile(r"<Data(?: Name=[\"']([^\"']{1,128})[\"'])?\s*(?:/>|>([^<]*+)</Data>)")
_ELEMENT: Final = re.compile(r"<([A-Za-z]{1,64})(?:\s[^<>]*+)?>([^<]*+)</")
_PROVIDER: Final = re.compile(r"<Provider [^>]*?Name=[\"']([^\"']*)[\"']")
_SYSTEM_TIME: Final = re.compile(r"SystemTime=[\"']([^\"']*)[\"']")
_EXECUTION: Final = re.compile(r"<Execution ProcessID=[\"'](\d{1,10})[\"'] ThreadID=[\"'](\d{1,10})[\"']")
_USER: Final = re.compile(r"<Security UserID=[\"']([^\"']*)[\"']")


def _xml_data(part: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for index, (name, value) in enumerate(_DATA.findall(part), start=1):
        if len(found) < 256:
            found[name or f"param{index}"] = html.unescape(value)
    return found


def _group(pattern: re.Pattern[str], part: str, number: int = 1) -> str:
    found = pattern.search(part)
    return html.unescape(found[number]) if found else ""


def from_xml(source: str) -> Record:
    """An `<Event>` element as text, read without an XML parser: no entities to expand, no depth to exhaust."""
    start, end = source.find("<System>"), source.find("</System>")
    if start < 0 or end < start:
        raise ParseError("an <Event> without its <System> part", NAME)
    system, rest = source[start:end], source[end:]
    values = {name: html.unescape(value) for name, value in _ELEMENT.findall(system)}
    data = _xml_data(rest)
    user = rest.find("<UserData")
    if not data and user >= 0:
        data = {name: html.unescape(value) for name, value in _ELEMENT.findall(rest[user:])[:256]}
    rendered = rest.find("<RenderingInfo")
    message = dict(_ELEMENT.findall(rest[rendered:])).get("Message", "") if rendered >= 0 else ""
    return Record(
        event_id=integer(values.get("EventID")), channel=values.get("Channel", ""), provider=_group(_PROVIDER, system),
        computer=values.get("Computer", ""), time=_group(_SYSTEM_TIME, system),
            record_id=values.get("EventRecordID", ""),
        level=values.get("Level"), keywords=values.get("Keywords", ""), task=values.get("Task", ""),
            opcode=values.get("Opcode", ""),
        process_id=integer(_group(_EXECUTION, system)), thread_id=integer(_group(_EXECUTION, system, 2)),
        user_sid=_group(_USER, system), message=html.unescape(message), data=data,
    )  # fmt: skip


def _inner(raw: dict[str, Any]) -> dict[str, Any] | str:
    """The event inside a wrapper: `_source`, `body`, `Event`, `event.original` of forwarders."""
    for key in ("_source", "body", "_raw"):
        inner = raw.get(key)
        if type(inner) is dict:
            return inner
        if type(inner) is str and inner[:1] == "{":
            try:
                found = orjson.loads(inner)
            except orjson.JSONDecodeError as error:
                raise ParseError(f"broken JSON inside `{key}`: {error}", NAME) from error
            return found if type(found) is dict else raw
        if type(inner) is str and inner.lstrip()[:6] == "<Event":
            return inner
    return raw


def read(raw: dict[str, Any]) -> Record:
    """Any JSON rendering → Record; raises ParseError where there is no event id."""
    inner = _inner(raw)
    if type(inner) is str:
        return from_xml(inner)
    assert type(inner) is dict  # noqa: S101 - _inner returns text or object
    event = inner.get("Event")
    if type(event) is list and event:
        event = event[0]
    if type(event) is dict:
        record = from_event(event)
    elif type(inner.get("System")) is dict:
        record = from_event(inner)
    elif "winlog" in inner or "event_data" in inner or "winlog.event_id" in inner or "winlog.channel" in inner:
        record = from_winlogbeat(inner)
    else:
        record = from_flat(inner)
    if record.event_id is None:
        raise ParseError("a Windows event without an event id", NAME)
    return record
