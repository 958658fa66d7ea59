"""Real logs by product: lines with what is known of each. Read by the conformance report; nothing of it is part of the project."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taishi.event import Event
from tests.collectors.parsers.corpus_sources import SOURCES, Line, _plain, _sc4s_text, _text

CORE = (
    "source.ip", "source.port", "source.address", "destination.ip", "destination.port", "destination.address", "client.ip",
    "user.name", "user.id", "host.hostname", "host.name", "process.name", "process.pid", "process.executable", "file.path",
    "file.hash.md5", "file.hash.sha1", "file.hash.sha256", "url.original", "url.path", "http.request.method",
    "http.response.status_code", "user_agent.original", "event.outcome", "event.action", "rule.name", "rule.id", "@timestamp",
    "network.transport", "dns.question.name", "log.level",
)  # fmt: skip
"""What analysts filter and correlate by."""

STRICT = tuple(
    name
    for name in CORE
    if name.endswith((".ip", ".port", ".md5", ".sha1", ".sha256")) or name in {"user.name", "host.hostname"}
)
"""Addresses, ports, users, hosts and hashes."""


@dataclass(frozen=True, slots=True)
class Product:
    """`marks`: words of which one must be in the observer's vendor or product, or in the parser's name, where a parser of its
    own read a line; empty where the material does not say."""

    name: str
    lines: list[Line]
    marks: tuple[str, ...] = ()


def beats(folder: Path) -> Iterator[Product]:
    """Filebeat's modules: each expected document names the offset of its record in the file."""
    for expected in sorted((folder / "beats-oss").rglob("*-expected.json")):
        raw = expected.with_name(expected.name.removesuffix("-expected.json")).read_bytes()
        truths = [one for one in json.loads(expected.read_text("utf-8")) if isinstance(one.get("log.offset"), int)]
        truths.sort(key=lambda one: int(one["log.offset"]))
        starts = [int(one["log.offset"]) for one in truths]
        lines = []
        for truth, start, end in zip(truths, starts, [*starts[1:], len(raw)], strict=True):
            record = raw[start:end].decode("utf-8", "replace").strip("\r\n")
            if "multiline" not in truth.get("log.flags", []):
                record = record.split("\n")[0].rstrip("\r")
            lines.append(Line(record, {name: truth[name] for name in CORE if name in truth}))
        module = expected.relative_to(folder / "beats-oss").parts
        head = [Line(line, group=str(expected)) for line in _headers(raw)]
        yield Product(f"beats {module[0]} {module[1] if len(module) > 2 else ''}".strip(), [*head, *lines], ())


def _headers(raw: bytes) -> list[str]:
    """Lines of a W3C log that give meaning to the others."""
    return [line for line in raw.decode("utf-8", "replace").split("\n") if line.startswith("#Fields")][:1]


_ALIASES = {
    "fortinet": ("forti",), "huawei": ("huawei",), "topsec": ("topsec", "天融信"), "sangfor": ("sangfor", "深信服"),
    "qianxin": ("qianxin", "qi-anxin", "qax", "legendsec", "奇安信", "网神"),
    "legendsec": ("legendsec", "qianxin", "网神", "奇安信"),
    "360": ("360", "qihoo"), "leadsec": ("leadsec", "网御"), "microsoft": ("microsoft", "windows"), "linux": ("linux",),
    "h3c": ("h3c",),
}  # fmt: skip


def botuq(folder: Path) -> Iterator[Product]:
    for vendor in sorted(path for path in (folder / "botuq-cn-vendors").iterdir() if path.is_dir()):
        rows = [json.loads(row.text) for path in sorted(vendor.glob("*.jsonl")) for row in _plain(path)]
        yield Product(
            f"cn {vendor.name}", [Line(row["raw"]) for row in rows], _ALIASES.get(vendor.name, (vendor.name,))
        )


def sc4s(folder: Path) -> Iterator[Product]:
    for path in sorted((folder / "sc4s-vendors").glob("*.jsonl")):
        rows = [json.loads(row.text) for row in _plain(path)]
        lines = [Line(_sc4s_text(row)) for row in rows if row["templates"]]
        yield Product(
            f"sc4s {path.stem}", [line for line in lines if line.text.strip()], (path.stem.partition("_")[0],)
        )


_META = {"source_ip": "source.ip", "http_status": "http.response.status_code", "http_verb": "http.request.method",
         "http_user_agent": "user_agent.original", "username": "user.name", "user": "user.name"}  # fmt: skip
_FACT = re.compile(r'^results\["(s0[12][^"]*)"\]\["([^"]+)"\]\[(\d+)\]\.Evt\.(Meta|Parsed)\["(\w+)"\] == (".*")$')


def crowdsec(folder: Path) -> Iterator[Product]:
    for test in sorted(path for path in (folder / "crowdsec-hub-tests").iterdir() if path.is_dir()):
        logs = sorted(test.glob("*.log"))
        asserted = test / "parser.assert"
        if not logs or not asserted.exists():
            continue
        facts = _facts(asserted)
        lines = [line for path in logs for line in _plain(path)]
        for line in lines:
            line.truth = next((truth for message, truth in facts if message and message in line.text), {})
        yield Product(f"crowdsec {test.name}", lines)


def _facts(path: Path) -> list[tuple[str, Event]]:
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in _text(path).splitlines():
        match = _FACT.match(row)
        if match:
            stage, name, index, _, key, value = match.groups()
            try:
                found.setdefault((stage, name, index), {})[key] = json.loads(value)
            except json.JSONDecodeError:
                continue  # Go writes some characters as JSON does not
    rows = []
    for one in found.values():
        truth = {_META[key]: value for key, value in one.items() if key in _META and value}
        rows.append((str(one.get("message", "")), truth))
    return sorted(rows, key=lambda row: -len(row[1]))


def others(folder: Path) -> Iterator[Product]:
    for name, read in SOURCES.items():
        if "botuq" not in name:
            yield Product(name, list(read(folder)))


READERS = (beats, botuq, sc4s, crowdsec, others)
