"""`taishi doctor`: what is missing is said with what to do; nothing is changed and no secret is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from processor import rule_store
from taishi.compose import build_records, build_store, build_stream, prepare
from taishi.doctor import examine
from taishi.errors import ConfigError
from taishi.findings import Finding
from taishi.intel import book, builds
from taishi.intel.indicator import Indicator
from taishi.rules import library
from taishi.scope import EVERYTHING
from taishi.settings import HttpSettings, RecordsSettings, Settings, StoreSettings, StreamSettings
from taishi.sigma.packs import own
from taishi.sigma.parse import parse
from taishi.tools import run_topics

UNUSED = "127.0.0.1:9"
"""The discard port: nobody listens there."""


def _of(found: list[Finding], part: str) -> list[Finding]:
    return [finding for finding in found if finding.part == part]


def test_a_prepared_machine_has_nothing_wrong(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    prepare(settings)
    run_topics(settings)
    assert [finding for finding in examine(settings) if finding.state == "fail"] == []


def test_an_empty_machine_is_told_what_to_do(tmp_path: Path) -> None:
    found = examine(Settings(data_dir=tmp_path))
    assert any("taishi migrate" in finding.advice for finding in _of(found, "records"))
    assert any("taishi topics" in finding.advice for finding in _of(found, "stream"))


def test_a_topic_of_another_size_is_a_warning(tmp_path: Path) -> None:
    run_topics(Settings(data_dir=tmp_path))
    found = examine(Settings(data_dir=tmp_path, stream=StreamSettings(partitions=24)))
    assert any(finding.state == "warn" and "24" in finding.advice for finding in _of(found, "stream"))


def test_servers_that_are_away_are_findings_without_secrets(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        stream=StreamSettings(url=f"kafka://{UNUSED}", username="u", password=SecretStr("hunter2")),
        store=StoreSettings(url=f"http://{UNUSED}", username="u", password=SecretStr("hunter2")),
        records=RecordsSettings(url=f"postgresql+psycopg://u@{UNUSED}/taishi", password=SecretStr("hunter2")),
    )
    found = examine(settings)
    for part in ("stream", "store", "records"):
        assert [finding.state for finding in _of(found, part)] == ["fail"], part
    assert "hunter2" not in repr(found)
    assert "hunter2" not in repr(settings)


def test_a_certificate_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    settings = Settings(data_dir=tmp_path, http=HttpSettings(certificate=broken, private_key=tmp_path / "absent.pem"))
    told = {finding.found.split(" ")[0]: finding.state for finding in _of(examine(settings), "certificates")}
    assert told == {"http.certificate": "fail", "http.private_key": "fail"}


@pytest.mark.parametrize("url", ["kafka://", "http://h:9092", "kafka://user:secret@h:9092", "kafka://h:9092/path"])
def test_a_stream_url_that_makes_no_sense_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="kafka://host:port") as refused:
        build_stream(Settings(data_dir=tmp_path, stream=StreamSettings(url=url)))
    assert "secret" not in str(refused.value)


def test_other_urls_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"store\.url"):
        build_store(Settings(data_dir=tmp_path, store=StoreSettings(url="elastic:9200")), writable=False)
    with pytest.raises(ConfigError, match=r"records\.url"):
        build_records(Settings(data_dir=tmp_path, records=RecordsSettings(url="mysql://h/taishi")))


def test_indicators_that_no_machine_holds_and_feeds_that_nobody_pulls_are_told(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    prepare(settings)
    assert [finding.state for finding in _of(examine(settings), "intelligence")] == ["ok"]
    records = build_records(settings)
    with records.write(EVERYTHING) as session:
        url = "https://feeds.invalid/x.csv"
        session.add(book.new_feed("list", "List", 1.0, "x", transport="http", url=url, secret="isac"))
    book.take_in(records, "list", [Indicator("ip", "192.0.2.1")], 1_790_000_000.0)
    found = _of(examine(settings), "intelligence")
    assert [finding.state for finding in found] == ["warn", "warn", "warn"]
    assert "intel keep" in found[0].advice
    assert "TAISHI_INTEL__SECRETS__ISAC" in found[2].advice
    builds.build(records, tmp_path / "intel")
    records.close()
    assert _of(examine(settings), "intelligence")[0].state == "ok"


def test_a_rule_switched_off_for_its_cost_is_named(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    prepare(settings)
    assert [finding.state for finding in _of(examine(settings), "rules")] == ["ok"]
    records = build_records(settings)
    parsed, refused = parse(own()[:2])
    assert not refused
    with records.write(EVERYTHING) as session:
        library.add(session, parsed, library.OWN, "stable", library.By("platform", 1.0, seeds=True))
        rule_store.throttle(session, {parsed[0].rule.id: "it cost 40 µs an event over 1,000 sampled events"}, 2.0)
    records.close()
    found = _of(examine(settings), "rules")
    assert [finding.state for finding in found] == ["ok", "warn"]
    assert parsed[0].rule.id in found[1].found
    assert "40 µs" in found[1].found
    assert "taishi rules set" in found[1].advice
