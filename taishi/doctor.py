"""`taishi doctor`: is everything there that these settings need? Reads only; changes nothing."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography import x509
from sqlalchemy import func, select

from taishi.compose import build_records, build_store, build_stream
from taishi.event import TOPIC_EVENTS
from taishi.findings import Finding, guarded, judged
from taishi.intel import book, builds
from taishi.records.tables import DetectionRule, Feed, StreamOffset
from taishi.scope import EVERYTHING
from taishi.settings import Settings

LEAST_PYTHON: Final = (3, 11)
DISK_SHARE: Final = 0.15
"""Free share of the disk below which Elasticsearch places no more shards, and we warn about our own data too."""

CLOCK_SECONDS: Final = 2.0
CERTIFICATE_DAYS: Final = 30.0
FEED_SECONDS: Final = 600.0
MOST_RULES: Final = 20
"""Rules switched off that are named."""


def examine(settings: Settings) -> list[Finding]:
    """Every check, in the order in which a person would mend them."""
    return [
        *guarded("machine", lambda: _machine(settings)),
        *guarded("certificates", lambda: _certificates(settings)),
        *guarded("stream", lambda: _stream(settings)),
        *guarded("store", lambda: _store(settings)),
        *guarded("records", lambda: _records(settings)),
        *guarded("rules", lambda: _rules(settings)),
        *guarded("intelligence", lambda: _intelligence(settings)),
        *guarded("dashboards", lambda: _dashboards(settings)),
    ]


def _machine(settings: Settings) -> Iterator[Finding]:
    yield judged(
        "machine", f"Python {platform.python_version()}", good=sys.version_info >= LEAST_PYTHON,
        advice="Install Python 3.11 or newer.",
    )  # fmt: skip
    folder = settings.data_dir.absolute()
    place = next(path for path in (folder, *folder.parents) if path.exists())
    yield judged(
        "machine", f"data directory {folder}", good=os.access(place, os.W_OK | os.X_OK),
        advice="Let the account of this process write there, or set data_dir.",
    )  # fmt: skip
    disk = shutil.disk_usage(place)
    yield judged(
        "machine", f"{disk.free / 1e9:.0f} GB of {disk.total / 1e9:.0f} GB free below {place}", otherwise="warn",
        good=disk.free > max(DISK_SHARE * disk.total, settings.collect.spool_bytes),
        advice="Free some space: the collectors' spool needs room for an outage of the stream.",
    )  # fmt: skip


def _certificates(settings: Settings) -> Iterator[Finding]:
    parts = {"syslog": settings.syslog, "http": settings.http, "stream": settings.stream, "store": settings.store}
    for part, section in parts.items():
        for name in ("certificate", "private_key", "client_ca", "ca"):
            path: Path | None = getattr(section, name, None)
            if path is not None:
                yield _pem(f"{part}.{name}", path)


def _pem(name: str, path: Path) -> Finding:
    try:
        data = path.read_bytes()
    except OSError as error:
        return Finding("certificates", "fail", f"{name} {path}: {error.strerror}", "Name a file this account may read.")
    if name.endswith("private_key"):
        return Finding("certificates", "ok", f"{name} {path} can be read")
    try:
        certificates = x509.load_pem_x509_certificates(data)
    except ValueError:
        return Finding("certificates", "fail", f"{name} {path} holds no certificate", "Write it as PEM.")
    days = min(certificate.not_valid_after_utc.timestamp() - time.time() for certificate in certificates) / 86_400
    return judged(
        "certificates", f"{name} {path} is valid for {days:.0f} more days", good=days > CERTIFICATE_DAYS,
        otherwise="warn" if days > 0 else "fail", advice="Renew it.",
    )  # fmt: skip


def _stream(settings: Settings) -> Iterator[Finding]:
    stream = build_stream(settings)
    try:
        yield from stream.examine()
        wanted, found = settings.stream.partitions, len(stream.partitions(TOPIC_EVENTS))
        yield judged(
            "stream", f"topic {TOPIC_EVENTS} has {found} partitions", good=found == wanted,
            otherwise="warn",
            advice=f"`taishi topics` makes it with {wanted}." if not found else
            f"The setting says {wanted}. The topic's number stands: another one would move enterprises between "
            "partitions away from their state.",
        )  # fmt: skip
    finally:
        stream.close()


def _store(settings: Settings) -> Iterator[Finding]:
    store = build_store(settings, writable=False)
    try:
        yield from store.examine()
    finally:
        store.close()


def _records(settings: Settings) -> Iterator[Finding]:
    records = build_records(settings)
    try:
        found = records.examine()
        yield from found
        if any(finding.state == "fail" for finding in found):
            return  # without its tables nothing more can be asked
        with records.read(EVERYTHING) as session:
            committed = session.scalar(select(func.count()).select_from(StreamOffset))
        yield Finding("records", "ok", f"positions of {committed} partitions are committed")
        if settings.records.url:
            apart = abs(records.clock() - time.time())
            yield judged(
                "records", f"the server's clock is {apart:.1f} s from ours", good=apart < CLOCK_SECONDS, otherwise="warn",
                advice="Run NTP (chrony) on every machine: times of receipt come from each machine's own clock.",
            )  # fmt: skip
    finally:
        records.close()


def _rules(settings: Settings) -> Iterator[Finding]:
    """Which rules run, and which the platform has switched off for what they cost."""
    records = build_records(settings)
    try:
        with records.read(EVERYTHING) as session:
            running = DetectionRule.state.in_(("test", "stable"))
            counted = select(func.count()).select_from(DetectionRule)
            stored = session.scalar(counted) or 0  # none before the first `taishi process` brought the platform's own
            loaded = session.scalar(counted.where(running, DetectionRule.throttled == "")) or 0
            heavy = session.execute(
                select(DetectionRule.id, DetectionRule.title, DetectionRule.throttled)
                .where(running, DetectionRule.throttled != "")
                .order_by(DetectionRule.id)
                .limit(MOST_RULES)
            ).all()
    finally:
        records.close()
    yield judged(
        "rules", f"{loaded:,} of {stored:,} detection rules run", good=loaded > 0 or stored == 0, otherwise="warn",
        advice="All are drafts, off or too costly: `taishi rules list` tells, `taishi rules set ID stable` starts one.",
    )  # fmt: skip
    for identity, title, reason in heavy:
        yield Finding(
            "rules", "warn", f"rule {identity} ({title}) was switched off: {reason}",
            f"Change the rule, or `taishi rules set {identity} stable` to let it run again.",
        )  # fmt: skip


def _intelligence(settings: Settings) -> Iterator[Finding]:
    """Whether what processors of this machine match is what Records hold, and whether feeds are fetched."""
    records = build_records(settings)
    try:
        if any(finding.state == "fail" for finding in records.examine()):
            return  # said under records
        with records.read(EVERYTHING) as session:
            change = book.change_of(session)
            feeds = list(session.scalars(select(Feed).where(Feed.state == "active", Feed.transport != "")))
            session.expunge_all()
    finally:
        records.close()
    found = builds.newest(settings.data_dir.absolute() / "intel")
    held = builds.change_of(found) if found is not None else 0
    yield judged(
        "intelligence", f"indicators are at change {change}, the file of this machine at {held}", otherwise="warn",
        good=held >= change, advice="Run `taishi intel keep` on every machine that runs `taishi process`.",
    )  # fmt: skip
    for feed in feeds:
        late = time.time() - max(feed.next_at, feed.created_at) > FEED_SECONDS
        yield judged(
            "intelligence", f"feed {feed.id}: {feed.error or ('waits to be pulled' if late else 'no problem')}",
            good=not feed.error and not late, otherwise="warn",
            advice="See its row on the page of feeds; `taishi intel keep` pulls it.",
        )  # fmt: skip
        name = feed.secret
        there = not name or not {name, name.lower()}.isdisjoint(settings.intel.secrets)
        yield judged(
            "intelligence", f"feed {feed.id}: secret {name or 'not needed'}", good=there,
            advice=f"Give TAISHI_INTEL__SECRETS__{name.upper()} to `taishi intel keep`.", otherwise="warn",
        )  # fmt: skip


def _dashboards(settings: Settings) -> Iterator[Finding]:
    index = settings.api.dashboards_dir / "index.html"
    yield judged(
        "dashboards", f"{index}", good=index.exists(), otherwise="warn",
        advice="Run `make setup`, or set api.dashboards_dir; the API works without them.",
    )  # fmt: skip
