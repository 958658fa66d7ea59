"""Documents of shippers (Beats, Logstash, Fluent Bit, Vector, OpenTelemetry) → the record that the shipper read.

A shipper wraps a line of a log: `message` holds it, the rest says where it was read. The line is what a format's parser
knows, so it is taken out, with what the envelope says as `Frame.known`. A document that says more than where it came from
(a Winlogbeat event, an ECS document, a product's own JSON) is a record itself and stays whole.

Source: Elastic Common Schema 9; Fluent Bit "tail" and "kubernetes" keys; journald export field names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import orjson

from collectors.framing import Frame
from taishi import clock
from taishi.event import Event

_TEXT: Final = ("message", "log", "_raw", "MESSAGE")
"""Where shippers put the line, the commonest first."""

_ENVELOPE: Final = frozenset(
    {
        "@timestamp", "@version", "@metadata", "message", "log", "_raw", "MESSAGE", "agent", "beat", "host", "hostname", "ecs",
        "input", "input_type", "prospector", "fields", "tags", "type", "offset", "source", "file", "path", "filepath",
        "stream", "time", "date", "timestamp", "_p", "_flag", "container", "kubernetes", "docker", "cloud", "orchestrator",
        "event", "fileset", "service", "data_stream", "metadata", "tag", "logtype", "source_type", "syslog", "process",
        "container_id", "container_name", "labels", "meta", "geoip_skip", "elastic_agent", "systemd", "journald", "port",
    }
)  # fmt: skip
"""Keys that say where a line was read. `source` and `process` only where they hold text or a name, see `_speaks`."""

_OWN_SOURCES: Final = ("suricata", "zeek", "winlog", "auditd")
LIMIT: Final = 256
"""Characters of an envelope's value that are kept."""


def record_of(document: Mapping[str, Any], raw: bytes | None = None) -> Frame:
    """The record a document holds. `raw` is the document as it was sent, where that is at hand: it is kept as it is.

    >>> record_of({"message": "<34>Oct 11 22:14:15 gw su: failed", "agent": {"type": "filebeat"}}).data
    b'<34>Oct 11 22:14:15 gw su: failed'
    """
    known = known_of(document)
    line = _line(document)
    if line is not None and not any(_speaks(key, document[key]) for key in document):
        return Frame(line.encode("utf-8", "replace"), known=known)
    return Frame(as_json(document) if raw is None else raw, known=None)


def record_of_text(data: bytes) -> Frame:
    """The record in a message of a queue: a shipper's document gives the line it wraps, all else is the record itself."""
    if data[:1] != b"{":
        return Frame(data)
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        return Frame(data)
    return record_of(document, data)


def as_json(document: Any) -> bytes:
    """What orjson refuses (numbers beyond 64 bits, half characters, keys that are no text), the slower way."""
    try:
        return orjson.dumps(document)
    except TypeError:
        return json.dumps(document, default=str).encode()


def _line(document: Mapping[str, Any]) -> str | None:
    for key in _TEXT:
        value = document.get(key)
        if isinstance(value, str) and value.strip():
            return value
    return None


def _speaks(key: str, value: Any) -> bool:
    """Whether a key says something of the event itself, and not only of where it was read."""
    head = key.partition(".")[0]
    if head not in _ENVELOPE:
        return True
    if head == "source":
        return not isinstance(value, str) or key != "source"
    if head == "event" and isinstance(value, dict):
        return not value.keys() <= {
            "original",
            "dataset",
            "module",
            "created",
            "ingested",
            "timezone",
            "sequence",
            "duration",
        }
    return False


def known_of(document: Mapping[str, Any]) -> Event:
    """What the envelope says in ECS names: the time it was read, the host, the file, the container."""
    known = time_known(document.get("@timestamp"))
    host = document.get("host")
    for name, value in (
        ("host.name", _at(host, "name") if isinstance(host, dict) else host or document.get("hostname")),
        ("host.hostname", _at(host, "hostname")),
        ("agent.type", _at(document.get("agent"), "type")),
        ("agent.name", _at(document.get("agent"), "name")),
        ("log.file.path", _at(_at(document.get("log"), "file"), "path") or document.get("filepath")),
        ("container.id", _at(document.get("container"), "id") or document.get("container_id")),
        ("container.name", _at(document.get("container"), "name") or document.get("container_name")),
    ):
        if isinstance(value, str) and value:
            known[name] = value[:LIMIT]
    return known


def _at(holder: Any, key: str) -> Any:
    return holder.get(key) if isinstance(holder, dict) else None


def sure_identity(documents: list[Any]) -> bool:
    """Whether no two different events could look like these documents, so that the same bytes sent again are the same
    events: each names a file and an offset, or an id of its own."""
    return bool(documents) and all(
        isinstance(one, dict) and ("_id" in one or isinstance(_at(one.get("log"), "offset"), int)) for one in documents
    )


def time_known(value: Any) -> Event:
    """`@timestamp` of an envelope's time, RFC 3339 text or epoch seconds; nothing for none, and for what is no time: then
    the record's own time counts, else that of the receipt."""
    try:
        seconds = clock.to_seconds(value) if isinstance(value, str) and ":" in value else float(value)
        return {"@timestamp": clock.to_text(seconds)}
    except (TypeError, ValueError, OverflowError):
        return {}
