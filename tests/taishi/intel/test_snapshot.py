"""The matcher beside a naive reference: the same hits for any indicators and any values; time; broken files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taishi.intel import snapshot
from taishi.intel.match import Matcher
from taishi.intel.snapshot import BrokenSnapshot, Entry, Profile, Snapshot
from taishi.intel.values import Kind

PROFILE = Profile("f", "Feed", 80, "amber", "c2", "")


def entry(number: int, kind: Kind, value: str, begin: float | None = None, end: float | None = None) -> Entry:
    return Entry(number, kind, value, PROFILE, begin, end)


def snap(folder: Path, *entries: Entry) -> Snapshot:
    path = folder / "indicators-000000000001.bin"
    snapshot.write(path, entries, {"change": 1})
    return Snapshot(path)


# ---------------------------------------------------------------- differential

_four = st.integers(0, 255).flatmap(lambda low: st.integers(0, 3).map(lambda high: f"192.0.{high}.{low}"))
_six = st.integers(0, 1 << 20).map(lambda low: str(ip_address((0x2001_0DB8 << 96) + (low << 70))))
_net4 = st.tuples(_four, st.integers(16, 32)).map(lambda pair: str(ip_network(f"{pair[0]}/{pair[1]}", strict=False)))
_net6 = st.tuples(_six, st.integers(30, 70)).map(lambda pair: str(ip_network(f"{pair[0]}/{pair[1]}", strict=False)))
_label = st.sampled_from(["a", "b", "evil", "www", "x1", "com", "cn"])
_name = st.lists(_label, min_size=2, max_size=5).map(".".join)
_hash = st.integers(0, 30).map(lambda number: f"{number:032x}")
_indicator = st.one_of(
    st.tuples(st.just("ip"), st.one_of(_four, _six)),
    st.tuples(st.just("cidr"), st.one_of(_net4, _net6)),
    st.tuples(st.just("domain"), _name),
    st.tuples(st.just("hash"), _hash),
)


def _naive_ip(entries: dict[int, tuple[str, str]], text: str) -> set[int]:
    """The address itself, and of the networks that hold it the narrowest."""
    address = ip_address(text)
    own = {number for number, (kind, value) in entries.items() if kind == "ip" and ip_address(value) == address}
    holding = [
        (ip_network(value).prefixlen, number)
        for number, (kind, value) in entries.items()
        if kind == "cidr" and address.version == ip_network(value).version and address in ip_network(value)
    ]
    longest = max((length for length, _ in holding), default=0)
    return own | {number for length, number in holding if length == longest}


def _naive_name(entries: dict[int, tuple[str, str]], text: str) -> set[int]:
    """Of the domains that are the name or above it, the nearest."""
    holding = [
        (len(value), number)
        for number, (kind, value) in entries.items()
        if kind == "domain" and (text == value or text.endswith(f".{value}"))
    ]
    longest = max((length for length, _ in holding), default=0)
    return {number for length, number in holding if length == longest}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(_indicator, max_size=60), st.lists(st.one_of(_four, _six), max_size=20), st.lists(_name, max_size=20),
    st.lists(_hash, max_size=10),
)  # fmt: skip
def test_the_same_as_the_naive_reference(
    tmp_path: Path, found: list[tuple[Kind, str]], addresses: list[str], names: list[str], hashes: list[str]
) -> None:
    entries: dict[int, tuple[str, str]] = dict(enumerate(found, 1))
    snapped = snap(tmp_path, *(entry(number, kind, value) for number, (kind, value) in enumerate(found, 1)))
    for text in addresses:
        assert {hit.id for hit in snapped.address(text)} == _naive_ip(entries, text), text
    for text in names:
        assert {hit.id for hit in snapped.name(text)} == _naive_name(entries, text), text
    for text in hashes:
        expected = {number for number, pair in entries.items() if pair == ("hash", text)}
        assert {hit.id for hit in snapped.exact("hash", text)} == expected
    assert {hit.id for hit in snapped.entries()} == set(entries)


def test_values_that_share_a_checksum_are_told_apart(tmp_path: Path) -> None:
    """`plumless` and `buckeroo` have the same CRC-32, so a matcher by fingerprint alone would take one for the other."""
    from zlib import crc32

    assert crc32(b"plumless") == crc32(b"buckeroo")
    snapped = snap(tmp_path, entry(1, "domain", "plumless"))
    assert [hit.id for hit in snapped.exact("domain", "plumless")] == [1]
    assert snapped.exact("domain", "buckeroo") == ()


def test_chosen_collisions_do_not_make_a_long_bucket(tmp_path: Path) -> None:
    """Somebody who knows CRC can make values meet; the table is then built over another hash."""
    from zlib import crc32

    chosen: list[str] = []
    number = 0
    while len(chosen) < 80:
        text = f"{number:x}.evil.example"
        if crc32(bytes([2]) + text.encode()) & 0x7F == 5:  # 80 values make 128 buckets
            chosen.append(text)
        number += 1
    snapped = snap(tmp_path, *(entry(i, "domain", text) for i, text in enumerate(chosen, 1)))
    assert snapped.header["hash"] == "blake2b"
    assert all(snapped.exact("domain", text) for text in chosen)


# ---------------------------------------------------------------- time


def test_validity_is_the_events_and_the_receipts(tmp_path: Path) -> None:
    matcher = Matcher(snap(tmp_path, entry(1, "ip", "192.0.2.1", begin=1000, end=2000)))
    event = {"source.ip": "192.0.2.1"}

    def at(t: float, received: float) -> int:
        return len(matcher.matches(event, t, received))

    assert at(1500, 1501) == 1
    assert at(900, 1100) == 1, "feeds learn late of what was evil before"
    assert at(900, 950) == 0, "it was not in force yet when the event came"
    assert at(2000, 2001) == 0, "it has ended"
    assert at(1999, 2500) == 1, "what happened while it held is not excused by coming late"


def test_withdrawal_applies_to_a_mapped_file(tmp_path: Path) -> None:
    snapped = snap(tmp_path, entry(1, "domain", "evil.example"), entry(2, "ip", "192.0.2.9"))
    matcher = Matcher(snapped)
    event = {"dns.question.name": "a.evil.example", "source.ip": "192.0.2.9"}
    assert len(matcher.matches(event, 0, 0)) == 2
    snapped.mute(frozenset({1}), frozenset())
    assert [one.hit.id for one in matcher.matches(event, 0, 0)] == [2]
    snapped.mute(frozenset(), frozenset({"f"}))
    assert matcher.matches(event, 0, 0) == []
    snapped.mute(frozenset(), frozenset())
    assert len(matcher.matches(event, 0, 0)) == 2


# ---------------------------------------------------------------- events


def test_fields_and_directions(tmp_path: Path) -> None:
    matcher = Matcher(
        snap(
            tmp_path, entry(1, "domain", "evil.example"), entry(2, "url", "http://files.example/a"), entry(3, "hash", "a" * 32),
            entry(4, "ja3", "b" * 32), entry(5, "email", "boss@evil.example"), entry(6, "serial", "deadbeef01"),
            entry(7, "certificate", "c" * 40), entry(8, "ja4", "t13d1516h2_8daaf6152771_b186095e22b6"),
            entry(9, "cidr", "198.51.100.0/24"),
        )
    )  # fmt: skip

    def look(**event: object) -> list[tuple[int, str, str]]:
        named = {name.replace("__", "."): value for name, value in event.items()}
        return sorted((one.hit.id, one.field, one.direction) for one in matcher.matches(named, 0, 0))

    assert look(dns__question__name="WWW.Evil.Example.") == [(1, "dns.question.name", "out")]
    assert look(url__domain="files.example", url__original="/a?id=7") == [(2, "url.original", "out")]
    assert look(url__domain="files.example", url__full="http://files.example/A") == [], "paths tell case"
    assert look(related__hash=["A" * 32], file__hash__md5="A" * 32) == [(3, "file.hash.md5", "file")]
    assert look(related__hash=["b" * 32], tls__client__ja3="b" * 32) == [(4, "tls.client.ja3", "file")]
    assert look(email__from__address=["Boss@EVIL.example"]) == [(5, "email.from.address", "mail")]
    assert look(tls__server__x509__serial_number="DE:AD:BE:EF:01") == [(6, "tls.server.x509.serial_number", "out")]
    assert look(related__hash=["c" * 40], tls__server__hash__sha1="c" * 40) == [(7, "tls.server.hash.sha1", "out")]
    assert look(tls__client__ja4="t13d1516h2_8daaf6152771_b186095e22b6") == [(8, "tls.client.ja4", "file")]
    assert look(related__ip=["198.51.100.7"], destination__ip="198.51.100.7") == [(9, "destination.ip", "out")]
    assert look(related__ip=["198.51.100.7"], source__ip="198.51.100.7") == [(9, "source.ip", "in")]
    assert look(related__ip=["198.51.100.7"], host__ip=["198.51.100.7"]) == [], "a host's own address"
    assert look(related__hosts=["www.evil.example"], host__name="www.evil.example") == [], "a host's own name"


_fields = st.sampled_from(["source.ip", "dns.question.name", "url.domain", "url.original", "tls.client.ja4"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_fields, st.one_of(st.text(max_size=20), st.integers())))
def test_strange_events_hurt_nobody(tmp_path: Path, event: dict[str, object]) -> None:
    matcher = Matcher(snap(tmp_path, entry(1, "url", "http://evil.example/")))
    assert matcher.matches(event, 0, 0) == []


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("cut", [0, 5, 40, -1])
def test_a_broken_file_is_told(tmp_path: Path, cut: int) -> None:
    snap(tmp_path, entry(1, "ip", "192.0.2.1"))
    path = tmp_path / "indicators-000000000001.bin"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(BrokenSnapshot):
        Snapshot(path)


SLOW = """
import sys, time
from pathlib import Path
from taishi.intel import snapshot
from tests.taishi.intel.test_snapshot import entry

def slow():
    for number in range(200_000):
        yield entry(number, "ip", f"198.51.{number // 250 % 250}.{number % 250}")
real = snapshot.os.fsync
def waits(descriptor):
    print("writing", flush=True)
    time.sleep(60)
snapshot.os.fsync = waits
snapshot.write(Path(sys.argv[1]), slow(), {"change": 2})
"""


def test_a_builder_killed_while_it_writes_leaves_the_old_file(tmp_path: Path) -> None:
    old = snap(tmp_path, entry(1, "ip", "192.0.2.1"))
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, str(old.path)], stdout=subprocess.PIPE, cwd=Path(__file__).resolve().parents[3]
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == b"writing\n"
        os.kill(child.pid, signal.SIGKILL)
    again = Snapshot(old.path)
    assert [hit.id for hit in again.address("192.0.2.1")] == [1]
    assert list(tmp_path.glob(".indicators*.tmp")), "what it left behind is not taken for a snapshot"


def test_a_map_outlives_its_file(tmp_path: Path) -> None:
    snapped = snap(tmp_path, entry(1, "ip", "192.0.2.1"))
    snapped.path.unlink()
    started = time.monotonic()
    assert [hit.id for hit in snapped.address("192.0.2.1")] == [1]
    assert time.monotonic() >= started
