"""Reading sources with their balance and health."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from fastapi import Response
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from api import paging
from api.dependencies import Caller
from api.incidents.filters import in_region
from api.names import enterprise_refs, region_refs
from api.services import Services
from api.sources import balance, schemas
from api.sources.balance import STATUS_NAMES, Sums
from api.sources.schemas import BalanceList, BalanceQuery, SourcePage, SourceQuery, SourceStatus, StatusCount
from taishi.clock import now
from taishi.errors import NotFound
from taishi.records.tables import Enterprise, Source

PLAIN = (
    "id", "name", "product", "parser", "transport", "data_kind", "timezone", "encoding", "state", "clock_skew",
    "first_seen", "last_seen", "expected_period", "quota_per_second", "certificate", "key_expires_at", "version",
)  # fmt: skip
"""Columns shown as they are; the key's hash is not among them."""


def _conditions(query: SourceQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for word in query.q.split()[:8]:
        columns = (Source.name, Source.product, Source.parser, Source.id, Source.enterprise_id)
        found.append(or_(*[column.icontains(word, autoescape=True) for column in columns]))
    if query.enterprise_id is not None:
        found.append(Source.enterprise_id == query.enterprise_id)
    if query.region is not None:
        found.append(in_region(Source.region, query.region))
    if query.park_id is not None:
        found.append(Source.enterprise_id.in_(select(Enterprise.id).where(Enterprise.park_id == query.park_id)))
    return found


def rows(session: Session, sources: Sequence[Source], sums: dict[str, Sums], at: float) -> list[schemas.Source]:
    enterprises = enterprise_refs(session, (source.enterprise_id for source in sources))
    regions = region_refs(session, (source.region for source in sources))
    return [
        _row(source, sums.get(source.id) or balance.nothing(), enterprises[source.enterprise_id], regions, at)
        for source in sources
    ]


def _row(source: Source, found: Sums, enterprise: Any, regions: dict[str, Any], at: float) -> schemas.Source:
    status = balance.status(source, found, at)
    status_zh, status_en = STATUS_NAMES[status]
    return schemas.Source(
        **{name: getattr(source, name) for name in PLAIN},
        enterprise=enterprise,
        region=regions[source.region],
        status=status,
        status_zh=status_zh,
        status_en=status_en,
        balance=found.balance,
        delay_mean=found.delay_mean,
        parse_rate=found.parse_rate,
        silent_for=balance.silent_for(source, at),
        addresses=[str(address) for address in source.addresses],
        has_key=source.key_hash is not None,
    )


def page(services: Services, caller: Caller, query: SourceQuery) -> SourcePage:
    """A status is computed, not stored, so all sources of the filter are judged; there are thousands, not millions."""
    at = now()
    span = balance.window(BalanceQuery(start=query.start, end=query.end))
    after = None if query.cursor is None else paging.decode(query.cursor, [str])[0]
    with services.records.read(caller.scope) as session:
        sums = balance.sums(session, span)
        sources = {source.id: source for source in session.scalars(select(Source).where(*_conditions(query)))}
        judged: dict[str, SourceStatus] = {
            source.id: balance.status(source, sums.get(source.id) or balance.nothing(), at)
            for source in sources.values()
        }
        counts = Counter(judged.values())
        chosen: dict[str, SourceStatus] = {
            key: status for key, status in judged.items() if not query.status or status in query.status
        }
        ids = balance.worst_first(chosen)
        start = ids.index(after) + 1 if after in chosen else 0
        shown = ids[start : start + query.limit]
        items = rows(session, [sources[source_id] for source_id in shown], sums, at)
    return SourcePage(
        items=items,
        next_cursor=paging.encode([shown[-1]]) if start + query.limit < len(ids) else None,
        start=span.start,
        end=span.end,
        totals=balance.total(sums[key] for key in chosen if key in sums).balance,
        statuses=[StatusCount(status=status, count=counts[status]) for status in STATUS_NAMES if counts[status]],
    )


def load(session: Session, source_id: str, *, lock: bool = False) -> Source:
    statement = select(Source).where(Source.id == source_id)
    found = session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotFound("there is no such source, or it is outside your scope")
    return found


def one(session: Session, source: Source, period: BalanceQuery) -> schemas.Source:
    found = balance.sums(session, balance.window(period))
    return rows(session, [source], found, now())[0]


def detail(services: Services, caller: Caller, source_id: str, period: BalanceQuery) -> schemas.Source:
    with services.records.read(caller.scope) as session:
        return one(session, load(session, source_id), period)


def hourly(services: Services, caller: Caller, source_id: str, period: BalanceQuery) -> BalanceList:
    span = balance.window(period)
    with services.records.read(caller.scope) as session:
        load(session, source_id)
        found = balance.sums(session, span).get(source_id) or balance.nothing()
        return BalanceList(items=balance.hours(session, source_id, span), totals=found.balance)


def with_etag(response: Response, source: schemas.Source) -> schemas.Source:
    response.headers["ETag"] = f'"{source.version}"'
    return source
