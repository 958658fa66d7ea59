"""A division with its children: risk, coverage and how many of the monitored enterprises were hit."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.common import Body, Measures, Model, Number, RegionRef, RiskBrief
from api.enterprises.schemas import EnterpriseRow


class RegionQuery(Body):
    hours: Annotated[int, Field(ge=1, le=24 * 92)] = 24


class RegionRow(Measures):
    """A division below the one that was asked for."""

    region: RegionRef
    risk: RiskBrief | None = Field(description="null: no data.")
    alerts: int


class ParkRow(Measures):
    id: str
    name: str
    name_en: str
    region: str
    risk: RiskBrief | None


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
