"""The two gradings of an incident: what is proposed and why, what a person decided, and the time limits that follow."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.common import Body, Model, Seconds

CategoryId = Literal[
    "malware", "attack", "data", "content", "facility", "violation", "hazard", "anomaly", "force_majeure", "other",
]  # fmt: skip
LevelKey = Literal["", "general", "larger", "major", "especially_major"]
GivenLevel = Literal["general", "larger", "major", "especially_major"]
Track = Literal["cii", "state", "other"]
FactName = Literal[
    "people_affected", "province_share", "city_share", "personal_records", "data_threat", "loss_yuan",
    "cii_whole_hours", "cii_main_hours", "portal_province_hours", "portal_city_hours", "content_home_hours",
    "content_other_hours", "content_reposts", "content_views", "business_loss", "social_harm",
]  # fmt: skip
Amount = Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)]


class Named(Model):
    """A category or a level with its names; the key is empty where nothing is proposed or decided."""

    key: str
    name_zh: str
    name_en: str


class Hit(Model):
    """One criterion that was met. status: final (text in force) | draft | verify (second-hand)."""

    text_zh: str
    text_en: str
    status: Literal["final", "draft", "verify"]
    source: str


class Missing(Model):
    """A human fact that could raise the level."""

    fact: FactName
    name_zh: str
    name_en: str


class FactNames(Model):
    name_zh: str
    name_en: str


class Proposal(Model):
    """What the platform proposes from what is known; each level is a floor."""

    category: Named
    category_hits: list[Hit]
    level: Named
    level_hits: list[Hit]
    reporting: Named
    reporting_hits: list[Hit]
    missing: list[Missing]


class Decision(Model):
    """What a person decided; empty keys where they have not."""

    category: Named
    level: Named
    reporting: Named
    track: Track
    determined_at: float | None
    reported_at: float | None
    decided_by: str
    decided_by_name: str
    decided_at: float | None
    reason: str


class Countdown(Model):
    """A time limit of 国家网络安全事件报告管理办法; `due` is null until what starts it has happened."""

    step: Literal["report", "relay", "summary"]
    seconds: float
    due: float | None
    done_at: float | None
    breached: bool
    name_zh: str
    name_en: str
    status: Literal["final", "draft", "verify"]
    source: str


class Grade(Model):
    """`would_follow`: the limits that the proposed reporting level would start, before anybody decided."""

    proposal: Proposal
    facts: dict[str, float]
    fact_names: dict[str, FactNames]
    decision: Decision
    countdowns: list[Countdown]
    would_follow: list[Countdown]


class GradeChange(Body):
    """What is absent stays; a fact of null is taken back. Deciding a level needs a reason; `determined_at` is when the
    level was determined, from which the limits count, and is not before the incident began."""

    facts: dict[FactName, Amount | None] = Field(default_factory=dict, max_length=20)
    category: CategoryId | None = None
    level: GivenLevel | None = None
    reporting: GivenLevel | None = None
    track: Track | None = None
    determined_at: Seconds | None = None
    reported_at: Seconds | None = None
    reason: Annotated[str, Field(max_length=2000)] = ""
