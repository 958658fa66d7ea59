"""The risk index opened into the parts that make it up."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.common import Body, Model, RiskBrief

RiskKind = Literal["asset", "enterprise", "park", "county", "city", "province", "industry"]


class RiskPart(Model):
    """One contribution to `mid`; its own fields beyond these depend on the kind (formula inputs)."""

    model_config = ConfigDict(extra="allow")

    kind: str
    key: str
    name: str
    value: float
    share: float


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
