"""Falco runtime security: rule hits on system calls, containers and Kubernetes, as JSON (also Falcosidekick) or text.

`output_fields` carry what the rule saw. `priority` is a syslog word; a hit is an alert on the host, container and process.
Reference: https://falco.org/docs/concepts/outputs/formatting/
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import set_techniques
from collectors.parsers._common import Fields, apply, integer, ip, keep, load_object, port, text
from collectors.parsers._documents import Product, close, opened, says
from collectors.parsers._documents import severity as rate
from collectors.parsers._endpoint import executable, file
from collectors.parsers._ids import alert
from collectors.parsers._text import header, spaced_pairs
from collectors.parsers._time import fallback, stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "falco"
FIELDS: Final[Fields] = {
    "proc.name": ("process.name", text),
    "process": ("process.name", text),
    "proc.pid": ("process.pid", integer),
    "proc.ppid": ("process.parent.pid", integer),
    "proc.cmdline": ("process.command_line", text),
    "command": ("process.command_line", text),
    "cmdline": ("process.command_line", text),
    "proc.pname": ("process.parent.name", text),
    "parent": ("process.parent.name", text),
    "proc.pcmdline": ("process.parent.command_line", text),
    "proc.cwd": ("process.working_directory", text),
    "user.name": ("user.name", text),
    "user": ("user.name", text),
    "user.uid": ("user.id", text),
    "user_uid": ("user.id", text),
    "container.id": ("container.id", text),
    "container_id": ("container.id", text),
    "container.name": ("container.name", text),
    "container_name": ("container.name", text),
    "container.image.repository": ("container.image.name", text),
    "container_image_repository": ("container.image.name", text),
    "k8s.ns.name": ("orchestrator.namespace", text),
    "k8s.pod.name": ("orchestrator.resource.name", text),
    "k8s_ns": ("orchestrator.namespace", text),
    "k8s_pod_name": ("orchestrator.resource.name", text),
    "fd.sip": ("destination.ip", ip),
    "fd.sport": ("destination.port", port),
    "fd.cip": ("source.ip", ip),
    "fd.cport": ("source.port", port),
    "fd.rip": ("destination.ip", ip),
    "fd.rport": ("destination.port", port),
    "ka.user.name": ("user.name", text),
    "ka.verb": ("event.action", text),
    "ka.target.name": ("orchestrator.resource.name", text),
    "ka.target.namespace": ("orchestrator.namespace", text),
    "evt.type": ("event.action", text),
    "evt_type": ("event.action", text),
}
PRODUCT: Final = Product(NAME, "Falco", "Falco", "edr", "falco.", FIELDS, ("time",), "falco.alerts")
_SEVERITIES: Final = {"emergency": 95, "alert": 92, "critical": 90, "error": 70, "warning": 55, "notice": 40,
    "informational": 20, "info": 20, "debug": 5}  # fmt: skip
_TEXT: Final = re.compile(
    r"(?:(\d\d:\d\d:\d\d\.\d{1,9}): )?"
    r"(Emergency|Alert|Critical|Error|Warning|Notice|Informational|Debug) ([^\n]++)",
    re.IGNORECASE,
)


def _json(framed: Framed, received: Received) -> Event:
    raw = load_object(framed, NAME)
    event = opened(PRODUCT, framed, received)
    stamp(event, raw.get("time"), received)
    output = text(raw.get("output")) or ""
    event["message"] = output
    event["rule.name"] = text(raw.get("rule")) or "rule"
    rate(event, raw.get("priority"), _SEVERITIES)
    if host := text(raw.get("hostname")):
        event["host.name"] = host
    if uuid := text(raw.get("uuid")):
        event["falco.uuid"] = uuid
    if kind := text(raw.get("source")):
        event["rule.ruleset"] = kind
    tags = raw.get("tags")
    words = [str(tag) for tag in tags[:64]] if isinstance(tags, list) else []
    if words:
        event["tags"] = words
        set_techniques(event, words)
        event["rule.category"] = next(
            (tag.removeprefix("mitre_") for tag in words if tag.startswith("mitre_")), words[0]
        )
    fields = raw.get("output_fields")
    if isinstance(fields, dict):
        _fields(event, fields)
    return event


def _fields(event: Event, fields: dict[str, Any]) -> None:
    apply(event, fields, FIELDS)
    keep(event, "falco.output_fields.", fields, FIELDS)
    if path := text(fields.get("proc.exepath") or fields.get("exe_path")):
        executable(event, "process", path)
    name = text(fields.get("fd.name") or fields.get("file"))
    if name and name.startswith("/"):
        file(event, name)
    elif name and "->" in name:
        client, _, server = name.partition("->")
        for side, found in (("source", client), ("destination", server)):
            address, _, number = found.rpartition(":")
            if ip(address) and port(number) is not None:
                event.setdefault(f"{side}.ip", ip(address))
                event.setdefault(f"{side}.port", port(number))


def _text(framed: Framed, received: Received) -> Event:
    event, body = header(framed, received)
    body = body.removeprefix("falco: ").strip()
    found = _TEXT.match(body)
    if found is None:
        raise ParseError("no priority of Falco at the start", NAME)
    event.update(opened(PRODUCT, Framed(text="{"), received))
    if host := event.get("host.hostname"):
        event["host.name"] = host
    for name in ("process.name", "process.pid"):
        event.pop(name, None)
    fallback(event, received)
    message = found[3].strip()
    at = message.rfind(" (")
    title, pairs = (message[:at], message[at + 2 :].rstrip(")")) if at > 0 and message.endswith(")") else (message, "")
    if not pairs and " | " in message:
        title, _, pairs = message.partition(" | ")
    event["message"], event["rule.name"] = message, title[:256]
    rate(event, found[2], _SEVERITIES)
    _fields(event, dict(spaced_pairs(pairs or message)))
    return event


def parse(framed: Framed, received: Received) -> list[Event]:
    body = framed.body or framed.text
    event = _json(framed, received) if "{" in body[:200] and '"output' in body else _text(framed, received)
    if "host.name" not in event and "user.name" not in event:
        event["host.name"] = event.get("container.id") or "unknown"
    alert(event, blocked=None, category="process")
    event["taishi.victim.host"] = event.get("host.name") or event.get("container.id") or "unknown"
    return close(event)


def sniff(framed: Framed) -> float:
    if says(framed, ("output", "priority", "rule"), ("output_fields", "time")):
        return 0.97
    if framed.syslog.get("process.name") == "falco":
        return 0.95
    body = framed.text[:120]
    if "falco" in body and ("falco: " in body or "falco[" in body):
        return 0.9
    found = _TEXT.match(framed.text[:64]) if framed.text[:1].isdecimal() else None
    return (
        0.85 if found is not None and found[1] and ("container_id=" in framed.text or "user=" in framed.text) else 0.0
    )


PARSER = Parser(
    name=NAME,
    product="Falco",
    data_kind="security",
    reference="https://falco.org/docs/concepts/outputs/formatting/",
    parse=parse,
    sniff=sniff,
    markers=('"output"', "falco", "container_id=", "user="),
)
