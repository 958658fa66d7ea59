"""Models of the detection rules API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.common import Attack, Body, Cursor, EnterpriseRef, Identifier, Limit, Model, RegionRef, Seconds

RuleState = Literal["draft", "test", "stable", "off"]
RuleKind = Literal["sigma", "correlation"]
RuleLevel = Literal["informational", "low", "medium", "high", "critical"]
Order = Literal["hits", "cost", "changed", "title"]
MAX_BODY = 64 * 1024


class RuleVerdicts(Model):
    """Closed incidents of the caller's scope that held the rule, by verdict. `false_rate`: false ones of those judged."""

    true_positive: int
    false_positive: int
    benign_positive: int
    false_rate: float | None


class RuleBrief(Model):
    id: str
    title: str
    title_zh: str
    kind: RuleKind
    ruleset: str
    level: str
    state: RuleState
    throttled: str = Field(description="Why the platform switched it off for its cost; empty where it has not.")
    product: str
    category: str
    service: str
    techniques: list[Attack]
    hits: int = Field(description="Alerts and, in test, would-be alerts of enterprises in the caller's scope.")
    excepted: int = Field(description="Hits that an exception kept quiet.")
    nanoseconds: float | None = Field(description="Mean cost of one evaluation; null before it was timed.")
    verdicts: RuleVerdicts
    changed_at: float
    changed_by: str
    version: int


class RuleFacetCount(Model):
    value: str
    count: int


class RuleFacets(Model):
    state: list[RuleFacetCount]
    level: list[RuleFacetCount]
    ruleset: list[RuleFacetCount]
    source: list[RuleFacetCount] = Field(description="Product, else category, of the log source.")


class RulePage(Model):
    items: list[RuleBrief]
    total: int
    facets: RuleFacets
    next_cursor: str | None


class RuleQuery(Body):
    q: Annotated[str, Field(max_length=200, description="Words of title, id or name.")] = ""
    state: RuleState | None = None
    level: RuleLevel | None = None
    ruleset: Annotated[str, Field(max_length=64)] | None = None
    source: Annotated[str, Field(max_length=64)] | None = None
    technique: Annotated[str, Field(max_length=16, pattern=r"^T[0-9]{4}(\.[0-9]{3})?$")] | None = None
    throttled: bool | None = None
    fired: bool | None = None
    order: Order = "hits"
    limit: Limit = 50
    cursor: Cursor | None = None


class RuleVersionBrief(Model):
    number: int
    added_at: float
    added_by: str
    current: bool


class RuleHistoryEntry(Model):
    at: float
    actor: str
    action: str
    note: str


class RuleDay(Model):
    """`count`: alerts that happened on the day. `hits`, `excepted` and `nanoseconds` (mean of an evaluation, null where none
    was timed) are of the day on which events were worked through."""

    start: float
    count: int
    hits: int
    excepted: int
    nanoseconds: float | None


class RuleDetail(RuleBrief):
    body: str = Field(description="The rule as its author wrote it: the version that runs.")
    description: str
    advice_zh: str
    advice_en: str
    references: list[str]
    falsepositives: list[str]
    source_state: str
    rules: list[str] = Field(description="Of a correlation: the rules that it builds on.")
    versions: list[RuleVersionBrief]
    history: list[RuleHistoryEntry]
    days: list[RuleDay] = Field(description="The last fourteen, of the caller's scope.")
    budget: int = Field(description="Nanoseconds an event, on average, beyond which a rule is switched off.")
    cases: int = Field(description="Examples that the rule carries.")


class RuleVersionText(Model):
    number: int
    added_at: float
    added_by: str
    body: str
    previous: int | None
    diff: list[str] = Field(description="Unified diff to the version before, line by line; empty for the first.")


class RuleText(Body):
    body: Annotated[str, Field(min_length=1, max_length=MAX_BODY, description="One Sigma rule in YAML.")]


class RuleProblem(Model):
    reason: str
    line: int = Field(description="From 1; 0 where the place is not known.")
    column: int


class RuleCheck(Model):
    """What the engine makes of a text. `known`: the id of the stored rule that it would become a version of."""

    accepted: bool
    problems: list[RuleProblem]
    id: str
    title: str
    level: str
    product: str
    category: str
    service: str
    techniques: list[Attack]
    known: str | None
    cases: int
    failed_cases: list[int] = Field(description="Numbers, from 1, of the rule's own examples that do not hold.")
    literals: bool = Field(
        description="A literal finds its candidates; without one it is tried on every event of its kind."
    )


class RuleSave(RuleText):
    """`If-Match` must be given where the rule exists."""

    note: Annotated[str, Field(max_length=1000)] = ""


class RuleChange(Body):
    state: RuleState
    reason: Annotated[str, Field(max_length=1000)] = ""


# ---------------------------------------------------------------- exceptions


class RuleException(Model):
    id: str
    rule_id: str
    enterprise: EnterpriseRef | None = Field(description="Null: every enterprise of the region.")
    region: RegionRef
    fields: dict[str, str]
    query: str
    reason: str
    owner: str
    created_at: float
    expires_at: float
    withdrawn_at: float | None
    in_force: bool
    version: int


class RuleExceptionList(Model):
    items: list[RuleException]


class ExceptionDraft(Body):
    """Alerts of the rule that are not wanted: of one enterprise, or of a region; where all fields match and the event is a
    result of the query."""

    enterprise_id: Identifier | None = None
    region: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = None
    fields: dict[Annotated[str, Field(max_length=120)], Annotated[str, Field(min_length=1, max_length=512)]] = Field(
        default={}, max_length=16, description="Our field → Sigma pattern (wildcards * and ?)."
    )
    query: Annotated[str, Field(max_length=2000)] = ""


class ExceptionCreate(ExceptionDraft):
    reason: Annotated[str, Field(min_length=2, max_length=1000)]
    expires_at: Seconds


class ExceptionPreview(Model):
    """What it would have kept quiet in the last `days`. `complete` is false where there were more alerts than are looked at."""

    days: int
    alerts: int
    hidden: int
    samples: list[dict[str, Any]] = Field(description="The newest of the hidden ones: time, enterprise, what fired.")
    complete: bool


class ExceptionChange(Body):
    """Ends an exception now."""

    action: Literal["withdraw"]
    reason: Annotated[str, Field(max_length=1000)] = ""


# ---------------------------------------------------------------- back-tests


class BacktestCreate(RuleText):
    """The text is tried as it stands; nothing is stored of it but the result."""

    days: Annotated[int, Field(ge=1, le=30)] = 7


class BacktestQuery(Body):
    rule_id: Identifier | None = None


class BacktestBucket(Model):
    start: float
    count: int


class BacktestShare(Model):
    enterprise: EnterpriseRef
    count: int


class Fired(Model):
    """`value` of our field satisfied a test; `op` and `operand` say which, `name` is the rule's own word for the field."""

    field: str
    value: str
    op: str
    operand: str
    name: str


class BacktestSample(Model):
    event_id: str
    at: float
    enterprise: EnterpriseRef | None
    message: str
    reasons: list[Fired]


class BacktestResult(Model):
    """`events` were looked at of `stored`; `nanoseconds` is the cost of each of them, `share_nanoseconds` spread over all
    events. Meta-alerts and incidents are null where there were too many alerts to ask."""

    events: int
    stored: int
    hits: int
    excepted: int
    by_day: list[BacktestBucket]
    enterprises: int
    by_enterprise: list[BacktestShare]
    meta_alerts: int | None
    incidents: int | None
    escalated: int | None
    nanoseconds: float
    share_nanoseconds: float
    budget_nanoseconds: float
    throttled: bool
    samples: list[BacktestSample]


class Backtest(Model):
    id: str
    rule_id: str
    title: str
    since: float
    until: float
    state: Literal["queued", "running", "done", "cancelled", "failed"]
    seen: int
    total: int
    hits: int
    reason: str
    owner: str
    created_at: float
    started_at: float | None
    ended_at: float | None
    result: BacktestResult | None


class BacktestList(Model):
    items: list[Backtest]


class BacktestChange(Body):
    action: Literal["cancel"]


# ---------------------------------------------------------------- in an incident


class FiredField(Model):
    field: str
    value: str


class IncidentRule(Model):
    """`alerts` of its evidence are this rule's; `fired` made the newest of them."""

    id: str
    name: str
    description: str
    severity: int
    alerts: int
    advice_zh: str
    advice_en: str
    fired: list[FiredField]


class IncidentRuleList(Model):
    items: list[IncidentRule]
