"""Following files through rotation and death: every line once."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from taishi.errors import ConfigError
from taishi.event import Batch
from taishi.records.tables import Ledger
from taishi.scope import EVERYTHING
from tests import databases
from tests.collectors.harness import Flaky, collector, lines_of, read_all, wait_for


def _follow(data_dir: Path, name: str = "app.log", **more: str) -> dict[str, Any]:
    return {"follow": ({"path": str(data_dir / "logs" / name), "source": "line", **more},)}


@pytest.fixture
def log(data_dir: Path) -> Path:
    (data_dir / "logs").mkdir()
    return data_dir / "logs" / "app.log"


def _append(path: Path, *lines: str) -> None:
    with path.open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def _once(batches: list[Batch]) -> Iterator[str]:
    """What the processor counts: the first of every delivery."""
    seen = set()
    for batch in batches:
        if batch.delivery not in seen:
            seen.add(batch.delivery)
            yield from lines_of(batch)


def test_appended_lines_come_once_and_a_half_line_waits(data_dir: Path, log: Path) -> None:
    _append(log, "one", "two")
    with collector(data_dir, **_follow(data_dir)) as running:
        wait_for(lambda: running.originals() == ["one", "two"], "the first lines")
        with log.open("a") as file:
            file.write("thr")
            file.flush()
            _append(log.with_name("other.txt"), "not followed")
            file.write("ee\n")
        wait_for(lambda: running.originals() == ["one", "two", "three"], "the third")
    _append(log, "four")
    with collector(data_dir, **_follow(data_dir)) as running:
        wait_for(lambda: running.originals() == ["one", "two", "three", "four"], "what came while nobody looked")


def test_rotation_by_rename_loses_nothing_of_either_file(data_dir: Path, log: Path) -> None:
    _append(log, "old 1")
    with collector(data_dir, **_follow(data_dir)) as running:
        wait_for(lambda: running.originals() == ["old 1"], "the old file")
        with log.open("a") as still_open:
            log.rename(log.with_name("app.log.1"))
            _append(log, "new 1")
            still_open.write("old 2\n")
        wait_for(lambda: sorted(running.originals()) == ["new 1", "old 1", "old 2"], "both files")
        assert sorted(_once(running.batches())) == ["new 1", "old 1", "old 2"]


def test_rotation_by_copy_and_truncate_begins_anew(data_dir: Path, log: Path) -> None:
    _append(log, *(f"before {n}" for n in range(50)))
    with collector(data_dir, **_follow(data_dir)) as running:
        wait_for(lambda: len(running.originals()) == 50, "the first generation")
        log.write_text("after 0\n")
        wait_for(lambda: running.originals()[50:] == ["after 0"], "the second generation")


def test_beginning_at_the_end_skips_what_was_there(data_dir: Path, log: Path) -> None:
    _append(log, "history")
    with collector(data_dir, **_follow(data_dir, begin="end")) as running:
        wait_for((data_dir / "followed.json").exists, "the first look")
        _append(log, "news")
        wait_for(running.originals, "the news")
        assert running.originals() == ["news"]


def test_a_reader_that_begins_in_the_middle_knows_the_header(data_dir: Path, log: Path) -> None:
    header = ["#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", "#path\tconn",
              "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto",
              "#types\ttime\tstring\taddr\tport\taddr\tport\tenum"]  # fmt: skip
    row = "1790000000.1\tC1\t10.0.0.{}\t4000\t10.0.0.9\t502\ttcp"
    _append(log, *header, row.format(1))
    with collector(data_dir, **_follow(data_dir)) as running:
        wait_for(running.originals, "the first row")
    _append(log, row.format(2))
    with collector(data_dir, **_follow(data_dir)) as running:
        wait_for(lambda: len(running.originals()) == 2, "the second row")
        sources = [event.get("source.ip") for batch in running.batches() for event in batch.events]
        assert sources == ["10.0.0.1", "10.0.0.2"]


def test_what_was_rotated_away_while_nobody_looked_is_finished(data_dir: Path, log: Path) -> None:
    _append(log, "read")
    with collector(data_dir, **_follow(data_dir)) as running:
        wait_for(running.originals, "the first line")
    _append(log, "unread")
    log.rename(log.with_name("app-2026.old"))  # a name that no pattern matches
    _append(log, "new")
    with collector(data_dir, **_follow(data_dir)) as running:
        wait_for(lambda: sorted(running.originals()) == ["new", "read", "unread"], "both files")


def test_files_under_the_same_name_and_inode_are_different_files(data_dir: Path, log: Path) -> None:
    """A spool folder: files of equal length that come and go; a file system gives a freed inode to the next one."""
    with collector(data_dir, **_follow(data_dir)) as running:
        for number in range(5):
            _append(log, f"line {number}")
            wait_for(lambda: f"line {number}" in running.originals(), f"file {number}")  # noqa: B023  called at once
            log.unlink()
        assert list(_once(running.batches())) == [f"line {number}" for number in range(5)]


@pytest.mark.parametrize("when", ["running", "stopped"])
def test_a_copy_made_by_rotation_is_not_read_again(data_dir: Path, log: Path, when: str) -> None:
    """logrotate's copytruncate, with a pattern that matches the copies too."""
    _append(log, *(f"before {n}" for n in range(50)))
    expected = [f"before {n}" for n in range(50)]

    def rotate() -> None:
        _append(log, "last moment")
        log.with_name("app.log.1").write_bytes(log.read_bytes())
        log.write_text("after\n")

    with collector(data_dir, **_follow(data_dir, "app.log*")) as running:
        wait_for(lambda: running.originals() == expected, "the first generation")
        if when == "running":
            rotate()
            wait_for(lambda: len(running.originals()) >= 52, "the second generation and the last moment of the first")
    if when == "stopped":
        rotate()
    _append(log, "end")
    with collector(data_dir, **_follow(data_dir, "app.log*")) as running:
        wait_for(lambda: "end" in running.originals() and "last moment" in running.originals(), "the end")
        assert sorted(_once(running.batches())) == sorted([*expected, "last moment", "after", "end"])


def test_a_copy_that_somebody_keeps_beside_the_file_is_not_read(data_dir: Path, log: Path) -> None:
    _append(log, "one", "two")
    with collector(data_dir, **_follow(data_dir, "app.log*")) as running:
        wait_for(lambda: running.originals() == ["one", "two"], "the file")
        log.with_name("app.log.bak").write_bytes(log.read_bytes())
        _append(log, "three")
        wait_for(lambda: "three" in running.originals(), "the third line")
        _append(log, "four")
        wait_for(lambda: "four" in running.originals(), "the fourth line")
        assert running.originals() == ["one", "two", "three", "four"]


def test_a_file_that_begins_like_another_and_goes_its_own_way_is_no_copy(data_dir: Path, log: Path) -> None:
    _append(log, "# time level text", "one")
    with collector(data_dir, **_follow(data_dir, "app.log*")) as running:
        wait_for(lambda: "one" in running.originals(), "the file")
        _append(log.with_name("app.log-2"), "# time level text")
        _append(log, "two")
        wait_for(lambda: "two" in running.originals(), "the second line")
        _append(log.with_name("app.log-2"), "uno")
        wait_for(lambda: "uno" in running.originals(), "the other file's line")


def test_beginning_at_the_end_holds_for_the_very_first_start_only(data_dir: Path, log: Path) -> None:
    options = _follow(data_dir, "app*.log", begin="end")
    _append(log, "history")
    with collector(data_dir, **options) as running:
        wait_for((data_dir / "followed.json").exists, "the first look")
        _append(log, "news")
        wait_for(running.originals, "the news")
    _append(log.with_name("app-2.log"), "written while we were away")
    with collector(data_dir, **options) as running:
        wait_for(lambda: len(running.originals()) == 2, "the other file")
        assert running.originals() == ["news", "written while we were away"]


def test_beginning_in_the_middle_of_a_line_leaves_its_rest_out(data_dir: Path, log: Path) -> None:
    log.write_text("half a li")
    with collector(data_dir, **_follow(data_dir, begin="end")) as running:
        wait_for((data_dir / "followed.json").exists, "the first look")
        _append(log, "ne", "whole")
        wait_for(running.originals, "the whole line")
        assert running.originals() == ["whole"]


def test_a_line_over_the_limit_is_one_record_however_long_it_is(data_dir: Path, log: Path) -> None:
    _append(log, "first", "x" * 3_000_000, "last")
    with collector(data_dir, syslog={"max_line": 1000}, **_follow(data_dir)) as running:
        wait_for(lambda: running.originals()[-1:] == ["last"], "the last line")
        assert [len(line) for line in running.originals()] == [5, 1000, 4]
        (cut,) = [one for batch in running.batches() for one in batch.quarantined]
        assert "longer" in cut.reason


def test_a_last_line_without_its_newline_is_taken_when_the_file_is_left_alone(data_dir: Path, log: Path) -> None:
    log.write_text("one\ntwo")
    with collector(data_dir, **_follow(data_dir)) as running:
        wait_for(lambda: running.originals() == ["one"], "the first line")
        os.utime(log, (time.time() - 3600,) * 2)
        wait_for(lambda: running.originals() == ["one", "two"], "the last line")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_read_by_its_mark(data_dir: Path, log: Path, encoding: str) -> None:
    log.write_bytes("\ufeff第一行\r\nsecond Ċ ĊĀ\r\n".encode(encoding))  # letters whose bytes look like line ends
    with collector(data_dir, **_follow(data_dir)) as running:
        wait_for(lambda: len(running.originals()) == 2, "two lines")
        with log.open("ab") as file:
            file.write("第三行\n第".encode(encoding))
        wait_for(lambda: running.originals() == ["第一行", "second Ċ ĊĀ", "第三行"], "the third")


def test_one_file_that_cannot_be_read_does_not_stop_the_others(data_dir: Path, log: Path) -> None:
    log.with_name("app-1.log").symlink_to(log.with_name("app-1.log"))  # a loop: nobody, root neither, can open it
    (data_dir / "logs" / "app-2.log").mkdir()
    _append(log.with_name("app-3.log"), "readable")
    with collector(data_dir, **_follow(data_dir, "app*.log")) as running:
        wait_for(lambda: running.originals() == ["readable"], "the readable one")


def test_packed_files_are_left_alone(data_dir: Path, log: Path) -> None:
    log.with_name("app.log.2.gz").write_bytes(gzip.compress(b"packed\n"))
    _append(log, "plain")
    with collector(data_dir, **_follow(data_dir, "app.log*")) as running:
        wait_for(lambda: running.originals() == ["plain"], "the plain file")


def test_two_sections_of_one_source_may_overlap(data_dir: Path, log: Path) -> None:
    _append(log, "one")
    folder = data_dir / "logs"
    sections = ({"path": f"{folder}/app.log", "source": "line"}, {"path": f"{folder}/*", "source": "line"})
    with collector(data_dir, follow=sections) as running:
        wait_for(lambda: running.originals() == ["one"], "the line")
        _append(log, "two")
        wait_for(lambda: running.originals()[1:] == ["two"], "the second line")


def test_a_stream_that_is_down_delays_and_rejects_nothing(data_dir: Path, log: Path) -> None:
    stream = Flaky(data_dir / "stream.sqlite")
    stream.down = True
    _append(log, *(f"line {n}" for n in range(100)))
    with collector(data_dir, stream, collect={"spool_bytes": 10}, **_follow(data_dir)) as running:
        wait_for(lambda: "until" in (data_dir / "followed.json").read_text(), "the range to be written down")
        stream.down = False
        wait_for(lambda: len(running.originals()) == 100, "all lines")
        with running.records.read(EVERYTHING) as session:
            assert session.scalars(select(Ledger)).first() is None
    stream.close()


def test_a_broken_file_of_positions_is_said(data_dir: Path, log: Path) -> None:
    (data_dir / "followed.json").write_text("{")
    with pytest.raises(ConfigError, match=r"followed\.json"), collector(data_dir, **_follow(data_dir)):
        pass


def _start(data_dir: Path) -> subprocess.Popen[bytes]:
    config = data_dir / "taishi.toml"
    config.write_text(
        f'[[follow]]\npath = "{data_dir}/logs/app.log*"\nsource = "line"\n'
        "[http]\nport = 0\n[syslog]\ntcp_port = 0\nudp_port = 0\n[stream]\npartitions = 1\n"
    )
    environment = {**os.environ, "TAISHI_CONFIG": str(config), "TAISHI_DATA_DIR": str(data_dir),
                   **databases.environment(data_dir)}  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "taishi.main", "collect"], env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.slow
def test_kill_9_while_following_loses_and_doubles_nothing(data_dir: Path, log: Path) -> None:
    written: list[str] = []
    for life in range(6):
        process = _start(data_dir)
        for part in range(40):
            lines = [f"life {life} part {part} line {n}" for n in range(25)]
            _append(log, *lines)
            written += lines
            time.sleep(0.05)
        if life % 2:
            log.rename(log.with_name(f"app.log.{life}"))
        process.send_signal(signal.SIGKILL)
        process.wait()
    process = _start(data_dir)
    try:
        wait_for(lambda: len(list(_once(read_all(data_dir)))) >= len(written), "everything that was written")
        assert sorted(_once(read_all(data_dir))) == sorted(written)
    finally:
        process.terminate()
        process.wait()
