"""Incidents as analysts work on them: lists, facets, detail, changes, bulk changes and corrections of correlation."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.campaigns.schemas import IncidentCampaign
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
    RegionRef,
    Seconds,
    SeverityLevel,
    Text,
)
from api.grades.schemas import Grade

Status = Literal["new", "triaged", "in_progress", "contained", "resolved", "closed"]
GivenVerdict = Literal[
    "true_positive_success",
    "true_positive_attempt",
    "benign_positive",
    "false_positive",
    "duplicate",
    "automated",
    "other",
]
Verdict = Literal[
    "",
    "true_positive_success",
    "true_positive_attempt",
    "benign_positive",
    "false_positive",
    "duplicate",
    "automated",
    "other",
]
View = Literal["queue", "open", "closed", "all"]
Sort = Literal["-severity", "-score", "-last_seen", "last_seen", "-first_seen", "first_seen", "-alert_count", "due"]
Reason = Annotated[str, Field(max_length=2000)]
Owner = Annotated[str, Field(max_length=64, description="A login; `me`; an empty string takes the owner away.")]
OwnerFilter = Annotated[str, Field(max_length=64, description="A login, `me` or `none`.")]


class IncidentFilter(Body):
    """Conditions joined by AND, values of one condition by OR.

    `view` gives the defaults of what is not named: `queue` is open and mine or nobody's, `open` is open whoever has it,
    `closed` is resolved or closed, `all` is everything. Incidents merged into another are never listed.
    """

    view: View = "queue"
    q: Annotated[str, Field(max_length=200, description="In title, enterprise, id, techniques and entities.")] = ""
    status: list[Status] = Field(default_factory=list, max_length=6)
    verdict: list[Verdict] = Field(default_factory=list, max_length=8)
    owner: list[OwnerFilter] = Field(default_factory=list, max_length=50)
    severity_min: Annotated[int, Field(ge=0, le=100)] = 0
    severity_max: Annotated[int, Field(ge=0, le=100)] = 100
    outcome: list[Outcome] = Field(default_factory=list, max_length=3)
    region: RegionCode | None = None
    enterprise_id: Identifier | None = None
    park_id: Identifier | None = None
    industry: Annotated[str, Field(max_length=8, description="GB/T 4754 code; covers its sub-classes.")] | None = None
    technique: Annotated[str, Field(max_length=32)] | None = None
    escalated: Literal["true", "false", "any"] = "true"
    overdue: bool | None = Field(default=None, description="Past one of its two deadlines.")
    since: Seconds | None = Field(default=None, description="Last seen at or after.")
    until: Seconds | None = Field(default=None, description="Last seen before.")


class IncidentQuery(IncidentFilter):
    sort: Sort = "-severity"
    limit: Limit = 50
    cursor: Cursor | None = None


class Clock(Model):
    """One service-level clock: `due` is counted from the escalation; `done_at` stops it."""

    due: float
    done_at: float | None
    breached: bool


class Deadlines(Model):
    acknowledge: Clock
    resolve: Clock


class Stage(Attack):
    """One step of the attack as seen; `order` follows the kill chain, IT before ICS."""

    order: int
    first_seen: float


class Incident(Model):
    """A row of the list; `version` is its ETag."""

    id: str
    title_zh: str
    title_en: str
    enterprise: EnterpriseRef
    region: RegionRef
    escalated: bool
    escalated_at: float | None
    score: float = Field(description="0–1.")
    severity: int
    severity_level: SeverityLevel
    outcome: Outcome
    status: Status
    verdict: Verdict
    verdict_reason: str
    owner: str
    owner_name: str
    alert_count: int
    meta_count: int
    first_seen: float
    last_seen: float
    updated_at: float
    stages: list[Stage]
    techniques: list[str]
    asset_criticality: float
    reason_zh: str = Field(description="The strongest reason, for the list.")
    reason_en: str
    deadlines: Deadlines
    merged_into: str | None
    version: int


class IncidentPage(Model):
    """`snapshot` identifies what existed when the first page was read: give it to a bulk change on the query."""

    items: list[Incident]
    next_cursor: str | None
    snapshot: float


class IncidentReason(Model):
    """Shares sum to 1: the score opens into its reasons."""

    code: str
    share: float
    value: float
    text_zh: str
    text_en: str
    meta_id: str


class Entity(Model):
    kind: str
    value: str


class RelatedIncident(Model):
    id: str
    title_zh: str
    title_en: str
    status: Status
    verdict: Verdict
    severity: int
    severity_level: SeverityLevel
    last_seen: float
    shared: list[Entity] = Field(description="Entities both have.")


class IncidentDetail(Incident):
    reasons: list[IncidentReason]
    entities: list[Entity]
    related: list[RelatedIncident]
    merged_from: list[str]
    acknowledged_at: float | None
    resolved_at: float | None
    closed_at: float | None
    grade: Grade
    campaigns: list[IncidentCampaign]
    bulk_id: str = Field(description="In the answer to a change: give it to /incidents/undo; else empty.")


class Facet(Model):
    value: str
    count: int
    label_zh: str
    label_en: str


class IncidentFacets(Model):
    """Counts over the whole filtered list; each facet ignores its own condition, so that one can choose another."""

    total: int
    status: list[Facet]
    verdict: list[Facet]
    severity: list[Facet]
    outcome: list[Facet]
    owner: list[Facet]
    region: list[Facet]
    enterprise: list[Facet]
    technique: list[Facet]


class IncidentChange(Body):
    """What is absent stays. Closing needs a verdict; opening again clears it."""

    status: Status | None = None
    verdict: GivenVerdict | None = None
    verdict_reason: Reason | None = None
    owner: Owner | None = None
    note: Reason | None = None


class ById(Body):
    """`versions` (id → version) makes an incident that somebody changed since a conflict, not a victim."""

    mode: Literal["ids"]
    ids: Annotated[list[Identifier], Field(min_length=1, max_length=2000)]
    versions: dict[Identifier, int] = Field(default_factory=dict, max_length=2000)


class ByQuery(Body):
    """The list as it was at `snapshot`, less `exclude`."""

    mode: Literal["query"]
    filter: IncidentFilter
    exclude: list[Identifier] = Field(default_factory=list, max_length=2000)
    snapshot: Seconds


class BulkRequest(Body):
    """Closing in bulk needs `verdict` and `verdict_reason`. `preview` counts and changes nothing."""

    selection: Annotated[ById | ByQuery, Field(discriminator="mode")]
    change: IncidentChange
    preview: bool = False


class BulkItem(Model):
    id: str
    result: Literal["changed", "unchanged", "conflict", "not_found", "invalid"]
    version: int | None
    detail: str


class BulkResult(Model):
    """With `preview`, `bulk_id` is empty, nothing is changed and `results` is empty."""

    bulk_id: str
    preview: bool
    matched: int
    changed: int
    unchanged: int
    failed: int
    results: list[BulkItem]


class UndoRequest(Body):
    bulk_id: Annotated[str, Field(min_length=1, max_length=64)]


class NoteCreate(Body):
    text: Annotated[str, Field(min_length=1, max_length=8000)]


class HistoryEntry(Model):
    seq: int
    incident_id: str
    at: float
    actor: str
    actor_name: str
    action: str
    before: dict[str, Any]
    after: dict[str, Any]
    note: str
    bulk_id: str


class HistoryList(Model):
    items: list[HistoryEntry]


class MergeRequest(Body):
    incident_ids: Annotated[list[Identifier], Field(min_length=1, max_length=100)]
    reason: Text = ""


class SplitRequest(Body):
    meta_ids: Annotated[list[Identifier], Field(min_length=1, max_length=500)]
    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class SplitResult(Model):
    incident: IncidentDetail
    new_incident: IncidentDetail
    bulk_id: str


class TimelineEntry(Attack):
    """`alert` entries are meta-alerts; the others are what people and the engine did."""

    at: float
    until: float | None
    kind: Literal["alert", "escalated", "change", "note", "merge", "split", "grade", "undo"]
    title_zh: str
    title_en: str
    meta_id: str
    stage: int
    severity: int
    outcome: Outcome
    count: int
    attacker: str
    victim: str
    actor: str


class Timeline(Model):
    items: list[TimelineEntry]
