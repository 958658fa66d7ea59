"""`taishi intel …` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from taishi.errors import TaishiError
from taishi.intel import builds
from taishi.intel.snapshot import Snapshot
from taishi.main import app

LIST = "value,type,tlp,threat\n198.51.100.7,ip,green,某远控\nevil[.]example,domain,,\n8.8.8.8,ip,,\nx.exe,filename,,\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TAISHI_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TAISHI_CONFIG", str(tmp_path / "absent.toml"))
    (tmp_path / "list.csv").write_text(LIST, "utf-8")
    return tmp_path


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["intel", *map(str, words)])


def test_check_says_what_is_refused_and_stores_nothing(here: Path) -> None:
    done = run("check", here / "list.csv", "--json")
    assert done.exit_code == 1, "something is refused"
    found = json.loads(done.stdout)
    assert (found["accepted"], found["refused"], found["never_matched"]) == (3, 1, {"resolvers": 1})
    assert found["reasons"][0] == {"what": "x.exe", "reason": "the type 'filename' cannot be matched"}
    assert not (here / "data").exists()
    assert "never matched" in run("check", here / "list.csv").stdout


def test_add_feeds_search_set(here: Path) -> None:
    assert run("add", here / "list.csv", "--feed", "cert-list", "--confidence", "70").exit_code == 0
    done = run("search", "sub.EVIL[.]example", "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert [(one["value"], one["feed"], one["confidence"], one["state"]) for one in found] == [
        ("evil.example", "cert-list", 70, "active")
    ]
    assert run("search", "good.example").exit_code == 1
    assert json.loads(run("search", "8.8.8.8", "--json").stdout)[0]["state"] == "warned"
    feeds = json.loads(run("feeds", "--json").stdout)
    assert [(one["id"], one["indicators"], one["state"]) for one in feeds] == [("cert-list", 3, "active")]
    assert run("set", "cert-list", "paused").exit_code == 0
    again = run("add", here / "list.csv", "--feed", "cert-list")
    assert isinstance(again.exception, TaishiError)
    assert "paused" in str(again.exception)
    assert "cert-list" in run("feeds").stdout


def test_a_feed_of_the_net_is_entered_and_not_fetched(here: Path) -> None:
    done = run(
        "add", "https://feeds.invalid/api/collections/1/", "--feed", "isac", "--format", "taxii", "--secret", "isac"
    )
    assert done.exit_code == 0, done.output
    assert [(one["id"], one["transport"]) for one in json.loads(run("feeds", "--json").stdout)] == [("isac", "taxii")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "nowhere.csv", "--feed", "a"), "cannot be read"), (("add", "list.csv", "--feed", "A B"), "lower-case"),
        (("add", "list.csv", "--feed", "a", "--format", "pdf"), "no format"),
        (("add", "list.csv", "--feed", "a", "--tlp", "pink"), "no TLP"), (("set", "nobody", "paused"), "no feed"),
        (("check", "list.csv", "--column", "value"), "MEANING=COLUMN"), (("check", "list.csv", "--kind", "shoe"), "no kind"),
    ],
)  # fmt: skip
def test_mistakes_are_said(here: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str) -> None:
    monkeypatch.chdir(here)
    run("add", here / "list.csv", "--feed", "some")
    done = run(*words)
    assert isinstance(done.exception, TaishiError)
    assert said in str(done.exception)


def test_what_is_added_is_what_a_snapshot_holds(here: Path) -> None:
    from taishi.compose import build_records
    from taishi.settings import Settings

    run("add", here / "list.csv", "--feed", "cert-list")
    records = build_records(Settings())
    held = Snapshot(builds.build(records, here / "snapshots"))
    records.close()
    assert sorted(hit.value for hit in held.entries()) == ["198.51.100.7", "evil.example"], (
        "what is warned of is not matched"
    )
