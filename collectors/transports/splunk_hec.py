"""Splunk's HTTP Event Collector: `/services/collector/event`, `/raw`, `/health` and `/ack`, with indexer acknowledgement.

The token is the source's API key. Answers come when the records are durable, so every acknowledgement that was given is
true at once and for ever; nothing is kept for it. What `event` holds is the record: text as it is, an object as JSON.

Source: Splunk documentation, "Format events for HTTP Event Collector", "About HTTP Event Collector Indexer Acknowledgment",
"Troubleshoot HTTP Event Collector" (the codes).
"""

from __future__ import annotations

import itertools
import json
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from collectors.framing import Frame, split_body
from collectors.transports.body import BadBody
from collectors.transports.documents import LIMIT, record_of, time_known
from collectors.transports.reception import Reception, guarded
from taishi.errors import Forbidden, QuotaExceeded, Refused, TooLarge, Unauthenticated, Unavailable
from taishi.event import Event

_CODES: Final[dict[type[Refused], tuple[int, int]]] = {
    Unauthenticated: (403, 4),
    Forbidden: (403, 1),
    QuotaExceeded: (503, 9),
    Unavailable: (503, 9),
    TooLarge: (413, 6),
}
"""Refusal → HTTP status and the protocol's code: 1 disabled, 4 invalid token, 6 invalid data, 9 server busy (send again)."""


def routes(reception: Reception) -> list[Route]:
    collector = _Collector(reception)
    answers = {
        "": collector.events,
        "/event": collector.events,
        "/event/1.0": collector.events,
        "/raw": collector.raw,
        "/raw/1.0": collector.raw,
        "/ack": collector.acknowledged,
        "/ack/1.0": collector.acknowledged,
    }
    return [
        *(
            Route(f"/services/collector{path}", guarded(answer, complain), methods=["POST"])
            for path, answer in answers.items()
        ),
        Route("/services/collector/health", _healthy),
        Route("/services/collector/health/1.0", _healthy),
    ]


def complain(error: Refused) -> Response:
    status, code = _CODES.get(type(error), (error.status, 6))
    headers = {} if error.retry_after is None else {"Retry-After": str(max(1, round(error.retry_after)))}
    return Response(orjson.dumps({"text": error.reason, "code": code}), status, headers, "application/json")


async def _healthy(_request: Request) -> Response:
    return Response(orjson.dumps({"text": "HEC is healthy", "code": 17}), media_type="application/json")


def key_of(request: Request) -> str:
    """The token: `Splunk TOKEN`, a bearer's, or the password of basic authentication. Raises Unauthenticated."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() in {"splunk", "bearer"} and value.strip():
        return value.strip()
    raise Unauthenticated("send the source's API key as 'Authorization: Splunk KEY'")


class _Collector:
    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._numbers = itertools.count()

    async def events(self, request: Request) -> Response:
        await self._reception.take(request, key_of(request), events_of, protocol="hec")
        return self._success(request)

    async def raw(self, request: Request) -> Response:
        http, longest = self._reception.intake.settings.http, self._reception.intake.settings.syslog.max_line
        known = _envelope(request.query_params)

        def split(data: bytes) -> list[Frame]:
            return [Frame(one.data, one.cut, known) for one in split_body(data, http.max_records, longest)]

        await self._reception.take(request, key_of(request), split, protocol="hec")
        return self._success(request)

    def _success(self, request: Request) -> Response:
        answer: dict[str, Any] = {"text": "Success", "code": 0}
        if request.headers.get("x-splunk-request-channel") or request.query_params.get("channel"):
            answer["ackId"] = next(self._numbers)
        return Response(orjson.dumps(answer), media_type="application/json")

    async def acknowledged(self, request: Request) -> Response:
        self._reception.intake.sources.by_key(key_of(request))
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > 1 << 20:
                raise TooLarge("ask for fewer acknowledgements at once")
        try:
            asked = orjson.loads(body)["acks"]
            answer = {str(int(number)): True for number in asked}
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise BadBody('send {"acks": [numbers]}') from error
        return Response(orjson.dumps({"acks": answer}), media_type="application/json")


_DECODER: Final = json.JSONDecoder()


def events_of(data: bytes) -> list[Frame]:
    """Events one after the other, with or without anything between them, or in an array. Raises BadBody with the number of
    the event that cannot be read; then none is kept, as the protocol has it."""
    text = data.decode("utf-8", "replace").strip()
    found: list[Any] = []
    at = 0
    while at < len(text):
        try:
            one, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise BadBody(f"event {len(found)} is not JSON: {error}") from error
        found += one if isinstance(one, list) else [one]
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
    if not found:
        raise BadBody("the body holds no event")
    return [_frame(one, number) for number, one in enumerate(found)]


def _frame(one: Any, number: int) -> Frame:
    if not isinstance(one, dict) or one.get("event") in (None, ""):
        raise BadBody(f"event {number} has no 'event' field")
    event, known = one["event"], _envelope(one)
    if isinstance(event, dict):
        frame = record_of(event)
        return Frame(frame.data, known={**known, **(frame.known or {})})
    return Frame((event if isinstance(event, str) else json.dumps(event)).encode("utf-8", "replace"), known=known)


def _envelope(holder: Any) -> Event:
    known = time_known(holder.get("time"))
    for key, name in (("host", "host.name"), ("source", "log.file.path")):
        value = holder.get(key)
        if isinstance(value, str) and value:
            known[name] = value[:LIMIT]
    return known
