"""kill −9 of any process at random points under load: nothing acknowledged is lost, nothing is counted twice.

`TAISHI_KILLS` sets how many kills one run makes (default 24; the promise is hundreds).
"""

from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from processor.stages.aggregate_state import WAITING, Waiting, dump
from taishi.event import TOPIC_EVENTS
from taishi.records.tables import Incident, Ledger, MetaAlert, QuarantineRecord, StageState, StreamOffset
from taishi.scope import EVERYTHING
from tests.scenarios.feed import Feed, make_feeds, onboard, send
from tests.scenarios.platform import Platform, wait_for

EMPTY = dump(Waiting())
KILLS = int(os.environ.get("TAISHI_KILLS", "24"))


def _drained(platform: Platform, feeds: list[Feed]) -> bool:
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


def _outcome(platform: Platform, feeds: list[Feed]) -> dict[str, Any]:
    """Everything two runs over the same input must agree on."""
    store = platform.store()
    try:
        counts = {feed.name: store.count(f"organization.id:{feed.name}", EVERYTHING) for feed in feeds}
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
        "ledger": [tuple(row) for row in ledger],
        "meta-alerts": [tuple(row) for row in metas],
        "incidents": [tuple(row) for row in incidents],
        "quarantine": list(quarantined),
    }


def _send_all(platform: Platform, feed: Feed, failures: list[BaseException]) -> None:
    try:
        for number in range(len(feed.batches)):
            send(platform, feed, number)
    except BaseException as error:  # noqa: BLE001  a thread's failure is the test's failure
        failures.append(error)


def _run(folder: Path, feeds: list[Feed], kills: int, seed: int) -> dict[str, Any]:
    folder.mkdir()
    platform = Platform(folder)
    try:
        onboard(platform, feeds)
        platform.start("collect", "process")
        platform.wait_ready("http")
        failures: list[BaseException] = []
        senders = [threading.Thread(target=_send_all, args=(platform, feed, failures)) for feed in feeds]
        for sender in senders:
            sender.start()
        dice = random.Random(seed)
        for _ in range(kills):
            time.sleep(dice.uniform(0.02, 0.9))  # the random point, on purpose
            role = dice.choice(["collect", "process", "process"])
            platform.kill(role)
            platform.start(role)
        for sender in senders:
            sender.join()
        assert not failures, failures
        wait_for(lambda: _drained(platform, feeds), "the platform to work through everything it acknowledged")
        platform.stop("process")
        return _outcome(platform, feeds)
    finally:
        platform.close()


@pytest.mark.slow
@pytest.mark.xdist_group("whole-platform")
def test_killing_processes_changes_nothing(tmp_path: Path) -> None:
    feeds = make_feeds(count=4, batches=max(12, KILLS), size=60)
    undisturbed = _run(tmp_path / "undisturbed", feeds, kills=0, seed=0)
    disturbed = _run(tmp_path / "killed", feeds, kills=KILLS, seed=11)
    assert undisturbed["events"] == {feed.name: feed.records - feed.unreadable for feed in feeds}
    assert all(row[-1] == 0 for row in disturbed["ledger"]), disturbed["ledger"]
    assert any(row[2] for row in undisturbed["incidents"]), "the intrusion should have become an incident"
    for part, expected in undisturbed.items():
        assert disturbed[part] == expected, part
