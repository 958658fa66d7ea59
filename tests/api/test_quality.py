"""The league table of data quality against a count by hand, and what opens from it."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import delete

from taishi.records.tables import Enterprise, Ledger, Park, Source
from taishi.scope import EVERYTHING
from tests.api.client import TestClient
from tests.api.world import NOW, A, B, World

HOUR = 3600.0
PRESENT = int(NOW // HOUR)


@pytest.fixture
def bare(world: World) -> World:
    """Two counties without the worlds' own sources."""
    with world.records.write(EVERYTHING) as session:
        session.execute(delete(Ledger))
        session.execute(delete(Source))
        session.add(Park(id="p2", region=A.county, name="二园", name_en="Park two"))
        for number in range(4):
            session.add(Enterprise(id=f"e{number}", name=f"厂{number}", name_en=f"Works {number}", region=A.county,
                                   industry="C36", kind="industrial", park_id="p2" if number < 2 else None))  # fmt: skip
    return world


def source(
    world: World, name: str, enterprise: str, *, created: float = 0.0, period: float = HOUR, state: str = "active"
) -> None:
    with world.records.write(EVERYTHING) as session:
        session.add(Source(id=name, name=name, transport="syslog", enterprise_id=enterprise, region=A.county,
                           authority="", state=state, created_at=created, expected_period=period))  # fmt: skip


def sent(
    world: World, name: str, enterprise: str, hour: int, received: int = 10, delay: float = 1.0, bad: int = 0
) -> None:
    stored = received - bad
    with world.records.write(EVERYTHING) as session:
        session.add(Ledger(source_id=name, hour=hour, received=received, stored=stored, quarantined=bad,
                           delay_sum=delay * stored, enterprise_id=enterprise, region=A.county, authority=""))  # fmt: skip


def table(world: World, **query: Any) -> dict[str, Any]:
    answer = world.client(A.login("operator")).get("/api/v1/data-quality", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_the_three_shares_and_their_score(bare: World) -> None:
    source(bare, "s", "e0")
    for back in range(1, 13):  # half of the 24 hours that have ended
        sent(bare, "s", "e0", PRESENT - back, delay=600.0 if back <= 3 else 5.0, bad=2 if back == 12 else 0)
    row = table(bare, by="enterprise")["items"][0]
    assert (row["key"], row["name"], row["rank"]) == ("e0", "厂0", 1)
    assert (row["expected"], row["heard"]) == (24, 12)
    assert row["completeness"] == pytest.approx(12 / 24)
    assert (row["stored"], row["timely"]) == (118, 88)
    assert (row["received"], row["valid"]) == (120, 118)
    assert row["score"] == pytest.approx(12 / 24 * (88 / 118 + 118 / 120) / 2)


def test_the_present_hour_and_the_time_before_a_source_was_there_are_not_held_against_it(bare: World) -> None:
    source(bare, "s", "e0", created=(PRESENT - 3) * HOUR + 100)
    for hour in (PRESENT - 3, PRESENT - 2, PRESENT - 1, PRESENT):
        sent(bare, "s", "e0", hour)
    row = table(bare, by="enterprise")["items"][0]
    assert (row["expected"], row["heard"], row["completeness"], row["received"]) == (2, 2, 1.0, 30)


def test_a_source_that_was_just_made_is_not_ranked(bare: World) -> None:
    source(bare, "s", "e0", created=NOW - 60)
    row = table(bare, by="enterprise")["items"][0]
    assert (row["rank"], row["score"], row["completeness"]) == (None, None, None)


def test_silence_is_the_worst(bare: World) -> None:
    source(bare, "quiet", "e0")
    source(bare, "well", "e1")
    for back in range(1, 25):
        sent(bare, "well", "e1", PRESENT - back)
    items = table(bare, by="enterprise")["items"]
    assert [(row["key"], row["score"]) for row in items] == [("e1", 1.0), ("e0", 0.0)]
    assert [row["key"] for row in table(bare, by="enterprise", order="worst")["items"]] == ["e0", "e1"]
    assert [row["rank"] for row in table(bare, by="enterprise", order="worst")["items"]] == [2, 1]


def test_a_disabled_source_is_nobodys_fault(bare: World) -> None:
    source(bare, "off", "e0", state="disabled")
    assert table(bare, by="enterprise")["items"] == []


def test_equal_scores_share_a_rank(bare: World) -> None:
    for number in range(3):
        source(bare, f"s{number}", f"e{number}")
    sent(bare, "s2", "e2", PRESENT - 1)
    assert [row["rank"] for row in table(bare, by="enterprise")["items"]] == [1, 2, 2]


def test_groups_are_sums_of_their_sources(bare: World) -> None:
    for number in range(4):
        source(bare, f"s{number}", f"e{number}")
        for back in range(1, 4 + number):
            sent(bare, f"s{number}", f"e{number}", PRESENT - back, received=100 * (number + 1), bad=number)
    counted = ("sources", "expected", "heard", "received", "stored", "timely", "valid")
    for by, keys in (("park", ["p2"]), ("county", [A.county]), ("city", [A.city])):
        found = table(bare, by=by)
        assert [row["key"] for row in found["items"]] == keys
        members = table(bare, by="enterprise")["items"][:]
        if by == "park":
            members = [row for row in members if row["key"] in {"e0", "e1"}]
            assert found["items"][0]["name"] == "二园"
        for name in counted:
            assert found["items"][0][name] == sum(row[name] for row in members)
        assert found["whole"]["received"] == sum(row["received"] for row in table(bare, by="enterprise")["items"])


@pytest.mark.parametrize("seed", range(6))
def test_periods_against_a_count_by_hand(bare: World, seed: int) -> None:
    """Any period, any time of creation: the slow way walks over every period and looks for a record in it."""
    chance = random.Random(seed)
    hours = chance.choice([24, 72, 168])
    first = PRESENT - hours
    for number in range(4):
        period = chance.choice([60.0, HOUR, 2 * HOUR, 5000.0, 24 * HOUR])
        created = (PRESENT - chance.randrange(2 * hours)) * HOUR + chance.choice([0.0, 0.0, 1800.0])
        source(bare, f"s{number}", f"e{number}", created=created, period=period)
        times = [hour for hour in range(first - 5, PRESENT + 1) if chance.random() < 0.3]
        for hour in times:
            sent(bare, f"s{number}", f"e{number}", hour)
        slot = max(1, -(-int(period) // int(HOUR)))
        expected = heard = 0
        for start in range((first // slot - 1) * slot, PRESENT + slot, slot):
            if start >= first and start * HOUR >= created and start + slot <= PRESENT:
                expected += 1
                heard += any(start <= hour < start + slot for hour in times)
        row = next(one for one in table(bare, by="enterprise", hours=hours)["items"] if one["key"] == f"e{number}")
        assert (row["expected"], row["heard"]) == (expected, heard), (period, created)


def test_sources_and_received_open_what_they_count(bare: World) -> None:
    for number in range(3):
        source(bare, f"s{number}", f"e{number}")
        sent(bare, f"s{number}", f"e{number}", PRESENT - 1)
    client: TestClient = bare.client(A.login("operator"))
    found = table(bare, by="park")
    row = found["items"][0]
    opened = client.get(
        "/api/v1/sources", params={"park_id": "p2", "start": found["start"], "end": found["end"]}
    ).json()
    assert len(opened["items"]) == row["sources"] == 2
    assert opened["totals"]["received"] == row["received"]


def test_a_foreign_side_is_not_in_the_table(world: World) -> None:
    for by in ("enterprise", "park", "county", "city"):
        text = world.client(B.login("operator")).get("/api/v1/data-quality", params={"by": by}).text
        assert A.marker not in text
        assert A.city not in text


def test_officials_and_contacts_may_read_it(world: World) -> None:
    for role in ("analyst", "official", "contact", "operator"):
        assert world.client(A.login(role)).get("/api/v1/data-quality").status_code == 200
