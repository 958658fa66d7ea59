"""What the processor counts for Prometheus."""

from __future__ import annotations

import time

from prometheus_client import Counter, Gauge

EVENTS = Counter("taishi_events_processed_total", "Events through the stages, repeats after a crash included.")
REPEATS = Counter("taishi_deliveries_repeated_total", "Deliveries that were already taken.")
POISON = Counter("taishi_messages_unreadable_total", "Stream messages that went to quarantine as a whole.")
COMMITS = Counter("taishi_checkpoints_total", "Checkpoints committed.")
COMMIT_SECONDS = Counter("taishi_checkpoint_seconds_total", "Time spent in committing.")
STAGE_SECONDS = Counter("taishi_stage_seconds_total", "Time spent in each stage and in indexing.", ["stage"])
FAILURES = Counter("taishi_worker_failures_total", "Returns to the last commit.", ["kind"])
RULES = Gauge("taishi_rules_loaded", "Detection rules in use, correlations included.")
INDICATORS = Gauge("taishi_indicators_loaded", "Indicators of threat intelligence in use.")
THROTTLED_NOW = Gauge("taishi_rules_switched_off", "Rules that are switched off for what they cost.")
THROTTLED = Counter("taishi_rules_throttled_total", "Rules switched off for what they cost.")
LAG = Gauge("taishi_stream_lag_messages", "Messages that wait in a partition.", ["partition"])

LAG_SECONDS = 2.0
_last = [0.0]


def lag_due() -> bool:
    """True once every few seconds: asking the stream for its ends is not free."""
    at = time.monotonic()
    if at - _last[0] < LAG_SECONDS:
        return False
    _last[0] = at
    return True
