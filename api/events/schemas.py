"""Search results over events. An event is a flat object of dotted ECS field names, as documented by /fields."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from api.common import Body, Cursor, Model, Seconds

Query = Annotated[
    str, Field(max_length=4000, description="Lucene syntax over the documented fields; empty matches all.")
]
FieldName = Annotated[str, Field(min_length=1, max_length=128)]


class EventRange(Body):
    q: Query = ""
    start: Seconds | None = Field(default=None, description="Inclusive; a day before `end` where absent.")
    end: Seconds | None = Field(default=None, description="Exclusive; now where absent.")


class EventQuery(EventRange):
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: Cursor | None = None
    ascending: bool = False


class HistogramQuery(EventRange):
    buckets: Annotated[int, Field(ge=1, le=500, description="About how many; intervals are round.")] = 60


class TopQuery(EventRange):
    field: FieldName
    size: Annotated[int, Field(ge=1, le=100)] = 10


class EventPage(Model):
    items: list[dict[str, Any]]
    next_cursor: str | None


class HistogramBucket(Model):
    start: float
    count: int


class Histogram(Model):
    start: float
    end: float
    interval: float
    total: int
    buckets: list[HistogramBucket]


class TopValue(Model):
    value: str
    count: int


class TopValues(Model):
    field: str
    total: int
    items: list[TopValue]


class FieldQuery(Body):
    q: Annotated[str, Field(max_length=128, description="A part of the name or of the meaning.")] = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 1000


class FieldOut(Model):
    """`countable`: may be given to /events/top. `aliases`: short names a query may use instead."""

    name: str
    type: str
    array: bool
    aliases: list[str]
    meaning_zh: str
    meaning_en: str
    countable: bool


class FieldList(Model):
    items: list[FieldOut]
