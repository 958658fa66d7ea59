"""OTLP/HTTP logs: `POST /v1/logs` in protobuf or JSON, as OpenTelemetry's collector and SDKs send them.

A record's body is the record: text as it is; a map as JSON. Resource and record attributes that say where it was read
travel along. The key comes as a bearer token or in `x-api-key`, which every exporter can be given as a header.

Source: OpenTelemetry protocol specification 1.x, "OTLP/HTTP"; logs data model.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

import orjson
from google.protobuf.json_format import Parse
from google.protobuf.json_format import ParseError as JsonError
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from collectors.framing import Frame
from collectors.transports.body import BadBody
from collectors.transports.documents import LIMIT, as_json, record_of, time_known
from collectors.transports.reception import Reception, guarded
from taishi.errors import Refused, Unauthenticated
from taishi.event import Event

PROTOBUF: Final = "application/x-protobuf"
_NAMES: Final = {
    "host.name": "host.name",
    "host.id": "host.id",
    "log.file.path": "log.file.path",
    "container.id": "container.id",
    "container.name": "container.name",
    "k8s.namespace.name": "orchestrator.namespace",
}
"""Attributes of the semantic conventions → ECS; the two have grown together, most are the same name."""

_DEPTH: Final = 32


def routes(reception: Reception) -> list[Route]:
    endpoint = _Logs(reception)
    return [Route("/v1/logs", guarded(endpoint.take, complain), methods=["POST"])]


def complain(error: Refused) -> Response:
    """google.rpc.Status as JSON: exporters log its message whatever they sent."""
    headers = {} if error.retry_after is None else {"Retry-After": str(max(1, round(error.retry_after)))}
    return Response(
        orjson.dumps({"code": error.status, "message": error.reason}), error.status, headers, "application/json"
    )


class _Logs:
    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    async def take(self, request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        await self._reception.take(request, _key(request), lambda data: frames_of(data, kind), protocol="otlp")
        if kind == PROTOBUF:
            return Response(b"", media_type=PROTOBUF)  # an empty ExportLogsServiceResponse: everything was taken
        return Response(b"{}", media_type="application/json")


def _key(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    key = value.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    if not key:
        raise Unauthenticated("set the exporter's header to 'authorization: Bearer KEY' or 'x-api-key: KEY'")
    return key


def frames_of(data: bytes, kind: str) -> list[Frame]:
    """The records of an export request. Raises BadBody."""
    message = ExportLogsServiceRequest()
    try:
        if kind == PROTOBUF:
            message.ParseFromString(data)
        else:
            Parse(_hex_ids_dropped(data), message, ignore_unknown_fields=True, max_recursion_depth=_DEPTH)
    except (DecodeError, JsonError, orjson.JSONDecodeError, ValueError, RecursionError) as error:
        raise BadBody(f"the body is no ExportLogsServiceRequest: {str(error)[:200]}") from error
    found = []
    for resource in message.resource_logs:
        shared = _attributes(resource.resource)
        for scope in resource.scope_logs:
            found += [_frame(record, shared) for record in scope.log_records]
    return found


def _hex_ids_dropped(data: bytes) -> bytes:
    """OTLP's JSON writes trace and span ids as hex where protobuf's JSON wants base64; they are not used here."""
    if b'"traceId"' not in data and b'"spanId"' not in data:
        return data
    document = orjson.loads(data)
    for resource in _listed(document, "resourceLogs"):
        for scope in _listed(resource, "scopeLogs"):
            for record in _listed(scope, "logRecords"):
                if isinstance(record, dict):
                    record.pop("traceId", None)
                    record.pop("spanId", None)
    return orjson.dumps(document)


def _listed(holder: Any, key: str) -> list[Any]:
    found = holder.get(key) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else []


def _frame(record: LogRecord, shared: Mapping[str, Any]) -> Frame:
    attributes = {**shared, **_attributes(record)}
    known: Event = {
        ecs: str(attributes[name])[:LIMIT] for name, ecs in _NAMES.items() if attributes.get(name) not in (None, "")
    }
    nanoseconds = record.time_unix_nano or record.observed_time_unix_nano
    if nanoseconds:
        known |= time_known(nanoseconds / 1e9)
    if record.severity_text:
        known["log.level"] = record.severity_text.lower()[:LIMIT]
    body = _value(record.body, _DEPTH)
    if isinstance(body, str):
        return Frame(body.encode("utf-8", "replace"), known=known)
    if isinstance(body, dict):
        frame = record_of(body)
        return Frame(frame.data, known={**known, **(frame.known or {})})
    return Frame(as_json({"message": body, **attributes}), known=known)


def _attributes(holder: Message | LogRecord) -> dict[str, Any]:
    return {one.key: _value(one.value, _DEPTH) for one in getattr(holder, "attributes", ())}


def _value(value: AnyValue, depth: int) -> Any:
    """A value as Python's; what nests deeper than is sensible is cut to a mark."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if depth == 0:
        return "…"
    if kind == "array_value":
        return [_value(one, depth - 1) for one in value.array_value.values]
    if kind == "kvlist_value":
        return {one.key: _value(one.value, depth - 1) for one in value.kvlist_value.values}
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    return getattr(value, kind)
