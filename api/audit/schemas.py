"""The tamper-evident audit trail."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from api.common import Body, Cursor, Limit, Model, Seconds


class AuditQuery(Body):
    actor: Annotated[str, Field(max_length=64)] | None = None
    action: Annotated[str, Field(max_length=64)] | None = None
    object_kind: Annotated[str, Field(max_length=32)] | None = None
    object_id: Annotated[str, Field(max_length=96)] | None = None
    since: Seconds | None = None
    until: Seconds | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class AuditEntry(Model):
    seq: int
    at: float
    actor: str
    action: str
    object_kind: str
    object_id: str
    detail: dict[str, Any]
    hash: str


class AuditPage(Model):
    items: list[AuditEntry]
    next_cursor: str | None


class AuditVerification(Model):
    """`first_bad` is the first entry that does not follow from the one before it."""

    ok: bool
    checked: int
    first_bad: int | None
    reason: str
    head: str = Field(description="Hash of the newest entry: keep it elsewhere to notice a cut tail.")
