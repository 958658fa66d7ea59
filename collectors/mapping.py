"""An operator's mapping made a parser: takes a record apart in one of four forms and types each value for its field.

The same code reads in the collector and in the editor's preview, so what the preview shows is what will be stored.
Linear in the record; XML with a document type is refused (entities can grow without bound, and name files).
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from xml.etree import ElementTree

import orjson

from collectors.parser import Framed, Parse, Parser, Received
from collectors.parsers._common import (
    MAX_DEPTH,
    MAX_FIELDS,
    Convert,
    boolean,
    integer,
    ip,
    keep,
    lower,
    mac,
    number,
    relate,
    ten_severity,
    text,
    texts,
    transport,
)
from collectors.parsers._firewall import network
from collectors.parsers._text import header, spaced_pairs
from collectors.parsers._time import fallback
from collectors.parsers._time import parse as parse_time
from taishi import fields
from taishi.errors import ParseError
from taishi.event import Event
from taishi.mapping import Csv, FieldMap, Form, Mapping

MAX_RECORDS: Final = 10_000
"""Events of one record: a document with more is broken, or hostile."""

Flat = dict[str, Any]

_OUTCOMES: Final = {
    "success": "success", "succeeded": "success", "ok": "success", "true": "success", "pass": "success",
    "成功": "success", "failure": "failure", "failed": "failure", "fail": "failure", "false": "failure",
    "error": "failure", "denied": "failure", "失败": "failure", "拒绝": "failure", "unknown": "unknown", "未知": "unknown",
}  # fmt: skip


def _outcome(value: Any) -> str | None:
    return _OUTCOMES.get(str(value).strip().lower())


def _listed(value: Any) -> list[str] | None:
    if isinstance(value, str):
        value = [part.strip() for part in value.replace(";", ",").replace("|", ",").split(",")]
    return texts(value)


def _severity(value: Any) -> int | None:
    """Words, 0–10, or, from 11 on, 0–100 as it is."""
    found = number(value)
    return int(found) if found is not None and 10 < found <= 100 else ten_severity(value)


_BY_TYPE: Final[MappingType[str, Convert]] = {
    "ip": ip, "long": integer, "float": number, "boolean": boolean, "keyword": text, "text": text,
}  # fmt: skip
_BY_READING: Final[MappingType[str, Convert]] = {
    "severity": _severity, "outcome": _outcome, "transport": transport, "text": text, "lower": lower, "list": _listed,
}  # fmt: skip
_BY_NAME: Final[MappingType[str, Convert]] = {
    "event.severity": _severity, "event.outcome": _outcome, "network.transport": transport,
    "source.mac": mac, "destination.mac": mac,
}  # fmt: skip


def _converter(one: FieldMap) -> Convert:
    """How a value becomes what its field holds; None from it leaves the field out."""
    known = fields.table().get(one.to)
    if one.reading in _BY_READING:
        convert = _BY_READING[one.reading]
    else:
        convert = _BY_NAME.get(one.to) or _BY_TYPE.get(known.type if known else "keyword", text)
    if known is not None and known.array:
        convert = partial(_as_list, convert if known.type == "ip" or convert is _listed else text)
    if known is not None and known.type == "long" and convert is not _severity:
        convert = integer
    return partial(_looked_up, one.table, one.only_table, convert) if one.table else convert


def _as_list(convert: Convert, value: Any) -> list[Any] | None:
    if convert is _listed:
        return _listed(value)
    found = [made for item in (value if isinstance(value, list) else [value]) if (made := convert(item)) is not None]
    return found or None


def _looked_up(table: MappingType[str, str], only: bool, convert: Convert, value: Any) -> Any:
    said = text(value)
    if said is not None and said in table:
        return convert(table[said])
    return None if only else convert(value)


# ---------------------------------------------------------------- taking a record apart


def _of_json(spec: Mapping, body: str) -> list[Flat]:
    try:
        found = orjson.loads(body)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise ParseError(f"not JSON: {error}") from error
    return [_flat(one) for one in _listed_at(found, spec.records)]


def _listed_at(found: Any, path: str) -> list[Any]:
    """The elements at a path; the value itself where there is no path."""
    for part in path.split(".") if path else ():
        found = found.get(part) if isinstance(found, dict) else None
    if path and found is None:
        raise ParseError(f"the record holds nothing at {path}")
    items = found if isinstance(found, list) else [found]
    if len(items) > MAX_RECORDS:
        raise ParseError(f"the record holds {len(items)} events; at most {MAX_RECORDS} are read from one")
    return items


def _flat(value: Any) -> Flat:
    if not isinstance(value, dict):
        raise ParseError("an event must be a JSON object")
    flat: Flat = {}
    keep(flat, "", value, {})
    return flat


def _of_pairs(spec: Mapping, body: str) -> list[Flat]:
    between, assign = spec.pairs.between, spec.pairs.assign
    if not between and assign == "=":
        found: Flat = dict(spaced_pairs(body))
    else:
        found = {}
        for piece in body.split(between) if between else body.split():
            name, sign, value = piece.partition(assign)
            if sign and name.strip():
                found[name.strip()] = value.strip().strip('"')
    if not found:
        raise ParseError("the record holds no pair of key and value")
    return [found]


def cells(options: Csv, body: str) -> list[str]:
    """One line's cells, unquoted. Raises ParseError."""
    if options.quote not in body:
        return [cell.strip() for cell in body.split(options.delimiter)]
    try:
        rows = list(csv.reader([body], delimiter=options.delimiter, quotechar=options.quote))
    except csv.Error as error:
        raise ParseError(f"not CSV: {error}") from error
    return [cell.strip() for cell in rows[0]] if rows else []


def _named(names: list[str], row: list[str]) -> Flat:
    flat: Flat = {f"#{at}": cell for at, cell in enumerate(row, 1)}
    flat.update({name: cell for name, cell in zip(names, row, strict=False) if name})
    return flat


def _of_xml(spec: Mapping, body: str) -> list[Flat]:
    if "<!DOCTYPE" in body or "<!ENTITY" in body:
        raise ParseError("XML with a document type is refused")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - no document type, so no entities
    except (ElementTree.ParseError, ValueError) as error:
        raise ParseError(f"not XML: {error}") from error
    found = [root]
    for part in spec.records.split(".") if spec.records else ():
        found = [child for one in found for child in one if _local(child.tag) == part]
    if not found:
        raise ParseError(f"the record holds no element {spec.records}")
    if len(found) > MAX_RECORDS:
        raise ParseError(f"the record holds {len(found)} events; at most {MAX_RECORDS} are read from one")
    return [_flat_element(one) for one in found]


def _local(tag: Any) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _flat_element(element: ElementTree.Element) -> Flat:
    """`a.b` → text, `a.@name` → attribute; of repeated elements a list of texts."""
    flat: Flat = {}
    waiting = [(element, "", 0)]
    while waiting and len(flat) < MAX_FIELDS:
        one, prefix, depth = waiting.pop()
        for name, value in one.attrib.items():
            flat[f"{prefix}@{_local(name)}"] = value
        said = (one.text or "").strip()
        if said and prefix:
            _add(flat, prefix[:-1], said)
        if depth < MAX_DEPTH:
            waiting.extend((child, f"{prefix}{_local(child.tag)}.", depth + 1) for child in reversed(one))
    return flat


def _add(flat: Flat, name: str, value: str) -> None:
    before = flat.get(name)
    if before is None:
        flat[name] = value
    elif isinstance(before, list):
        before.append(value)
    else:
        flat[name] = [before, value]


# ---------------------------------------------------------------- making events


@dataclass(slots=True)
class Mapped:
    """A mapping ready to read. `names` of a CSV header line are kept per connection (see `session`)."""

    name: str
    spec: Mapping
    _wanted: dict[str, list[tuple[FieldMap, Convert]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.spec.fields:
            self._wanted.setdefault(one.key, []).append((one, _converter(one)))

    def parser(self) -> Parser:
        """As the collectors use it: sure of what holds `match`, and never offered to other sources."""
        session: Callable[[], Parse] | None = None
        if self.spec.form == "csv" and not self.spec.csv.columns:
            session = self.session
        return Parser(
            name=self.name, product="", data_kind=self.spec.data_kind, reference="", parse=self.parse,
            sniff=lambda framed: 1.0 if self.spec.match in framed.text else 0.0, session=session,
        )  # fmt: skip

    def parse(self, framed: Framed, received: Received) -> list[Event]:
        return self._events(framed, received, self.spec.csv.columns)

    def session(self) -> Parse:
        """For CSV whose names stand in a header line: the last header seen names the columns."""
        names: list[str] = []

        def parse(framed: Framed, received: Received) -> list[Event]:
            if self._is_header(framed):
                names[:] = cells(self.spec.csv, framed.body or framed.text)
                return []
            if not names and any(not key.startswith("#") for key in self._wanted):
                raise ParseError("no header line came before this record; name the columns in the mapping", self.name)
            return self._events(framed, received, names)

        return parse

    def _is_header(self, framed: Framed) -> bool:
        wanted = {key for key in self._wanted if not key.startswith("#")}
        whole = framed.body or framed.text
        if not wanted or any(name not in whole for name in wanted):  # nearly every line ends here
            return False
        return wanted <= {cell.lstrip("\ufeff") for cell in cells(self.spec.csv, whole)}

    def apart(self, framed: Framed, received: Received, names: list[str]) -> tuple[Event, list[Flat]]:
        """(the header's fields, each event's values by key). Raises ParseError."""
        whole = framed.body or framed.text
        if self.spec.form == "csv":
            row = cells(self.spec.csv, whole)
            if len(row) < 2:
                raise ParseError("the record has no second column", self.name)
            return dict(framed.syslog), [_named(names, row)]
        if self.spec.form == "pairs":
            start, whole = header(framed, received)
            return start, _of_pairs(self.spec, whole)
        whole = whole[_beginning(whole, self.spec.form) :]
        return dict(framed.syslog), (_of_json if self.spec.form == "json" else _of_xml)(self.spec, whole)

    def _events(self, framed: Framed, received: Received, names: list[str]) -> list[Event]:
        start, found = self.apart(framed, received, names)
        return [self._event(dict(start), flat, received) for flat in found]

    def _event(self, event: Event, flat: Flat, received: Received) -> Event:
        sent = event.pop("@timestamp", None), event.pop("taishi.time.quality", None)
        event["event.dataset"] = self.name
        named = self.spec.csv.columns or any(not key.startswith("#") for key in self._wanted)
        for key, value in flat.items():
            wanted = self._wanted.get(key)
            if wanted is None:
                if self.spec.rest == "keep" and len(event) < MAX_FIELDS and not (key[:1] == "#" and named):
                    event[f"generic.{key}"] = value if type(value) is list else str(value)
                continue
            for one, convert in wanted:
                self._put(event, one, convert, value, received)
        for name, constant in self.spec.constants.items():
            event[name] = list(constant) if isinstance(constant, list) else constant
        if "@timestamp" not in event and sent[0]:
            event["@timestamp"], event["taishi.time.quality"] = sent[0], sent[1] or "exact"
        fallback(event, received)
        if "source.ip" in event or "destination.ip" in event:
            network(event)
        return relate(event)

    def _put(self, event: Event, one: FieldMap, convert: Convert, value: Any, received: Received) -> None:
        known = fields.table().get(one.to)
        if one.reading == "time" or (known is not None and known.type == "date"):
            found = parse_time(value, received)
            if found is not None and one.to not in event:
                event[one.to] = found[0]
                if one.to == "@timestamp":
                    event["taishi.time.quality"] = found[1]
            return
        made = convert(value)
        if made is None:
            return
        if one.to == "event.severity":
            event.setdefault("taishi.severity_original", str(value)[:64])
        event.setdefault(one.to, made)


def _beginning(whole: str, form: Form) -> int:
    """Where the document begins: behind a header that the transport did not read."""
    found = whole.find("<" if form == "xml" else "{")
    if form == "json":
        listed = whole.find("[")
        if listed >= 0 and (found < 0 or listed < found) and whole[listed + 1 : listed + 2] in {"{", "]", " ", "\n"}:
            return listed
    return max(found, 0)


def compiled(name: str, spec: Mapping) -> Parser:
    return Mapped(name, spec).parser()
