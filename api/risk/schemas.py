"""The risk index opened into the parts that make it up."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.common import Body, Model, RiskBrief

RiskKind = Literal["asset", "enterprise", "park", "county", "city", "province", "industry"]


class RiskPart(Model):
    """What one child or finding contributes: `contribution` of all parts sums to `mid`, `share` to 1.

    `value` is the part's own index (0–100), `weight` its weight in the mean, `hazard` a finding's −ln(1 − p). `parts`
    are the findings below an asset. Kinds beside those of an index: incident, exposure, other_assets, others, coverage.
    """

    kind: str
    key: str
    name: str
    name_en: str
    value: float
    share: float
    contribution: float
    weight: float
    hazard: float | None
    parts: list[RiskPart]


class Risk(RiskBrief):
    kind: RiskKind
    key: str
    name: str
    name_en: str
    region: str
    at: float
    explanation_zh: str
    explanation_en: str
    parts: list[RiskPart]


class RiskPoint(Model):
    hour: float = Field(description="Epoch seconds of the hour's start.")
    low: float
    mid: float
    high: float
    coverage: float


class RiskHistoryQuery(Body):
    hours: Annotated[int, Field(ge=1, le=24 * 92)] = 24 * 7


class RiskHistory(Model):
    kind: RiskKind
    key: str
    points: list[RiskPoint]
