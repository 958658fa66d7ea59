"""Enterprises, their assets, parks and industries."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.common import Body, Cursor, Limit, Measures, Model, Number, RegionCode, RegionRef, RiskBrief

EnterpriseKind = Literal["industrial", "platform", "identifier"]
Exposure = Literal["none", "internal", "internet"]


class EnterpriseQuery(Body):
    q: Annotated[str, Field(max_length=200)] = ""
    region: RegionCode | None = None
    industry: Annotated[str, Field(max_length=8)] | None = None
    park_id: Annotated[str, Field(max_length=64)] | None = None
    kind: list[EnterpriseKind] = Field(default_factory=list, max_length=3)
    level: list[Annotated[int, Field(ge=1, le=3)]] = Field(default_factory=list, max_length=3)
    monitored: bool | None = Field(default=None, description="Has a source that ever sent something.")
    hit_since: Annotated[float, Field(ge=0, le=253_402_300_799)] | None = Field(
        default=None, description="Has an escalated incident last seen at or after."
    )
    sort: Literal["-risk", "name", "-open_incidents"] = "-risk"
    limit: Limit = 50
    cursor: Cursor | None = None


class EnterpriseRow(Model):
    id: str
    name: str
    name_en: str
    region: RegionRef
    park_id: str | None
    industry: str
    industry_zh: str
    industry_en: str
    kind: EnterpriseKind
    level: int
    authority: str
    risk: RiskBrief | None
    open_incidents: int
    sources: int
    last_seen: float | None


class EnterprisePage(Model):
    items: list[EnterpriseRow]
    next_cursor: str | None


class EnterpriseDetail(EnterpriseRow):
    path: list[RegionRef]
    park_name: str
    park_name_en: str
    contact: str
    contact_phone: str = Field(description="Masked for roles that do not call enterprises.")
    assets: int
    numbers: list[Number]
    version: int


class AssetQuery(Body):
    q: Annotated[str, Field(max_length=200)] = ""
    limit: Limit = 50
    cursor: Cursor | None = None


class AssetRow(Model):
    """`criticality` 0.2–1.0; `purdue` 0–5, null where unknown."""

    id: str
    name: str
    kind: str
    address: str
    hostname: str
    criticality: float
    purdue: float | None
    exposure: Exposure
    exposed_protocols: list[str]
    vendor: str
    model: str
    risk: RiskBrief | None


class AssetPage(Model):
    items: list[AssetRow]
    next_cursor: str | None


class ParkDetail(Model):
    id: str
    name: str
    name_en: str
    region: RegionRef
    path: list[RegionRef]
    risk: RiskBrief | None
    numbers: list[Number]
    enterprises: list[EnterpriseRow]


class IndustryQuery(Body):
    hours: Annotated[int, Field(ge=1, le=24 * 92)] = 24


class IndustryRow(Measures):
    code: str
    name_zh: str
    name_en: str
    risk: RiskBrief | None


class IndustryList(Model):
    items: list[IndustryRow]
