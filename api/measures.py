"""What places, parks and industries are compared by: figures that do not grow with how noisy somebody's line is.

Enterprises hit out of those monitored, judged incidents, open ones and those past a deadline; never raw counts of attacks.
One grouped query a figure, whatever the number of groups.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from api import figures
from api.common import Measures
from api.figures import Place, Window
from api.incidents.filters import conditions
from taishi.records.tables import Enterprise, Incident

Counts = dict[str, int]


@dataclass(slots=True)
class Grouped:
    """Group → figure, of each figure; `compared`: whether the period before was watched."""

    counts: dict[str, Counts] = field(default_factory=dict)
    compared: bool = False

    def of(self, groups: Iterable[str]) -> Measures:
        """Summed over groups: nobody is in two."""
        keys = list(groups)

        def total(name: str) -> int:
            return sum(self.counts[name].get(key, 0) for key in keys)

        monitored = total("monitored")
        return Measures(
            enterprises=total("enterprises"),
            enterprises_monitored=monitored,
            enterprises_hit=total("hit"),
            hit_rate=total("hit") / max(1, monitored),
            hit_rate_previous=total("hit_before") / max(1, monitored) if self.compared else None,
            judged_incidents=total("judged"),
            open_incidents=total("open"),
            overdue_incidents=total("overdue"),
        )

    @property
    def groups(self) -> set[str]:
        return set(self.counts["enterprises"])


def grouped(session: Session, column: Any, place: Place, window: Window, at: float) -> Grouped:
    """By a column of Enterprise, over the enterprises of a place that the session's scope covers."""
    before = window.before
    return Grouped(
        {
            "enterprises": _enterprises(session, column, place, None),
            "monitored": _enterprises(session, column, place, figures.monitored_ids()),
            "hit": _enterprises(session, column, place, figures.hit_ids(window.start)),
            "hit_before": _enterprises(session, column, place, figures.hit_ids(before.start, before.end)),
            "judged": _incidents(session, column, place, conditions(figures.judged_filter(place, window), "", at)),
            "open": _incidents(session, column, place, conditions(figures.open_filter(place), "", at)),
            "overdue": _incidents(session, column, place, conditions(figures.overdue_filter(place), "", at)),
        },
        figures.reaches_back(session, place, before),
    )


def _counted(session: Session, statement: Select[Any, int]) -> Counts:
    return {str(row[0]): int(row[1]) for row in session.execute(statement) if row[0]}


def _enterprises(session: Session, column: Any, place: Place, among: Select[str] | None) -> Counts:
    statement = select(column, func.count(Enterprise.id)).where(*figures.enterprise_conditions(place)).group_by(column)
    return _counted(session, statement if among is None else statement.where(Enterprise.id.in_(among)))


def _incidents(session: Session, column: Any, place: Place, found: dict[str, Any]) -> Counts:
    statement = (
        select(column, func.count(Incident.id))
        .join(Enterprise, Enterprise.id == Incident.enterprise_id)
        .where(*figures.enterprise_conditions(place), *found.values())
        .group_by(column)
    )
    return _counted(session, statement)
