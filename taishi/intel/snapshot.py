"""A million indicators in one file that every process maps into memory: built beside the work, replaced as a whole.

A look-up is a CRC of the kind and the value, one byte of a bitmap that says "certainly not" for almost everything, then
the few entries of one bucket, compared in full: no value is ever matched by its fingerprint alone. Networks of IPv4 lie
in one sorted array of disjoint ranges, those of IPv6 are looked up once for each prefix length there is. A memory of the
values met last spares most look-ups even that.

The file is never changed once it has its name: it is written beside it, synced, and renamed. A process that dies while
writing leaves the old one in place.

    magic, header length, header (JSON: counts, offsets, the feeds and "profiles" that indicators share)
    bitmap            2^b bits
    buckets           2^n + 1 × u32: where a bucket's entries begin, in units of four bytes
    entries           u16 key length, u8 count, u8 kind, key, padding, then count × (u64 id, u32 profile, u32 from, u32 until)
    ranges            u32 starts …, then u32 places of their entries (0: none)
"""

from __future__ import annotations

import mmap
import os
import struct
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from socket import AF_INET, inet_pton
from typing import Any, Final
from zlib import crc32

import orjson

from taishi.intel.values import KINDS, Kind

MAGIC: Final = b"TAISHI-INTEL-3\n\0"
FOREVER: Final = 0xFFFF_FFFF
"""`until` of what has no end; `from` of what has no beginning is 0."""

MEMORY: Final = 65_536
"""Values remembered per kind; forgotten all at once when full: it is only a memory."""

LONG_BUCKET: Final = 64
"""Values of one bucket above which somebody chose them to meet: then the table is built over BLAKE2b instead of CRC."""

_ENTRY: Final = struct.Struct("<HBB")
_HIT: Final = struct.Struct("<QIII")
_CODES: Final[dict[str, int]] = {kind: number for number, kind in enumerate(KINDS)}
_URL_HOST: Final = b"\xff"
"""Before a host that some URL indicator names; only in the bitmap, so that most URLs need no second look."""

_PREFIX: Final[dict[str, bytes]] = {kind: bytes([number]) for kind, number in _CODES.items()}


@dataclass(frozen=True, slots=True)
class Profile:
    """What many indicators of a feed have in common."""

    feed_id: str
    feed_name: str
    confidence: int
    tlp: str
    purpose: str
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An indicator as the file holds it; times are epoch seconds."""

    id: int
    kind: Kind
    value: str
    profile: Profile
    valid_from: float | None
    valid_until: float | None


@dataclass(frozen=True, slots=True)
class Hit:
    """An indicator that a value met, before its time is looked at."""

    id: int
    kind: Kind
    value: str
    profile: Profile
    valid_from: int
    valid_until: int

    def holds(self, t: float, received_at: float) -> bool:
        """Whether it was in force for an event of time `t` that came at `received_at`: not before it begins, and for
        nothing that happened after it ended."""
        return self.valid_from <= received_at and t < self.valid_until


Hits = tuple[Hit, ...]
NO_HITS: Final[Hits] = ()


class BrokenSnapshot(ValueError):
    """A file that is no snapshot of this version."""


def _crc(key: bytes) -> int:
    return crc32(key)


def _strong(key: bytes) -> int:
    return int.from_bytes(blake2b(key, digest_size=4).digest(), "little")


HASHES: Final[dict[str, Callable[[bytes], int]]] = {"crc32": _crc, "blake2b": _strong}


# ---------------------------------------------------------------- writing


class _Table:
    """Entries by bucket, and what they refer to."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.profiles: dict[Profile, int] = {}
        self.values: dict[bytes, bytearray] = {}
        self.networks: set[str] = set()
        self.count = 0
        for entry in entries:
            self._add(entry)

    def _add(self, entry: Entry) -> None:
        key = _PREFIX[entry.kind] + entry.value.encode("utf-8", "surrogatepass")
        profile = self.profiles.setdefault(entry.profile, len(self.profiles))
        begin = 0 if entry.valid_from is None else max(0, min(FOREVER - 1, int(entry.valid_from)))
        end = FOREVER if entry.valid_until is None else max(0, min(FOREVER - 1, int(entry.valid_until)))
        hits = self.values.setdefault(key, bytearray())
        if len(hits) < 255 * _HIT.size:
            hits += _HIT.pack(entry.id, profile, begin, end)
            self.count += 1
        if entry.kind == "cidr":
            self.networks.add(entry.value)


def write(path: Path, entries: Iterable[Entry], header: dict[str, Any]) -> int:
    """Build a snapshot and put it in place; returns how many indicators it holds. `header` is kept as it is (JSON)."""
    table = _Table(entries)
    bits = max(10, (max(1, len(table.values)) * 32 - 1).bit_length())
    size = max(4, (max(1, len(table.values)) - 1).bit_length())
    chosen = "crc32"
    numbers = {key: crc32(key) for key in table.values}
    if _longest(numbers.values(), size) > LONG_BUCKET:
        chosen = "blake2b"
        numbers = {key: _strong(key) for key in table.values}
    body, buckets, bitmap, places = _lay_out(table, numbers, chosen, bits, size)
    starts, ranges = _ranges(table.networks, places)
    described = {
        **header,
        "hash": chosen, "bits": bits, "size": size, "count": table.count, "values": len(table.values),
        "profiles": [[p.feed_id, p.feed_name, p.confidence, p.tlp, p.purpose, p.name] for p in table.profiles],
        "v6": sorted({ip_network(name).prefixlen for name in table.networks if ":" in name}, reverse=True),
        "bitmap": len(bitmap), "buckets": len(buckets) * 4, "entries": len(body), "ranges": len(starts),
    }  # fmt: skip
    text = orjson.dumps(described)
    text += b" " * (-(len(MAGIC) + 4 + len(text)) % 8)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(MAGIC + struct.pack("<I", len(text)) + text)
        for part in (bitmap, buckets.tobytes(), body, starts.tobytes(), ranges.tobytes()):
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)
    return table.count


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _longest(numbers: Iterable[int], size: int) -> int:
    counts = array("I", bytes(4 << size))
    mask = (1 << size) - 1
    for number in numbers:
        counts[number & mask] += 1
    return max(counts)


def _lay_out(
    table: _Table, numbers: dict[bytes, int], chosen: str, bits: int, size: int
) -> tuple[bytearray, array[int], bytearray, dict[bytes, int]]:
    """Entries in the order of their buckets; (entries, bucket starts, bitmap, key of a network → place)."""
    mask, wide = (1 << size) - 1, (1 << bits) - 1
    bitmap = bytearray((1 << bits) // 8)
    for host in {host for key in numbers if key[0] == _CODES["url"] and (host := _host(key[1:]))}:
        spread = (HASHES[chosen](_URL_HOST + host) * 0x9E37_79B1) & wide
        bitmap[spread >> 3] |= 1 << (spread & 7)
    body = bytearray(4)  # place 0 means none
    buckets: array[int] = array("I")
    places: dict[bytes, int] = {}
    code = _CODES["cidr"]
    for key in sorted(numbers, key=lambda key: (numbers[key] & mask, key)):
        number = numbers[key]
        spread = (number * 0x9E37_79B1) & wide
        bitmap[spread >> 3] |= 1 << (spread & 7)
        place = len(body) // 4
        while len(buckets) <= number & mask:
            buckets.append(place)
        if key[0] == code:
            places[key] = place
        hits = table.values[key]
        body += _ENTRY.pack(len(key) - 1, len(hits) // _HIT.size, key[0]) + key[1:]
        body += b"\0" * (-len(body) % 4) + hits
    while len(buckets) <= 1 << size:
        buckets.append(len(body) // 4)
    return body, buckets, bitmap, places


def _host(url: bytes) -> bytes:
    """Of a normalised URL, without its port."""
    place = url.split(b"/", 3)[2] if url.count(b"/") >= 2 else b""
    return place.rpartition(b":")[0] or place if place[:1] != b"[" else place.partition(b"]")[0][1:]


def _ranges(networks: Iterable[str], places: dict[bytes, int]) -> tuple[array[int], array[int]]:
    """Disjoint ranges of IPv4, each with the narrowest network that covers it."""
    starts: array[int] = array("I", [0])
    found: array[int] = array("I", [0])
    four = sorted(
        (ip_network(name) for name in networks if ":" not in name), key=lambda n: (int(n.network_address), n.prefixlen)
    )
    open_: list[tuple[int, int]] = []  # (last address, place), the narrowest on top

    def begin(at: int, place: int) -> None:
        if at > 0xFFFF_FFFF:
            return
        if starts[-1] == at:
            found[-1] = place
        elif found[-1] != place:
            starts.append(at)
            found.append(place)

    def close(before: int) -> None:
        while open_ and open_[-1][0] < before:
            last, _ = open_.pop()
            begin(last + 1, open_[-1][1] if open_ else 0)

    for network in four:
        first = int(network.network_address)
        close(first)
        place = places[_PREFIX["cidr"] + str(network).encode()]
        open_.append((int(network.broadcast_address), place))
        begin(first, place)
    close(1 << 33)
    return starts, found


# ---------------------------------------------------------------- reading


class Snapshot:
    """A mapped file. Look-ups give what the value met; whether it was in force is the caller's question (`Hit.holds`)."""

    def __init__(self, path: Path) -> None:
        """Raises BrokenSnapshot, and OSError where it cannot be opened."""
        with path.open("rb") as file:
            try:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError as error:
                raise BrokenSnapshot(f"{path.name} is empty") from error
        self.path = path
        self.header = self._read_header()
        self.change: int = int(self.header.get("change", 0))
        self.count: int = self.header["count"]
        self._hash = HASHES[self.header["hash"]]
        self._wide, self._mask = (1 << self.header["bits"]) - 1, (1 << self.header["size"]) - 1
        self._profiles = [Profile(*row) for row in self.header["profiles"]]
        self._v6: list[int] = self.header["v6"]
        self.muted: frozenset[int] = frozenset()
        """Ids that were withdrawn since it was built."""
        self.silent: frozenset[str] = frozenset()
        """Feeds that were paused or removed since."""
        self._known: dict[str, dict[str, Hits]] = {kind: {} for kind in ("ip", *KINDS)}

    def _read_header(self) -> dict[str, Any]:
        if self._map[: len(MAGIC)] != MAGIC:
            raise BrokenSnapshot(f"{self.path.name} is no snapshot of this version")
        (length,) = struct.unpack_from("<I", self._map, len(MAGIC))
        start = len(MAGIC) + 4
        try:
            header: dict[str, Any] = orjson.loads(self._map[start : start + length])
            at = start + length
            view = memoryview(self._map)
            sizes = (header["bitmap"], header["buckets"], header["entries"], header["ranges"] * 4, header["ranges"] * 4)
            if at + sum(sizes) != len(self._map):
                raise BrokenSnapshot(f"{self.path.name} is cut short")
            parts = []
            for size in sizes:
                parts.append(view[at : at + size])
                at += size
        except (orjson.JSONDecodeError, KeyError) as error:
            raise BrokenSnapshot(f"{self.path.name} has no header") from error
        self._bitmap, self._entries = parts[0], parts[2]
        self._buckets, self._starts, self._found = (parts[number].cast("I") for number in (1, 3, 4))
        return header

    def mute(self, ids: frozenset[int], feeds: frozenset[str]) -> None:
        """Stop matching these at once; the next snapshot will not hold them."""
        if ids != self.muted or feeds != self.silent:
            self.muted, self.silent = ids, feeds
            self.forget()

    def forget(self) -> None:
        for known in self._known.values():
            known.clear()

    # ------------------------------------------------------------ the three ways to look up

    def exact(self, kind: Kind, value: str) -> Hits:
        """Indicators of this kind and normalised value."""
        return self._look(kind, _PREFIX[kind] + value.encode("utf-8", "surrogatepass"))

    def _look(self, kind: Kind, key: bytes) -> Hits:
        number = self._hash(key)
        spread = (number * 0x9E37_79B1) & self._wide
        if not self._bitmap[spread >> 3] & (1 << (spread & 7)):
            return NO_HITS
        bucket = number & self._mask
        place, end = self._buckets[bucket] * 4, self._buckets[bucket + 1] * 4
        entries, length = self._entries, len(key) - 1
        while place < end:
            size, count, code = _ENTRY.unpack_from(entries, place)
            after = place + 4 + size + (-size % 4)
            if size == length and code == key[0] and entries[place + 4 : place + 4 + size] == key[1:]:
                return self._hits(kind, key[1:].decode("utf-8", "surrogatepass"), after, count)
            place = after + count * _HIT.size
        return NO_HITS

    def _hits(self, kind: Kind, value: str, at: int, count: int) -> Hits:
        found = []
        for number in range(count):
            identity, profile, begin, end = _HIT.unpack_from(self._entries, at + number * _HIT.size)
            described = self._profiles[profile]
            if identity not in self.muted and described.feed_id not in self.silent:
                found.append(Hit(identity, kind, value, described, begin, end))
        return tuple(found)

    def address(self, text: str) -> Hits:
        """An IP address as an event writes it: itself, and the narrowest network that holds it."""
        try:
            return self._four(text, int.from_bytes(inet_pton(AF_INET, text), "big"))
        except (OSError, ValueError):
            pass  # of the other family, or written in another way
        try:
            parsed = ip_address(text)
        except ValueError:
            return NO_HITS
        if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        if isinstance(parsed, IPv4Address):
            return self._four(str(parsed), int(parsed))
        hits = self.exact("ip", str(parsed))
        for length in self._v6:
            network = ip_network((int(parsed) >> (128 - length) << (128 - length), length))
            found = self.exact("cidr", str(network))
            if found:
                return hits + found
        return hits

    def _four(self, text: str, number: int) -> Hits:
        hits = self.exact("ip", text)
        if len(self._starts) > 1:
            place = self._found[bisect_right(self._starts, number) - 1]
            if place:
                return hits + self._network(place)
        return hits

    def _network(self, place: int) -> Hits:
        size, count, _ = _ENTRY.unpack_from(self._entries, place * 4)
        value = bytes(self._entries[place * 4 + 4 : place * 4 + 4 + size]).decode()
        return self._hits("cidr", value, place * 4 + 4 + size + (-size % 4), count)

    def name(self, text: str) -> Hits:
        """A domain and those above it, the nearest that is an indicator."""
        name = text.rstrip(".").lower().encode("utf-8", "surrogatepass")
        prefix, at = _PREFIX["domain"], 0
        for _ in range(name.count(b".")):
            found = self._look("domain", prefix + name[at:])
            if found:
                return found
            at = name.index(b".", at) + 1
        return NO_HITS

    def names_urls(self, host: str) -> bool:
        """Whether some URL indicator may lie on a host; true for a few others too."""
        spread = (self._hash(_URL_HOST + host.lower().encode("utf-8", "surrogatepass")) * 0x9E37_79B1) & self._wide
        return bool(self._bitmap[spread >> 3] & (1 << (spread & 7)))

    # ------------------------------------------------------------ the same, remembered

    def known(self, kind: Kind) -> dict[str, Hits]:
        """What was looked up last: raw value → hits. The caller asks it first and `remember`s what it had to look up."""
        return self._known[kind]

    def remember(self, kind: Kind, raw: str, hits: Hits) -> Hits:
        known = self._known[kind]
        if len(known) >= MEMORY:
            known.clear()
        known[raw] = hits
        return hits

    def entries(self) -> Iterator[Hit]:
        """Everything it holds, for tests and reports."""
        place, end = 4, len(self._entries)
        while place < end:
            size, count, code = _ENTRY.unpack_from(self._entries, place)
            value = bytes(self._entries[place + 4 : place + 4 + size]).decode("utf-8", "surrogatepass")
            after = place + 4 + size + (-size % 4)
            yield from self._hits(KINDS[code], value, after, count)
            place = after + count * _HIT.size
