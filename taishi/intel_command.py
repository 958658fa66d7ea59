"""`taishi intel …` on the command line."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from taishi import clock
from taishi.compose import build_records, prepare
from taishi.errors import ConfigError, NotFound
from taishi.intel import book, find
from taishi.intel.indicator import TLPS, FeedError, Item, Refusal, Tally, shown_id
from taishi.intel.read import FORMATS, MAX_BYTES, read
from taishi.intel.warned import warned
from taishi.records.tables import Feed, Indicator, IntelState
from taishi.scope import EVERYTHING
from taishi.settings import Settings

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


def read_path(path: Path, form: str, options: dict[str, Any]) -> Iterator[Item]:
    """Raises FeedError for what cannot be read."""
    if form not in FORMATS:
        raise ConfigError(f"{form!r} is no format; it is one of {', '.join(FORMATS)}")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FeedError(f"{path} is larger than {MAX_BYTES >> 20} MiB; split it")
        raw = path.read_bytes()
    except OSError as error:
        raise FeedError(f"{path} cannot be read: {error.strerror}") from error
    return read(raw, form, options)


def options_of(columns: list[str], kind: str) -> dict[str, Any]:
    """`--column value=ip` given several times, and the kind of values that say none. Raises ConfigError."""
    pairs = [one.partition("=") for one in columns]
    if any(not sign or not name for _, sign, name in pairs):
        raise ConfigError("--column is MEANING=COLUMN, such as value=ioc_value")
    return {"columns": {meaning: name for meaning, _, name in pairs}, "kind": kind}


def check(path: Path, form: str, options: dict[str, Any], *, as_json: bool) -> bool:
    """Say what a file holds, what is refused and why; stores nothing. True where nothing is refused."""
    kinds: Counter[str] = Counter()
    lists: Counter[str] = Counter()
    tally = Tally()
    for item in read_path(path, form, options):
        if isinstance(item, Refusal):
            tally.refuse(item)
        else:
            tally.accepted += 1
            kinds[item.kind] += 1
            listed = warned(item.kind, item.value)
            if listed:
                tally.warned += 1
                lists[listed] += 1
    report = {"accepted": tally.accepted, "kinds": dict(kinds), "refused": tally.refused,
              "reasons": [asdict(one) for one in tally.reasons], "never_matched": dict(lists)}  # fmt: skip
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print(tally, kinds, lists)
    return not tally.refused


def _print(tally: Tally, kinds: Counter[str], lists: Counter[str]) -> None:
    console = Console()
    shown = ", ".join(f"{kind} {count:,}" for kind, count in kinds.most_common())
    console.print(f"accepted {tally.accepted:,}{': ' + shown if shown else ''}")
    if lists:
        names = ", ".join(f"{name} {count:,}" for name, count in lists.most_common())
        console.print(f"on a warning list, kept but never matched: {names}")
    if tally.refused:
        table = Table(title=f"refused {tally.refused:,}")
        table.add_column("what", overflow="fold")
        table.add_column("why", overflow="fold")
        for one in tally.reasons:
            table.add_row(one.what, one.reason)
        console.print(table)


def add(
    settings: Settings,
    where: str,
    feed_id: str,
    form: str,
    options: dict[str, Any],
    *,
    defaults: dict[str, Any],
    actor: str,
) -> None:
    """Take a file in at once, or enter the address of a feed that the platform pulls from then on."""
    if not NAME.fullmatch(feed_id):
        raise ConfigError("a feed's name is made of lower-case letters, digits, dots, dashes and underscores")
    if defaults.get("tlp") not in {None, *TLPS}:
        raise ConfigError(f"{defaults['tlp']!r} is no TLP level; it is one of {', '.join(TLPS)}")
    remote = where.startswith(("http://", "https://"))
    if form not in {*FORMATS, "taxii"}:
        raise ConfigError(f"{form!r} is no format; it is one of {', '.join(FORMATS)}, taxii")
    if form == "taxii" and not remote:
        raise ConfigError("a TAXII feed is the address of a collection: https://host/api-root/collections/ID/")
    items = None if remote else read_path(Path(where), form, options)
    prepare(settings)
    records = build_records(settings)
    at = clock.now()
    try:
        transport = "" if not remote else "taxii" if form == "taxii" else "misp" if form == "misp" else "http"
        given = {name: value for name, value in defaults.items() if value is not None}
        with records.write(EVERYTHING) as session:
            feed = session.get(Feed, feed_id)
            if feed is None:
                feed = book.new_feed(
                    feed_id, feed_id, at, actor, format="stix" if form == "taxii" else form, transport=transport,
                    url=where if remote else "", options={**options, **given.pop("options", {})}, **given,
                )  # fmt: skip
                session.add(feed)
            elif remote:
                raise ConfigError(f"there is a feed {feed_id} already; remove it first or give another name")
            elif feed.state != "active":
                raise ConfigError(f"the feed {feed_id} is {feed.state}; start it first")
        if items is None:
            Console().print(f"{feed_id}: entered; `taishi intel keep` pulls it within a minute")
            return
        tally = book.take_in(records, feed_id, items, at)
        book.finished(records, feed_id, tally, at)
    finally:
        records.close()
    Console().print(
        f"{feed_id}: {tally.accepted:,} accepted, {tally.changed:,} new or changed, {tally.warned:,} never matched"
    )
    for one in tally.reasons:
        Console().print(f"refused {one.what!r}: {one.reason}", soft_wrap=True, markup=False)


def feeds(settings: Settings, *, as_json: bool) -> None:
    records = build_records(settings)
    try:
        with records.read(EVERYTHING) as session:
            counts = {
                row[0]: row[1]
                for row in session.execute(select(Indicator.feed_id, func.count()).group_by(Indicator.feed_id))
            }
            state = session.get(IntelState, book.ROW)
            found: list[dict[str, Any]] = [
                {"id": feed.id, "name": feed.name, "transport": feed.transport or "file", "url": feed.url, "state": feed.state,
                 "indicators": counts.get(feed.id, 0), "pulled_at": feed.pulled_at, "error": feed.error}
                for feed in session.scalars(select(Feed).where(Feed.state != "removed").order_by(Feed.id))
            ]  # fmt: skip
            built = (state.indicators, state.built_at, state.built, state.change) if state is not None else None
    finally:
        records.close()
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
        return
    table = Table(title=f"{len(found)} feeds")
    for column in ("feed", "from", "state", "indicators", "last", "problem"):
        table.add_column(column, overflow="fold", justify="right" if column == "indicators" else "left")
    for one in found:
        last = clock.to_text(one["pulled_at"]) if one["pulled_at"] else "–"
        row = (one["id"], one["url"] or "file", one["state"], f"{one['indicators']:,}", last, one["error"])
        table.add_row(*row)
    console = Console()
    console.print(table)
    if built is not None and built[1] is not None:
        behind = "" if built[2] >= built[3] else "; newer ones wait for `taishi intel keep`"
        console.print(f"matched at present: {built[0]:,}, since {clock.to_text(built[1])}{behind}")


def search(settings: Settings, value: str, *, as_json: bool) -> bool:
    """Print the indicators that a value meets; True where there are any."""
    records = build_records(settings)
    at = clock.now()
    try:
        with records.read(EVERYTHING) as session:
            rows = find.covering(session, value)
            found: list[dict[str, Any]] = [
                {"id": shown_id(row.id), "kind": row.kind, "value": row.value, "feed": row.feed_id, "confidence": row.confidence,
                 "tlp": row.tlp, "name": row.name, "purpose": row.purpose, "valid_until": row.valid_until,
                 "state": find.state_of(row, at)}
                for row in rows
            ]  # fmt: skip
    finally:
        records.close()
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
        return bool(found)
    table = Table(title=f"{len(found)} indicators meet {value}")
    for column in ("kind", "value", "feed", "confidence", "TLP", "name", "until", "state"):
        table.add_column(column, overflow="fold")
    for one in found:
        until = clock.to_text(one["valid_until"]) if one["valid_until"] else "–"
        table.add_row(
            one["kind"],
            one["value"],
            one["feed"],
            str(one["confidence"]),
            one["tlp"].upper(),
            one["name"],
            until,
            one["state"],
        )
    Console().print(table)
    return bool(found)


def set_state(settings: Settings, feed_id: str, state: str) -> None:
    """Pause, start or remove a feed; matching follows within seconds. Raises NotFound and ConfigError."""
    if state not in {"active", "paused", "removed"}:
        raise ConfigError(f"{state!r} is no state of a feed; it is active, paused or removed")
    records = build_records(settings)
    try:
        with records.write(EVERYTHING) as session:
            feed = session.get(Feed, feed_id)
            if feed is None or feed.state == "removed":
                raise NotFound(f"there is no feed {feed_id}")
            feed.state, feed.version = state, feed.version + 1
            book.bump(session)
    finally:
        records.close()
