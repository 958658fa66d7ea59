"""IBM QRadar's Log Event Extended Format, 1.0 and 2.0, of any vendor, bare or behind any syslog header.

`LEEF:1.0|Vendor|Product|Version|EventID|attributes` parts attributes by tabs; 2.0 adds a field that names the delimiter
as a character or in hex (`^`, `x5E`, `0x09`). Senders that write spaces instead of tabs are read too. `devTimeFormat`
is Java's SimpleDateFormat; its common patterns are recognised by the time itself. Values may be in any script.

Reference: https://www.ibm.com/docs/en/dsm?topic=overview-leef-event-components
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._cef_fields import LEEF
from collectors.parsers._common import UNSET, Convert, keep, relate, ten_severity
from collectors.parsers._endpoint import file
from collectors.parsers._extensions import extensions, header_fields
from collectors.parsers._generic_names import ALIASES
from collectors.parsers._text import header
from collectors.parsers._time import fallback
from collectors.parsers._time import parse as parse_time
from collectors.parsers._verdict import finish, observer_type
from collectors.parsers._web import url
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "leef"
_HASHES: Final = {32: "md5", 40: "sha1", 64: "sha256"}
_OWN: Final = frozenset({"devTime", "devTimeFormat", "sev", "isLoginEvent", "isLogoutEvent"})


def _delimiter(field: str) -> str | None:
    """A delimiter field of LEEF 2.0: one character, or hex; None where it is not one (senders omit the field)."""
    if field == "":
        return "\t"
    if len(field) == 1:
        return field
    digits = field.lower().removeprefix("0").removeprefix("x")
    if field.lower().startswith(("x", "0x")) and 1 <= len(digits) <= 4:
        try:
            return chr(int(digits, 16))
        except ValueError:
            return None
    return "\t" if field == "\\t" else None


def _attributes(rest: str, delimiter: str) -> dict[str, str]:
    if delimiter not in rest and rest.count("=") > 1:
        if delimiter == "\t" and "|" in rest and " " not in rest.partition("=")[0]:
            parted = [piece for piece in rest.split("|") if "=" in piece]
            if len(parted) > 1 and len(parted) == rest.count("|") + 1:
                return _pairs(parted)
        return extensions(rest)
    return _pairs(rest.split(delimiter))


def _pairs(pieces: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    last = ""
    for piece in pieces:
        key, sign, value = piece.partition("=")
        key = key.strip()
        if sign and key and len(key) <= 128:
            last = key
            pairs.setdefault(key, value.strip())
        elif last and piece.strip():
            pairs[last] += f" {piece.strip()}"
    return pairs


def _set(event: Event, known: tuple[str, Any], value: str) -> bool:
    converted = known[1](value)
    if converted is None:
        return False
    field = known[0] if known[0] != "file.hash." else f"file.hash.{_HASHES[len(converted)]}"
    event.setdefault(field, converted)
    return True


@lru_cache(maxsize=4096)
def _known(key: str) -> tuple[str, Convert] | None:
    """The ECS field of an attribute and its converter; attributes are at most 128 characters long."""
    return LEEF.get(key) or ALIASES.get(key.lower().replace("_", "").replace("-", ""))


def _map(event: Event, raw: dict[str, str]) -> None:
    rest: dict[str, str] = {}
    for key, value in raw.items():
        if key in _OWN or value in UNSET:
            continue
        known = _known(key)
        if known is None or known[0] in event or not _set(event, known, value):
            rest[key] = value
    keep(event, "leef.extensions.", rest, {})


def _finish(event: Event, raw: dict[str, str], code: str) -> None:
    severity = raw.get("sev") or raw.get("severity")
    if severity:
        event["taishi.severity_original"] = severity
        if (found := ten_severity(severity)) is not None:
            event["event.severity"] = found
    event.setdefault("rule.name", code)
    event.setdefault("message", event["rule.name"])
    if target := event.get("url.original"):
        url(event, target)
    if path := event.get("file.path"):
        file(event, path)
    name = f"{code} {event['rule.name']}"
    if raw.get("isLoginEvent", "").lower() == "true":
        name = "login"
    elif raw.get("isLogoutEvent", "").lower() == "true":
        name = "logout"
    finish(event, name, event.get("rule.category") or "", event.get("event.action"))


def _split(framed: Framed, received: Received) -> tuple[Event, list[str], dict[str, str]]:
    # A header reader may take `LEEF:` for the program that wrote the line.
    whole = framed.text
    at = whole.find("LEEF:")
    fields = header_fields(whole[at + 5 :], 5) if at >= 0 else None
    if fields is None:
        raise ParseError("a LEEF header has at least five fields parted by pipes", NAME)
    event, _ = header(Framed(whole[:at], framed.syslog, whole[:at] or " "), received)
    head, rest = fields
    delimiter = "\t"
    if head[0].strip().startswith("2"):
        field, pipe, after = rest.partition("|")
        found = _delimiter(field) if pipe else None
        if found is not None:
            delimiter, rest = found, after
    return event, [field.strip() for field in head], _attributes(rest, delimiter)


def parse(framed: Framed, received: Received) -> list[Event]:
    event, (version, vendor, product, release, code), raw = _split(framed, received)
    if event.get("process.name") == "LEEF":
        del event["process.name"]
    event["event.module"] = NAME
    event["event.dataset"] = "leef"
    event["leef.version"] = version
    for field, value in (("observer.vendor", vendor), ("observer.product", product), ("observer.version", release),
                         ("event.code", code), ("rule.id", code)):  # fmt: skip
        if value:
            event[field] = value
    if kind := observer_type(vendor, product):
        event["observer.type"] = kind
    _map(event, raw)
    found = parse_time(raw["devTime"], received) if raw.get("devTime") else None
    if found is not None:
        event["@timestamp"], event["taishi.time.quality"] = found
    fallback(event, received)
    _finish(event, raw, code)
    return [relate(event)]


def sniff(framed: Framed) -> float:
    source = framed.text
    at = -1 if source[:1] == "{" else source.find("LEEF:", 0, 512)
    return 1.0 if at >= 0 and source[at + 5 : at + 6] in {"1", "2"} else 0.0


PARSER = Parser(
    name=NAME,
    product="any product in Log Event Extended Format",
    data_kind="security",
    reference="https://www.ibm.com/docs/en/dsm?topic=overview-leef-event-components",
    parse=parse,
    sniff=sniff,
    markers=("LEEF:",),
)
