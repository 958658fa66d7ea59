"""osquery: results of scheduled queries (differential, batch, snapshot) and the daemon's status, one JSON object a line.

A row that appeared or went is an event; columns that name a process, file, user or address become ECS fields, all of them
stay under `osquery.columns`.
Reference: https://osquery.readthedocs.io/en/stable/deployment/logging/
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import Fields, apply, integer, ip, keep, lower, port, text, transport
from collectors.parsers._documents import Product, begin, close, other, says
from collectors.parsers._endpoint import base, file
from collectors.parsers._time import stamp
from taishi.event import Event

NAME: Final = "osquery"
FIELDS: Final[Fields] = {
    "name": ("rule.name", text),
    "hostIdentifier": ("host.hostname", text),
    "host_identifier": ("host.hostname", text),
    "decorations.host_uuid": ("host.id", text),
    "decorations.hostname": ("host.hostname", text),
    "decorations.username": ("user.name", text),
    "action": ("event.action", text),
    "columns.pid": ("process.pid", integer),
    "columns.parent": ("process.parent.pid", integer),
    "columns.cmdline": ("process.command_line", text),
    "columns.command": ("process.command_line", text),
    "columns.cwd": ("process.working_directory", text),
    "columns.process": ("process.name", text),
    "columns.process_name": ("process.name", text),
    "columns.username": ("user.name", text),
    "columns.user": ("user.name", text),
    "columns.uid": ("user.id", text),
    "columns.gid": ("group.id", text),
    "columns.directory": ("file.directory", text),
    "columns.source_url": ("url.full", text),
    "columns.type": ("osquery.columns.type", text),
    "columns.md5": ("file.hash.md5", lower),
    "columns.sha1": ("file.hash.sha1", lower),
    "columns.sha256": ("file.hash.sha256", lower),
    "columns.size": ("file.size", integer),
    "columns.local_address": ("source.ip", ip),
    "columns.local_port": ("source.port", port),
    "columns.remote_address": ("destination.ip", ip),
    "columns.remote_port": ("destination.port", port),
    "columns.protocol": ("network.transport", transport),
    "columns.host": ("source.address", text),
    "columns.bundle_identifier": ("package.name", text),
    "message": ("message", text),
    "filename": ("log.file.path", text),
    "version": ("agent.version", text),
}
PRODUCT: Final = Product(
    NAME, "osquery", "osquery", "host", "osquery.", FIELDS, ("unixTime", "unixtime", "calendarTime")
)
_KINDS: Final = {"added": "start", "removed": "end", "snapshot": "info"}


def _times(flat: dict[str, Any]) -> Any:
    for name in PRODUCT.times:
        value = flat.get(name)
        if isinstance(value, str) and value.isdecimal() and len(value) < 12:
            return int(value)
        if value is not None and name != "calendarTime":
            return value
    said = text(flat.get("calendarTime"))
    return said.removesuffix(" UTC") + " UTC" if said else None


def _rows(event: Event, flat: dict[str, Any], received: Received) -> None:
    apply(event, flat, FIELDS)
    stamp(event, _times(flat), received)
    keep(event, "osquery.", flat, FIELDS)
    for key in ("columns.path", "columns.target_path", "columns.on_disk"):
        if (path := text(flat.get(key))) and path.startswith(("/", "C:", "\\")):
            file(event, path)
            break
    if (address := event.pop("source.address", None)) and (found := ip(address)):
        event.setdefault("source.ip", found)
    if name := text(flat.get("columns.name")):
        event.setdefault("process.name", name) if "columns.pid" in flat else event.setdefault(
            "osquery.columns.name", name
        )
    if command := event.get("process.command_line"):
        event.setdefault("process.name", base(command.split(" ", 1)[0].strip('"'))[:255] or "-")


def parse(framed: Framed, received: Received) -> list[Event]:
    event, flat = begin(PRODUCT, framed, received)
    _rows(event, flat, received)
    if "severity" in flat and "filename" in flat:
        event["event.dataset"] = "osquery.status"
        event.pop("rule.name", None)
        event["event.severity"] = (10, 50, 60, 90)[min(3, max(0, integer(flat["severity"]) or 0))]
        event["log.level"] = ("info", "warning", "error", "fatal")[min(3, max(0, integer(flat["severity"]) or 0))]
        other(event, "process")
    else:
        event["event.dataset"] = "osquery.result"
        event.setdefault("event.action", "snapshot")
        category = "process" if "process.pid" in event or "process.command_line" in event else (
            "network" if "destination.ip" in event else "file" if "file.path" in event else "host")  # fmt: skip
        other(event, category, _KINDS.get(event["event.action"], "info") if category == "process" else "info")
    if name := event.get("host.hostname"):
        event["host.name"] = name
    return close(event)


def sniff(framed: Framed) -> float:
    if says(framed, ("columns", "name"), ("action",)) or says(
        framed, ("hostIdentifier",), ("columns", "snapshot", "diffResults")
    ):
        return 0.96
    return 0.9 if says(framed, ("hostIdentifier", "filename", "severity", "line")) else 0.0


PARSER = Parser(
    name=NAME,
    product="osquery",
    data_kind="platform",
    reference="https://osquery.readthedocs.io/en/stable/deployment/logging/",
    parse=parse,
    sniff=sniff,
    markers=('"columns"', '"hostIdentifier"'),
)
