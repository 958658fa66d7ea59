"""Envoy and Istio access logs: the default text format, Istio's longer one, and JSON with Envoy's operator names.

`[start] "GET /path HTTP/2" 200 flags received sent duration upstream-time "forwarded" "agent" "id" "authority" "upstream"`;
Istio adds details after the flags and addresses at the end. Response flags tell why a request failed (`UAEX` denied).

Reference: https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._access import access, agent, client, locate, quoted, request, words
from collectors.parsers._common import UNSET, body_of, integer, keep, load_object, text
from collectors.parsers._device import begin, finish, names, numbers, observer, peer
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "envoy"
_HEAD: Final = re.compile(r'\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z)\] (?=")')
_OWN: Final = names(
    "start_time method path protocol response_code bytes_received bytes_sent duration user_agent x_forwarded_for "
     "authority upstream_host downstream_remote_address response_flags request_id requested_server_name"
)  # fmt: skip
_DENIALS: Final = frozenset({"UAEX", "RL", "DPE", "IH"})


def _flags(event: Event, flags: str) -> None:
    if flags in UNSET:
        return
    event["envoy.response_flags"] = flags
    if _DENIALS & set(flags.split(",")):
        event["event.type"], event["event.outcome"] = ["denied"], "failure"


def _text(event: Event, body: str, at: int) -> None:
    line, at = quoted(body, at)
    rest = words(body[at:])
    access(event, rest[0] if rest else None)
    if len(rest) < 7:
        raise ParseError("an Envoy record has at least the flags, sizes and durations", NAME)
    flags = rest.pop(1)
    while rest[1:] and not rest[1].isdecimal() and len(rest) > 9:  # Istio: response code details, failure reason
        event.setdefault("envoy.response_code_details", rest.pop(1))
    numbers(event, [("http.request.body.bytes", rest[1]), ("http.response.body.bytes", rest[2])])
    if (millis := integer(rest[3])) is not None and millis >= 0:
        event["event.duration"] = millis * 1_000_000
    forwarded, user_agent, identity, authority, upstream = (*rest[5:10], "", "", "", "", "")[:5]
    request(event, line, authority)
    client(event, forwarded)
    agent(event, "", user_agent)
    if identity not in UNSET:
        event["envoy.request_id"] = identity
    peer(event, "destination", upstream.partition("://")[2] or upstream)
    if len(rest) > 13:  # Istio: cluster, upstream local, downstream local, downstream remote, SNI, route
        event["envoy.cluster"] = rest[10]
        client(event, rest[13])
    _flags(event, flags)


def _json(event: Event, raw: dict[str, Any]) -> None:
    access(event, raw.get("response_code"))
    client(event, text(raw.get("downstream_remote_address")) or text(raw.get("x_forwarded_for")) or "")
    if method := text(raw.get("method")):
        event["http.request.method"] = method
    if version := text(raw.get("protocol")):
        event["http.version"] = version.removeprefix("HTTP/")
    if target := text(raw.get("path")):
        locate(event, target, text(raw.get("authority")) or "")
    elif host := text(raw.get("authority")):
        event["url.domain"] = host
    agent(event, "", text(raw.get("user_agent")) or "")
    numbers(event, [("http.request.body.bytes", raw.get("bytes_received")),
                    ("http.response.body.bytes", raw.get("bytes_sent"))])  # fmt: skip
    if (millis := integer(raw.get("duration"))) is not None and millis >= 0:
        event["event.duration"] = millis * 1_000_000
    peer(event, "destination", text(raw.get("upstream_host")) or "")
    if name := text(raw.get("requested_server_name")):
        event["tls.client.server_name"] = name
    keep(event, "envoy.", raw, _OWN)
    _flags(event, text(raw.get("response_flags")) or "")


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME, "envoy.access")
    found = _HEAD.search(body, 0, 256)
    if found is not None:
        stamp(event, found[1], received)
        _text(event, body, found.end())
    else:
        raw = {key.lstrip(":").replace("-", "_"): value for key, value in load_object(framed, NAME).items()}
        stamp(event, raw.get("start_time"), received)
        _json(event, raw)
    observer(event, "Envoy", "Envoy", "proxy")
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    if _HEAD.search(source, 0, 128):
        return 0.93
    return (
        0.95
        if ('"response_flags":' in source or '"downstream_remote_address":' in source) and '"response_code":' in source
        else 0.0
    )


PARSER = Parser(
    name=NAME,
    product="Envoy and Istio access logs",
    data_kind="platform",
    reference="https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage",
    parse=parse,
    sniff=sniff,
    markers=('Z] "', '"response_flags":', '"downstream_remote_address":'),
)
