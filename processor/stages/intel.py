"""intel: every event is looked up in the indicators; what holds one is marked and counted, and may become an alert.

It remembers nothing. The indicators come with the stretch (`Work.intel`) and are replaced only between checkpoints; what
was seen goes into `Work.sightings` and is committed with the rest. An event is judged by its own time and by the receipt
of its delivery, never by a clock.
"""

from __future__ import annotations

from typing import Any

from processor.inventory import EnterpriseFacts
from processor.stage import StateView, Work
from processor.stages.enrich import assign
from taishi import clock
from taishi.event import Batch, Event
from taishi.intel.alert import MARK, alert, marks, tellable, verdict
from taishi.intel.match import Matcher
from taishi.intel.sightings import see
from taishi.intel.snapshot import Hits

RETRO = "taishi.intel.retro"


class Intel:
    name = "intel"

    def load(self, blob: bytes) -> Any:
        """Nothing is remembered, so there is nothing to read."""
        return None

    def dump(self, value: Any) -> bytes:
        return b""

    def run(self, work: Work, state: StateView) -> None:
        matcher = work.intel
        if matcher is None:
            return
        look = matcher.look
        for batch in work.batches:
            made: list[Event] = []
            for event in batch.events:
                found = look(event)
                if found and MARK not in event:
                    made += self._found(work, matcher, batch, event, found)
            if made:
                batch.events = [*batch.events, *made]

    def _found(
        self, work: Work, matcher: Matcher, batch: Batch, event: Event, found: list[tuple[str, Hits]]
    ) -> list[Event]:
        t = clock.to_seconds(event["@timestamp"])
        matches = matcher.settle(event, found, t, batch.received_at)
        if not matches:
            return []
        told = tellable(matches)
        made: list[Event] = []
        if told:
            event.update(marks(told))
            raised = verdict(told) if event.get("event.kind") != "alert" else None
            if raised is not None:
                made.append(self._alert(work.inventory.enterprise(batch.enterprise_id), alert(event, *raised)))
        for one in matches:
            see(
                work.sightings, one.hit, batch.enterprise_id, t, str(event["event.id"]),
                alert=bool(made) or event.get("event.kind") == "alert", retro=False,
            )  # fmt: skip
        return made

    def _alert(self, facts: EnterpriseFacts, made: Event) -> Event:
        for name in [name for name in made if name.startswith("taishi.asset.")]:
            del made[name]  # the event's asset may be another than the victim
        assign(facts, made)
        return made
