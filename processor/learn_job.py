"""What verdicts and volumes teach, counted beside the stream: verdicts by rule, proposed suppressions, warm-up.

Everything is counted anew from the records, so a verdict that is changed or taken back changes the counts with it. The
results reach the stages at a checkpoint, through `processor.feedback`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from taishi.feedback.parameters import parameters
from taishi.records.port import Records
from taishi.records.tables import Change, Incident, MetaAlert, RuleVerdict, Source, Suppression
from taishi.scope import EVERYTHING
from taishi.security import audit

log = structlog.get_logger()

DAY = 86_400.0
PERIOD = 30.0
PROPOSE_PERIOD = 600.0
MEMORY_DAYS = 365.0
"""Verdicts older than this teach nothing more: networks change."""

MAX_INCIDENTS = 50_000
MAX_METAS = 50_000
RULE_LENGTH = 255
ACTOR = "taishi"

KINDS = {
    "true_positive_success": "true_positive",
    "true_positive_attempt": "true_positive",
    "false_positive": "false_positive",
    "benign_positive": "benign_positive",
}
"""Verdict → column; every other verdict says nothing about the rule."""

Owner = tuple[str, str, str]
"""Enterprise, region, authority."""


@dataclass(slots=True)
class Loud:
    """A rule at one enterprise in the last days."""

    owner: Owner
    rule: str
    alerts: int = 0
    severity: int = 0
    serious: bool = False
    """It had a success or a critical, or is part of an incident that people still work on."""


@dataclass(slots=True)
class LearnJob:
    """Run by the worker that owns partition 0. `mark` is what the verdicts were at the last count."""

    records: Records
    last: float = 0.0
    proposed: float = 0.0
    mark: tuple[Any, ...] = field(default_factory=tuple)

    def run(self, at: float) -> None:
        """`at` is the wall clock, seconds. Raises RecordsError."""
        if 0 <= at - self.last < PERIOD:
            return
        self.last = at
        with self.records.read(EVERYTHING) as session:
            mark = _mark(session)
        if mark != self.mark:
            with self.records.write(EVERYTHING) as session:
                count_verdicts(session, at)
            self.mark = mark
        if not 0 <= at - self.proposed < PROPOSE_PERIOD:
            with self.records.write(EVERYTHING) as session:
                propose(session, at)
                graduate(session, at)
            self.proposed = at


def _mark(session: Session) -> tuple[Any, ...]:
    judged = select(func.count(), func.sum(Incident.version)).where(Incident.verdict != "")
    return tuple(session.execute(judged).one())


# ---------------------------------------------------------------- verdicts


def count_verdicts(session: Session, at: float) -> None:
    """Closed incidents by enterprise, rule and verdict; one incident counts once for each rule it holds."""
    found: dict[tuple[Owner, str], dict[str, int]] = {}
    for owner, verdict, rules in _closed(session, at):
        for rule in rules:
            counts = found.setdefault((owner, rule), dict.fromkeys(["true_positive", "false_positive",
                                                                    "benign_positive", "other"], 0))  # fmt: skip
            counts[KINDS.get(verdict, "other")] += 1
    known = {(row.enterprise_id, row.rule): row for row in session.scalars(select(RuleVerdict))}
    for ((enterprise, region, authority), rule), counts in sorted(found.items()):
        row = known.pop((enterprise, rule), None)
        if row is None:
            session.add(
                RuleVerdict(
                    enterprise_id=enterprise, region=region, authority=authority, rule=rule, version=1, **counts
                )
            )
        else:
            _update(row, counts)
    for row in known.values():  # kept with zeros: versions only grow, so that the stages notice
        _update(row, dict.fromkeys(["true_positive", "false_positive", "benign_positive", "other"], 0))


def _update(row: RuleVerdict, counts: dict[str, int]) -> None:
    if any(getattr(row, name) != value for name, value in counts.items()):
        for name, value in counts.items():
            setattr(row, name, value)
        row.version += 1


def _closed(session: Session, at: float) -> Iterable[tuple[Owner, str, set[str]]]:
    columns = (Incident.id, Incident.enterprise_id, Incident.region, Incident.authority, Incident.verdict)
    query = (
        select(*columns)
        .where(
            Incident.status == "closed", Incident.verdict != "", Incident.closed_at >= at - MEMORY_DAYS * DAY,
            Incident.merged_into.is_(None),
        )
        .order_by(Incident.closed_at.desc(), Incident.id)
        .limit(MAX_INCIDENTS)
    )  # fmt: skip
    incidents = session.execute(query).all()
    for start in range(0, len(incidents), 400):
        some = incidents[start : start + 400]
        rules: dict[str, set[str]] = {}
        metas = select(MetaAlert.incident_id, MetaAlert.rules).where(
            MetaAlert.incident_id.in_([row.id for row in some])
        )
        for incident_id, counts in session.execute(metas):
            rules.setdefault(str(incident_id), set()).update(str(rule)[:RULE_LENGTH] for rule in counts)
        for row in some:
            yield (row.enterprise_id, row.region, row.authority), row.verdict, rules.get(row.id, set())


# ---------------------------------------------------------------- proposals


def propose(session: Session, at: float) -> int:
    """Write suppressions that a person may accept; returns how many are new. One that was declined stays away a while."""
    given = parameters()
    loud = _loud(session, at - given["suppression"]["preview_days"] * DAY)
    verdicts = {(row.enterprise_id, row.rule): row for row in session.scalars(select(RuleVerdict))}
    known = _known(session, at - given["proposals"]["silence_days"] * DAY, at)
    learning = set(session.scalars(select(Source.enterprise_id).where(Source.state == "learning")))
    open_ones = session.scalar(select(func.count()).where(Suppression.status == "proposed")) or 0
    totals: dict[str, int] = {}
    for one in loud:
        totals[one.owner[0]] = totals.get(one.owner[0], 0) + one.alerts
    made = 0
    for one in sorted(loud, key=lambda one: (-one.alerts, one.owner, one.rule)):
        if one.serious or (one.owner[0], one.rule) in known or open_ones + made >= given["proposals"]["most"]:
            continue
        found = _why(one, verdicts.get((one.owner[0], one.rule)), totals[one.owner[0]], one.owner[0] in learning)
        if found is not None:
            session.add(_proposal(one, *found, at))
            made += 1
    return made


def _loud(session: Session, since: float) -> list[Loud]:
    """Rules of the meta-alerts since then, by enterprise. A count of a rule that goes back further counts whole."""
    worked_on = set(
        session.scalars(
            select(Incident.id).where(Incident.escalated.is_(True), Incident.status.not_in(("resolved", "closed")))
        )
    )
    columns = (
        MetaAlert.enterprise_id, MetaAlert.region, MetaAlert.authority, MetaAlert.rules, MetaAlert.severity,
        MetaAlert.outcome, MetaAlert.incident_id,
    )  # fmt: skip
    recent = select(*columns).where(MetaAlert.last_seen >= since).order_by(MetaAlert.last_seen.desc()).limit(MAX_METAS)
    critical = parameters()["suppression"]["critical"]
    found: dict[tuple[str, str], Loud] = {}
    for enterprise, region, authority, rules, severity, outcome, incident in session.execute(recent):
        for rule, number in rules.items():
            one = found.setdefault((enterprise, rule), Loud((enterprise, region, authority), rule))
            one.alerts += int(number)
            one.severity = max(one.severity, severity)
            one.serious = one.serious or severity >= critical or outcome == "success" or incident in worked_on
    return list(found.values())


def _known(session: Session, silent_since: float, at: float) -> set[tuple[str, str]]:
    """(enterprise, rule) with a suppression in force or proposed, or one that was declined or withdrawn not long ago."""
    rows = session.scalars(
        select(Suppression).where(
            (Suppression.status == "proposed")
            | ((Suppression.status == "active") & (Suppression.expires_at > at))
            | (Suppression.status.in_(("declined", "withdrawn")) & (Suppression.created_at > silent_since))
        )
    )
    return {(row.enterprise_id, str(row.condition.get("rule", ""))) for row in rows}


def _why(one: Loud, verdict: RuleVerdict | None, total: int, learning: bool) -> tuple[str, str] | None:
    """(origin, reason) of a proposal, or None. A rule with a true positive here is never proposed."""
    given = parameters()["proposals"]
    against = verdict.false_positive + verdict.benign_positive if verdict else 0
    if verdict and verdict.true_positive:
        return None
    days = int(parameters()["suppression"]["preview_days"])
    if against >= given["judged"]:
        text = f"已关闭的 {against} 起事件全部判为误报或良性 / all {against} closed incidents were false or benign"
        return "verdicts", text
    if learning and one.alerts >= given["warm_up_alerts"] and one.alerts >= given["warm_up_share"] * total:
        text = f"学习期内最吵的规则：{one.alerts} 条告警 / noisiest while learning: {one.alerts} alerts"
        return "warm_up", text
    if one.alerts >= given["volume"]:
        text = f"{days} 天 {one.alerts} 条告警，无真实攻击 / {one.alerts} alerts in {days} days, no true positive"
        return "volume", text
    return None


def _proposal(one: Loud, origin: str, reason: str, at: float) -> Suppression:
    enterprise, region, authority = one.owner
    name = f"proposal\x1f{enterprise}\x1f{one.rule}\x1f{at!r}"
    return Suppression(
        id=f"sup-{blake2b(name.encode('utf-8', 'surrogatepass'), digest_size=10).hexdigest()}", extent="enterprise",
        enterprise_id=enterprise, region=region, authority=authority, condition={"rule": one.rule},
        seen_severity=one.severity, status="proposed", origin=origin, reason=reason, created_at=at,
        expires_at=at + parameters()["proposals"]["days"] * DAY, history=[],
    )  # fmt: skip


# ---------------------------------------------------------------- warm-up


def graduate(session: Session, at: float) -> list[str]:
    """Sources that have shown an ordinary day become active; returns their ids."""
    since = at - parameters()["warm_up"]["hours"] * 3600.0
    ready = select(Source).where(Source.state == "learning", Source.first_seen <= since).order_by(Source.id)
    found = list(session.scalars(ready.with_for_update()))
    for source in found:
        source.state = "active"
        source.version += 1
        session.add(
            Change(
                at=at, kind="source", object_id=source.id, enterprise_id=source.enterprise_id, region=source.region,
                authority=source.authority,
            )
        )  # fmt: skip
        audit.append(
            session, at=at, actor=ACTOR, action="source.graduate", object_kind="source", object_id=source.id,
            detail={"first_seen": source.first_seen},
        )  # fmt: skip
        log.info("A source has learned its ordinary day and is active.", source=source.id)
    return [source.id for source in found]
