"""The shape of web traffic: URLs, hosts, status codes, user agents, whoever saw them."""

from __future__ import annotations

from urllib.parse import urlsplit

from collectors.parsers._common import ip
from taishi.event import Event


def url(event: Event, target: str, host: str = "", scheme: str = "") -> None:
    """Set `url.*` from a full URL, or from a path with the Host header. Broken URLs keep only `url.original`."""
    event["url.original"] = target
    if host:
        _host(event, host)
    if "://" in target[:16]:
        _full(event, target)
        return
    path, _, query = target.partition("?")
    if path.startswith("/"):
        event["url.path"] = path
    if query:
        event["url.query"] = query
    if scheme:
        event["url.scheme"] = scheme


def _full(event: Event, target: str) -> None:
    try:
        parts = urlsplit(target)
        named, number = parts.hostname, parts.port
    except ValueError:
        return
    event["url.full"] = target
    event["url.scheme"] = parts.scheme.lower()
    if named:
        event["url.domain"] = named
    if number is not None:
        event["url.port"] = number
    if parts.path:
        event["url.path"] = parts.path
    if parts.query:
        event["url.query"] = parts.query


def _host(event: Event, host: str) -> None:
    name, colon, number = host.rpartition(":")
    if colon and number.isascii() and number.isdecimal() and len(number) < 6 and ip(host) is None:
        event["url.port"] = int(number)
        host = name
    event["url.domain"] = host.strip("[]")


def outcome(status: int) -> str:
    """`event.outcome` of an HTTP status."""
    return "failure" if status >= 400 else "success"
