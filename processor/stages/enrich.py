"""enrich: ownership, region, industry and asset on every event; who attacked whom on every alert; what came late.

State of an enterprise: the newest event time it has sent, as text, and by source how far a late delivery was from
its receipt, and when that was. An event is late when it lags behind that by more
than the allowed lateness; late events are stored and correlated like others, in a lane of their own.
"""

from __future__ import annotations

from typing import Any

import orjson

from processor.inventory import EnterpriseFacts
from processor.stage import StateView, Work
from taishi import clock
from taishi.event import Batch, Event

FUTURE_ALLOWANCE = 60.0
"""Seconds that an event may be ahead of its receipt and still move the newest time: one wrong clock must not make
everybody else late."""

STEADY = 60.0
"""Two deliveries of a source, received at least so many seconds apart, must be equally far from their receipt, to so many
seconds, before that is taken for its clock: a backlog that catches up comes closer with each."""

STAMP_LENGTH = len("2026-01-01T00:00:00.000Z")


class Enrich:
    name = "enrich"

    def __init__(self, lateness: float) -> None:
        """`lateness` in seconds."""
        self._lateness = lateness

    def load(self, blob: bytes) -> dict[str, Any]:
        value: dict[str, Any] = orjson.loads(blob)
        return value

    def dump(self, value: dict[str, Any]) -> bytes:
        return orjson.dumps(value)

    def run(self, work: Work, state: StateView) -> None:
        for batch in work.batches:
            if batch.events:
                self._batch(work, batch, state)

    def _batch(self, work: Work, batch: Batch, state: StateView) -> None:
        memory = state.get(batch.enterprise_id) or {"newest": "", "skews": {}}
        newest: str = memory["newest"]
        floor = clock.to_text(max(0.0, clock.to_seconds(newest) - self._lateness)) if newest else ""
        limit = clock.to_text(batch.received_at + FUTURE_ALLOWANCE)
        facts = work.inventory.enterprise(batch.enterprise_id)
        kept: list[Event] = []
        times = 0.0
        top = ""
        for event in batch.events:
            reason = _check(event)
            if reason:
                work.rejected[str(event.get("event.id"))] = reason
                continue
            stamp: str = event["@timestamp"]
            event.update(facts.stamp)
            if stamp < floor:
                event["taishi.late"] = True
            if top < stamp <= limit:
                top = stamp
            times += clock.to_seconds(stamp)
            assign(facts, event)
            kept.append(event)
        if kept:
            work.delays[batch.delivery] = len(kept) * batch.received_at - times
            skew = clock.to_seconds(max(e["@timestamp"] for e in kept)) - batch.received_at
            before, at = memory["skews"].get(batch.source_id, (skew, 0.0))
            if batch.received_at - at >= STEADY:
                if at and abs(skew - before) < STEADY:
                    work.skews[batch.source_id] = skew
                memory["skews"][batch.source_id] = (round(skew, 3), batch.received_at)
        batch.events = kept
        if top:
            work.newest[batch.delivery] = clock.to_seconds(top)
        if kept:
            state.put(batch.enterprise_id, {**memory, "newest": max(top, newest)})


def _check(event: Event) -> str:
    """Why an event cannot go on, or "". Collectors make none of these; a foreign producer might."""
    stamp = event.get("@timestamp")
    if not isinstance(event.get("event.id"), str) or not event["event.id"]:
        return "the event has no event.id"
    if not isinstance(stamp, str):
        return "the event has no @timestamp"
    if len(stamp) != STAMP_LENGTH or stamp[-1] != "Z":
        try:
            event["@timestamp"] = clock.to_text(clock.to_seconds(stamp))
        except ValueError:
            return f"@timestamp {stamp[:40]!r} is no RFC 3339 time"
    else:
        try:
            clock.to_seconds(stamp)
        except ValueError:
            return f"@timestamp {stamp[:40]!r} is no RFC 3339 time"
    severity = event.get("event.severity")
    if severity is not None and not isinstance(severity, int):
        return "event.severity is no integer"
    return ""


def assign(facts: EnterpriseFacts, event: Event) -> None:
    """Who attacked whom, on alerts, and which asset an event is about."""
    if event.get("event.kind") == "alert":
        _roles(event)
        if "taishi.asset.id" not in event and facts.assets:
            asset = facts.asset(event.get("taishi.victim.ip"), event.get("taishi.victim.host"))
            asset = asset or facts.asset(event.get("taishi.attacker.ip"), event.get("host.name"))
            if asset is not None:
                event.update(asset.stamp())
    elif facts.assets:
        found = facts.asset(event.get("destination.ip"), event.get("host.name")) or facts.assets.get(
            event.get("source.ip", "")
        )
        if found is not None:
            event.update(found.stamp())


def _roles(event: Event) -> None:
    """Attacker and victim where the parser did not say: the source acts, the destination or the host suffers."""
    if not any(f"taishi.attacker.{part}" in event for part in ("ip", "host", "user")) and "source.ip" in event:
        event["taishi.attacker.ip"] = event["source.ip"]
    if "taishi.victim.ip" in event or "taishi.victim.host" in event:
        return
    if "destination.ip" in event:
        if event["destination.ip"] != event.get("taishi.attacker.ip"):
            event["taishi.victim.ip"] = event["destination.ip"]
    elif "host.name" in event:
        event["taishi.victim.host"] = event["host.name"]
