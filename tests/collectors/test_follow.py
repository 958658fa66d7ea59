"""Following files through rotation and death: every line once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taishi.event import Batch
from tests.collectors.harness import collector, lines_of, read_all, wait_for


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
        time.sleep(0.6)  # a look or two: nothing may come of them
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


def _start(data_dir: Path) -> subprocess.Popen[bytes]:
    config = data_dir / "taishi.toml"
    config.write_text(
        f'[[follow]]\npath = "{data_dir}/logs/app.log*"\nsource = "line"\n'
        "[http]\nport = 0\n[syslog]\ntcp_port = 0\nudp_port = 0\n[stream]\npartitions = 1\n"
    )
    environment = {**os.environ, "TAISHI_CONFIG": str(config), "TAISHI_DATA_DIR": str(data_dir)}
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
