"""Records of nodes and platforms that hold keys and values, as JSON or as pairs, whose words for an operation differ by maker.

`keyed` reads either form; `action` finds the project's word for an operation (the one its rules read) in the maker's, Chinese or
English; the rest of the keys stays under the parser's prefix.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from collectors.parser import Framed, Received
from collectors.parsers import _device
from collectors.parsers._chinese import flat_json, pairs, severity
from collectors.parsers._common import Fields, apply, keep, text
from collectors.parsers._documents import outcome
from collectors.parsers._time import stamp
from taishi.event import Event

Words = tuple[tuple[str, tuple[str, ...]], ...]
"""(the project's word, the makers' words that mean it), the more particular first."""

TIMES: Final = (
    "@timestamp", "timestamp", "time", "datetime", "eventTime", "event_time", "opTime", "op_time", "operateTime", "logTime",
    "log_time", "createTime", "ts", "时间", "操作时间", "发生时间",
)  # fmt: skip
RESULTS: Final = (
    "result",
    "status",
    "outcome",
    "resultCode",
    "result_code",
    "success",
    "opResult",
    "结果",
    "操作结果",
    "状态",
)
LEVELS: Final = ("severity", "level", "riskLevel", "risk_level", "级别", "告警级别", "风险级别")

_READ: Final = frozenset((*TIMES, *RESULTS))


def keyed(framed: Framed, received: Received, name: str) -> tuple[Event, dict[str, Any]]:
    """An event begun, and the record's keys: of its JSON flattened, else of its pairs."""
    event, body = _device.begin(framed, received, name)
    found = flat_json(framed.body or body)
    return event, dict(found if found is not None else pairs(body))


def first(values: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The value of the first of these keys that has one."""
    return next((values[name] for name in names if values.get(name) not in (None, "", "-")), None)


def fill(event: Event, values: Mapping[str, Any], fields: Fields, prefix: str, received: Received) -> None:
    """Known keys to their fields, time, severity and result; the rest under the prefix."""
    apply(event, values, fields)
    if (moment := first(values, TIMES)) is not None:
        stamp(event, moment, received)
    if (level := first(values, LEVELS)) is not None:
        severity(event, level, "up")
    if (result := outcome(first(values, RESULTS))) is not None:
        event["event.outcome"] = result
    keep(event, prefix, values, frozenset(fields) | _READ)


@lru_cache(maxsize=4096)
def _found(words: Words, said: str) -> str:
    known = said.lower().replace("-", "_").replace(" ", "_")
    return next((ours for ours, theirs in words if any(word in known for word in theirs)), "")


def action(words: Words, said: Any) -> str:
    """The project's word for an operation, or the maker's own in lower case where none fits."""
    own = (text(said) or "")[:200]
    return _found(words, own) or own.lower()
