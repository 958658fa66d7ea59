"""suppress: alerts that people chose not to see for a time are marked; they are stored and counted, not correlated.

Also names the behaviour of each alert, so that conditions, searches and previews read what the correlation sees.
"""

from __future__ import annotations

from prometheus_client import Counter

from processor.behaviours import behaviour_of
from processor.feedback import KEY, dump, load
from processor.stage import StateView, Work
from taishi.feedback.suppress import BEHAVIOUR, MARK
from taishi.feedback.taught import NOTHING, Feedback

SUPPRESSED = Counter(
    "taishi_alerts_suppressed_total", "Alerts stored but kept out of the correlation by a suppression."
)


class Suppress:
    name = "suppress"

    def load(self, blob: bytes) -> Feedback:
        return load(blob)

    def dump(self, value: Feedback) -> bytes:
        return dump(value)

    def run(self, work: Work, state: StateView) -> None:
        feedback: Feedback = state.get(KEY) or NOTHING
        work.feedback = feedback
        matcher = feedback.matcher
        for batch in work.batches:
            for event in batch.events:
                if event.get("event.kind") != "alert":
                    continue
                event[BEHAVIOUR] = behaviour_of(event).id
                event.pop(MARK, None)  # a sender does not decide what is hidden
                found = matcher.find(event, batch.received_at) if matcher else None
                if found is not None:
                    event[MARK] = found.id
                    number, last = work.hits.get(found.id, (0, 0.0))
                    work.hits[found.id] = (number + 1, max(last, batch.received_at))
                    SUPPRESSED.inc()
