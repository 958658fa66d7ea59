"""ArcSight Common Event Format, version 0 and 1, of any vendor, bare or behind any syslog header.

`CEF:Version|Vendor|Product|Version|Event class|Name|Severity|extension`. Pipes in the header and `=` in values are
escaped; `cs1Label=Rule cs1=…` names its own field. Keys without an ECS place are kept under `cef.extensions.*`, custom
ones under their label. Times are epoch milliseconds or dates, with a zone or in the source's.

Reference: https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors/cef-implementation-standard/
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import set_tactics, set_techniques
from collectors.parsers._cef_fields import CEF, LABELS, TIMES
from collectors.parsers._common import UNSET, body_of, ip, keep, number, relate, ten_severity
from collectors.parsers._endpoint import file
from collectors.parsers._extensions import extensions, header_fields, unescape
from collectors.parsers._ot import enrich, is_sensor
from collectors.parsers._text import header
from collectors.parsers._time import fallback
from collectors.parsers._time import parse as parse_time
from collectors.parsers._verdict import finish, observer_type
from collectors.parsers._web import url
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "cef"
_BARE: Final = re.compile(r"[01]\|[^|]{1,64}\|[^|]{1,64}\|[^|]{0,64}\|[^|]{0,128}\|[^|]{0,512}\|[^|]{1,16}\|")
_LABEL: Final = re.compile(r"[^a-z0-9一-鿿]+")
_SPACE: Final = re.compile(r"[^\w一-鿿]+")
_CUSTOM: Final = re.compile(r"(?:cs|cn|cfp|flexString|flexNumber|flexDate|deviceCustomDate|c6a)\d{1,2}")
_PREFIX: Final = re.compile(r"^(?:UNIFI|FTNTFGT|PanOS|PanOs|ad\.|MCAS)")
_HASHES: Final = {32: "md5", 40: "sha1", 64: "sha256"}


def _set(event: Event, field: str, value: Any) -> None:
    if field == "file.hash.":
        field += _HASHES[len(value)]
    elif field == "threat.technique.id":
        return set_techniques(event, value)
    if field not in event:
        event[field] = value
    return None


def _custom(event: Event, key: str, label: str, value: str) -> None:
    """A `cs1=…` with its label: an ECS field where the label is known, `cef.extensions.<label>` anyway."""
    plain, name = _label(label) if len(label) <= 128 else _label.__wrapped__(label)
    if plain in {"tactic", "mitretactic", "tacticid", "attacktactic"}:
        set_tactics(event, value.split(","))
    known = LABELS.get(plain)
    if known is not None and value not in UNSET:
        converted = known[1](value)
        if converted is not None:
            _set(event, known[0], converted)
            return
    if value:
        event[f"cef.extensions.{name or key}"] = value


@lru_cache(maxsize=4096)
def _label(label: str) -> tuple[str, str]:
    """(a label without case and punctuation, the name its value is kept under)."""
    return _LABEL.sub("", label.lower()), _SPACE.sub("_", label.strip())[:64]


def _extend(event: Event, raw: dict[str, str]) -> None:
    rest: dict[str, Any] = {}
    for key, text in raw.items():
        value = unescape(text).strip('"') if text[:1] == '"' or "\\" in text else text
        if not value or (key[-5:] == "Label" and key[:-5] in raw):
            continue
        if key[-1].isdecimal() and (label := raw.get(f"{key}Label")) and _CUSTOM.fullmatch(key):
            _custom(event, key, unescape(label).strip('"'), value)
            continue
        known = CEF.get(key)
        if known is not None and (converted := known[1](value)) is not None:
            _set(event, known[0], converted)
        elif key not in TIMES:
            rest[key] = value
    _vendor_keys(event, rest)
    keep(event, "cef.extensions.", rest, {})


def _vendor_keys(event: Event, rest: dict[str, Any]) -> None:
    """Products prefix their own keys (`UNIFIipsSignature`, `FTNTFGTattack`, `PanOSThreatID`): read the tails."""
    for key, value in rest.items():
        known = LABELS.get(_tail(key))
        if known is not None and type(value) is str and known[0] not in event and value not in UNSET:
            converted = known[1](value)
            if converted is not None:
                _set(event, known[0], converted)


@lru_cache(maxsize=8192)
def _tail(key: str) -> str:
    """A product's own key without its prefix, case and punctuation; extension keys are at most 128 characters long."""
    return _LABEL.sub("", _PREFIX.sub("", key).lower())


def _times(event: Event, raw: dict[str, str], received: Received) -> None:
    for key in (*TIMES, "UNIFIutcTime", "eventTime", "FTNTFGTeventtime"):
        value = raw.get(key)
        found = parse_time(value, received) if value else None
        if found is not None:
            event["@timestamp"], event["taishi.time.quality"] = found
            break
    for key, name in (("start", "event.start"), ("end", "event.end")):
        found = parse_time(raw[key], received) if raw.get(key) else None
        if found is not None:
            event[name] = found[0]
    fallback(event, received)


def _severity(event: Event, value: str, raw: dict[str, str]) -> None:
    value = value.strip()
    if value:
        event["taishi.severity_original"] = value
    found = ten_severity(value)
    if found is None and (risk := raw.get("UNIFIrisk") or raw.get("deviceSeverity")):
        found = ten_severity(risk)
    if found is not None:
        event["event.severity"] = found if number(value) != 0 else 5


def _shape(event: Event, name: str) -> None:
    event.setdefault("rule.name", name) if name else None
    event.setdefault("message", name) if name else None
    if target := event.get("url.original"):
        url(event, target)
    if path := event.get("file.path"):
        file(event, path)
    for side in ("source", "destination"):
        if f"{side}.ip" not in event and (address := ip(event.get(f"{side}.domain"))):
            event[f"{side}.ip"] = address
    if "user.name" not in event:
        user = event.get("source.user.name") or event.get("destination.user.name")
        if user:
            event["user.name"] = user


def _split(framed: Framed, received: Received) -> tuple[Event, list[str], str]:
    # A header reader may take `CEF:` for the program that wrote the line.
    whole = body_of(framed) if "CEF:" in framed.body else framed.text
    at = whole.find("CEF:")
    if at >= 0:
        event, _ = header(Framed(whole[:at], framed.syslog, whole[:at] or " "), received)
        fields = header_fields(whole[at + 4 :], 7)
    else:
        event, body = header(framed, received)
        fields = header_fields(body, 7) if _BARE.match(body) else None
        at = 0
    if fields is None:
        # A header cut short, or without an extension: the last pipe may be missing.
        fields = header_fields(whole[at + 4 :] + "|", 7) if at >= 0 and "CEF:" in whole else None
    if fields is None or not fields[0][0].strip().isdecimal():
        raise ParseError("a CEF header has seven fields parted by pipes", NAME)
    return event, [field.strip() for field in fields[0]], fields[1]


def parse(framed: Framed, received: Received) -> list[Event]:
    event, (version, vendor, product, release, code, name, severity), rest = _split(framed, received)
    raw = extensions(rest)
    if event.get("process.name") == "CEF":
        del event["process.name"]
    event["event.module"] = NAME
    event["event.dataset"] = "cef"
    event["cef.version"] = version
    for field, value in (("observer.vendor", vendor), ("observer.product", product), ("observer.version", release),
                         ("event.code", code), ("rule.id", code)):  # fmt: skip
        if value:
            event[field] = value
    if kind := observer_type(vendor, product):
        event["observer.type"] = kind
    _severity(event, severity, raw)
    _extend(event, raw)
    _times(event, raw, received)
    _shape(event, name)
    if is_sensor(vendor[:256], product[:256]):
        enrich(event, name, code.replace(":", " "), event.get("message"))
    finish(event, name, event.get("rule.category") or "", event.get("event.action"))
    return [relate(event)]


def sniff(framed: Framed) -> float:
    source = framed.text
    at = -1 if source[:1] == "{" else source.find("CEF:", 0, 512)
    if at >= 0 and source[at + 4 : at + 7].lstrip(" ")[:2] in {"0|", "1|"}:
        return 1.0
    return 0.7 if source[:2] in {"0|", "1|"} and _BARE.match(source) else 0.0


PARSER = Parser(
    name=NAME,
    product="any product in Common Event Format",
    data_kind="security",
    reference="https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors/cef-implementation-standard/",
    parse=parse,
    sniff=sniff,
    markers=("CEF:", "0|", "1|"),
)
