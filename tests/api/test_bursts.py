"""What the list of bursts says about the past that it rests on."""

from __future__ import annotations

from taishi.records.tables import BurstCount
from taishi.scope import EVERYTHING
from tests.api.world import NOW, A, World


def count(world: World, hour: int, technique: str, region: str) -> None:
    with world.records.write(EVERYTHING) as session:
        session.add(BurstCount(hour=hour, technique=technique, region=region, industry="", enterprises=3))


def test_none_says_that_nothing_could_be_judged_yet(world: World) -> None:
    page = world.client(A.login("analyst")).get("/api/v1/bursts").json()
    assert page["baseline"] == {"hours": 0, "days_wanted": 14, "judged_until": None}


def test_the_past_is_the_hours_that_somebody_reported_in(world: World) -> None:
    newest = int(NOW // 3600) - 1
    for hour in (newest - 30, newest - 1, newest):
        count(world, hour, "", A.county)
    count(world, newest, "", "330203")
    count(world, newest - 400, "T1210", A.county)
    page = world.client(A.login("analyst")).get("/api/v1/bursts").json()
    assert page["baseline"] == {"hours": 3, "days_wanted": 14, "judged_until": (newest + 1) * 3600.0}
