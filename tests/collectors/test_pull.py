"""What the collectors fetch themselves: an MQTT broker's messages, files that were put into a folder."""

from __future__ import annotations

import gzip
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import paho.mqtt.client as paho
import pytest
import zstandard
from paho.mqtt.enums import CallbackAPIVersion

from tests.collectors.harness import Flaky, Running, collector, wait_for

LINE = "<34>Oct 11 22:14:15 gw sshd[812]: Failed password for root from 203.0.113.9 port 4022 ssh2"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@contextmanager
def mosquitto(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    if not Path(program).exists():
        pytest.skip("mosquitto: `apt-get install mosquitto` to run this")
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)  # it drops root's rights
    (folder / "mosquitto.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
        f"persistence true\npersistence_location {folder}/\n"
    )
    run = subprocess.Popen([program, "-c", str(folder / "mosquitto.conf")], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: _listens(port), "mosquitto")
        yield run
    finally:
        run.terminate()
        run.wait(30)


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def publish(port: int, messages: list[bytes]) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for message in messages:
        client.publish("plant/7/alerts", message, qos=1).wait_for_publish(30)
    client.disconnect()
    client.loop_stop()


def greeted(port: int, running: Running) -> bool:
    publish(port, [b"hello"])
    return bool(running.originals())


def test_messages_of_a_broker_are_taken_and_what_is_not_durable_comes_again(data_dir: Path, tmp_path: Path) -> None:
    port = free_port()
    section = ({"host": "127.0.0.1", "port": port, "topics": ("plant/+/alerts",), "source": "push"},)
    with mosquitto(tmp_path / "mosquitto", port):
        with collector(data_dir, mqtt_input=section) as running:
            wait_for(lambda: greeted(port, running), "the subscription")
            publish(port, [LINE.encode(), b'{"message":"' + b"x" * 100 + b'","agent":{"type":"edge"}}'])
            wait_for(lambda: LINE in running.originals() and "x" * 100 in running.originals(), "both messages")
            assert running.batches()[-1].source_id == "push"
        publish(port, [f"{LINE} while away {number}".encode() for number in range(20)])
        with closing(Flaky(data_dir / "flaky.sqlite")) as stream:
            stream.down = True
            with collector(data_dir, stream=stream, mqtt_input=section, collect={"spool_bytes": 1}):
                time.sleep(1.5)  # it has messages in hand that cannot be made durable, and stops with them
        with collector(data_dir, mqtt_input=section) as running:
            wanted = {f"{LINE} while away {number}" for number in range(20)}
            wait_for(lambda: wanted <= set(running.originals()), "what the broker kept")


def test_files_that_are_put_into_a_folder_are_read_once_and_put_away(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    (folder / "2026").mkdir(parents=True)
    lines = [f"{LINE} {number}" for number in range(1200)]
    text = "".join(f"{line}\n" for line in lines).encode()
    (folder / "a.log").write_bytes(text)
    (folder / "2026" / "b.log.gz").write_bytes(gzip.compress(b"packed line\n"))
    (folder / "c.json").write_bytes(b' [ {"src_ip": "203.0.113.9"},\n {"src_ip": "203.0.113.10"} ]')
    (folder / "d.zst").write_bytes(zstandard.compress(b"last line without its end"))
    (folder / "e.log.part").write_bytes(b"under way\n")
    (folder / "f.gz").write_bytes(gzip.compress(b"cut short\n" * 1000)[:-20])
    section = ({"path": str(folder), "source": "push", "quiet_seconds": 0.0},)
    with collector(data_dir, drop=section) as running:
        wait_for(
            lambda: not any((folder / name).exists() for name in ("a.log", "c.json", "d.zst", "f.gz")), "the files"
        )
        found = running.originals()
        assert [one for one in found if one in set(lines)] == lines
        assert "packed line" in found
        assert '{"src_ip":"203.0.113.9"}' in found
        assert "last line without its end" in found
        assert "under way" not in found
        assert any("f.gz: " in one for batch in running.batches() for one in [q.original for q in batch.quarantined])
        assert (folder / ".done" / "2026" / "b.log.gz").exists()
        before = {batch.delivery for batch in running.batches()}
        (folder / "again.log").write_bytes(text)
        wait_for(lambda: not (folder / "again.log").exists(), "the same content under another name")
        assert {batch.delivery for batch in running.batches()} == before, "the processor counts a delivery once"


def test_a_file_that_still_grows_waits(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "fresh.log").write_bytes(b"half")
    old = folder / "old.log"
    old.write_bytes(b"whole\n")
    os.utime(old, (time.time() - 3600, time.time() - 3600))
    with collector(data_dir, drop=({"path": str(folder), "source": "push", "quiet_seconds": 600.0},)) as running:
        wait_for(lambda: not old.exists(), "the old file")
        assert running.originals() == ["whole"]
        assert (folder / "fresh.log").exists()
