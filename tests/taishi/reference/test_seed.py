"""Seeding the divisions of a platform."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select

from taishi.errors import NotFound
from taishi.records.port import Records
from taishi.records.seed import seed_divisions
from taishi.records.tables import Division
from taishi.scope import EVERYTHING


def test_seeding_twice_gives_one_province(records: Records) -> None:
    assert seed_divisions(records, "330000") == seed_divisions(records, "330000") == 1 + 11 + 90
    with records.read(EVERYTHING) as session:
        levels = Counter(session.scalars(select(Division.level)))
        root = session.get_one(Division, "330000")
    assert levels == {"province": 1, "city": 11, "county": 90}
    assert (root.parent, root.name, root.name_en) == ("", "浙江省", "Zhejiang")


def test_a_city_can_be_the_root(records: Records) -> None:
    assert seed_divisions(records, "330300") == 13
    with records.read(EVERYTHING) as session:
        assert session.get_one(Division, "330300").parent == ""
        assert session.get_one(Division, "330302").parent == "330300"


def test_an_unknown_region_is_refused(records: Records) -> None:
    with pytest.raises(NotFound):
        seed_divisions(records, "999999")
