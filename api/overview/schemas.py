"""The situation of a region over a period, as figures, words, funnel, trend and ranking."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.common import Attack, Body, Model, Number, RegionCode, RegionRef, RiskBrief
from api.regions.schemas import RegionRow


class OverviewQuery(Body):
    region: RegionCode | None = Field(default=None, description="The caller's home region where absent.")
    hours: Annotated[int, Field(ge=1, le=24 * 92)] = 24


class FunnelStep(Model):
    """How noise becomes judged incidents: received → stored → alerts → meta-alerts → incidents → judged."""

    key: str
    label_zh: str
    label_en: str
    value: int
    href: str


class TrendPoint(Model):
    start: float
    alerts: int
    incidents: int


class Trend(Model):
    interval: float
    points: list[TrendPoint]


class TechniqueCount(Attack):
    alerts: int
    meta_alerts: int
    incidents: int
    href: str


class Period(Model):
    start: float
    end: float


class Overview(Model):
    region: RegionRef
    hours: int
    at: float = Field(description="Data as of.")
    period: Period
    previous: Period
    summary_zh: str
    summary_en: str
    risk: RiskBrief | None
    numbers: list[Number]
    funnel: list[FunnelStep]
    trend: Trend
    top_techniques: list[TechniqueCount]
    ranking: list[RegionRow]
