"""What a person can change, and the few derived things people work on. SQLAlchemy 2 tables; migrations build them.

Times are epoch seconds (float, UTC). Region columns hold the full six-digit GB/T 2260 code of the county (or city).
Tables with `Owned` carry enterprise, region and authority, so that one scope filter fits all of them.
Machine columns and human columns live side by side: the processor never writes a human column, people never write a
machine column; `version` counts human edits (the ETag).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Float, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from taishi.clock import now

BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads this class attribute
        dict[str, Any]: JSON,
        list[Any]: JSON,
        str: String(255),
        float: Float(53),
    }


class Owned:
    """Belongs to an enterprise: the columns the scope filter reads."""

    enterprise_id: Mapped[str] = mapped_column(index=True)
    region: Mapped[str] = mapped_column(String(6), index=True)
    authority: Mapped[str] = mapped_column(String(16), default="")


# ---------------------------------------------------------------- inventory


class Division(Base):
    """GB/T 2260 division: province, city, county. `parent` is empty at the platform's root."""

    __tablename__ = "division"
    code: Mapped[str] = mapped_column(String(6), primary_key=True)
    parent: Mapped[str] = mapped_column(String(6), index=True, default="")
    level: Mapped[str] = mapped_column(String(16))  # province | city | county
    name: Mapped[str]
    name_en: Mapped[str] = mapped_column(default="")


class Park(Base):
    __tablename__ = "park"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(6), index=True)
    name: Mapped[str]
    name_en: Mapped[str] = mapped_column(default="")


class Enterprise(Base):
    """`id` doubles as the scope's enterprise id. kind: industrial | platform | identifier. level: 1–3, 3 highest."""

    __tablename__ = "enterprise"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    name_en: Mapped[str] = mapped_column(default="")
    region: Mapped[str] = mapped_column(String(6), index=True)
    park_id: Mapped[str | None] = mapped_column(String(64), index=True)
    industry: Mapped[str] = mapped_column(String(8), index=True)  # GB/T 4754 code, such as C36 or C3610
    kind: Mapped[str] = mapped_column(String(16))
    level: Mapped[int] = mapped_column(default=1)
    authority: Mapped[str] = mapped_column(String(16), default="miit")
    contact: Mapped[str] = mapped_column(default="")
    contact_phone: Mapped[str] = mapped_column(default="")
    created_at: Mapped[float] = mapped_column(default=0.0)
    version: Mapped[int] = mapped_column(default=1)


class Asset(Owned, Base):
    """`criticality` 0.2–1.0; `purdue` 0–5 (3.5: DMZ), None if unknown; `exposure`: none | internal | internet."""

    __tablename__ = "asset"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(String(32))  # plc hmi historian engineering server workstation firewall gateway …
    address: Mapped[str] = mapped_column(String(64), index=True, default="")
    hostname: Mapped[str] = mapped_column(default="")
    criticality: Mapped[float] = mapped_column(default=0.5)
    purdue: Mapped[float | None]
    exposure: Mapped[str] = mapped_column(String(16), default="none")
    exposed_protocols: Mapped[list[Any]] = mapped_column(default=list)
    vendor: Mapped[str] = mapped_column(default="")
    model: Mapped[str] = mapped_column(default="")


# ---------------------------------------------------------------- sources and their balance


class Source(Owned, Base):
    """A registered sender. `parser` empty means "sniff". state: learning | active | disabled."""

    __tablename__ = "source"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    product: Mapped[str] = mapped_column(default="")
    parser: Mapped[str] = mapped_column(String(64), default="")
    transport: Mapped[str] = mapped_column(String(32))  # syslog | http | file
    data_kind: Mapped[str] = mapped_column(String(16), default="security")
    timezone: Mapped[str] = mapped_column(String(64), default="Asia/Shanghai")
    encoding: Mapped[str] = mapped_column(String(32), default="")
    key_hash: Mapped[str | None] = mapped_column(String(64), index=True)  # SHA-256 of the API key, hex
    key_expires_at: Mapped[float | None]
    addresses: Mapped[list[Any]] = mapped_column(default=list)  # networks that plain syslog may come from
    certificate: Mapped[str | None] = mapped_column(String(64), index=True)  # SHA-256 fingerprint, hex
    state: Mapped[str] = mapped_column(String(16), default="active")
    expected_period: Mapped[float] = mapped_column(default=3600.0)  # seconds between records, for silence
    quota_per_second: Mapped[float] = mapped_column(default=20_000.0)
    created_at: Mapped[float] = mapped_column(default=0.0)
    first_seen: Mapped[float | None]
    last_seen: Mapped[float | None]  # newest event received_at
    clock_skew: Mapped[float] = mapped_column(default=0.0)  # seconds, smoothed, sender minus us
    version: Mapped[int] = mapped_column(default=1)


class ParserMapping(Base):
    """How an operator has a product's records read (`taishi.mapping.Mapping`); sources name it as `map:<id>`."""

    __tablename__ = "parser_mapping"
    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    name: Mapped[str]
    product: Mapped[str] = mapped_column(default="")
    spec: Mapped[dict[str, Any]]
    sample: Mapped[str] = mapped_column(Text, default="")  # the lines it was written against
    current: Mapped[int] = mapped_column(default=1)  # number of the version in use
    changed_at: Mapped[float] = mapped_column(default=0.0)
    changed_by: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)


class ParserMappingVersion(Base):
    """Every version of a mapping stays; going back makes an earlier one current."""

    __tablename__ = "parser_mapping_version"
    mapping_id: Mapped[str] = mapped_column(
        String(60), ForeignKey("parser_mapping.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    spec: Mapped[dict[str, Any]]
    sample: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    added_at: Mapped[float]
    added_by: Mapped[str]


class Ledger(Owned, Base):
    """received = stored + merged + suppressed + quarantined + rejected, per source and hour of receipt (epoch hour)."""

    __tablename__ = "ledger"
    source_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    hour: Mapped[int] = mapped_column(primary_key=True, index=True)
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    stored: Mapped[int] = mapped_column(BigInteger, default=0)
    merged: Mapped[int] = mapped_column(BigInteger, default=0)  # repeats of a delivery that was already taken
    suppressed: Mapped[int] = mapped_column(BigInteger, default=0)
    quarantined: Mapped[int] = mapped_column(BigInteger, default=0)
    rejected: Mapped[int] = mapped_column(BigInteger, default=0)
    delay_sum: Mapped[float] = mapped_column(default=0.0)  # Σ (received_at − @timestamp) of stored events, seconds


class QuarantineRecord(Owned, Base):
    """status: new | replayed | discarded. `id` is the event id the record would have had."""

    __tablename__ = "quarantine"
    id: Mapped[str] = mapped_column(String(96), primary_key=True)
    source_id: Mapped[str] = mapped_column(String(64), index=True)
    received_at: Mapped[float] = mapped_column(index=True)
    original: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    parser: Mapped[str] = mapped_column(String(64), default="")
    status: Mapped[str] = mapped_column(String(16), default="new", index=True)


# ---------------------------------------------------------------- the processor's own


class StreamOffset(Base):
    """The processor's committed position: written by compare-and-set in the transaction of its effects."""

    __tablename__ = "stream_offset"
    group: Mapped[str] = mapped_column("consumer_group", String(64), primary_key=True)
    topic: Mapped[str] = mapped_column(String(128), primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True)
    offset: Mapped[int] = mapped_column("position", BigInteger)


class SeenDelivery(Base):
    """Deliveries already processed, so that a batch put on the stream twice has its effects once."""

    __tablename__ = "seen_delivery"
    delivery: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[float] = mapped_column(index=True)


class StageState(Base):
    """A stage's state for one key (an enterprise), as the stage encoded it."""

    __tablename__ = "stage_state"
    topic: Mapped[str] = mapped_column(String(128), primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column("state_key", String(128), primary_key=True)
    blob: Mapped[bytes] = mapped_column(LargeBinary)


class Decision(Base):
    """What people decided about correlation; the processor applies new rows, in order, at a checkpoint.

    kind: merge {into, incident} | split {incident, metas, new_incident} | detach {incident, meta, new_incident}
    | undo {decision}. `applied_at` is set by the processor.
    """

    __tablename__ = "decision"
    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    enterprise_id: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    payload: Mapped[dict[str, Any]]
    actor: Mapped[str]
    at: Mapped[float]
    undone_by: Mapped[int | None] = mapped_column(BigId)


class DetectionRule(Base):
    """A detection rule as people run it. state: draft | test | stable | off; only test and stable rules are loaded, and
    only stable ones raise alerts. `current` is the version that runs. `throttled` is why the platform has switched the
    rule off itself, "" where it has not; people clear it. `source_state` is the author's own word (Sigma's `status`).
    What lists filter by (name, log source, techniques) is copied from the current version."""

    __tablename__ = "detection_rule"
    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(16))  # sigma | correlation
    ruleset: Mapped[str] = mapped_column(String(64), index=True)
    level: Mapped[str] = mapped_column(String(16))
    source_state: Mapped[str] = mapped_column(String(16), default="")
    state: Mapped[str] = mapped_column(String(16), index=True)
    throttled: Mapped[str] = mapped_column(default="")
    current: Mapped[int] = mapped_column(default=1)
    title_zh: Mapped[str] = mapped_column(Text, default="")
    name: Mapped[str] = mapped_column(String(128), index=True, default="")  # what correlations call it
    product: Mapped[str] = mapped_column(String(64), default="")
    category: Mapped[str] = mapped_column(String(64), default="")
    service: Mapped[str] = mapped_column(String(64), default="")
    techniques: Mapped[list[Any]] = mapped_column(default=list)
    history: Mapped[list[Any]] = mapped_column(default=list)  # [{"at", "actor", "action", "note"}], the newest
    changed_at: Mapped[float] = mapped_column(default=0.0)
    changed_by: Mapped[str] = mapped_column(String(64), default="")
    version: Mapped[int] = mapped_column(default=1)


class DetectionRuleVersion(Base):
    """One text of a rule and what it compiled to. Never changed once written: editing a rule adds one."""

    __tablename__ = "detection_rule_version"
    rule_id: Mapped[str] = mapped_column(ForeignKey("detection_rule.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str] = mapped_column(Text)  # the rule as its author wrote it
    digest: Mapped[str] = mapped_column(String(64))  # BLAKE2b of body and form, hex
    form: Mapped[dict[str, Any]]  # `taishi.sigma.rule.encode`
    added_at: Mapped[float]
    added_by: Mapped[str] = mapped_column(String(64), default="")


class RuleException(Owned, Base):
    """Alerts of a rule that an enterprise ("" every one of a region) does not want. `fields` maps our field names to
    Sigma patterns that must all hold ({}: always), `query` ("": always) is a search of which the event must be a result;
    it ends at `expires_at`, or when a person withdraws it."""

    __tablename__ = "rule_exception"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(128), index=True)
    fields: Mapped[dict[str, Any]]
    query: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    owner: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[float]
    expires_at: Mapped[float]
    withdrawn_at: Mapped[float | None]
    history: Mapped[list[Any]] = mapped_column(default=list)  # [{"at", "actor", "action", "note"}]
    version: Mapped[int] = mapped_column(default=1)


class RuleBacktest(Base):
    """A rule tried on stored days. `body` is the text that ran, `rule_id` the rule it may become. state: queued | running
    | done | cancelled | failed. Only who has the very scope that it ran in (`scope_key`) may see it. `progress` is
    {"seen", "total", "hits"}; a runner that has not beaten for a while has died, and another takes the work."""

    __tablename__ = "rule_backtest"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(128), index=True)
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    since: Mapped[float]  # of event time
    until: Mapped[float]
    scope: Mapped[dict[str, Any]]  # regions, enterprises, authorities
    scope_key: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), index=True)
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reason: Mapped[str] = mapped_column(Text, default="")  # why it failed
    owner: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[float] = mapped_column(index=True)
    started_at: Mapped[float | None]
    ended_at: Mapped[float | None]
    beat_at: Mapped[float] = mapped_column(default=0.0)


class RuleFigure(Base):
    """What a rule has done for an enterprise, and (enterprise "") what it has cost the platform. One row each, so the
    table is as large as rules × enterprises they fired for. `nanoseconds` were spent in `timed` sampled evaluations."""

    __tablename__ = "rule_figure"
    rule_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    enterprise_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    hits: Mapped[int] = mapped_column(BigInteger, default=0)
    excepted: Mapped[int] = mapped_column(BigInteger, default=0)
    dropped: Mapped[int] = mapped_column(BigInteger, default=0)
    timed: Mapped[int] = mapped_column(BigInteger, default=0)
    nanoseconds: Mapped[int] = mapped_column(BigInteger, default=0)


class RuleDaily(Base):
    """`RuleFigure` by the day (days since the epoch, UTC) on which it was worked through; kept for the records' days."""

    __tablename__ = "rule_daily"
    rule_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    enterprise_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True, index=True)
    hits: Mapped[int] = mapped_column(BigInteger, default=0)
    excepted: Mapped[int] = mapped_column(BigInteger, default=0)
    dropped: Mapped[int] = mapped_column(BigInteger, default=0)
    timed: Mapped[int] = mapped_column(BigInteger, default=0)
    nanoseconds: Mapped[int] = mapped_column(BigInteger, default=0)


class Change(Base):
    """What the live view follows: one row per changed thing, written in the transaction that changed it."""

    __tablename__ = "change"
    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    at: Mapped[float]
    kind: Mapped[str] = mapped_column(String(16))  # incident | risk | source | campaign | warning
    object_id: Mapped[str] = mapped_column(String(96))
    enterprise_id: Mapped[str] = mapped_column(String(64), default="")
    region: Mapped[str] = mapped_column(String(6), default="")
    authority: Mapped[str] = mapped_column(String(16), default="")


# ---------------------------------------------------------------- what the analyst works on


class MetaAlert(Owned, Base):
    """Repeated alerts of one behaviour (归并告警), with the evidence found by id in the EventStore.

    `join` says why it is in its incident: {"score", "weight", "stage_factor", "risk_factor", "entities": [{"kind",
    "value", "weight"}], "text_zh", "text_en", "by": "engine" | login}.
    """

    __tablename__ = "meta_alert"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    incident_id: Mapped[str | None] = mapped_column(String(64), index=True)
    behaviour: Mapped[str]  # "T1110.001|10.1.2.3": technique or feature, and scope
    name: Mapped[str] = mapped_column(Text)  # the most frequent rule name
    technique: Mapped[str] = mapped_column(String(32), default="")
    tactic: Mapped[str] = mapped_column(String(64), default="")
    stage: Mapped[int] = mapped_column(default=0)  # order of the kill chain, IT then ICS
    severity: Mapped[int]  # 0–100, never lowered
    outcome: Mapped[str] = mapped_column(String(16), default="unknown")  # success | failure | unknown; success sticks
    count: Mapped[int] = mapped_column(BigInteger)
    first_seen: Mapped[float]
    last_seen: Mapped[float] = mapped_column(index=True)
    attacker: Mapped[str] = mapped_column(default="")
    victim: Mapped[str] = mapped_column(default="")
    entities: Mapped[list[Any]] = mapped_column(default=list)  # [{"kind", "value"}]
    rules: Mapped[dict[str, Any]] = mapped_column(default=dict)  # rule name → count, capped
    evidence: Mapped[list[Any]] = mapped_column(default=list)  # event ids: first, last and a reservoir between
    products: Mapped[list[Any]] = mapped_column(default=list)
    risk: Mapped[float] = mapped_column(default=0.0)
    surprise: Mapped[float] = mapped_column(default=0.0)
    learned: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What closed incidents taught about its rules: `taishi.feedback.priors.Learned` as JSON; empty for nothing."""
    changes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """How often its state was new: {"severity", "outcome", "rule", "entity"} → alerts; empty: all its alerts are identical."""
    join: Mapped[dict[str, Any]] = mapped_column("join_reason", default=dict)


class Incident(Owned, Base):
    """Correlated meta-alerts of one enterprise (安全事件).

    Machine: score … counts. Human: status, verdict, owner, severity_override, note count, version.
    status: new | triaged | in_progress | contained | resolved | closed.
    verdict: "" | true_positive_success | true_positive_attempt | benign_positive |
    false_positive | duplicate | automated | other.
    `reasons` are additive: [{"code", "share", "value", "text_zh", "text_en", "meta_id"}], shares sum to 1.
    """

    __tablename__ = "incident"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    title_zh: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    escalated: Mapped[bool] = mapped_column(default=False, index=True)  # a person should look
    escalated_at: Mapped[float | None]
    score: Mapped[float]  # 0–1
    severity: Mapped[int]  # 0–100
    stages: Mapped[list[Any]] = mapped_column(default=list)  # [{"stage", "tactic", "technique", "first_seen"}] in order
    techniques: Mapped[list[Any]] = mapped_column(default=list)
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    entities: Mapped[list[Any]] = mapped_column(default=list)
    alert_count: Mapped[int] = mapped_column(BigInteger, default=0)
    meta_count: Mapped[int] = mapped_column(default=0)
    first_seen: Mapped[float]
    last_seen: Mapped[float] = mapped_column(index=True)
    outcome: Mapped[str] = mapped_column(String(16), default="unknown")
    asset_criticality: Mapped[float] = mapped_column(default=0.0)
    related: Mapped[list[Any]] = mapped_column(default=list)  # incident ids
    merged_into: Mapped[str | None] = mapped_column(String(64))
    updated_at: Mapped[float] = mapped_column(default=0.0, index=True)
    created_at: Mapped[float] = mapped_column(default=now, index=True)  # when the row came to be, by the wall clock
    # human
    status: Mapped[str] = mapped_column(String(16), default="new", index=True)
    verdict: Mapped[str] = mapped_column(String(32), default="")
    verdict_reason: Mapped[str] = mapped_column(Text, default="")
    owner: Mapped[str] = mapped_column(default="", index=True)
    acknowledged_at: Mapped[float | None]
    resolved_at: Mapped[float | None]
    closed_at: Mapped[float | None]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (Index("incident_queue", "escalated", "status", "last_seen"),)


class Sighting(Owned, Base):
    """An indicator (ip, domain, hash) in an incident that weighs enough: what campaigns are found from.

    `id` follows from kind, value and incident. `techniques` in the order seen; `stage` the highest of the meta-alerts
    that carry the value; `attempt`: all of them are attempts from outside."""

    __tablename__ = "sighting"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    value: Mapped[str]
    incident_id: Mapped[str] = mapped_column(String(64), index=True)
    industry: Mapped[str] = mapped_column(String(8), default="")
    techniques: Mapped[list[Any]] = mapped_column(default=list)
    stage: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[bool] = mapped_column(default=False)
    score: Mapped[float]
    escalated: Mapped[bool] = mapped_column(default=False)
    first_seen: Mapped[float]
    last_seen: Mapped[float] = mapped_column(index=True)

    __table_args__ = (Index("sighting_indicator", "kind", "value"),)


class IndicatorUse(Owned, Base):
    """An enterprise's alerts named an indicator, whatever they were worth: how common the value is."""

    __tablename__ = "indicator_use"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    value: Mapped[str]
    last_seen: Mapped[float] = mapped_column(index=True)

    __table_args__ = (Index("indicator_use_indicator", "kind", "value"),)


class Campaign(Base):
    """Incidents of several enterprises that share rare indicators. Seen by those who see a member or, save contacts,
    an enterprise at risk; its texts name no enterprise.

    Machine: kind … active. Human: status (open | confirmed | dismissed), status_reason, decided_by, decided_at, version.
    kind: worm | supply_chain | malware | infrastructure. `reasons` are additive: shares sum to 1.
    `indicators`: [{"kind", "value", "rarity", "enterprises", "background", "first_seen", "last_seen"}].
    """

    __tablename__ = "campaign"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    title_zh: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    criterion: Mapped[str] = mapped_column(String(16))  # three | two
    score: Mapped[float]
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    indicators: Mapped[list[Any]] = mapped_column(default=list)
    techniques: Mapped[list[Any]] = mapped_column(default=list)
    enterprise_count: Mapped[int]
    incident_count: Mapped[int]
    at_risk_count: Mapped[int] = mapped_column(default=0)
    first_seen: Mapped[float]
    last_seen: Mapped[float] = mapped_column(index=True)
    active: Mapped[bool] = mapped_column(default=True)  # False: its sightings no longer support it
    created_at: Mapped[float] = mapped_column(default=now)
    updated_at: Mapped[float] = mapped_column(default=0.0)
    # human
    status: Mapped[str] = mapped_column(String(16), default="open", index=True)
    status_reason: Mapped[str] = mapped_column(Text, default="")
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[float | None]
    version: Mapped[int] = mapped_column(default=1)


class CampaignMember(Owned, Base):
    """An incident in a campaign: how much ties it there and by which indicators. `at`: its first sighting."""

    __tablename__ = "campaign_member"
    campaign_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    incident_id: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
    at: Mapped[float]
    weight: Mapped[float]
    reasons: Mapped[list[Any]] = mapped_column(default=list)


class CampaignExposure(Owned, Base):
    """An enterprise that a campaign has not hit yet, and why it may be next."""

    __tablename__ = "campaign_exposure"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    campaign_id: Mapped[str] = mapped_column(String(64), index=True)
    weight: Mapped[float]
    reasons: Mapped[list[Any]] = mapped_column(default=list)


class WarningProposal(Base):
    """A proposed early warning (预警建议) of a campaign; a person accepts or dismisses it.

    Machine: source … active. Human: status (proposed | accepted | dismissed), reason, decided_by, decided_at, version.
    colour: red | orange | yellow | blue. `criteria`: those of the data file that were hit. Its scope is the
    campaign's."""

    __tablename__ = "warning_proposal"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    source: Mapped[str] = mapped_column(String(16))  # campaign
    source_id: Mapped[str] = mapped_column(String(64), index=True)
    region: Mapped[str] = mapped_column(String(6), default="")
    title_zh: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    colour: Mapped[str] = mapped_column(String(8))
    criteria: Mapped[list[Any]] = mapped_column(default=list)
    regions: Mapped[list[Any]] = mapped_column(default=list)
    industries: Mapped[list[Any]] = mapped_column(default=list)
    advice: Mapped[list[Any]] = mapped_column(default=list)
    at_risk_count: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[float] = mapped_column(default=now, index=True)
    updated_at: Mapped[float] = mapped_column(default=0.0)
    # human
    status: Mapped[str] = mapped_column(String(16), default="proposed", index=True)
    reason: Mapped[str] = mapped_column(Text, default="")
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[float | None]
    version: Mapped[int] = mapped_column(default=1)


class BurstCount(Base):
    """Distinct enterprises of a county and industry at which a technique occurred anew in an hour of event time; with the
    technique "", how many enterprises reported in it. The processor's own."""

    __tablename__ = "burst_count"
    hour: Mapped[int] = mapped_column(primary_key=True)  # epoch hour
    technique: Mapped[str] = mapped_column(String(32), primary_key=True)
    region: Mapped[str] = mapped_column(String(6), primary_key=True)
    industry: Mapped[str] = mapped_column(String(8), primary_key=True)
    enterprises: Mapped[int]


class Burst(Base):
    """A technique at more enterprises of a region or industry than its past makes likely (突发). Seen by those whose scope
    covers `region` whole: its numbers are about all of it.

    `hours`: [{"hour", "observed", "expected", "spread", "reporting", "z", "level"}], epoch hours, also those before it.
    """

    __tablename__ = "burst"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    technique: Mapped[str] = mapped_column(String(32), index=True)
    region: Mapped[str] = mapped_column(String(6), index=True)
    industry: Mapped[str] = mapped_column(String(8), default="")
    title_zh: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    started_at: Mapped[float] = mapped_column(index=True)
    alarm_at: Mapped[float]  # end of the hour whose level passed the threshold
    last_at: Mapped[float] = mapped_column(index=True)  # end of the last hour that saw anything
    peak: Mapped[float]
    threshold: Mapped[float]
    observed: Mapped[int]
    expected: Mapped[float]
    hours: Mapped[list[Any]] = mapped_column(default=list)
    over: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)  # False: late data took its reason away
    updated_at: Mapped[float] = mapped_column(default=0.0)


class IncidentHistory(Owned, Base):
    """Who changed what, when and why. Notes are entries with action "note"."""

    __tablename__ = "incident_history"
    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    incident_id: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[float]
    actor: Mapped[str]
    action: Mapped[str] = mapped_column(String(32))
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(default=dict)
    note: Mapped[str] = mapped_column(Text, default="")
    bulk_id: Mapped[str] = mapped_column(String(64), default="", index=True)


class Grade(Owned, Base):
    """What people said and decided about an incident's two gradings; the proposal is computed from it when read.

    `facts`: human facts by name (`taishi.grading`). level and reporting: 1–4, 4 = 特别重大; 0: not decided.
    track: cii | state | other. Its history lies in `incident_history`, action "grade"; its version is the incident's.
    """

    __tablename__ = "grade"
    incident_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    category: Mapped[str] = mapped_column(String(16), default="")
    level: Mapped[int] = mapped_column(default=0)
    reporting: Mapped[int] = mapped_column(default=0)
    track: Mapped[str] = mapped_column(String(8), default="other")
    determined_at: Mapped[float | None]
    reported_at: Mapped[float | None]
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[float | None]
    reason: Mapped[str] = mapped_column(Text, default="")


class Suppression(Owned, Base):
    """Alerts that people chose not to see for a time: stored, searchable, marked, but outside the correlation.

    extent: asset | enterprise | region | all. `enterprise_id` is empty for region and all; `region` is then the
    division it covers. status: proposed | active | withdrawn | declined; past `expires_at` an active one is over.
    `condition`: field → value (`taishi.feedback.suppress`). `seen_severity`: nothing above it is hidden.
    """

    __tablename__ = "suppression"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    extent: Mapped[str] = mapped_column(String(16))
    asset_id: Mapped[str] = mapped_column(String(64), default="")
    condition: Mapped[dict[str, Any]]
    seen_severity: Mapped[int]
    status: Mapped[str] = mapped_column(String(16), default="active", index=True)
    origin: Mapped[str] = mapped_column(String(16), default="person")  # person | verdicts | volume | warm_up
    reason: Mapped[str] = mapped_column(Text, default="")
    owner: Mapped[str] = mapped_column(default="")
    created_at: Mapped[float]
    expires_at: Mapped[float]
    meta_id: Mapped[str] = mapped_column(String(64), default="")
    history: Mapped[list[Any]] = mapped_column(default=list)  # [{"at", "actor", "action", "note"}]
    hits: Mapped[int] = mapped_column(BigInteger, default=0)
    last_hit: Mapped[float | None]
    version: Mapped[int] = mapped_column(default=1)


class RuleVerdict(Owned, Base):
    """How the incidents of one enterprise that hold a rule were closed; counted again whenever verdicts change."""

    __tablename__ = "rule_verdict"
    enterprise_id: Mapped[str] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(primary_key=True)
    true_positive: Mapped[int] = mapped_column(default=0)
    false_positive: Mapped[int] = mapped_column(default=0)
    benign_positive: Mapped[int] = mapped_column(default=0)
    other: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)


class Risk(Base):
    """The current index. kind: asset | enterprise | park | county | city | province | industry. Scoped through region
    and enterprise_id (empty for regions). `parts` sum to `mid`: [{"kind", "key", "name", "value", "share", …}]."""

    __tablename__ = "risk"
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[str] = mapped_column("risk_key", String(96), primary_key=True)
    region: Mapped[str] = mapped_column(String(6), index=True, default="")
    enterprise_id: Mapped[str] = mapped_column(String(64), index=True, default="")
    authority: Mapped[str] = mapped_column(String(16), default="")
    at: Mapped[float]
    low: Mapped[float]
    mid: Mapped[float]
    high: Mapped[float]
    coverage: Mapped[float]
    parts: Mapped[list[Any]] = mapped_column(default=list)


class RiskHistory(Base):
    __tablename__ = "risk_history"
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[str] = mapped_column("risk_key", String(96), primary_key=True)
    hour: Mapped[int] = mapped_column(primary_key=True, index=True)
    region: Mapped[str] = mapped_column(String(6), default="")
    enterprise_id: Mapped[str] = mapped_column(String(64), default="")
    authority: Mapped[str] = mapped_column(String(16), default="")
    low: Mapped[float]
    mid: Mapped[float]
    high: Mapped[float]
    coverage: Mapped[float]


# ---------------------------------------------------------------- threat intelligence


class Feed(Base):
    """Where indicators come from. format: auto | stix | misp | csv | json; transport: "" (added by hand) | http | taxii |
    misp. `options`: column mapping, TAXII user name, default kind. `secret` names an entry of the settings; no secret is
    kept here. mode: append | replace (what a pull no longer lists is withdrawn).

    Machine: pulled_at … cursor. Human: name … state, version. state: active | paused | removed.
    """

    __tablename__ = "feed"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    format: Mapped[str] = mapped_column(String(16), default="auto")
    transport: Mapped[str] = mapped_column(String(16), default="")
    url: Mapped[str] = mapped_column(Text, default="")
    mode: Mapped[str] = mapped_column(String(16), default="append")
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    secret: Mapped[str] = mapped_column(String(64), default="")
    interval: Mapped[float] = mapped_column(default=3600.0)  # seconds between pulls
    confidence: Mapped[int] = mapped_column(default=50)  # where the feed says none
    tlp: Mapped[str] = mapped_column(String(16), default="amber")  # where the feed says none
    valid_days: Mapped[float] = mapped_column(default=90.0)  # where the feed says no end
    state: Mapped[str] = mapped_column(String(16), default="active", index=True)
    created_at: Mapped[float] = mapped_column(default=0.0)
    created_by: Mapped[str] = mapped_column(String(64), default="")
    # machine
    next_at: Mapped[float] = mapped_column(default=0.0)
    claimed_until: Mapped[float] = mapped_column(default=0.0)
    pulled_at: Mapped[float | None]  # the last attempt
    succeeded_at: Mapped[float | None]
    error: Mapped[str] = mapped_column(Text, default="")
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)  # accepted, refused, reasons …
    cursor: Mapped[dict[str, Any]] = mapped_column("pull_cursor", default=dict)  # added_after, etag, events seen
    version: Mapped[int] = mapped_column(default=1)


class Indicator(Base):
    """A value of a feed. `id` follows from feed, kind and value; `key` from kind and value, for look-ups. `change` is the
    number of the transaction that last changed what matching sees (`IntelState.change`).

    Machine: confidence … retro_at. Human: dismissed_at, dismissed_by, reason: not to be matched here whatever the feed says.
    """

    __tablename__ = "indicator"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    key: Mapped[int] = mapped_column("value_key", BigInteger, index=True)
    feed_id: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    value: Mapped[str] = mapped_column(Text)
    confidence: Mapped[int]
    tlp: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(default="")
    labels: Mapped[list[Any]] = mapped_column(default=list)
    purpose: Mapped[str] = mapped_column(String(16), default="")  # what it is for: `taishi.intel.policy`
    source_id: Mapped[str] = mapped_column(default="")  # the feed's own id of it
    valid_from: Mapped[float | None]
    valid_until: Mapped[float | None]
    revoked: Mapped[bool] = mapped_column(default=False)
    warned: Mapped[str] = mapped_column(String(32), default="")  # the warning list that keeps it from matching
    added_at: Mapped[float]
    seen_at: Mapped[float]  # when the feed last listed it
    change: Mapped[int] = mapped_column("change_number", BigInteger, index=True)
    retro_at: Mapped[float | None] = mapped_column(index=True)  # when stored days were searched for it
    dismissed_at: Mapped[float | None]
    dismissed_by: Mapped[str] = mapped_column(String(64), default="")
    reason: Mapped[str] = mapped_column(Text, default="")


class IntelState(Base):
    """One row: the number of the last transaction that changed what matching sees, and what the last snapshot holds."""

    __tablename__ = "intel_state"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    change: Mapped[int] = mapped_column("change_number", BigInteger, default=0)
    built: Mapped[int] = mapped_column(BigInteger, default=0)
    built_at: Mapped[float | None]
    indicators: Mapped[int] = mapped_column(default=0)


class IndicatorSighting(Owned, Base):
    """Events of an enterprise that held an indicator, by day (UTC, days since 1970) and whether they were found later in
    stored days (`retro`). `value` … `tlp` as they were, for the indicator may go. `events`: ids of some, the smallest
    hashes, so that the sample does not depend on order."""

    __tablename__ = "indicator_sighting"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    indicator_id: Mapped[int] = mapped_column(BigInteger, index=True)
    feed_id: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    value: Mapped[str] = mapped_column(Text)
    tlp: Mapped[str] = mapped_column(String(16))
    confidence: Mapped[int]
    day: Mapped[int]
    retro: Mapped[bool] = mapped_column(default=False)
    count: Mapped[int] = mapped_column(BigInteger, default=0)
    alerts: Mapped[int] = mapped_column(BigInteger, default=0)
    first_seen: Mapped[float]
    last_seen: Mapped[float] = mapped_column(index=True)
    events: Mapped[list[Any]] = mapped_column(default=list)


# ---------------------------------------------------------------- people and the audit trail


class Person(Base):
    """role: analyst | official | contact | operator | auditor. Scope columns as `taishi.scope.Scope`."""

    __tablename__ = "person"
    login: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str]
    regions: Mapped[list[Any]] = mapped_column(default=list)
    enterprises: Mapped[list[Any]] = mapped_column(default=list)
    authorities: Mapped[list[Any]] = mapped_column(default=list)
    disabled: Mapped[bool] = mapped_column(default=False)
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[float] = mapped_column(default=0.0)
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)  # saved views, language, theme


class LoginSession(Base):
    __tablename__ = "login_session"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 hex
    login: Mapped[str] = mapped_column(ForeignKey("person.login"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[float]
    last_used_at: Mapped[float]
    expires_at: Mapped[float]


class Audit(Base):
    """Append-only; `hash` = SHA-256 over the previous hash and this row's content."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    at: Mapped[float]
    actor: Mapped[str]
    action: Mapped[str] = mapped_column(String(64))
    object_kind: Mapped[str] = mapped_column(String(32), default="")
    object_id: Mapped[str] = mapped_column(String(96), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
