"""Real logs: what a parser reads today it must go on reading. Floors by source; skipped where the corpus is absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.collectors.parsers.corpus_sources import SOURCES, measure

FLOORS: dict[str, tuple[float, float]] = {
    "sage-cptc2017": (1.0, 0.999), "suricata (crowdsec)": (1.0, 1.0), "zeek + icsnpp": (0.99, 1.0), "cef": (1.0, 1.0),
    "cef (sc4s)": (1.0, 1.0), "fortinet (sc4s)": (1.0, 1.0), "fortinet (botuq)": (1.0, 1.0), "huawei": (1.0, 1.0),
    "sshd and PAM (crowdsec)": (1.0, 0.99), "system auth (beats)": (1.0, 0.99), "otrf": (0.99, 0.99),
    "sigma-regression": (1.0, 1.0), "windows (open-xp)": (1.0, 1.0), "windows normalised (open-xp)": (1.0, 0.94),
}  # fmt: skip
"""Source → least share of lines read by a product's parser, least share of true fields agreed."""
SLOW = {"otrf", "sage-cptc2017"}


@pytest.mark.parametrize(
    "source", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in FLOORS]
)
def test_real_logs_are_read(corpus: Path, source: str) -> None:
    report = measure(source, corpus / "given")
    read, agreed = FLOORS[source]
    assert report.lines > 0
    assert report.own >= read, report.reasons.most_common(5)
    assert report.agreement >= agreed, report.disagreements.most_common(5)


def test_chinese_vendors_are_read_by_their_own(corpus: Path) -> None:
    report = measure("other Chinese vendors (botuq)", corpus / "given")
    assert report.quarantined == 0
    assert report.generic <= 60
    assert report.quarantined <= 4
    assert set(FLOORS) | {"other Chinese vendors (botuq)"} == set(SOURCES)
