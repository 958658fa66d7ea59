"""CSV and JSON lists: a column that holds the value, and whatever else the columns say, in English or Chinese."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from taishi import clock
from taishi.intel.indicator import MAX_NAME, FeedError, Indicator, Item, Refusal, labels_of, tlp_of
from taishi.intel.values import KINDS, BadValue, Kind, guess, normalise

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "value": ("value", "indicator", "ioc", "ioc_value", "observable", "指标", "情报", "值", "ip", "address", "地址", "dst_ip",
              "domain", "host", "hostname", "域名", "url", "网址", "md5_hash", "md5", "sha1", "sha256", "sha256_hash", "hash",
              "散列", "哈希", "email", "邮箱", "ja3", "ja3_md5", "cidr", "network", "网段"),
    "kind": ("type", "kind", "ioc_type", "indicator_type", "类型", "指标类型"),
    "confidence": ("confidence", "confidence_level", "score", "置信度", "可信度"),
    "tlp": ("tlp", "marking", "sharing", "共享级别", "密级"),
    "valid_from": ("valid_from", "first_seen", "first_seen_utc", "date", "dateadded", "firstseen", "生效时间", "首次发现",
                   "发布时间"),
    "valid_until": ("valid_until", "expires", "expiration", "expiry", "失效时间", "过期时间", "有效期至"),
    "name": ("name", "threat", "malware", "malware_printable", "signature", "description", "comment", "威胁", "威胁名称", "家族",
             "描述", "名称", "说明"),
    "labels": ("labels", "tags", "tag", "threat_type", "category", "标签", "类别", "威胁类型"),
    "source_id": ("id", "uuid", "ioc_id", "编号"),
    "revoked": ("revoked", "withdrawn", "deleted", "撤销", "已撤销"),
}  # fmt: skip
"""Meaning → names of columns that carry it, the first present wins. A feed's own mapping goes before."""

KIND_NAMES: Final[dict[str, Kind]] = {
    **{kind: kind for kind in KINDS},
    "ipv4": "ip", "ipv6": "ip", "ipv4-addr": "ip", "ipv6-addr": "ip", "ip-dst": "ip", "ip-src": "ip", "ip:port": "ip",
    "address": "ip", "地址": "ip", "ip地址": "ip", "network": "cidr", "subnet": "cidr", "网段": "cidr", "hostname": "domain",
    "fqdn": "domain", "host": "domain", "domain-name": "domain", "域名": "domain", "uri": "url", "网址": "url", "link": "url",
    "md5": "hash", "sha1": "hash", "sha-1": "hash", "sha256": "hash", "sha-256": "hash", "sha512": "hash", "sha224": "hash",
    "md5_hash": "hash", "sha256_hash": "hash", "filehash": "hash", "file": "hash", "散列": "hash", "哈希": "hash", "文件": "hash",
    "ja3-fingerprint-md5": "ja3", "ja3s": "ja3", "ja4-plus": "ja4", "cert": "certificate", "x509-fingerprint-sha1": "certificate",
    "x509-fingerprint-sha256": "certificate", "certificate-hash": "certificate", "证书": "certificate", "证书指纹": "certificate",
    "serial_number": "serial", "certificate-serial": "serial", "证书序列号": "serial", "email-src": "email", "email-addr": "email",
    "mail": "email", "邮箱": "email", "邮件": "email",
}  # fmt: skip
"""What lists call kinds, in lower case."""

TRUE: Final = frozenset({"1", "true", "yes", "y", "是", "已撤销"})
WORDS: Final = {"high": 85, "medium": 60, "low": 30, "高": 85, "中": 60, "低": 30, "none": 0}

csv.field_size_limit(1 << 20)


def moment(text: object) -> float | None:
    """Epoch seconds from a number, RFC 3339 or `2026-05-01 08:00:00` (UTC); None for nothing. Raises BadValue."""
    if text is None or text == "":
        return None
    if isinstance(text, int | float) and not isinstance(text, bool):
        seconds = float(text)
    else:
        plain = str(text).strip().replace("/", "-").removesuffix(" UTC")
        if plain.replace(".", "", 1).isdecimal() and len(plain) >= 9:
            seconds = float(plain)
        else:
            if len(plain) == 10:
                plain = f"{plain}T00:00:00Z"
            elif " " in plain and "T" not in plain:
                plain = plain.replace(" ", "T", 1)
            try:
                seconds = clock.to_seconds(
                    plain if plain[-1:] in "Zz" or "+" in plain[10:] or "-" in plain[10:] else f"{plain}Z"
                )
            except ValueError:
                raise BadValue(f"{str(text)[:40]!r} is no time; write 2026-05-28T08:00:00Z") from None
    if not 0 <= seconds < 253_402_300_799:
        raise BadValue(f"{str(text)[:40]!r} is no time between 1970 and 9999")
    return seconds


def confidence(text: object) -> int | None:
    """0–100 from a number, a percentage, a share or a word; None for nothing. Raises BadValue."""
    if text is None or text == "":
        return None
    plain = str(text).strip().lower().removesuffix("%")
    if plain in WORDS:
        return WORDS[plain]
    try:
        number = float(plain)
    except ValueError:
        raise BadValue(f"{str(text)[:40]!r} is no confidence from 0 to 100") from None
    if "." in plain and 0 < number < 1:
        number *= 100
    if not 0 <= number <= 100:
        raise BadValue(f"{str(text)[:40]!r} is no confidence from 0 to 100")
    return round(number)


class Columns:
    """Which column means what: the feed's own mapping, else by name."""

    def __init__(self, header: Mapping[str, Any] | list[str], mapping: Mapping[str, str]) -> None:
        unknown = set(mapping) - set(COLUMNS)
        if unknown:
            raise FeedError(f"the column mapping names {min(unknown)!r}; it may name {', '.join(COLUMNS)}")
        by_name = {name.strip().lower().lstrip("#").strip().strip('"'): name for name in header}
        self.found: dict[str, str] = {}
        for meaning, names in COLUMNS.items():
            wanted = mapping.get(meaning)
            if wanted is not None:
                if wanted.lower() not in by_name:
                    raise FeedError(f"the list has no column {wanted!r}; it has {', '.join(list(by_name)[:20])}")
                self.found[meaning] = by_name[wanted.lower()]
            else:
                name = next((by_name[name] for name in names if name in by_name), None)
                if name is not None:
                    self.found[meaning] = name
        if "value" not in self.found:
            raise FeedError(
                f"no column holds the value: the columns are {', '.join(list(by_name)[:20])}; name it with a mapping"
            )

    def read(self, row: Mapping[str, Any], default: Kind | None) -> Item:
        get = {meaning: row.get(name) for meaning, name in self.found.items()}.get
        raw = get("value")
        if isinstance(raw, dict | list) or raw is None or raw == "":
            return Refusal(str(raw)[:80], "no value in this row")
        text = str(raw)
        try:
            kind, value = self._value(text, get("kind"), default)
            tags = get("labels")
            many = tags if isinstance(tags, list) else str(tags or "").replace("|", ",").replace(";", ",").split(",")
            return Indicator(
                kind, value, confidence(get("confidence")), tlp_of(str(get("tlp") or "")), moment(get("valid_from")),
                moment(get("valid_until")), str(get("name") or "").strip()[:MAX_NAME], labels_of(many),
                str(get("source_id") or "")[:200], str(get("revoked") or "").strip().lower() in TRUE,
            )  # fmt: skip
        except BadValue as error:
            return Refusal(text[:120], str(error))

    def _value(self, text: str, named: object, default: Kind | None) -> tuple[Kind, str]:
        word = str(named or "").strip().lower()
        kind = KIND_NAMES.get(word) or (default if not word else None)
        if kind is None:
            if word and word not in {"ioc", "indicator", "unknown", "other"}:
                raise BadValue(f"the type {word[:40]!r} cannot be matched")
            return guess(text)
        if kind == "ip" and "/" in text:
            kind = "cidr"
        elif kind == "ip" and text.count(":") == 1:
            text = text.partition(":")[0]  # lists write address:port
        return kind, normalise(kind, text)


def read_csv(text: str, mapping: Mapping[str, str] | None = None, default: Kind | None = None) -> Iterator[Item]:
    """A header and rows, comma, semicolon or tab separated; or bare values, one a line. `#` begins a comment.
    Raises FeedError."""
    lines = text.splitlines()
    body = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    comments = [line.lstrip("# ").strip() for line in lines[:60] if line.lstrip().startswith("#")]
    if not body:
        return
    mapping = mapping or {}
    delimiter = max(",;\t", key=body[0].count)
    if delimiter not in body[0]:
        yield from _bare(body, mapping, default)
        return
    header = next(csv.reader([body[0]], delimiter=delimiter))
    try:
        columns, rows = Columns(header, mapping), body[1:]
    except FeedError:
        # Some lists carry their header as the last comment.
        header = next(csv.reader([comments[-1]], delimiter=delimiter, skipinitialspace=True)) if comments else []
        columns, rows = Columns(header, mapping), body
    reader = csv.DictReader(io.StringIO("\n".join(rows)), fieldnames=header, delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            yield columns.read(row, default)
    except csv.Error as error:
        raise FeedError(f"the list is no CSV: {error}") from error


def _bare(body: list[str], mapping: Mapping[str, str], default: Kind | None) -> Iterator[Item]:
    header = body[0].strip().strip('"').lower()
    if header in COLUMNS["value"] or header in {name.lower() for name in mapping.values()}:
        body = body[1:]
    columns = Columns(["value"], {})
    for line in body:
        yield columns.read({"value": line.strip().strip('"').partition(" #")[0].strip()}, default)


def read_json(raw: object, mapping: Mapping[str, str] | None = None, default: Kind | None = None) -> Iterator[Item]:
    """An array of objects or of bare values, or an object with one such array in it. Raises FeedError."""
    rows = raw
    if isinstance(raw, dict):
        arrays = [value for value in raw.values() if isinstance(value, list)]
        if not arrays:
            raise FeedError("the JSON document holds no array of indicators")
        rows = max(arrays, key=len)
    if not isinstance(rows, list):
        raise FeedError("the JSON document holds no array of indicators")
    columns: dict[tuple[str, ...], Columns] = {}
    for row in rows:
        if isinstance(row, dict):
            shape = tuple(row)
            try:
                known = columns.get(shape) or columns.setdefault(shape, Columns(list(row), mapping or {}))
            except FeedError as error:
                yield Refusal(orjson.dumps(row, default=str)[:120].decode("utf-8", "replace"), str(error))
                continue
            if len(columns) > 1000:
                columns.clear()
            yield known.read(row, default)
        else:
            yield Columns(["value"], {}).read({"value": row}, default)
