"""The audit trail: append-only rows in a hash chain, so that a changed, removed or inserted entry is found.

The hash of a row is SHA-256 over the hash before it and the row's canonical JSON (keys sorted, UTF-8, no spaces). A cut
tail leaves a valid shorter chain: who must exclude that keeps the head's hash elsewhere and compares.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from taishi.records.tables import Audit

GENESIS: Final = "0" * 64

CHUNK = 2000
"""Rows checked at a time: a chain of millions is read without holding it in memory."""


def _digest(row: Audit) -> str:
    content = {
        "at": row.at,
        "actor": row.actor,
        "action": row.action,
        "object_kind": row.object_kind,
        "object_id": row.object_id,
        "detail": row.detail,
    }
    text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(row.previous_hash.encode() + b"\n" + text).hexdigest()


def append(
    session: Session,
    *,
    at: float,
    actor: str,
    action: str,
    object_kind: str = "",
    object_id: str = "",
    detail: dict[str, Any] | None = None,
) -> Audit:
    """Add an entry in the caller's transaction, so that a change and its entry stand or fall together.

    The records' write lock makes one chain of concurrent writers; on engines without one the newest row is locked.
    """
    session.flush()
    newest = session.scalar(select(Audit.hash).order_by(Audit.seq.desc()).limit(1).with_for_update())
    row = Audit(
        at=at,
        actor=actor[:255],
        action=action,
        object_kind=object_kind,
        object_id=object_id[:96],
        detail=detail or {},
        previous_hash=newest or GENESIS,
    )
    row.hash = _digest(row)
    session.add(row)
    session.flush()
    return row


@dataclass(frozen=True, slots=True)
class Verification:
    """`first_bad` is the sequence number of the first entry that does not follow, None where the chain is whole."""

    checked: int
    first_bad: int | None
    reason: str
    head: str

    @property
    def ok(self) -> bool:
        return self.first_bad is None


def verify(session: Session) -> Verification:
    """Recompute the whole chain, oldest first."""
    previous, last, checked = GENESIS, 0, 0
    while True:
        rows = session.scalars(select(Audit).where(Audit.seq > last).order_by(Audit.seq).limit(CHUNK)).all()
        if not rows:
            return Verification(checked, None, "", previous)
        for row in rows:
            if row.previous_hash != previous:
                return Verification(checked, row.seq, "an entry before it was removed, added or changed", previous)
            if row.hash != _digest(row):
                return Verification(checked, row.seq, "the content of this entry was changed", previous)
            previous, last, checked = row.hash, row.seq, checked + 1
        session.expunge_all()
