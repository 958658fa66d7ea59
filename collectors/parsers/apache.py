"""Apache httpd: error log of 2.2 and 2.4, and the SSL request log. Its access log is read by `web_access`.

`[Mon Mar 02 08:00:00.123456 2026] [core:error] [pid 12:tid 34] (13)Permission denied: [client 10.1.1.1:5000] AH00132: …`.
Logins that failed and accesses that configuration refused are told by their AH numbers and words.

Reference: https://httpd.apache.org/docs/2.4/mod/core.html#errorlogformat
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._access import access, agent, client, quoted, request
from collectors.parsers._common import body_of, integer, word_severity
from collectors.parsers._device import begin, finish, observer
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "apache"
_ERROR: Final = re.compile(
    r"\[((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})? \d{4})\] (?=\[)"
)
_BRACKET: Final = re.compile(r"\[((?:[^\]\[]|\[[0-9A-Fa-f:.%]{2,64}\]){0,1024})\] ?")
_SSL: Final = re.compile(
    r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] (\S{1,255}) ((?:TLS|SSL)v[\d.]+) (\S{1,128}) (?=\")"
)
_CLIENT: Final = re.compile(r"\[(?:client|remote) (\[[0-9A-Fa-f:.%]{2,64}\](?::\d{1,5})?|[^\]\s]{1,128})\] ?")
_CODE: Final = re.compile(r"(AH\d{5}):")
_LEVELS: Final = frozenset(
    {"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug", *(f"trace{n}" for n in range(1, 9))}
)
_USER: Final = re.compile(r"user '?([^\s':]{1,256})'?")
_DENIED: Final = ("client denied", "access to ", "AH01630", "AH01797")


def _error(event: Event, found: re.Match[str], body: str, received: Received) -> None:
    event["event.dataset"] = "apache.error"
    stamp(event, found[1][4:], received)
    event["event.category"], event["event.type"] = ["web"], ["error"]
    rest = body[found.end() :]
    while (part := _BRACKET.match(rest)) is not None:
        if not _bracket(event, part[1]):
            break
        rest = rest[part.end() :]
    if "source.address" not in event and (who := _CLIENT.search(rest, 0, 512)):
        client(event, who[1])
        rest = rest[: who.start()] + rest[who.end() :]
    rest, mark, referrer = rest.rpartition(", referer: ") if ", referer: " in rest else (rest, "", "")
    if mark:
        agent(event, referrer)
    event["message"] = rest
    if code := _CODE.search(rest, 0, 512):
        event["event.code"] = code[1]
    if "File does not exist: " in rest:
        event["file.path"] = rest.partition("File does not exist: ")[2]
    _verdict(event, rest)


def _bracket(event: Event, text: str) -> bool:
    """One `[…]` of the prefix; False where it belongs to the message."""
    name, _, value = text.partition(" ")
    if name == "pid":
        process, _, thread = value.partition(":tid ")
        if (number := integer(process)) is not None:
            event["process.pid"] = number
        if (number := integer(thread)) is not None:
            event["process.thread.id"] = number
    elif name in {"client", "remote"}:
        client(event, value)
    elif not value:
        module, colon, level = name.rpartition(":")
        if level not in _LEVELS:
            return False
        event["log.level"] = level
        event["event.severity"] = word_severity(level) or 5
        if level in {"notice", "info", "debug"} or level.startswith("trace"):
            event["event.type"] = ["info"]
        if colon and module:
            event["apache.module"] = module
    else:
        return name in {"vhost", "host", "unique_id", "tid"}
    return True


def _verdict(event: Event, said: str) -> None:
    words = said.lower()
    if "authentication failure" in words or ("not found" in words and "user " in words) or "password mismatch" in words:
        event["event.category"], event["event.type"] = ["web", "authentication"], ["start", "denied"]
        event["event.outcome"], event["event.action"] = "failure", "login"
        if who := _USER.search(said, 0, 1024):
            event["user.name"] = who[1]
    elif any(sign in said for sign in _DENIED):
        event["event.type"], event["event.outcome"], event["event.action"] = ["denied"], "failure", "access-denied"


def _ssl(event: Event, found: re.Match[str], body: str, received: Received) -> None:
    time, who, version, cipher = found.groups()
    event["event.dataset"] = "apache.access"
    stamp(event, time, received)
    access(event)
    client(event, who)
    line, at = quoted(body, found.end())
    request(event, line)
    if (size := integer(body[at:].strip())) is not None:
        event["http.response.body.bytes"] = size
    if version != "-":
        event["tls.version_protocol"], event["tls.version"] = version[:3].lower(), version[4:]
        event["tls.cipher"] = cipher


def parse(framed: Framed, received: Received) -> list[Event]:
    event, _ = begin(framed, received, NAME)
    whole = body_of(framed)
    if found := _ERROR.search(whole, 0, 256):
        _error(event, found, whole, received)
    elif found := _SSL.search(whole, 0, 256):
        _ssl(event, found, whole, received)
    else:
        raise ParseError("neither an httpd error line nor an SSL request line", NAME)
    observer(event, "Apache", "httpd", "web")
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    if _ERROR.search(source, 0, 128):
        return 0.95
    return 0.95 if _SSL.match(source) else 0.0


PARSER = Parser(
    name=NAME,
    product="Apache httpd error and SSL request logs",
    data_kind="platform",
    reference="https://httpd.apache.org/docs/2.4/mod/core.html#errorlogformat",
    parse=parse,
    sniff=sniff,
    markers=("] [", "TLSv", "SSLv"),
)
