"""Runs of a whole platform that is fed and disturbed, and what two such runs must agree on."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from processor.stages.aggregate_state import WAITING, Waiting, dump
from taishi.event import TOPIC_EVENTS
from taishi.records.tables import Incident, Ledger, MetaAlert, QuarantineRecord, StageState, StreamOffset
from taishi.scope import EVERYTHING
from tests.scenarios.feed import Feed, onboard, send
from tests.scenarios.platform import Engines, Platform, wait_for

EMPTY = dump(Waiting())

Outcome = dict[str, Any]
"""What came out of a run, by part."""


def drained(platform: Platform, feeds: list[Feed]) -> bool:
    """All records are accounted for and every stream record is behind a committed offset."""
    with platform.records.read(EVERYTHING) as session:
        quarantined = session.scalar(select(func.count()).select_from(QuarantineRecord)) or 0
        committed = {row.partition: row.offset for row in session.scalars(select(StreamOffset))}
        stored = session.scalar(select(func.sum(Ledger.stored))) or 0
        waiting = [row.blob for row in session.scalars(select(StageState).where(StageState.key == WAITING))]
    stream = platform.stream()
    try:
        ends = {p.number: end for p, end in stream.end_offsets(TOPIC_EVENTS).items() if end}
    finally:
        stream.close()
    expected = sum(feed.records - feed.unreadable for feed in feeds)
    caught_up = all(committed.get(number, 0) >= end for number, end in ends.items())
    settled = all(blob in {EMPTY, b""} for blob in waiting)  # the newest alerts wait some seconds for earlier ones
    return caught_up and settled and stored >= expected and quarantined >= sum(feed.unreadable for feed in feeds)


def outcome(platform: Platform, feeds: list[Feed]) -> Outcome:
    """Everything two runs over the same input must agree on."""
    store = platform.store()
    try:
        made = "_exists_:taishi.detection.event"  # alerts that rules made beside what was sent
        counts = {feed.name: store.count(f"organization.id:{feed.name} AND NOT {made}", EVERYTHING) for feed in feeds}
        alerts = {feed.name: store.count(f"organization.id:{feed.name} AND {made}", EVERYTHING) for feed in feeds}
    finally:
        store.close()
    with platform.records.read(EVERYTHING) as session:
        ledger = session.execute(
            select(
                Ledger.source_id, func.sum(Ledger.stored), func.sum(Ledger.quarantined), func.sum(Ledger.suppressed),
                func.sum(Ledger.received - Ledger.stored - Ledger.merged - Ledger.suppressed - Ledger.quarantined
                         - Ledger.rejected),
            ).group_by(Ledger.source_id).order_by(Ledger.source_id)
        ).all()  # fmt: skip
        metas = session.execute(
            select(
                MetaAlert.id, MetaAlert.incident_id, MetaAlert.count, MetaAlert.first_seen, MetaAlert.last_seen,
                MetaAlert.severity, MetaAlert.risk, MetaAlert.evidence,
            ).order_by(MetaAlert.id)
        ).all()  # fmt: skip
        incidents = session.execute(
            select(
                Incident.id, Incident.title_en, Incident.escalated, Incident.score, Incident.alert_count,
                Incident.meta_count, Incident.merged_into,
            ).order_by(Incident.id)
        ).all()  # fmt: skip
        quarantined = session.scalars(select(QuarantineRecord.original).order_by(QuarantineRecord.original)).all()
    return {
        "events": counts,
        "alerts of rules": alerts,
        "ledger": [tuple(row) for row in ledger],
        "meta-alerts": [tuple(row) for row in metas],
        "incidents": [tuple(row) for row in incidents],
        "quarantine": list(quarantined),
    }


def _send_all(platform: Platform, feed: Feed, pause: float, failures: list[BaseException]) -> None:
    try:
        for number in range(len(feed.batches)):
            send(platform, feed, number)
            time.sleep(pause)
    except BaseException as error:  # noqa: BLE001  a thread's failure is the test's failure
        failures.append(error)


Disturb = Callable[[Platform, random.Random], None]


def kill_roles(kills: int) -> Disturb:
    """kill −9 of collectors and workers at random points."""

    def disturb(platform: Platform, dice: random.Random) -> None:
        for _ in range(kills):
            time.sleep(dice.uniform(0.02, 0.9))  # the random point, on purpose
            role = dice.choice(["collect", *platform.workers, *platform.workers])
            platform.kill(role)
            platform.start(role)

    return disturb


def run(
    folder: Path,
    feeds: list[Feed],
    disturb: Disturb | None = None,
    *,
    engines: Engines | None = None,
    workers: int = 1,
    pause: float = 0.0,
    seed: int = 11,
) -> Outcome:
    """Feed a platform, disturb it meanwhile, wait until it has worked through everything; returns what came out. `pause`
    seconds lie between two batches of a feed, so that it lasts as long as what disturbs it."""
    folder.mkdir()
    platform = Platform(folder, engines)
    try:
        onboard(platform, feeds)
        platform.start("collect", *(f"process.{number}" for number in range(workers)))
        platform.wait_ready("http")
        failures: list[BaseException] = []
        senders = [threading.Thread(target=_send_all, args=(platform, feed, pause, failures)) for feed in feeds]
        for sender in senders:
            sender.start()
        if disturb:
            disturb(platform, random.Random(seed))
        for sender in senders:
            sender.join()
        assert not failures, failures
        wait_for(lambda: drained(platform, feeds), "the platform to work through everything it acknowledged")
        for worker in platform.workers:
            platform.stop(worker)
        return outcome(platform, feeds)
    finally:
        platform.close()


def agree(feeds: list[Feed], undisturbed: Outcome, disturbed: Outcome) -> None:
    """Both match what was sent, every balance closes, and the second run's results are the first's."""
    assert undisturbed["events"] == {feed.name: feed.records - feed.unreadable for feed in feeds}
    assert all(row[-1] == 0 for row in disturbed["ledger"]), disturbed["ledger"]
    assert any(row[2] for row in undisturbed["incidents"]), "the intrusion should have become an incident"
    for part, expected in undisturbed.items():
        assert disturbed[part] == expected, part
