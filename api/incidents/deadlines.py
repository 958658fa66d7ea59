"""The two service-level clocks of an incident, by severity: to acknowledge (the risk index's own `weights.toml`, whose
delay term must count from the same deadline) and to resolve (`deadlines.tsv`).

They start when the incident was escalated (event time), or first seen where it was not.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_

from api.common import SEVERITY_FLOORS, SeverityLevel, severity_level
from api.incidents.schemas import Clock, Deadlines
from taishi.errors import ConfigError
from taishi.records.tables import Incident
from taishi.risk.weights import weights


@cache
def table() -> dict[SeverityLevel, tuple[float, float]]:
    """Level → seconds to acknowledge, seconds to resolve."""
    text = files("api.incidents").joinpath("deadlines.tsv").read_text("utf-8")
    rows = {row["level"]: row for row in csv.DictReader(text.splitlines(), delimiter="\t")}
    try:
        return {
            level: (weights().acknowledge_seconds(floor), float(rows[level]["resolve_seconds"]))
            for floor, level in SEVERITY_FLOORS
        }
    except (KeyError, ValueError) as error:
        raise ConfigError(f"deadlines.tsv has no usable row for {error}") from error


def _clock(due: float, done_at: float | None, at: float) -> Clock:
    return Clock(due=due, done_at=done_at, breached=(at if done_at is None else done_at) > due)


def deadlines(incident: Incident, at: float) -> Deadlines:
    begin = incident.first_seen if incident.escalated_at is None else incident.escalated_at
    acknowledge, resolve = table()[severity_level(incident.severity)]
    return Deadlines(
        acknowledge=_clock(begin + acknowledge, incident.acknowledged_at, at),
        resolve=_clock(begin + resolve, incident.resolved_at, at),
    )


def _due(place: int) -> ColumnElement[float]:
    seconds = [(Incident.severity >= floor, table()[level][place]) for floor, level in SEVERITY_FLOORS]
    return func.coalesce(Incident.escalated_at, Incident.first_seen) + case(*seconds, else_=0.0)


def next_due() -> ColumnElement[Any]:
    """The deadline that runs now, for sorting: acknowledge until that is done, then resolve."""
    return case((Incident.acknowledged_at.is_(None), _due(0)), else_=_due(1))


def overdue(at: float) -> ColumnElement[bool]:
    return or_(
        and_(Incident.acknowledged_at.is_(None), _due(0) < at),
        and_(Incident.resolved_at.is_(None), _due(1) < at),
    )
