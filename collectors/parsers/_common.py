"""Small helpers that every parser shares: cleaning values, flattening, related.* and the common alert shape.

All are pure and linear in their input. `None` means "not usable": a field that cannot be typed is left out, and the
original line still carries it.
"""

from __future__ import annotations

import math
import socket
from collections.abc import Callable, Container, Mapping
from functools import lru_cache
from typing import Any, Final

import orjson

from collectors.parser import Framed
from taishi.errors import ParseError
from taishi.event import Event

UNSET: Final = frozenset({"", "-", "N/A", "n/a", "NA", "null", "NULL", "None", "(null)", "undefined", "--"})
MAX_FIELDS: Final = 400
"""Product fields kept per event beside the mapped ones; hostile JSON with 10^5 keys must not become 10^5 columns."""
MAX_DEPTH: Final = 8
LONG_MAX: Final = 2**63 - 1


@lru_cache(maxsize=65536)
def _address(text: str) -> str | None:
    head = text.strip().partition("%")[0].strip("[]")
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            found = socket.inet_ntop(family, socket.inet_pton(family, head))
        except (OSError, ValueError):
            continue
        return found[7:] if found.startswith("::ffff:") and "." in found else found
    return None


def ip(value: Any) -> str | None:
    """A canonical IPv4/IPv6 address, or None. Zone ids are dropped, IPv4-mapped IPv6 becomes IPv4."""
    return _address(value) if type(value) is str and 2 <= len(value) <= 64 else None


def integer(value: Any) -> int | None:
    """An integer that fits a 64-bit column, from int, integral float, decimal or 0x text."""
    if type(value) is int:
        return value if -LONG_MAX <= value <= LONG_MAX else None
    if type(value) is str:
        if len(value) < 19 and value.isdecimal():  # nearly all there are
            return int(value)
        text = value.strip().replace(",", "")
        if len(text) > 20:
            return None
        try:
            number = int(text, 16) if text[:2] in {"0x", "0X"} else int(text)
        except ValueError:
            return None
        return number if -LONG_MAX <= number <= LONG_MAX else None
    if type(value) is float and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return None


def number(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def port(value: Any) -> int | None:
    found = value if type(value) is int else integer(value)
    return found if found is not None and 0 <= found <= 65535 else None


def text(value: Any) -> str | None:
    """A non-empty string; numbers become their text, unset markers and structures nothing."""
    if type(value) is str:
        found = value.strip()
        return None if found in UNSET else found
    if type(value) is bool:
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else None


def lower(value: Any) -> str | None:
    found = text(value)
    return found.lower() if found else None


def mac(value: Any) -> str | None:
    """A MAC address in ECS form: upper-case, hyphens."""
    found = text(value)
    if found is None:
        return None
    digits = found.replace(":", "").replace("-", "").replace(".", "").upper()
    if len(digits) != 12 or any(char not in "0123456789ABCDEF" for char in digits):
        return None
    return "-".join(digits[index : index + 2] for index in range(0, 12, 2))


def texts(value: Any) -> list[str] | None:
    """A list of texts from a list, or from one value."""
    items = value if isinstance(value, list) else [value]
    found = [item for item in map(text, items) if item is not None]
    return found or None


def boolean(value: Any) -> bool | None:
    if type(value) is bool:
        return value
    return {"true": True, "1": True, "yes": True, "t": True, "false": False, "0": False, "no": False, "f": False}.get(
        str(value).lower()
    )


def is_internal(address: str | None) -> bool:
    """Whether an address is private, loopback or link-local: inside by every enterprise's reading."""
    if not address:
        return False
    if address.startswith(("10.", "192.168.", "127.", "169.254.", "fc", "fd", "fe80:")) or address == "::1":
        return True
    return address.startswith("172.") and address[4:7] in _PRIVATE_172


_PRIVATE_172 = frozenset(f"{second}." for second in range(16, 32))

Convert = Callable[[Any], Any]
Fields = Mapping[str, tuple[str, Convert]]
"""Product key → (ECS field, converter)."""


def apply(event: Event, raw: Mapping[str, Any], fields: Fields) -> None:
    """Copy the known keys of `raw` into the event; the first value of a field wins."""
    for key, value in raw.items():
        known = fields.get(key)
        if known is not None and known[0] not in event and (converted := known[1](value)) is not None:
            event[known[0]] = converted


def keep(event: Event, prefix: str, raw: Mapping[str, Any], skip: Container[str], depth: int = 0) -> None:
    """Keep the keys of a structure that no mapping knows under `prefix`, dotted, as JSON scalars or lists of texts."""
    for key, value in raw.items():
        if key in skip or value is None or value == "" or len(event) > MAX_FIELDS:
            continue
        kind = type(value)
        if kind is dict:
            if depth < MAX_DEPTH:
                keep(event, f"{prefix}{key}.", value, {}, depth + 1)
        elif kind is list:
            if all(type(item) is str for item in value):
                event[prefix + key] = value
            elif all(type(item) in _SCALARS for item in value):
                event[prefix + key] = [str(item) for item in value]
            else:
                event[prefix + key] = orjson.dumps(value[:64]).decode()
        elif kind is not int or -LONG_MAX <= value <= LONG_MAX:
            event[prefix + key] = value


_SCALARS = (str, int, float, bool)


def body_of(framed: Framed) -> str:
    return framed.body or framed.text


def holds_object(source: str) -> bool:
    """Whether a JSON object begins in the head of a record, and not inside a list."""
    if source[:1] == "{":
        return True
    at = source.find("{", 0, 256)
    return at > 0 and source[at - 1] in " :\ufeff\t@"


def load_object(framed: Framed, parser: str) -> dict[str, Any]:
    """The JSON object of a record (its body, from the first brace); raises ParseError."""
    source = framed.body or framed.text
    if source[:1] != "{":
        at = source.find("{")
        if at < 0:
            raise ParseError("no JSON object in the record", parser)
        source = source[at:]
    try:
        raw = orjson.loads(source)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise ParseError(f"broken JSON: {error}", parser) from error
    if type(raw) is not dict:
        raise ParseError("the JSON record is not an object", parser)
    return raw


_IPS: Final = ("source.ip", "destination.ip", "source.nat.ip", "destination.nat.ip", "host.ip", "dns.resolved_ip")
_USERS: Final = (
    "user.name", "source.user.name", "destination.user.name", "user.target.name", "user.effective.name",
    "user.changes.name",
)  # fmt: skip
_HOSTS: Final = (
    "host.name", "host.hostname", "source.domain", "destination.domain", "url.domain", "dns.question.name",
    "tls.client.server_name",
)  # fmt: skip
_HASHES: Final = (
    *(f"{owner}.hash.{kind}" for owner in ("file", "process", "dll") for kind in ("md5", "sha1", "sha256", "imphash")),
    "tls.client.ja3",
    "tls.server.ja3s",
    "tls.server.hash.sha1",
    "tls.server.hash.sha256",
    "process.pe.imphash",
)


_RELATED: Final = {
    name: target
    for target, names in (
        ("related.ip", _IPS), ("related.user", _USERS), ("related.hosts", _HOSTS), ("related.hash", _HASHES),
    )
    for name in names
}  # fmt: skip


def relate(event: Event) -> Event:
    """Build `related.*` from the fields that carry addresses, users, hosts and hashes; returns the event."""
    found: dict[str, list[str]] = {}
    for name in filter(_RELATED.__contains__, event):
        value, target = event[name], _RELATED[name]
        values = found.get(target)
        if values is None:
            values = found[target] = []
        if type(value) is not list:
            if value not in values:
                values.append(value)
            continue
        for item in value:
            if item not in values:
                values.append(item)
    event.update(found)
    return event


_WORDS: Final = {
    "emergency": 95, "emerg": 95, "panic": 95, "alert": 90, "fatal": 90, "critical": 90, "crit": 90, "very-high": 90,
    "severe": 90, "高危": 75, "严重": 90, "紧急": 95, "超危": 95,
    "high": 75, "error": 60, "err": 60, "major": 70, "高": 75,
    "medium": 50, "moderate": 50, "warning": 50, "warn": 50, "中危": 50, "中": 50, "minor": 35, "一般": 35, "low": 30,
    "低危": 30,
    "低": 30, "notice": 25, "notification": 25, "info": 10, "information": 10, "informational": 10, "debug": 5,
    "unknown": 10,
    "none": 5, "提示": 10, "信息": 10, "通知": 25, "调试": 5, "警告": 50, "错误": 60, "致命": 90, "超高": 90, "mid": 50,
    "安全": 10, "危险": 75, "emergent": 95, "alarm": 90, "高级": 75, "中级": 50, "低级": 30, "高风险": 75,
    "中风险": 50, "低风险": 30, "very high": 90, "very-low": 15, "very low": 15, "告警": 60, "危急": 95,
}  # fmt: skip
SYSLOG_SEVERITY: Final = (95, 92, 90, 60, 50, 25, 10, 5)
"""Syslog severity 0 (emergency) to 7 (debug) → 0–100 (RFC 5424 §6.2.1)."""


def word_severity(value: Any) -> int | None:
    """A severity word in English or Chinese → 0–100, None where unknown."""
    return _WORDS.get(value.strip().lower()) if type(value) is str else None


def ten_severity(value: Any) -> int | None:
    """The 0–10 scale of CEF and LEEF (0-3 low, 4-6 medium, 7-8 high, 9-10 very high), or a word."""
    found = number(value)
    if found is None:
        return word_severity(value)
    return _TEN[min(10, max(0, int(found)))]


_TEN: Final = (10, 20, 25, 35, 45, 50, 59, 70, 79, 90, 100)

_PROTOCOLS: Final = {
    "1": "icmp", "2": "igmp", "4": "ipv4", "6": "tcp", "17": "udp", "41": "ipv6", "47": "gre", "50": "esp", "51": "ah",
    "58": "ipv6-icmp", "88": "eigrp", "89": "ospf", "103": "pim", "112": "vrrp", "115": "l2tp", "132": "sctp",
    "icmpv6": "ipv6-icmp", "icmp6": "ipv6-icmp", "ipv6_icmp": "ipv6-icmp",
}  # fmt: skip
NUMBERS: Final = {name: number for number, name in _PROTOCOLS.items() if number.isdecimal()}


def transport(value: Any) -> str | None:
    """`network.transport` from a protocol name or IANA number."""
    if type(value) is int:
        value = str(value)
    if type(value) is not str or not value or value == "-":
        return None
    name = value.lower()
    return _PROTOCOLS.get(name, name)


def split_user(value: str) -> tuple[str | None, str | None]:
    """`DOMAIN\\user` or `user@domain` → (domain, user)."""
    domain, slash, name = value.partition("\\")
    if slash:
        return domain or None, name or None
    name, sign, domain = value.partition("@")
    return (domain, name) if sign and name and "." in domain else (None, value)
