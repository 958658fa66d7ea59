"""SNMP traps and informs from Net-SNMP's own programs; hostile datagrams; who is answered and when."""

from __future__ import annotations

import shutil
import socket
import subprocess
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from collectors.transports import snmp
from collectors.transports.snmp import SnmpTraps
from taishi.settings import SnmpSettings, SnmpUser
from tests.collectors.harness import Flaky, collector, wait_for

COMMUNITY, AUTH, PRIVACY = "plant-floor", "authpass-1", "privpass-1"
LINK_DOWN = ("1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.2.2.1.2.2", "s", "Gi0/2")
V3 = ("-v3", "-u", "ops", "-l", "authPriv", "-a", "SHA", "-A", AUTH, "-x", "AES", "-X", PRIVACY)

SECTION: dict[str, Any] = {
    "host": "127.0.0.1", "port": 0, "communities": (COMMUNITY,),
    "users": ({"name": "ops", "auth": "SHA", "auth_password": AUTH, "privacy": "AES", "privacy_password": PRIVACY},),
}  # fmt: skip


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name}: `apt-get install snmp` to run this")
    return found


def send(name: str, port: int, *given: str, trap: tuple[str, ...] = LINK_DOWN, timeout: int = 20) -> int:
    command = [program(name), *given, f"127.0.0.1:{port}", "", *trap]
    return subprocess.run(command, capture_output=True, timeout=timeout, check=False).returncode


def traps(running: Any) -> list[dict[str, Any]]:
    return [event for batch in running.batches() for event in batch.events if event["event.module"] == "snmp_trap"]


def test_traps_of_all_versions_are_taken_and_no_password_with_them(data_dir: Path) -> None:
    with collector(data_dir, snmp=SECTION) as running:
        port = running.ports["snmp"]
        send("snmptrap", port, "-v2c", "-c", COMMUNITY)
        wait_for(lambda: len(traps(running)) == 1, "the v2c trap")
        send("snmptrap", port, *V3, "-e", "8000000001020304")
        wait_for(lambda: len(traps(running)) == 2, "the v3 trap")
        found = subprocess.run(
            [program("snmptrap"), "-v1", "-c", COMMUNITY, f"127.0.0.1:{port}", "1.3.6.1.4.1.248.14", "10.1.1.9", "6", "7", "",
             "1.3.6.1.4.1.248.14.1", "s", "端口告警"], check=False)  # fmt: skip
        assert found.returncode == 0
        wait_for(lambda: len(traps(running)) == 3, "the v1 trap")
        got = traps(running)
    assert [event["snmp.version"] for event in got] == ["2c", "3", "1"]
    assert got[0]["event.action"] == "linkDown"
    assert got[0]["observer.ingress.interface.name"] == "Gi0/2"
    assert got[1]["snmp.user"] == "ops"
    assert got[2]["observer.vendor"] == "Hirschmann"
    assert "端口告警" in got[2]["message"]
    said = str(got)
    assert not any(secret in said for secret in (COMMUNITY, AUTH, PRIVACY))


def test_a_wrong_password_or_community_is_refused_and_the_listener_lives(data_dir: Path) -> None:
    with collector(data_dir, snmp=SECTION) as running:
        port = running.ports["snmp"]
        send("snmptrap", port, "-v2c", "-c", "guessed")
        send("snmptrap", port, *(one if one != AUTH else "wrong-pass-1" for one in V3), "-e", "8000000001020305")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"\x30\x82\xff\xff hostile", ("127.0.0.1", port))
        send("snmptrap", port, "-v2c", "-c", COMMUNITY)
        wait_for(lambda: traps(running), "the good trap")
        assert len(traps(running)) == 1


def test_an_inform_is_answered_when_its_record_is_durable(data_dir: Path) -> None:
    with closing(Flaky(data_dir / "flaky.sqlite")) as stream:
        stream.down = True
        with collector(data_dir, stream=stream, snmp=SECTION, collect={"spool_bytes": 1}) as running:
            assert send("snmpinform", running.ports["snmp"], "-v2c", "-c", COMMUNITY, "-r", "0", "-t", "2") != 0
    with collector(data_dir, snmp=SECTION) as running:
        port = running.ports["snmp"]
        assert send("snmpinform", port, "-v2c", "-c", COMMUNITY, "-r", "0", "-t", "10") == 0
        assert len(traps(running)) == 1
        assert send("snmpinform", port, *V3, "-r", "1", "-t", "10") == 0
        assert len(traps(running)) == 2


# ---------------------------------------------------------------- without a socket


def listener() -> SnmpTraps:
    user = SnmpUser(
        name="ops", auth="SHA", auth_password=SecretStr(AUTH), privacy="AES", privacy_password=SecretStr(PRIVACY)
    )
    intake: Any = SimpleNamespace()
    return SnmpTraps(intake, SnmpSettings(communities=(SecretStr(COMMUNITY),), users=(user,)))


KEPT = listener()
GOOD = bytes.fromhex(
    "302e020101040b706c616e742d666c6f6f72a71c020101020100020100301130"
    "0f060a2b060106030101040100060101"
)  # fmt: skip


@given(st.binary(max_size=300) | st.tuples(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=4)).map(
    lambda given: GOOD[: given[0]] + given[1] + GOOD[given[0] + len(given[1]) :]))  # fmt: skip
def test_any_datagram_is_read_or_refused(data: bytes) -> None:
    records, sent = KEPT.decode(data, "192.0.2.1")
    assert all(isinstance(orjson.loads(record)["snmp"]["varbinds"], list) for record in records)
    assert all(isinstance(one, bytes) for one in sent)


def test_a_flood_of_invented_engines_makes_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bytes] = []
    kept = listener()
    monkeypatch.setattr(snmp, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    monkeypatch.setattr(kept, "_add", lambda _user, engine_id=b"": made.append(engine_id))
    for number in range(200):
        usm = _der(0x30, _der(4, b"\x80\0\0\0\x01" + number.to_bytes(4, "big")) + _der(2, b"\1") + _der(2, b"\1") + _der(4, b"ops")
                   + _der(4, b"\0" * 12) + _der(4, b"\0" * 8))  # fmt: skip
        globals_ = _der(0x30, _der(2, b"\1") + _der(2, b"\x05\xdc") + _der(4, b"\x03") + _der(2, b"\x03"))
        kept.decode(_der(0x30, _der(2, b"\x03") + globals_ + _der(4, usm) + _der(4, b"\0" * 16)), "192.0.2.1")
    assert len(made) == 1


def _der(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content if len(content) < 128 else bytes([tag, 0x81, len(content)]) + content
