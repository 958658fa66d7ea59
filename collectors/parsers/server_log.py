"""Server programs with a line grammar of their own: Apache Kafka, NATS, Elasticsearch and OpenSearch, Icinga 2, ZooKeeper.

Each has its own form of time, level and component; the product is named only by a form that no other writes. What a line
says about a client (address, login) becomes fields.
Reference: https://kafka.apache.org/documentation/, https://docs.nats.io/, https://icinga.com/docs/icinga-2/latest/
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import integer, keep, load_object, port, text
from collectors.parsers._documents import flatten
from collectors.parsers._service import at, close, level, login, opened, peer
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "server_log"
_KAFKA: Final = re.compile(
    r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3})\] (TRACE|DEBUG|INFO|WARN|ERROR|FATAL) (?:\[([^\]\n]{1,200})\]:?[ ,]{0,2})?"
)
_CLASS: Final = re.compile(r" \(([A-Za-z][\w.$\-]{2,160})\)(?:\s|$)")
_NATS: Final = re.compile(
    r"\[(\d{1,10})\] (\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{1,6})(?: [+-]\d{4})? \[(INF|DBG|TRC|WRN|ERR|FTL)\] "
)
_CLIENT: Final = re.compile(
    r"(?P<ip>[0-9A-Fa-f.:\[\]]{2,48}):(?P<port>\d{1,5}) - (?:cid|rid|lid|gid):(?P<id>\d{1,20})(?: - )?"
)
_TRACE: Final = re.compile(
    r'(?:"[^"]{0,64}" - )?(<<-|->>) (?:\[([A-Z+\-]{2,12})(?: ([^\]\n]{0,2000}))?|(MSG_PAYLOAD): \[)'
)
_KINDS: Final = {"+OK": "acknowledge", "-ERR": "error", "PUB": "publish", "SUB": "subscribe", "UNSUB": "unsubscribe",
    "MSG_PAYLOAD": "payload"}  # fmt: skip
_ICINGA: Final = re.compile(
    r"(?:\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) ([+-]\d{4})\] )?(debug|notice|information|warning|critical)/([\w:]{2,64}): "
)
_ELASTIC: Final = re.compile(
    r"\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{3})\]\[(TRACE|DEBUG|INFO ?|WARN ?|ERROR|FATAL) ?\]"
    r"\[([\w.\-]{1,64}) {0,30}\] ?\[([^\]]{1,128})\] ?"
)


def _kafka(event: Event, said: str, found: re.Match[str], received: Received) -> None:
    event["event.dataset"], event["service.type"] = "kafka.log", "kafka"
    at(event, found[1].replace(",", "."), "", received)
    level(event, found[2])
    if found[2] in {"ERROR", "FATAL"}:
        event["event.type"] = ["error"]
    if found[3]:
        event["kafka.log.component"] = found[3]
    rest = said[found.end() :]
    head, newline, tail = rest.partition("\n")
    named = None
    for named in _CLASS.finditer(head[-400:] + " "):  # noqa: B007 - the last one names the class
        pass
    if named is not None:
        event["kafka.log.class"] = named[1]
        cut = len(head) - len(head[-400:]) + named.start()
        head = head[:cut]
    event["message"] = head
    if newline:
        event["kafka.log.trace"] = tail[:8192]
    if "uthentication" in head and "ailed" in head:
        login(event, good=False)
        place = _ADDRESS.search(head, 0, 2000)
        if place is not None:
            peer(event, place[1], place[2])


_ADDRESS: Final = re.compile(r"/(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?")


def _nats(event: Event, said: str, found: re.Match[str], received: Received) -> None:
    event["event.dataset"], event["service.type"] = "nats.log", "nats"
    at(event, found[2], "Z", received)
    level(
        event,
        {"INF": "info", "DBG": "debug", "TRC": "trace", "WRN": "warning", "ERR": "error", "FTL": "fatal"}[found[3]],
    )
    if (pid := integer(found[1])) is not None:
        event["process.pid"] = pid
    rest = said[found.end() :]
    client = _CLIENT.match(rest)
    if client is not None:
        peer(event, client["ip"].strip("[]"), client["port"], "client")
        if "client.ip" in event:
            event["source.ip"] = event["client.ip"]
            if (number := port(client["port"])) is not None:
                event["source.port"] = number
        event["nats.log.client.id"] = client["id"]
        rest = rest[client.end() :]
    traced = _TRACE.match(rest)
    if traced is not None:
        event["network.direction"] = "inbound" if traced[1] == "<<-" else "outbound"
        kind = traced[2] or traced[4]
        event["nats.log.msg.type"] = _KINDS.get(kind, kind.lower())
        words = (traced[3] or "").split(" ")
        if kind in {"PUB", "SUB", "MSG", "HPUB", "HMSG"} and words[0]:
            event["nats.log.msg.subject"] = words[0]
        rest = rest[traced.end() :] if kind == "MSG_PAYLOAD" else traced[3] or rest
    event["message"] = rest.removesuffix("]") if traced is not None else rest
    if "uthorization" in rest or "uthentication" in rest:
        login(event, good=False, reason=rest[:200])


def _icinga(event: Event, said: str, found: re.Match[str], received: Received) -> None:
    event["event.dataset"] = "icinga.main" if found[1] else "icinga.startup"
    event["service.type"] = "icinga"
    if found[1]:
        at(event, found[1], found[2], received)
    level(event, found[3])
    event["icinga.facility"] = found[4]
    if found[3] in {"warning", "critical"}:
        event["event.type"] = ["error"]
    event["message"] = said[found.end() :].strip()


def _elastic(event: Event, said: str, found: re.Match[str], received: Received) -> None:
    event["event.dataset"], event["service.type"] = "elasticsearch.server", "elasticsearch"
    at(event, found[1].replace(",", "."), "", received)
    level(event, found[2].strip())
    event["log.logger"], event["elasticsearch.node.name"] = found[3], found[4]
    event["message"] = said[found.end() :]


_AUDIT_FIELDS: Final = {
    "user.name": "user.name", "event.action": "event.action", "url.path": "url.path", "url.query": "url.query",
    "request.method": "http.request.method", "node.name": "elasticsearch.node.name", "action": "elasticsearch.action",
    "user.run_as.name": "user.effective.name", "audit_request_effective_user": "user.name",
    "audit_rest_request_path": "url.path", "audit_rest_request_method": "http.request.method",
    "audit_category": "event.action", "component": "log.logger", "node.id": "elasticsearch.node.id",
}  # fmt: skip


def _objects(event: Event, framed: Framed, received: Received) -> None:
    """Elasticsearch's and OpenSearch's JSON: server log, audit trail, slow log."""
    flat = flatten(load_object(framed, NAME))
    event["service.type"] = "elasticsearch"
    event["event.dataset"] = (
        "elasticsearch.audit" if "event.action" in flat or "audit_category" in flat else "elasticsearch.server"
    )
    stamp(
        event,
        next((flat[key] for key in ("timestamp", "@timestamp", "audit_utc_timestamp") if key in flat), None),
        received,
    )
    for key, name in _AUDIT_FIELDS.items():
        if (value := text(flat.get(key))) is not None and name not in event:
            event[name] = value
    if (word := text(flat.get("level") or flat.get("log.level"))) is not None:
        level(event, word)
    event["message"] = text(flat.get("message")) or str(event.get("event.action", ""))
    for key in ("origin.address", "audit_request_remote_address"):
        value = str(flat.get(key, ""))
        if value:
            host, _, number = value.rpartition(":")
            peer(event, (host or value).strip("[]"), number if host else None)
    action = str(event.get("event.action", "")).lower()
    if action in {"authentication_failed", "authentication_success", "failed_login", "authenticated", "access_denied",
                  "access_granted", "realm_authentication_failed", "anonymous_access_denied", "missing_privileges"}:  # fmt: skip
        login(event, good=action in {"authentication_success", "authenticated", "access_granted"}, action=action)
    keep(event, "elasticsearch.", flat, frozenset({*_AUDIT_FIELDS, "timestamp", "@timestamp", "message", "level"}))


def parse(framed: Framed, received: Received) -> list[Event]:
    text_ = framed.text if not framed.syslog or framed.text[:1] == "[" else framed.body
    event, said = opened(NAME, "server.log", Framed(text_), received)
    event["event.category"], event["event.type"] = ["process"], ["info"]
    if said[:1] == "{":
        _objects(event, framed, received)
        return close(event, received)
    for pattern, read in _FORMS:
        found = pattern.match(said)
        if found is not None:
            read(event, said, found, received)
            return close(event, received)
    raise ParseError("no form of a known server's log", NAME)


_FORMS: Final = ((_KAFKA, _kafka), (_NATS, _nats), (_ELASTIC, _elastic), (_ICINGA, _icinga))


def sniff(framed: Framed) -> float:
    body = framed.text
    if body[:1] == "{":
        if '"cluster.uuid"' in body or ('"type":"audit"' in body.replace(": ", ":")[:200] and '"event.action"' in body):
            return 0.93
        return 0.93 if '"audit_cluster_name"' in body else 0.0
    if body[:1] == "[":
        if _NATS.match(body) or _ELASTIC.match(body):
            return 0.95
        if (found := _KAFKA.match(body)) is not None:
            return (
                0.9
                if "(kafka." in body or "(org.apache." in body or "(state.change" in body
                else 0.6
                if found[3]
                else 0.0
            )
    return 0.93 if _ICINGA.match(body) else 0.0


PARSER = Parser(
    name=NAME,
    product="Apache Kafka, NATS, Elasticsearch, Icinga 2",
    data_kind="platform",
    reference="https://kafka.apache.org/documentation/",
    parse=parse,
    sniff=sniff,
)
