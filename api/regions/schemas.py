"""A division with its children: risk, coverage and how many of the monitored enterprises were hit."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.common import Body, Model, Number, RegionRef, RiskBrief
from api.enterprises.schemas import EnterpriseRow


class RegionQuery(Body):
    hours: Annotated[int, Field(ge=1, le=24 * 92)] = 24


class RegionRow(Model):
    """`hit_rate` is enterprises hit ÷ enterprises monitored: one noisy line does not decide a ranking."""

    region: RegionRef
    risk: RiskBrief | None = Field(description="null: no data.")
    enterprises: int
    enterprises_monitored: int
    enterprises_hit: int
    hit_rate: float
    open_incidents: int
    alerts: int


class ParkRow(Model):
    id: str
    name: str
    name_en: str
    region: str
    risk: RiskBrief | None
    enterprises: int
    open_incidents: int


class RegionDetail(Model):
    """`path` leads from the root to this division. `enterprises` are the riskiest, at most 50."""

    region: RegionRef
    path: list[RegionRef]
    hours: int
    at: float
    risk: RiskBrief | None
    numbers: list[Number]
    children: list[RegionRow]
    parks: list[ParkRow]
    enterprises: list[EnterpriseRow]
