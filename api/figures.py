"""The figures: every number of overview, regions, parks and enterprises comes from these functions and no other.

Periods are whole clock hours (the ledger's grain), the present one included, so a figure and its comparison never share
an hour and lists opened from a figure count the same things.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Subquery, func, select
from sqlalchemy.orm import Session

from api.dependencies import Caller
from api.enterprises.schemas import EnterpriseQuery
from api.incidents.filters import OPEN, conditions, in_region
from api.incidents.schemas import IncidentFilter, Verdict
from api.services import Services
from taishi.records.tables import Enterprise, Incident, Ledger, MetaAlert, Source

HOUR: Final = 3600.0

JUDGED: Final[list[Verdict]] = [
    "true_positive_success", "true_positive_attempt", "benign_positive", "false_positive", "duplicate", "automated",
    "other",
]  # fmt: skip

ALERTS: Final = "event.kind:alert"


@dataclass(frozen=True, slots=True)
class Window:
    """[start, end) in epoch seconds; `end` is the end of the present hour."""

    start: float
    end: float

    @property
    def before(self) -> Window:
        return Window(2 * self.start - self.end, self.start)

    @property
    def hours(self) -> int:
        return round((self.end - self.start) / HOUR)


def last_hours(hours: int, at: float) -> Window:
    end = (at // HOUR + 1) * HOUR
    return Window(max(0.0, end - hours * HOUR), end)


@dataclass(frozen=True, slots=True)
class Place:
    """What a figure is about: a division, a park or an enterprise; all None: everything in the caller's scope."""

    region: str | None = None
    park_id: str | None = None
    enterprise_id: str | None = None

    def given(self) -> dict[str, Any]:
        members = {"region": self.region, "park_id": self.park_id, "enterprise_id": self.enterprise_id}
        return {name: value for name, value in members.items() if value is not None}

    def query(self) -> str:
        """The place as a condition on events."""
        if self.enterprise_id is not None:
            return f'organization.id:"{_quoted(self.enterprise_id)}"'
        if self.park_id is not None:
            return f'taishi.park:"{_quoted(self.park_id)}"'
        return f'taishi.region_path:"{self.region}"' if self.region is not None else ""

    def owned(self, table: Any) -> list[ColumnElement[bool]]:
        """The place as conditions on a table of owned rows."""
        if self.enterprise_id is not None:
            return [table.enterprise_id == self.enterprise_id]
        if self.park_id is not None:
            return [table.enterprise_id.in_(select(Enterprise.id).where(Enterprise.park_id == self.park_id))]
        return [in_region(table.region, self.region)] if self.region is not None else []


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def enterprise_conditions(place: Place) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if place.enterprise_id is not None:
        found.append(Enterprise.id == place.enterprise_id)
    if place.park_id is not None:
        found.append(Enterprise.park_id == place.park_id)
    if place.region is not None:
        found.append(in_region(Enterprise.region, place.region))
    return found


# ---------------------------------------------------------------- filters: the same object counts and links


def incident_filter(place: Place, window: Window) -> IncidentFilter:
    """Escalated incidents last seen in the window."""
    return IncidentFilter(view="all", since=window.start, until=window.end, **place.given())


def judged_filter(place: Place, window: Window) -> IncidentFilter:
    return IncidentFilter(view="all", since=window.start, until=window.end, verdict=JUDGED, **place.given())


def open_filter(place: Place) -> IncidentFilter:
    return IncidentFilter(view="open", **place.given())


def overdue_filter(place: Place) -> IncidentFilter:
    return IncidentFilter(view="open", overdue=True, **place.given())


def hit_filter(place: Place, window: Window) -> EnterpriseQuery:
    given = {name: value for name, value in place.given().items() if name != "enterprise_id"}
    return EnterpriseQuery(hit_since=window.start, **given)


def alert_query(place: Place) -> str:
    return " AND ".join(part for part in (ALERTS, place.query()) if part)


# ---------------------------------------------------------------- counts


def incidents(session: Session, filters: IncidentFilter, at: float) -> int:
    found = conditions(filters, "", at).values()
    return session.scalar(select(func.count()).select_from(Incident).where(*found)) or 0


def hit_ids(since: float, until: float | None = None) -> Select[str]:
    """Ids of enterprises with an escalated incident last seen in the period."""
    statement = select(Incident.enterprise_id).where(
        Incident.escalated.is_(True), Incident.merged_into.is_(None), Incident.last_seen >= since
    )
    return statement if until is None else statement.where(Incident.last_seen < until)


def monitored_ids() -> Select[str]:
    """Ids of enterprises of which a source ever sent something."""
    return select(Source.enterprise_id).where(Source.last_seen.is_not(None))


def enterprises(session: Session, place: Place, among: Select[str] | None = None) -> int:
    statement = select(func.count()).select_from(Enterprise).where(*enterprise_conditions(place))
    if among is not None:
        statement = statement.where(Enterprise.id.in_(among))
    return session.scalar(statement) or 0


def meta_alerts(session: Session, place: Place, window: Window) -> int:
    statement = select(func.count()).select_from(MetaAlert)
    inside = (MetaAlert.last_seen >= window.start, MetaAlert.last_seen < window.end)
    return session.scalar(statement.where(*place.owned(MetaAlert), *inside)) or 0


def alerts(services: Services, caller: Caller, place: Place, window: Window) -> int:
    return services.store.count(alert_query(place), caller.scope, window.start, window.end)


BALANCE: Final = ("received", "stored", "merged", "suppressed", "quarantined", "rejected")


def ledger(session: Session, place: Place, window: Window) -> dict[str, int]:
    """The sums of the balance over the window's hours."""
    sums = [func.coalesce(func.sum(getattr(Ledger, name)), 0) for name in BALANCE]
    statement = select(*sums).where(
        *place.owned(Ledger), Ledger.hour >= int(window.start // HOUR), Ledger.hour < int(window.end // HOUR)
    )
    return dict(zip(BALANCE, map(int, session.execute(statement).one()), strict=True))


def reaches_back(session: Session, place: Place, window: Window) -> bool:
    """Whether the ledger begins before the window: a period that was hardly watched is no comparison."""
    first = session.scalar(select(func.min(Ledger.hour)).where(*place.owned(Ledger), Ledger.received > 0))
    return first is not None and first * HOUR <= window.start


def open_incidents() -> Subquery:
    """Enterprise → open incidents (`enterprise_id`, `amount`), to be joined. One grouped pass over the queue's index:
    a count for each row of a list would be a search each."""
    return (
        select(Incident.enterprise_id, func.count().label("amount"))
        .where(Incident.escalated.is_(True), Incident.merged_into.is_(None), Incident.status.in_(OPEN))
        .group_by(Incident.enterprise_id)
        .subquery()
    )


def source_counts() -> Subquery:
    """Enterprise → number of sources and the newest record of any (`enterprise_id`, `amount`, `newest`)."""
    return (
        select(Source.enterprise_id, func.count().label("amount"), func.max(Source.last_seen).label("newest"))
        .group_by(Source.enterprise_id)
        .subquery()
    )
