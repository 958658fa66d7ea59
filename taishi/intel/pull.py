"""Fetching feeds: a document over HTTP, a TAXII 2.1 collection, the events of a MISP feed.

Everything is bounded: bytes, pages, events, time. Secrets come from the settings, go into one header, and into no text
that is kept or logged; an address that carries one is refused.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx

from taishi.intel import misp, stix
from taishi.intel.indicator import FeedError, Item, Refusal
from taishi.intel.read import MAX_BYTES, MAX_JSON, Format, document, read

TIMEOUT: Final = 60.0
"""Seconds without a byte."""

DEADLINE: Final = 1800.0
"""Seconds of a whole pull; the next one goes on where this one stopped."""

MAX_PAGES: Final = 5000
PAGE: Final = 1000
"""Objects asked for at once; servers give fewer."""

MAX_EVENTS: Final = 2000
"""MISP events of one pull, the oldest first."""

MAX_MANIFEST: Final = 500_000
TAXII: Final = "application/taxii+json;version=2.1"
DAY: Final = 86_400.0

_SECRET_NAMES: Final = frozenset({"key", "apikey", "api_key", "token", "access_token", "password", "secret", "auth"})
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(slots=True)
class Source:
    """What is needed to fetch a feed: columns of `Feed`, and the secret. `cursor` is where the last pull ended and, when
    the items are exhausted, where this one did; `unchanged`: the sender has nothing new."""

    transport: str
    url: str
    format: Format = "auto"
    options: Mapping[str, Any] = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    cursor: dict[str, Any] = field(default_factory=dict)
    valid_days: float = 90.0
    unchanged: bool = False


def items(source: Source, at: float, transport: httpx.BaseTransport | None = None) -> Iterator[Item]:
    """What the feed says, as it comes. `transport` is for tests. Raises FeedError with what to do."""
    host = _checked(source.url)
    headers, auth = _credentials(source)
    limits = httpx.Timeout(TIMEOUT, connect=15.0)
    with httpx.Client(
        headers=headers, auth=auth, timeout=limits, follow_redirects=True, max_redirects=3, transport=transport
    ) as client:
        session = _Session(client, host, time.monotonic() + DEADLINE)
        if source.transport == "taxii":
            yield from _taxii(session, source)
        elif source.transport == "misp":
            yield from _misp(session, source)
        else:
            yield from _plain(session, source, at)


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        host, parts = "", urlsplit("")
    if parts.scheme not in {"http", "https"} or not host:
        raise FeedError("the address of a feed is http://host/… or https://host/…")
    asked = {name.lower() for name in parse_qs(parts.query)}
    if parts.username or parts.password or not asked.isdisjoint(_SECRET_NAMES):
        raise FeedError("the address holds a password or a key: put it into the settings ([intel.secrets]) and name it")
    return host


def _credentials(source: Source) -> tuple[dict[str, str], httpx.Auth | None]:
    """Basic with a user name; else the header that the feed wants, a bearer token where it says none."""
    headers = {"User-Agent": "taishi", "Accept": "*/*"}
    user = str(source.options.get("user") or "")
    if user:
        return headers, httpx.BasicAuth(user, source.secret)
    if source.secret:
        name = str(source.options.get("header") or "")
        if name or source.transport == "misp":
            headers[name or "Authorization"] = source.secret
        else:
            headers["Authorization"] = f"Bearer {source.secret}"
    return headers, None


@dataclass(slots=True)
class _Session:
    client: httpx.Client
    host: str
    deadline: float

    def get(
        self, url: str, *, most: int, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[httpx.Response, bytes]:
        if time.monotonic() > self.deadline:
            raise FeedError(f"{self.host} needs more than {DEADLINE / 60:.0f} minutes; the next pull goes on from here")
        try:
            with self.client.stream("GET", url, params=params, headers=headers) as response:
                if response.status_code == 304:
                    return response, b""
                self._refused(response)
                body = bytearray()
                for part in response.iter_bytes():
                    body += part
                    if len(body) > most:
                        raise FeedError(f"{self.host} sends more than {most >> 20} MiB at once")
                    if time.monotonic() > self.deadline:
                        raise FeedError(f"{self.host} is too slow: it is cut off after {DEADLINE / 60:.0f} minutes")
                return response, bytes(body)
        except httpx.TimeoutException as error:
            raise FeedError(f"{self.host} does not answer in time") from error
        except httpx.HTTPError as error:
            raise FeedError(f"{self.host} cannot be reached: {type(error).__name__}") from error

    def _refused(self, response: httpx.Response) -> None:
        code = response.status_code
        if code in {401, 403}:
            raise FeedError(f"{self.host} refuses the credentials ({code}); look at user and secret of the feed")
        if code == 404:
            raise FeedError(f"{self.host} knows no such address (404)")
        if code in {429, 503}:
            after = response.headers.get("Retry-After", "")
            raise FeedError(
                f"{self.host} is busy ({code}){f'; it asks to come back after {after[:40]} s' if after else ''}"
            )
        if code != 200:
            raise FeedError(f"{self.host} answers {code}")


def _plain(session: _Session, source: Source, at: float) -> Iterator[Item]:
    headers = {}
    renewed = float(source.cursor.get("full_at") or 0.0)
    if at - renewed < source.valid_days * DAY / 4:  # else the whole again, so that what it still lists does not run out
        for name, key in (("If-None-Match", "etag"), ("If-Modified-Since", "modified")):
            if source.cursor.get(key):
                headers[name] = str(source.cursor[key])
    response, body = session.get(source.url, most=MAX_BYTES, headers=headers)
    if response.status_code == 304:
        source.unchanged = True
        return
    yield from read(body, source.format, source.options)
    source.cursor = {
        "etag": response.headers.get("ETag", "")[:200], "modified": response.headers.get("Last-Modified", "")[:80], "full_at": at,
    }  # fmt: skip


def _taxii(session: _Session, source: Source) -> Iterator[Item]:
    """Pages of a collection, from where the last pull ended (TAXII 2.1 §5.4). The cursor moves with every page."""
    url = source.url.rstrip("/")
    url = url if url.endswith("/objects") else f"{url}/objects"
    after = str(source.cursor.get("added_after") or "")
    params = {"limit": str(PAGE), **({"added_after": after} if after else {})}
    for _ in range(MAX_PAGES):
        response, body = session.get(f"{url}/", most=MAX_JSON, params=params, headers={"Accept": TAXII})
        if "json" not in response.headers.get("Content-Type", ""):
            raise FeedError(f"{session.host} answers no TAXII 2.1; is this the address of a collection?")
        envelope = document(body)
        if not isinstance(envelope, dict):
            raise FeedError(f"{session.host} answers no TAXII 2.1 envelope")
        yield from stix.read(envelope)
        last = response.headers.get("X-TAXII-Date-Added-Last", "")[:60]
        if last:
            source.cursor = {"added_after": last}
        following = str(envelope.get("next") or "")
        if envelope.get("more") is not True:
            return
        if following:
            params["next"] = following
        elif last and last != params.get("added_after"):
            params["added_after"] = last
        else:
            raise FeedError(f"{session.host} says there is more and does not say where")
    raise FeedError(f"{session.host} gives more than {MAX_PAGES} pages; the next pull goes on from here")


def _misp(session: _Session, source: Source) -> Iterator[Item]:
    """The manifest, then every event that changed since, the oldest first. The cursor moves with every event."""
    base = source.url.rstrip("/").removesuffix("/manifest.json")
    _, body = session.get(f"{base}/manifest.json", most=MAX_JSON)
    manifest = document(body)
    if not isinstance(manifest, dict) or len(manifest) > MAX_MANIFEST:
        raise FeedError(f"{session.host} has no MISP manifest at this address")
    since = (int(source.cursor.get("timestamp") or 0), str(source.cursor.get("uuid") or ""))
    fresh: list[tuple[int, str]] = []
    for uuid, about in manifest.items():
        if not _UUID.fullmatch(uuid) or not isinstance(about, dict):
            yield Refusal(str(uuid)[:80], "the manifest names an event that has no UUID")
            continue
        stamp = str(about.get("timestamp") or "0")
        if stamp.isdecimal() and (int(stamp[:12]), uuid) > since:
            fresh.append((int(stamp[:12]), uuid))
    source.unchanged = not fresh
    for changed_at, uuid in sorted(fresh)[:MAX_EVENTS]:
        _, event = session.get(f"{base}/{uuid}.json", most=MAX_JSON)
        yield from misp.read(document(event))
        source.cursor = {"timestamp": changed_at, "uuid": uuid}
