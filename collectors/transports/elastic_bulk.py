"""What ships to Elasticsearch ships to Taishi: `POST /_bulk` and the handshakes of Filebeat, Logstash, Fluent Bit, Vector, rsyslog.

The API key is the password of basic authentication (any user name), or the second half of an `ApiKey`, or a bearer token.
Every document counts as created once it is durable; what its parser could not read is in quarantine here, not an error
there. Templates, pipelines and policies that a shipper wants to set up are acknowledged and not kept: Taishi has its own
fields. A body in which every document has an `_id`, or a file and an offset, counts once however often it is sent.

Source: Elasticsearch reference, "Bulk API", "Response headers: X-Elastic-Product".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from collectors.framing import Frame
from collectors.transports.body import BadBody
from collectors.transports.documents import record_of, sure_identity
from collectors.transports.reception import Reception, guarded
from taishi.errors import Refused, Unauthenticated

VERSION: Final = "9.0.0"
"""What shippers are told they speak to: Beats of 8 and 9 agree with it; an older one is told `allow_older_versions` by its own."""

_HEADERS: Final = {"X-Elastic-Product": "Elasticsearch"}
_SETUP: Final = (
    "_index_template", "_template", "_component_template", "_ilm/policy", "_ingest/pipeline", "_data_stream", "_alias",
)  # fmt: skip
_KINDS: Final = frozenset({"index", "create", "update", "delete"})


def routes(reception: Reception) -> list[Route]:
    """At the root, where shippers expect it, and below /elasticsearch for those that are given a path."""
    bulk = _Bulk(reception)
    found = []
    for prefix in ("", "/elasticsearch"):
        found += [
            Route(f"{prefix}/_bulk", guarded(bulk.take, complain), methods=["POST", "PUT"]),
            Route(f"{prefix}/{{index}}/_bulk", guarded(bulk.take, complain), methods=["POST", "PUT"]),
            Route(f"{prefix}/_license", _license),
            Route(f"{prefix}/_xpack", _license),
            Route(f"{prefix}/_cluster/health", _health),
            Route(f"{prefix}/_cluster/health/{{index}}", _health),
            *(
                Route(f"{prefix}/{kind}/{{name:path}}", _setup, methods=["GET", "HEAD", "PUT", "POST"])
                for kind in _SETUP
            ),
        ]
    return [*found, Route("/elasticsearch", _root), Route("/elasticsearch/", _root), Route("/", _root)]


def complain(error: Refused) -> Response:
    """In Elasticsearch's own words, so that the shipper's log shows the reason and its retries do what they should."""
    headers = dict(_HEADERS)
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Basic realm="taishi", ApiKey'
    body = {"error": {"type": f"{error.code}_exception", "reason": error.reason}, "status": error.status}
    return _json(body, error.status, headers)


def _json(body: Any, status: int = 200, headers: dict[str, str] = _HEADERS) -> Response:
    return Response(orjson.dumps(body), status, headers, "application/json")


async def _root(_request: Request) -> Response:
    version = {
        "number": VERSION,
        "build_flavor": "default",
        "minimum_wire_compatibility_version": "8.18.0",
        "minimum_index_compatibility_version": "8.0.0",
    }
    return _json({"name": "taishi", "cluster_name": "taishi", "version": version, "tagline": "You Know, for Search"})


async def _license(_request: Request) -> Response:
    return _json({"license": {"status": "active", "type": "basic", "mode": "basic", "uid": "taishi"}})


async def _health(_request: Request) -> Response:
    return _json({"cluster_name": "taishi", "status": "green", "timed_out": False, "number_of_nodes": 1})


async def _setup(_request: Request) -> Response:
    return _json({"acknowledged": True})


def key_of(request: Request) -> str:
    """Raises Unauthenticated where the request brings no key."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    scheme, value = scheme.lower(), value.strip()
    if scheme == "bearer" and value:
        return value
    if scheme in {"basic", "apikey"}:
        try:
            _, _, secret = base64.b64decode(value, validate=True).decode("utf-8", "replace").partition(":")
        except (binascii.Error, ValueError):
            secret = ""
        if secret:
            return secret
    raise Unauthenticated(
        "send the source's API key as the password of basic authentication, or as the ApiKey's second half"
    )


class _Bulk:
    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    async def take(self, request: Request) -> Response:
        items: list[dict[str, Any]] = []

        def split(data: bytes) -> list[Frame]:
            frames, found = operations(data, request.path_params.get("index", ""))
            items.extend(found)
            return frames

        await self._reception.take(request, key_of(request), split, _identity, "elastic")
        return _json(
            {"took": 0, "errors": any(item[kind]["status"] >= 400 for item in items for kind in item), "items": items}
        )


def _identity(data: bytes) -> str:
    documents = []
    for action, source in _pairs(data):
        kind, about = next(iter(action.items()))
        document = orjson.loads(source) if source is not None else {}
        named = isinstance(about, dict) and about.get("_id")
        if kind != "delete":
            documents.append({**document, "_id": named} if named and isinstance(document, dict) else document)
    return hashlib.sha256(data).hexdigest() if sure_identity(documents) else ""


def operations(data: bytes, index: str = "") -> tuple[list[Frame], list[dict[str, Any]]]:
    """The records of a bulk body and the answer to each of its operations, in order. Raises BadBody, and then keeps nothing:
    a body that cannot be read as pairs of lines would be read shifted from there on."""
    frames: list[Frame] = []
    items: list[dict[str, Any]] = []
    for number, (action, source) in enumerate(_pairs(data)):
        kind, about = next(iter(action.items()))
        named = about if isinstance(about, dict) else {}
        item = {"_index": str(named.get("_index") or index or "taishi"), "_id": str(named.get("_id") or number)}
        if source is None:
            refusal = {"type": "unsupported_operation_exception", "reason": "what was reported stays reported"}
            items.append({kind: {**item, "status": 400, "error": refusal}})
            continue
        document = _document(source, number)
        if kind == "update":
            document = document.get("doc", document.get("upsert", document))
            frames.append(record_of(document) if isinstance(document, dict) else Frame(source))
        else:
            frames.append(record_of(document, source))
        items.append({kind: {**item, "_version": 1, "result": "created", "status": 201}})
    return frames, items


def _document(source: bytes, number: int) -> dict[str, Any]:
    try:
        document = orjson.loads(source)
    except orjson.JSONDecodeError as error:
        raise BadBody(f"document {number} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadBody(f"document {number} is not an object")
    return document


def _pairs(data: bytes) -> Iterator[tuple[dict[str, Any], bytes | None]]:
    """(action, document) of each operation; no document for a deletion."""
    lines = iter([line for line in data.split(b"\n") if line.strip()])
    for line in lines:
        try:
            action = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise BadBody(f"an action line is not JSON: {error}") from error
        if not isinstance(action, dict) or len(action) != 1 or next(iter(action)) not in _KINDS:
            raise BadBody('an action line must be one of {"index":{}}, {"create":{}}, {"update":{}}, {"delete":{}}')
        if "delete" in action:
            yield action, None
            continue
        source = next(lines, None)
        if source is None:
            raise BadBody("the last action has no document; end the body with a newline after it")
        yield action, source
