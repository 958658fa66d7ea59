"""The event: a flat dict of dotted ECS names, and the batch that travels on the stream.

Why flat: one look-up a field, accepted as it is by Elasticsearch, and the names Sigma pipelines already use.
An event is parsed once and encoded once; pydantic guards the edges of the platform, never this path.

Identity comes from the *delivery*, not from the content: two equal lines are two events, one line delivered twice
is one. A `Batch` carries a `delivery` id; the n-th record of it is event `<delivery>-<n>`. Whoever may send a batch
again (HTTP retry, spool, file after a crash) sends it under the same delivery id with the same records.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, TypeAlias

import orjson

Event: TypeAlias = dict[str, Any]
"""Dotted ECS field name → JSON value (str, int, float, bool, or a list of those)."""

TOPIC_EVENTS: Final = "taishi.events"


def delivery_id(source_id: str, *parts: str | int) -> str:
    """A 128-bit id, stable for the same source and delivery coordinates (HTTP batch id; file, inode and offset)."""
    text = "\x1f".join([source_id, *map(str, parts)])
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def event_id(delivery: str, index: int) -> str:
    return f"{delivery}-{index}"


@dataclass(slots=True)
class Quarantined:
    """A record that no parser could read: kept whole, with the reason, and replayable after a fix.

    `index` is its place in the delivery, so a replayed record gets the event id it would have had.
    """

    index: int
    original: str
    reason: str
    parser: str = ""


@dataclass(slots=True)
class Batch:
    """What one delivery of one source put on the stream: one message, one fsync, one decode.

    `received` counts the records the transport framed, before parsing: the left side of the source's balance.
    `events` plus `quarantined` plus `suppressed` must add up to it.
    """

    source_id: str
    enterprise_id: str
    delivery: str
    received_at: float
    received: int
    events: list[Event] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    suppressed: int = 0
    replay: bool = False
    """True where quarantined records come back after a parser fix: they were received before."""


def encode_batch(batch: Batch) -> bytes:
    """One JSON object. A value that JSON cannot carry (an integer beyond 64 bits, half of a surrogate pair) costs that
    value and no other: the original line still has it."""
    raw: dict[str, Any] = {
        "v": 1,
        "source": batch.source_id,
        "enterprise": batch.enterprise_id,
        "delivery": batch.delivery,
        "received_at": batch.received_at,
        "received": batch.received,
        "suppressed": batch.suppressed,
        "replay": batch.replay,
        "events": batch.events,
        "quarantined": [[q.index, q.original, q.reason, q.parser] for q in batch.quarantined],
    }
    try:
        return orjson.dumps(raw)
    except orjson.JSONEncodeError:
        return orjson.dumps(_encodable(raw))


def _encodable(value: Any) -> Any:
    """The same without what JSON refuses: such integers become null or leave the object, such halves become U+FFFD."""
    if isinstance(value, dict):
        cleaned = {_encodable(key): _encodable(inner) for key, inner in value.items()}
        return {key: inner for key, inner in cleaned.items() if inner is not None or value.get(key, 0) is None}
    if isinstance(value, list):
        return [kept for inner in value if (kept := _encodable(inner)) is not None or inner is None]
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return None
    return value


def decode_batch(value: bytes) -> Batch:
    """Inverse of `encode_batch`; raises ValueError on anything else. Unknown keys of newer writers are ignored."""
    try:
        raw = orjson.loads(value)
        return Batch(
            source_id=raw["source"],
            enterprise_id=raw["enterprise"],
            delivery=raw["delivery"],
            received_at=raw["received_at"],
            received=raw["received"],
            suppressed=raw.get("suppressed", 0),
            replay=raw.get("replay", False),
            events=raw["events"],
            quarantined=[Quarantined(*row) for row in raw["quarantined"]],
        )
    except (KeyError, TypeError, orjson.JSONDecodeError) as error:
        raise ValueError(f"not an event batch: {error}") from error
