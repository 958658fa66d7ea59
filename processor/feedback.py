"""What people taught, as the stages see it: suppressions, lessons of verdicts, sources that are still learning.

It is a part of the state: it changes at a checkpoint, in the transaction that commits the positions, and is loaded with
them. So a stretch that is done again after a crash meets the same suppressions and lessons as the first time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

import orjson
from sqlalchemy import case, func, or_, select, update
from sqlalchemy.orm import Session

from processor.pending import Pending
from processor.stage import restored
from processor.statecache import StateCache
from taishi.feedback.parameters import parameters
from taishi.feedback.suppress import Suppression
from taishi.feedback.taught import Feedback
from taishi.records import tables
from taishi.records.tables import RuleVerdict, Source

KEY = "*"
"""Of the whole partition: no enterprise has this id."""


def load(blob: bytes) -> Feedback:
    raw = orjson.loads(blob)
    raw["suppressions"] = [restored(Suppression, one) for one in raw["suppressions"]]
    return restored(Feedback, raw)


def dump(value: Feedback) -> bytes:
    return orjson.dumps(
        {
            "fingerprint": value.fingerprint,
            "suppressions": [asdict(one) for one in value.suppressions],
            "everywhere": value.everywhere,
            "own": value.own,
            "learning": value.learning,
        }
    )


def fingerprint(session: Session) -> list[Any]:
    """Changes when people changed something of it; a cheap question, asked at every checkpoint. Rows are never deleted and
    their versions only grow, so no two changes cancel out."""
    answers: list[Any] = []
    suppression = tables.Suppression
    for statement in (
        select(func.count(), func.sum(suppression.version)).select_from(suppression),
        select(func.count(), func.sum(RuleVerdict.version)).select_from(RuleVerdict),
        select(func.sum(case((Source.state == "learning", 1), else_=0)), func.sum(Source.version)),
    ):
        answers.extend(int(answer or 0) for answer in session.execute(statement).one())
    return answers


def read(session: Session, mark: list[Any]) -> Feedback:
    """Everything, of all enterprises; `mark` is its fingerprint."""
    given = parameters()
    found = Feedback(mark)
    active = select(tables.Suppression).where(tables.Suppression.status == "active").order_by(tables.Suppression.id)
    for row in session.scalars(active.limit(int(given["suppression"]["most"]))):
        found.suppressions.append(
            Suppression(
                row.id, row.extent, row.enterprise_id, row.region, row.authority, row.asset_id,
                {str(name): str(value) for name, value in row.condition.items()}, row.seen_severity, row.expires_at,
            )
        )  # fmt: skip
    judged = RuleVerdict.true_positive + RuleVerdict.false_positive + RuleVerdict.benign_positive
    rows = select(RuleVerdict).where(judged > 0).order_by(judged.desc(), RuleVerdict.enterprise_id, RuleVerdict.rule)
    for verdict in session.scalars(rows.limit(int(given["priors"]["most_rules"]))):
        counts = [verdict.true_positive, verdict.false_positive, verdict.benign_positive]
        found.own.setdefault(verdict.enterprise_id, {})[verdict.rule] = counts
        known = found.everywhere.setdefault(verdict.rule, [0, 0, 0])
        found.everywhere[verdict.rule] = [a + b for a, b in zip(known, counts, strict=True)]
    learning = select(Source.id).where(Source.state == "learning").order_by(Source.id)
    found.learning = list(session.scalars(learning))
    return found


def of_partition(whole: Feedback, partition: int, where: Callable[[str], int]) -> Feedback:
    """What concerns the enterprises of one partition; `where`: enterprise → partition."""

    def mine(identity: str) -> bool:
        return where(identity) == partition

    return Feedback(
        whole.fingerprint,
        [one for one in whole.suppressions if not one.enterprise_id or mine(one.enterprise_id)],
        whole.everywhere,
        {enterprise: rules for enterprise, rules in whole.own.items() if mine(enterprise)},
        whole.learning,
    )


STAGE = "suppress"


def _known(cache: StateCache, partition: int) -> Feedback | None:
    known: Feedback | None = cache.view(partition, STAGE).get(KEY)
    return known


def stale(session: Session, cache: StateCache, partitions: Iterable[int]) -> tuple[list[int], list[Any]]:
    """The partitions whose stages do not have the newest, and its fingerprint. Where nobody ever taught anything, nothing
    is stale. A platform with learning sources or edits is; sources alone, all active, are nothing to write down."""
    mark = fingerprint(session)
    found = []
    for partition in sorted(partitions):
        cache.fetch(session, partition, [KEY])
        known = _known(cache, partition)
        if known is None and not any(mark[:5]):
            continue
        if known is None or known.fingerprint != mark:
            found.append(partition)
    return found, mark


def refresh(
    session: Session,
    cache: StateCache,
    pending: Pending,
    offsets: Mapping[int, int | None],
    where: Callable[[str], int],
) -> None:
    """Give the stages of every partition we hold the newest, in the transaction that commits. `where`: enterprise →
    partition."""
    partitions, mark = stale(session, cache, offsets)
    if not partitions:
        return
    whole = read(session, mark)
    for partition in partitions:
        cache.view(partition, STAGE).put(KEY, of_partition(whole, partition, where))
        pending.positions.setdefault(partition, (offsets[partition], offsets[partition] or 0))


def count_hits(session: Session, hits: Mapping[str, tuple[int, float]]) -> None:
    """Add hits (number, last receipt) to their suppressions; in the order of ids, as every writer locks them."""
    row = tables.Suppression
    for identity, (number, last) in sorted(hits.items()):
        newer = or_(row.last_hit.is_(None), row.last_hit < last)
        session.execute(
            update(row)
            .where(row.id == identity)
            .values(hits=row.hits + number, last_hit=case((newer, last), else_=row.last_hit))
            .execution_options(synchronize_session=False)
        )
