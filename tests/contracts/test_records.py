"""The Records contract, on every engine that this machine can reach."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from taishi.errors import RecordsError
from taishi.records.port import Records
from taishi.records.sql import SqlRecords
from taishi.records.tables import Asset, Base, Enterprise, Owned, Park, Risk
from taishi.scope import EVERYTHING, NOTHING, Scope
from tests import databases


@pytest.fixture(params=databases.ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with databases.empty(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def engine(url: str) -> Iterator[Records]:
    opened = SqlRecords(url)
    opened.migrate()
    yield opened
    opened.close()


def _add_two_enterprises(records: Records) -> None:
    with records.write(EVERYTHING) as session:
        for name, region, authority in (("a", "330106", "miit"), ("b", "330203", "ca")):
            session.add(Park(id=f"park-{name}", region=region, name=name))
            session.add(
                Enterprise(
                    id=name, name=name, region=region, industry="C36", kind="industrial",
                    park_id=f"park-{name}", authority=authority,
                )
            )
            session.add(Asset(id=f"asset-{name}", name=name, kind="plc", enterprise_id=name, region=region,
                              authority=authority))
            session.add(Risk(kind="county", key=region, region=region, at=0, low=0, mid=0, high=0, coverage=1))


SEES_ONLY_A = [
    Scope(regions=("330100",)),
    Scope(regions=("330106",)),
    Scope(enterprises=("a",)),
    Scope(authorities=("miit",)),
    Scope(regions=("330000",), enterprises=("a",)),
]


@pytest.mark.parametrize("scope", SEES_ONLY_A, ids=str)
def test_every_kind_of_select_is_filtered(engine: Records, scope: Scope) -> None:
    _add_two_enterprises(engine)
    with engine.read(scope) as session:
        assert session.scalars(select(Enterprise.id)).all() == ["a"]
        assert session.scalars(select(Park.name)).all() == ["a"]
        assert session.scalar(select(func.count()).select_from(Asset)) == 1
        assert session.scalar(select(func.count(Asset.id))) == 1
        assert session.execute(select(Asset.region, func.count()).group_by(Asset.region)).all() == [("330106", 1)]
        assert session.get(Enterprise, "b") is None
        joined = select(Enterprise.id, Asset.id).join(Asset, Asset.enterprise_id == Enterprise.id)
        assert session.execute(joined).all() == [("a", "asset-a")]
        foreign = select(Enterprise.id).where(
            select(Asset.id).where(Asset.name == "b").correlate(None).exists()
        )
        assert session.execute(foreign).all() == [], "a subquery must not answer for what is out of scope"


@pytest.mark.parametrize("scope", SEES_ONLY_A, ids=str)
def test_updates_and_deletes_stay_inside(engine: Records, scope: Scope) -> None:
    _add_two_enterprises(engine)
    with engine.write(scope) as session:
        session.execute(update(Asset).values(name="changed"))
    with engine.write(scope) as session:
        session.execute(delete(Asset))
    with engine.read(EVERYTHING) as session:
        assert session.scalars(select(Asset.name)).all() == ["b"]


def test_region_rows_follow_the_division_tree(engine: Records) -> None:
    _add_two_enterprises(engine)
    with engine.read(Scope(regions=("330200",))) as session:
        assert session.scalars(select(Risk.key)).all() == ["330203"]


def test_nothing_sees_nothing_in_any_scoped_table(engine: Records) -> None:
    _add_two_enterprises(engine)
    with engine.read(NOTHING) as session:
        for mapper in Base.registry.mappers:
            if issubclass(mapper.class_, Owned) or mapper.class_ in (Enterprise, Park, Risk):
                assert session.scalar(select(func.count()).select_from(mapper.class_)) == 0, mapper.class_


def test_a_raising_block_leaves_nothing(engine: Records) -> None:
    def half_done() -> None:
        with engine.write(EVERYTHING) as session:
            session.add(Park(id="p", region="330106", name="p"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()
    with engine.read(EVERYTHING) as session:
        assert session.get(Park, "p") is None


def test_an_engine_failure_is_a_records_error(engine: Records) -> None:
    with engine.write(EVERYTHING) as session:
        session.add(Park(id="p", region="330106", name="p"))
    with pytest.raises(RecordsError), engine.write(EVERYTHING) as session:
        session.add(Park(id="p", region="330106", name="again"))


def test_concurrent_increments_are_all_kept(engine: Records) -> None:
    with engine.write(EVERYTHING) as session:
        session.add(Enterprise(id="n", name="n", region="330106", industry="C36", kind="industrial", level=0))

    def add_fifty() -> None:
        for _ in range(50):
            with engine.write(EVERYTHING) as session:
                row = session.get(Enterprise, "n")
                assert row
                row.level += 1

    threads = [threading.Thread(target=add_fifty) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.read(EVERYTHING) as session:
        row = session.get(Enterprise, "n")
        assert row
        assert row.level == 200


def test_migrating_twice_and_at_once_is_harmless(url: str) -> None:
    opened = [SqlRecords(url) for _ in range(3)]
    threads = [threading.Thread(target=one.migrate) for one in opened]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with opened[0].read(EVERYTHING) as session:
        assert session.scalar(select(func.count()).select_from(Enterprise)) == 0
    for one in opened:
        one.close()
