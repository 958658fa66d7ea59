"""The shape of a web server's, proxy's or load balancer's access record, the same for every one of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from collectors.parsers._common import UNSET, integer, ip
from collectors.parsers._device import split_peer
from collectors.parsers._web import outcome, url
from taishi.event import Event

METHODS: Final = frozenset(
    {
        "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PROPFIND", "PROPPATCH",
        "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH", "DEBUG", "TRACK", "PURGE", "RPC_IN_DATA",
        "RPC_OUT_DATA", "BDELETE", "BCOPY", "BMOVE", "BPROPFIND", "SUBSCRIBE", "NOTIFY", "MKCALENDAR", "MERGE",
    }
)  # fmt: skip


def access(event: Event, status: object = None) -> None:
    """Make the event an access record: category, and outcome from the status where there is one."""
    event["event.kind"] = "event"
    event["event.category"], event["event.type"] = ["web"], ["access"]
    code = integer(status)
    if code is not None and 100 <= code <= 999:
        event["http.response.status_code"] = code
        event["event.outcome"] = outcome(code)


def client(event: Event, address: str) -> None:
    """The caller: an address, an address with a port, or a name. Of a forwarded list the first."""
    where, number = split_peer(address.partition(",")[0].strip().strip('"'))
    if not where:
        return
    event["source.address"] = where
    found = ip(where)
    if found is not None:
        event["source.ip"] = found
    else:
        event["source.domain"] = where
    if number is not None:
        event["source.port"] = number


def request(event: Event, line: str, host: str = "", scheme: str = "") -> None:
    """`GET /path?x=1 HTTP/1.1` → method, URL, version; what is no request line stays as `url.original`."""
    if line in {"", "-"}:
        return
    method, _, rest = line.partition(" ")
    target, _, version = rest.rpartition(" ")
    if not target or not version.startswith(("HTTP/", "http/")):
        target, version = rest, ""
    if not target or len(method) > 32 or not _word(method):
        event["url.original"] = line
        return
    event["http.request.method"] = method
    if version:
        event["http.version"] = version[5:]
    locate(event, target, host, scheme)


@lru_cache(maxsize=512)
def _word(method: str) -> bool:
    return method.replace("_", "").replace("-", "").isalnum() and method.isascii()


def locate(event: Event, target: str, host: str = "", scheme: str = "") -> None:
    """`url.*` of a request target, with the extension of its path."""
    url(event, target, "" if host in UNSET else host, scheme)
    path = event.get("url.path")
    if path:
        name = path.rpartition("/")[2]
        _, dot, extension = name.rpartition(".")
        if dot and extension.isalnum() and len(extension) <= 16:
            event["url.extension"] = extension


def agent(event: Event, referrer: str = "", user_agent: str = "") -> None:
    if referrer and referrer not in UNSET:
        event["http.request.referrer"] = referrer
    if user_agent and user_agent not in UNSET:
        event["user_agent.original"] = user_agent


def quoted(text: str, start: int) -> tuple[str, int]:
    """The quoted string that begins at `start` (a `"`), escapes kept, and the position after its closing quote."""
    at = start + 1
    while True:
        end = text.find('"', at)
        if end < 0:
            return text[start + 1 :], len(text)
        slashes = 0
        while text[end - 1 - slashes] == "\\" and end - 1 - slashes > start:
            slashes += 1
        if slashes % 2 == 0:
            return text[start + 1 : end], end + 1
        at = end + 1


def words(text: str, limit: int = 64) -> list[str]:
    """Split at spaces, with "quoted strings" and [bracketed ones] whole and without their marks, at most `limit`."""
    found: list[str] = []
    at, size = 0, len(text)
    while at < size and len(found) < limit:
        char = text[at]
        if char == " ":
            at += 1
        elif char == '"':
            value, at = quoted(text, at)
            found.append(value)
        elif char == "[":
            end = text.find("]", at)
            end = size if end < 0 else end
            found.append(text[at + 1 : end])
            at = end + 1
        else:
            end = text.find(" ", at)
            end = size if end < 0 else end
            found.append(text[at:end])
            at = end
    return found
