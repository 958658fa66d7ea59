"""Sightings from the stages, campaigns from the records: what is written, what people keep, what running twice does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from processor import inventory
from processor.campaigns.job import CampaignJob
from taishi.records.sql import SqlRecords
from taishi.records.tables import (
    Asset,
    Base,
    Campaign,
    CampaignExposure,
    CampaignMember,
    Change,
    Enterprise,
    Incident,
    IndicatorUse,
    Sighting,
    WarningProposal,
)
from taishi.scope import EVERYTHING
from tests.processor.material import START, batches, intrusion, noise
from tests.processor.world import World

AT = START + 90_000.0
DIGEST = "c0ffee" + "0" * 58
WRITTEN: tuple[type[Base], ...] = (Campaign, CampaignMember, CampaignExposure, WarningProposal)
TIMES = {"created_at", "updated_at"}


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecords]:
    """Forty enterprises in two cities; five have the same controller, which is what will be attacked."""
    opened = SqlRecords(f"sqlite:///{tmp_path / 'records.sqlite'}")
    opened.migrate()
    with opened.write(EVERYTHING) as session:
        for number in range(40):
            region = "330106" if number % 2 else "330203"
            session.add(
                Enterprise(id=f"n{number}", name=f"厂 {number}", region=region, kind="industrial", level=2,
                           industry="C36" if number < 20 else "C26")
            )  # fmt: skip
        for number in range(5):
            session.add(
                Asset(id=f"plc{number}", name="plc", kind="plc", address="10.0.0.9", hostname=f"plc{number}",
                      vendor="Vendor", model="X1", enterprise_id=f"n{number * 7}", region="330106")
            )  # fmt: skip
    yield opened
    opened.close()


def _hit(records: SqlRecords, number: int, at: float = START, value: str = DIGEST, **more: Any) -> None:
    owner: dict[str, Any] = {
        "enterprise_id": f"n{number}",
        "region": "330106" if number % 2 else "330203",
        "authority": "",
    }
    name = f"i{number}-{value[:8]}"
    with records.write(EVERYTHING) as session:
        session.add(
            Incident(
                **owner, id=name, title_zh="事件", title_en="incident", escalated=True, score=0.9, severity=70,
                first_seen=at, last_seen=at + 60,
                entities=[{"kind": "hash", "value": value}, {"kind": "host", "value": f"plc{number // 7}"}], **more,
            )
        )  # fmt: skip
        sighted = {"kind": "hash", "value": value, **owner}
        session.add(
            Sighting(**sighted, id=f"s{name}", incident_id=name, techniques=["T1210", "T1018"], score=0.9, escalated=True,
                     first_seen=at, last_seen=at + 60)
        )  # fmt: skip
        session.add(IndicatorUse(**sighted, id=f"u{name}", last_seen=at))


def _run(records: SqlRecords, job: CampaignJob | None = None, at: float = AT) -> int:
    with records.read(EVERYTHING) as session:
        known = inventory.load(session)
    return (job or CampaignJob(records)).run(known, at)


def _rows(records: SqlRecords) -> dict[str, list[Any]]:
    found = {}
    with records.read(EVERYTHING) as session:
        for model in WRITTEN:
            columns = [column for column in model.__table__.columns if column.name not in TIMES]
            found[model.__tablename__] = sorted((tuple(row) for row in session.execute(select(*columns))), key=repr)
    return found


def _campaign(records: SqlRecords) -> Campaign:
    with records.read(EVERYTHING) as session:
        found = session.scalars(select(Campaign)).one()
        session.expunge(found)
    return found


def test_a_file_at_three_enterprises_becomes_a_campaign_with_those_who_may_be_next(records: SqlRecords) -> None:
    for number in (0, 7, 1):
        _hit(records, number, START + number)
    assert _run(records) == 1
    found = _campaign(records)
    assert (found.kind, found.enterprise_count, found.status, found.active) == ("worm", 3, "open", True)
    assert sum(reason["share"] for reason in found.reasons) == pytest.approx(1.0)
    with records.read(EVERYTHING) as session:
        risky = {row.enterprise_id: row for row in session.scalars(select(CampaignExposure))}
        proposal = session.scalars(select(WarningProposal)).one()
        told = set(session.scalars(select(Change.enterprise_id).where(Change.kind == "campaign")))
    assert risky.keys().isdisjoint({"n0", "n1", "n7"})
    assert {"n14", "n21", "n28"} <= risky.keys(), "they have the same controller"
    assert {reason["code"] for reason in risky["n14"].reasons} >= {"model", "industry_and_city"}
    assert all(0 < row.weight <= 1 for row in risky.values())
    assert (proposal.colour, proposal.status) == ("yellow", "proposed")
    assert {"indicators", "remote_services"} <= {advice["key"] for advice in proposal.advice}
    assert told == {"n0", "n1", "n7"}
    assert not any(f"厂 {n}" in found.title_zh for n in range(40))


def test_running_again_or_elsewhere_writes_the_same(records: SqlRecords) -> None:
    for number in (0, 7, 1):
        _hit(records, number, START + number)
    job = CampaignJob(records)
    _run(records, job)
    once = _rows(records)
    assert _run(records, job, AT + 20) == 0
    _run(records, at=AT + 40)
    assert _rows(records) == once


def test_what_people_decided_is_kept_when_the_campaign_grows(records: SqlRecords) -> None:
    for number in (0, 7, 1):
        _hit(records, number, START + number)
    _run(records)
    with records.write(EVERYTHING) as session:
        campaign = session.scalars(select(Campaign)).one()
        campaign.status, campaign.status_reason, campaign.version = "confirmed", "勒索团伙", 2
        proposal = session.scalars(select(WarningProposal)).one()
        proposal.status, proposal.version = "accepted", 2
    _hit(records, 3, START - 500)  # an older sighting than any before
    assert _run(records) == 1
    found = _campaign(records)
    assert (found.status, found.status_reason, found.version, found.enterprise_count) == ("confirmed", "勒索团伙", 2, 4)
    with records.read(EVERYTHING) as session:
        assert session.scalars(select(WarningProposal.status)).one() == "accepted"


def test_a_campaign_of_false_positives_fades_and_comes_back(records: SqlRecords) -> None:
    for number in (0, 7):
        _hit(records, number, START + number)
    job = CampaignJob(records)
    _run(records, job)
    for verdict, active in (("false_positive", False), ("", True)):
        with records.write(EVERYTHING) as session:
            incident = session.scalars(select(Incident).where(Incident.enterprise_id == "n0")).one()
            incident.verdict, incident.updated_at = verdict, AT
        _run(records, job, job.last + 60)
        assert _campaign(records).active is active
        with records.read(EVERYTHING) as session:
            assert session.scalars(select(WarningProposal.active)).one() is active


def test_a_sighting_that_its_incident_no_longer_names_counts_nothing(records: SqlRecords) -> None:
    """After a split the value belongs to another incident."""
    for number in (0, 7):
        _hit(records, number, START + number)
    with records.write(EVERYTHING) as session:
        session.scalars(select(Incident).where(Incident.enterprise_id == "n0")).one().entities = []
    assert _run(records) == 0


def test_two_campaigns_stay_two_and_an_incident_of_both_joins_them(records: SqlRecords) -> None:
    for number in (0, 7):
        _hit(records, number, START)
        _hit(records, number + 1, START, "beef" * 16)
    _run(records)
    assert len(_rows(records)["campaign"]) == 2
    with records.write(EVERYTHING) as session:
        incident = session.scalars(select(Incident).where(Incident.enterprise_id == "n0")).one()
        incident.entities = [*incident.entities, {"kind": "hash", "value": "beef" * 16}]
        owner = {"enterprise_id": "n0", "region": "330203"}
        session.add(
            Sighting(**owner, kind="hash", value="beef" * 16, id="both", incident_id=incident.id, techniques=[], score=0.9,
                     escalated=True, first_seen=START, last_seen=START)
        )  # fmt: skip
    _run(records)
    with records.read(EVERYTHING) as session:
        assert sorted(session.scalars(select(Campaign.active))) == [False, True]
        assert session.scalars(select(Campaign.enterprise_count).where(Campaign.active)).one() == 4


def test_the_stages_write_the_sightings_that_a_campaign_needs(tmp_path: Path, template: Path) -> None:
    """The same intrusion at two enterprises, through the worker."""
    world = World(tmp_path / "run", template)
    for enterprise, after in (("e1", 0.0), ("e2", 7200.0)):
        events = sorted(noise(START + after, 200) + intrusion(START + after + 3000), key=lambda e: str(e["@timestamp"]))
        for event in events:
            if event.get("rule.name") == "WEBSHELL uploaded":
                event["related.hash"] = [DIGEST]
        world.publish(batches(events, enterprise=enterprise))
    world.drive()
    with world.records.read(EVERYTHING) as session:
        rows = session.scalars(select(Sighting).where(Sighting.value == DIGEST)).all()
        assert {row.enterprise_id for row in rows} == {"e1", "e2"}
        assert all(row.escalated and not row.attempt and row.techniques for row in rows)
        assert not session.scalars(select(Sighting).where(Sighting.value.startswith("10."))).all()
        assert set(session.scalars(select(IndicatorUse.enterprise_id).where(IndicatorUse.value == DIGEST))) == {
            "e1",
            "e2",
        }
    _run(world.records)
    assert _campaign(world.records).enterprise_count == 2
    world.close()
