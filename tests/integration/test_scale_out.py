"""One, two and four workers on real servers come to the same results as one worker on the embedded engines."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.scenarios.feed import make_feeds
from tests.scenarios.platform import Engines, Platform
from tests.scenarios.runs import agree, kill_roles, run

FEEDS = make_feeds(count=8, batches=12, size=60)


def _come_and_go(platform: Platform, dice: random.Random) -> None:
    """Workers join and die under load, and partitions move each time."""
    for number in range(4, 7):
        time.sleep(dice.uniform(1, 2))
        platform.start(f"process.{number}")
        time.sleep(dice.uniform(1, 2))
        platform.kill(dice.choice(platform.workers[:-1]))
        platform.forget_dead()


@pytest.mark.slow
@pytest.mark.xdist_group("whole-platform")
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_results_do_not_depend_on_the_number_of_workers(engines: Engines, tmp_path: Path, workers: int) -> None:
    embedded = run(tmp_path / "embedded", FEEDS)
    agree(FEEDS, embedded, run(tmp_path / "servers", FEEDS, engines=engines, workers=workers))


@pytest.mark.slow
@pytest.mark.xdist_group("whole-platform")
def test_workers_that_come_and_go_change_nothing(engines: Engines, tmp_path: Path) -> None:
    embedded = run(tmp_path / "embedded", FEEDS)
    agree(FEEDS, embedded, run(tmp_path / "servers", FEEDS, _come_and_go, engines=engines, workers=2))


@pytest.mark.slow
@pytest.mark.xdist_group("whole-platform")
def test_killed_processes_change_nothing_on_servers(engines: Engines, tmp_path: Path) -> None:
    embedded = run(tmp_path / "embedded", FEEDS)
    agree(FEEDS, embedded, run(tmp_path / "servers", FEEDS, kill_roles(8), engines=engines, workers=2))
