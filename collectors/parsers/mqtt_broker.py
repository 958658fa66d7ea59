"""MQTT brokers' own logs: Mosquitto and EMQX (text and JSON). Who connects as whom, subscribes to what, and is refused.

* Mosquitto: `1772410530: New client connected from 10.1.1.9:51000 as plc-7 (p2, c1, k60, u'gw').`, the time also ISO
* EMQX: `2026-03-02T08:15:30.1+08:00 [warning] clientid: plc-7, msg: authorization_permission_denied, peername: 10.1.1.9:51000, …`
  and the same as one JSON object

Reference: mosquitto.conf(5), log_type and log_timestamp_format; EMQX documentation, "Logs"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import holds_object, ip, load_object, text
from collectors.parsers._device import begin, change, finish, observer, peer, plain
from collectors.parsers._time import parse as parse_time
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "mqtt_broker"
_STAMP: Final = re.compile(r"(\d{10}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?): ")
_CONNECTED: Final = re.compile(
    r"New client connected from (\S{1,80}) as (.{1,256}?) \(p(\d), c(\d), k(\d{1,5})(?:, u'(.{0,256}?)')?\)"
)
_OPENED: Final = re.compile(r"New (?:bridge )?connection from (\S{1,80}?)(?: on port (\d{1,5}))?\.?$")
_ENDED: Final = re.compile(
    r"(?:Client|Socket error on client|Bad socket read/write on client) (.{1,256}?)(?: \[(\S{1,80})\])? "
    r"(disconnected(?:, not authorised|: \S.{0,120})?|closed its connection|has exceeded timeout, disconnecting|"
    r"already connected, closing old connection|being disconnected due to.{0,120}|disconnecting)\.?$"
)
_ENDED_SHORT: Final = re.compile(
    r"(?:Socket error on client|Bad socket read/write on client) (.{1,256}?), disconnecting\.?$"
)
_REFUSED: Final = re.compile(r"Sending CONNACK to (\S{1,256}) \((\d), (\d{1,3})\)")
_PUBLISH: Final = re.compile(
    r"(Received|Sending|Denied) PUBLISH (?:from|to) (\S{1,256}) \(d\d, q(\d), r\d, m\d{1,5}, '(.{0,1000}?)'"
)
_SUBSCRIBE: Final = re.compile(r"(\S{1,256}) (\d) (\S{1,1000})$")
_DENIED_SUB: Final = re.compile(r"Denied SUBSCRIBE from (\S{1,256})(?: .{0,40}?'(.{0,1000}?)')?")
_NOTICE: Final = ("mosquitto version ", "Config loaded from", "Opening ipv", "Opening websockets", "Loading plugin",
    "Saving in-memory",
                  "Error: ", "OpenSSL Error", "Client connection from ", "Outgoing messages", "Received ", "Sending ", "Denied ",
                  "Reloading config")  # fmt: skip
_EMQX: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?[+-]\d\d:\d\d) \[(\w{4,9})\] ")
_EMQX_PAIR: Final = re.compile(r"(?:^|, )(\w{1,40}): ")
_EMQX_LEVELS: Final = {
    "debug": 0,
    "info": 10,
    "notice": 20,
    "warning": 40,
    "error": 60,
    "critical": 80,
    "alert": 85,
    "emergency": 90,
}
_MQTT: Final = frozenset({"clientid", "peername", "username", "topic", "packet"})


def _speaks(event: Event) -> None:
    event["network.protocol"], event["network.transport"] = "mqtt", "tcp"


def _from(event: Event, place: str) -> None:
    """Brokers write IPv6 addresses with a port and without brackets."""
    address, _, number = place.rpartition(":")
    if ip(address) is not None and number.isdecimal():
        peer(event, "source", address, number)
    else:
        peer(event, "source", place)


def _client(event: Event, name: str | None) -> None:
    if name and (found := text(name)):
        event["mqtt.client_id"] = found[:256]


def _session(event: Event, action: str, outcome: str, kind: str) -> None:
    event["event.action"], event["event.outcome"] = action, outcome
    event["event.category"] = ["network", "session"] if outcome == "success" else ["network", "authentication"]
    event["event.type"] = [kind]


def _topic(event: Event, action: str, topic: str | None, *, denied: bool) -> None:
    if topic:
        event["mqtt.topic"] = topic
    event["event.action"], event["event.category"] = action, ["network"]
    event["event.type"] = ["denied"] if denied else ["access"]
    event["event.outcome"] = "failure" if denied else "success"


# ---------------------------------------------------------------- Mosquitto


def _on_connected(event: Event, found: re.Match[str]) -> None:
    _from(event, found[1])
    _client(event, found[2])
    if found[6]:
        event["user.name"] = found[6]
    _session(event, "connect", "success", "start")


def _on_opened(event: Event, found: re.Match[str]) -> None:
    _from(event, found[1])
    if found[2] and int(found[2]) < 65536:
        event["destination.port"] = int(found[2])
    event["event.action"], event["event.category"], event["event.type"] = "open", ["network"], ["connection", "start"]


def _on_ended(event: Event, found: re.Match[str]) -> None:
    _client(event, found[1])
    if found.re is _ENDED and found[2]:
        _from(event, found[2])
    if "not authorised" in found[0]:
        _session(event, "connect", "failure", "denied")
    else:
        _session(event, "disconnect", "success", "end")


def _on_answer(event: Event, found: re.Match[str]) -> None:
    _client(event, found[1])
    taken = found[3] == "0"
    _session(event, "connect", "success" if taken else "failure", "start" if taken else "denied")


def _on_publish(event: Event, found: re.Match[str]) -> None:
    _client(event, found[2])
    event["mqtt.qos"] = found[3]
    _topic(event, "deliver" if found[1] == "Sending" else "publish", found[4], denied=found[1] == "Denied")


def _on_denied(event: Event, found: re.Match[str]) -> None:
    _client(event, found[1])
    _topic(event, "subscribe", found[2], denied=True)


def _on_subscribe(event: Event, found: re.Match[str]) -> None:
    _client(event, found[1])
    event["mqtt.qos"] = found[2]
    _topic(event, "subscribe", found[3], denied=False)


_MEANINGS: Final = (
    (_CONNECTED, _on_connected), (_OPENED, _on_opened), (_ENDED_SHORT, _on_ended), (_ENDED, _on_ended),
    (_REFUSED, _on_answer), (_PUBLISH, _on_publish), (_DENIED_SUB, _on_denied),
)  # fmt: skip


def _mosquitto(event: Event, said: str) -> None:
    observer(event, "Eclipse", "Mosquitto", "broker")
    event["event.dataset"], event["message"] = "mosquitto.log", said[:1024]
    for pattern, meaning in _MEANINGS:
        if (found := pattern.match(said)) is not None:
            meaning(event, found)
            return
    if not said.startswith(_NOTICE) and (found := _SUBSCRIBE.fullmatch(said)) is not None:
        _on_subscribe(event, found)
    elif said.startswith(("Config loaded", "Reloading config")):
        change(event)
        event["event.action"] = "configuration"
    else:
        plain(event)
        event["event.action"] = "log"
        if said.startswith(("Error", "OpenSSL Error")):
            event["event.severity"], event["event.type"] = 40, ["error"]


# ---------------------------------------------------------------- EMQX


def _emqx(event: Event, level: str, pairs: Mapping[str, Any]) -> None:
    observer(event, "EMQ", "EMQX", "broker")
    event["event.dataset"], event["log.level"] = "emqx.log", level
    event["event.severity"] = _EMQX_LEVELS.get(level, 10)
    said = str(pairs.get("msg", ""))
    event["message"] = said[:1024]
    _client(event, text(pairs.get("clientid")))
    if pairs.get("peername"):
        _from(event, str(pairs["peername"]))
    if (user := text(pairs.get("username"))) and user != "undefined":
        event["user.name"] = user
    topic, reason = text(pairs.get("topic")), text(pairs.get("reason"))
    if reason:
        event["event.reason"] = reason[:512]
    act = str(pairs.get("action", ""))
    if "authorization" in said:
        _topic(
            event,
            "subscribe" if "subscribe" in act.lower() else "publish",
            topic,
            denied="denied" in said or "deny" in said,
        )
    elif "publish" in said or "subscribe" in said:
        _topic(
            event, "publish" if "publish" in said else "subscribe", topic, denied="denied" in said or "cannot" in said
        )
    elif "authenticat" in said or "auth" in said.split("_"):
        failed = any(word in said for word in ("fail", "denied", "bad", "error", "not_authorized"))
        _session(event, "connect", "failure" if failed else "success", "denied" if failed else "start")
    elif "disconnected" in said or "terminate" in said or "socket_closed" in said or "kicked" in said:
        _session(event, "disconnect", "success", "end")
    elif "connected" in said or "client_connect" in said:
        _session(event, "connect", "success", "start")
    else:
        plain(event)
        event["event.action"] = "log"
        if topic:
            event["mqtt.topic"] = topic


def _pairs(said: str) -> dict[str, str]:
    marks = list(_EMQX_PAIR.finditer(said))[:40]
    return {
        one[1]: said[one.end() : following.start() if following is not None else len(said)].strip()
        for one, following in zip(marks, [*marks[1:], None], strict=True)
    }


def _moment(event: Event, time: str, received: Received) -> None:
    stamped = parse_time(time, received)
    if stamped is not None:
        event["@timestamp"], event["taishi.time.quality"] = stamped


def _emqx_text(event: Event, head: re.Match[str], rest: str, received: Received) -> list[Event]:
    _moment(event, head[1], received)
    found = _pairs(rest)
    if not found.keys() & _MQTT and "mqtt" not in rest.lower():
        raise ParseError("no record of an MQTT broker", NAME)
    _emqx(event, head[2], found)
    return finish(event, received)


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME)
    _speaks(event)
    if holds_object(framed.text):
        values = load_object(framed, NAME)
        if not values.keys() & _MQTT or "msg" not in values:
            raise ParseError("no record of an MQTT broker", NAME)
        stamp(event, values.get("time"), received)
        _emqx(event, str(values.get("level", "info")), values)
        return finish(event, received)
    source = (body if framed.syslog else framed.text).lstrip()
    if (emqx := _EMQX.match(source)) is not None:
        return _emqx_text(event, emqx, source[emqx.end() :], received)
    said = source
    if not _STAMP.match(source) and "mosquitto" in framed.text[:120]:
        said = source = body.lstrip()
    if (mark := _STAMP.match(source)) is not None:
        _moment(event, mark[1], received)
        said = source[mark.end() :]
    elif "mosquitto" not in framed.text[:120]:
        raise ParseError("no record of an MQTT broker", NAME)
    event["process.name"] = "mosquitto"
    event.pop("process.pid", None)
    _mosquitto(event, said.strip())
    return finish(event, received)


_SURE: Final = ("New client connected from ", "New connection from ", "New bridge connection from ", " disconnected",
                " closed its connection", "Sending CONNACK to ", " PUBLISH ", "Denied SUBSCRIBE", "mosquitto version ",
                " exceeded timeout", "Socket error on client", "Received SUBSCRIBE", "OpenSSL Error[",
                "mosquitto.conf")  # fmt: skip


def sniff(framed: Framed) -> float:
    source = framed.text[:2000]
    if holds_object(source):
        return 0.9 if '"clientid"' in source and '"msg"' in source and '"level"' in source else 0.0
    if "mosquitto" in source[:120] and "{" not in source[:160]:
        return 0.95
    if (mark := _STAMP.match(source)) is not None:
        said = source[mark.end() :].rstrip()
        if any(word in said for word in _SURE):
            return 0.95
        return 0.9 if mark[1].isdecimal() and _SUBSCRIBE.fullmatch(said) is not None else 0.0
    if _EMQX.match((framed.body if framed.syslog else source).lstrip()) is not None:
        return 0.93 if "clientid: " in source or "peername: " in source or "mqtt" in source else 0.0
    return 0.0


PARSER = Parser(
    name=NAME,
    product="MQTT brokers: Mosquitto, EMQX",
    data_kind="platform",
    reference="https://mosquitto.org/man/mosquitto-conf-5.html",
    parse=parse,
    sniff=sniff,
    markers=("mosquitto", "clientid", "peername: ", "client connected from ", "New connection from ", "New bridge ", " PUBLISH ",
             "Socket error on client", " disconnected", " closed its connection", "CONNACK", " SUBSCRIBE", " exceeded timeout",
             " [warning] ", "OpenSSL Error[", " 0 ", " 1 ", " 2 ",
             " [error] ", " [info] "),
)  # fmt: skip
