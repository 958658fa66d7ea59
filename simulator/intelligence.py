"""The sample province's feeds: invented, in documentation ranges and reserved names, so that attacks meet some of them and
daily noise almost none. Not every controller is known, as in life; one feed is sure, one is not, one is for few eyes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from taishi.intel import book
from taishi.intel.indicator import Indicator
from taishi.records.port import Records
from taishi.records.tables import Feed
from taishi.scope import EVERYTHING

DAY: Final = 86_400.0
VALID_DAYS: Final = 365.0
FAMILIES: Final = ("演示远控 PlantRat", "演示后门 LadleDoor", "演示僵尸网络 GearNet")
SUBDOMAINS: Final = ("cdn", "api", "sync", "update", "img")

FEEDS: Final[dict[str, dict[str, Any]]] = {
    "demo-cert": {"name": "演示·省级应急情报", "tlp": "amber", "confidence": 85},
    "demo-isac": {"name": "演示·行业共享清单", "tlp": "green", "confidence": 55},
    "demo-red": {"name": "演示·专班线索（红色）", "tlp": "red", "confidence": 90},
}


def cert() -> Iterator[Indicator]:
    """Every fourth controller by address, and a third of the names they use."""
    for number in range(2, 250, 4):
        family = FAMILIES[number % 3]
        yield Indicator("ip", f"198.51.100.{number}", 85, "amber", labels=("malicious-activity", "c2"), name=family)
    for number in range(100, 1000, 3):
        for word in SUBDOMAINS:
            yield Indicator(
                "domain", f"{word}-{number}.invalid", 80, "amber", labels=("c2",), name=FAMILIES[number % 3]
            )


def isac() -> Iterator[Indicator]:
    """Who scans, with little confidence; some overlap with the other feed; and values that are on warning lists."""
    for number in range(2, 250, 5):
        yield Indicator("ip", f"203.0.113.{number}", 50, "green", labels=("scanner",), name="演示扫描器")
    for number in range(2, 250, 10):
        yield Indicator("ip", f"198.51.100.{number}", 55, "green", labels=("botnet_cc",), name="演示僵尸网络")
    yield Indicator(
        "url", "http://update-101.invalid/m.sh", 70, "green", labels=("payload_delivery", "mining"), name="演示挖矿脚本"
    )
    for value in ("1.1.1.1", "114.114.114.114", "223.5.5.5"):
        yield Indicator("ip", value, 40, "green", labels=("c2",), name="误收的公共解析")


def red() -> Iterator[Indicator]:
    for number in range(3, 250, 16):
        yield Indicator("ip", f"198.51.100.{number}", 90, "red", labels=("c2",), name="专班线索")


def enter(records: Records, at: float) -> None:
    """Write the feeds where they are missing; a second start changes nothing."""
    with records.read(EVERYTHING) as session:
        known = {feed for feed in FEEDS if session.get(Feed, feed) is not None}
    for feed, items in (("demo-cert", cert), ("demo-isac", isac), ("demo-red", red)):
        if feed in known:
            continue
        with records.write(EVERYTHING) as session:
            session.add(book.new_feed(feed, at=at, by="demo", valid_days=VALID_DAYS, **FEEDS[feed]))
        book.finished(records, feed, book.take_in(records, feed, items(), at), at)
