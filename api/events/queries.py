"""Searching events: the store does the work; here periods get their defaults and intervals their round size."""

from __future__ import annotations

from math import ceil
from typing import Any

from api.dependencies import Caller
from api.events.schemas import (
    EventPage,
    EventQuery,
    EventRange,
    FieldList,
    FieldOut,
    FieldQuery,
    Histogram,
    HistogramBucket,
    HistogramQuery,
    TopQuery,
    TopValue,
    TopValues,
)
from api.problems import Invalid
from api.services import Services
from taishi.clock import now
from taishi.errors import NotFound
from taishi.fields import ALIASES, Field, table
from taishi.store.port import Search

DAY = 86_400.0

INTERVALS = (1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 10_800.0, 21_600.0, 43_200.0, DAY)
"""Steps a person can read on an axis; longer ones are whole days."""


def period(given: EventRange) -> tuple[float, float]:
    """Start and end, the last day where they are absent; raises Invalid for an empty period."""
    end = now() if given.end is None else given.end
    start = max(0.0, end - DAY) if given.start is None else given.start
    if start >= end:
        raise Invalid("`start` must be before `end`", "period")
    return start, end


def interval(start: float, end: float, buckets: int) -> float:
    """The smallest round step that needs no more than about `buckets` of them."""
    wanted = (end - start) / buckets
    return next((step for step in INTERVALS if step >= wanted), ceil(wanted / DAY) * DAY)


def search(services: Services, caller: Caller, query: EventQuery) -> EventPage:
    start, end = period(query)
    found = services.store.search(Search(query.q, start, end, query.limit, query.cursor, query.ascending), caller.scope)
    return EventPage(items=found.events, next_cursor=found.cursor)


def get(services: Services, caller: Caller, event_id: str) -> dict[str, Any]:
    found = services.store.get([event_id], caller.scope)
    if not found:
        raise NotFound("there is no such event, it has expired, or it is outside your scope")
    return found[0]


def histogram(services: Services, caller: Caller, query: HistogramQuery) -> Histogram:
    start, end = period(query)
    step = interval(start, end, query.buckets)
    buckets = services.store.histogram(query.q, caller.scope, start, end, step)
    return Histogram(
        start=start,
        end=end,
        interval=step,
        total=sum(bucket.count for bucket in buckets),
        buckets=[HistogramBucket(start=bucket.start, count=bucket.count) for bucket in buckets],
    )


def top(services: Services, caller: Caller, query: TopQuery) -> TopValues:
    start, end = period(query)
    values = services.store.top(query.q, caller.scope, query.field, query.size, start, end)
    return TopValues(
        field=query.field,
        total=services.store.count(query.q, caller.scope, start, end),
        items=[TopValue(value=value.value, count=value.count) for value in values],
    )


COUNTED_TEXT = frozenset({"rule.name"})
"""Texts that every store keeps as a keyword too."""


def _countable(field: Field) -> bool:
    """What `EventStore.top` accepts; a test asks the store about every field."""
    plain = field.type == "boolean" or (field.column and field.type in {"keyword", "ip", "long"})
    return plain or field.name in COUNTED_TEXT


def fields(query: FieldQuery) -> FieldList:
    """Fields whose name, short name or meaning contains the text; names that begin with it first."""
    text = query.q.lower()
    short: dict[str, list[str]] = {}
    for alias, name in ALIASES.items():
        short.setdefault(name, []).append(alias)
    found = [
        FieldOut(
            name=field.name,
            type=field.type,
            array=field.array,
            countable=_countable(field),
            aliases=short.get(field.name, []),
            meaning_zh=field.meaning_zh,
            meaning_en=field.meaning_en,
        )
        for field in table().values()
        if text in " ".join([field.name, field.meaning_zh, field.meaning_en, *short.get(field.name, [])]).lower()
    ]
    found.sort(key=lambda field: not field.name.startswith(text))
    return FieldList(items=found[: query.limit])
