"""Suppressions: drafts from an alert, previews of what they would hide, the list, and what verdicts say of rules."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.common import Body, Cursor, EnterpriseRef, Identifier, Limit, Model, RegionCode, RegionRef, Seconds

Extent = Literal["asset", "enterprise", "region", "all"]
ConditionField = Literal["rule", "behaviour", "attacker", "victim", "user", "process"]
Status = Literal["proposed", "active", "expired", "withdrawn", "declined"]
Origin = Literal["person", "verdicts", "volume", "warm_up"]
Condition = Annotated[
    dict[ConditionField, Annotated[str, Field(min_length=1, max_length=255)]], Field(min_length=1, max_length=6)
]
Why = Annotated[str, Field(min_length=3, max_length=2000, pattern=r"\S")]


class DraftQuery(Body):
    """A meta-alert, or an incident, of which the loudest meta-alert that may be hidden is taken."""

    meta_id: Identifier | None = None
    incident_id: Identifier | None = None


class DraftMeta(Model):
    id: str
    name: str
    severity: int
    count: int
    hideable: bool = Field(description="False for a success or a critical, which nothing hides.")


class ExtentChoice(Model):
    """How far a suppression may reach; only what lies within the caller's own scope is offered."""

    extent: Extent
    region: str
    asset_id: str
    name_zh: str
    name_en: str


class Draft(Model):
    """`condition`: what all evidence of the meta-alert has in common, of which any part may be kept."""

    meta_id: str
    metas: list[DraftMeta]
    enterprise: EnterpriseRef
    condition: dict[ConditionField, str]
    suggested: list[ConditionField]
    extents: list[ExtentChoice]
    seen_severity: int
    longest_days: int


class PreviewRequest(Body):
    """`region` names the division for the extent `region`."""

    meta_id: Identifier
    extent: Extent
    region: RegionCode | None = None
    condition: Condition


class Preview(Model):
    """What it would have hidden; `complete` is false where there was more than is looked at: then at least this much."""

    days: int
    alerts: int
    meta_alerts: int
    incidents: int
    complete: bool


class SuppressionCreate(PreviewRequest):
    expires_at: Seconds
    reason: Why


class SuppressionEvent(Model):
    at: float
    actor: str
    actor_name: str
    action: str
    note: str


class Suppression(Model):
    """`remaining` seconds until it ends, 0 where it is over. `version` is the ETag."""

    id: str
    extent: Extent
    enterprise: EnterpriseRef | None
    region: RegionRef
    asset_id: str
    asset_name: str
    condition: dict[ConditionField, str]
    seen_severity: int
    status: Status
    origin: Origin
    reason: str
    owner: str
    owner_name: str
    created_at: float
    expires_at: float
    remaining: float
    hits: int
    last_hit: float | None
    history: list[SuppressionEvent]
    version: int


class SuppressionQuery(Body):
    view: Literal["active", "proposed", "over", "all"] = "active"
    enterprise_id: Identifier | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class SuppressionPage(Model):
    items: list[Suppression]
    next_cursor: str | None


class SuppressionChange(Body):
    """extend needs `expires_at`; accept may set it. Accepting and declining are for proposals."""

    action: Literal["extend", "withdraw", "accept", "decline"]
    expires_at: Seconds | None = None
    reason: Why


class RuleQuery(Body):
    """`by` enterprise: one row for each enterprise and rule; `rule`: all enterprises of the caller together."""

    by: Literal["enterprise", "rule"] = "enterprise"
    enterprise_id: Identifier | None = None
    q: Annotated[str, Field(max_length=200, description="In the rule's name.")] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class RuleHistory(Model):
    """`hits`: alerts of the last days. `false_rate`: false ÷ judged, null where nothing was judged. `factor`: on the risk
    of new meta-alerts at the enterprise of the row, as far as verdicts within the caller's scope tell."""

    rule: str
    enterprise: EnterpriseRef | None
    hits: int
    true_positive: int
    false_positive: int
    benign_positive: int
    other: int
    judged: int
    false_rate: float | None
    factor: float | None


class RuleList(Model):
    days: int
    items: list[RuleHistory]
