"""Proposed early warnings: what the platform suggests, by which criteria; a person accepts or dismisses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.campaigns.schemas import Colour, ProposalStatus
from api.common import Body, Cursor, Limit, Model, RegionRef


class ProposalQuery(Body):
    """Newest first. Without parameters: what waits for a decision."""

    status: list[ProposalStatus] = Field(default_factory=list, max_length=3)
    colour: list[Colour] = Field(default_factory=list, max_length=4)
    limit: Limit = 50
    cursor: Cursor | None = None


class Fact(Model):
    name: str
    value: float
    at_least: float


class Criterion(Model):
    key: str
    colour: Colour
    text_zh: str
    text_en: str
    facts: list[Fact]


class IndustryRef(Model):
    code: str
    name: str
    name_en: str


class Advice(Model):
    key: str
    zh: str
    en: str


class WarningProposal(Model):
    """`regions` are those in the caller's scope, `regions_elsewhere` counts the others. `active`: its cause still holds."""

    id: str
    source: Literal["campaign"]
    source_id: str
    title_zh: str
    title_en: str
    colour: Colour
    criteria: list[Criterion]
    regions: list[RegionRef]
    regions_elsewhere: int
    industries: list[IndustryRef]
    advice: list[Advice]
    at_risk_count: int
    active: bool
    created_at: float
    status: ProposalStatus
    reason: str
    decided_by: str
    decided_at: float | None
    version: int


class WarningProposalPage(Model):
    items: list[WarningProposal]
    next_cursor: str | None


class ProposalDecision(Body):
    status: Literal["accepted", "dismissed"]
    reason: Annotated[str, Field(min_length=1, max_length=2000)]
