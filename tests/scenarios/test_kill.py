"""kill −9 of any process at random points under load: nothing acknowledged is lost, nothing is counted twice.

`TAISHI_KILLS` sets how many kills one run makes (default 24; the promise is hundreds).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.scenarios.feed import make_feeds
from tests.scenarios.runs import agree, kill_roles, run

KILLS = int(os.environ.get("TAISHI_KILLS", "24"))


@pytest.mark.slow
@pytest.mark.xdist_group("whole-platform")
def test_killing_processes_changes_nothing(tmp_path: Path) -> None:
    feeds = make_feeds(count=4, batches=max(12, KILLS), size=60)
    undisturbed = run(tmp_path / "undisturbed", feeds)
    disturbed = run(tmp_path / "killed", feeds, kill_roles(KILLS))
    agree(feeds, undisturbed, disturbed)
