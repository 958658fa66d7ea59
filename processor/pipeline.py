"""The stages, in the order they run. The order is a decision, so it is written here and nowhere else.

To add a stage: write `processor/stages/<verb>.py` with a class that follows `processor.stage.Stage`, and name it below.
What it needs from earlier stages it finds in `Work`; what it remembers it gets through its `StateView`, one value an
enterprise, encoded by its own `dump`. It adds fields to events in place, records with `Work.upsert`, news with
`Work.changed`. It must not look at the clock, and must not care where a stretch was cut: decide per delivery.

Events that are no alerts pass through enrich, intel and detect and are stored; aggregation and correlation see alerts only, and
of these what people did not suppress. A stage that finds alerts among events belongs between enrich and suppress.
"""

from __future__ import annotations

from processor.stage import Stage
from processor.stages.aggregate import Aggregate
from processor.stages.correlate import Correlate
from processor.stages.detect import Detect
from processor.stages.enrich import Enrich
from processor.stages.intel import Intel
from processor.stages.suppress import Suppress
from taishi.settings import Settings


def stages(settings: Settings) -> tuple[Stage, ...]:
    """The pipeline of one worker."""
    return (Enrich(settings.process.lateness), Intel(), Detect(), Suppress(), Aggregate(), Correlate())
