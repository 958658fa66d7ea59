"""Shippers as they are: real client libraries and rsyslog send, and what they hear is true.

A record is durable before it is acknowledged; hostile peers end their own connection and nothing else.
"""

from __future__ import annotations

import gzip
import json
import logging
import os
import re
import shutil
import socket
import struct
import subprocess
import time
import zlib
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgpack
import pygelf
import pylogbeat
import pytest
from cryptography.hazmat.primitives import hashes
from elasticsearch import AuthenticationException, Elasticsearch, helpers
from fluent import sender as fluent
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from collectors.transports import elastic_bulk, forward, gelf, otlp, splunk_hec
from collectors.transports.documents import record_of, sure_identity
from taishi.errors import Refused
from taishi.records.tables import Source
from taishi.scope import EVERYTHING
from tests.certificates import authority, issue
from tests.collectors.harness import KEY, Flaky, Running, collector, wait_for

LINE = "<34>Oct 11 22:14:15 gw sshd[812]: Failed password for root from 203.0.113.9 port 4022 ssh2"
ALL = dict.fromkeys(("lumberjack_port", "relp_port", "forward_port", "gelf_tcp_port", "gelf_udp_port"), 0)
BEAT = {
    "@timestamp": "2026-11-01T08:00:00.000Z",
    "agent": {"type": "filebeat", "name": "line-3"},
    "host": {"name": "hmi-3"},
    "log": {"file": {"path": "/var/log/auth.log"}, "offset": 812},
    "message": LINE,
}


def first_event(running: Running) -> dict[str, Any]:
    wait_for(running.batches, "a record")
    return running.batches()[0].events[0]


# Elasticsearch


def elastic(running: Running, key: str = KEY) -> Elasticsearch:
    return Elasticsearch(f"http://127.0.0.1:{running.ports['http']}", basic_auth=("shipper", key), max_retries=0)


def test_elasticsearchs_own_client_ships(data_dir: Path) -> None:
    with collector(data_dir) as running, elastic(running) as client:
        assert client.info()["version"]["number"] == elastic_bulk.VERSION
        done, errors = helpers.bulk(
            client,
            [
                {"_op_type": "create", "_index": "logs", **BEAT},
                {"_op_type": "index", "_index": "logs", "message": LINE},
            ],
        )
        assert (done, errors) == (2, [])
        assert running.originals() == [LINE, LINE]
        event = first_event(running)
        assert event["source.ip"] == "203.0.113.9"
        assert event["host.hostname"] == "gw"  # the line's word, not that of the machine that read it
        assert event["log.file.path"] == "/var/log/auth.log"
        assert event["agent.type"] == "filebeat"


def test_an_api_key_of_elasticsearchs_kind_and_a_path_are_taken(data_dir: Path) -> None:
    with (
        collector(data_dir) as running,
        Elasticsearch(f"http://127.0.0.1:{running.ports['http']}/elasticsearch", api_key=("any", KEY)) as client,
    ):
        assert not client.bulk(operations=[{"index": {}}, {"message": LINE}], index="logs")["errors"]
        assert client.ilm.put_lifecycle(name="filebeat")["acknowledged"]
        assert client.cluster.health()["status"] == "green"


def test_a_wrong_key_and_a_broken_body_are_answered_in_elasticsearchs_words(data_dir: Path) -> None:
    with collector(data_dir) as running:
        with elastic(running, "wrong") as client, pytest.raises(AuthenticationException) as refused:
            client.bulk(operations=[{"index": {}}, {"message": "x"}])
        assert "not known here" in refused.value.body["error"]["reason"]
        answer = running.client.post(
            f"http://127.0.0.1:{running.ports['http']}/_bulk",
            content=b'{"index":{}}\n',
            headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-ndjson"},
        )
        assert answer.status_code == 400
        assert "no document" in answer.json()["error"]["reason"]
        assert running.batches() == []


def test_a_bulk_body_of_beats_counts_once_when_repeated_and_others_do_not(data_dir: Path) -> None:
    with collector(data_dir) as running, elastic(running) as client:
        for document in (BEAT, BEAT, {"message": LINE}, {"message": LINE}):
            client.bulk(operations=[{"create": {}}, document], index="logs")
        deliveries = [batch.delivery for batch in running.batches()]
        assert deliveries[0] == deliveries[1]
        assert len(set(deliveries)) == 3


def test_a_bulk_that_cannot_be_kept_is_refused_and_told_when_to_come_back(data_dir: Path) -> None:
    with closing(Flaky(data_dir / "flaky.sqlite")) as stream:
        stream.down = True
        with collector(data_dir, stream=stream, collect={"spool_bytes": 1}) as running:

            def post() -> Any:
                return running.client.post(
                    f"http://127.0.0.1:{running.ports['http']}/_bulk",
                    content=b'{"index":{}}\n{"message":"x"}\n' * 50,
                    headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-ndjson"},
                )

            answer = wait_for(lambda: (found := post()).status_code == 503 and found, "a refusal")
            assert int(answer.headers["Retry-After"]) >= 1


# Splunk


def hec(running: Running, path: str, body: bytes, key: str = KEY, **headers: str) -> Any:
    return running.client.post(
        f"http://127.0.0.1:{running.ports['http']}/services/collector{path}",
        content=body,
        headers={"Authorization": f"Splunk {key}", **headers},
    )


def test_splunks_collector_takes_events_one_after_the_other_and_acknowledges(data_dir: Path) -> None:
    with collector(data_dir) as running:
        body = json.dumps({"time": 1793520000.5, "host": "fw-1", "source": "/var/log/x", "event": LINE}).encode()
        body += json.dumps({"event": {"src_ip": "203.0.113.9", "act": "deny"}}).encode()
        answer = hec(running, "/event", body, **{"X-Splunk-Request-Channel": "7d1c"})
        assert answer.json()["text"] == "Success"
        number = answer.json()["ackId"]
        assert running.originals()[0] == LINE
        assert json.loads(running.originals()[1]) == {"src_ip": "203.0.113.9", "act": "deny"}
        asked = hec(running, "/ack", json.dumps({"acks": [number]}).encode())
        assert asked.json() == {"acks": {str(number): True}}
        assert first_event(running)["log.file.path"] == "/var/log/x"


def test_splunks_raw_endpoint_takes_lines(data_dir: Path) -> None:
    with collector(data_dir) as running:
        assert hec(running, "/raw?host=fw-1", f"{LINE}\n{LINE}\n".encode()).status_code == 200
        assert running.originals() == [LINE, LINE]
        assert (
            running.client.get(f"http://127.0.0.1:{running.ports['http']}/services/collector/health").json()["code"]
            == 17
        )


@pytest.mark.parametrize(
    ("path", "body", "key", "status", "code"),
    [
        ("/event", b'{"event":"a"}', "wrong", 403, 4),
        ("/event", b'{"event":"a"}{"no":1}', KEY, 400, 6),
        ("/event", b"[" * 100_000, KEY, 400, 6),
        ("/event", b"", KEY, 400, 6),
        ("/ack", b'{"acks":["x"]}', KEY, 400, 6),
        ("/ack", b"[]", KEY, 400, 6),
    ],
)
def test_splunks_codes(data_dir: Path, path: str, body: bytes, key: str, status: int, code: int) -> None:
    with collector(data_dir) as running:
        answer = hec(running, path, body, key)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert running.batches() == []


# OpenTelemetry


def test_opentelemetrys_exporter_ships_logs(data_dir: Path) -> None:
    with collector(data_dir) as running:
        exporter = OTLPLogExporter(
            endpoint=f"http://127.0.0.1:{running.ports['http']}/v1/logs", headers={"authorization": f"Bearer {KEY}"}
        )
        provider = LoggerProvider(Resource.create({"host.name": "edge-9"}), shutdown_on_exit=False)
        provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
        provider.get_logger("sensor").emit(LogRecord(timestamp=1793520000 * 10**9, body=LINE, severity_text="WARN"))
        provider.shutdown()
        assert running.originals() == [LINE]
        assert first_event(running)["log.level"] == "warn"


def test_otlp_in_json_with_hex_ids_and_a_map_as_body() -> None:
    record = {
        "timeUnixNano": "1793520000000000000", "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174",
        "body": {"kvlistValue": {"values": [{"key": "src_ip", "value": {"stringValue": "203.0.113.9"}}]}},
    }  # fmt: skip
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()
    frames = otlp.frames_of(body, "application/json")
    assert [json.loads(frame.data) for frame in frames] == [{"src_ip": "203.0.113.9"}]
    assert frames[0].known == {"@timestamp": "2026-11-01T08:00:00.000Z"}


# Lumberjack


def beats(running: Running, **more: Any) -> pylogbeat.PyLogBeatClient:
    return pylogbeat.PyLogBeatClient("127.0.0.1", running.ports["lumberjack"], timeout=30, **more)


def test_a_beats_client_ships_and_its_repeated_window_counts_once(data_dir: Path) -> None:
    with collector(data_dir, shippers=ALL) as running:
        for _ in range(2):
            with beats(running) as client:
                client.send([json.dumps(BEAT), json.dumps({**BEAT, "log": {"offset": 900}})])
        batches = running.batches()
        assert [batch.received for batch in batches] == [2, 2]
        assert len({batch.delivery for batch in batches}) == 1
        assert batches[0].events[0]["source.ip"] == "203.0.113.9"


def test_a_beats_client_under_tls_is_known_by_its_certificate(data_dir: Path, tmp_path: Path) -> None:
    root = authority(tmp_path, "root")
    issue(tmp_path, "server", root)
    known, stranger = issue(tmp_path, "line-3", root), issue(tmp_path, "stranger", root)
    assert known != stranger
    tls = {
        "certificate": tmp_path / "server.pem",
        "private_key": tmp_path / "server.key",
        "client_ca": tmp_path / "root.pem",
    }
    with collector(data_dir, shippers={**ALL, **tls}) as running:
        with running.records.write(EVERYTHING) as session:
            source = session.get_one(Source, "push")
            source.certificate = known.fingerprint(hashes.SHA256()).hex()
            source.version += 1

        def send(name: str) -> bool:
            try:
                given = {"keyfile": str(tmp_path / f"{name}.key"), "certfile": str(tmp_path / f"{name}.pem")}
                with beats(running, ssl_enable=True, ca_certs=str(tmp_path / "root.pem"), **given) as client:
                    client.send([json.dumps(BEAT)])
            except (pylogbeat.ConnectionException, OSError):
                return False
            return True

        wait_for(lambda: send("line-3"), "the collector to know the certificate")
        assert running.batches()[0].source_id == "push"
        assert not send("stranger")  # good, but of no source
        with pytest.raises((pylogbeat.ConnectionException, OSError)), beats(running) as plain:
            plain.send([json.dumps(BEAT)])


def test_compressed_windows_and_version_one(data_dir: Path) -> None:
    with collector(data_dir, shippers=ALL) as running:
        document = json.dumps(BEAT).encode()
        inner = b"2J" + struct.pack(">II", 1, len(document)) + document
        packed = zlib.compress(inner)
        pairs = b"1D" + struct.pack(">II", 7, 1) + struct.pack(">I", 4) + b"line" + struct.pack(">I", 3) + b"abc"
        with socket.create_connection(("127.0.0.1", running.ports["lumberjack"]), timeout=30) as peer:
            peer.sendall(b"2W" + struct.pack(">I", 1) + b"2C" + struct.pack(">I", len(packed)) + packed)
            assert peer.recv(6) == b"2A" + struct.pack(">I", 1)
            peer.sendall(b"1W" + struct.pack(">I", 1) + pairs)
            assert peer.recv(6) == b"1A" + struct.pack(">I", 7)
        assert running.originals() == [LINE, '{"line":"abc"}']


BOMB = zlib.compress(b"\0" * (65 * 1024 * 1024))


@pytest.mark.parametrize(
    ("protocol", "data"),
    [
        ("lumberjack", b"GET / HTTP/1.1\r\n\r\n"),
        ("lumberjack", b"2W\xff\xff\xff\xff"),
        ("lumberjack", b"2W\x00\x00\x00\x01" + b"2C" + struct.pack(">I", len(BOMB)) + BOMB),
        ("lumberjack", b"2W\x00\x00\x00\x01" + b"2J\x00\x00\x00\x01\xff\xff\xff\xff"),
        ("relp", b"GET / HTTP/1.1\r\n\r\n" + b"x" * 200),
        ("relp", b"1 syslog 99999999999 x"),
        ("forward", b"\xc1" * 20),
        ("forward", msgpack.packb(["tag", "no record"])),
        ("forward", msgpack.packb(["tag", gzip.compress(b"\0" * (65 * 1024 * 1024)), {"compressed": "gzip"}])),
        ("gelf", b"x" * (2 * gelf.MAX_MESSAGE)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_the_protocol_ends_the_connection_and_nothing_else(
    data_dir: Path, protocol: str, data: bytes
) -> None:
    with collector(data_dir, shippers=ALL) as running:
        with socket.create_connection(("127.0.0.1", running.ports[protocol]), timeout=30) as peer:
            try:
                peer.sendall(data)
                assert peer.recv(16) == b""
            except ConnectionError:
                pass  # closed while we were still talking
        with beats(running) as client:
            client.send([json.dumps(BEAT)])
        assert running.originals() == [LINE]


# rsyslog


def rsyslog(tmp_path: Path, text: str, lines: list[str], until: Callable[[], bool]) -> None:
    """Run Debian's rsyslogd with one action over a file of lines until it has shipped them."""
    program = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
    wanted = set(re.findall(r'module\(load="(\w+)"\)', text))
    if not Path(program).exists() or not all(list(Path("/usr/lib").glob(f"*/rsyslog/{one}.so")) for one in wanted):
        pytest.skip("rsyslog: `apt-get install rsyslog rsyslog-relp rsyslog-elasticsearch` to run this")
    source, state = tmp_path / "in.log", tmp_path / "state"
    state.mkdir()
    source.write_text("".join(f"{line}\n" for line in lines))
    (tmp_path / "rsyslog.conf").write_text(
        f'global(workDirectory="{state}")\nmodule(load="imfile")\n'
        'template(name="line" type="string" string="%msg%")\n'
        f'input(type="imfile" File="{source}" Tag="t" ruleset="ship")\n{text}\n'
    )
    run = subprocess.Popen(
        [program, "-n", "-f", str(tmp_path / "rsyslog.conf"), "-i", str(tmp_path / "pid")], stderr=subprocess.PIPE
    )
    try:
        wait_for(until, "rsyslog to ship")
    finally:
        run.terminate()
        _, complaints = run.communicate(timeout=30)
    assert b"error" not in complaints.lower(), complaints


def test_rsyslog_ships_by_relp(data_dir: Path, tmp_path: Path) -> None:
    with collector(data_dir, shippers=ALL) as running:
        lines = [f"{LINE} #{number}" for number in range(500)]
        rsyslog(
            tmp_path,
            'module(load="omrelp")\nruleset(name="ship") { action(type="omrelp" target="127.0.0.1" '
            f'port="{running.ports["relp"]}" template="line") }}',
            lines,
            lambda: len(running.originals()) >= len(lines),
        )
        assert [text.strip() for text in running.originals()] == lines


def test_rsyslog_ships_to_elasticsearch(data_dir: Path, tmp_path: Path) -> None:
    with collector(data_dir, shippers=ALL) as running:
        lines = [f"{LINE} #{number}" for number in range(50)]
        rsyslog(
            tmp_path,
            'module(load="omelasticsearch")\n'
            'template(name="doc" type="list" option.jsonf="on") { property(outname="message" name="msg" format="jsonf") }\n'
            f'ruleset(name="ship") {{ action(type="omelasticsearch" server="127.0.0.1" serverport="{running.ports["http"]}" '
            f'uid="shipper" pwd="{KEY}" bulkmode="on" template="doc" searchIndex="logs" searchType="") }}',
            lines,
            lambda: len(running.originals()) >= len(lines),
        )
        assert sorted(text.strip() for text in running.originals()) == sorted(lines)


def test_relp_is_answered_only_when_durable(data_dir: Path) -> None:
    with closing(Flaky(data_dir / "flaky.sqlite")) as stream:
        stream.down = True
        with (
            collector(data_dir, stream=stream, shippers=ALL, collect={"spool_bytes": 1}) as running,
            socket.create_connection(("127.0.0.1", running.ports["relp"]), timeout=30) as peer,
        ):
            peer.sendall(b"1 open 14 relp_version=0\n")
            assert peer.recv(1000).startswith(b"1 rsp ")
            peer.sendall(b"2 syslog 5 hello\n")
            peer.settimeout(1.0)
            with pytest.raises(TimeoutError):
                peer.recv(1000)
            stream.down = False
            peer.settimeout(60.0)
            assert peer.recv(1000) == b"2 rsp 6 200 OK\n"
            peer.sendall(b"3 close 0\n")
            assert peer.recv(1000) == b"3 rsp 0\n0 serverclose 0\n"


# Fluentd, Graylog


def test_fluentds_client_ships(data_dir: Path) -> None:
    with collector(data_dir, shippers=ALL) as running:
        client = fluent.FluentSender("app", host="127.0.0.1", port=running.ports["forward"], nanosecond_precision=True)
        assert client.emit_with_time(None, fluent.EventTime(1793520000.25), {"log": LINE, "container_name": "hmi"})
        client.close()
        event = first_event(running)
        assert event["source.ip"] == "203.0.113.9"
        assert event["container.name"] == "hmi"


@pytest.mark.parametrize("mode", ["forward", "packed", "gzip"])
def test_forward_chunks_are_acknowledged_and_count_once(data_dir: Path, mode: str) -> None:
    entries = [[1793520000, {"log": f"{LINE} {number}"}] for number in range(3)]
    packed = b"".join(msgpack.packb(entry) for entry in entries)
    option: dict[str, Any] = {"chunk": "p8n9gmxTQVC8/nh2wlKKeQ==", "size": 3}
    if mode == "gzip":
        option["compressed"] = "gzip"
    body: Any = {"forward": entries, "packed": packed, "gzip": gzip.compress(packed[:20]) + gzip.compress(packed[20:])}[
        mode
    ]
    with collector(data_dir, shippers=ALL) as running:
        with socket.create_connection(("127.0.0.1", running.ports["forward"]), timeout=30) as peer:
            for _ in range(2):
                peer.sendall(msgpack.packb(["app", body, option]))
                assert msgpack.unpackb(peer.recv(1000)) == {"ack": option["chunk"]}
        assert len({batch.delivery for batch in running.batches()}) == 1
        assert running.batches()[0].received == 3


def test_graylogs_clients_ship(data_dir: Path) -> None:
    with collector(data_dir, shippers=ALL) as running:
        logger = logging.getLogger("taishi-test-gelf")
        logger.propagate = False
        for handler in (
            pygelf.GelfTcpHandler(host="127.0.0.1", port=running.ports["gelf"], include_extra_fields=False),
            pygelf.GelfUdpHandler(host="127.0.0.1", port=running.ports["gelf-udp"], compress=True, chunk_size=200),
        ):
            logger.addHandler(handler)
            logger.warning("%s %s", LINE, os.urandom(600).hex())
            logger.removeHandler(handler)
            handler.close()
        wait_for(lambda: len(running.originals()) == 2, "both messages")
        assert all("Failed password for root" in text for text in running.originals())


def test_chunks_of_a_message_may_come_in_any_order_and_what_never_ends_is_forgotten() -> None:
    assembler = gelf.Assembler()
    head = b"\x1e\x0f" + b"12345678"
    assert assembler.feed("a", head + b"\x01\x02" + b"b", 0.0) is None
    assert assembler.feed("b", head + b"\x00\x02" + b"x", 0.0) is None  # another sender's message of the same number
    assert assembler.feed("a", head + b"\x01\x02" + b"b", 0.0) is None
    assert assembler.feed("a", head + b"\x00\x02" + b"{", 1.0) == b"{b"
    assert assembler.feed("c", b"plain", 10.0) == b"plain"
    assert assembler.lost == 1
    for number in range(gelf.MAX_WAITING + 50):
        assembler.feed("d", b"\x1e\x0f" + struct.pack(">Q", number) + b"\x00\x02x", 11.0)
    assert assembler.lost == 51


@given(data=st.lists(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"\x1e\x0f" + rest), max_size=20))
def test_any_datagrams_are_bounded(data: list[bytes]) -> None:
    assembler = gelf.Assembler(room=200)
    for number, one in enumerate(data):
        assembler.feed("a", one, float(number))
    assert assembler._held <= 200 + 60


@given(data=st.binary(max_size=300))
@example(data=b"\x81\x80\x00")
def test_any_body_is_read_or_refused(data: bytes) -> None:
    for read in (
        elastic_bulk.operations, splunk_hec.events_of, lambda body: otlp.frames_of(body, otlp.PROTOBUF),
        lambda body: otlp.frames_of(body, "application/json"), lambda body: forward._entries(forward._unpacker(), body),
    ):  # fmt: skip
        with suppress(Refused):
            read(data)


@given(
    document=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*BEAT, "event", "source", "original", "name", "offset", "x"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_any_document_is_a_record(document: Any) -> None:
    if isinstance(document, dict):
        frame = record_of(document)
        assert frame.data
        assert all(isinstance(value, str) for value in (frame.known or {}).values())
    sure_identity([document])


@pytest.mark.parametrize(
    ("document", "whole"),
    [
        (BEAT, False),
        ({"message": LINE, "event": {"dataset": "system.auth", "module": "system"}}, False),
        ({"message": LINE, "kubernetes": {"pod": {"name": "x"}}, "stream": "stderr"}, False),
        ({"message": "Blocked", "source": {"ip": "203.0.113.9"}}, True),
        ({"message": "An account was logged on", "winlog": {"event_id": 4624}}, True),
        ({"message": "x", "rule": {"name": "y"}}, True),
        ({"src_ip": "203.0.113.9"}, True),
        ({"message": ""}, True),
    ],
)
def test_a_line_is_taken_out_of_its_envelope_and_a_document_stays_whole(document: dict[str, Any], whole: bool) -> None:
    assert (json.loads(record_of(document).data) == document) if whole else (record_of(document).data == LINE.encode())


def test_a_silent_window_hears_that_it_must_be_patient(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.transports.lumberjack.PATIENCE_SECONDS", 0.05)
    with closing(Flaky(data_dir / "flaky.sqlite")) as stream:
        stream.down = True
        with (
            collector(data_dir, stream=stream, shippers=ALL, collect={"spool_bytes": 1}) as running,
            socket.create_connection(("127.0.0.1", running.ports["lumberjack"]), timeout=60) as peer,
        ):
            document = json.dumps(BEAT).encode()
            peer.sendall(b"2W" + struct.pack(">I", 1) + b"2J" + struct.pack(">II", 1, len(document)) + document)
            assert peer.recv(6) == b"2A\x00\x00\x00\x00"
            stream.down = False
            deadline = time.monotonic() + 60
            while (answer := peer.recv(6)) == b"2A\x00\x00\x00\x00":
                assert time.monotonic() < deadline
            assert answer == b"2A" + struct.pack(">I", 1)


def test_every_listener_says_where_it_is(data_dir: Path) -> None:
    with collector(data_dir, shippers=ALL) as running:
        assert {"lumberjack", "relp", "forward", "gelf", "gelf-udp"} <= running.ports.keys()
