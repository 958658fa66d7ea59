"""Zeek logs (formerly Bro), as JSON lines or as TSV with its `#fields` header, for every log path.

JSON names its log in `_path` (json-streaming-logs, Corelight) or `@path`, or is told by its keys. TSV is read through
`session()`: the `#` lines give separator, path, fields and types for the lines after them. `-` is unset, `(empty)` an
empty set; times are epoch seconds or ISO 8601, always UTC. Fields without an ECS place stay under `zeek.<path>.*`.

Reference: https://docs.zeek.org/en/current/log-formats.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from collectors.parser import Framed, Parse, Parser, Received
from collectors.parsers._common import body_of, holds_object, ip, keep, load_object, relate
from collectors.parsers._firewall import network
from collectors.parsers._time import epoch, fallback
from collectors.parsers._time import parse as parse_time
from collectors.parsers._zeek_fields import COMMON, ICS_FIELDS, PATHS, SECRETS, SIGNS, industrial
from collectors.parsers._zeek_logs import finish, shape
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "zeek"
_PATH_KEYS: Final = ("_path", "@path", "_log_type", "path_name")
_SKIP: Final = {**dict.fromkeys(("ts", "_path", "@path", "_write_ts", "_system_name", "_node", "_log_type", "id"))}
_HIDDEN: Final = {**_SKIP, **dict.fromkeys(SECRETS)}
_FIELDS: Final = {path: {**COMMON, **fields} for path, fields in PATHS.items()}
_ICS: Final = {**COMMON, **ICS_FIELDS}


def _infer(raw: dict[str, Any]) -> str:
    keys = raw.keys()
    for path, signs in SIGNS:
        if signs <= keys:
            return path
    return "unknown"


def _nested(raw: dict[str, Any]) -> dict[str, Any]:
    """`{"id": {"orig_h": …}}` (Filebeat, some forwarders) → `id.orig_h`; also `{"zeek": {"conn": {…}}}`."""
    flat: dict[str, Any] = {}
    for key, value in raw.items():
        if type(value) is dict and key in {"id", "certificate", "san", "seen", "basic_constraints", "bound", "request"}:
            for name, inner in value.items():
                flat[f"{key}.{name}"] = inner
        else:
            flat[key] = value
    return flat


def _build(path: str, raw: dict[str, Any], received: Received, syslog: Event) -> Event:
    event: Event = dict(syslog)
    event["event.module"] = NAME
    event["event.dataset"] = f"zeek.{path}"
    event["observer.vendor"] = "Zeek"
    event["observer.product"] = "Zeek"
    event["observer.type"] = "ids"
    event["event.kind"] = "event"
    shape(event, path)
    found = parse_time(raw["ts"], _UTC) if "ts" in raw else None
    if found is not None:
        event["@timestamp"], event["taishi.time.quality"] = found[0], "exact"
    fallback(event, received)
    plant = industrial(path) is not None
    fields = _ICS if plant else _FIELDS.get(path, COMMON)
    rest: dict[str, Any] = {}
    for key, value in raw.items():
        known = fields.get(key)
        if known is None:
            rest[key] = value
            continue
        converted = known[1](value)
        if converted is not None:
            event[known[0]] = converted
    keep(event, f"zeek.{path}.", rest, _HIDDEN if plant else _SKIP)
    finish(event, path, raw)
    if "source.ip" in event:
        network(event)
    return relate(event)


_UTC: Final = Received(0.0, "UTC")


def _json(framed: Framed, received: Received) -> list[Event]:
    raw = load_object(framed, NAME)
    if type(raw.get("id")) is dict or type(raw.get("certificate")) is dict:
        raw = _nested(raw)
    path = raw.get("_path")
    if type(path) is not str:
        path = next((raw[key] for key in _PATH_KEYS if type(raw.get(key)) is str), "")
    path = path or _infer(raw)
    if path == "unknown" and "id.orig_h" not in raw:
        raise ParseError("no Zeek log has these keys", NAME)
    if not path.isascii() or len(path) > 64:
        raise ParseError("the log path is not a name", NAME)
    return [_build(path.lower(), raw, received, framed.syslog)]


class _Session:
    """The state of one TSV file: what its `#` lines said."""

    def __init__(self) -> None:
        self.separator = "\t"
        self.set_separator = ","
        self.empty = "(empty)"
        self.unset = "-"
        self.path = ""
        self.fields: list[str] = []
        self.types: list[str] = []

    def _header(self, line: str) -> None:
        if line.startswith("#separator"):
            self.separator = _separator(line[10:].strip(" \t")) or "\t"
            return
        name, _, value = line[1:].partition(self.separator)
        if not value and " " in name:
            name, _, value = name.partition(" ")
        if name == "fields":
            self.fields = value.split(self.separator)
            self.types = []
        elif name == "types":
            self.types = value.split(self.separator)
        elif name == "path":
            self.path = value.strip().lower()[:64]
        elif name == "set_separator":
            self.set_separator = value or ","
        elif name == "empty_field":
            self.empty = value
        elif name == "unset_field":
            self.unset = value

    def parse(self, framed: Framed, received: Received) -> list[Event]:
        line = body_of(framed).rstrip("\r\n").lstrip("\ufeff")
        if line.startswith("#"):
            self._header(line)
            return []
        if line.startswith("{"):
            return _json(framed, received)
        values = line.split(self.separator)
        if not self.fields:
            return self._headless(values, framed, received)
        if len(values) != len(self.fields):
            raise ParseError(f"{len(values)} columns where #fields names {len(self.fields)}", NAME)
        raw: dict[str, Any] = {}
        for index, (field, value) in enumerate(zip(self.fields, values, strict=True)):
            if value == self.unset:
                continue
            kind = self.types[index] if index < len(self.types) else "string"
            raw[field] = self._value(kind, value)
        path = self.path or _infer(raw)
        return [_build(path, raw, received, framed.syslog)]

    def _headless(self, values: list[str], framed: Framed, received: Received) -> list[Event]:
        """Without `#fields`: zeek-cut's row of names is a header; else the columns most logs begin with are read."""
        if (
            len(values) > 1
            and values[0] in {"ts", "uid"}
            and "_".join(values).replace("_", "").replace(".", "").isalnum()
        ):
            self.fields = values
            return []
        if len(values) < 6 or ip(values[2]) is None or ip(values[4]) is None or epoch(values[0]) is None:
            raise ParseError("a Zeek TSV line before any #fields header", NAME)
        names = _FIRST
        if len(values) > 10 and values[6] in {"T", "F"} and ip(values[7]) and ip(values[9]):
            names = _FIRST_TRUE  # the packages for industrial protocols say who sent this packet, not who connected
        raw: dict[str, Any] = dict(zip(names, values, strict=False))
        rest = enumerate(values[len(names) : 64], len(names) + 1)
        raw.update({f"column_{index}": value for index, value in rest if value != self.unset})
        return [_build("unknown", raw, received, framed.syslog)]

    def _value(self, kind: str, value: str) -> Any:
        if kind.startswith(("set[", "vector[")):
            return [] if value == self.empty else [_unescape(item) for item in value.split(self.set_separator)]
        if value == self.empty:
            return ""
        convert = _TYPES.get(kind)
        if convert is not None:
            try:
                return convert(value)
            except (ValueError, OverflowError):
                return value
        return _unescape(value)


_FIRST: Final[tuple[str, ...]] = ("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")
_FIRST_TRUE: Final[tuple[str, ...]] = (*_FIRST, "is_orig", "source_h", "source_p", "destination_h", "destination_p")
_TYPES: Final[dict[str, Callable[[str], Any]]] = {
    "count": int, "int": int, "port": int, "double": float, "interval": float,
    "bool": lambda value: value == "T",
}  # fmt: skip


def _separator(text: str) -> str:
    """`\\x09` → tab; a plain character stays."""
    if text.startswith("\\x") and len(text) == 4:
        try:
            return chr(int(text.removeprefix("\\x"), 16))
        except ValueError:
            return ""
    return text


def _unescape(value: str) -> str:
    """`\\xe4\\xb8\\xad` escapes of non-ASCII bytes back to text; broken ones stay as they are."""
    if "\\x" not in value:
        return value
    out = bytearray()
    at = 0
    while (found := value.find("\\x", at)) >= 0:
        digits = value[found + 2 : found + 4]
        out += value[at:found].encode("utf-8", "surrogatepass")
        try:
            out.append(int(digits, 16) if len(digits) == 2 and digits.isalnum() else 0x5C)
            at = found + 4
        except ValueError:
            out += b"\\x"
            at = found + 2
        else:
            if not (len(digits) == 2 and digits.isalnum()):
                at = found + 1
    out += value[at:].encode("utf-8", "surrogatepass")
    return out.decode("utf-8", "replace")


def session() -> Parse:
    """A parser of one file or connection that remembers the TSV header."""
    return _Session().parse


def parse(framed: Framed, received: Received) -> list[Event]:
    """A JSON line, or TSV header lines; TSV data lines need `session()`. A whole TSV log in one record is read too."""
    body = body_of(framed)
    if body.lstrip("\ufeff \t")[:1] == "#":
        own = _Session()
        events: list[Event] = []
        for line in body.splitlines():
            if line:
                events += own.parse(Framed(line, framed.syslog, line), received)
        return events
    return _json(framed, received)


_MARKS: Final = ("#separator ", "#set_separator", "#empty_field", "#unset_field", "#path\t", "#open\t", "#fields\t",
"#types\t",
                 "#close\t", "#close ", "#open ", "#path ", "#fields ts", "#types time")  # fmt: skip


def sniff(framed: Framed) -> float:
    source = framed.body or framed.text
    if source.startswith("#"):
        return 1.0 if source.startswith(_MARKS) else 0.0
    if not holds_object(source):
        return 0.0
    if '"ts"' not in source:
        return 0.5 if '"id.orig_h"' in source[:512] else 0.0
    if '"id.orig_h"' in source:
        return 0.96
    if '"_path"' in source or '"orig_h"' in source:
        return 0.9
    return 0.6 if any(f'"{sign}"' in source for sign in _OTHER) else 0.0


_OTHER: Final = (
    "fuid",
    "certificate.subject",
    "note",
    "peer",
    "msg_types",
    "software_type",
    "port_num",
    "seen.indicator",
    "_write_ts",
)

PARSER = Parser(
    name=NAME,
    product="Zeek (JSON and TSV)",
    data_kind="network",
    reference="https://docs.zeek.org/en/current/log-formats.html",
    parse=parse,
    sniff=sniff,
    session=session,
)
