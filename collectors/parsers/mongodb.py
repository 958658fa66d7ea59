"""MongoDB: structured log (4.4 on, one JSON object a line), the older text log, and the audit log (Enterprise, Atlas, Percona).

Component ACCESS says who authenticated; NETWORK who connected. Severity is one letter: F, E, W, I, D.
Reference: https://www.mongodb.com/docs/manual/reference/log-messages/
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import keep, load_object, text
from collectors.parsers._documents import endpoint, flatten
from collectors.parsers._service import close, level, login, opened
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "mongodb"
_LEVELS: Final = {"F": "fatal", "E": "error", "W": "warning", "I": "info", "D": "debug"}
_OLD: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:[+-]\d{4}|Z)) (?:([FEWID])(?:\d)? {1,2}([A-Z\-]{1,12}) {1,9})?\[([^\]]{1,64})\] "
)
_FAILED: Final = re.compile(
    r"(?:SASL )?\S{0,20} ?authentication failed for (\S{1,128}) on (\S{1,128}) from client (\S{1,80})"
)
_DONE: Final = re.compile(
    r"Successfully authenticated as principal (\S{1,128}) on (\S{1,128})(?: from client (\S{1,80}))?"
)
_ACCEPTED: Final = re.compile(r"connection accepted from (\S{1,80})")


def _from(event: Event, value: Any) -> None:
    address, number = endpoint(str(value).rstrip(",;")) if value else (None, None)
    if address is not None:
        event["source.ip"] = address
        if number is not None:
            event["source.port"] = number


def _login(event: Event, good: bool, user: str | None, base: str | None) -> None:
    login(event, good=good, user=user, action="database-login")
    event["event.category"] = ["database", "authentication"]
    if base:
        event["mongodb.database"] = base


def _structured(event: Event, raw: dict[str, Any], received: Received) -> None:
    flat = flatten(raw)
    stamp(event, flat.get("t.$date"), received)
    level(event, _LEVELS.get(str(flat.get("s", "I"))[:1], "info"))
    event["message"] = text(flat.get("msg")) or ""
    for key, name in (
        ("id", "event.code"),
        ("c", "mongodb.component"),
        ("ctx", "mongodb.context"),
        ("attr.ns", "mongodb.namespace"),
    ):
        if (value := text(flat.get(key))) is not None:
            event[name] = value
    keep(
        event,
        "mongodb.",
        flat,
        frozenset({"t.$date", "s", "c", "id", "ctx", "msg", "attr.principalName", "attr.remote"}),
    )
    _from(event, flat.get("attr.remote") or flat.get("attr.client") or flat.get("attr.connectionRemote"))
    _said(event, flat, text(flat.get("attr.principalName") or flat.get("attr.user")))


def _said(event: Event, flat: dict[str, Any], user: str | None) -> None:
    said = event["message"]
    base = text(flat.get("attr.authenticationDatabase") or flat.get("attr.db"))
    if said.startswith(("Authentication failed", "Checking authorization failed")):
        _login(event, good=False, user=user, base=base)
        if reason := text(flat.get("attr.error") or flat.get("attr.result")):
            event["event.reason"] = reason
    elif said.startswith(("Successfully authenticated", "Authentication succeeded")):
        _login(event, good=True, user=user, base=base)
    elif said == "Connection accepted":
        _connection(event, "start")
    elif said == "Connection ended":
        _connection(event, "end")
    elif user:
        event["user.name"] = user


def _connection(event: Event, kind: str) -> None:
    event["event.action"] = f"connection-{kind}"
    event["event.category"], event["event.type"] = ["database", "network"], ["connection", kind]


def _audit(event: Event, raw: dict[str, Any], received: Received) -> None:
    event["event.dataset"] = "mongodb.audit"
    flat = flatten(raw)
    stamp(event, flat.get("ts.$date"), received)
    action = text(flat.get("atype")) or "audit"
    event["event.action"] = event["message"] = action
    _from(
        event, f"{flat.get('remote.ip')}:{flat.get('remote.port')}" if "remote.port" in flat else flat.get("remote.ip")
    )
    user = text(flat.get("users.0.user") or flat.get("param.user"))
    if user:
        event["user.name"] = user
    good = flat.get("result") in (0, None)
    if action == "authenticate":
        _login(event, good=good, user=text(flat.get("param.user")) or user, base=text(flat.get("param.db")))
    elif action.lower().endswith(("user", "role")) or "roles" in action.lower():
        event["event.category"], event["event.type"] = ["database", "iam"], ["change"]
    else:
        event["event.category"], event["event.type"] = ["database"], ["access"]
    event["event.outcome"] = "success" if good else "failure"
    keep(event, "mongodb.audit.", flat, frozenset({"ts.$date", "atype"}))


def _text(event: Event, said: str, received: Received) -> None:
    found = _OLD.match(said)
    if found is None:
        raise ParseError("no line of MongoDB", NAME)
    stamp(event, found[1], received)
    level(event, _LEVELS.get(found[2] or "I", "info"))
    if found[3]:
        event["mongodb.component"] = found[3]
    event["mongodb.context"] = found[4]
    message = event["message"] = said[found.end() :]
    if (failed := _FAILED.search(message, 0, 300)) is not None:
        _login(event, good=False, user=failed[1], base=failed[2])
        _from(event, failed[3])
    elif (done := _DONE.search(message, 0, 300)) is not None:
        _login(event, good=True, user=done[1], base=done[2])
        _from(event, done[3])
    elif (accepted := _ACCEPTED.match(message)) is not None:
        _connection(event, "start")
        _from(event, accepted[1])
    elif message.startswith("end connection "):
        _connection(event, "end")
        _from(event, message.split(" ")[2])


def parse(framed: Framed, received: Received) -> list[Event]:
    body = framed.body or framed.text
    if "{" in body[:200] and ('"$date"' in body[:2000] or '"atype"' in body):
        event, _ = opened(NAME, "mongodb.log", framed, received, "database")
        raw = load_object(framed, NAME)
        if "atype" in raw:
            _audit(event, raw, received)
        else:
            _structured(event, raw, received)
    else:
        whole = _OLD.match(framed.text) is not None
        event, said = opened(NAME, "mongodb.log", Framed(framed.text) if whole else framed, received, "database")
        _text(event, said, received)
    return close(event, received)


def sniff(framed: Framed) -> float:
    body = framed.body or framed.text
    if body[:1] == "{":
        if '"t":{"$date"' in body[:60] or ('"$date"' in body[:80] and '"ctx"' in body[:400]):
            return 0.98
        return 0.97 if '"atype"' in body and '"$date"' in body else 0.0
    found = _OLD.match(framed.text) or (_OLD.match(body) if framed.syslog else None)
    if found is None:
        return 0.0
    return 0.95 if found[2] else 0.6


PARSER = Parser(
    name=NAME,
    product="MongoDB",
    data_kind="platform",
    reference="https://www.mongodb.com/docs/manual/reference/log-messages/",
    parse=parse,
    sniff=sniff,
)
