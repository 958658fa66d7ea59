"""Records that no parser could read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.common import Body, Cursor, EnterpriseRef, Identifier, Limit, Model, RegionCode, Seconds

QuarantineStatus = Literal["new", "replay", "replayed", "discarded"]


class QuarantineFilter(Body):
    q: Annotated[str, Field(max_length=200, description="In the record or in the reason.")] = ""
    source_id: Identifier | None = None
    enterprise_id: Identifier | None = None
    region: RegionCode | None = None
    parser: Annotated[str, Field(max_length=64)] | None = None
    status: list[QuarantineStatus] = Field(default_factory=list, max_length=4)
    since: Seconds | None = None
    until: Seconds | None = None


class QuarantineQuery(QuarantineFilter):
    limit: Limit = 50
    cursor: Cursor | None = None


class QuarantineRow(Model):
    """`preview` is the beginning of the record."""

    id: str
    source_id: str
    source_name: str
    enterprise: EnterpriseRef
    received_at: float
    reason: str
    parser: str
    status: QuarantineStatus
    size: int
    preview: str


class QuarantineDetail(QuarantineRow):
    original: str


class QuarantinePage(Model):
    items: list[QuarantineRow]
    next_cursor: str | None


class ReplayRequest(Body):
    """Either ids, or everything that a filter finds (at most 10 000 in one request)."""

    ids: list[Identifier] = Field(default_factory=list, max_length=10_000)
    filter: QuarantineFilter | None = None


class ReplayResult(Model):
    """`skipped` were not there, already replayed or on their way."""

    accepted: int
    skipped: int
