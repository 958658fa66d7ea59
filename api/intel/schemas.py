"""Models of the threat intelligence API."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.common import Body, Count, Cursor, EnterpriseRef, Identifier, Limit, Model, RegionRef
from taishi.intel.find import State
from taishi.intel.indicator import Tlp
from taishi.intel.read import Format
from taishi.intel.values import Kind

Transport = Literal["", "http", "taxii", "misp"]
FeedState = Literal["active", "paused"]
HexId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class FeedRefusal(Model):
    what: str
    reason: str


class FeedResult(Model):
    """What the last pull or addition that succeeded came to."""

    accepted: int
    refused: int
    changed: int
    withdrawn: int
    warned: int
    reasons: list[FeedRefusal]


class Feed(Model):
    id: str
    name: str
    transport: Transport
    format: Format
    url: str
    mode: Literal["append", "replace"]
    secret: str = Field(description="Name of the secret in the settings; the secret itself is nowhere in the API.")
    interval: float = Field(description="Seconds between pulls.")
    confidence: int
    tlp: Tlp
    valid_days: float
    state: FeedState
    indicators: int = Field(description="Listed here, whatever their state.")
    active: int = Field(description="Of these, matched at present.")
    next_at: float
    pulled_at: float | None
    succeeded_at: float | None
    error: str = Field(description="What went wrong at the last pull; empty where nothing did.")
    result: FeedResult | None
    version: int


class FeedList(Model):
    items: list[Feed]
    matched: int = Field(description="Indicators in the snapshot that processors use.")
    built_at: float | None
    behind: bool = Field(description="Something changed that no snapshot holds yet.")


class FeedCreate(Body):
    id: Annotated[
        str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$", description="Lower-case letters, digits, dots, dashes.")
    ]
    name: Annotated[str, Field(min_length=1, max_length=120)]
    url: Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s]+$")]
    transport: Literal["http", "taxii", "misp"] = "http"
    format: Format = "auto"
    mode: Literal["append", "replace"] = "append"
    user: Annotated[str, Field(max_length=120)] = ""
    secret: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")] = ""
    columns: dict[str, str] = Field(default={}, max_length=12, description="Meaning → column of a list.")
    kind: Kind | None = None
    interval: Annotated[float, Field(ge=60, le=30 * 86_400)] = 3600.0
    confidence: Annotated[int, Field(ge=0, le=100)] = 50
    tlp: Tlp = "amber"
    valid_days: Annotated[float, Field(gt=0, le=3650)] = 90.0


class FeedChange(Body):
    """`pull` makes it due at once; `remove` takes its indicators out of matching and forgets them."""

    action: Literal["pause", "start", "pull", "remove"]


class IntelIndicator(Model):
    id: HexId
    kind: Kind
    value: str
    feed_id: str
    feed_name: str
    confidence: int
    tlp: Tlp
    name: str
    labels: list[str]
    purpose: str
    source_id: str
    valid_from: float | None
    valid_until: float | None
    state: State
    warned: str = Field(description="The warning list that keeps it from matching.")
    added_at: float
    seen_at: float
    searched_back: bool = Field(description="Stored days were searched for it.")
    dismissed_by: str
    reason: str


class IndicatorPage(Model):
    items: list[IntelIndicator]
    next_cursor: str | None


class IndicatorQuery(Body):
    value: Annotated[
        str, Field(max_length=2048, description="Defanged is understood; networks and domains above it too.")
    ] = ""
    kind: Kind | None = None
    feed_id: Identifier | None = None
    state: State | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class IndicatorChange(Body):
    """`dismiss`: not to be matched here, whatever the feed says; `restore` takes that back."""

    action: Literal["dismiss", "restore"]
    reason: Annotated[str, Field(max_length=1000)] = ""


class IndicatorSighting(Model):
    id: str
    indicator_id: HexId
    kind: str
    value: str
    feed_id: str
    tlp: Tlp
    confidence: int
    enterprise: EnterpriseRef | None
    region: RegionRef
    day: float = Field(description="Begin of the day (UTC), epoch seconds.")
    retro: bool = Field(description="Found later, in stored days.")
    count: Count
    alerts: Count
    first_seen: float
    last_seen: float
    events: list[str] = Field(description="Ids of some of the events.")


class SightingPage(Model):
    items: list[IndicatorSighting]
    next_cursor: str | None


class SightingQuery(Body):
    indicator_id: HexId | None = None
    enterprise_id: Identifier | None = None
    feed_id: Identifier | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class IncidentIndicator(Model):
    """An indicator in the evidence of an incident, as the events say it."""

    id: HexId
    value: str
    kind: str = Field(description="ECS type of the indicator.")
    feed_name: str
    confidence: int
    tlp: str
    purpose: str
    description: str
    valid_until: float | None
    state: State | None = Field(description="At present; null where the indicator is gone or not the caller's to see.")
    events: Count
    retro: bool


class IncidentIndicatorList(Model):
    items: list[IncidentIndicator]


class WarningListGroup(Model):
    key: str
    reason_zh: str
    reason_en: str
    networks: list[str]
    domains: list[str]
    hashes: list[str]
    indicators: int = Field(description="Indicators that it keeps from matching.")


class WarningLists(Model):
    items: list[WarningListGroup]
