"""Whatever no other parser claims: JSON with any keys, key=value text, or a plain line. It never names a product.

Well-known names (`src`, `srcip`, `sourceAddress`, `源IP` …) become ECS fields; ECS names stay themselves, nested or
dotted; the rest is kept under `generic.*`. Broken JSON and binary noise are refused, so that they reach quarantine.

Reference: Elastic Common Schema 9 (https://www.elastic.co/docs/reference/ecs), RFC 5424 for the severity numbers.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import (
    MAX_FIELDS,
    SYSLOG_SEVERITY,
    Convert,
    body_of,
    keep,
    load_object,
    relate,
    text,
    word_severity,
)
from collectors.parsers._firewall import network
from collectors.parsers._generic_names import ALIASES, TIMES
from collectors.parsers._text import delimited_pairs, header, spaced_pairs
from collectors.parsers._time import fallback
from collectors.parsers._time import parse as parse_time
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "generic"
_NOISE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
# H3C numbers its keys: SrcIPAddr(1003)=…
_NUMBERED: Final = re.compile(r"\(\d{1,6}\)$")
_NAME: Final = re.compile(r"[^a-z0-9一-鿿]+")


def plain(key: str) -> str:
    """`srcIp`, `src_ip`, `src-ip`, `SRC IP` → `srcip`."""
    return _NAME.sub("", key.lower())


def _reading(key: str) -> tuple[tuple[str, Convert] | None, bool]:
    """(the ECS field of a key and its converter, whether the key may hold the time)."""
    return ALIASES.get(key) or ALIASES.get(plain(_NUMBERED.sub("", key))), plain(key) in TIMES


_kept_reading: Final = lru_cache(maxsize=8192)(_reading)


def _flat(raw: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    keep(flat, "", raw, {})
    return flat


def _fill(event: Event, flat: dict[str, Any], received: Received) -> None:
    for key, value in flat.items():
        known, timely = _kept_reading(key) if len(key) <= 64 else _reading(key)
        if known is not None:
            converted = known[1](value)
            if converted is not None and known[0] not in event:
                event[known[0]] = converted
                continue
        if timely and "@timestamp" not in event:
            found = parse_time(value, received)
            if found:
                event["@timestamp"], event["taishi.time.quality"] = found
                continue
        if len(event) < MAX_FIELDS:
            event[f"generic.{key}"] = value if type(value) is list else str(value)


def _severity(event: Event, flat: dict[str, Any]) -> None:
    for key in ("severity", "level", "sev", "priority", "pri", "loglevel", "风险等级", "级别", "威胁等级"):
        original = text(flat.get(key))
        if original is None:
            continue
        event.setdefault("taishi.severity_original", original)
        found = word_severity(original)
        if found is not None:
            event.setdefault("event.severity", found)
        return


def _header_severity(event: Event) -> None:
    code = event.get("log.syslog.severity.code")
    if type(code) is int and 0 <= code < 8:
        event.setdefault("event.severity", SYSLOG_SEVERITY[code])


def _pairs(body: str) -> dict[str, str]:
    """The key=value pairs of a line, only where they are what the line is made of."""
    if body.count("=") < 2:
        return {}
    spaced = spaced_pairs(body)
    comma = body.count(",") + body.count(";")
    if comma >= len(spaced) - 1 and comma > 0:
        parted = delimited_pairs(body)
        if len(parted) >= len(spaced):
            return parted
    return spaced if len(spaced) >= 2 else {}


def parse(framed: Framed, received: Received) -> list[Event]:
    whole = body_of(framed)
    if not whole.strip():
        raise ParseError("an empty record", NAME)
    if len(_NOISE.findall(whole)) * 5 > len(whole):
        raise ParseError("more than a fifth of the record is control or undecodable characters", NAME)
    event, body = header(framed, received)
    event["event.module"] = NAME
    event["event.dataset"] = "generic"
    event["event.kind"] = "event"
    start = body.lstrip("\ufeff \t")
    if start[:1] == "{":
        flat = _flat(load_object(Framed(start, {}, start), NAME))
        if not flat:
            raise ParseError("a JSON object without any value", NAME)
        event["event.dataset"] = "generic.json"
    else:
        flat = dict(_pairs(body))
        event["message"] = body
    if flat:
        header_time = event.pop("@timestamp", None), event.pop("taishi.time.quality", None)
        _fill(event, flat, received)
        _severity(event, flat)
        if "@timestamp" not in event and header_time[0]:
            event["@timestamp"], event["taishi.time.quality"] = header_time[0], header_time[1] or "exact"
    _header_severity(event)
    fallback(event, received)
    if "source.ip" in event:
        network(event)
        event.setdefault("event.category", ["network"])
        event.setdefault("event.type", ["info"])
    return [relate(event)]


def sniff(framed: Framed) -> float:
    return 0.01


PARSER = Parser(
    name=NAME,
    product="any JSON, key=value or text line",
    data_kind="security",
    reference="https://www.elastic.co/docs/reference/ecs",
    parse=parse,
    sniff=sniff,
)
