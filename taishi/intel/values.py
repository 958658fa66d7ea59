"""Indicator values: what kinds there are, and the one spelling that two writers of the same value agree on.

Feeds defang what they publish (`hxxp://`, `1[.]2[.]3[.]4`, `a@b[at]c`); that is undone here. Everything is compared as
normalised, on both sides: the feed's value once when it is read, the event's when it is looked up.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, Literal
from urllib.parse import urlsplit

from taishi.errors import TaishiError

Kind = Literal["ip", "cidr", "domain", "url", "hash", "ja3", "ja4", "certificate", "serial", "email"]
KINDS: Final[tuple[Kind, ...]] = (
    "ip", "cidr", "domain", "url", "hash", "ja3", "ja4", "certificate", "serial", "email",
)  # fmt: skip

MAX_LENGTH: Final = 2048
"""Characters of a value; longer URLs are data, not addresses."""

HASH_LENGTHS: Final = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
"""Hexadecimal digits of the digests that files are named by."""

BROADEST: Final = {4: 8, 6: 19}
"""Shortest prefix that is an indicator: one larger than what registries give to a country is a mistake."""


class BadValue(TaishiError):
    """A value that cannot be an indicator of its kind; the text says why."""

    code = "bad_value"


_DOTS: Final = re.compile(r"\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)|。|．|\\\.", re.IGNORECASE)
_AT: Final = re.compile(r"\[@\]|\(@\)|\[at\]|\(at\)", re.IGNORECASE)
_COLON: Final = re.compile(r"\[:\]")
_SLASHES: Final = re.compile(r"\[:?//\]|\[:\]//")
_SCHEME: Final = re.compile(r"^(?:h[tx]{2}p|hxtp|meow|fxp|f[tx]p)(s?)(?=(?:\[?:\]?//|\[:?//\]))", re.IGNORECASE)
_HEX: Final = re.compile(r"[0-9a-f]+")
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_EMAIL: Final = re.compile(r"[^@\s<>\"]{1,64}@[^@\s<>\"]{1,255}")
_JA4: Final = re.compile(r"[tqd][0-9a-z]{2}[di][0-9a-z]{6}_[0-9a-f]{12}_[0-9a-f]{12}")
_MORE_ESCAPED: Final = re.compile(r"%[0-9a-fA-F]{2}")


def refang(text: str) -> str:
    """Undo what keeps people from clicking."""
    text = text.strip().strip("\u200b\ufeff")
    scheme = _SCHEME.match(text)
    if scheme:
        word = "ftp" if text[:1] in "fF" else "http"
        text = f"{word}{scheme.group(1).lower()}{text[scheme.end() :]}"
    if "[" in text or "(" in text or "{" in text or "。" in text or "．" in text or "\\" in text:
        text = _SLASHES.sub("://", text)
        text = _AT.sub("@", _COLON.sub(":", _DOTS.sub(".", text)))
    return text


def normalise(kind: Kind, text: str) -> str:
    """The one spelling of a value. Raises BadValue with the reason."""
    if len(text) > MAX_LENGTH:
        raise BadValue(f"longer than {MAX_LENGTH} characters")
    plain = refang(text)
    if not plain:
        raise BadValue("empty")
    return _NORMALISERS[kind](plain)


def _ip(text: str) -> str:
    return str(_address(text))


def _address(text: str) -> IPv4Address | IPv6Address:
    try:
        found = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        raise BadValue(f"{text[:60]!r} is no IP address") from None
    mapped: IPv4Address | None = getattr(found, "ipv4_mapped", None)
    return mapped or found


def _cidr(text: str) -> str:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise BadValue(f"{text[:60]!r} is no network such as 192.0.2.0/24") from None
    if network.prefixlen < BROADEST[network.version]:
        raise BadValue(f"{text[:60]} is broader than a /{BROADEST[network.version]}: it would hit everybody")
    return str(network)


def domain(text: str) -> str:
    """Lower case, no dot at the end, international names in their ASCII form (IDNA)."""
    name = text.strip().rstrip(".").lower()
    name = name.removeprefix("*.").removeprefix(".")
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            raise BadValue(f"{text[:60]!r} is no domain name") from None
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadValue(f"{text[:60]!r} is no domain name")
    if len(labels) < 2:
        raise BadValue(f"{text[:60]!r} is a whole top-level domain or a host name without domain")
    if labels[-1].isdecimal():
        raise BadValue(f"{text[:60]!r} is no domain name: its last label is a number")
    return name


def url(text: str) -> str:
    """Scheme and host in lower case, default port and fragment left out; the path as it is, for servers tell case."""
    try:
        parts = urlsplit(text if "://" in text[:12] else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadValue(f"{text[:60]!r} is no URL") from None
    if not host:
        raise BadValue(f"{text[:60]!r} is a URL without host")
    scheme = parts.scheme.lower()
    if not host.isascii():
        host = domain(host)
    shown = f"[{host}]" if ":" in host else host
    if port is not None and port != {"http": 80, "https": 443, "ftp": 21}.get(scheme):
        shown = f"{shown}:{port}"
    path = _MORE_ESCAPED.sub(lambda found: found.group().upper(), parts.path) or "/"
    query = f"?{parts.query}" if parts.query else ""
    return f"{scheme}://{shown}{path}{query}"


def _digits(text: str) -> str:
    return text.lower().replace(":", "").replace(" ", "").replace("-", "")


def _hash(text: str) -> str:
    digits = _digits(text.rpartition(":")[2] if text[:3].lower() in {"md5", "sha"} else text)
    if not _HEX.fullmatch(digits) or len(digits) not in HASH_LENGTHS:
        raise BadValue(f"{text[:60]!r} is no MD5, SHA-1 or SHA-2 digest")
    return digits


def _ja3(text: str) -> str:
    digits = text.lower()
    if not _HEX.fullmatch(digits) or len(digits) != 32:
        raise BadValue(f"{text[:60]!r} is no JA3 digest of 32 hexadecimal digits")
    return digits


def _ja4(text: str) -> str:
    lower = text.lower()
    if not _JA4.fullmatch(lower):
        raise BadValue(f"{text[:60]!r} is no JA4 fingerprint such as t13d1516h2_8daaf6152771_b186095e22b6")
    return lower


def _certificate(text: str) -> str:
    digits = _digits(text)
    if not _HEX.fullmatch(digits) or len(digits) not in {40, 64}:
        raise BadValue(f"{text[:60]!r} is no SHA-1 or SHA-256 digest of a certificate")
    return digits


def _serial(text: str) -> str:
    digits = _digits(text.removeprefix("0x").removeprefix("0X")).lstrip("0")
    if not _HEX.fullmatch(digits) or not 8 <= len(digits) <= 40:
        raise BadValue(
            f"{text[:60]!r} is no serial of a certificate with 8 to 40 hexadecimal digits: shorter ones repeat"
        )
    return digits


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise BadValue(f"{text[:60]!r} is no e-mail address")
    local, _, host = text.lower().rpartition("@")
    return f"{local}@{domain(host)}"


_NORMALISERS: Final = {
    "ip": _ip, "cidr": _cidr, "domain": domain, "url": url, "hash": _hash, "ja3": _ja3, "ja4": _ja4,
    "certificate": _certificate, "serial": _serial, "email": _email,
}  # fmt: skip


def guess(text: str) -> tuple[Kind, str]:
    """The kind of a bare value and its spelling, for lists without a type column. Raises BadValue.

    A digest of 32 digits is taken for a file's: nothing in it tells it from JA3."""
    plain = refang(text)
    order: tuple[Kind, ...]
    if "://" in plain[:12]:
        order = ("url",)
    elif "@" in plain:
        order = ("email",)
    elif "/" in plain:
        order = ("cidr", "url")
    else:
        order = ("ip", "hash", "ja4", "domain")
    for kind in order:
        try:
            return kind, normalise(kind, plain)
        except BadValue:
            continue
    raise BadValue(f"{text[:60]!r} is no address, network, domain, URL, digest or e-mail address")


@lru_cache(maxsize=4096)
def above(name: str) -> tuple[str, ...]:
    """A domain and those above it, the longest first, down to two labels."""
    labels = name.split(".")
    return tuple(".".join(labels[start:]) for start in range(len(labels) - 1))
