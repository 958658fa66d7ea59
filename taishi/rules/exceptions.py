"""Exceptions of rules: what a condition may say, and those in force as the engine asks them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from taishi.errors import QueryError
from taishi.event import Event
from taishi.records.tables import RuleException
from taishi.rules import library
from taishi.scope import region_prefix
from taishi.sigma.ruleset import Exempt
from taishi.store import query as queries

log = structlog.get_logger()

MAX_FIELDS: Final = 16


def accepts(query: str, at: float) -> Callable[[Event], bool] | None:
    """The test that a search makes of one event; None for the empty one. `at` (epoch seconds) is what `now` in it means,
    for good. Raises QueryError with the position."""
    if not query.strip():
        return None
    node = queries.parse(query, at)
    return lambda event: queries.matches(node, event)


def check(fields: Mapping[str, Any], query: str, at: float) -> None:
    """Raises QueryError where a field is not in the field table, or the query cannot be read."""
    for name in fields:
        queries.lookup(name)
    accepts(query, at)


def exempt(row: RuleException) -> Exempt:
    """Raises QueryError for a query that cannot be read."""
    return Exempt(
        row.id, row.rule_id, row.enterprise_id, region_prefix(row.region), library.exception(row.fields), row.expires_at,
        row.authority if not row.enterprise_id else "", accepts(row.query, row.created_at),
    )  # fmt: skip


def in_force(session: Session) -> list[Exempt]:
    """Those that nobody withdrew; expiry is asked event by event."""
    wanted = select(RuleException).where(RuleException.withdrawn_at.is_(None)).order_by(RuleException.id)
    found = []
    for row in session.scalars(wanted):
        try:
            found.append(exempt(row))
        except QueryError as error:
            # It was readable when it was made; a newer version of us reads it differently. Alerts are then the safe side.
            log.warning("An exception's query cannot be read; it hides nothing.", exception=row.id, reason=str(error))
    return found
