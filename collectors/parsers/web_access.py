"""Access records in the common and combined log formats, as Apache httpd, nginx, Tomcat, Lighttpd, LiteSpeed and others write.

The formats are the same whoever writes them, so no product is named unless the syslog tag does. Read are NCSA common,
combined, with a leading virtual host, with a forwarded list, and with any further fields after the user agent (kept as
text under `access.extra`). What is no request line (TLS hellos, binary probes) stays whole in `url.original`.

Reference: https://httpd.apache.org/docs/2.4/logs.html#accesslog
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._access import access, agent, client, quoted, request, words
from collectors.parsers._common import UNSET, body_of, integer, ip
from collectors.parsers._device import begin, finish, observer
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "web_access"
_DATE: Final = re.compile(r'(?:^| )\[(\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?:\.\d{1,9})?(?: [+-]\d{4})?)\] "')
_TAGS: Final = {
    "nginx": ("nginx", "nginx"),
    "apache2": ("Apache", "httpd"),
    "httpd": ("Apache", "httpd"),
    "apache": ("Apache", "httpd"),
    "lighttpd": ("lighttpd", "lighttpd"),
}


def caller(event: Event, head: str) -> None:
    """`[vhost[:port]] client[,proxy…] ident user`; the user may hold spaces."""
    parts = head.split(" ")
    first = next((at for at, part in enumerate(parts[:-2]) if ip(part.rstrip(","))), 0)
    if first and parts[first - 1].endswith("]:"):  # a header that no transport knew
        del parts[:first]
    if len(parts) > 3 and ip(parts[0].partition(",")[0]) is None and (ip(parts[1]) or parts[1] == "-"):
        name, _, number = parts.pop(0).partition(":")
        event["url.domain"] = name
        if (value := integer(number)) is not None:
            event["url.port"] = value
    while len(parts) > 3 and parts[0].endswith(","):
        parts[0:2] = [parts[0] + parts[1]]
    client(event, parts[0])
    user = " ".join(parts[2:]) if len(parts) > 2 else ""
    if user not in UNSET and user != '""':
        event["user.name"] = user.strip('"')


def tail(event: Event, text: str) -> list[str]:
    """` status size "referrer" "agent" …` → the words after the user agent."""
    rest = words(text)
    access(event, rest[0] if rest else None)
    if len(rest) > 1 and (size := integer(rest[1])) is not None and size >= 0:
        event["http.response.body.bytes"] = size
    if len(rest) > 2:
        agent(event, rest[2], rest[3] if len(rest) > 3 else "")
    return rest[4:]


def read(event: Event, body: str, received: Received) -> list[str]:
    """Read a combined record into the event; the words after the user agent are returned. Raises ParseError."""
    found = _DATE.search(body, 0, 2048)
    if found is None:
        raise ParseError('no `[day/month/year:time zone] "request"` in the record', event["event.module"])
    stamp(event, found[1], received)
    line, at = quoted(body, found.end() - 1)
    caller(event, body[: found.start()].strip())
    request(event, line, event.get("url.domain", ""))
    return tail(event, body[at:])


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME, "web.access")
    rest = read(event, body, received)
    if rest and any(word != "-" for word in rest):
        event["access.extra"] = rest
        if "," in rest[0] or ip(rest[0]):
            event["access.forwarded_for"] = rest[0]
    tag = event.get("process.name", "").rpartition("/")[2]
    if tag in _TAGS:
        observer(event, *_TAGS[tag], "web")
    return finish(event, received)


def sniff(framed: Framed) -> float:
    found = _DATE.search(body_of(framed), 0, 1024)
    return 0.9 if found is not None else 0.0


PARSER = Parser(
    name=NAME,
    product="HTTP access log, common and combined format (Apache, nginx, others)",
    data_kind="platform",
    reference="https://httpd.apache.org/docs/2.4/logs.html#accesslog",
    parse=parse,
    sniff=sniff,
    markers=('] "',),
)
