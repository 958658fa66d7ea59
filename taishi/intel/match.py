"""Which indicators an event holds, in which field, and which way it went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from taishi.event import Event
from taishi.intel.policy import Direction
from taishi.intel.snapshot import NO_HITS, Hit, Hits, Snapshot
from taishi.intel.values import BadValue, Kind, normalise

MAX_MATCHES: Final = 8
"""Indicators named on one event: the surest of them."""

_ADDRESSES: Final = ("destination.ip", "destination.nat.ip", "dns.resolved_ip", "source.ip", "source.nat.ip", "host.ip")
_NAMES: Final = ("dns.question.name", "tls.client.server_name", "url.domain", "destination.domain", "source.domain")
_DIGESTS: Final = (
    *(f"{owner}.hash.{kind}" for owner in ("file", "process", "dll") for kind in ("sha256", "sha1", "md5")),
    "tls.client.ja3", "tls.server.ja3s", "tls.server.hash.sha256", "tls.server.hash.sha1",
)  # fmt: skip
DIRECTIONS: Final[dict[str, Direction]] = {
    "destination.ip": "out", "destination.nat.ip": "out", "dns.resolved_ip": "out", "source.ip": "in", "source.nat.ip": "in",
    "dns.question.name": "out", "tls.client.server_name": "out", "url.domain": "out", "destination.domain": "out",
    "source.domain": "in", "url.full": "out", "url.original": "out", "tls.server.ja3s": "out", "tls.server.hash.sha256": "out",
    "tls.server.hash.sha1": "out", "x509.serial_number": "out", "tls.server.x509.serial_number": "out",
    "email.from.address": "mail",
}  # fmt: skip
"""Field → which way; every other field is about a file or a program here."""


@dataclass(frozen=True, slots=True)
class Match:
    """An indicator in a field of an event."""

    field: str
    direction: Direction
    hit: Hit


class Matcher:
    """A snapshot as events see it. Whether an indicator was in force is looked at on a hit alone."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._ip, self._domain, self._hash = (snapshot.known(kind) for kind in ("ip", "domain", "hash"))
        self._url = snapshot.known("url")
        self._hosts: dict[str, bool] = {}

    def look(self, event: Event) -> list[tuple[str, Hits]]:  # noqa: C901, PLR0912  a call costs as much as a look-up
        """(raw value, indicators) of what the event holds; almost always empty. Called for every event, so it asks for
        few fields and a memory first."""
        get = event.get
        found: list[tuple[str, Hits]] = []
        addresses, names = get("related.ip"), get("related.hosts")
        if addresses is None and names is None:  # parsers collect them; who comes another way may not
            addresses = [one for name in ("source.ip", "destination.ip") if (one := get(name)) is not None]
            names = [one for name in _NAMES if (one := get(name)) is not None]
        known = self._ip
        for one in addresses or ():
            hits = known.get(one)
            if hits is None:
                hits = self._missing("ip", one, self.snapshot.address)
            if hits:
                found.append((one, hits))
        known = self._domain
        for one in names or ():
            hits = known.get(one)
            if hits is None:
                hits = self._missing("domain", one, self.snapshot.name)
            if hits:
                found.append((one, hits))
        digests = get("related.hash")
        if digests is not None:
            known = self._hash
            for one in digests:
                hits = known.get(one)
                if hits is None:
                    hits = self._missing("hash", one, self._digest)
                if hits:
                    found.append((one, hits))
        if "url.domain" in event:
            self._urls(event, found)
        if "tls.client.ja4" in event:
            self._one(event, "tls.client.ja4", "ja4", found)
        if "email.from.address" in event:
            self._one(event, "email.from.address", "email", found)
        for name in ("x509.serial_number", "tls.server.x509.serial_number"):
            if name in event:
                self._one(event, name, "serial", found)
        return found

    def matches(self, event: Event, t: float, received_at: float) -> list[Match]:
        """What the event holds and was in force, the surest first."""
        found = self.look(event)
        return self.settle(event, found, t, received_at) if found else []

    def settle(self, event: Event, found: list[tuple[str, Hits]], t: float, received_at: float) -> list[Match]:
        """With fields and directions, without what was not in force."""
        result: dict[int, Match] = {}
        for raw, hits in found:
            field = _field_of(event, raw)
            if not field:
                continue  # a host's own name or address is nobody's indicator
            direction = DIRECTIONS.get(field, "file")
            for hit in hits:
                if hit.id not in result and hit.holds(t, received_at):
                    result[hit.id] = Match(field, direction, hit)
        ordered = sorted(result.values(), key=lambda one: (-one.hit.profile.confidence, one.hit.id))
        return ordered[:MAX_MATCHES]

    # ------------------------------------------------------------ values not met lately

    def _missing(self, kind: Kind, raw: Any, look: Callable[[str], Hits]) -> Hits:
        if not isinstance(raw, str):
            return NO_HITS
        return self.snapshot.remember(kind, raw, look(raw))

    def _digest(self, raw: str) -> Hits:
        lower = raw.lower()
        exact = self.snapshot.exact
        return exact("hash", lower) + exact("ja3", lower) + exact("certificate", lower)

    def _one(self, event: Event, field: str, kind: Kind, found: list[tuple[str, Hits]]) -> None:
        value = event[field]
        known = self.snapshot.known(kind)
        for one in value if isinstance(value, list) else [value]:
            hits = known.get(one) if isinstance(one, str) else NO_HITS
            if hits is None:
                hits = self._missing(kind, one, lambda raw: self._spelled(kind, raw))
            if hits:
                found.append((one, hits))

    def _spelled(self, kind: Kind, raw: str) -> Hits:
        try:
            return self.snapshot.exact(kind, normalise(kind, raw))
        except BadValue:
            return NO_HITS

    def _urls(self, event: Event, found: list[tuple[str, Hits]]) -> None:
        host = event["url.domain"]
        if not isinstance(host, str):
            return
        likely = self._hosts.get(host)
        if likely is None:
            likely = self.snapshot.names_urls(host)
            if len(self._hosts) > 65_536:
                self._hosts.clear()
            self._hosts[host] = likely
        if not likely:
            return
        raw = event.get("url.full") or event.get("url.original")
        if not isinstance(raw, str):
            return
        hits = self._url.get(raw)
        if hits is None or raw.startswith("/"):
            hits = self._url_hits(host, raw, str(event.get("url.scheme") or "http"))
            if not raw.startswith("/"):
                self.snapshot.remember("url", raw, hits)
        if hits:
            found.append((raw, hits))

    def _url_hits(self, host: str, raw: str, scheme: str) -> Hits:
        """As asked for, and without its query: feeds publish the page, victims bring parameters."""
        whole = f"{scheme}://{host}{raw}" if raw.startswith("/") else raw
        try:
            value = normalise("url", whole)
        except BadValue:
            return NO_HITS
        hits = self.snapshot.exact("url", value)
        if not hits and "?" in value:
            hits = self.snapshot.exact("url", value.partition("?")[0])
        return hits


def _field_of(event: Event, raw: str) -> str:
    """The first field that holds a value, those that say a direction first; "" where only the host's own do."""
    for names in (_ADDRESSES, _NAMES, _DIGESTS):
        for name in names:
            value = event.get(name)
            if value == raw or (isinstance(value, list) and raw in value):
                return "" if name == "host.ip" else name
    for name in ("url.full", "url.original", "tls.client.ja4", "email.from.address", "x509.serial_number",
                 "tls.server.x509.serial_number"):  # fmt: skip
        value = event.get(name)
        if value == raw or (isinstance(value, list) and raw in value):
            return name
    return ""
