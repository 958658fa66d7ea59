"""Sources with their balance: what was received must be accounted for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.common import Body, Cursor, EnterpriseRef, Identifier, Limit, Model, RegionCode, RegionRef, Seconds

Transport = Literal["syslog", "http", "file"]
DataKind = Literal["identifier", "network", "platform", "security", "third_party"]
SourceState = Literal["learning", "active", "disabled"]
SourceStatus = Literal["ok", "silent", "drifting", "unparsable", "learning", "disabled"]
Zone = Annotated[str, Field(max_length=64, description="IANA zone of timestamps that carry none.")]
Network = Annotated[str, Field(max_length=64, description="An address or CIDR block.")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
ShortText = Annotated[str, Field(max_length=64)]
Period = Annotated[float, Field(ge=1, le=30 * 86_400, description="Seconds between records, for silence.")]
Quota = Annotated[float, Field(gt=0, le=10_000_000, description="Records a second.")]


class SourceQuery(Body):
    q: Annotated[str, Field(max_length=200)] = ""
    status: list[SourceStatus] = Field(default_factory=list, max_length=6)
    enterprise_id: Identifier | None = None
    region: RegionCode | None = None
    park_id: Identifier | None = None
    start: Seconds | None = Field(default=None, description="Of the balance; a day before `end` where absent.")
    end: Seconds | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class Balance(Model):
    """received = stored + merged + suppressed + quarantined + rejected; `difference` is what is missing: 0."""

    received: int
    stored: int
    merged: int
    suppressed: int
    quarantined: int
    rejected: int
    difference: int


class Source(Model):
    id: str
    name: str
    enterprise: EnterpriseRef
    region: RegionRef
    product: str
    parser: str
    transport: Transport
    data_kind: str
    timezone: str
    encoding: str
    state: SourceState
    status: SourceStatus
    status_zh: str
    status_en: str
    balance: Balance
    delay_mean: float | None = Field(description="Seconds between happening and receipt; null where nothing came.")
    parse_rate: float | None = Field(description="0–1: stored ÷ (stored + quarantined).")
    clock_skew: float = Field(description="Seconds, sender minus us.")
    first_seen: float | None
    last_seen: float | None
    silent_for: float | None = Field(description="Seconds since the last record.")
    expected_period: float
    quota_per_second: float
    addresses: list[str]
    certificate: str | None
    has_key: bool
    key_expires_at: float | None
    version: int


class StatusCount(Model):
    status: SourceStatus
    count: int


class SourcePage(Model):
    """`totals` and `statuses` are over the whole filtered list."""

    items: list[Source]
    next_cursor: str | None
    start: float
    end: float
    totals: Balance
    statuses: list[StatusCount]


class BalanceQuery(Body):
    start: Seconds | None = None
    end: Seconds | None = None


class HourBalance(Balance):
    hour: float = Field(description="Epoch seconds of the hour's start.")
    delay_mean: float | None


class BalanceList(Model):
    items: list[HourBalance]
    totals: Balance


class SourceCreate(Body):
    name: Name
    enterprise_id: Identifier
    product: Annotated[str, Field(max_length=200)] = ""
    parser: ShortText = ""
    transport: Transport
    data_kind: DataKind = "security"
    timezone: Zone = "Asia/Shanghai"
    encoding: Annotated[str, Field(max_length=32)] = ""
    addresses: list[Network] = Field(default_factory=list, max_length=64)
    certificate: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    expected_period: Period = 3600.0
    quota_per_second: Quota = 20_000.0
    with_key: bool = Field(default=False, description="Make an API key; HTTP sources always get one.")


class SourceChange(Body):
    name: Name | None = None
    product: Annotated[str, Field(max_length=200)] | None = None
    parser: ShortText | None = None
    data_kind: DataKind | None = None
    timezone: Zone | None = None
    encoding: Annotated[str, Field(max_length=32)] | None = None
    addresses: Annotated[list[Network], Field(max_length=64)] | None = None
    certificate: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] | None = None
    state: SourceState | None = None
    expected_period: Period | None = None
    quota_per_second: Quota | None = None


class KeyCreate(Body):
    expires_at: Seconds | None = None


class SourceKey(Model):
    """The key is shown this once; only its hash is kept."""

    key: str
    expires_at: float | None


class SourceCreated(Model):
    source: Source
    key: SourceKey | None
