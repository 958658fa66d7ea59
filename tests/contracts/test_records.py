"""The Records contract, on every engine that this machine can reach."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, update

from taishi.errors import RecordsError
from taishi.records.port import Records
from taishi.records.sql import SqlRecords
from taishi.records.tables import (
    Asset,
    Audit,
    Base,
    Change,
    Decision,
    Enterprise,
    Ledger,
    Owned,
    Park,
    Person,
    QuarantineRecord,
    Risk,
)
from taishi.scope import EVERYTHING, NOTHING, Scope
from taishi.security import audit
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
                    id=name,
                    name=name,
                    region=region,
                    industry="C36",
                    kind="industrial",
                    park_id=f"park-{name}",
                    authority=authority,
                )
            )
            session.add(
                Asset(id=f"asset-{name}", name=name, kind="plc", enterprise_id=name, region=region, authority=authority)
            )
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
        foreign = select(Enterprise.id).where(select(Asset.id).where(Asset.name == "b").correlate(None).exists())
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
    _run(*(one.migrate for one in opened))
    with opened[0].read(EVERYTHING) as session:
        assert session.scalar(select(func.count()).select_from(Enterprise)) == 0
    for one in opened:
        one.close()


def _run(*targets: Callable[[], None]) -> None:
    """All at once; the first failure of any is raised."""
    with ThreadPoolExecutor(len(targets)) as pool:
        for done in [pool.submit(target) for target in targets]:
            done.result(timeout=60)


def _change(name: str) -> Change:
    return Change(at=0.0, kind="source", object_id=name)


def test_who_follows_a_sequence_misses_nothing(engine: Records) -> None:
    """A number must not become visible after a higher one: followers ask for what comes after the last they saw."""
    writing = threading.Event()
    writing.set()
    seen: list[int] = []

    def write(writer: int) -> None:
        for number in range(20):
            with engine.write(EVERYTHING) as session:
                session.add(_change(f"{writer}-{number}"))
                session.flush()  # the number is drawn here
                time.sleep(0.002 * ((writer + number) % 3))  # and becomes visible some time later

    def follow() -> None:
        while True:
            last_round = not writing.is_set()
            with engine.read(EVERYTHING) as session:
                after = seen[-1] if seen else 0
                seen.extend(session.scalars(select(Change.seq).where(Change.seq > after).order_by(Change.seq)))
            if last_round:
                return

    follower = threading.Thread(target=follow)
    follower.start()
    try:
        _run(*(partial(write, writer) for writer in range(4)))
    finally:
        writing.clear()
        follower.join()
    with engine.read(EVERYTHING) as session:
        assert seen == list(session.scalars(select(Change.seq).order_by(Change.seq)))
    assert len(seen) == 80


def test_a_second_writer_waits_until_the_first_can_be_seen(engine: Records) -> None:
    drawn, order = threading.Event(), []

    def first() -> None:
        with engine.write(EVERYTHING) as session:
            session.add(_change("first"))
            session.flush()
            drawn.set()
            time.sleep(0.2)
            order.append("first ends")

    def second() -> None:
        assert drawn.wait(10)
        with engine.write(EVERYTHING) as session:
            order.append("second begins")
            assert session.scalars(select(Change.object_id)).all() == ["first"]

    _run(first, second)
    assert order == ["first ends", "second begins"]


def test_the_audit_trail_of_many_writers_is_one_chain(engine: Records) -> None:
    def write(writer: int) -> None:
        for number in range(10):
            with engine.write(EVERYTHING) as session:
                audit.append(session, at=float(number), actor=f"w{writer}", action="test")

    _run(*(partial(write, writer) for writer in range(4)))
    with engine.read(EVERYTHING) as session:
        found = audit.verify(session)
    assert (found.ok, found.checked) == (True, 40)


def test_a_read_shows_one_moment(engine: Records) -> None:
    with engine.read(EVERYTHING) as session:
        assert session.scalar(select(func.count()).select_from(Change)) == 0
        with engine.write(EVERYTHING) as other:
            other.add(_change("meanwhile"))
        assert session.scalar(select(func.count()).select_from(Change)) == 0
    with engine.read(EVERYTHING) as session:
        assert session.scalar(select(func.count()).select_from(Change)) == 1


HOSTILE = [
    "a\0b", "\0", "\\u0000", "\x01\x7f\x85", "\u202e\u2028", "\ufffe\uffff", "🏭𠮷", "工控' OR 1=1 --", "%s %(x)s :x ?",
    '"\\', "\n" * 10, "é" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_comes_back_as_it_was(engine: Records, text: str) -> None:
    with engine.write(EVERYTHING) as session:
        session.add(
            QuarantineRecord(id="q", source_id="s", enterprise_id="e", region="330106", received_at=0.0, original=text,
                             reason=f"why: {text}")
        )  # fmt: skip
        audit.append(session, at=0.0, actor="a", action="test", detail={text: [text, {"x": text}]})
    with engine.read(EVERYTHING) as session:
        row = session.scalars(select(QuarantineRecord).where(QuarantineRecord.original == text)).one()
        assert (row.original, row.reason) == (text, f"why: {text}")
        assert session.scalars(select(Audit.detail)).one() == {text: [text, {"x": text}]}
        assert audit.verify(session).ok


def test_counts_beyond_32_bits_are_kept_and_sums_are_integers(engine: Records) -> None:
    with engine.write(EVERYTHING) as session:
        for hour in range(2):
            session.add(
                Ledger(source_id="s", hour=hour, enterprise_id="e", region="330106", received=2**40, stored=0, merged=0,
                       suppressed=0, quarantined=0, rejected=0)
            )  # fmt: skip
        session.add(Decision(enterprise_id="e", kind="undo", payload={}, actor="a", at=0.0, undone_by=2**40))
    with engine.read(EVERYTHING) as session:
        total = session.scalar(select(func.sum(Ledger.received)))
        assert (total, type(total)) == (2**41, int)
        assert session.scalar(select(Decision.undone_by)) == 2**40


def test_an_error_tells_nothing_of_the_row(engine: Records) -> None:
    secret = "".join(("of no", "body's", " business"))  # not in the source, which a traceback quotes
    person = {"login": "a", "name": "n", "role": "analyst", "password_hash": secret}
    with engine.write(EVERYTHING) as session:
        session.add(Person(**person))
    with pytest.raises(RecordsError) as caught, engine.write(EVERYTHING) as session:
        session.execute(insert(Person).values(**person))
    with pytest.raises(RecordsError) as other, engine.write(EVERYTHING) as session:
        session.execute(update(Person).values(name=None))
    for error in (caught.value, other.value):
        assert secret not in "".join(traceback.format_exception(error))
