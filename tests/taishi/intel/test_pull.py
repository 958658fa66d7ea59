"""Feeds from real senders: paging, where the last pull ended, credentials, refusals in words, secrets nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from processor.intel_keeper import Keeper
from taishi.intel import book, builds, find
from taishi.intel.snapshot import Snapshot
from taishi.records.sql import SqlRecords
from taishi.records.tables import Feed, Indicator
from taishi.scope import EVERYTHING
from tests.taishi.intel.senders import Senders, indicator, running

AT = 1_790_000_000.0
SECRETS = {"isac": SecretStr("s3cret-word"), "wrong": SecretStr("qwerty-zzz")}


@pytest.fixture
def senders() -> Iterator[Senders]:
    with running(Senders()) as one:
        yield one


class Platform:
    """A keeper on its own records, with a clock that tests move."""

    def __init__(self, records: SqlRecords, folder: Path) -> None:
        self.records, self.at = records, AT
        self.keeper = Keeper(records, folder / "intel", SECRETS, now=lambda: self.at)

    def enter(self, feed_id: str, **more: Any) -> None:
        with self.records.write(EVERYTHING) as session:
            session.add(book.new_feed(feed_id, feed_id, self.at, "tester", **more))

    def pull(self, feed_id: str) -> Feed:
        self.keeper.pull(feed_id)
        with self.records.read(EVERYTHING) as session:
            feed = session.get(Feed, feed_id)
            assert feed is not None
            session.expunge(feed)
        return feed

    def values(self, **where: Any) -> dict[str, str]:
        """Value → state."""
        with self.records.read(EVERYTHING) as session:
            rows = session.scalars(select(Indicator).filter_by(**where))
            return {row.value: find.state_of(row, self.at) for row in rows}


@pytest.fixture
def platform(records: SqlRecords, tmp_path: Path) -> Platform:
    return Platform(records, tmp_path)


def test_taxii_is_read_page_by_page_and_goes_on_where_it_ended(platform: Platform, senders: Senders) -> None:
    senders.objects = [
        (f"2026-01-0{n}T00:00:00.000Z", indicator(n, f"[ipv4-addr:value = '192.0.2.{n}']")) for n in range(1, 9)
    ]
    platform.enter(
        "isac", transport="taxii", url=senders.collection, format="stix", secret="ISAC", options={"user": "reader"}
    )
    feed = platform.pull("isac")
    assert feed.error == ""
    assert len(platform.values()) == 8
    assert len(senders.asked) == 3, "three at a time"
    assert feed.cursor == {"added_after": "2026-01-08T00:00:00.000Z"}
    assert feed.result["accepted"] == 8
    senders.objects.append(("2026-01-09T00:00:00.000Z", indicator(9, "[ipv4-addr:value = '192.0.2.9']")))
    senders.objects.append(("2026-01-09T01:00:00.000Z", indicator(1, "[ipv4-addr:value = '192.0.2.1']", revoked=True)))
    before = len(senders.asked)
    assert platform.pull("isac").result["accepted"] == 2
    assert len(senders.asked) == before + 1
    states = platform.values()
    assert len(states) == 9
    assert states["192.0.2.1"] == "withdrawn"
    assert states["192.0.2.9"] == "active"


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"secret": "wrong"}, "credentials"), ({"secret": "nowhere"}, "no secret 'nowhere'"), ({"url": "/none/"}, "404"),
        ({"url": "/list.txt"}, "no TAXII"), ({"url": "ftp://x/"}, "http://host"),
        ({"url": "http://u:hunter2hunter2@127.0.0.1/"}, "holds a password"), ({"url": "http://127.0.0.1:1/"}, "cannot be reached"),
        ({"url": "http://127.0.0.1/x?ApiKey=hunter2hunter2"}, "holds a password"),
    ],
)  # fmt: skip
def test_refusals_say_what_to_do_and_hold_no_secret(
    platform: Platform, senders: Senders, capfd: pytest.CaptureFixture[str], more: dict[str, Any], word: str
) -> None:
    senders.files["/list.txt/objects/"] = ("x", b"hello")
    url = str(more.pop("url", senders.collection))
    given = {"secret": "isac", **more}
    full = senders.address + url if url.startswith("/") else url
    platform.enter("isac", transport="taxii", url=full, format="stix", options={"user": "reader"}, **given)
    feed = platform.pull("isac")
    assert word in feed.error
    said = feed.error + "".join(capfd.readouterr()) + str(feed.result)
    assert not [one.get_secret_value() for one in SECRETS.values() if one.get_secret_value() in said]
    assert "hunter2" not in said
    assert feed.next_at > AT, "it is tried again at its interval"


def test_a_busy_sender_is_asked_again_later(platform: Platform, senders: Senders) -> None:
    senders.busy = True
    platform.enter("list", transport="http", url=f"{senders.address}/list.txt", interval=600.0)
    feed = platform.pull("list")
    assert "120 s" in feed.error
    assert platform.keeper._due() == []
    platform.at += 700
    assert platform.keeper._due() == ["list"]
    assert platform.keeper._claim("list")
    assert not platform.keeper._claim("list"), "claimed once"


def test_a_complete_list_withdraws_what_it_no_longer_holds(
    platform: Platform, senders: Senders, tmp_path: Path
) -> None:
    senders.files["/list.txt"] = ('"1"', b"192.0.2.1\n192.0.2.2\n")
    platform.enter("list", transport="http", url=f"{senders.address}/list.txt", mode="replace", format="csv")
    platform.pull("list")
    folder = tmp_path / "intel"
    first = Snapshot(builds.build(platform.records, folder))
    assert first.address("192.0.2.1")
    platform.at += 3600
    assert platform.pull("list").error == "", "not modified"
    assert platform.values() == {"192.0.2.1": "active", "192.0.2.2": "active"}
    assert not builds.stale(platform.records, folder), "nothing changed, so nothing is built"
    senders.files["/list.txt"] = ('"2"', b"192.0.2.2\n192.0.2.3\n")
    platform.at += 3600
    assert platform.pull("list").result["withdrawn"] == 1
    assert platform.values() == {"192.0.2.1": "withdrawn", "192.0.2.2": "active", "192.0.2.3": "active"}
    second = Snapshot(builds.build(platform.records, folder))
    assert not second.address("192.0.2.1")
    assert second.address("192.0.2.3")
    assert first.address("192.0.2.1"), "who holds the old map is not disturbed"


def test_a_misp_feed_brings_changed_events_only(platform: Platform, senders: Senders) -> None:
    def event(ip: str) -> dict[str, Any]:
        return {"info": "x", "Attribute": [{"type": "ip-dst", "value": ip, "to_ids": True}]}

    one, two = "5e8b1b1e-0000-4000-8000-000000000001", "5e8b1b1e-0000-4000-8000-000000000002"
    senders.events = {one: (100, event("192.0.2.1")), two: (200, event("192.0.2.2"))}
    platform.enter("misp", transport="misp", url=f"{senders.address}/misp/", format="misp")
    assert platform.pull("misp").cursor == {"timestamp": 200, "uuid": two}
    asked = len(senders.asked)
    platform.pull("misp")
    assert len(senders.asked) == asked + 1, "the manifest alone"
    senders.events[one] = (300, event("192.0.2.7"))
    platform.pull("misp")
    assert set(platform.values()) == {"192.0.2.1", "192.0.2.2", "192.0.2.7"}


def test_a_feed_that_breaks_off_keeps_what_came_and_goes_on(platform: Platform, senders: Senders) -> None:
    senders.objects = [
        ("2026-01-01T00:00:00.000Z", indicator(1, "[ipv4-addr:value = '192.0.2.1']")),
        ("2026-01-02T00:00:00.000Z", {"type": "indicator", "pattern": {"odd": 1}, "valid_from": [], "name": ["x"]}),
    ]
    platform.enter(
        "isac", transport="taxii", url=senders.collection, format="stix", secret="isac", options={"user": "reader"}
    )
    feed = platform.pull("isac")
    assert feed.error == ""
    assert feed.result["refused"] == 1
    assert set(platform.values()) == {"192.0.2.1"}


def test_what_ended_long_ago_is_forgotten(platform: Platform, senders: Senders) -> None:
    senders.files["/list.txt"] = ('"1"', b"192.0.2.1\n")
    platform.enter("list", transport="http", url=f"{senders.address}/list.txt", valid_days=1.0)
    platform.pull("list")
    platform.at += 2 * 86_400
    assert platform.values() == {"192.0.2.1": "expired"}
    assert book.forget(platform.records, platform.at) == 0, "still there to be looked up"
    assert book.forget(platform.records, platform.at + 100 * 86_400) == 1
