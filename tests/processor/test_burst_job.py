"""The burst job over records: what is written, by whom and how often it runs, and what late data does."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from processor import inventory, retention
from processor.burst_job import BurstJob
from taishi.records.sql import SqlRecords
from taishi.records.tables import Burst, BurstCount, Change, Division, Enterprise, Ledger, MetaAlert, Source
from taishi.scope import EVERYTHING, Scope

HOUR = 3600.0
NOW_HOUR = 498_000
AT = NOW_HOUR * HOUR + 400.0
"""Past the time that late events are waited for."""


def world(records: SqlRecords, enterprises: int = 40) -> None:
    with records.write(EVERYTHING) as session:
        for code, parent, level in (("330000", "", "province"), ("330100", "330000", "city"), ("330106", "330100", "county"),
                                    ("330200", "330000", "city"), ("330203", "330200", "county")):  # fmt: skip
            session.add(Division(code=code, parent=parent, level=level, name=code, name_en=code))
        session.flush()
        for number in range(enterprises):
            owner = {"region": "330106" if number % 2 else "330203", "authority": ""}
            session.add(Enterprise(id=f"n{number}", name=f"厂 {number}", industry="C3610", kind="industrial", level=1,
                                   created_at=0.0, **owner))  # fmt: skip
            session.flush()
            session.add(
                Source(
                    id=f"s{number}", name="s", transport="syslog", enterprise_id=f"n{number}", state="active", **owner
                )
            )
            session.flush()
            for hour in range(NOW_HOUR - 72, NOW_HOUR):
                session.add(Ledger(source_id=f"s{number}", hour=hour, received=5, enterprise_id=f"n{number}", **owner))


def hit(records: SqlRecords, number: int, hour: int, technique: str = "T1210", offset: float = 60.0) -> None:
    first = hour * HOUR + offset
    with records.write(EVERYTHING) as session:
        session.add(
            MetaAlert(id=f"m{number}-{hour}-{technique}", behaviour="b", name="r", technique=technique, severity=50, count=1,
                      first_seen=first, last_seen=first + 5, enterprise_id=f"n{number}",
                      region="330106" if number % 2 else "330203", authority="")
        )  # fmt: skip


def outbreak(records: SqlRecords, numbers: range | tuple[int, ...]) -> None:
    for place, number in enumerate(numbers):
        hit(records, number, NOW_HOUR - 3 + place % 3, technique="T1210.001" if place % 2 else "T1210")


def run(records: SqlRecords, job: BurstJob | None = None, at: float = AT) -> int:
    with records.read(EVERYTHING) as session:
        known = inventory.load(session)
    return (job or BurstJob(records, "330000")).run(known, at)


def rows(records: SqlRecords) -> list[Any]:
    with records.read(EVERYTHING) as session:
        found: list[Any] = list(session.scalars(select(Burst).order_by(Burst.id)))
        session.expunge_all()
    return found


def counts(records: SqlRecords) -> list[tuple[Any, ...]]:
    with records.read(EVERYTHING) as session:
        return sorted(tuple(row) for row in session.execute(select(*BurstCount.__table__.columns)))


def test_an_outbreak_in_a_county_becomes_a_burst_there(records: SqlRecords) -> None:
    world(records)
    outbreak(records, range(0, 24, 2))
    assert run(records) == 1
    (found,) = rows(records)
    assert (found.technique, found.region[:4], found.observed, found.active, found.over) == (
        "T1210",
        "3302",
        12,
        True,
        False,
    )
    assert found.expected < 1.5
    assert found.started_at == (NOW_HOUR - 3) * HOUR
    assert found.last_at == NOW_HOUR * HOUR
    assert "C36" not in found.title_zh
    assert "12 家次" in found.title_zh
    own = [hour for hour in found.hours if hour["hour"] >= NOW_HOUR - 3]
    assert sum(hour["observed"] for hour in own) == 12
    assert all(hour["reporting"] == 20 for hour in own)
    with records.read(EVERYTHING) as session:
        assert [change.object_id for change in session.scalars(select(Change).where(Change.kind == "burst"))] == [
            found.id
        ]


def test_running_again_or_elsewhere_writes_the_same(records: SqlRecords) -> None:
    world(records)
    outbreak(records, range(0, 24, 2))
    job = BurstJob(records, "330000")
    assert run(records, job) == 1
    once, counted = rows(records), counts(records)
    assert run(records, job, AT + 61) == 0
    assert run(records) == 0, "another worker, that remembers nothing"
    assert counts(records) == counted
    assert [(row.id, row.updated_at) for row in rows(records)] == [(row.id, row.updated_at) for row in once]


def test_what_arrives_late_is_counted_and_keeps_the_name(records: SqlRecords) -> None:
    world(records)
    outbreak(records, range(0, 24, 2))
    job = BurstJob(records, "330000")
    run(records, job)
    (before,) = rows(records)
    hit(records, 30, NOW_HOUR - 2)
    hit(records, 32, NOW_HOUR - 2)
    assert run(records, job, AT + 61) == 1
    (after,) = rows(records)
    assert (after.id, after.observed) == (before.id, 14)
    with records.write(EVERYTHING) as session:
        for meta in session.scalars(select(MetaAlert)):
            session.delete(meta)
    assert run(records, job, AT + 122) == 1
    (gone,) = rows(records)
    assert (gone.id, gone.active) == (before.id, False)


def test_sources_that_still_learn_and_strangers_do_not_count(records: SqlRecords) -> None:
    world(records)
    with records.write(EVERYTHING) as session:
        for number in range(0, 24, 2):
            session.get_one(Source, f"s{number}").state = "learning"
    outbreak(records, range(0, 24, 2))
    hit(records, 999, NOW_HOUR - 1)
    assert run(records) == 0
    assert rows(records) == []


def test_only_who_sees_the_whole_place_sees_its_burst(records: SqlRecords) -> None:
    world(records)
    outbreak(records, range(0, 24, 2))
    run(records)
    seen = {}
    for name, scope in {
        "province": Scope(regions=("330000",)), "city": Scope(regions=("330200",)), "other": Scope(regions=("330100",)),
        "contact": Scope(enterprises=("n0",)), "authority": Scope(regions=("330000",), authorities=("miit",)),
    }.items():  # fmt: skip
        with records.read(scope) as session:
            seen[name] = len(session.scalars(select(Burst)).all())
    assert seen == {"province": 1, "city": 1, "other": 0, "contact": 0, "authority": 0}


def test_old_counts_are_forgotten(records: SqlRecords) -> None:
    world(records)
    outbreak(records, range(0, 24, 2))
    run(records)
    assert counts(records)
    gone = retention.forget(records, AT + (retention.COUNTED_DAYS + 1) * 86_400.0, 400)
    assert gone["burst_count"] > 0
    assert gone["burst"] == 0
    assert counts(records) == []
