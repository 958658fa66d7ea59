"""/live: server-sent events that follow the `change` table within the caller's scope and permissions.

One event a changed thing, with the row's sequence as its id: who comes back with Last-Event-ID misses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel
from sqlalchemy import func, select
from starlette.concurrency import run_in_threadpool

from api.dependencies import Caller, CurrentCaller, ServicesDep
from api.services import Services
from taishi.clock import now
from taishi.records.tables import Change
from taishi.security.roles import Permission
from taishi.security.sessions import session_open

router = APIRouter(tags=["live"])

POLL_SECONDS = 1.0
"""Between two looks at the table: the processor commits about once a second, so more would find nothing."""

HEARTBEAT_SECONDS = 15.0
"""A comment line at least this often, so that proxies keep the connection and clients notice a dead one."""

MAX_ROWS = 500

ChangeKind = Literal["incident", "risk", "source", "campaign", "warning", "burst"]

NEEDED: dict[str, Permission] = {
    "incident": "incidents.read",
    "risk": "risk.read",
    "source": "sources.read",
    "campaign": "campaigns.read",
    "warning": "warnings.read",
    "burst": "overview.read",
}


class LiveChange(BaseModel):
    """Something changed: load it again. The thing itself is not sent, so that nothing bypasses its route."""

    seq: int
    at: float
    kind: ChangeKind
    id: str
    enterprise_id: str
    region: str


@dataclass(frozen=True, slots=True)
class Follower:
    """Reads the table for one caller; all reading is done in the caller's scope."""

    services: Services
    caller: Caller

    def kinds(self) -> list[str]:
        return [kind for kind, permission in NEEDED.items() if self.caller.may(permission)]

    def newest(self) -> int:
        with self.services.records.read(self.caller.scope) as session:
            return session.scalar(select(func.max(Change.seq))) or 0

    def after(self, seq: int) -> list[LiveChange] | None:
        """Changes after `seq`, oldest first; None when the session has ended meanwhile."""
        if not session_open(self.services.records, self.caller.session.token_hash, now()):
            return None
        query = select(Change).where(Change.seq > seq, Change.kind.in_(self.kinds())).order_by(Change.seq)
        with self.services.records.read(self.caller.scope) as session:
            rows = session.scalars(query.limit(MAX_ROWS)).all()
            return [
                LiveChange(
                    seq=row.seq,
                    at=row.at,
                    kind=row.kind,  # type: ignore[arg-type]  # the query names the kinds
                    id=row.object_id,
                    enterprise_id=row.enterprise_id,
                    region=row.region,
                )
                for row in rows
            ]


def _resume(last_event_id: str | None, newest: int) -> int:
    text = last_event_id or ""
    return min(int(text), newest) if text.isascii() and text.isdecimal() and len(text) < 19 else newest


async def follow(follower: Follower, last_event_id: str | None, once: bool) -> AsyncIterator[ServerSentEvent]:
    """The stream itself: changes as they come, a comment when nothing does, an end when the session ends."""
    newest = await run_in_threadpool(follower.newest)
    seq = _resume(last_event_id, newest)
    yield ServerSentEvent(comment="following", id=str(seq), retry=3000)
    quiet = 0.0
    while True:
        changes = await run_in_threadpool(follower.after, seq)
        if changes is None:
            yield ServerSentEvent(event="signed_out", data={})
            return
        for change in changes:
            seq = change.seq
            yield ServerSentEvent(event="change", id=str(seq), data=change)
        if once:
            return
        quiet = 0.0 if changes else quiet + POLL_SECONDS
        if quiet >= HEARTBEAT_SECONDS:
            quiet = 0.0
            yield ServerSentEvent(comment="still here")
        await asyncio.sleep(POLL_SECONDS)


@router.get("/live", response_class=EventSourceResponse)
async def follow_changes(
    caller: CurrentCaller,
    services: ServicesDep,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=64)] = None,
    once: Annotated[bool, Query(description="Send what there is after Last-Event-ID, then end.")] = False,
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events named `change`, each with a LiveChange as data."""
    async for item in follow(Follower(services, caller), last_event_id, once):
        yield item
