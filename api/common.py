"""Building blocks of the API's models: the strict base, time, severity, and the short forms of things named everywhere.

Times are epoch seconds (UTC, fractions allowed) in both directions; only events carry timestamps as text.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from taishi.reference.attack import label

Seconds = Annotated[float, Field(ge=0, le=253_402_300_799, allow_inf_nan=False, description="Epoch seconds, UTC.")]
Identifier = Annotated[str, Field(min_length=1, max_length=160, pattern=r"^[^\x00-\x1f]+$")]
RegionCode = Annotated[str, Field(pattern=r"^[0-9]{6}$", description="GB/T 2260 division code.")]
Text = Annotated[str, Field(max_length=1000)]
Limit = Annotated[int, Field(ge=1, le=200)]
Cursor = Annotated[str, Field(max_length=2000, description="`next_cursor` of the page before.")]
Count = Annotated[int, Field(ge=0)]

SeverityLevel = Literal["info", "low", "medium", "high", "critical"]
Outcome = Literal["success", "failure", "unknown"]

SEVERITY_FLOORS: tuple[tuple[int, SeverityLevel], ...] = (
    (80, "critical"),
    (60, "high"),
    (40, "medium"),
    (20, "low"),
    (0, "info"),
)


def severity_level(severity: int) -> SeverityLevel:
    """The word for a severity of 0–100."""
    found: SeverityLevel = "info"
    for floor, level in SEVERITY_FLOORS:
        if severity >= floor:
            return level
    return found


class Model(BaseModel):
    """What the API answers."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class Body(BaseModel):
    """What the API accepts: unknown keys are refused, so that a misspelt one is not silently ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class RegionRef(Model):
    code: str
    name: str
    name_en: str
    level: Literal["province", "city", "county"]


class EnterpriseRef(Model):
    id: str
    name: str
    name_en: str
    region: str = Field(description="Division code of the enterprise.")
    industry: str


class Measures(Model):
    """What places are compared by. `hit_rate` is enterprises hit ÷ enterprises monitored: one noisy line does not decide a
    ranking; `hit_rate_previous` is that of the period before, null where it was not watched."""

    enterprises: int
    enterprises_monitored: int
    enterprises_hit: int
    hit_rate: float
    hit_rate_previous: float | None
    judged_incidents: int
    open_incidents: int
    overdue_incidents: int


class RiskBrief(Model):
    """The index from 0 to 100 with its interval; `insufficient` where too little is covered to say "low"."""

    low: float
    mid: float
    high: float
    coverage: float = Field(description="0–1: how much of what should be seen is seen.")
    insufficient: bool


class Attack(Model):
    """An ATT&CK technique and tactic (Enterprise or ICS) with their names; all empty where there is none."""

    technique: str
    technique_zh: str
    technique_en: str
    tactic: str
    tactic_zh: str
    tactic_en: str


def attack(technique: str, tactic: str) -> dict[str, Any]:
    """The members of `Attack`."""
    technique_zh, technique_en = label(technique)
    tactic_zh, tactic_en = label(tactic)
    return {
        "technique": technique, "technique_zh": technique_zh, "technique_en": technique_en,
        "tactic": tactic, "tactic_zh": tactic_zh, "tactic_en": tactic_en,
    }  # fmt: skip


class Number(Model):
    """One figure with its comparison and the list that makes it up: `href` is an API address whose items it counts."""

    key: str
    label_zh: str
    label_en: str
    value: float
    previous: float | None = Field(description="The same figure for the period before; null where it has no period.")
    unit: Literal["count", "percent", "index", "seconds"]
    view: Literal["incidents", "meta_alerts", "events", "enterprises", "sources", "regions", "quarantine", "risk"]
    href: str
