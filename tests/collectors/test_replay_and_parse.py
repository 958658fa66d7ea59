"""Files into a running collector, and files read without one."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

from collectors.files import Unreadable, frames, opened
from collectors.replay import ReplayRefused, ReplayResult, Target, replay
from tests.collectors.harness import KEY, Running, collector

SAMPLES = Path(__file__).resolve().parent.parent / "samples"


def _target(running: Running, key: str = KEY) -> Target:
    return Target(f"http://127.0.0.1:{running.ports['http']}", key)


def test_a_replay_again_is_the_same_deliveries(data_dir: Path) -> None:
    file = data_dir / "many.log"
    file.write_text("".join(f"line {n}\n" for n in range(1700)))
    (data_dir / "copy.log.gz").write_bytes(file.read_bytes())
    with collector(data_dir) as running:
        result = ReplayResult()
        replay([file, data_dir / "copy.log.gz"], _target(running), result)  # the copy is not packed, whatever its name
        assert (result.files, result.records, result.accepted) == (2, 3400, 3400)
        deliveries = [batch.delivery for batch in running.batches()]
        assert len(deliveries) == 2 * len(set(deliveries))
        assert running.originals()[:1700] == [f"line {n}" for n in range(1700)]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress], ids=["plain", "gzip", "zstd"])
def test_files_are_unpacked_by_their_first_bytes(data_dir: Path, pack: object) -> None:
    file = data_dir / "a.dat"
    file.write_bytes(pack(b"one\r\ntwo\n\nthree"))  # type: ignore[operator]
    with opened(file) as stream:
        assert [frame.data for frame in frames(stream, 100)] == [b"one", b"two", b"three"]


def test_documents_arrays_and_long_lines(data_dir: Path) -> None:
    def read(body: bytes) -> list[tuple[bytes, bool]]:
        (data_dir / "x").write_bytes(body)
        with opened(data_dir / "x") as stream:
            return [(frame.data, frame.cut) for frame in frames(stream, 300_000)]

    assert read(b'[{"a":1},{"a":2}]') == [(b'{"a":1}', False), (b'{"a":2}', False)]
    assert len(read(b'{\n  "a": 1\n}\n')) == 1
    assert read(b'{"a":1}\n{"a":2}\n') == [(b'{"a":1}', False), (b'{"a":2}', False)]
    assert read(b"[info] a line\nnext\n") == [(b"[info] a line", False), (b"next", False)]
    long = read(b"y" * 700_000 + b"\nshort\n")
    assert [(len(data), cut) for data, cut in long] == [(300_000, True), (5, False)]
    assert read("行\n".encode("utf-16"))[0][0].decode() == "行"
    assert read(b"") == []


def test_a_broken_archive_says_so(data_dir: Path) -> None:
    (data_dir / "x.gz").write_bytes(gzip.compress(b"x" * 100_000)[:-20])
    with pytest.raises(Unreadable, match=r"x\.gz"), opened(data_dir / "x.gz") as stream:
        list(frames(stream, 100))
    with pytest.raises(Unreadable, match="missing"), opened(data_dir / "missing"):
        pass


def test_a_replay_with_a_wrong_key_stops_with_the_reason(data_dir: Path) -> None:
    file = data_dir / "a.log"
    file.write_text("x\n")
    with collector(data_dir) as running, pytest.raises(ReplayRefused, match="API key"):
        replay([file], _target(running, "tsk_wrong"), ReplayResult())


def _taishi(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "taishi.main", *arguments], input=given, capture_output=True, check=False, timeout=120
    )


def test_parse_writes_one_object_a_record_in_order_and_reports(tmp_path: Path) -> None:
    deep = b'{"a":' * 200 + b"1" + b"}" * 200
    good = next(SAMPLES.glob("suricata/*.log")).read_bytes().splitlines()[0]
    (tmp_path / "mixed.log").write_bytes(b"\n".join([good, deep, good]) + b"\n")
    done = _taishi("parse", "--report", str(tmp_path / "mixed.log"))
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row.get("taishi.parser") or row["error"][:10] for row in rows] == ["suricata", "the record", "suricata"]
    assert rows[1]["event.original"] == deep.decode()
    assert "suricata" in done.stderr.decode()


def test_parse_from_standard_input_with_a_named_parser_and_an_unknown_one() -> None:
    done = _taishi("parse", "--parser", "linux_auth", "-", given=b"not a line of it\n")
    assert json.loads(done.stdout).keys() >= {"event.original"}
    wrong = _taishi("parse", "--parser", "nothing", "-")
    assert wrong.returncode == 2
    assert b"suricata" in wrong.stderr
    assert b"Traceback" not in wrong.stderr


def test_every_command_has_help_with_an_example() -> None:
    overview = _taishi("--help").stdout.decode()
    for command in ("serve", "collect", "process", "api", "demo", "simulate", "replay", "parse"):
        assert command in overview
        text = _taishi(command, "--help").stdout.decode()
        assert "Example" in text, command
