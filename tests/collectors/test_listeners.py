"""The listeners against friendly, clumsy and hostile senders: a clear answer, nothing lost, still listening."""

from __future__ import annotations

import asyncio
import gzip
import json
import select
import socket
import ssl
import zlib
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard
from cryptography.hazmat.primitives import hashes
from sqlalchemy import select as query

from collectors.collector import Collector
from taishi.errors import ConfigError
from taishi.records.sql import SqlRecords
from taishi.records.tables import Ledger, Source
from taishi.scope import EVERYTHING
from taishi.settings import HttpSettings, Settings, SyslogSettings
from taishi.stream.sqlite import SqliteStream
from tests import databases
from tests.certificates import authority, issue
from tests.collectors.harness import KEY, Flaky, Running, collector, wait_for

LINE = b"<34>Oct 11 22:14:15 gw sshd[812]: Failed password for root from 203.0.113.9 port 4022 ssh2"


def test_a_push_is_durable_when_it_is_answered_and_counts_once_when_repeated(data_dir: Path) -> None:
    with collector(data_dir) as running:
        first = running.post(b'{"event_type":"x"}\nplain line\n', X_Batch_Id="7")
        again = running.post(b'{"event_type":"x"}\nplain line\n', X_Batch_Id="7")
        assert first.status_code == again.status_code == 200
        assert first.json()["delivery"] == again.json()["delivery"]
        batches = running.batches()
        assert [batch.received for batch in batches] == [2, 2]
        assert len({batch.delivery for batch in batches}) == 1  # the processor counts a delivery once
        assert batches[0].enterprise_id == "e1"


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("zstd", zstandard.compress), ("", bytes)],
    ids=["gzip", "zstd", "plain"],
)
def test_packed_bodies(data_dir: Path, encoding: str, pack: Any) -> None:
    with collector(data_dir) as running:
        assert running.post(pack(b"a\nb\nc\n"), Content_Encoding=encoding).status_code == 200
        assert running.originals() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("body", "headers", "key", "status", "code"),
    [
        (b"x", {}, "tsk_wrong", 401, "unauthenticated"),
        (b"not gzip", {"Content_Encoding": "gzip"}, KEY, 400, "bad_body"),
        (b"x", {"Content_Encoding": "br"}, KEY, 415, "unsupported_encoding"),
        (b"x" * 3000, {}, KEY, 413, "too_large"),
        (gzip.compress(b"\x00" * 1_000_000), {"Content_Encoding": "gzip"}, KEY, 413, "too_large"),
        (zstandard.compress(b"\x00" * 1_000_000), {"Content_Encoding": "zstd"}, KEY, 413, "too_large"),
        (b"\n".join([b"line"] * 200), {}, KEY, 413, "too_large"),
        (gzip.compress(b"x" * 500)[:-1], {"Content_Encoding": "gzip"}, KEY, 400, "bad_body"),
        (zstandard.compress(b"x" * 500)[:-1], {"Content_Encoding": "zstd"}, KEY, 400, "bad_body"),
        (b"x", {"Content_Type": "multipart/form-data; boundary=x"}, KEY, 415, "unsupported_type"),
    ],
    ids=["key", "gzip", "encoding", "size", "gzip-bomb", "zstd-bomb", "records", "cut gzip", "cut zstd", "type"],
)
def test_what_is_refused_says_why_and_leaves_the_listener_alive(
    data_dir: Path, body: bytes, headers: dict[str, str], key: str, status: int, code: str
) -> None:
    with collector(data_dir, http={"max_body": 2000, "max_inflated": 100_000, "max_records": 100}) as running:
        answer = running.post(body, key, **headers)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.json()["title"] == code
        assert answer.json()["detail"]
        assert key not in answer.text
        assert running.post(b"still here").status_code == 200


def test_bodies_in_hand_are_bounded_together_and_the_next_is_asked_to_wait(data_dir: Path) -> None:
    with collector(data_dir, http={"max_inflated": 1_000_000}) as running:
        slow = []
        for _ in range(4):  # each sends most of its body and then hesitates
            connection = socket.create_connection(("127.0.0.1", running.ports["http"]))
            head = (
                f"POST /v1/ingest HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 900001\r\n\r\n"
            )
            connection.sendall(head.encode() + b"a" * 900_000)
            slow.append(connection)
        refused, _, _ = select.select(slow, [], [], 30)  # three bodies of the greatest size fit, four do not
        answer = refused[0].recv(4096)
        assert b" 503 " in answer.split(b"\r\n")[0]
        assert b"retry-after: 1" in answer.lower()
        for connection in (other for other in slow if other is not refused[0]):
            connection.sendall(b"b")
            assert b" 200 " in connection.recv(4096).split(b"\r\n")[0]
        assert running.post(b"c" * 900_000).status_code == 200  # the room was given back
        for connection in slow:
            connection.close()


def test_a_body_longer_than_a_message_keeps_its_identity_when_repeated(data_dir: Path) -> None:
    body = b"".join(b"line %d\n" % number for number in range(25))
    with collector(data_dir, collect={"batch_records": 10}) as running:
        for _ in range(2):
            assert running.post(body, X_Batch_Id="b").json()["received"] == 25
        deliveries = [(batch.delivery, batch.received) for batch in running.batches()]
        assert [size for _, size in deliveries] == [10, 10, 5, 10, 10, 5]
        assert deliveries[:3] == deliveries[3:]
        assert len(set(deliveries)) == 3


def test_no_key_and_no_body(data_dir: Path) -> None:
    with collector(data_dir) as running:
        answer = running.client.post(f"http://127.0.0.1:{running.ports['http']}/v1/ingest", content=b"x")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert running.post(b"").json()["accepted"] == 0


def test_deep_nesting_and_oversized_lines_end_in_quarantine_with_the_reason(data_dir: Path) -> None:
    deep = b'{"a":' * 5000 + b"1" + b"}" * 5000
    headed = b"<13>Oct 11 22:14:15 manager wazuh: " + b'{"a":' * 500 + b"1" + b"}" * 500
    with collector(data_dir, syslog={"max_line": 40_000}) as running:
        answer = running.post(deep + b"\n" + b"y" * 50_000 + b"\n" + b'{"fine": 1}\n' + headed + b"\n")
        assert answer.json()["quarantined"] == 3
        (batch,) = running.batches()
        assert batch.received == 4
        assert [one.reason.split()[2] for one in batch.quarantined] == ["nests", "is", "nests"]


@pytest.mark.parametrize(
    "line",
    [
        "防火墙：拒绝 src=203.0.113.9".encode("gbk"), "日志\n".encode("utf-16"), b"\xff\xfe\xfd\xfc broken \xc3\x28",
        b"\x00\x01\x02\x03 control", b"<999999>bad priority", b"<34>" + b"[" * 3000, b"{" * 3000, b"<Event " + b"<a>" * 3000,
        b"CEF:0|" + b"|" * 500, b"LEEF:2.0|" + b"\\" * 500, b"a=" * 2000, b'{"timestamp": "' + b"9" * 2000 + b'"}',
        b"%00%0a${jndi:ldap://x}", b"<34>1 " + b"- " * 300,
    ],
)  # fmt: skip
def test_hostile_records_are_kept_or_refused_but_never_lost(data_dir: Path, line: bytes) -> None:
    with collector(data_dir) as running:
        answer = running.post(b"marker\n" + line.rstrip(b"\n") + b"\n")
        assert answer.status_code == 200
        total = answer.json()["accepted"] + answer.json()["quarantined"]
        assert sum(batch.received for batch in running.batches()) == total >= 2


def test_quota_says_when_to_come_back_and_the_refusal_is_in_the_ledger(data_dir: Path) -> None:
    records = SqlRecords(databases.records_url(data_dir))
    with records.write(EVERYTHING) as session:
        source = session.get(Source, "push")
        assert source
        source.quota_per_second = 1.0
        source.version += 1
    records.close()
    with collector(data_dir) as running:
        assert running.post(b"x\n" * 10).status_code == 200
        refused = running.post(b"x\n" * 5)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1

        def rejected() -> int:
            with running.records.read(EVERYTHING) as session:
                row = session.scalars(query(Ledger).where(Ledger.source_id == "push")).first()
                return row.rejected if row and row.received == row.rejected else 0

        assert wait_for(rejected, "the refusal in the ledger") == 5


def test_while_the_stream_is_down_batches_wait_on_disk_and_then_come_in_order(data_dir: Path) -> None:
    stream = Flaky(data_dir / "stream.sqlite")
    with collector(data_dir, stream) as running:
        assert running.post(b"before").status_code == 200
        stream.down = True
        for number in range(20):
            assert running.post(f"spooled {number}".encode()).status_code == 200
        ready = running.client.get(f"http://127.0.0.1:{running.ports['http']}/health/ready")
        assert ready.status_code == 503
        stream.down = False
        assert running.post(b"after").status_code == 200
        wait_for(lambda: len(running.originals()) == 22, "the spool to drain")
        assert running.originals() == ["before", *(f"spooled {n}" for n in range(20)), "after"]
    stream.close()


def test_a_full_spool_refuses_with_retry_after_and_counts_it(data_dir: Path) -> None:
    stream = Flaky(data_dir / "stream.sqlite")
    with collector(data_dir, stream, collect={"spool_bytes": 4000}) as running:
        stream.down = True
        answers = [running.post(b"z" * 600) for _ in range(20)]
        refused = [answer for answer in answers if answer.status_code == 503]
        assert refused
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        stream.down = False
        taken = len(answers) - len(refused)
        wait_for(lambda: len(running.originals()) == taken, "what was accepted")
    stream.close()


def _send(port: int, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(data)


def test_syslog_over_tcp_newline_and_octet_counted_mixed(data_dir: Path) -> None:
    with collector(data_dir) as running:
        _send(running.ports["tcp"], LINE + b"\n" + b"%d %s" % (len(LINE), LINE) + b"last without newline")
        wait_for(lambda: len(running.originals()) == 3, "three records")
        events = [event for batch in running.batches() for event in batch.events]
        assert events[0]["source.ip"] == "203.0.113.9"
        assert events[0]["taishi.source_id"] == "line"
        assert events[0]["log.source.address"] == "127.0.0.1"


def test_syslog_over_udp_one_record_a_datagram(data_dir: Path) -> None:
    with collector(data_dir) as running, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(3):
            sender.sendto(LINE, ("127.0.0.1", running.ports["udp"]))
        wait_for(lambda: len(running.originals()) == 3, "three datagrams")


def test_many_connections_that_say_nothing_do_not_keep_others_out(data_dir: Path) -> None:
    with collector(data_dir) as running:
        idle = [socket.create_connection(("127.0.0.1", running.ports["tcp"])) for _ in range(50)]
        _send(running.ports["tcp"], LINE + b"\n")
        wait_for(lambda: len(running.originals()) == 1, "the record of the one that spoke")
        for connection in idle:
            connection.close()


def test_an_unknown_sender_is_not_believed(data_dir: Path) -> None:
    with collector(data_dir) as running, socket.socket() as sender:
        sender.bind(("127.0.0.77", 0))
        sender.connect(("127.0.0.1", running.ports["tcp"]))
        try:
            sender.sendall(LINE + b"\n")
            sender.shutdown(socket.SHUT_WR)
            sender.recv(1)
        except OSError:
            pass  # refused at once: as good
        _send(running.ports["tcp"], LINE + b"\n")
        wait_for(running.originals, "the known sender")
        assert {event["taishi.source_id"] for batch in running.batches() for event in batch.events} == {"line"}


# ---------------------------------------------------------------- TLS


def _tls_send(running: Running, folder: Path, name: str, authority: str) -> None:
    context = ssl.create_default_context(cafile=folder / f"{authority}.pem")
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    with (
        socket.create_connection(("127.0.0.1", running.ports["tls"])) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(LINE + b"\n")
        connection.unwrap()


def test_a_client_certificate_names_the_source_and_a_foreign_one_is_refused(data_dir: Path) -> None:
    ours, theirs = authority(data_dir, "ca"), authority(data_dir, "stranger")
    issue(data_dir, "server", ours)
    client = issue(data_dir, "client", ours)
    issue(data_dir, "foreign", theirs)
    records = SqlRecords(databases.records_url(data_dir))
    with records.write(EVERYTHING) as session:
        source = session.get(Source, "push")
        assert source
        source.certificate = client.fingerprint(hashes.SHA256()).hex()
        source.version += 1
    records.close()
    tls = {"tls_port": 0, "certificate": data_dir / "server.pem", "private_key": data_dir / "server.key",
           "client_ca": data_dir / "ca.pem"}  # fmt: skip
    with collector(data_dir, syslog=tls) as running:
        with pytest.raises(OSError):  # noqa: PT011  a reset or an alert, as the race has it
            _tls_send(running, data_dir, "foreign", "ca")
        _tls_send(running, data_dir, "client", "ca")
        wait_for(running.originals, "the record over TLS")
        (event,) = [event for batch in running.batches() for event in batch.events]
        assert event["taishi.source_id"] == "push"


def test_a_gzip_stream_of_many_members_is_one_body(data_dir: Path) -> None:
    with collector(data_dir) as running:
        body = gzip.compress(b"one\n") + gzip.compress(b"two\n")
        assert running.post(body, Content_Encoding="gzip").json()["accepted"] == 2
        cut = zlib.compress(b"three")[:-2]
        assert running.post(cut, Content_Encoding="gzip").status_code == 400
        assert json.loads(running.post(b"x").content)["accepted"] == 1


# ---------------------------------------------------------------- life of the process


class Broken(SqliteStream):
    """A stream with a defect, which is not an outage."""

    def publish(self, *_given: Any, **_more: Any) -> Any:
        raise ZeroDivisionError("a defect")


@pytest.mark.anyio
async def test_a_part_that_fails_ends_the_process_instead_of_vanishing(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir, syslog=SyslogSettings(tcp_port=0, udp_port=None), http=HttpSettings(port=0))
    records, stream = SqlRecords(databases.records_url(data_dir)), Broken(data_dir / "stream.sqlite")
    made = Collector(settings, stream, records)
    running = asyncio.create_task(made.run(asyncio.Event()))
    await made.ready.wait()
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(
            f"http://127.0.0.1:{made.ports['http']}/v1/ingest", content=b"x", headers={"Authorization": f"Bearer {KEY}"}
        )
    assert answer.status_code == 503
    with pytest.raises(ZeroDivisionError):
        await running
    stream.close()
    records.close()


@pytest.mark.anyio
async def test_a_port_that_is_taken_is_said_and_nothing_is_left_running(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(
            data_dir=data_dir, syslog=SyslogSettings(tcp_port=0, udp_port=0), http=HttpSettings(port=port)
        )
        records, stream = SqlRecords(databases.records_url(data_dir)), SqliteStream(data_dir / "stream.sqlite")
        before = asyncio.all_tasks()
        with pytest.raises(ConfigError, match="choose another port"):
            await Collector(settings, stream, records).run(asyncio.Event())
        assert asyncio.all_tasks() == before
        stream.close()
        records.close()


def test_a_source_that_is_disabled_is_heard_no_longer_on_its_open_connection(data_dir: Path) -> None:
    with collector(data_dir) as running, socket.create_connection(("127.0.0.1", running.ports["tcp"])) as connection:
        connection.sendall(LINE + b"\n")
        wait_for(running.originals, "the first record")
        with running.records.write(EVERYTHING) as session:
            source = session.get(Source, "line")
            assert source
            source.state = "disabled"
            source.version += 1

        def closed() -> bool:
            try:
                connection.sendall(LINE + b"\n")
            except OSError:
                return True
            return False

        wait_for(closed, "the connection to be closed")
        count = len(running.originals())
        connection.close()
        assert running.post(b"x").status_code == 200
        assert len(running.originals()) == count + 1
