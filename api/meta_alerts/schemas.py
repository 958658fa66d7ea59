"""Meta-alerts: repeated alerts of one behaviour, and why each belongs to its incident."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.common import (
    Attack,
    Body,
    Cursor,
    EnterpriseRef,
    Identifier,
    Limit,
    Model,
    Outcome,
    RegionCode,
    Seconds,
    SeverityLevel,
)


class MetaAlertQuery(Body):
    q: Annotated[str, Field(max_length=200)] = ""
    incident_id: Identifier | None = None
    enterprise_id: Identifier | None = None
    region: RegionCode | None = None
    technique: Annotated[str, Field(max_length=32)] | None = None
    severity_min: Annotated[int, Field(ge=0, le=100)] = 0
    since: Seconds | None = Field(default=None, description="Last seen at or after.")
    until: Seconds | None = Field(default=None, description="Last seen before.")
    sort: Literal["-last_seen", "-severity", "-count"] = "-last_seen"
    limit: Limit = 50
    cursor: Cursor | None = None


class JoinEntity(Model):
    kind: str
    value: str
    weight: float


class JoinReason(Model):
    """Why a meta-alert is in its incident; `by` is "engine" or the login of who put it there."""

    score: float
    weight: float
    stage_factor: float
    risk_factor: float
    entities: list[JoinEntity]
    text_zh: str
    text_en: str
    by: str


class MetaEntity(Model):
    kind: str
    value: str


class RuleCount(Model):
    name: str
    count: int


class MetaChanges(Model):
    """Alerts by which the state of a meta-alert became new: graver, further, by another rule, about somebody else."""

    severity: int = 0
    outcome: int = 0
    rule: int = 0
    entity: int = 0


class MetaAlert(Attack):
    id: str
    incident_id: str | None
    enterprise: EnterpriseRef
    region: str
    name: str
    behaviour: str
    stage: int
    severity: int
    severity_level: SeverityLevel
    outcome: Outcome
    count: int
    first_seen: float
    last_seen: float
    attacker: str
    victim: str
    entities: list[MetaEntity]
    rules: list[RuleCount]
    products: list[str]
    evidence_count: int
    risk: float
    surprise: float
    mode: Literal["identical", "changed"] = Field(
        description="identical: every alert says the same; changed: the same identity, in a new state at least once."
    )
    changes: MetaChanges
    join: JoinReason | None


class MetaAlertPage(Model):
    items: list[MetaAlert]
    next_cursor: str | None


class MetaAlertList(Model):
    items: list[MetaAlert]


class EvidenceList(Model):
    """Events oldest first. `missing` counts evidence that has expired from the store."""

    items: list[dict[str, Any]]
    missing: int
