"""Bursts: a technique at more enterprises of a region or industry than its own past makes likely."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.common import Attack, Body, Cursor, EnterpriseRef, Limit, Model, RegionCode, RegionRef


class BurstQuery(Body):
    """Newest first. Without parameters: what late data did not take back."""

    region: RegionCode | None = Field(default=None, description="The place of the burst lies in this division.")
    technique: Annotated[str, Field(max_length=32)] = ""
    running: Literal["true", "false", "any"] = "any"
    active: Literal["true", "false", "any"] = "true"
    limit: Limit = 50
    cursor: Cursor | None = None


class IndustryRef(Model):
    code: str
    name: str
    name_en: str


class Burst(Model):
    """A row of the list. `observed` counts an enterprise once in each hour, `expected` likewise."""

    id: str
    attack: Attack
    region: RegionRef
    industry: IndustryRef | None
    title_zh: str
    title_en: str
    started_at: float
    alarm_at: float
    last_at: float
    peak: float
    threshold: float
    observed: int
    expected: float
    over: bool = Field(description="The level has fallen again.")
    active: bool = Field(description="False: data that came late took its reason away.")


class Baseline(Model):
    """The past that hours are held against, so that "none" says how much it knows. Times in epoch seconds."""

    hours: int = Field(description="Hours with reports in the past that is kept.")
    days_wanted: int = Field(description="Days of past that make a whole baseline.")
    judged_until: float | None = Field(description="End of the newest hour judged; null: none yet.")


class BurstPage(Model):
    items: list[Burst]
    baseline: Baseline
    next_cursor: str | None


class BurstHour(Model):
    """`expected` ± `spread` is what the past of the place makes likely for so many reporting enterprises."""

    at: float
    observed: int
    expected: float
    spread: float
    reporting: int
    z: float
    level: float
    within: bool = Field(description="Part of the burst, not of what came before or after it.")


class BurstOccurrence(Model):
    """A meta-alert that began in the burst: what was counted."""

    meta_id: str
    name: str
    incident_id: str | None
    at: float


class BurstEnterprise(Model):
    enterprise: EnterpriseRef
    region: RegionRef
    first_at: float
    occurrences: list[BurstOccurrence]


class BurstDetail(Burst):
    hours: list[BurstHour]
    enterprises: list[BurstEnterprise]
    enterprises_elsewhere: int = Field(description="Counted, but no longer in the inventory or among the first shown.")
