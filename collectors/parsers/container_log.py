"""Container runtimes: what containers print, as Docker's json-file and containerd's CRI lines, and what the runtimes say.

The printed line is the message: its own format is unknown here, so a login failure or an address in it is for the generic
reading of a source that names its parser. Docker events and daemon lines (`time=… level=… msg=…`) say what was done to a container.
Reference: https://docs.docker.com/engine/logging/drivers/json-file/ and the Kubernetes CRI logging format
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import Fields, apply, keep, load_object, text
from collectors.parsers._documents import flatten
from collectors.parsers._service import close, level, opened
from collectors.parsers._text import spaced_pairs
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "container_log"
_CRI: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([FP]) ")
_DAEMON: Final = re.compile(r'time="\d{4}-\d\d-\d\dT[^"]{8,30}" level=\w{3,8} msg=')
FIELDS: Final[Fields] = {
    "Actor.Attributes.name": ("container.name", text), "Actor.Attributes.image": ("container.image.name", text),
    "Actor.ID": ("container.id", text), "id": ("container.id", text), "from": ("container.image.name", text),
    "Action": ("event.action", text), "Type": ("docker.type", text), "attrs.tag": ("docker.tag", text),
    "container": ("container.id", text), "containerID": ("container.id", text), "status": ("docker.status", text),
}  # fmt: skip


def _printed(event: Event, stream: str, said: str) -> None:
    event["event.dataset"], event["event.action"] = "docker.container", "container-output"
    event["event.category"], event["event.type"] = ["process"], ["info"]
    event["docker.stream"] = stream
    event["message"] = said.rstrip("\n")
    if stream == "stderr":
        event["event.severity"] = 25


def _object(event: Event, raw: dict[str, Any], received: Received) -> None:
    if "log" in raw and "stream" in raw:
        _printed(event, str(raw["stream"]), str(raw["log"]))
        stamp(event, raw.get("time"), received)
        keep(event, "docker.", raw, frozenset({"log", "stream", "time"}))
        return
    flat = flatten(raw)
    apply(event, flat, FIELDS)
    stamp(event, flat.get("timeNano") or flat.get("time"), received)
    keep(event, "docker.", flat, FIELDS)
    action = str(event.get("event.action", ""))
    kind = {"create": "creation", "start": "start", "die": "end", "stop": "end", "kill": "end", "destroy": "deletion"}
    event["event.category"], event["event.type"] = ["process"], [kind.get(action.partition(":")[0], "info")]
    event["event.dataset"] = "docker.event"
    event["message"] = f"{raw.get('Type', '')} {action}".strip()
    if action.startswith("exec_"):
        event["process.command_line"] = action.partition(": ")[2] or action


def parse(framed: Framed, received: Received) -> list[Event]:
    body = framed.body or framed.text
    found = _CRI.match(framed.text)
    event, said = opened(NAME, "docker.daemon", Framed(framed.text) if found else framed, received, "process")
    event["observer.type"] = "orchestrator"
    if found is not None:
        _printed(event, found[2], framed.text[found.end() :])
        stamp(event, found[1], received)
    elif body[:1] == "{":
        _object(event, load_object(framed, NAME), received)
    else:
        pairs = spaced_pairs(said)
        if "msg" not in pairs:
            raise ParseError("no line of a container runtime", NAME)
        stamp(event, pairs.get("time"), received)
        level(event, pairs.get("level", "info"))
        event["message"] = pairs["msg"]
        apply(event, pairs, FIELDS)
        keep(event, "docker.", pairs, frozenset({*FIELDS, "time", "level", "msg"}))
    return close(event, received)


def sniff(framed: Framed) -> float:
    body = framed.body or framed.text
    if body[:1] == "{":
        if '"stream":"std' in body and '"log":"' in body:
            return 0.85
        return 0.9 if '"timeNano"' in body and '"Actor"' in body else 0.0
    if _CRI.match(framed.text):
        return 0.7
    if framed.syslog.get("process.name") in {"dockerd", "containerd"}:
        return 0.93
    return (
        0.85
        if _DAEMON.search(framed.text, 0, 200) and ("containerd" in framed.text or "dockerd" in framed.text)
        else 0.0
    )


PARSER = Parser(
    name=NAME,
    product="Docker, containerd",
    data_kind="platform",
    reference="https://docs.docker.com/engine/logging/drivers/json-file/",
    parse=parse,
    sniff=sniff,
    markers=('"stream":"std', '"timeNano"', " stdout ", " stderr ", "dockerd", "containerd"),
)
