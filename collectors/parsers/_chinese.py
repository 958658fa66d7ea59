"""What Chinese security products share: how their lines hold pairs, what keys and values mean, what kind of record it is.

`pairs` reads the dialects (key="value", key:value, [key:value], separated by blanks, commas, semicolons, tabs or `^`; keys
and punctuation may be Chinese), `record` turns pairs into an event: the product's own keys first, then `_chinese_names`, then
the usual names; what is left stays under the product's prefix. All is linear: a closing quote once missed is not sought again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import orjson

from collectors.parser import Framed, Parse, Parser, Received
from collectors.parsers import _device
from collectors.parsers._attack import infer
from collectors.parsers._chinese_names import KEYS, SEVERITY_KEYS, TIME_KEYS, WORDS
from collectors.parsers._common import NUMBERS, SYSLOG_SEVERITY, UNSET, Fields, integer, ip, keep, word_severity
from collectors.parsers._endpoint import executable, file
from collectors.parsers._pairs import addresses, detection, fill, flow
from collectors.parsers._text import header
from collectors.parsers._time import parse as parse_time
from collectors.parsers._verdict import outcome
from collectors.parsers._web import url
from taishi.errors import ParseError
from taishi.event import Event

LIMIT: Final = 300
"""Pairs read of one record; the original keeps the rest."""
_QUOTES: Final = str.maketrans("“”＝", '""=')
_KEY: Final = r"(?:^|(?<=[\s,;，；|^{(\[\"]))([A-Za-z_一-鿿][\w.\-/（）()]{0,63}?)[ ]?"
_EQUALS: Final = re.compile(_KEY + "=")
_COLON: Final = re.compile(_KEY + r"[:：](?!//|\\)")
_BRACKET: Final = re.compile(r"\[([A-Za-z_一-鿿][\w.\-]{0,63}):")
_TRIM: Final = " \t\r\n,;，；|^"


def pairs(text: str) -> dict[str, str]:
    """The pairs of a line in whatever dialect it has; empty where it has none."""
    if "“" in text or "”" in text or "＝" in text:
        text = text.translate(_QUOTES)
    if text.count("[") > 1 and _BRACKET.search(text, 0, 512):
        return _bracketed(text)
    found = scan(text, _EQUALS)
    if len(found) < 2:
        others = scan(text, _COLON)
        if len(others) > len(found):
            return others
    return found


def scan(text: str, key: re.Pattern[str]) -> dict[str, str]:
    """Key after key: a quoted value ends at its quote, another before the next key."""
    found: dict[str, str] = {}
    at = key.search(text)
    closed = {'"': True, "'": True}
    while at is not None and len(found) < LIMIT:
        start, name = at.end(), at[1]
        quote = text[start : start + 1]
        end = _closing(text, start + 1, quote) if closed.get(quote) else -1
        if end >= 0:
            following = key.search(text, end + 1)
            value = text[start + 1 : end]
        else:
            if quote in closed:
                closed[quote] = False
            following = key.search(text, start)
            value = text[start : following.start() if following else len(text)].strip(_TRIM).strip("\"'")
        found[name] = value.strip()
        at = following
    return found


def _closing(text: str, start: int, quote: str) -> int:
    """Where the value's quote ends: one that something other than a word follows; -1 where none does."""
    at = text.find(quote, start)
    if at == start and text[at + 1 : at + 2] not in {quote, ""} and not text[at + 1].isalnum():
        return at
    while at >= 0 and (text[at - 1] == "\\" or (text[at + 1 : at + 2].isalnum() or text[at + 1 : at + 2] == quote)):
        if _GLUED.match(text, at + 1):  # name="x"severity=high
            return at
        at = text.find(quote, at + 1)
    return at


_GLUED: Final = re.compile(r"[A-Za-z_]\w{1,30}=[^=]")


def _bracketed(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    marks = list(_BRACKET.finditer(text))[:LIMIT]
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        value = text[mark.end() : following.start() if following else len(text)]
        found.setdefault(mark[1], value.rstrip().removesuffix("]"))
    return found


def flat_json(text: str) -> dict[str, Any] | None:
    """A JSON object (or list holding one), flattened with dotted keys; None where the text holds none."""
    start = min((at for at in (text.find("{"), text.find("[{")) if at >= 0), default=-1)
    if start < 0:
        return None
    try:
        raw = orjson.loads(text[start:].strip())
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None
    if isinstance(raw, list):
        raw = raw[0] if raw else None
    if not isinstance(raw, dict):
        return None
    flat: dict[str, Any] = {}
    keep(flat, "", raw, ())
    return flat


_PRIORITY: Final = re.compile(r"<(\d{1,3})>")


def begin(framed: Framed, received: Received, name: str, vendor: str, product: str, kind: str) -> tuple[Event, str]:
    """An event of this product and the text after the syslog header."""
    event, body = header(framed, received)
    if "log.syslog.priority" not in event and (found := _PRIORITY.match(framed.text)) and int(found[1]) < 192:
        event["log.syslog.priority"] = int(found[1])
        event["log.syslog.facility.code"], event["log.syslog.severity.code"] = divmod(int(found[1]), 8)
        body = body.removeprefix(found[0]).lstrip()
    event["event.module"], event["event.kind"] = name, "event"
    event["event.dataset"] = name
    if vendor:
        event["observer.vendor"] = vendor
    event["observer.product"], event["observer.type"] = product, kind
    return event, body


def topic(words: str) -> str:
    """detection | login | logout | command | change | web | flow | other, from what a record calls itself."""
    return (_topic if len(words) <= 512 else _topic.__wrapped__)(words)


@lru_cache(maxsize=8192)
def _topic(words: str) -> str:
    # Short Latin words (ips, ac, nat) must stand alone, else `ipsec` would be an attack.
    text = words.lower()
    alone = f" {_GAPS.sub(' ', text)} "
    for kind, signs in WORDS:
        if any(f" {sign} " in alone if len(sign) < 5 and sign.isascii() else sign in text for sign in signs):
            return kind
    return "other"


_GAPS: Final = re.compile(r"[^a-z]+")


def severity(event: Event, value: Any, scale: str) -> None:
    """`syslog`: 0 worst to 7; `up`: 0-4 rising; `ten`; `hundred`; words of any scale."""
    text = str(value).strip()
    if text in UNSET:
        return
    event.setdefault("taishi.severity_original", text)
    found = word_severity(text) or word_severity(text.removesuffix("级").removesuffix("风险"))
    number = integer(text)
    if found is None and number is not None and number >= 0:
        found = {
            "syslog": SYSLOG_SEVERITY[min(number, 7)],
            "up": (10, 25, 50, 75, 90)[min(number, 4)],
            "down": (90, 90, 75, 50, 25, 10)[min(number, 5)],
            "ten": min(number * 10, 100),
        }.get(scale, min(number, 100))
    if found is not None:
        event["event.severity"] = found


def record(
    event: Event,
    values: Mapping[str, Any],
    received: Received,
    *,
    prefix: str,
    what: str,
    fields: Fields = KEYS,
    scale: str = "up",
    kind: str = "",
) -> list[Event]:
    """Fill the event and decide its kind. `what` are the words by which the record names itself; `kind` where it is known."""
    _moment(event, values, received)
    for key in SEVERITY_KEYS:
        if key in values:
            severity(event, values[key], scale)
            break
    fill(event, {key: value for key, value in values.items() if key not in _READ}, fields, prefix)
    _tidy(event, values)
    what = f"{what} {event.get('event.code', '')}"
    _decide(event, kind or topic(what), what)
    addresses(event)
    return _device.finish(event, received)


_READ: Final = frozenset((*TIME_KEYS, *SEVERITY_KEYS))


def _moment(event: Event, values: Mapping[str, Any], received: Received) -> None:
    for key in TIME_KEYS:
        value = values.get(key)
        if type(value) is str:
            value = value.strip().replace(",", " ", 1)
            if len(value) == 14 and value.isdecimal():  # 20131009093351
                value = f"{value[:4]}-{value[4:6]}-{value[6:8]} {value[8:10]}:{value[10:12]}:{value[12:]}"
        found = parse_time(value, received) if value else None
        if found is not None:
            event["@timestamp"], event["taishi.time.quality"] = found
            return


def _tidy(event: Event, values: Mapping[str, Any]) -> None:
    for side, keys in _SOCKETS:
        if f"{side}.ip" not in event:
            for key in keys:
                value = values.get(key)
                if type(value) is str and value not in UNSET and ip(_device.split_peer(value)[0]) is not None:
                    _device.peer(event, side, value)
                    break
    _transport(event)
    _names(event)
    for side in ("source", "destination"):
        if event.get(f"{side}.ip") in {"0.0.0.0", "::"}:  # noqa: S104 - products write it where there is none
            del event[f"{side}.ip"]


def _transport(event: Event) -> None:
    """`IPPROTO_TCP`, `NULL_TCP` → tcp; an application protocol under the transport's key goes where it belongs."""
    name = str(event.get("network.transport") or "").lower().removeprefix("ipproto_").removeprefix("null_")
    if name in NUMBERS:
        event["network.transport"] = name
    elif name:
        del event["network.transport"]
        event.setdefault("network.protocol", name)


def _names(event: Event) -> None:
    if target := event.get("url.original"):
        url(event, target, event.get("url.domain") or "")
    if (path := event.get("file.path")) and not event.get("file.name"):
        file(event, path)
    if (path := event.get("process.executable")) and "process.name" not in event:
        executable(event, "process", path)


_SOCKETS: Final = (
    ("source", ("src", "SRC", "Source", "source", "srcIPv6", "src_ip6", "SrcIP6", "sipv6", "saddr", "SrcIPv6Addr")),
    ("destination", ("dst", "DST", "Dest", "dest", "dstIPv6", "dst_ip6", "DstIP6", "dipv6", "daddr", "DstIPv6Addr")),
)


def _decide(event: Event, kind: str, what: str) -> None:
    action = str(event.get("event.action") or "")
    result = event.pop("event.outcome", None)
    if kind == "detection" or (event.get("rule.name") and kind == "other" and event.get("event.severity", 0) >= 50):
        name = event.get("rule.name") or event.get("rule.category") or what.strip()
        own = "malware" if any(word in what.lower() for word in _MALWARE) or "file.hash.md5" in event else ""
        detection(event, str(name), action, own or "intrusion_detection", 50)
        infer(event, event.get("rule.name"), event.get("rule.category"), what)
    elif kind in {"login", "logout"}:
        good = result or outcome(action, event.get("message"), event.get("event.reason"), what)
        _device.login(event, None if good is None else good == "success", out=kind == "logout")
    elif kind == "change":
        _device.change(event, (result or outcome(event.get("message"), action)) != "failure")
    elif kind == "command":
        _device.plain(event, "process")
    elif kind in {"flow", "web"} and "source.ip" in event:
        flow(event, action)
        if kind == "web":
            event["event.category"] = ["web", "network"]
    else:
        _device.plain(event, "network" if "source.ip" in event and "destination.ip" in event else "host")
        if result:
            event["event.outcome"] = result
    event.setdefault("event.action", kind if kind != "other" else "log")


_MALWARE: Final = (
    "virus",
    "malware",
    "streamav",
    "avse",
    "病毒",
    "木马",
    "恶意代码",
    "恶意软件",
    "webshell",
    "anti-virus",
)


_NAMING: Final = (
    "type", "log_type", "logtype", "logType", "LogType", "日志类型", "module", "mod", "recorder", "event", "msgtype", "label",
    "类型", "eventtype", "event_type", "log_name", "subtype", "模块", "name", "title", "op", "MODULE", "模块名称", "日志名称",
    "content.type", "alert_type", "rule_type", "attack_type", "act", "EventType", "category", "事件类型", "告警类型",
)  # fmt: skip


def words(values: Mapping[str, Any]) -> str:
    """What a record calls itself, from the keys that usually say it."""
    return " ".join(str(values[key]) for key in _NAMING if values.get(key))[:512]


def holds(text: str, signs: tuple[tuple[str, ...], ...]) -> bool:
    """Whether all literals of one row are in the head of the text."""
    return any(all(sign in text for sign in row) for row in signs)


def product(
    name: str,
    label: str,
    signs: tuple[tuple[str, ...], ...],
    *,
    vendor: str,
    title: str,
    kind: str,
    reference: str,
    prefix: str = "cn.",
    scale: str = "up",
    known: str = "",
    fields: Fields = KEYS,
    sure: float = 0.95,
    quiet: tuple[str, ...] = (),
) -> Parser:
    """A product that writes JSON or pairs and is known by literals: one row of `signs` must be wholly in its lines.

    `known` is the kind of all its records where the records need not say it, but those with a literal of `quiet` (counters,
    states) are plain; `scale` is its severity numbers' (see `severity`).
    """

    def sniff(framed: Framed) -> float:
        return sure if holds(framed.text[:HEAD], signs) else 0.0

    return Parser(name=name, product=label, data_kind="security", reference=reference, sniff=sniff,
                  parse=_reading(name, (vendor, title, kind), signs, prefix, scale, known, fields, quiet),
                  markers=tuple(dict.fromkeys(row[0] for row in signs)))  # fmt: skip


HEAD: Final = 1500
"""Characters looked at to tell a product: JSON products name themselves late."""


def _reading(
    name: str,
    named: tuple[str, str, str],
    signs: tuple[tuple[str, ...], ...],
    prefix: str,
    scale: str,
    known: str,
    fields: Fields,
    quiet: tuple[str, ...],
) -> Parse:
    def parse(framed: Framed, received: Received) -> list[Event]:
        if not holds(framed.text[:HEAD], signs):
            raise ParseError(f"the record bears no mark of {named[0]} {named[1]}", name)
        event, body = begin(framed, received, name, *named)
        values = flat_json(body) or pairs(body)
        if len(values) < 2:
            values = pairs(framed.text)
        event.setdefault("message", body.strip()[:512]) if len(values) < 2 else None
        kind = "other" if any(sign in framed.text[:HEAD] for sign in quiet) else known
        return record(event, values, received, prefix=prefix, what=words(values) or body[:200], fields=fields,
                      scale=scale, kind=kind)  # fmt: skip

    return parse
