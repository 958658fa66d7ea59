"""The hash chain: whatever is changed, removed or added is found, at its place."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from taishi.records.sql import SqlRecords
from taishi.records.tables import Audit
from taishi.scope import EVERYTHING
from taishi.security import audit
from taishi.security.audit import GENESIS, Verification


def fill(records: SqlRecords, count: int = 5) -> None:
    for number in range(count):
        with records.write(EVERYTHING) as session:
            audit.append(
                session, at=1000.0 + number, actor="某人", action="incident.change", object_kind="incident",
                object_id=f"i{number}", detail={"备注": number, "nested": {"b": [1, 2.5, None], "a": True}},
            )  # fmt: skip


def check(records: SqlRecords) -> Verification:
    with records.read(EVERYTHING) as session:
        return audit.verify(session)


def test_an_untouched_chain_is_whole(records: SqlRecords) -> None:
    assert check(records) == Verification(0, None, "", GENESIS)
    fill(records)
    found = check(records)
    assert (found.ok, found.checked) == (True, 5)


@pytest.mark.parametrize(
    "values",
    [{"actor": "else"}, {"action": "x"}, {"object_id": "i9"}, {"detail": {}}, {"at": 1.0}, {"hash": "0" * 64}],
)
def test_a_changed_entry_is_found(records: SqlRecords, values: dict[str, object]) -> None:
    fill(records)
    with records.write(EVERYTHING) as session:
        session.execute(update(Audit).where(Audit.seq == 3).values(**values))
    found = check(records)
    assert (found.ok, found.first_bad, found.checked) == (False, 3, 2)


def test_a_removed_entry_is_found_at_its_successor(records: SqlRecords) -> None:
    fill(records)
    with records.write(EVERYTHING) as session:
        session.execute(delete(Audit).where(Audit.seq == 3))
    assert check(records).first_bad == 4


def test_a_change_whose_hash_was_made_to_fit_breaks_the_next(records: SqlRecords) -> None:
    fill(records)
    with records.write(EVERYTHING) as session:
        row = session.get_one(Audit, 3)
        row.actor = "else"
        row.hash = audit._digest(row)
    assert check(records).first_bad == 4


def test_a_cut_tail_shows_in_the_head(records: SqlRecords) -> None:
    fill(records)
    head = check(records).head
    with records.write(EVERYTHING) as session:
        session.execute(delete(Audit).where(Audit.seq == 5))
    found = check(records)
    assert found.ok
    assert found.head != head


def test_a_chain_longer_than_a_chunk(records: SqlRecords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "CHUNK", 2)
    fill(records)
    assert (check(records).ok, check(records).checked) == (True, 5)


def test_an_entry_falls_with_its_transaction(records: SqlRecords) -> None:
    fill(records, 1)

    def fail() -> None:
        with records.write(EVERYTHING) as session:
            audit.append(session, at=1.0, actor="a", action="b")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    fill(records, 1)
    assert (check(records).ok, check(records).checked) == (True, 2)
