"""One, two and four workers on real servers come to the same results as one worker on the embedded engines."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.scenarios.feed import make_feeds
from tests.scenarios.platform import Engines, Platform
from tests.scenarios.runs import Outcome, agree, kill_roles, run

FEEDS = make_feeds(count=8, batches=12, size=60)


def _come_and_go(platform: Platform, dice: random.Random) -> None:
    """Workers join and die under load, and partitions move each time."""
    for number in range(4, 7):
        time.sleep(dice.uniform(1, 2))
        platform.start(f"process.{number}")
        time.sleep(dice.uniform(1, 2))
        platform.kill(dice.choice(platform.workers[:-1]))
        platform.forget_dead()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What one worker on the embedded engines makes of the same feeds, undisturbed."""
    return run(tmp_path_factory.mktemp("embedded") / "run", FEEDS)


@pytest.mark.slow
@pytest.mark.xdist_group("whole-platform")
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_results_do_not_depend_on_the_number_of_workers(
    engines: Engines, expected: Outcome, tmp_path: Path, workers: int
) -> None:
    agree(FEEDS, expected, run(tmp_path / "servers", FEEDS, engines=engines, workers=workers))


@pytest.mark.slow
@pytest.mark.xdist_group("whole-platform")
def test_workers_that_come_and_go_change_nothing(engines: Engines, expected: Outcome, tmp_path: Path) -> None:
    agree(FEEDS, expected, run(tmp_path / "servers", FEEDS, _come_and_go, engines=engines, workers=2))


@pytest.mark.slow
@pytest.mark.xdist_group("whole-platform")
def test_killed_processes_change_nothing_on_servers(engines: Engines, expected: Outcome, tmp_path: Path) -> None:
    agree(FEEDS, expected, run(tmp_path / "servers", FEEDS, kill_roles(8), engines=engines, workers=2))
