"""Microsoft IIS: W3C extended access log, HTTP.SYS error log (HTTPERR), and other W3C extended logs with a `#Fields` line.

`#Fields:` says what the columns are, for the lines after it in one file or connection; rows without one are read by the
default layouts of IIS, told apart by where addresses and methods stand. Times are UTC. Spaces in values are written `+`.

Reference: https://learn.microsoft.com/en-us/iis/configuration/system.applicationhost/sites/sitedefaults/logfile/
"""

from __future__ import annotations

from typing import Final

from collectors.parser import Framed, Parse, Parser, Received
from collectors.parsers._access import METHODS, access, agent, client, locate
from collectors.parsers._common import body_of, integer, ip
from collectors.parsers._device import finish, names, numbers, observer, peer
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "iis"


def _columns(text: str) -> list[str]:
    return text.split()


_DEFAULT: Final = _columns(
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken"
)
_LAYOUTS: Final = {
    15: _DEFAULT,
    14: [name for name in _DEFAULT if name != "cs(Referer)"],
    16: [*_DEFAULT, "X-Forwarded-For"],
    18: [*_DEFAULT[:-1], "sc-bytes", "cs-bytes", "time-taken", "X-Forwarded-For"],
    17: [*_DEFAULT[:-1], "sc-bytes", "cs-bytes", "time-taken"],
}
_FULL: Final = _columns(
    "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version "
    "cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"
)
_ERRORS: Final = _columns(
    "date time c-ip c-port s-ip s-port cs-version cs-method cs-uri streamid sc-status s-siteid s-reason s-queuename"
)
_SITE: Final = _columns(
    "date time s-sitename cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Cookie) cs(Referer) "
    "cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"
)
_OWN: Final = names(
    "date time s-ip c-ip s-port c-port cs-method cs-uri-stem cs-uri-query cs-uri cs-username cs(User-Agent) "
     "cs(Referer) cs-version cs-host cs(Host) sc-status sc-bytes cs-bytes time-taken cs(Cookie) s-computername"
)  # fmt: skip


def _guess(values: list[str]) -> list[str]:
    """The default layout of a row without a `#Fields` line."""
    if len(values) > 5 and ip(values[2]) and ip(values[4]):
        return _ERRORS if len(values) >= 14 else [name for name in _ERRORS if name != "streamid"]
    if len(values) > 5 and values[5] in METHODS and ip(values[4]):
        return _FULL
    if len(values) > 8 and values[3] in METHODS and values[2].startswith("W3SVC"):
        return _SITE
    if len(values) > 3 and values[3] in METHODS and ip(values[2]):
        if len(values) > 14 and not values[11].isdecimal():  # a host after the referrer
            return [*_DEFAULT[:11], "cs-host", *_LAYOUTS.get(len(values) - 1, _DEFAULT)[11:]]
        return _LAYOUTS.get(len(values), _DEFAULT)
    raise ParseError("a row without a #Fields line in none of the default layouts", NAME)


def _row(values: list[str], names: list[str], framed: Framed, received: Received, software: str) -> list[Event]:
    event = dict(framed.syslog)  # a row begins with its own time, not with a header's
    event["event.module"], event["event.dataset"] = NAME, "iis.access" if "sc-status" in names else "iis.log"
    raw = {name: value for name, value in zip(names, values, strict=False) if value != "-"}
    if "date" in raw and "time" in raw:
        stamp(event, f"{raw['date']}T{raw['time']}Z", received)
    access(event, raw.get("sc-status"))
    event["event.category"], event["event.type"] = ["network", "web"], ["connection"]
    if "c-ip" in raw:
        client(event, raw["c-ip"])
    numbers(event, [("source.port", raw.get("c-port")), ("http.request.bytes", raw.get("cs-bytes")),
                    ("http.response.bytes", raw.get("sc-bytes"))])  # fmt: skip
    peer(event, "destination", raw.get("s-ip", ""), raw.get("s-port"))
    numbers(event, [("destination.port", raw.get("s-port"))])
    _request(event, raw)
    if "s-reason" in raw:
        event["event.dataset"] = "iis.error"
        event["event.reason"] = raw["s-reason"]
    for name in ("s-computername",):
        if name in raw:
            event["host.hostname"] = raw[name]
    if (millis := integer(raw.get("time-taken"))) is not None and millis >= 0:
        event["event.duration"] = millis * 1_000_000
    for name, value in raw.items():
        if name not in _OWN:
            event[f"iis.{name.replace('(', '_').replace(')', '').lower()}"] = value
    observer(event, *(("Broadcom", "ProxySG", "proxy") if "SGOS" in software else ("Microsoft", "IIS", "web")))
    return finish(event, received)


def _request(event: Event, raw: dict[str, str]) -> None:
    target = raw.get("cs-uri-stem") or raw.get("cs-uri") or ""
    query = raw.get("cs-uri-query", "")
    if method := raw.get("cs-method"):
        event["http.request.method"] = method
    host = raw.get("cs-host") or raw.get("cs(Host)") or ""
    if target:
        locate(event, target, host)
        event.setdefault("url.path", target)
    elif host:
        event["url.domain"] = host
    if query:
        event["url.query"] = query.replace("+", " ")
    if version := raw.get("cs-version"):
        event["http.version"] = version.removeprefix("HTTP/")
    if user := raw.get("cs-username"):
        event["user.name"] = user
    agent(event, raw.get("cs(Referer)", ""), raw.get("cs(User-Agent)", "").replace("+", " "))


def session() -> Parse:
    """A parse that remembers the `#Fields` and `#Software` of the file or connection."""
    state: dict[str, str | list[str]] = {}

    def read(framed: Framed, received: Received) -> list[Event]:
        body = body_of(framed).lstrip("\ufeff")
        if body.startswith("#"):
            name, colon, value = body[1:].partition(":")
            if not colon or name not in {"Software", "Version", "Date", "Fields", "Remark", "Start-Date", "End-Date"}:
                raise ParseError("a # line that is no W3C directive", NAME)
            if name in {"Fields", "Software"}:
                state[name] = value.split()[:128] if name == "Fields" else value.strip()[:256]
            return []
        values = body.split("\t" if body.count("\t") > 5 else None)
        names = state.get("Fields")
        fits = isinstance(names, list) and len(names) == len(values)
        return _row(values, names if fits and isinstance(names, list) else _guess(values), framed, received,
                    str(state.get("Software", "")))  # fmt: skip

    return read


def parse(framed: Framed, received: Received) -> list[Event]:
    return session()(framed, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed).lstrip("\ufeff")
    if source.startswith("#"):
        if source.startswith("#Software:"):
            return 1.0 if "Microsoft" in source or "SGOS" in source else 0.0
        if source.startswith("#Fields: date time") and ("cs-" in source or "c-ip" in source):
            return 0.0 if "x-edge-" in source else 1.0
        return 0.9 if source.startswith(("#Version: 1.", "#Date: ")) else 0.0
    if source[4:5] != "-" or source[10:11] != " " or source[13:14] != ":" or source[19:20] != " ":
        return 0.0
    head = source[:400].split(" ", 11)
    if len(head) < 12 or "=" in head[2]:
        return 0.0
    if head[3] in METHODS:
        return 0.95 if ip(head[2]) or head[2].startswith("W3SVC") else 0.0
    if head[5] in METHODS and ip(head[4]):
        return 0.95
    fits = ip(head[2]) and ip(head[4]) and head[3].isdecimal() and head[5].isdecimal()
    return 0.95 if fits and (head[6] == "-" or head[6].startswith("HTTP/")) else 0.0


PARSER = Parser(
    name=NAME,
    product="Microsoft IIS and W3C extended logs",
    data_kind="platform",
    reference="https://learn.microsoft.com/en-us/iis/configuration/system.applicationhost/sites/sitedefaults/logfile/",
    parse=parse,
    sniff=sniff,
    session=session,
    markers=(
        "#Software:",
        "#Fields:",
        "#Version:",
        "#Date:",
        " - ",
        " HTTP/",
        *(f" {method} " for method in sorted(METHODS)),
    ),
)
