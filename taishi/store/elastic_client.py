"""The connection to Elasticsearch: its settings, its failures as sentences, and bulk requests that are tried again.

No user, password or key is in any message: the servers are named without what a URL may carry before the @.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from elastic_transport import ConnectionTimeout, TlsError, TransportError
from elasticsearch import ApiError, Elasticsearch, OrjsonSerializer, UnsupportedProductError

from taishi.errors import StoreError

log = structlog.get_logger()

BULK_BYTES = 8_000_000
"""Body of one bulk request. Elastic advises 5 to 15 MB; more only waits longer in the server's memory."""

PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Seconds between the attempts of a bulk request that the server had no room for; then the batch fails as a whole and
its reader, who has acknowledged nothing, comes again."""

BUSY = (429, 503)

REFUSED_FOR_GOOD = frozenset(
    {"document_parsing_exception", "mapper_parsing_exception", "mapper_exception", "illegal_argument_exception"}
)
"""Reasons that lie in the document. Everything else (a full disk, too many shards, a missing right) is the server's
state: quarantining events for it would empty the stream into the quarantine."""

MAX_REASON = 500

_COMPATIBLE = "application/vnd.elasticsearch+{}; compatible-with=9"
_BULK_HEADERS = {"accept": _COMPATIBLE.format("json"), "content-type": _COMPATIBLE.format("x-ndjson")}
_BULK_TARGET = "/_bulk?filter_path=errors,items.*.status,items.*.result,items.*.error"
"""Only what is read of the answer: a full one is a third of what was sent."""


@dataclass(frozen=True, slots=True)
class ElasticOptions:
    """Where the servers are and how the indices are made. Either `user` and `password`, or `api_key`, or neither."""

    hosts: Sequence[str] = field(repr=False)
    """URLs, which may carry a user and password too."""
    user: str = ""
    password: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    ca: Path | None = None
    """Certificates that sign the servers' own; None takes those of the system."""
    prefix: str = "taishi"
    shards: int = 1
    replicas: int = 1
    events_days: int | None = None
    alerts_days: int | None = None
    """Days for the server's own lifecycle, where it has one; None leaves deletion to `expire` alone."""
    timeout: float = 30.0
    """Seconds that one request may take."""

    @property
    def places(self) -> str:
        """The servers without what is secret in their URLs."""
        parts = [urlsplit(host) for host in self.hosts]
        return ", ".join(f"{part.scheme}://{part.netloc.rpartition('@')[2]}" for part in parts)


def connect(options: ElasticOptions) -> Elasticsearch:
    """A client; nothing is sent yet. Raises StoreError for settings that make no connection."""
    arguments: dict[str, Any] = {}
    if options.api_key:
        arguments["api_key"] = options.api_key
    elif options.user:
        arguments["basic_auth"] = (options.user, options.password)
    if options.ca:
        arguments["ca_certs"] = str(options.ca)
    try:
        return Elasticsearch(
            list(options.hosts),
            request_timeout=options.timeout,
            serializers={"application/json": OrjsonSerializer()},
            **arguments,
        )
    except (ValueError, OSError) as error:
        raise StoreError(
            f"the settings make no connection to Elasticsearch at {options.places}; check the hosts "
            "(https://name:9200) and the file of certificates"
        ) from _without_secrets(error)


def _without_secrets(error: Exception) -> Exception | None:
    """A ValueError of the client may quote the whole URL; an OSError names a file."""
    return error if isinstance(error, OSError) else None


@contextmanager
def translated(options: ElasticOptions) -> Iterator[None]:
    """Failures of the client as StoreError, with what a person can do."""
    try:
        yield
    except ApiError as error:
        raise StoreError(_answered(error, options)) from error
    except TlsError as error:
        raise StoreError(
            f"no trusted connection to Elasticsearch at {options.places}; check the certificate and the CA file"
        ) from error
    except ConnectionTimeout as error:
        raise StoreError(
            f"Elasticsearch at {options.places} did not answer within {options.timeout:g} s; check its load"
        ) from error
    except TransportError as error:
        raise StoreError(
            f"Elasticsearch cannot be reached at {options.places}; check that it runs and that the address is right"
        ) from error


def _answered(error: ApiError, options: ElasticOptions) -> str:
    if isinstance(error, UnsupportedProductError):
        return f"the server at {options.places} is not Elasticsearch 9; Taishi speaks to no other"
    status = error.meta.status
    if status in {401, 403}:
        return (
            f"Elasticsearch at {options.places} refuses the user; check the password or API key, and the user's rights "
            f"on {options.prefix}-*"
        )
    if status in BUSY:
        return (
            f"Elasticsearch at {options.places} is overloaded or not ready; try again in a while ({reason(error.body)})"
        )
    return f"Elasticsearch at {options.places} answered {status}: {reason(error.body)}"


def reason(body: Any) -> str:
    """The server's own words, the outermost and the innermost, bounded: they quote what attackers wrote."""
    error = body.get("error", body) if isinstance(body, dict) else body
    said: list[str] = []
    while isinstance(error, dict):
        said.append(str(error.get("reason") or error.get("type") or ""))
        error = error.get("caused_by")
    if isinstance(error, str):
        said.append(error)
    return ": ".join(dict.fromkeys([*said[:1], *said[-1:]]))[:MAX_REASON] or "no reason given"


# ---------------------------------------------------------------- bulk


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one operation: `created`, `updated`, `deleted`, `not_found`, or refused with a reason."""

    result: str
    refusal: str = ""


class Bulk:
    """Sends operations, each already bytes, and tries again those the server had no room for."""

    def __init__(
        self, client: Elasticsearch, options: ElasticOptions, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client.options(max_retries=0)
        self._options = options
        self._pause = pause

    def send(self, operations: Sequence[bytes]) -> list[Done]:
        """One outcome an operation, in order. Raises StoreError when the server cannot take them; what was taken until
        then stays, and sending all of them again does no harm."""
        done: list[Done] = []
        for chunk in _chunks(operations):
            done += self._send(chunk)
        return done

    def _send(self, operations: Sequence[bytes]) -> list[Done]:
        done: dict[int, Done] = {}
        waiting = list(range(len(operations)))
        last = ""
        for pause in (*PAUSES, None):
            items = self._attempt([operations[number] for number in waiting])
            if items is not None:
                again = []
                for number, item in zip(waiting, items, strict=True):
                    if item["status"] in BUSY:
                        again.append(number)
                        last = reason(item)
                    else:
                        done[number] = _outcome(item)
                waiting = again
            if not waiting:
                return [done[number] for number in range(len(operations))]
            if pause is not None:
                log.warning("Elasticsearch had no room.", operations=len(waiting), pause_seconds=pause, reason=last)
                self._pause(pause)
        raise StoreError(
            f"Elasticsearch at {self._options.places} had no room for {len(waiting)} operations in {len(PAUSES) + 1} "
            f"attempts; give it more machines or memory, or slow the sources down ({last or 'busy'})"
        )

    def _attempt(self, operations: Sequence[bytes]) -> list[dict[str, Any]] | None:
        """The items of the answer; None where the server refused the request as a whole for lack of room."""
        body = b"".join(operations)
        with translated(self._options):
            try:
                answer = self._client.perform_request("POST", _BULK_TARGET, headers=_BULK_HEADERS, body=body)
            except ApiError as error:
                if error.meta.status in BUSY:
                    return None
                raise
        return [next(iter(item.values())) for item in answer["items"]]


def _outcome(item: dict[str, Any]) -> Done:
    """Raises StoreError for a failure that does not lie in the document."""
    if "error" not in item:
        return Done(item.get("result", "not_found"))
    kind = str(item["error"].get("type", ""))
    if item["status"] == 400 and kind in REFUSED_FOR_GOOD:
        return Done("refused", f"{kind}: {reason(item)}")
    raise StoreError(f"Elasticsearch did not take an event, and not for what the event says: {kind}: {reason(item)}")


def _chunks(operations: Sequence[bytes]) -> Iterable[Sequence[bytes]]:
    start, size = 0, 0
    for number, operation in enumerate(operations):
        if size + len(operation) > BULK_BYTES and number > start:
            yield operations[start:number]
            start, size = number, 0
        size += len(operation)
    if start < len(operations):
        yield operations[start:]
