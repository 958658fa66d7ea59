"""Campaigns: incidents of several enterprises that share rare indicators. Enterprises outside the caller's scope are
counted, never named."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.common import Attack, Body, Cursor, EnterpriseRef, Identifier, Limit, Model, RegionRef, SeverityLevel

CampaignKind = Literal["worm", "supply_chain", "malware", "infrastructure"]
CampaignStatus = Literal["open", "confirmed", "dismissed"]
Colour = Literal["red", "orange", "yellow", "blue"]
ProposalStatus = Literal["proposed", "accepted", "dismissed"]
IndicatorKind = Literal["ip", "domain", "hash"]


class CampaignQuery(Body):
    """Newest first. Without parameters: what is active and not dismissed."""

    status: list[CampaignStatus] = Field(default_factory=list, max_length=3)
    kind: list[CampaignKind] = Field(default_factory=list, max_length=4)
    active: Literal["true", "false", "any"] = "true"
    q: Annotated[str, Field(max_length=200, description="In titles and indicators.")] = ""
    incident_id: Identifier | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class ProposalBrief(Model):
    id: str
    colour: Colour
    status: ProposalStatus


class Campaign(Model):
    """A row of the list. `enterprise_count` is of all enterprises hit, `visible_count` of those in the caller's scope."""

    id: str
    kind: CampaignKind
    title_zh: str
    title_en: str
    criterion: Literal["three", "two"] = Field(description="three enterprises, or two with very strong evidence.")
    score: float = Field(description="0–1.")
    enterprise_count: int
    visible_count: int
    incident_count: int
    at_risk_count: int
    first_seen: float
    last_seen: float
    active: bool = Field(description="False: its sightings no longer support it.")
    status: CampaignStatus
    status_reason: str
    decided_by: str
    decided_at: float | None
    proposal: ProposalBrief | None
    version: int


class CampaignPage(Model):
    items: list[Campaign]
    next_cursor: str | None


class CampaignReason(Model):
    """Shares sum to 1. `value` is the hazard that it adds."""

    code: Literal["indicator", "techniques"]
    share: float
    value: float
    text_zh: str
    text_en: str
    kind: str
    indicator: str


class SightingRow(Model):
    """An indicator in one incident of an enterprise in the scope."""

    enterprise: EnterpriseRef
    incident_id: str
    first_seen: float
    last_seen: float


class Indicator(Model):
    """`background`: enterprises that met it without an incident of weight; `elsewhere`: enterprises outside the scope."""

    kind: IndicatorKind
    value: str
    rarity: float
    enterprises: int
    background: int
    first_seen: float
    last_seen: float
    sightings: list[SightingRow]
    elsewhere: int


class TieReason(Model):
    kind: IndicatorKind
    value: str
    weight: float
    attempt: bool = Field(description="It only tried from outside.")


class Member(Model):
    """An incident of the campaign. `at`: when it was first hit; `weight`: how much ties it in."""

    incident_id: str
    title_zh: str
    title_en: str
    enterprise: EnterpriseRef
    region: RegionRef
    severity: int
    severity_level: SeverityLevel
    escalated: bool
    at: float
    weight: float
    reasons: list[TieReason]


class HitEnterprise(Model):
    """`order`: its place among the enterprises of the scope."""

    order: int
    enterprise: EnterpriseRef
    region: RegionRef
    at: float
    incident_ids: list[str]


class ExposureReason(Model):
    code: str
    weight: float
    text_zh: str
    text_en: str


class AtRisk(Model):
    """An enterprise that was not hit yet. `weight` = 1 − ∏(1 − w) over its reasons."""

    enterprise: EnterpriseRef
    region: RegionRef
    weight: float
    reasons: list[ExposureReason]


class CampaignDetail(Campaign):
    reasons: list[CampaignReason]
    techniques: list[Attack]
    indicators: list[Indicator]
    hit: list[HitEnterprise]
    hit_elsewhere: int
    members: list[Member]
    at_risk: list[AtRisk]
    at_risk_elsewhere: int
    decidable: bool = Field(description="The caller's scope holds every enterprise hit, so they may decide.")


class CampaignDecision(Body):
    status: CampaignStatus
    reason: Annotated[str, Field(max_length=2000)] = ""


class IncidentCampaign(Model):
    """A campaign as its incident shows it."""

    id: str
    kind: CampaignKind
    title_zh: str
    title_en: str
    score: float
    status: CampaignStatus
    enterprise_count: int
    weight: float
    reasons: list[TieReason]
